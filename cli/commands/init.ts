import type { AddCommand } from './add.js';

export const addInit: AddCommand = (program, io, done) => {
  program
    .command('init')
    .description('write a commented model to start from')
    .argument('<name>', 'name of the model and its file')
    .action(async (name) => done(await (await import('../init.js')).initCommand(io, name)));
};
