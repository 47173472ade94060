import { Option } from 'commander';
import { dataDirOption, jsonOption, whole } from '../options.js';
import type { AddCommand } from './add.js';

export const addData: AddCommand = (program, io, done) => {
  const data = program.command('data').description('data sets');
  data
    .command('list')
    .description('list the data sets')
    .addOption(jsonOption())
    .action(async (options) => done((await import('../data.js')).listCommand(io, options)));
  data
    .command('fetch')
    .description('download a data set and check it')
    .argument('<name>', 'for example mnist')
    .addOption(dataDirOption())
    .action(async (name, options) =>
      done(await (await import('../data.js')).fetchCommand(io, name, options)),
    );
  data
    .command('info')
    .description('describe a data set, and say whether it is installed')
    .argument('<name>', 'for example mnist')
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => done(await (await import('../data.js')).infoCommand(io, name, options)));

  data
    .command('sample')
    .description('write a sample of a data set as a picture')
    .argument('<name>', 'for example digits')
    .requiredOption('--out <picture.png>', 'the file to write')
    .addOption(new Option('--index <n>', 'which sample, from 0').argParser(whole(0)).default(0))
    .addOption(new Option('--split <name>', 'samples to use').choices(['test', 'train']).default('test'))
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) =>
      done(await (await import('../sample.js')).sampleCommand(io, name, options)),
    );
};
