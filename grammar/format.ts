/**
 * `rffc fmt`: the canonical form of a file.
 *
 * Two spaces per level, one entry per line, the values of a block aligned, lines broken at 100 columns where possible.
 * All tokens and comments are kept in order (except commas, which become line breaks), so the meaning is preserved; and
 * every decision depends only on what is kept, so formatting is idempotent.
 */
import type { Diagnostic } from './diagnostic.js';
import { type Body, type Entry, fileBody, type Item, isComment, type Piece } from './items.js';
import { parse } from './parser.js';
import { structure } from './structure.js';
import * as T from './tokens.js';

const width = 100;
const step = '  ';

/** The canonical form of a text, or its syntax errors. `file` names the text in them. */
export function format(text: string, file?: string): { text: string } | { diagnostics: Diagnostic[] } {
  const { diagnostics } = parse(text, file);
  if (diagnostics.length > 0) return { diagnostics };
  const { tokens, comments } = T.tokenize(text);
  const lines = bodyLines(
    fileBody(
      structure(tokens, () => {}, new Set()),
      comments,
    ),
    '',
  );
  return { text: lines.map((line) => `${line}\n`).join('') };
}

function bodyLines(body: Body, indent: string): string[] {
  const lines: string[] = [];
  const margin = new CommentMargin(lines);
  const cells = body.items.map((item) => (item.kind === 'entry' ? cellsOf(item, indent) : undefined));
  const columns = sharedColumns(body.items, cells);
  for (const [index, item] of body.items.entries()) {
    if (item.blank) {
      margin.end();
      lines.push('');
    }
    if (item.kind === 'remark') {
      margin.end();
      lines.push(...(indent + item.piece.text).split('\n'));
      continue;
    }
    const entry = cells[index];
    const own = entry === undefined ? blockLines(item, indent) : entryLines(entry, columns[index]!, indent);
    lines.push(...own);
    margin.add(item.trailing.map((piece) => piece.text).join(' '), own.length === 1);
  }
  margin.end();
  return lines;
}

/** Trailing comments of neighbouring lines, which are aligned. */
class CommentMargin {
  private waiting: { line: number; text: string }[] = [];

  constructor(private readonly lines: string[]) {}

  /** A comment (or none) for the last line; `single`: the entry consists of that line. */
  add(text: string, single: boolean): void {
    if (text === '' || !single || text.includes('\n')) this.end();
    if (text === '') return;
    this.waiting.push({ line: this.lines.length - 1, text });
    if (!single || text.includes('\n')) this.end();
  }

  end(): void {
    const { lines, waiting } = this;
    this.waiting = [];
    const column = Math.max(0, ...waiting.map(({ line }) => length(lines[line]!))) + 2;
    for (const { line, text } of waiting) {
      const code = lines[line]!;
      const fits = column + length(text) <= width;
      // A multi-line comment is alone and last, so no pending line moves.
      lines.splice(line, 1, ...(pad(code, fits ? column : length(code) + 2) + text).split('\n'));
    }
  }
}

/* ---- entries without a block, or with one on the same line ---- */

/** An entry being laid out as a line: `left` and `right` meet at a column shared by its run of neighbours. */
interface Cells {
  /** Neighbours with equal keys are aligned; undefined: not aligned with anything. */
  readonly run: string | undefined;
  /** The indent and the text left of the column. */
  readonly left: string;
  readonly right: readonly Piece[];
  /** ` { … }`, or nothing. */
  readonly block: string;
}

