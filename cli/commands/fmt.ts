import type { AddCommand } from './add.js';

export const addFmt: AddCommand = (program, io, done) => {
  program
    .command('fmt')
    .description('format .rff files')
    .argument('<files...>', '.rff files, rewritten in place')
    .option('--check', 'change nothing; exit 1 if a file is not formatted')
    .action(async (files, options) => done((await import('../fmt.js')).fmtCommand(io, files, options)));
};
