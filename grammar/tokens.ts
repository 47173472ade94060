/**
 * The tokens of a .rff file: Chevrotain's token types and the lexer over them.
 *
 * The lexer never gives up. A character that the language does not have is reported, and either read as what was
 * evidently meant (`;` as `,`, `→` as `->`) or skipped. Which words are keywords is decided in `structure.ts`, not
 * here: a layer may be called `train`.
 */
import type { IToken, TokenType } from 'chevrotain';
import { createToken, Lexer } from './chevrotain.js';
import type { Diagnostic } from './diagnostic.js';
import { lineTable, locate } from './locate.js';
import type { Rewrite } from './translate.js';

const fixed = (name: string, pattern: string, categories: TokenType[] = []) =>
  createToken({ name, pattern, label: pattern, categories });

export const BinaryOperator = createToken({ name: 'BinaryOperator', pattern: Lexer.NA });

export const Name = createToken({ name: 'Name', pattern: /[A-Za-z_][A-Za-z0-9_]*/ });
export const NumberToken = createToken({ name: 'Number', pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/ });
export const StringToken = createToken({ name: 'String', pattern: /"(?:[^"\\\r\n]|\\.)*"/ });

const word = (name: string, text: string, categories: TokenType[] = []) =>
  createToken({ name, pattern: new RegExp(text), longer_alt: Name, categories });

/** These are also names wherever the grammar expects one. */
export const As = word('As', 'as', [Name]);
export const Over = word('Over', 'over', [Name]);
export const From = word('From', 'from', [Name]);
export const Extends = word('Extends', 'extends', [Name]);
export const Derivative = word('Derivative', 'derivative', [Name]);
/** These are not: an expression could not tell them apart from names. */
export const If = word('If', 'if');
export const Then = word('Then', 'then');
export const Else = word('Else', 'else');

export const LCurly = fixed('LCurly', '{');
export const RCurly = fixed('RCurly', '}');
export const LSquare = fixed('LSquare', '[');
export const RSquare = fixed('RSquare', ']');
export const LParen = fixed('LParen', '(');
export const RParen = fixed('RParen', ')');
export const Comma = fixed('Comma', ',');
export const Colon = fixed('Colon', ':');
export const Arrow = fixed('Arrow', '->');
export const Range = fixed('Range', '..');
export const Assign = fixed('Assign', '=');
export const Minus = fixed('Minus', '-', [BinaryOperator]);
const Plus = fixed('Plus', '+', [BinaryOperator]);
const Star = fixed('Star', '*', [BinaryOperator]);
const Slash = fixed('Slash', '/', [BinaryOperator]);
export const Caret = fixed('Caret', '^', [BinaryOperator]);
const LessEqual = fixed('LessEqual', '<=', [BinaryOperator]);
const Less = fixed('Less', '<', [BinaryOperator]);
const GreaterEqual = fixed('GreaterEqual', '>=', [BinaryOperator]);
const Greater = fixed('Greater', '>', [BinaryOperator]);
const Equal = fixed('Equal', '==', [BinaryOperator]);
const NotEqual = fixed('NotEqual', '!=', [BinaryOperator]);

/* Signs of other languages, read so that their meaning can be reported (`expressions.ts`). */
export const Dot = fixed('Dot', '.');
export const Question = fixed('Question', '?');
export const And = fixed('And', '&&');
export const Or = fixed('Or', '||');
export const Not = fixed('Not', '!');

/** The operators between two values. */
export const operators = [
  Plus,
  Minus,
  Star,
  Slash,
  Caret,
  LessEqual,
  Less,
  GreaterEqual,
  Greater,
  Equal,
  NotEqual,
];

const WhiteSpace = createToken({
  name: 'WhiteSpace',
  pattern: /\s+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
});
const LineComment = createToken({ name: 'LineComment', pattern: /\/\/[^\r\n]*/, group: 'comments' });
const BlockComment = createToken({
  name: 'BlockComment',
  pattern: /\/\*[\s\S]*?\*\//,
  group: 'comments',
  line_breaks: true,
});