/** The cells of an entry; undefined if its block takes several lines. */
function cellsOf({ head, body }: Entry, indent: string): Cells | undefined {
  const inline = body === undefined ? '' : oneLineBlock(body);
  if (inline === undefined) return undefined;
  const block = inline === '' ? '' : ` ${inline}`;
  const whole = indent + flat(head) + block;
  const fits = !whole.includes('\n') && length(whole) <= width && head.at(-1)!.type !== 'line comment';
  if (block !== '' && !fits) return undefined;

  const keyword = head[0]!.type;
  const split = (run: string, at: number): Cells => {
    return { run, left: indent + flat(head.slice(0, at)), right: head.slice(at), block };
  };
  if (keyword === T.Key && head[1]?.type === T.Colon) return split('property', 2);
  if (keyword === T.declarations.connect && fits) {
    const as = head.findIndex((_, i) => isAs(head, i));
    if (as > 0) return split('connect', as);
  }
  if (block !== '' && !isComment(head[0]!)) return split(`block ${head[0]!.text}`, head.length);
  return { run: undefined, left: indent, right: head, block };
}

/** The `as` before a connection's type, not a layer of that name. */
function isAs(head: readonly Piece[], i: number): boolean {
  if (head[i]!.type !== T.As) return false;
  const before = head.slice(0, i).findLast((piece) => !isComment(piece))?.type;
  return before !== T.Arrow && before !== T.Comma && before !== T.declarations.connect;
}

/** For each item, the column where its right side starts: just past the longest left side of its run. */
function sharedColumns(items: readonly Item[], cells: readonly (Cells | undefined)[]): number[] {
  const columns: number[] = [];
  for (let first = 0; first < items.length; ) {
    const run = cells[first]?.run;
    let end = first + 1;
    while (run !== undefined && end < items.length && cells[end]?.run === run && !items[end]!.blank) end++;
    const longest = Math.max(...cells.slice(first, end).map((entry) => length(entry?.left ?? '')));
    // As in the documentation: connection types are set slightly apart.
    const gap = run === 'connect' && end - first > 1 ? 3 : 1;
    while (first < end) columns[first++] = longest + gap;
  }
  return columns;
}

function entryLines({ run, left, right, block }: Cells, column: number, indent: string): string[] {
  const hang = indent + step + step;
  if (run === undefined) return append(wrap(left, right, hang), block);
  const aligned = pad(left, column);
  const rest = right.length === 0 ? block.trimStart() : flat(right) + block;
  if (!rest.includes('\n') && length(aligned + rest) <= width) return [aligned + rest];
  const start = run === 'property' ? aligned : `${left} `;
  return right.length === 0 ? [start + rest] : append(wrap(start, right, hang), block);
}

/* ---- blocks ---- */

function blockLines({ head, body }: Entry, indent: string): string[] {
  const lines = wrap(indent, head, indent + step + step);
  if (head.at(-1)!.type === 'line comment') lines.push(`${indent}{`);
  else lines.push(`${lines.pop()} {`);
  const opening = body!.opening.map((piece) => ` ${piece.text}`).join('');
  const last = lines.pop()! + opening;
  return [...lines, ...last.split('\n'), ...bodyLines(body!, indent + step), `${indent}}`];
}

/** `{ a: 1, b: 2 }` for a block of properties written on one line; undefined for any other block. */
function oneLineBlock({ opening, items, oneLine }: Body): string | undefined {
  if (items.length === 0 && opening.length === 0) return '{ }';
  if (!oneLine) return undefined;
  const parts: string[] = [];
  for (const item of items) {
    if (item.kind === 'remark' || !item.head.some((piece) => piece.type === T.Key)) return undefined;
    parts.push([flat(item.head), ...item.trailing.map((piece) => piece.text)].join(' '));
  }
  const inside = [...opening.map((piece) => piece.text), parts.join(', ')].filter((part) => part !== '');
  return `{ ${inside.join(' ')} }`;
}

/* ---- lines ---- */

/** The pieces on one line, except for the breaks that comments force. */
const flat = (pieces: readonly Piece[]): string => wrap('', pieces, '', Number.POSITIVE_INFINITY).join('\n');

