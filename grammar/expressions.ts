/**
 * The grammar of expressions. A rule gives undefined where any part of the expression did not parse, so a value is
 * whole or absent.
 */
import type { IToken } from 'chevrotain';
import type * as Ast from './ast.js';
import type { Span } from './diagnostic.js';
import { locate } from './locate.js';
import { type Operand, operation } from './operation.js';
import { RecoveringParser } from './recovery.js';
import * as T from './tokens.js';
import { endOf } from './words.js';

export abstract class ExpressionParser extends RecoveringParser {
  /** The line table of `text`. */
  protected lines: readonly number[] = [];

  /** An expression or a list. */
  protected readonly value = this.RULE('value', (): Ast.Expression | undefined =>
    this.OR([{ ALT: () => this.SUBRULE(this.list) }, { ALT: () => this.SUBRULE(this.expression) }]),
  );

  protected readonly list = this.RULE('list', (): Ast.Expression | undefined => {
    this.ACTION(() => this.deeper());
    const first = this.CONSUME(T.LSquare);
    const items: Ast.Expression[] = [];
    let whole = true;
    this.MANY(() => {
      const item = this.attempt(() => this.SUBRULE(this.value));
      this.ACTION(() => {
        if (item === undefined) whole = false;
        else items.push(item);
        if (!this.betweenItems('an item')) whole = false;
      });
    });
    this.ACTION(() => {
      if (!this.toCloser()) whole = false;
      this.shallower();
    });
    this.CONSUME(T.RSquare);
    return this.ACTION(() => (whole ? { kind: 'list', items, span: this.spanFrom(first) } : undefined));
  });

  protected readonly expression = this.RULE('expression', (): Ast.Expression | undefined =>
    this.OR([{ ALT: () => this.SUBRULE(this.conditional) }, { ALT: () => this.SUBRULE(this.operation) }]),
  );

  protected readonly conditional = this.RULE('conditional', (): Ast.Expression | undefined => {
    this.ACTION(() => this.deeper());
    const first = this.CONSUME(T.If);
    const condition = this.SUBRULE(this.expression);
    this.CONSUME(T.Then);
    const then = this.SUBRULE1(this.expression);
    this.CONSUME(T.Else);
    const otherwise = this.SUBRULE2(this.expression);
    return this.ACTION(() => {
      this.shallower();
      if (condition === undefined || then === undefined || otherwise === undefined) return undefined;
      return { kind: 'if', condition, then, otherwise, span: this.spanFrom(first) };
    });
  });

  protected readonly operation = this.RULE('operation', (): Ast.Expression | undefined => {
    const operands: Operand[] = [];
    const operators: IToken[] = [];
    let whole = true;
    const add = (operand: Operand | undefined) => {
      if (operand === undefined) whole = false;
      else operands.push(operand);
    };
    const head = this.SUBRULE(this.operand);
    this.ACTION(() => add(head));
    this.MANY(() => {
      const operator = this.CONSUME(T.BinaryOperator);
      const operand = this.SUBRULE1(this.operand);
      this.ACTION(() => {
        operators.push(operator);
        add(operand);
      });
    });
    return this.ACTION(() =>
      whole
        ? operation(operands, operators, this.report, (first, last) =>
            locate(this.text, first, last, this.lines),
          )
        : undefined,
    );
  });

  /** An atom with the minuses before it. */
  protected readonly operand = this.RULE('operand', (): Operand | undefined => {
    const minuses: IToken[] = [];
    this.MANY(() => {
      const minus = this.CONSUME(T.Minus);
      this.ACTION(() => {
        minuses.push(minus);
        this.count();
      });
    });
    this.ACTION(() => this.count());
    const atom = this.OR([
      { ALT: () => this.SUBRULE(this.literal) },
      { ALT: () => this.SUBRULE(this.nameOrCall) },
      { ALT: () => this.SUBRULE(this.parenthesized) },
    ]);
    return this.ACTION(() => (atom === undefined ? undefined : { minuses, atom }));
  });

