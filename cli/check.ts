/** `rffc check`: every diagnostic of every file; exit 1 if any is an error. */
import { diagnose, type ModelChoice } from '../compiler/compile.js';
import { type Diagnostic, RffcError } from '../grammar/diagnostic.js';
import { readModelSource } from '../runtime/run/model.js';
import { type Io, plural, report } from './io.js';

export async function checkCommand(
  io: Io,
  files: readonly string[],
  options: ModelChoice & { readonly json?: true },
): Promise<number> {
  const results: { readonly file: string; readonly diagnostics: readonly Diagnostic[] }[] = [];
  for (const file of files) results.push({ file, diagnostics: await diagnosticsOf(io, file, options) });
  const all = results.flatMap(({ diagnostics }) => diagnostics);
  const errors = all.filter(({ severity }) => severity === 'error').length;
  const warnings = all.length - errors;
  if (options.json) {
    io.out(`${JSON.stringify({ files: results, errors, warnings }, null, 2)}\n`);
  } else {
    report(io, all);
    io.err(`${plural(files.length, 'file')}: ${plural(errors, 'error')}, ${plural(warnings, 'warning')}\n`);
  }
  return errors > 0 ? 1 : 0;
}

/** An unreadable file is reported like any other error: the others are still checked. */
async function diagnosticsOf(io: Io, file: string, choice: ModelChoice): Promise<readonly Diagnostic[]> {
  try {
    return (await diagnose(readModelSource(io.cwd, file), choice)).diagnostics;
  } catch (error) {
    if (error instanceof RffcError) return error.diagnostics;
    throw error;
  }
}
