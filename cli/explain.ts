/**
 * `rffc explain`: what a code means, with an example that fails and its fix; or what a term of the field is called in
 * rffc.
 */
import { diagnose } from '../compiler/compile.js';
import { failure } from '../grammar/diagnostic.js';
import { asCalled } from '../grammar/render.js';
import { closest } from '../grammar/suggest.js';
import { diagnosticCodes } from '../runtime/diagnostics.js';
import {
  type CodeExample,
  excerptOf,
  fileOf,
  linesOf,
  type ModelText,
  type Typed,
} from './explain/example.js';
import { codeExamples } from './explain/examples.js';
import { findTerm, type Term, terms } from './explain/terms.js';
import type { Io } from './io.js';

/**
 * @param asked a code with or without its letters, in either case; or a term. By default all are listed.
 * @throws RffcError RFF921
 */
export async function explainCommand(
  io: Io,
  asked: string | undefined,
  { json }: { readonly json?: true },
): Promise<number> {
  if (asked === undefined) {
    listAll(io, json);
    return 0;
  }
  const code = asked
    .toUpperCase()
    .replace(/^(\w+)\[(.*)\]$/, '$2')
    .replace(/^(?=\d{3}$)/, 'RFF');
  if (diagnosticCodes.has(code)) await explainCode(io, code, json);
  else {
    const term = findTerm(asked);
    if (!term) throw unknown(io, asked, code);
    explainTerm(io, term, json);
  }
  return 0;
}

function listAll(io: Io, json: true | undefined): void {
  if (json) {
    const codes = [...diagnosticCodes].map(([code, { title, explanation }]) => ({
      code,
      title,
      explanation,
    }));
    io.out(`${JSON.stringify(codes)}\n`);
    return;
  }
  io.out([...diagnosticCodes].map(([code, { title }]) => `${code}  ${title}\n`).join(''));
  const names = terms.map(({ name }) => name).join(', ');
  io.out(`\nTerms:\n\n${wrapped(names, widthOf(io))}\n`);
}

async function explainCode(io: Io, code: string, json: true | undefined): Promise<void> {
  const { title, explanation } = diagnosticCodes.get(code)!;
  const example = codeExamples.get(code);
  if (json)
    io.out(
      `${JSON.stringify({ code, title, explanation, ...(example ? { example: data(example) } : {}) })}\n`,
    );
  else {
    const shown = example ? `\n${await exampleText(code, example, widthOf(io))}` : '';
    const text = `${code}: ${title}\n\n${wrapped(explanation, widthOf(io))}\n${shown}`;
    io.out(asCalled(text, io.command));
  }
}

function explainTerm(io: Io, term: Term, json: true | undefined): void {
  const { name, about, model, command, see } = term;
  const [page, heading] = see;
  const written = model ? excerptOf(model) : command === undefined ? undefined : `${io.command} ${command}`;
  if (json) io.out(`${JSON.stringify({ term: name, about, write: written, see: { page, heading } })}\n`);
  else {
    const shown = written === undefined ? '' : `\n${indented(written)}\n`;
    io.out(`${name}\n\n${wrapped(about, widthOf(io))}\n${shown}\nSee ${page}, “${heading}”.\n`);
  }
}

function unknown(io: Io, asked: string, code: string) {
  const near = closest(code, diagnosticCodes.keys());
  const names = terms.flatMap(({ name, also }) => [name, ...also]);
  const term = closest(asked.toLowerCase(), names);
  const hint = near
    ? `did you mean ${near}, “${diagnosticCodes.get(near)!.title}”?`
    : term
      ? `did you mean \`${io.command} explain ${/\s/.test(term) ? `"${term}"` : term}\`?`
      : `\`${io.command} explain\` lists every code and term`;
  return failure('RFF921', `unknown code or term \`${asked}\``, { hint });
}

/** An example for `--json`: models as the text of their parts. */
function data(example: CodeExample): CodeExample {
  return example.kind === 'model'
    ? { kind: 'model', fails: excerptOf(example.fails), fixed: excerptOf(example.fixed) }
    : example;
}

async function exampleText(code: string, example: CodeExample, width: number): Promise<string> {
  switch (example.kind) {
    case 'model':
      return `Fails:\n\n${await marked(code, example.fails)}\n\nFixed:\n\n${indented(excerptOf(example.fixed))}\n`;
    case 'shell':
      return `Fails:\n\n${typed(example.fails)}\n\nFixed:\n\n${typed(example.fixed)}\n`;
    case 'library':
      return `Fails:\n\n${indented(example.fails)}\n\nFixed:\n\n${indented(example.fixed)}\n`;
    case 'circumstance':
      return (
        `Happens, for example:\n\n${indented(wrapped(example.fails, width - 2))}\n\n` +
        `Fix:\n\n${indented(wrapped(example.fixed, width - 2))}\n`
      );
    default:
      return example satisfies never;
  }
}

/** The part of a model that an example is about, with the error underlined, and its message. */
async function marked(code: string, text: ModelText): Promise<string> {
  const { diagnostics } = await diagnose({ text: fileOf(text), file: 'model.rff' });
  const { message = '', span } = diagnostics.find((diagnostic) => diagnostic.code === code) ?? {};
  const lines = linesOf(text);
  const wrong = span && lines[span.line - 1]?.shown ? span.line - 1 : undefined;
  const shown = lines.flatMap((line, i) => {
    if (!line.shown) return [];
    if (i !== wrong || !span) return [line.text];
    const room = line.text.length - (span.column - 1);
    const carets = '^'.repeat(Math.max(1, Math.min(span.end - span.start, room)));
    return [line.text, `${' '.repeat(span.column - 1)}${carets} ${message}`];
  });
  // A message about something missing may underline a part that the example does not show.
  const below = wrong === undefined ? `\n\n${indented(message)}` : '';
  return `${indented(shown.join('\n'))}${below}`;
}

const indented = (text: string) => text.replace(/^(?=.)/gm, '  ');
const typed = (lines: readonly Typed[]) =>
  lines
    .map((line) =>
      typeof line === 'string'
        ? `  $ ${line}`
        : `  ${line.file}:\n${indented(indented(excerptOf(line.model)))}`,
    )
    .join('\n');
const widthOf = (io: Io) => Math.min(io.columns(), 100);

/** Wraps a text at `width` columns, between words. */
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
