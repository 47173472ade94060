/** `rffc explain`: what a diagnostic's code means and how it is mended; without a code, every code there is. */
import { failure } from '../grammar/diagnostic.js';
import { asCalled } from '../grammar/render.js';
import { closest } from '../grammar/suggest.js';
import { diagnosticCodes } from '../runtime/diagnostics.js';
import type { Io } from './io.js';

/** @param asked as messages print it, or without its letters, or in small ones. @throws RffcError RFF921 */
export function explainCommand(
  io: Io,
  asked: string | undefined,
  { json }: { readonly json?: true },
): number {
  if (asked === undefined) {
    const all = [...diagnosticCodes].map(([code, { title, explanation }]) => ({ code, title, explanation }));
    if (json) io.out(`${JSON.stringify(all)}\n`);
    else io.out(all.map(({ code, title }) => `${code}  ${title}\n`).join(''));
    return 0;
  }
  const code = asked
    .toUpperCase()
    .replace(/^(\w+)\[(.*)\]$/, '$2')
    .replace(/^(?=\d{3}$)/, 'RFF');
  const found = diagnosticCodes.get(code);
  if (!found) {
    const near = closest(code, diagnosticCodes.keys());
    throw failure('RFF921', `there is no code \`${asked}\``, {
      hint: near
        ? `did you mean ${near}, “${diagnosticCodes.get(near)!.title}”?`
        : `\`${io.command} explain\` lists every code`,
    });
  }
  if (json) io.out(`${JSON.stringify({ code, ...found })}\n`);
  else
    io.out(
      `${code}: ${found.title}\n\n${wrapped(asCalled(found.explanation, io.command), Math.min(io.columns(), 100))}\n`,
    );
  return 0;
}

/** A text in lines of at most `width` columns, broken between words. */
function wrapped(text: string, width: number): string {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}
