import { Option } from 'commander';
import { collected, dataDirOption, EMIT_FORMS, listOf, modelOption, setOption, whole } from '../options.js';
import type { AddCommand } from './add.js';

export const addCompile: AddCommand = (program, io, done) => {
  program
    .command('compile')
    .description('compile a model into a plan and print a summary, or print one of its forms')
    .argument('<file>', 'a .rff file or a model document')
    .addOption(
      new Option('--emit <forms>', `${EMIT_FORMS.join(', ')}; several with commas`).argParser(
        listOf(EMIT_FORMS),
      ),
    )
    .option('-o, --output <path>', 'output file (default: .rffc/NAME.plan.json); a folder for several forms')
    .option('--explain', 'show what each compiler pass did')
    .addOption(
      new Option('--no-pass <name>', 'disable a pass; may be repeated').argParser(collected).default([]),
    )
    .addOption(setOption())
    .addOption(modelOption())
    .addOption(new Option('--batch <n>', 'samples per training batch').argParser(whole(1)))
    .addOption(dataDirOption())
    .action(async (file, options) =>
      done(await (await import('../compile.js')).compileCommand(io, file, options)),
    );
};
