import { Option } from 'commander';
import { outputFormats } from '../../runtime/run/predictions.js';
import {
  backendOption,
  deviceOption,
  jsonOption,
  precisionOption,
  sampleOptions,
  threadsOption,
} from '../options.js';
import type { AddCommand } from './add.js';

export const addPredict: AddCommand = (program, io, done) => {
  const predict = program
    .command('predict')
    .description('label samples with a trained network')
    .argument('<run>', 'the folder of a run')
    .requiredOption(
      '--data <path>',
      'a PNG or JPEG image, a folder of them, an IDX file, a .csv table, or an array x in .npy, .npz or .safetensors',
    )
    .option('--out <file>', `write labels and goodness to a file: ${outputFormats.join(', ')}`)
    .addOption(backendOption('auto'))
    .addOption(
      new Option('--weights <which>', 'weights of the best epoch or the last')
        .choices(['best', 'last'])
        .default('best'),
    )
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .addOption(jsonOption());
  for (const option of sampleOptions()) predict.addOption(option);
  predict.action(async (run, options) =>
    done(await (await import('../predict.js')).predictCommand(io, run, options)),
  );
};
