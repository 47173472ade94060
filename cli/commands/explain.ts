import { jsonOption } from '../options.js';
import type { AddCommand } from './add.js';

export const addExplain: AddCommand = (program, io, done) => {
  program
    .command('explain')
    .description('explain an error code, or a term of the field, with an example')
    .argument('[what...]', 'for example RFF201 or softmax (default: list all)')
    .addOption(jsonOption())
    .action(async (what, options) =>
      done(
        await (await import('../explain.js')).explainCommand(
          io,
          what.length > 0 ? what.join(' ') : undefined,
          options,
        ),
      ),
    );
};
