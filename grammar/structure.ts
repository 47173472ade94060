/**
 * Between lexer and parser: where entries begin, and which bracket closes which.
 *
 * Brackets that are missing or left over are reported and mended here. The parser's tokens are always balanced, no
 * brace stands inside of other brackets, and every entry of a block begins with a `Key` or a declaration's keyword:
 * that is what lets the parser find its way again after any mistake.
 */
import type { IToken, TokenType } from 'chevrotain';
import * as T from './tokens.js';
import {
  allowed,
  type EntryKind,
  type EntryWord,
  endOf,
  entryWord,
  isCloser,
  isDeclarationWord,
  isWord,
  onNewLine,
  type Place,
  placeOf,
  type Report,
} from './words.js';

interface Bracket {
  readonly type: TokenType;
  readonly text: string;
}
const curly: Bracket = { type: T.RCurly, text: '}' };
/** The closer of each opener. */
const closers = new Map<TokenType, Bracket>([
  [T.LCurly, curly],
  [T.LSquare, { type: T.RSquare, text: ']' }],
  [T.LParen, { type: T.RParen, text: ')' }],
]);
const ownsBlock: readonly string[] = [
  'connection',
  'model',
  'input',
  'layer',
  'connect',
  'decode',
  'objective',
  'schedule',
  'phase',
  'train',
  'evaluate',
];

/** Where an entry began, and as what. */
interface Entry {
  readonly index: number;
  readonly word: string;
  /** The column where its line starts. */
  readonly indent: number;
}

/** A bracket not closed yet. */
interface Open {
  readonly closer: Bracket;
  readonly index: number;
  /** The entry whose block it is; for `{` only. */
  readonly entry: Entry | undefined;
  readonly place: Place;
  /** The column where its line starts. */
  readonly indent: number;
}

/**
 * Marks what begins an entry and balances brackets; tokens put in have an empty image. The offset of a token after
 * one that was left out is added to `excused`: what goes wrong there has been told.
 * Reports RFF104, RFF105, RFF110, RFF115 and, for a missing `{`, RFF114.
 */
