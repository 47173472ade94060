import { Option } from 'commander';
import {
  backendOption,
  dataDirOption,
  deviceOption,
  grid,
  jsonOption,
  precisionOption,
  threadsOption,
  whole,
} from '../options.js';
import type { AddCommand } from './add.js';

export const addGenerate: AddCommand = (program, io, done) => {
  program
    .command('generate')
    .description('generate images of a label with a trained network that has a decoder')
    .argument('<run>', 'the folder of a run')
    .requiredOption('--out <dir>', 'new folder for the images and a contact sheet')
    .addOption(new Option('--label <n>', 'label to generate, from 0 (default: all)').argParser(whole(0)))
    .addOption(
      new Option('--count <n>', 'images of each label (default: 10 from noise, 1 from the mean)').argParser(
        whole(1),
      ),
    )
    .addOption(
      new Option('--steps <n>', 'number of steps to run the network').argParser(whole(1)).default(20),
    )
    .addOption(
      new Option('--seed <n>', 'seed of the noise (default: the seed of the model)').argParser(whole(0)),
    )
    .addOption(
      new Option('--start <from>', 'noise, or the training data’s mean')
        .choices(['noise', 'mean'])
        .default('noise'),
    )
    .addOption(
      new Option('--grid <rowsxcolumns>', 'layout of the values (default: a square)').argParser(grid),
    )
    .addOption(backendOption('auto'))
    .addOption(
      new Option('--weights <which>', 'weights of the best epoch or the last')
        .choices(['best', 'last'])
        .default('best'),
    )
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (run, options) =>
      done(await (await import('../generate.js')).generateCommand(io, run, options)),
    );
};
