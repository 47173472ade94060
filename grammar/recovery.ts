/**
 * What the parser does after a mistake: say so once, skip to where the next item or entry begins, go on.
 *
 * It stands on what `structure.ts` promises: brackets are balanced, and entries begin with a `Key` or a
 * `Declaration`. Whatever skips, skips whole brackets, so a rule that read an opening bracket finds its closing one.
 */
import type { IToken, TokenType } from 'chevrotain';
import { EmbeddedActionsParser, EOF, isRecognitionException, tokenMatcher } from './chevrotain.js';
import { statements } from './habits.js';
import * as T from './tokens.js';
import { layerOf } from './translate.js';
import { declarationMeant, endOf, isDeclaration, isWord, onNewLine, type Report } from './words.js';

/** Deeper brackets and longer expressions are no model's; they would only exhaust the stack. */
const maxDepth = 64;
const maxOperators = 1000;

/** Ends the reading of an expression that is too much for us. */
class TooMuch extends Error {}

export abstract class RecoveringParser extends EmbeddedActionsParser {
  protected text = '';
  protected report: Report = () => {};
  /** How often `report` was called: whether a stretch of text was sound. */
  protected reports = 0;
  private excused: ReadonlySet<number> = new Set();
  private lastMissing = -1;
  private depth = 0;
  /** Operands, operators and brackets in the entry being read. */
  private parts = 0;

  /** `validate`: look for ambiguous rules, which takes a third of the start; a test does. */
  constructor(validate: boolean) {
    super(T.vocabulary, {
      recoveryEnabled: false,
      maxLookahead: 2,
      skipValidations: !validate,
      // A message carries its code in front; `attempt` takes it apart.
      errorMessageProvider: {
        buildMismatchTokenMessage: ({ expected, previous }) => mismatch(expected, previous),
        buildNotAllInputParsedMessage: ({ firstRedundant }) =>
          `RFF109 unexpected \`${firstRedundant.image}\``,
        buildNoViableAltMessage: ({ previous }) => `RFF108 expected a value${afterThat(previous)}`,
        buildEarlyExitMessage: ({ previous }) => `RFF108 expected a value${afterThat(previous)}`,
      },
    });
  }

  /** `excused`: the offsets where a mistake follows from one the lexer has told. */
  protected start(text: string, tokens: IToken[], excused: ReadonlySet<number>, report: Report): void {
    this.text = text;
    this.excused = excused;
    this.reports = 0;
    this.report = (...rest) => {
      this.reports++;
      report(...rest);
    };
    this.input = tokens;
    this.lastMissing = -1;
    this.startEntry();
  }

  protected startEntry(): void {
    this.depth = 0;
    this.parts = 0;
  }

  /** Reads `part`; after a mistake in it, reports that, skips to the next entry, item or closing bracket. */
  protected attempt<R>(part: () => R): R | undefined {
    const { depth } = this;
    try {
      return part();
    } catch (error) {
      const tooMuch = error instanceof TooMuch;
      if (!(error instanceof Error) || !(tooMuch || isRecognitionException(error))) throw error;
      this.depth = depth;
      const at = this.LA(1);
      const code = error.message.slice(0, 6);
      const message = error.message.slice(7);
      if (tooMuch)
        this.report(code, at.startOffset, endOf(at), message, 'give parts of it names with `fn` or `param`');
      else if (code === 'RFF108' && !ends(at)) this.unexpected(at, message);
      else this.missing(message, code);
      this.skip();
      return undefined;
    }
  }

  /** Reports and skips what is left of an entry, and eats the separator before the next. */
  protected betweenEntries(end: TokenType, first: boolean): void {
    let separated = first;
    /** A comma may not stand here. */
    let afterComma = first;
    let told = false;
    for (;;) {
      const token = this.LA(1);
      const last = this.LA(0);
      if (token.tokenType === EOF || token.tokenType === end) return;
      // Nothing is required after a block.
      if (last.tokenType === T.RCurly || last.tokenType === EOF || onNewLine(last, token)) separated = true;
      if (token.tokenType === T.Comma) {
        if (afterComma) this.unexpected(token);
        this.SKIP_TOKEN();
        separated = true;
        afterComma = true;
        // What goes on after a comma is likely the rest of the same mistake.
        if (onNewLine(this.LA(0), this.LA(1))) told = false;
      } else if (token.tokenType === T.Key || isDeclaration(token)) {
        if (!separated && !told) {
          const what = token.tokenType === T.Key ? `${token.image}:` : token.image;
          this.missing(
            `missing separator before \`${what}\``,
            'RFF111',
            'put a comma or a new line between two entries',
          );
        }
        return;
      } else {
        if (!told) this.unexpectedEntry(token, separated);
        told = true;
        afterComma = false;
        this.skip();
        if (this.LA(1) === token) this.SKIP_TOKEN();
      }
    }
  }

