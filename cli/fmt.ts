/** `rffc fmt`: formats .rff files in place, or with `--check` says which are not formatted. */
import { isJson } from '../compiler/compile.js';
import { type Diagnostic, failure, RffcError } from '../grammar/diagnostic.js';
import { format } from '../grammar/index.js';
import { readText, writeAtomically } from '../runtime/files.js';
import { type Io, pathOf, plural, report } from './io.js';

export function fmtCommand(io: Io, files: readonly string[], options: { readonly check?: true }): number {
  let failed = false;
  const changed: string[] = [];
  for (const file of files) {
    const path = pathOf(io, file);
    try {
      const text = readText(path, file);
      const formatted = formatText(text, file);
      if (formatted === text) continue;
      changed.push(file);
      if (!options.check) writeAtomically(path, formatted);
    } catch (error) {
      if (!(error instanceof RffcError)) throw error;
      failed = true;
      report(io, error.diagnostics);
    }
  }
  for (const file of changed) io.out(`${file}\n`);
  const what = options.check ? 'not in canonical form' : 'formatted';
  io.err(`${plural(files.length, 'file')}: ${changed.length} ${what}\n`);
  return failed || (options.check && changed.length > 0) ? 1 : 0;
}

function formatText(text: string, file: string): string {
  if (isJson(text)) throw failure('RFF714', `\`${file}\` is a model document, not .rff text`, { file });
  const result = format(text);
  if ('text' in result) return result.text;
  throw new RffcError(result.diagnostics.map((diagnostic: Diagnostic) => ({ ...diagnostic, file })));
}
