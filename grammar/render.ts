/**
 * Diagnostics for people: what is wrong, where, the line with the location underlined, and what to write instead. The
 * only module that renders diagnostics for a terminal.
 */
import picocolors from 'picocolors';
import type { Diagnostic, Span } from './diagnostic.js';
import { lineTable } from './locate.js';

const tabWidth = 4;

/** Errors shown per file, and warnings per file: whoever fixes ten checks again anyway. */
const shown = 10;

/**
 * The text of diagnostics, separated by blank lines; for each file the first ten errors and ten warnings, then how many
 * more there are. `sources` maps a diagnostic's `file` to its text; without it (or without a span) the location is
 * named but not shown. A span of several lines is underlined on its first.
 */
export function render(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  options: { readonly colour: boolean; readonly command?: string },
): string {
  const called = (text: string) => asCalled(text, options.command ?? 'rffc');
  const paint = picocolors.createColors(options.colour);
  const tables = new Map<string, readonly number[]>();

  const one = (diagnostic: Diagnostic): string => {
    const { severity, code, file, span } = diagnostic;
    const message = called(diagnostic.message);
    const hint = diagnostic.hint === undefined ? undefined : called(diagnostic.hint);
    const tint = severity === 'error' ? paint.red : paint.yellow;
    const lines = [`${tint(paint.bold(`${severity}[${code}]`))}${paint.bold(`: ${message}`)}`];
    const text = file === undefined ? undefined : sources.get(file);
    const place = [file, span && `${span.line}:${span.column}`]
      .filter((part) => part !== undefined)
      .join(':');
    const margin = span && text !== undefined ? ' '.repeat(String(span.line).length) : '';
    if (place !== '') lines.push(`${margin}${paint.blue('-->')} ${place}`);
    if (span !== undefined && file !== undefined && text !== undefined) {
      if (!tables.has(file)) tables.set(file, lineTable(text));
      const [code, underline] = snippet(text, tables.get(file)!, span);
      const bar = paint.blue('|');
      lines.push(`${margin} ${bar}`);
      lines.push(`${paint.blue(String(span.line))} ${bar} ${code}`.trimEnd());
      lines.push(`${margin} ${bar} ${underline.padding}${tint(underline.carets)}`);
    }
    if (hint !== undefined) lines.push(`${margin === '' ? '' : `${margin} `}${paint.cyan('hint:')} ${hint}`);
    return lines.join('\n');
  };
  const counts = new Map<string, number>();
  const parts: string[] = [];
  let file: string | undefined;
  /** Says how many diagnostics of `file` were left out. */
  const close = () => {
    for (const severity of ['error', 'warning'] as const) {
      const more = (counts.get(severity) ?? 0) - shown;
      if (more <= 0) continue;
      const where = file === undefined ? '' : ` in ${file}`;
      parts.push(paint.bold(`and ${more} more ${severity}${more === 1 ? '' : 's'}${where}`));
    }
    counts.clear();
  };
  for (const diagnostic of diagnostics) {
    if (diagnostic.file !== file) close();
    file = diagnostic.file;
    const count = (counts.get(diagnostic.severity) ?? 0) + 1;
    counts.set(diagnostic.severity, count);
    if (count <= shown) parts.push(one(diagnostic));
  }
  close();
  return parts.join('\n\n');
}

/**
 * A text with its commands as the user invokes them. Texts contain commands as code that begins with `rffc` (\`rffc
 * data fetch mnist\`), which works if rffc is installed globally.
 */
export function asCalled(text: string, command: string): string {
  return text.replace(/`rffc(?= [a-z])/g, () => `\`${command}`);
}

/** The first line of the span with tabs expanded, and the carets under it. */
function snippet(
  text: string,
  lines: readonly number[],
  span: Span,
): [string, { padding: string; carets: string }] {
  const from = lines[span.line - 1] ?? text.length;
  const line = text.slice(from, lines[span.line] ?? text.length).replace(/[\r\n]+$/, '');
  const start = Math.min(span.start - from, line.length);
  const end = Math.min(Math.max(span.end - from, start), line.length);
  const before = widen(line.slice(0, start), 0);
  const under = widen(line.slice(start, end), columns(before));
  const carets = '^'.repeat(Math.max(1, columns(under.trimEnd())));
  const after = widen(line.slice(end), columns(before) + columns(under));
  return [before + under + after, { padding: ' '.repeat(columns(before)), carets }];
}

/**
 * Expands tabs to the next multiple of `tabWidth` columns; `at` is the column where the text starts. Other control
 * characters, which a terminal would obey, are shown as `·`.
 */
function widen(text: string, at: number): string {
  let out = '';
  for (const character of text) {
    if (character === '\t') out += ' '.repeat(tabWidth - ((at + columns(out)) % tabWidth));
    else out += /\p{Cc}/u.test(character) ? '·' : character;
  }
  return out;
}

/** The width of a text in terminal columns: two for wide characters and emoji. */
function columns(text: string): number {
  let count = 0;
  for (const character of text) count += wide.test(character) ? 2 : 1;
  return count;
}
const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