  /** Something that begins no entry; `alone`: it does not just follow one. */
  private unexpectedEntry(token: IToken, alone: boolean): void {
    const next = this.LA(2);
    const declares =
      isWord(token) && !onNewLine(token, next) && (isWord(next) || next.tokenType === T.LCurly);
    const stop = Object.hasOwn(statements, token.image) ? statements[token.image] : undefined;
    const line = /^.*/.exec(this.text.slice(token.startOffset))![0];
    const layer = stop === undefined && alone ? layerOf(line) : undefined;
    if (stop !== undefined && alone && !this.excusedAt(token))
      this.report('RFF122', token.startOffset, endOf(token), `unexpected statement \`${token.image}\``, stop);
    else if (layer !== undefined)
      this.report(
        'RFF122',
        token.startOffset,
        token.startOffset + layer.length,
        `unexpected call \`${line.slice(0, layer.length)}\``,
        `write \`${layer.text}\`, and \`connect\` it`,
      );
    else if (!alone || !declares) this.unexpected(token);
    else if (!this.excusedAt(token)) {
      const words = Object.keys(T.declarations);
      const meant = declarationMeant(token.image, words);
      const all = `declarations are ${words.map((word) => `\`${word}\``).join(', ')}`;
      const hint = meant === undefined ? all : `did you mean \`${meant}\`?`;
      this.report('RFF110', token.startOffset, endOf(token), `\`${token.image}\` is not a declaration`, hint);
    }
  }

  /** After an item of a list in brackets: eats its comma. False if there was a mistake. */
  protected betweenItems(what: string): boolean {
    const closer = (token: IToken) => token.tokenType === T.RParen || token.tokenType === T.RSquare;
    const token = this.LA(1);
    if (closer(token)) return true;
    if (token.tokenType === T.Comma) {
      this.SKIP_TOKEN();
      if (this.LA(1).tokenType !== T.Comma) return true;
      this.missing(`expected ${what} after \`,\``, 'RFF108', 'remove one of the commas');
      while (this.LA(1).tokenType === T.Comma) this.SKIP_TOKEN();
      return false;
    }
    const named = token.tokenType === T.Assign && this.LA(0).tokenType === T.Name;
    this.unexpected(
      token,
      named
        ? `a named argument is written \`${this.LA(0).image}: value\``
        : 'expected `,` or the closing bracket',
    );
    this.skip();
    if (this.LA(1).tokenType === T.Comma) this.SKIP_TOKEN();
    return false;
  }

  /** Before a closing bracket: reports and skips what does not belong. False if there was something. */
  protected toCloser(): boolean {
    let clean = true;
    for (;;) {
      const token = this.LA(1);
      const { tokenType } = token;
      if (tokenType === T.RParen || tokenType === T.RSquare || tokenType === T.RCurly || tokenType === EOF)
        return clean;
      if (clean) this.unexpected(token);
      clean = false;
      this.skip();
      if (this.LA(1) === token) this.SKIP_TOKEN();
    }
  }

  /** To the next comma, entry or closing bracket at this depth of brackets. */
  private skip(): void {
    let depth = 0;
    for (;;) {
      const token = this.LA(1);
      const { tokenType } = token;
      if (tokenType === EOF) return;
      if (depth === 0) {
        if (tokenType === T.Comma || tokenType === T.Key || isDeclaration(token)) return;
        if (tokenType === T.RParen || tokenType === T.RSquare || tokenType === T.RCurly) return;
      }
      if (tokenType === T.LParen || tokenType === T.LSquare || tokenType === T.LCurly) depth++;
      if (tokenType === T.RParen || tokenType === T.RSquare || tokenType === T.RCurly) depth--;
      this.SKIP_TOKEN();
    }
  }

  /** Whether nothing more of an entry follows. */
  protected ended(): boolean {
    const next = this.LA(1);
    return !this.excusedAt(next) && (ends(next) || onNewLine(this.LA(0), next));
  }

  /** Whether the lexer has already told what goes wrong at a token. */
  protected excusedAt(token: IToken): boolean {
    return this.excused.has(token.tokenType === EOF ? this.text.length : token.startOffset);
  }

  private unexpected(token: IToken, hint = unexpectedHint(token)): void {
    if (this.excusedAt(token)) return;
    this.report('RFF109', token.startOffset, endOf(token), `unexpected \`${token.image}\``, hint);
  }

  /** Reports what should stand right after the last token. */
  protected missing(message: string, code = 'RFF114', hint?: string): void {
    if (this.excusedAt(this.LA(1))) return;
    const last = this.LA(0);
    const at = last.tokenType === EOF ? 0 : endOf(last);
    // One mistake, one message: nothing more is missing in the same place.
    if (at === this.lastMissing) return;
    this.lastMissing = at;
    this.report(code, at, at, message, hint);
  }

  /** Reports that a name should follow, and skips a single thing that stands in its place. */
  protected missingName(): void {
    const { tokenType, image } = this.LA(1);
    const reserved = tokenType === T.If || tokenType === T.Then || tokenType === T.Else;
    const hint = reserved ? `\`${image}\` is a word of the language: take another` : undefined;
    this.missing(`expected a name${afterThat(this.LA(0))}`, 'RFF113', hint);
    if (tokenType === T.NumberToken || tokenType === T.StringToken) this.SKIP_TOKEN();
  }

  /* ---- limits ---- */

  /** Before an opening bracket or an `if`. */
  protected deeper(): void {
    this.count();
    if (this.depth >= maxDepth)
      throw new TooMuch(`RFF118 brackets and branches are nested more than ${maxDepth} deep`);
    this.depth++;
  }

  protected shallower(): void {
    this.depth--;
  }

  protected count(): void {
    this.parts++;
    if (this.parts > maxOperators)
      throw new TooMuch(`RFF118 an expression has more than ${maxOperators} parts`);
  }
}