/* Text that is not .rff but can be read: the lexer accepts it, `mistakes` reports it. */
const OpenComment = createToken({
  name: 'OpenComment',
  pattern: /\/\*[\s\S]*/,
  group: 'mistakes',
  line_breaks: true,
});
const HashComment = createToken({ name: 'HashComment', pattern: /#[^\r\n]*/, group: 'mistakes' });
/** To the end of the line, except for what likely closes the brackets around it. */
const OpenString = createToken({
  name: 'OpenString',
  pattern: {
    exec: (text: string, offset: number) => {
      const rest = matchAt(/"[^\r\n]*/y, text, offset);
      return rest === undefined ? null : [rest[0].replace(/(?<=[^ \t)\]},])[ \t)\]},]+$/, '')];
    },
  },
  start_chars_hint: ['"'],
  line_breaks: false,
});
const OtherString = createToken({ name: 'OtherString', pattern: /'[^'\r\n]*'|[“”„][^“”\r\n]*[“”]/ });
const OddNumber = createToken({
  name: 'OddNumber',
  // .5   4.   3h   1_000   2e   1.5.2, but not the 4 of 4..6
  pattern: {
    exec: (text: string, offset: number) => {
      const number = matchAt(/\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y, text, offset);
      if (number === undefined) return matchAt(/\.\d\w*/y, text, offset) ?? null;
      const tail = matchAt(/\w+|(?:\.\d+)+|\.(?![.\w])|%/y, text, offset + number[0].length);
      return tail === undefined ? null : [number[0] + tail[0]];
    },
  },
  start_chars_hint: ['.', ...'0123456789'],
  line_breaks: false,
});
const OddSign = createToken({ name: 'OddSign', pattern: /=>|→|\*\*|:=|===|\.\.\.|[;−–—×·÷≤≥≠²³]/ });

/** Lookalikes: the token type they are read as, and what to write. */
const lookalikes: Readonly<Record<string, readonly [TokenType, string]>> = {
  ';': [Comma, 'entries are separated by a new line or a comma'],
  '=>': [Arrow, 'write `->`'],
  '→': [Arrow, 'write `->`'],
  '**': [Caret, 'write `^`'],
  '−': [Minus, 'write a plain `-`'],
  '–': [Minus, 'write a plain `-`'],
  '—': [Minus, 'write a plain `-`'],
  '×': [Star, 'write `*`'],
  '·': [Star, 'write `*`'],
  '÷': [Slash, 'write `/`'],
  '≤': [LessEqual, 'write `<=`'],
  '≥': [GreaterEqual, 'write `>=`'],
  '≠': [NotEqual, 'write `!=`'],
  '...': [Range, 'write `..`'],
  '===': [Equal, 'write `==`'],
  ':=': [Colon, 'write `key: value`, or `param NAME = value`'],
};

const powers: Readonly<Record<string, string | undefined>> = { '²': '2', '³': '3' };

/* ---- token types that `structure.ts` gives to names, once it knows their role ---- */

/** The name before the colon of a property. */
export const Key = createToken({ name: 'Key', pattern: Lexer.NA });
/** Any of `declarations`, where it opens a declaration. */
export const Declaration = createToken({ name: 'Declaration', pattern: Lexer.NA });
const declarationKeyword = (name: string) =>
  createToken({ name, pattern: Lexer.NA, categories: [Declaration] });

/** The words that open a declaration. */
export const declarations = {
  fn: declarationKeyword('Fn'),
  connection: declarationKeyword('Connection'),
  model: declarationKeyword('Model'),
  param: declarationKeyword('Param'),
  input: declarationKeyword('Input'),
  label: declarationKeyword('Label'),
  layer: declarationKeyword('Layer'),
  connect: declarationKeyword('Connect'),
  decode: declarationKeyword('Decode'),
  objective: declarationKeyword('Objective'),
  schedule: declarationKeyword('Schedule'),
  phase: declarationKeyword('Phase'),
  score: declarationKeyword('Score'),
  train: declarationKeyword('Train'),
  evaluate: declarationKeyword('Evaluate'),
} as const satisfies Record<string, TokenType>;
export type DeclarationWord = keyof typeof declarations;

/** In the order in which the lexer tries them. */
const lexed: TokenType[] = [
  WhiteSpace,
  LineComment,
  BlockComment,
  OpenComment,
  HashComment,
  StringToken,
  OpenString,
  OtherString,
  OddNumber,
  NumberToken,
  As,
  Over,
  From,
  Extends,
  Derivative,
  If,
  Then,
  Else,
  Name,
  LessEqual,
  GreaterEqual,
  OddSign,
  Equal,
  NotEqual,
  And,
  Or,
  Not,
  Question,
  Arrow,
  Range,
  Dot,
  Less,
  Greater,
  Assign,
  Plus,
  Minus,
  Star,
  Slash,
  Caret,
  LCurly,
  RCurly,
  LSquare,
  RSquare,
  LParen,
  RParen,
  Comma,
  Colon,
];

/** Every token type that the parser meets. */
export const vocabulary: TokenType[] = [
  ...lexed,
  BinaryOperator,
  Key,
  Declaration,
  ...Object.values(declarations),
];

const lexer = new Lexer(lexed, { ensureOptimizations: false });

export interface Tokens {
  readonly tokens: readonly IToken[];
  /** In order; `//` and block comments. */
  readonly comments: readonly IToken[];
  /** What signs and numbers of other languages are read as. */
  readonly rewrites: readonly Rewrite[];
  /** Offsets of tokens right after skipped text, which is to blame for mistakes there. */
  readonly excused: ReadonlySet<number>;
  readonly diagnostics: readonly Diagnostic[];
}

/** A token like `token`, of another type. */
export function retyped(token: IToken, type: TokenType): IToken {
  return { ...token, tokenType: type, tokenTypeIdx: type.tokenTypeIdx as number };
}

/** A token without extent right after another; `image` is the text it is read as. */
function after(token: IToken, type: TokenType, image: string): IToken {
  const end = token.startOffset + token.image.length;
  return { ...retyped(token, type), image, startOffset: end, endOffset: end - 1 };
}

/**
 * The tokens of a text, with words still plain names (see `structure.ts`). Never throws.
 * Reports RFF101 to RFF103, RFF106 and RFF107.
 */
export function tokenize(text: string): Tokens {
  const result = lexer.tokenize(text);
  const lines = lineTable(text);
  const diagnostics: Diagnostic[] = [];
  const report = (code: string, token: { offset: number; length: number }, message: string, hint: string) => {
    const span = locate(text, token.offset, token.offset + token.length, lines);
    diagnostics.push({ code, severity: 'error', message, span, hint });
  };
  const place = (token: IToken) => ({ offset: token.startOffset, length: token.image.length });
  const leftOut: number[] = [];

  for (const error of result.errors) {
    const odd = text.slice(error.offset, error.offset + error.length).trim();
    report(
      'RFF101',
      error,
      `unexpected ${plural(odd)} \`${odd}\``,
      'remove it; names are made of letters, digits and `_`',
    );
    leftOut.push(error.offset);
  }
  for (const token of result.groups.mistakes ?? []) {
    if (token.tokenType === OpenComment) {
      report(
        'RFF103',
        { offset: token.startOffset, length: 2 },
        'unterminated comment',
        'close it with `*/`',
      );
    } else {
      report(
        'RFF101',
        { offset: token.startOffset, length: 1 },
        'unexpected `#`',
        'comments start with `//`',
      );
    }
  }

  const tokens: IToken[] = [];
  const rewrites: Rewrite[] = [];
  const instead = (token: IToken, text: string) => {
    const start = token.startOffset;
    rewrites.push({ start, end: start + token.image.length, text });
  };
  for (const token of result.tokens) {
    switch (token.tokenType) {
      case OddSign: {
        const power = powers[token.image];
        const [meant, hint] = power ? [Caret, `write \`^${power}\``] : lookalikes[token.image]!;
        report('RFF101', place(token), `unexpected \`${token.image}\``, hint);
        instead(token, power ? `^${power}` : (meant.LABEL ?? ''));
        tokens.push(retyped(token, meant));
        if (power) tokens.push(after(token, NumberToken, power));
        break;
      }
      case OddNumber: {
        const [meant, hint] = oddNumber(token.image);
        const number = meant === NumberToken ? /^write `([^`]*)`/.exec(hint)?.[1] : undefined;
        if (number !== undefined) instead(token, number);
        report(
          'RFF106',
          place(token),
          `\`${token.image}\` is not a number${meant === Name ? ' or a name' : ''}`,
          hint,
        );
        tokens.push({ ...retyped(token, meant), payload: number });
        break;
      }
      case OpenString:
        report('RFF102', place(token), 'unterminated string', 'close it with `"` on the same line');
        tokens.push(retyped(token, StringToken));
        break;
      case OtherString:
        report(
          'RFF101',
          place(token),
          'wrong quotes: a string uses straight double quotes',
          `write \`"${token.image.slice(1, -1)}"\``,
        );
        instead(token, `"${token.image.slice(1, -1)}"`);
        tokens.push(retyped(token, StringToken));
        break;
      case NumberToken:
        if (!Number.isFinite(Number(token.image))) {
          report(
            'RFF106',
            place(token),
            `number \`${token.image}\` is too large`,
            'the largest is about 1.8e308',
          );
        }
        tokens.push(token);
        break;
      case StringToken:
        for (const found of token.image.matchAll(/\\(.)/gs)) {
          if (found[1] === '"' || found[1] === '\\') continue;
          const at = { offset: token.startOffset + found.index, length: 2 };
          report(
            'RFF107',
            at,
            `unknown escape \`${found[0]}\` in a string`,
            'write `\\\\` for a backslash; paths may use `/` everywhere',
          );
        }
        tokens.push(token);
        break;
      default:
        tokens.push(token);
    }
  }

  const excused = new Set<number>();
  let next = 0;
  for (const offset of leftOut.sort((a, b) => a - b)) {
    while (next < tokens.length && tokens[next]!.startOffset < offset) next++;
    excused.add(tokens[next]?.startOffset ?? text.length);
  }
  return { tokens, comments: result.groups.comments ?? [], rewrites, excused, diagnostics };
}

