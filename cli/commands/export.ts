import { Option } from 'commander';
import { dataDirOption, jsonOption, whole } from '../options.js';
import type { AddCommand } from './add.js';

export const addExport: AddCommand = (program, io, done) => {
  program
    .command('export')
    .description('export the prediction of a trained network as an ONNX model')
    .argument('<run>', 'the folder of a run')
    .requiredOption('--onnx <model.onnx>', 'the file to write')
    .addOption(
      new Option('--weights <which>', 'weights of the best epoch or the last')
        .choices(['best', 'last'])
        .default('best'),
    )
    .addOption(new Option('--frames <n>', 'frames per sample (default: as in the data)').argParser(whole(1)))
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (run, options) =>
      done(await (await import('../export.js')).exportCommand(io, run, options)),
    );
};