/** The words a mismatch is told with, its code in front. */
function mismatch(expected: TokenType, previous: IToken): string {
  const after = afterThat(previous);
  switch (expected) {
    case T.Name:
      return `RFF113 expected a name${after}`;
    case T.Assign:
      return `RFF114 expected \`=\`${after}`;
    case T.LParen:
      return `RFF114 expected \`(\` and the parameters${after}`;
    case T.LCurly:
      return `RFF114 expected \`{\`${after}`;
    case T.Then:
      return `RFF114 expected \`then\`${after}`;
    case T.Else:
      return `RFF114 expected \`else\`${after}; every \`if\` has one`;
    case T.Range:
      return `RFF114 expected \`..\` and the last step${after}`;
    default:
      return `RFF109 expected \`${expected.name}\`${after}`;
  }
}

function afterThat(token: IToken): string {
  return token.tokenType === EOF || token.image === '' ? '' : ` after \`${token.image}\``;
}

/** Whether nothing of the same item can follow: then something is missing rather than too much. */
function ends(token: IToken): boolean {
  const type = token.tokenType;
  const closes = type === T.RParen || type === T.RSquare || type === T.RCurly || type === T.Comma;
  return (
    closes || type === EOF || type === T.Key || type === T.Then || type === T.Else || isDeclaration(token)
  );
}

function unexpectedHint(token: IToken): string {
  switch (token.tokenType) {
    case T.If:
      return 'put an `if … then … else …` inside an expression in parentheses';
    case T.LSquare:
      return (
        'a list stands alone, as a value or an argument; a size belongs to the name of an input, label, ' +
        'layer or phase'
      );
    case T.LCurly:
      return 'no block belongs here';
    case T.Comma:
      return 'remove it';
    default:
      return tokenMatcher(token, T.BinaryOperator)
        ? 'an operator stands between two values'
        : 'remove it, or separate it by a comma or a new line';
  }
}