export function structure(tokens: readonly IToken[], report: Report, excused: Set<number>): IToken[] {
  const out: IToken[] = [];
  const open: Open[] = [];
  const count = (type: TokenType) => tokens.filter((token) => token.tokenType === type).length;
  /** Positive: so many `{` are never closed; negative: so many `}` close nothing. */
  let unclosed = count(T.LCurly) - count(T.RCurly);
  /** The entry being read. */
  let entry: Entry | undefined;
  /** The column where the line being read starts. */
  let indent = 1;

  const place = () => open.at(-1)?.place ?? 'file';
  const inBrackets = () => open.length > 0 && open.at(-1)?.closer !== curly;

  const push = (closer: Bracket, index: number) => {
    const owner = closer === curly ? entry : undefined;
    open.push({ closer, index, entry: owner, indent, place: placeOf(owner?.word) });
    if (closer === curly) entry = undefined;
  };

  /** Closes the innermost bracket, for want of its own closer. */
  const mend = () => {
    const { closer, index, entry: owner } = open.pop()!;
    const opener = tokens[index]!;
    const last = out.at(-1)!;
    if (closer === curly) {
      const message = `missing \`}\`: the block of ${titleOf(owner, tokens)} is never closed`;
      report('RFF104', opener.startOffset, endOf(opener), message, 'add a `}` at its end');
      unclosed--;
      entry = undefined;
    } else {
      const before = tokens[index - 1];
      const what = before?.tokenType === T.Name ? `${before.image}${opener.image}` : opener.image;
      const message = `expected \`${closer.text}\` to close \`${what}\``;
      report('RFF104', endOf(last), endOf(last), message, `add \`${closer.text}\` here`);
    }
    out.push(inserted(closer.type, last));
  };
  const mendBrackets = () => {
    while (inBrackets()) mend();
  };

  /** A closing bracket; false where it is to be left out. */
  const close = (token: IToken, i: number): boolean => {
    const fits = (at: Open) => at.closer.type === token.tokenType;
    const wrong = (message: string, hint: string) => {
      report('RFF105', token.startOffset, endOf(token), message, hint);
      excused.add(tokens[i + 1]?.startOffset ?? endOf(token));
      // Without its opener all of the entry is likely to look wrong.
      for (let k = entry?.index ?? i; k < i && token.tokenType !== T.RCurly; k++)
        excused.add(tokens[k]!.startOffset);
      return false;
    };
    const mine = open.findLastIndex(fits);
    if (token.tokenType === T.RCurly) {
      const early = unclosed < 0 && open[mine]?.place === 'model' && modelGoesOn(tokens, i + 1);
      if (mine < 0 || early) {
        unclosed++;
        return wrong('this `}` closes nothing', 'remove it, or add the `{` it belongs to');
      }
    } else if (mine <= open.findLastIndex((at) => at.closer === curly)) {
      if (!inBrackets())
        return wrong(`this \`${token.image}\` closes nothing`, 'remove it, or add the bracket it belongs to');
      const { closer } = open.pop()!;
      out.push(T.retyped(token, closer.type));
      return wrong(`expected \`${closer.text}\`, found \`${token.image}\``, `write \`${closer.text}\``);
    }
    while (open.length - 1 > mine) mend();
    if (open.pop()!.closer === curly) entry = undefined;
    return true;
  };

  /** Whether an entry may begin inside of brackets, which are then missing their closers. */
  const breaksOut = (word: EntryWord, i: number): boolean => {
    const before = tokens[i - 1];
    const next = tokens[i + 1];
    if (next === undefined || !onNewLine(before, tokens[i]!)) return false;
    if (word.kind !== 'property')
      return next.tokenType === T.LCurly || (isWord(next) && !onNewLine(tokens[i], next));
    // After `(` or a comma, `eps: 1e-8` is an argument.
    return next.tokenType === T.Colon && before?.tokenType !== T.Comma && before?.tokenType !== T.LParen;
  };

  /** Closes blocks that must have ended before an entry: they cannot hold it, or it stands further left than they do. */
  const mendBlocks = (kind: EntryKind, i: number) => {
    while (unclosed > 0 && open.length > 0) {
      const outside: Place[] = ['file', ...open.slice(0, -1).map((at) => at.place)];
      if (!outside.some((at) => allowed[at].includes(kind))) return;
      const token = tokens[i]!;
      const left = onNewLine(tokens[i - 1], token) && (token.startColumn ?? 1) <= open.at(-1)!.indent;
      if (allowed[place()].includes(kind) && !left) return;
      mend();
    }
  };

  /** Opens the block of the declaration being read, if it lacks its `{` and what follows must stand inside. */
  const mendOpener = (kind: EntryKind, i: number) => {
    const last = out.at(-1);
    if (unclosed >= 0 || entry === undefined || last === undefined || last.tokenType === T.Comma) return;
    if (!ownsBlock.includes(entry.word) || !allowed[placeOf(entry.word)].includes(kind)) return;
    const token = tokens[i]!;
    const deeper = (token.startColumn ?? 1) > entry.indent;
    if (onNewLine(last, token) && !deeper && allowed[place()].includes(kind)) return;
    const message = `expected \`{\` before \`${token.image}\``;
    report('RFF114', endOf(last), endOf(last), message, `the block of \`${entry.word}\` stands in \`{ }\``);
    // Its `}` answers for it.
    open.push({ closer: curly, index: entry.index, entry, indent: entry.indent, place: placeOf(entry.word) });
    entry = undefined;
    out.push(inserted(T.LCurly, last));
    unclosed++;
  };

  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const next = tokens[i + 1];
    if (onNewLine(tokens[i - 1], token)) {
      indent = token.startColumn ?? 1;
    }
    // A size has no commas.
    if (token.tokenType === T.Comma && inBrackets() && isSize(tokens, open.at(-1)!)) mend();

    const closer = closers.get(token.tokenType);
    if (closer !== undefined) {
      if (closer === curly) mendBrackets();
      push(closer, i);
      out.push(token);
      continue;
    }
    if (isCloser(token)) {
      if (close(token, i)) out.push(token);
      continue;
    }
    const word = isWord(token) ? entryWord(tokens, i, out, place()) : undefined;
    if (word === undefined || (inBrackets() && !breaksOut(word, i))) {
      out.push(token);
      continue;
    }
    mendBrackets();
    mendOpener(word.kind, i);
    mendBlocks(word.kind, i);
    word.complain?.(report);
    entry = { index: i, word: word.kind === 'property' ? token.image : word.kind, indent };
    out.push(T.retyped(token, word.type));
    if (word.colon === 'insert') out.push(inserted(T.Colon, token));
    if (word.colon === 'replace' && next !== undefined) {
      out.push(T.retyped(next, T.Colon));
      i++;
    }
  }
  while (open.length > 0) mend();
  return out;
}

/** Whether a bracket holds a size or steps, as in `h1[20]`. */
function isSize(tokens: readonly IToken[], { closer, index }: Open): boolean {
  return closer.type === T.RSquare && tokens[index - 1]?.tokenType === T.Name;
}

/** After a `}` that seems to end a model: whether more of the model follows. */
function modelGoesOn(tokens: readonly IToken[], i: number): boolean {
  const token = tokens[i];
  if (token === undefined || !isWord(token)) return false;
  const text = token.image;
  const declares = isDeclarationWord(text) && allowed.model.includes(text) && text !== 'connection';
  return declares || tokens[i + 1]?.tokenType === T.Colon;
}

function titleOf(entry: Entry | undefined, tokens: readonly IToken[]): string {
  if (entry === undefined) return '`{`';
  const name = tokens[entry.index + 1];
  const named = isDeclarationWord(entry.word) && name !== undefined && isWord(name);
  return named ? `\`${entry.word} ${name.image}\`` : `\`${entry.word}\``;
}

/** An empty token of a kind right after another. */
function inserted(type: TokenType, after: IToken): IToken {
  const end = endOf(after);
  return {
    image: '',
    startOffset: end,
    endOffset: end - 1,
    startLine: after.endLine ?? 1,
    endLine: after.endLine ?? 1,
    startColumn: (after.endColumn ?? 0) + 1,
    endColumn: after.endColumn ?? 0,
    tokenType: type,
    tokenTypeIdx: type.tokenTypeIdx as number,
  };
}
