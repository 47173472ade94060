/**
 * Which words are keywords: a word is a key only before a colon, and a keyword only where it opens a declaration, so
 * a layer may be called `train` and a phase `learn`. Misspelled and half-written ones are recognized as what was meant.
 */
import type { IToken, TokenType } from 'chevrotain';
import { declarationWords, sizes } from './habits.js';
import { closest, plain } from './suggest.js';
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
  /**
   * What to do with the colon of a property that lacks it: `replace` the `=` that stands there, or `insert` one; or
   * with one that a declaration has too many: `drop` it.
   */
  readonly colon?: 'insert' | 'replace' | 'drop';
  /** The keyword itself is missing before the word; the parser says so. */
  readonly implied?: true;
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
  // `train: { … }`, `score: learn[0..2]`
  const assigned = next?.tokenType === T.Colon || next?.tokenType === T.Assign;
  const own = isDeclarationWord(token.image) && allowed[place].includes(token.image);
  const [subjectNext, then] = [tokens[i + 2], tokens[i + 3]?.tokenType];
  const named =
    subjectNext !== undefined &&
    isWord(subjectNext) &&
    (then === T.LSquare || then === T.LCurly || then === T.Arrow);
  const declared = subjectNext?.tokenType === T.LCurly || (place !== 'properties' && named);
  if (assigned && own && declared && isDeclarationWord(token.image))
    return {
      kind: token.image,
      type: T.declarations[token.image],
      colon: 'drop',
      complain: colonAfter(token, next),
    };
  const implied =
    next?.tokenType === T.Colon && next.image !== ':=' ? undefined : impliedBy(tokens, i, place, newLine);
  if (implied !== undefined) return { kind: implied, type: T.declarations[implied], implied: true };
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
    if (place === 'properties' && asProperty && next?.tokenType === T.Assign)
      return withoutColon(token, 'replace');
    if (place === 'properties' && asProperty && nameNext && (!subject || call))
      return withoutColon(token, 'insert');
    if ((nameNext || nameBelow) && (newLine || first || canPrecede(before))) return declaration;
    const separated = newLine || first || before.tokenType === T.Comma;
    if (blockNext && separated && !wantsName) return declaration;
    return starts ? declaration : undefined;
  }
  const listed = place === 'properties' && before?.tokenType === T.Comma && next?.tokenType === T.Assign;
  if ((!starts && !listed) || contextual.has(token.tokenType)) return undefined;

  if (place !== 'file' && next?.tokenType === T.Assign) return withoutColon(token, 'replace');
  if (nameNext || blockNext) {
    const here = allowed[place].filter((kind) => kind !== 'property');
    const meant = declarationMeant(token.image, here);
    if (meant !== undefined && isDeclarationWord(meant)) {
      // The parser writes the whole of it.
      if (meant === 'fn') return { kind: meant, type: T.declarations[meant] };
      return { kind: meant, type: T.declarations[meant], complain: misspelled(token, meant) };
    }
  }
  const value = sameLine !== undefined && (isWord(sameLine) || isLiteral(sameLine));
  return place === 'properties' && value ? withoutColon(token, 'insert') : undefined;
}

/** The declaration that a word stands for: by habit, or misspelled. */
export function declarationMeant(word: string, among: readonly string[]): string | undefined {
  const habit = Object.hasOwn(declarationWords, plain(word)) ? declarationWords[plain(word)] : undefined;
  return habit !== undefined && among.includes(habit) ? habit : closest(word, among);
}

/** The properties of a model itself. */
const modelProperties: readonly string[] = ['negatives', 'readout'];

/** The declaration whose keyword is missing: `theta = 1.5`, `h1 = Linear(784, 200)`, `h1 -> h2 as forward`. */
function impliedBy(
  tokens: readonly IToken[],
  i: number,
  place: Place,
  newLine: boolean,
): T.DeclarationWord | undefined {
  const token = tokens[i]!;
  const next = tokens[i + 1];
  if (place !== 'model' || next === undefined || isDeclarationWord(token.image)) return undefined;
  const before = tokens[i - 1];
  const own = before?.image === '.' && tokens[i - 2]?.image === 'self';
  if (!own && !newLine && before?.tokenType !== T.LCurly) return undefined;
  if (next.tokenType === T.Arrow && !endsWithArrow(before)) return 'connect';
  const signed = next.tokenType === T.Assign || next.image === ':=';
  if (!signed || modelProperties.includes(token.image)) return undefined;
  let at = i + 2;
  while (tokens[at + 1]?.tokenType === T.Dot) at += 2;
  const word = plain(tokens[at]?.image ?? '');
  if (tokens[at + 1]?.tokenType !== T.LParen) return 'param';
  return word === 'input' ? 'input' : Object.hasOwn(sizes, word) ? 'layer' : 'param';
}
const endsWithArrow = (token: IToken | undefined): boolean =>
  token?.tokenType === T.Arrow || token?.tokenType === T.Comma;

function colonAfter(token: IToken, sign: IToken): (report: Report) => void {
  const word = token.image;
  return (report) =>
    report(
      'RFF123',
      sign.startOffset,
      endOf(sign),
      `unexpected \`${sign.image}\` after \`${word}\``,
      'remove it',
    );
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
