/** Sizes and ranges: `h1[200]`, `learn[4..6]`. Other notations are reported with what to write instead. */
import type * as Ast from './ast.js';
import { EOF, tokenMatcher } from './chevrotain.js';
import { ExpressionParser, optional } from './expressions.js';
import * as T from './tokens.js';
import { type Given, sizeOf } from './translate.js';
import { endOf, isDeclaration, onNewLine } from './words.js';

export abstract class SizeParser extends ExpressionParser {
  /** `NAME[size]`. Also reads `NAME(size)`, `NAME: size` and `NAME = Linear(784, size)`, which are reported. */
  protected readonly sized = this.RULE('sized', (): Ast.Sized | undefined => {
    const word = this.LA(0);
    const first = this.LA(1);
    const name = this.SUBRULE(this.maybeName);
    const { reports } = this;
    const size = this.OPTION({
      GATE: () => (name === undefined ? this.LA(1).tokenType === T.LSquare : this.sizeNext()),
      DEF: () =>
        this.OR([
          { ALT: () => this.SUBRULE(this.squareSize) },
          {
            ALT: () => ({ given: this.SUBRULE(this.callArguments).given, value: undefined, square: false }),
            IGNORE_AMBIGUITIES: true,
          },
          {
            ALT: () => {
              this.OPTION1(() =>
                this.OR1([{ ALT: () => this.CONSUME(T.Colon) }, { ALT: () => this.CONSUME(T.Assign) }]),
              );
              return { ...this.SUBRULE(this.plainSize), square: false };
            },
          },
        ]),
    });
    return this.ACTION(() => {
      if (name === undefined) return undefined;
      if (size === undefined)
        this.missing(`expected the size of \`${name.text}\`, as in \`${name.text}[10]\``);
      else if (
        this.reports === reports &&
        !this.excusedAt(first) &&
        (!size.square || size.given.length > 1 || word.image === '')
      ) {
        const text = `${name.text}[${size.given.map((item: Given) => item.value).join(' * ')}]`;
        const whole = word.image === '' ? `${word.tokenType.name.toLowerCase()} ${text}` : text;
        this.report(
          'RFF121',
          name.span.start,
          endOf(this.LA(0)),
          word.image === '' ? 'expected a declaration' : `malformed size of \`${name.text}\``,
          `write \`${whole}\``,
        );
      }
      return { name, ...optional('size', size?.value), span: this.spanFrom(first) };
    });
  });

  /** `[10]`, or a shape such as `[28, 28]`. */
  protected readonly squareSize = this.RULE('squareSize', () => {
    this.CONSUME(T.LSquare);
    const given: { value: string }[] = [];
    const read = () => {
      const from = this.LA(1).startOffset;
      const value = this.translated(() => this.SUBRULE(this.expression));
      this.ACTION(() => given.push({ value: this.textOf(from, endOf(this.LA(0))) }));
      return value;
    };
    const value = read();
    this.MANY(() => {
      this.CONSUME(T.Comma);
      const from = this.LA(1).startOffset;
      this.translated(() => this.SUBRULE1(this.expression));
      this.ACTION(() => given.push({ value: this.textOf(from, endOf(this.LA(0))) }));
    });
    this.ACTION(() => this.toCloser());
    this.CONSUME(T.RSquare);
    return { value: given.length > 1 ? undefined : value, given, square: true };
  });

  /** `784`, `Linear(784, 200)` */
  protected readonly plainSize = this.RULE('plainSize', () => {
    const from = this.LA(1).startOffset;
    const before = this.rewrites.length;
    const value = this.attempt(() => this.SUBRULE(this.expression));
    return this.ACTION(() => {
      const text = this.text.slice(from, endOf(this.LA(0)));
      const made = /^(?:\w+\.)*(\w+)\(([^()]*)\)$/.exec(text);
      const size = made && sizeOf(made[1]!, given(made[2]!));
      const written = size ?? this.textOf(from, endOf(this.LA(0)));
      this.rewrites.length = Math.min(before, this.rewrites.length);
      return { value: size === null ? value : undefined, given: [{ value: written }] };
    });
  });

  /** Whether a size follows, possibly malformed: `h1(20)`, `h1: 20`, `h1 20`, `h1 Linear(784, 20)`. */
  protected sizeNext(): boolean {
    const [token, next] = [this.LA(1), this.LA(2)];
    const { tokenType } = token;
    if (tokenType === T.LSquare || tokenType === T.LParen) return true;
    if (tokenType === T.Colon || tokenType === T.Assign) return true;
    if (onNewLine(this.LA(0), token)) return false;
    return tokenType === T.NumberToken || (tokenType === T.Name && next.tokenType === T.LParen);
  }