/** The value of a string literal; of an unterminated one, what there is. */
export function stringValue(image: string): string {
  const closed = image.length > 1 && !image.endsWith('\\') && /["'“”]$/.test(image);
  return image.slice(1, closed ? -1 : undefined).replace(/\\(["\\])/g, '$1');
}

function oddNumber(image: string): readonly [TokenType, string] {
  if (/^\.\d+$/.test(image)) return [NumberToken, `write \`0${image}\``];
  if (/^\d+\.$/.test(image)) return [NumberToken, `write \`${image}0\` or \`${image.slice(0, -1)}\``];
  if (/^[\d_]+$/.test(image)) return [NumberToken, `write \`${image.replaceAll('_', '')}\``];
  const suffixed = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?)[fld]$/i.exec(image)?.[1];
  if (suffixed !== undefined) return [NumberToken, `write \`${suffixed}\``];
  if (image.endsWith('%'))
    return [NumberToken, `write \`${Number((Number(image.slice(0, -1)) / 100).toPrecision(12))}\``];
  if (/^\d+(?:x\d+)+$/i.test(image)) return [Name, `write \`${image.split(/x/i).join(' * ')}\``];
  if (/^\d[\w]*$/.test(image) && !/^\d+[eE]$/.test(image))
    return [Name, 'a name starts with a letter or `_`; numbers look like `12`, `0.7`, `5e-6`'];
  return [NumberToken, 'numbers look like `12`, `0.7`, `5e-6`'];
}

function matchAt(pattern: RegExp, text: string, offset: number): [string] | undefined {
  pattern.lastIndex = offset;
  const match = pattern.exec(text);
  return match === null ? undefined : [match[0]];
}

const plural = (text: string) => ([...text].length > 1 ? 'characters' : 'character');
