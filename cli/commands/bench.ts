import { Option } from 'commander';
import {
  backendOption,
  collected,
  dataDirOption,
  deviceOption,
  jsonOption,
  modelOption,
  precisionOption,
  setOption,
  threadsOption,
  whole,
} from '../options.js';
import type { AddCommand } from './add.js';

export const addBench: AddCommand = (program, io, done) => {
  program
    .command('bench')
    .description('benchmark training and prediction against their matrix products alone')
    .argument('<file>', 'a .rff file, a model document or a plan')
    .addOption(backendOption('auto'))
    .addOption(
      new Option('--batches <n>', 'batches to time (default: as many as fit in 20 seconds)').argParser(
        whole(1),
      ),
    )
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addOption(deviceOption())
    .option('--profile', 'time per kernel')
    .addOption(setOption())
    .addOption(modelOption())
    .addOption(new Option('--batch <n>', 'samples per training batch').argParser(whole(1)))
    .addOption(
      new Option('--no-pass <name>', 'disable a pass; may be repeated').argParser(collected).default([]),
    )
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (file, options) =>
      done(await (await import('../bench.js')).benchCommand(io, file, options)),
    );
};