  /** A name; if there is none, that is reported and nothing is read. */
  protected readonly maybeName = this.RULE('maybeName', (): Ast.Name | undefined => {
    const name = this.OPTION({
      // In `a -> as forward` the name is missing.
      GATE: () => {
        const [next, afterNext] = [this.LA(1), this.LA(2)];
        return !(next.tokenType === T.As && afterNext.tokenType === T.Name && !onNewLine(next, afterNext));
      },
      DEF: () => this.CONSUME(T.Name),
    });
    return this.ACTION(() => {
      if (name === undefined) this.missingName();
      return name && this.name(name);
    });
  });

  /** `[4..6]`; `written` is what to write instead of `(4..6)`, `[4:6]`, `[4, 5, 6]`, `[4]` and the like. */
  protected readonly range = this.RULE('range', () => {
    const square = this.OR([{ ALT: () => this.CONSUME(T.LSquare) }, { ALT: () => this.CONSUME(T.LParen) }]);
    const { reports } = this;
    const parts: { text: string; value: Ast.Expression | undefined }[] = [];
    let signs = '';
    this.attempt(() => {
      const at = this.LA(1).startOffset;
      const value = this.SUBRULE(this.expression);
      this.ACTION(() => parts.push({ value, text: this.textOf(at, endOf(this.LA(0))) }));
      this.MANY({
        GATE: () => !tokenMatcher(this.LA(1), T.Name) || this.LA(1).image === 'to',
        DEF: () => {
          const sign = this.OR1([
            { ALT: () => this.CONSUME(T.Range) },
            { ALT: () => this.CONSUME(T.Colon) },
            { ALT: () => this.CONSUME(T.Comma) },
            { ALT: () => this.CONSUME(T.Name) },
          ]);
          const from = this.LA(1).startOffset;
          const next = this.SUBRULE1(this.expression);
          this.ACTION(() => {
            signs += sign.tokenType === T.Range ? '..' : sign.image;
            parts.push({ value: next, text: this.textOf(from, endOf(this.LA(0))) });
          });
        },
      });
    });
    this.ACTION(() => this.toCloser());
    this.OR2([{ ALT: () => this.CONSUME(T.RSquare) }, { ALT: () => this.CONSUME(T.RParen) }]);
    return this.ACTION(() => {
      const [first, last] = [parts[0], parts.length > 1 ? parts.at(-1) : undefined];
      const ends = { ...optional('from', first?.value), ...optional('to', last?.value) };
      if (first === undefined || this.reports > reports) return { ends };
      if (signs === '..' && square.tokenType === T.LSquare) return { ends };
      if (last !== undefined) return { ends, written: `${first.text}..${last.text}` };
      const [, from, to] = /^(\d+) *- *(\d+)$/.exec(first.text) ?? [];
      const [, low, end] = /^range\((\d+), *(\d+)\)$/.exec(first.text) ?? [];
      if (from !== undefined) return { ends: {}, written: `${from}..${to}` };
      if (low !== undefined) return { ends: {}, written: `${low}..${Number(end) - 1}` };
      if (/^\d+$/.test(first.text)) return { ends: {}, written: `${first.text}..${first.text}` };
      this.report(
        'RFF114',
        endOf(this.LA(0)) - 1,
        endOf(this.LA(0)) - 1,
        `expected \`..\` and the last step after \`${first.text}\``,
      );
      return { ends: {} };
    });
  });

  /** Whether a comma follows that does not separate entries. */
  protected listGoesOn(): boolean {
    const after = this.LA(2);
    const separates = after.tokenType === T.Key || after.tokenType === T.RCurly || after.tokenType === EOF;
    return this.LA(1).tokenType === T.Comma && !separates && !isDeclaration(after);
  }

  protected nameOnLine(): boolean {
    return this.LA(1).tokenType === T.Name && !onNewLine(this.LA(0), this.LA(1));
  }
}

const given = (list: string) =>
  list.split(',').map((item: string) => {
    const [, name, value] = /^\s*(?:(\w+)\s*[:=])?\s*(.*?)\s*$/.exec(item)!;
    return { ...optional('name', name), value: value! };
  });
