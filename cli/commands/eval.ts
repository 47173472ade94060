import { Option } from 'commander';
import {
  backendOption,
  dataDirOption,
  deviceOption,
  jsonOption,
  limitOption,
  precisionOption,
  sampleOptions,
  threadsOption,
} from '../options.js';
import type { AddCommand } from './add.js';

export const addEval: AddCommand = (program, io, done) => {
  const evaluate = program
    .command('eval')
    .description('evaluate a trained network: accuracy and confusion matrix')
    .argument('<run>', 'the folder of a run')
    .addOption(backendOption('auto'))
    .addOption(new Option('--split <name>', 'samples to use').choices(['test', 'validation', 'train']))
    .option(
      '--data <path>',
      'labelled samples to use instead: a folder of IDX files or of images per class, a .csv table, or arrays x and y',
    )
    .addOption(
      new Option('--weights <which>', 'weights of the best epoch or the last')
        .choices(['best', 'last'])
        .default('best'),
    )
    .addOption(limitOption('the first n samples'))
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .addOption(dataDirOption())
    .addOption(jsonOption());
  for (const option of sampleOptions()) evaluate.addOption(option);
  evaluate.action(async (run, options) =>
    done(await (await import('../eval.js')).evalCommand(io, run, options)),
  );
};