  protected readonly literal = this.RULE('literal', (): Ast.Expression | undefined =>
    this.OR([
      {
        ALT: () => {
          const token = this.CONSUME(T.NumberToken);
          return this.ACTION((): Ast.Expression | undefined => {
            const value = Number(token.image);
            // Reported by the lexer.
            if (!Number.isFinite(value)) return undefined;
            return { kind: 'number', value, text: token.image, span: this.spanFrom(token) };
          });
        },
      },
      {
        ALT: () => {
          const token = this.CONSUME(T.StringToken);
          return this.ACTION(
            (): Ast.Expression => ({
              kind: 'string',
              value: T.stringValue(token.image),
              span: this.spanFrom(token),
            }),
          );
        },
      },
    ]),
  );

  protected readonly nameOrCall = this.RULE('nameOrCall', (): Ast.Expression | undefined => {
    const name = this.CONSUME(T.Name);
    const args = this.OPTION(() => ({ list: this.SUBRULE(this.callArguments) }));
    return this.ACTION(() => {
      // `3h`: reported by the lexer.
      if (/^\d/.test(name.image)) return undefined;
      if (args === undefined) return { kind: 'name', name: name.image, span: this.spanFrom(name) };
      if (args.list === undefined) return undefined;
      return { kind: 'call', callee: this.name(name), arguments: args.list, span: this.spanFrom(name) };
    });
  });

  protected readonly callArguments = this.RULE('callArguments', (): Ast.Argument[] | undefined => {
    this.ACTION(() => this.deeper());
    this.CONSUME(T.LParen);
    const list: Ast.Argument[] = [];
    let whole = true;
    this.MANY(() => {
      const argument = this.attempt(() => this.SUBRULE(this.argument));
      this.ACTION(() => {
        if (argument === undefined) whole = false;
        else {
          if (argument.name === undefined && list.at(-1)?.name !== undefined) {
            this.report(
              'RFF117',
              argument.span.start,
              argument.span.end,
              'an argument without a name stands after one with a name',
              `put it before \`${list.find((other) => other.name !== undefined)?.name?.text}:\`, or name it`,
            );
            whole = false;
          }
          list.push(argument);
        }
        if (!this.betweenItems('an argument')) whole = false;
      });
    });
    this.ACTION(() => {
      if (!this.toCloser()) whole = false;
      this.shallower();
    });
    this.CONSUME(T.RParen);
    return this.ACTION(() => (whole ? list : undefined));
  });

  protected readonly argument = this.RULE('argument', (): Ast.Argument | undefined => {
    const start = this.LA(1);
    const name = this.OPTION(() => {
      const token = this.CONSUME(T.Name);
      this.CONSUME(T.Colon);
      return token;
    });
    const value = this.SUBRULE(this.value);
    return this.ACTION(() =>
      value === undefined
        ? undefined
        : { ...optional('name', name && this.name(name)), value, span: this.spanFrom(start) },
    );
  });

  protected readonly parenthesized = this.RULE('parenthesized', (): Ast.Expression | undefined => {
    this.ACTION(() => this.deeper());
    const first = this.CONSUME(T.LParen);
    const inner = this.attempt(() => this.SUBRULE(this.expression));
    const whole = this.ACTION(() => {
      this.shallower();
      return this.toCloser();
    });
    this.CONSUME(T.RParen);
    return this.ACTION(() =>
      inner === undefined || !whole ? undefined : { ...inner, span: this.spanFrom(first) },
    );
  });

  /* ---- nodes ---- */

  protected name(token: IToken): Ast.Name {
    return { text: token.image, span: this.spanBetween(token, token) };
  }

  /** From a token to the last one read. */
  protected spanFrom(first: IToken): Span {
    return this.spanBetween(first, this.LA(0));
  }

  private spanBetween(first: IToken, last: IToken): Span {
    return locate(this.text, first.startOffset, endOf(last), this.lines);
  }
}

/** `{ key: value }`, or nothing where there is no value. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
