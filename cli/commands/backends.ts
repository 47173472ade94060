import { jsonOption } from '../options.js';
import type { AddCommand } from './add.js';

export const addBackends: AddCommand = (program, io, done) => {
  program
    .command('backends')
    .description('list available backends, and what the others need')
    .option('--verbose', 'show what drivers print while they are looked for')
    .addOption(jsonOption())
    .action(async (options) => done(await (await import('../backends.js')).backendsCommand(io, options)));
};