/** The pieces after `start`, on as few lines of at most `most` columns as they allow; later lines begin with `hang`. */
function wrap(start: string, pieces: readonly Piece[], hang: string, most = width): string[] {
  const lines: string[] = [];
  let line = start;
  for (let i = 0; i < pieces.length; ) {
    let end = i + 1;
    while (end < pieces.length && !mayBreak(pieces, end)) end++;
    let chunk = '';
    for (let k = i; k < end; k++) chunk += (k > i ? gap(pieces, k) : '') + pieces[k]!.text;
    const space = i > 0 ? gap(pieces, i) : '';
    const afterComment = pieces[i - 1]?.type === 'line comment';
    if (afterComment || (i > 0 && length(line + space + chunk.split('\n')[0]) > most)) {
      lines.push(line);
      line = hang + chunk;
    } else {
      line += space + chunk;
    }
    const parts = line.split('\n');
    line = parts.pop()!;
    lines.push(...parts);
    i = end;
  }
  lines.push(line);
  return lines;
}

function append(lines: readonly string[], text: string): string[] {
  return [...lines.slice(0, -1), lines.at(-1)! + text];
}

/** Whether a line may end before the piece at `i`. */
function mayBreak(pieces: readonly Piece[], i: number): boolean {
  const { type } = pieces[i]!;
  const before = pieces[i - 1]!.type;
  if (before === 'line comment') return true;
  if (isComment(pieces[i]!)) return false;
  if (before === T.Comma || type === T.Then || type === T.Else || isAs(pieces, i)) return true;
  return operators.has(type) && type !== T.Caret && !isPrefix(pieces, i);
}

/** The text between the pieces at `i - 1` and `i` on the same line. */
function gap(pieces: readonly Piece[], i: number): '' | ' ' {
  const before = pieces[i - 1]!;
  const { type } = pieces[i]!;
  if (before.type === T.LParen || before.type === T.LSquare) return '';
  if (type === T.RParen || type === T.RSquare || type === T.Comma || type === T.Colon) return '';
  if (isComment(before) || isComment(pieces[i]!)) return ' ';
  if (before.type === T.Range || type === T.Range || before.type === T.Caret || type === T.Caret) return '';
  if (type === T.LParen || type === T.LSquare) return isSubject(pieces, i - 1) ? '' : ' ';
  return isPrefix(pieces, i - 1) ? '' : ' ';
}

const operators = new Set<Piece['type']>(T.operators);

/** Whether the piece at `i` is a unary minus. */
function isPrefix(pieces: readonly Piece[], i: number): boolean {
  return pieces[i]!.type === T.Minus && !endsValue(pieces, previous(pieces, i));
}

/** Whether a call's `(` or a size's `[` can belong to the piece at `i`. */
function isSubject(pieces: readonly Piece[], i: number): boolean {
  const { type } = pieces[i]!;
  return (
    type === T.Name ||
    type === T.As ||
    type === T.Over ||
    type === T.From ||
    type === T.Extends ||
    (type === T.Derivative && endsValue(pieces, i))
  );
}

/** Whether a value can end with the piece at `i`. */
function endsValue(pieces: readonly Piece[], i: number): boolean {
  switch (pieces[i]?.type) {
    case T.Name:
    case T.As:
    case T.Over:
    case T.From:
    case T.Extends:
    case T.NumberToken:
    case T.StringToken:
    case T.RParen:
    case T.RSquare:
      return true;
    case T.Derivative:
      // After a value it is the keyword, otherwise a name.
      return !endsValue(pieces, previous(pieces, i));
    default:
      return false;
  }
}

/** The index of the last piece before `i` that is not a comment. */
function previous(pieces: readonly Piece[], i: number): number {
  let at = i - 1;
  while (at >= 0 && isComment(pieces[at]!)) at--;
  return at;
}

const pad = (text: string, column: number): string => text + ' '.repeat(Math.max(0, column - length(text)));
/** In characters, not UTF-16 units. */
const length = (text: string): number => [...text].length;
