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
/** The end of an object as JSON writes it: read as a parenthesis. */
const objectEnd: Bracket = { type: T.RParen, text: '}' };
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
 * Reports RFF104, RFF105, RFF110, RFF115, RFF123 and, for a missing `{`, RFF114.
 */
export function structure(lexed: readonly IToken[], report: Report, excused: Set<number>): IToken[] {
  const tokens = lexed.filter((_, i) => !leadsEntry(lexed, i, report));
  const out: IToken[] = [];
  const open: Open[] = [];
  const count = (type: TokenType) => tokens.filter((token) => token.tokenType === type).length;
  /** Positive: so many `{` are never closed; negative: so many `}` close nothing. */
  let unclosed = count(T.LCurly) - count(T.RCurly);
  /** The entry being read. */
  let entry: Entry | undefined;
  /** The column where the line being read starts. */
  let indent = 1;
  /** `?` of `c ? a : b` whose colon is still to come: what stands before that is no key. */
  let questions = 0;

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

  /**
   * Closes blocks that must have ended before an entry: they cannot hold it, or it stands further left than they do.
   */
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
      questions = 0;
    }
    if (token.tokenType === T.Question) questions++;
    if (token.tokenType === T.Colon && questions > 0) questions--;
    // A size has no commas, but for a shape as `[28, 28]`.
    if (token.tokenType === T.Comma && inBrackets() && isSize(tokens, open.at(-1)!) && !isShape(tokens, i))
      mend();
    // `0,7` and `1,000`
    const decimals =
      inBrackets() || (entry !== undefined && isDeclarationWord(entry.word)) ? undefined : tokens[i + 2];
    if (decimals !== undefined && isDecimalComma(token, next, decimals)) {
      const group = decimals.image.length === 3 && !token.image.startsWith('0');
      const number = `${token.image}${group ? '' : '.'}${decimals.image}`;
      const written = `${token.image},${decimals.image}`;
      report(
        'RFF106',
        token.startOffset,
        endOf(decimals),
        `\`${written}\` is not a number`,
        `write \`${number}\``,
      );
      out.push({ ...token, image: written, endOffset: endOf(decimals) - 1, payload: number });
      i += 2;
      continue;
    }
    // `objective: {`, `connection forward = {`
    const sign = token.tokenType === T.Colon || token.tokenType === T.Assign;
    const opens = next?.tokenType === T.LCurly;
    if (sign && opens && entry !== undefined && ownsBlock.includes(entry.word) && !inBrackets()) {
      report(
        'RFF123',
        token.startOffset,
        endOf(token),
        `unexpected \`${token.image}\` before a block`,
        'remove it',
      );
      continue;
    }
    // `{ name: adam }` as a value, `fn f(x) { return x }`
    if (token.tokenType === T.LCurly && entry !== undefined && isValue(entry, out.at(-1), inBrackets())) {
      push(objectEnd, i);
      out.push(T.retyped(token, T.LParen));
      continue;
    }
    if (token.tokenType === T.RCurly && open.at(-1)?.closer === objectEnd) {
      open.pop();
      out.push(T.retyped(token, T.RParen));
      continue;
    }
    if (
      open.at(-1)?.closer === objectEnd &&
      token.tokenType === T.StringToken &&
      next?.tokenType === T.Colon
    ) {
      out.push({ ...T.retyped(token, T.Name), image: token.image.slice(1, -1) });
      continue;
    }
    if (token.tokenType === T.StringToken && next?.tokenType === T.Colon && !inBrackets()) {
      const name = token.image.slice(1, -1);
      if (/^[A-Za-z_]\w*$/.test(name) && onNewLine(tokens[i - 1], token)) {
        report('RFF123', token.startOffset, endOf(token), 'a key in quotes', `write \`${name}\``);
        const unquoted = { ...token, image: name, startOffset: token.startOffset + 1 };
        entry = { index: i, word: name, indent };
        out.push(T.retyped(unquoted, T.Key));
        continue;
      }
    }

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
    const before = tokens[i - 1];
    const inside =
      questions > 0 ||
      before?.image === 'lambda' ||
      (before?.tokenType === T.Arrow && next?.tokenType === T.Colon);
    const word = isWord(token) && !inside ? entryWord(tokens, i, out, place()) : undefined;
    if (word === undefined || (inBrackets() && !breaksOut(word, i))) {
      out.push(token);
      continue;
    }
    mendBrackets();
    mendOpener(word.kind, i);
    mendBlocks(word.kind, i);
    word.complain?.(report);
    entry = { index: i, word: word.kind === 'property' ? token.image : word.kind, indent };
    if (word.implied) {
      const { startOffset } = token;
      out.push({ ...inserted(word.type, token), startOffset, endOffset: startOffset - 1 }, token);
      continue;
    }
    out.push(T.retyped(token, word.type));
    if (word.colon === 'drop' && next !== undefined) {
      excused.add(tokens[i + 2]?.startOffset ?? endOf(next));
      i++;
    }
    if (word.colon === 'insert') out.push(inserted(T.Colon, token));
    if (word.colon === 'replace' && next !== undefined) {
      out.push(T.retyped(next, T.Colon));
      i++;
    }
  }
  while (open.length > 0) mend();
  return out;
}

