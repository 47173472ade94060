import { Option } from 'commander';
import {
  backendOption,
  collected,
  dataDirOption,
  jsonOption,
  limitOption,
  modelOption,
  positive,
  threadsOption,
  whole,
} from '../options.js';
import type { AddCommand } from './add.js';

export const addSweep: AddCommand = (program, io, done) => {
  program
    .command('sweep')
    .description('train a model with many settings in parallel, and rank them')
    .argument('<file>', 'a .rff file or a model document')
    .addOption(
      new Option(
        '--set <name=values>',
        'values of a param, or of lr, epochs, batch or seed: a,b,c, or low..high to draw from; may be repeated',
      ).argParser(collected),
    )
    .addOption(
      new Option('--sampler <name>', 'every combination, or random ones')
        .choices(['grid', 'random'])
        .default('grid'),
    )
    .addOption(new Option('--trials <n>', 'maximum number of trials').argParser(whole(1)))
    .addOption(new Option('--jobs <n>', 'parallel runs (default: as cores allow)').argParser(whole(1)))
    .option('--retry', 'run failed trials again')
    .addOption(backendOption('auto'))
    .addOption(new Option('--epochs <n>', 'number of epochs (overrides the model)').argParser(whole(1)))
    .addOption(
      new Option('--batch <n>', 'samples per training batch (overrides the model)').argParser(whole(1)),
    )
    .addOption(new Option('--lr <rate>', 'learning rate (overrides the model)').argParser(positive))
    .addOption(
      new Option('--seed <n>', 'random seed of the runs and of the random sampler').argParser(whole(0)),
    )
    .addOption(limitOption('train on the first n samples, and test on at most n'))
    .addOption(threadsOption())
    .addOption(modelOption())
    .option('--out <dir>', 'sweep folder (default: one under runs/ for these settings)')
    .addOption(dataDirOption())
    .addOption(jsonOption('print a line of JSON per trial, and one for the result'))
    .option('--quiet', 'hide progress')
    .action(async (file, options) =>
      done(await (await import('../sweep.js')).sweepCommand(io, file, options)),
    );
};
