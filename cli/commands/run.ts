import { Option } from 'commander';
import { logKinds, metricKinds } from '../../runtime/folder/metrics.js';
import {
  backendOption,
  dataDirOption,
  deviceOption,
  jsonOption,
  limitOption,
  listOf,
  modelOption,
  positive,
  precisionOption,
  setOption,
  threadsOption,
  whole,
} from '../options.js';
import type { AddCommand } from './add.js';

export const addRun: AddCommand = (program, io, done) => {
  program
    .command('run')
    .description('train a model')
    .argument('[file]', 'a .rff file, a model document or a plan (default: the plan compiled last here)')
    .addOption(backendOption())
    .addOption(new Option('--epochs <n>', 'number of epochs (overrides the model)').argParser(whole(1)))
    .addOption(
      new Option('--batch <n>', 'samples per training batch (overrides the model)').argParser(whole(1)),
    )
    .addOption(limitOption('train on the first n samples, and test on at most n'))
    .addOption(new Option('--seed <n>', 'random seed (overrides the model)').argParser(whole(0)))
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(modelOption())
    .addOption(
      new Option(
        '--eval-every <epochs>',
        'evaluate every n epochs and after the last (default: every epoch)',
      ).argParser(whole(1)),
    )
    // Its name in earlier versions.
    .addOption(new Option('--judge-every <epochs>').argParser(whole(1)).hideHelp())
    .addOption(
      new Option(
        '--checkpoint-every <batches>',
        'also save every n batches (always saved: after each epoch, and every five minutes)',
      ).argParser(whole(1)),
    )
    .addOption(
      new Option(
        '--metrics <kinds>',
        `further metrics: ${metricKinds.join(', ')}; several with commas`,
      ).argParser(listOf(metricKinds)),
    )
    .addOption(
      new Option('--metrics-every <batches>', 'write metrics every n batches (default: 10)').argParser(
        whole(1),
      ),
    )
    .addOption(new Option('--log <kinds>', logKinds.join(', ')).argParser(listOf(logKinds)))
    .addOption(new Option('--lr <rate>', 'learning rate (overrides the model)').argParser(positive))
    .option('--init <weights.safetensors>', 'start from these weights')
    .addOption(
      new Option(
        '--init-missing <what>',
        'allow missing or unused weights in `--init`; missing ones are initialized normally',
      ).choices(['ok', 'error']),
    )
    .option('--resume <dir>', 'resume a run from its last checkpoint')
    .option('--out <dir>', 'run folder (default: runs/NAME-DATE-TIME)')
    .addOption(dataDirOption())
    .addOption(jsonOption('print a line of JSON per epoch, and one for the result'))
    .option('--quiet', 'hide progress')
    .action(async (file, options) => done(await (await import('../run.js')).runCommand(io, file, options)));
};
