/**
 * Which words are keywords: a word is a key only before a colon, and a keyword only where it opens a declaration, so
 * a layer may be called `train` and a phase `learn`. Misspelled and half-written ones are recognized as what was meant.
 */
import type { IToken, TokenType } from 'chevrotain';
import { closest } from './suggest.js';
import * as T from './tokens.js';

/** What stands in a block, by what the block belongs to. */
export type Place = 'file' | 'model' | 'schedule' | 'properties';
export type EntryKind = T.DeclarationWord | 'property';

export const allowed: Readonly<Record<Place, readonly EntryKind[]>> = {
  file: ['fn', 'connection', 'model'],
  model: [
    'param',
    'input',
    'label',
    'layer',
    'connect',
    'decode',
    'objective',
    'schedule',
    'train',
    'evaluate',
    'connection',
    'property',
  ],
  schedule: ['phase', 'score'],
  properties: ['property'],
};

/** The place that `word … { }` makes. */
export function placeOf(word: string | undefined): Place {
  return word === 'model' || word === 'schedule' ? word : 'properties';
}

export type Report = (code: string, start: number, end: number, message: string, hint?: string) => void;

/** A word that begins an entry. */
export interface EntryWord {
  readonly kind: EntryKind;
  /** `Key`, or the declaration's own. */
  readonly type: TokenType;
  /** What to do with the colon of a property that lacks it: `replace` the `=` that stands there, or `insert` one. */
  readonly colon?: 'insert' | 'replace';
  /** Reports what is wrong with the word itself. */
  readonly complain?: (report: Report) => void;
}

const words: Readonly<Record<string, TokenType>> = T.declarations;
const declarationTypes = new Set<TokenType>(Object.values(T.declarations));
const contextual = new Set<TokenType>([T.As, T.Over, T.From, T.Extends, T.Derivative, T.Then, T.Else]);
/** Declarations that can do without a name. */
const blockOnly = new Set<TokenType>([
  T.declarations.objective,
  T.declarations.schedule,
  T.declarations.train,
  T.declarations.evaluate,
]);
/** What follows a declaration's name; `from` and `extends`, which may be names, each after one declaration's only. */
const afterName = new Set<TokenType>([T.LSquare, T.LCurly, T.Assign, T.Arrow, T.LParen]);
const afterNameOf: { readonly [word: string]: TokenType | undefined } = {
  decode: T.From,
  connection: T.Extends,
};

export const isDeclarationWord = (text: string): text is T.DeclarationWord => Object.hasOwn(words, text);
/** Whether a token has been found to open a declaration. */
export const isDeclaration = (token: IToken): boolean => declarationTypes.has(token.tokenType);
export const isCloser = (token: IToken): boolean =>
  token.tokenType === T.RCurly || token.tokenType === T.RSquare || token.tokenType === T.RParen;
/** A name or any word of the language. */
export const isWord = (token: IToken): boolean =>
  /^[A-Za-z_]/.test(token.image) || (token.tokenType === T.Name && token.image !== '');
const isLiteral = (token: IToken): boolean =>
  token.tokenType === T.NumberToken || token.tokenType === T.StringToken;

/** The offset after a token. */
export const endOf = (token: IToken): number => token.startOffset + token.image.length;
export const onNewLine = (before: IToken | undefined, token: IToken): boolean =>
  before === undefined || (before.endLine ?? 0) < (token.startLine ?? 0);

/**
 * What the word at `i` begins, in a block of `place`; undefined where it begins nothing. `read` are the tokens
 * before it as understood so far.
 */