/** Whether three tokens are a number with a comma, without spaces. */
function isDecimalComma(first: IToken, comma: IToken | undefined, last: IToken): boolean {
  if (first.tokenType !== T.NumberToken || comma?.tokenType !== T.Comma) return false;
  const whole = /^\d+$/.test(first.image) && /^\d+$/.test(last.image) && last.tokenType === T.NumberToken;
  return whole && comma.startOffset === endOf(first) && last.startOffset === endOf(comma);
}

/** Whether a `{` is part of a value, as JSON or JavaScript write it, and opens no block. */
function isValue(entry: Entry, before: IToken | undefined, inBrackets: boolean): boolean {
  if (entry.word === 'fn') return before?.tokenType === T.RParen;
  const property = !ownsBlock.includes(entry.word) || before?.tokenType === T.Colon;
  return property && (before?.tokenType === T.Colon || before?.tokenType === T.Assign || inBrackets);
}

/** Whether a comma stands in a shape of numbers that is closed, as `[28, 28]`. */
function isShape(tokens: readonly IToken[], comma: number): boolean {
  for (let i = comma + 1; i < tokens.length; i++) {
    const { tokenType } = tokens[i]!;
    if (tokenType === T.RSquare) return true;
    if (tokenType !== T.NumberToken && tokenType !== T.Comma) return false;
  }
  return false;
}

/**
 * Whether a sign stands before an entry that does not need it: a list's dash (`- epochs: 10`), an option's dashes
 * (`--epochs 10`), `self.`.
 */
function leadsEntry(tokens: readonly IToken[], i: number, report: Report): boolean {
  const token = tokens[i]!;
  const at = (offset: number) => tokens[i + offset];
  const starts = (offset: number) => onNewLine(at(offset - 1), at(offset)!);
  const word = (offset: number) => at(offset) !== undefined && isWord(at(offset)!);
  const then = (offset: number, ...types: TokenType[]) => types.includes(at(offset)?.tokenType as TokenType);
  if (token.image === 'self') return starts(0) && then(1, T.Dot);
  if (token.tokenType === T.Dot) return at(-1)?.image === 'self' && starts(-1);
  if (token.tokenType !== T.Minus) return false;
  const option = starts(0) && then(1, T.Minus) && word(2) && then(3, T.NumberToken, T.Assign);
  if (option || (then(-1, T.Minus) && starts(-1) && word(1) && then(2, T.NumberToken, T.Assign))) return true;
  if (!starts(0) || !word(1) || !then(2, T.Colon)) return false;
  report('RFF123', token.startOffset, endOf(token), 'unexpected `-` before a property', 'remove it');
  return true;
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
