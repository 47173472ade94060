import { jsonOption, modelOption, setOption } from '../options.js';
import type { AddCommand } from './add.js';

export const addCheck: AddCommand = (program, io, done) => {
  program
    .command('check')
    .description('print every error and warning')
    .argument('<files...>', '.rff files or model documents')
    .addOption(setOption())
    .addOption(modelOption())
    .addOption(jsonOption())
    .action(async (files, options) =>
      done(await (await import('../check.js')).checkCommand(io, files, options)),
    );
};
