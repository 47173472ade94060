/**
 * Between lexer and parser: where entries begin, and which bracket closes which.
 *
 * Missing and unmatched brackets are reported and fixed here. The parser's tokens are always balanced, no brace occurs
 * inside other brackets, and every entry of a block begins with a `Key` or a declaration's keyword: this is what lets
 * the parser resume after any mistake.
 */
import type { IToken, TokenType } from 'chevrotain';
import * as T from './tokens.js';
import {
  allowed,
  type BlockKind,
  type EntryKind,
  type EntryWord,
  endOf,
  entryWord,
  isCloser,
  isDeclarationWord,
  isWord,
  onNewLine,
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
/** The end of an object literal as in JSON: read as a parenthesis. */
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

/** Where an entry began, and its kind. */
interface Entry {
  readonly index: number;
  readonly word: string;
  /** The column where its line starts. */
  readonly indent: number;
}

/** A bracket that is not closed yet. */
interface Open {
  readonly closer: Bracket;
  readonly index: number;
  /** The entry that owns the block; only for `{`. */
  readonly entry: Entry | undefined;
  readonly place: BlockKind;
  /** The column where its line starts. */
  readonly indent: number;
}

/**
 * Marks what begins an entry and balances brackets; inserted tokens have empty text. The offset of a token after a
 * removed one is added to `excused`, as the mistake there is already reported.
 * Reports RFF104, RFF105, RFF110, RFF115, RFF123 and, for a missing `{`, RFF114.
 */
export function structure(lexed: readonly IToken[], report: Report, excused: Set<number>): IToken[] {
  const tokens = lexed.filter((_, i) => !leadsEntry(lexed, i, report));
  return new Structure(tokens, report, excused).read();
}

/** One pass over a file's tokens: each step takes what it knows, and says how many tokens that were, or none. */
class Structure {
  private readonly out: IToken[] = [];
  private readonly open: Open[] = [];
  /** Positive: so many `{` are never closed; negative: so many `}` close nothing. */
  private unclosed: number;
  /** The entry being read. */
  private entry: Entry | undefined;
  /** The column where the line being read starts. */
  private indent = 1;
  /** `?` of `c ? a : b` whose colon is still to come: what stands before that is no key. */
  private questions = 0;

  constructor(
    private readonly tokens: readonly IToken[],
    private readonly report: Report,
    private readonly excused: Set<number>,
  ) {
    const count = (type: TokenType) => tokens.filter((token) => token.tokenType === type).length;
    this.unclosed = count(T.LCurly) - count(T.RCurly);
  }

  read(): IToken[] {
    for (let i = 0; i < this.tokens.length; ) {
      this.follow(i);
      i +=
        this.decimalComma(i) ||
        this.signBeforeBlock(i) ||
        this.objectValue(i) ||
        this.quotedKey(i) ||
        this.bracket(i) ||
        this.entryWord(i);
    }
    while (this.open.length > 0) this.mend();
    return this.out;
  }

  /** Keeps count of lines and of `? :`, and ends a size that a comma follows. */
  private follow(i: number): void {
    const token = this.tokens[i]!;
    if (onNewLine(this.tokens[i - 1], token)) {
      this.indent = token.startColumn ?? 1;
      this.questions = 0;
    }
    if (token.tokenType === T.Question) this.questions++;
    if (token.tokenType === T.Colon && this.questions > 0) this.questions--;
    // A size has no commas, but for a shape as `[28, 28]`.
    const { tokens, open } = this;
    if (
      token.tokenType === T.Comma &&
      this.inBrackets() &&
      isSize(tokens, open.at(-1)!) &&
      !isShape(tokens, i)
    )
      this.mend();
  }

  /** `0,7` and `1,000` */
  private decimalComma(i: number): number {
    const token = this.tokens[i]!;
    const mayList = this.inBrackets() || (this.entry !== undefined && isDeclarationWord(this.entry.word));
    const decimals = mayList ? undefined : this.tokens[i + 2];
    if (decimals === undefined || !isDecimalComma(token, this.tokens[i + 1], decimals)) return 0;
    const group = decimals.image.length === 3 && !token.image.startsWith('0');
    const number = `${token.image}${group ? '' : '.'}${decimals.image}`;
    const written = `${token.image},${decimals.image}`;
    const message = `\`${written}\` is not a number`;
    this.report('RFF106', token.startOffset, endOf(decimals), message, `write \`${number}\``);
    this.out.push({ ...token, image: written, endOffset: endOf(decimals) - 1, payload: number });
    return 3;
  }

  /** `objective: {`, `connection forward = {` */
  private signBeforeBlock(i: number): number {
    const token = this.tokens[i]!;
    if (token.tokenType !== T.Colon && token.tokenType !== T.Assign) return 0;
    if (this.tokens[i + 1]?.tokenType !== T.LCurly || this.inBrackets()) return 0;
    if (this.entry === undefined || !ownsBlock.includes(this.entry.word)) return 0;
    const message = `unexpected \`${token.image}\` before a block`;
    this.report('RFF123', token.startOffset, endOf(token), message, 'remove it');
    return 1;
  }

  /** `{ name: adam }` and `{ "name": adam }` as a value, `fn f(x) { return x }` */
  private objectValue(i: number): number {
    const token = this.tokens[i]!;
    const { entry, open, out } = this;
    const inObject = open.at(-1)?.closer === objectEnd;
    if (
      token.tokenType === T.LCurly &&
      entry !== undefined &&
      isValue(entry, out.at(-1), this.inBrackets())
    ) {
      this.push(objectEnd, i);
      out.push(T.retyped(token, T.LParen));
      return 1;
    }
    if (inObject && token.tokenType === T.RCurly) {
      open.pop();
      out.push(T.retyped(token, T.RParen));
      return 1;
    }
    if (inObject && token.tokenType === T.StringToken && this.tokens[i + 1]?.tokenType === T.Colon) {
      out.push({ ...T.retyped(token, T.Name), image: token.image.slice(1, -1) });
      return 1;
    }
    return 0;
  }

  /** `"activation": relu(z)` */
  private quotedKey(i: number): number {
    const token = this.tokens[i]!;
    if (token.tokenType !== T.StringToken || this.tokens[i + 1]?.tokenType !== T.Colon || this.inBrackets())
      return 0;
    const name = token.image.slice(1, -1);
    if (!/^[A-Za-z_]\w*$/.test(name) || !onNewLine(this.tokens[i - 1], token)) return 0;
    this.report('RFF123', token.startOffset, endOf(token), 'quoted key', `write \`${name}\``);
    const unquoted = { ...token, image: name, startOffset: token.startOffset + 1 };
    this.entry = { index: i, word: name, indent: this.indent };
    this.out.push(T.retyped(unquoted, T.Key));
    return 1;
  }

  private bracket(i: number): number {
    const token = this.tokens[i]!;
    const closer = closers.get(token.tokenType);
    if (closer !== undefined) {
      if (closer === curly) this.mendBrackets();
      this.push(closer, i);
      this.out.push(token);
      return 1;
    }
    if (!isCloser(token)) return 0;
    if (this.close(token, i)) this.out.push(token);
    return 1;
  }

  /** A word that begins an entry, with its colon; any other token goes through. */
  private entryWord(i: number): number {
    const token = this.tokens[i]!;
    const next = this.tokens[i + 1];
    const { out } = this;
    const word = this.mayBegin(i) ? entryWord(this.tokens, i, out, this.place()) : undefined;
    if (word === undefined || (this.inBrackets() && !this.breaksOut(word, i))) {
      out.push(token);
      return 1;
    }
    this.mendBrackets();
    this.mendOpener(word.kind, i);
    this.mendBlocks(word.kind, i);
    word.complain?.(this.report);
    this.entry = {
      index: i,
      word: word.kind === 'property' ? token.image : word.kind,
      indent: this.indent,
    };
    if (word.implied) {
      const { startOffset } = token;
      out.push({ ...inserted(word.type, token), startOffset, endOffset: startOffset - 1 }, token);
      return 1;
    }
    out.push(T.retyped(token, word.type));
    if (word.colon === 'insert') out.push(inserted(T.Colon, token));
    if (next === undefined || (word.colon !== 'drop' && word.colon !== 'replace')) return 1;
    if (word.colon === 'drop') this.excused.add(this.tokens[i + 2]?.startOffset ?? endOf(next));
    else out.push(T.retyped(next, T.Colon));
    return 2;
  }

  /** Whether a token is a word, and not one of a condition, a lambda or a list of options. */
  private mayBegin(i: number): boolean {
    const before = this.tokens[i - 1];
    const inside =
      this.questions > 0 ||
      before?.image === 'lambda' ||
      (before?.tokenType === T.Arrow && this.tokens[i + 1]?.tokenType === T.Colon);
    return isWord(this.tokens[i]!) && !inside;
  }

  private place(): BlockKind {
    return this.open.at(-1)?.place ?? 'file';
  }

  private inBrackets(): boolean {
    return this.open.length > 0 && this.open.at(-1)?.closer !== curly;
  }

  private push(closer: Bracket, index: number): void {
    const owner = closer === curly ? this.entry : undefined;
    this.open.push({ closer, index, entry: owner, indent: this.indent, place: placeOf(owner?.word) });
    if (closer === curly) this.entry = undefined;
  }

  /** Closes the innermost bracket, for want of its own closer. */
  private mend(): void {
    const { closer, index, entry: owner } = this.open.pop()!;
    const opener = this.tokens[index]!;
    const last = this.out.at(-1)!;
    if (closer === curly) {
      const message = `missing \`}\`: the block of ${titleOf(owner, this.tokens)} is never closed`;
      this.report('RFF104', opener.startOffset, endOf(opener), message, 'add a `}` at its end');
      this.unclosed--;
      this.entry = undefined;
    } else {
      const before = this.tokens[index - 1];
      const what = before?.tokenType === T.Name ? `${before.image}${opener.image}` : opener.image;
      const message = `expected \`${closer.text}\` to close \`${what}\``;
      this.report('RFF104', endOf(last), endOf(last), message, `add \`${closer.text}\` here`);
    }
    this.out.push(inserted(closer.type, last));
  }

  private mendBrackets(): void {
    while (this.inBrackets()) this.mend();
  }

  /** A closing bracket; false where it is to be left out. */
  private close(token: IToken, i: number): boolean {
    const fits = (at: Open) => at.closer.type === token.tokenType;
    const wrong = (message: string, hint: string) => {
      this.report('RFF105', token.startOffset, endOf(token), message, hint);
      this.excused.add(this.tokens[i + 1]?.startOffset ?? endOf(token));
      // Without its opener all of the entry is likely to look wrong.
      for (let k = this.entry?.index ?? i; k < i && token.tokenType !== T.RCurly; k++)
        this.excused.add(this.tokens[k]!.startOffset);
      return false;
    };
    const mine = this.open.findLastIndex(fits);
    if (token.tokenType === T.RCurly) {
      const early =
        this.unclosed < 0 && this.open[mine]?.place === 'model' && modelGoesOn(this.tokens, i + 1);
      if (mine < 0 || early) {
        this.unclosed++;
        return wrong('unmatched `}`', 'remove it, or add the missing `{`');
      }
    } else if (mine <= this.open.findLastIndex((at) => at.closer === curly)) {
      if (!this.inBrackets())
        return wrong(`unmatched \`${token.image}\``, 'remove it, or add the missing bracket');
      const { closer } = this.open.pop()!;
      this.out.push(T.retyped(token, closer.type));
      return wrong(`expected \`${closer.text}\`, found \`${token.image}\``, `write \`${closer.text}\``);
    }
    while (this.open.length - 1 > mine) this.mend();
    if (this.open.pop()!.closer === curly) this.entry = undefined;
    return true;
  }

  /** Whether an entry may begin inside of brackets, which are then missing their closers. */
  private breaksOut(word: EntryWord, i: number): boolean {
    const before = this.tokens[i - 1];
    const next = this.tokens[i + 1];
    if (next === undefined || !onNewLine(before, this.tokens[i]!)) return false;
    if (word.kind !== 'property')
      return next.tokenType === T.LCurly || (isWord(next) && !onNewLine(this.tokens[i], next));
    // After `(` or a comma, `eps: 1e-8` is an argument.
    return next.tokenType === T.Colon && before?.tokenType !== T.Comma && before?.tokenType !== T.LParen;
  }

  /**
   * Closes blocks that must have ended before an entry: they cannot hold it, or it stands further left than they do.
   */
  private mendBlocks(kind: EntryKind, i: number): void {
    while (this.unclosed > 0 && this.open.length > 0) {
      const outside: BlockKind[] = ['file', ...this.open.slice(0, -1).map((at) => at.place)];
      if (!outside.some((at) => allowed[at].includes(kind))) return;
      const token = this.tokens[i]!;
      const left =
        onNewLine(this.tokens[i - 1], token) && (token.startColumn ?? 1) <= this.open.at(-1)!.indent;
      if (allowed[this.place()].includes(kind) && !left) return;
      this.mend();
    }
  }

  /** Opens the block of the declaration being read, if it lacks its `{` and what follows must stand inside. */
  private mendOpener(kind: EntryKind, i: number): void {
    const last = this.out.at(-1);
    if (this.unclosed >= 0 || this.entry === undefined || last === undefined || last.tokenType === T.Comma)
      return;
    if (!ownsBlock.includes(this.entry.word) || !allowed[placeOf(this.entry.word)].includes(kind)) return;
    const token = this.tokens[i]!;
    const deeper = (token.startColumn ?? 1) > this.entry.indent;
    if (onNewLine(last, token) && !deeper && allowed[this.place()].includes(kind)) return;
    const message = `expected \`{\` before \`${token.image}\``;
    this.report(
      'RFF114',
      endOf(last),
      endOf(last),
      message,
      `put the block of \`${this.entry.word}\` in \`{ }\``,
    );
    // Its `}` answers for it.
    this.open.push({
      closer: curly,
      index: this.entry.index,
      entry: this.entry,
      indent: this.entry.indent,
      place: placeOf(this.entry.word),
    });
    this.entry = undefined;
    this.out.push(inserted(T.LCurly, last));
    this.unclosed++;
  }
}

/** Whether three tokens are a number with a comma in it, without spaces. */
function isDecimalComma(first: IToken, comma: IToken | undefined, last: IToken): boolean {
  if (first.tokenType !== T.NumberToken || comma?.tokenType !== T.Comma) return false;
  const whole = /^\d+$/.test(first.image) && /^\d+$/.test(last.image) && last.tokenType === T.NumberToken;
  return whole && comma.startOffset === endOf(first) && last.startOffset === endOf(comma);
}

/** Whether a `{` is part of a value, as in JSON or JavaScript, and does not open a block. */
function isValue(entry: Entry, before: IToken | undefined, inBrackets: boolean): boolean {
  if (entry.word === 'fn') return before?.tokenType === T.RParen;
  const property = !ownsBlock.includes(entry.word) || before?.tokenType === T.Colon;
  return property && (before?.tokenType === T.Colon || before?.tokenType === T.Assign || inBrackets);
}

/** Whether a comma is inside a closed shape of numbers, such as `[28, 28]`. */
function isShape(tokens: readonly IToken[], comma: number): boolean {
  for (let i = comma + 1; i < tokens.length; i++) {
    const { tokenType } = tokens[i]!;
    if (tokenType === T.RSquare) return true;
    if (tokenType !== T.NumberToken && tokenType !== T.Comma) return false;
  }
  return false;
}

/**
 * Whether an entry begins with a sign that it does not need: a list's dash (`- epochs: 10`), an option's dashes
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

/** An empty token of some type right after another token. */
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
