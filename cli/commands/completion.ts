import { Argument } from 'commander';
import { SHELLS } from '../examples.js';
import type { AddCommand } from './add.js';

export const addCompletion: AddCommand = (program, io, done) => {
  program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action(async (shell) => done((await import('../completion.js')).completionCommand(io, program, shell)));
};