export function entryWord(
  tokens: readonly IToken[],
  i: number,
  read: readonly IToken[],
  place: Place,
): EntryWord | undefined {
  const token = tokens[i]!;
  const before = tokens[i - 1];
  const next = tokens[i + 1];
  const newLine = onNewLine(before, token);
  const last = read.at(-1);
  /** What stands before could be the whole of an entry. */
  const ended = endsEntry(read, read.length - 1);
  // The name of a declaration, be it on the next line.
  if (last !== undefined && isDeclaration(last)) {
    const nameless = next?.tokenType === T.Colon && blockOnly.has(last.tokenType);
    const subject =
      fitsAfterName(next, before?.image) && !(next?.tokenType === T.LCurly && isDeclarationWord(token.image));
    if (!nameless && (!newLine || subject)) return undefined;
  }
  if (next?.tokenType === T.Colon) return { kind: 'property', type: T.Key };

  const first = before === undefined || before.tokenType === T.LCurly || before.tokenType === T.RCurly;
  /** An entry surely begins here. */
  const starts = first || (newLine && ended);
  const sameLine = next !== undefined && !onNewLine(token, next) ? next : undefined;
  const subject = fitsAfterName(tokens[i + 2], token.image);
  const nameNext =
    sameLine !== undefined && isWord(sameLine) && (!contextual.has(sameLine.tokenType) || subject);
  const blockNext = next?.tokenType === T.LCurly;
  /** After `->`, or `as` and its like. */
  const wantsName =
    before?.tokenType === T.Arrow || (before !== undefined && contextual.has(before.tokenType) && !ended);

  /** The name stands on the next line. */
  const nameBelow =
    next !== undefined &&
    isWord(next) &&
    subject &&
    !(tokens[i + 2]?.tokenType === T.LCurly && isDeclarationWord(next.image));
  if (isDeclarationWord(token.image)) {
    const declaration: EntryWord = { kind: token.image, type: T.declarations[token.image] };
    // `label uniform` in a phase
    const asProperty = starts || before?.tokenType === T.Comma;
    const call = token.image !== 'fn' && tokens[i + 2]?.tokenType === T.LParen;
    if (place === 'properties' && asProperty && nameNext && (!subject || call))
      return withoutColon(token, 'insert');
    if ((nameNext || nameBelow) && (newLine || first || canPrecede(before))) return declaration;
    const separated = newLine || first || before.tokenType === T.Comma;
    if (blockNext && separated && !wantsName) return declaration;
    return starts ? declaration : undefined;
  }
  if (!starts || contextual.has(token.tokenType)) return undefined;

  if (place !== 'file' && next?.tokenType === T.Assign) return withoutColon(token, 'replace');
  if (nameNext || blockNext) {
    const meant = closest(
      token.image,
      allowed[place].filter((kind) => kind !== 'property'),
    );
    if (meant !== undefined && isDeclarationWord(meant)) {
      return { kind: meant, type: T.declarations[meant], complain: misspelled(token, meant) };
    }
  }
  const value = sameLine !== undefined && (isWord(sameLine) || isLiteral(sameLine));
  return place === 'properties' && value ? withoutColon(token, 'insert') : undefined;
}

function withoutColon(token: IToken, colon: 'insert' | 'replace'): EntryWord {
  const name = token.image;
  return {
    kind: 'property',
    type: T.Key,
    colon,
    complain: (report) =>
      report(
        'RFF115',
        endOf(token),
        endOf(token),
        `expected \`:\` after \`${name}\``,
        `a property is written \`${name}: value\``,
      ),
  };
}

function misspelled(token: IToken, meant: string): (report: Report) => void {
  return (report) =>
    report(
      'RFF110',
      token.startOffset,
      endOf(token),
      `\`${token.image}\` is not a declaration`,
      `did you mean \`${meant}\`?`,
    );
}

/** Whether an entry can end with the token at `i`. */
function endsEntry(tokens: readonly IToken[], i: number): boolean {
  const token = tokens[i];
  if (token === undefined) return false;
  if (!contextual.has(token.tokenType)) return isWord(token) || isLiteral(token) || isCloser(token);
  // `as` and its like are keywords after a name and names after a keyword, be it one of a declaration.
  let first = i;
  while (first > 0 && contextual.has(tokens[first - 1]!.tokenType)) first--;
  const before = tokens[first - 1];
  const name = before !== undefined && !isDeclaration(before) && endsEntry(tokens, first - 1);
  return (i - first) % 2 === (name ? 1 : 0);
}

/** Whether a declaration can follow a token on its line, be it without a comma. */
function canPrecede(token: IToken): boolean {
  return token.tokenType === T.Comma || token.tokenType === T.Name || isLiteral(token) || isCloser(token);
}

/** Whether a token can stand after the name that a declaration's word gives. */
function fitsAfterName(token: IToken | undefined, word: string | undefined): boolean {
  if (token === undefined) return false;
  return afterName.has(token.tokenType) || (word !== undefined && afterNameOf[word] === token.tokenType);
}
