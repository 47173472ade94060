/**
 * The grammar of expressions. A rule returns undefined if any part of its expression did not parse, so a value is
 * either complete or absent.
 */
import type { IToken } from 'chevrotain';
import type * as Ast from './ast.js';
import { tokenMatcher } from './chevrotain.js';
import type { Span } from './diagnostic.js';
import { variables } from './habits.js';
import { locate } from './locate.js';
import { type Operand, operation } from './operation.js';
import { RecoveringParser } from './recovery.js';
import * as T from './tokens.js';
import { call, chain, filled, type Given, type Link, type Rewrite, rewritten } from './translate.js';
import { endOf } from './words.js';

/** The arguments of a call: as a tree if they are valid .rff, and as text. */
interface Arguments {
  readonly list: Ast.Argument[] | undefined;
  readonly given: readonly Given[];
  /** Written in another language's notation: `lr=1e-3`. */
  readonly foreign: boolean;
}
/** Words that other languages put between two values. */
const joins: Readonly<Record<string, 'and' | 'or' | undefined>> = {
  and: 'and',
  '&&': 'and',
  or: 'or',
  '||': 'or',
};

export abstract class ExpressionParser extends RecoveringParser {
  /** The line table of `text`. */
  protected lines: readonly number[] = [];
  /** What to write instead of other languages' notation, in the order it was read. */
  protected rewrites: Rewrite[] = [];
  /** The property being read. */
  protected place = '';

  /**
   * Reads a whole expression. One in another language's notation is a single error that shows all of it as .rff, and
   * its value is absent. `silent`: the caller reports it.
   */
  protected translated<R>(read: () => R | undefined, silent = false): R | undefined {
    const start = this.LA(1).startOffset;
    const before = this.rewrites.length;
    const { reports } = this;
    const result = this.attempt(read);
    return this.ACTION(() => {
      const found = this.rewrites.slice(before);
      if (found.length === 0) return result;
      if (this.reports === reports && !silent) {
        const end = endOf(this.LA(0));
        const text = this.text.slice(start, end);
        this.report(
          'RFF120',
          start,
          end,
          `\`${text.replace(/\s+/g, ' ')}\` is not .rff notation`,
          `write \`${this.textOf(start, end)}\``,
        );
      }
      return undefined;
    });
  }

  /** The text from `start` to `end` as .rff writes it. */
  protected textOf(start: number, end: number): string {
    return rewritten(this.text, start, end, this.rewrites);
  }

  private rewrite(first: IToken, text: string): void {
    this.rewrites.push({ start: first.startOffset, end: endOf(this.LA(0)), text });
  }

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

  protected readonly expression = this.RULE('expression', (): Ast.Expression | undefined => {
    const first = this.LA(1);
    const value = this.OR([
      { ALT: () => this.SUBRULE(this.conditional) },
      {
        GATE: () => this.LA(1).image === 'lambda' && this.LA(2).tokenType === T.Name,
        ALT: () => this.SUBRULE(this.lambda),
        IGNORE_AMBIGUITIES: true,
      },
      { ALT: () => this.SUBRULE(this.operation) },
    ]);
    const end = this.ACTION(() => endOf(this.LA(0)));
    /** The three parts of a conditional; undefined if `value` is given. */
    const branches = this.OPTION(() =>
      this.OR1([
        {
          // c ? a : b
          ALT: () => {
            this.CONSUME(T.Question);
            const a = this.SUBRULE1(this.written);
            this.CONSUME(T.Colon);
            return [undefined, a, this.SUBRULE2(this.written)];
          },
        },
        {
          // a if c else b
          ALT: () => {
            this.CONSUME(T.If);
            const condition = this.SUBRULE3(this.written);
            this.CONSUME(T.Else);
            return [condition, undefined, this.SUBRULE4(this.written)];
          },
        },
      ]),
    );
    return this.ACTION(() => {
      if (branches === undefined) return value;
      const head = this.textOf(first.startOffset, end);
      const [condition, a, b] = branches.map((part) => part ?? head);
      this.rewrite(first, `if ${condition} then ${a} else ${b}`);
      return undefined;
    });
  });

  /** `lambda z: max(z, 0)` */
  private readonly lambda = this.RULE('lambda', (): undefined => {
    const first = this.CONSUME(T.Name);
    const parameter = this.CONSUME1(T.Name);
    this.CONSUME(T.Colon);
    const body = this.SUBRULE(this.written);
    return this.ACTION(() => {
      this.rewrite(first, this.applied(parameter.image, body));
      return undefined;
    });
  });

  /** An expression as text. */
  private readonly written = this.RULE('written', (): string => {
    const first = this.LA(1);
    this.ACTION(() => this.deeper());
    this.SUBRULE(this.expression);
    return this.ACTION(() => {
      this.shallower();
      return this.textOf(first.startOffset, endOf(this.LA(0)));
    });
  });

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
    const first = this.LA(1);
    const operands: Operand[] = [];
    const operators: IToken[] = [];
    /** The operands of `and` and `or`, as text. */
    const terms: string[] = [];
    const words: ('and' | 'or')[] = [];
    let start = first.startOffset;
    let whole = true;
    const add = (operand: Operand | undefined) => {
      if (operand === undefined) whole = false;
      else operands.push(operand);
    };
    const head = this.SUBRULE(this.operand);
    this.ACTION(() => add(head));
    this.MANY({
      GATE: () => !tokenMatcher(this.LA(1), T.Name) || this.joinNext(),
      DEF: () => {
        const operator = this.OR([
          { ALT: () => this.CONSUME(T.BinaryOperator) },
          { ALT: () => this.CONSUME(T.And) },
          { ALT: () => this.CONSUME(T.Or) },
          { ALT: () => this.CONSUME(T.Name) },
        ]);
        this.ACTION(() => {
          const word = joins[operator.image];
          if (word === undefined) return;
          words.push(word);
          terms.push(this.textOf(start, operator.startOffset).trim());
          start = this.LA(1).startOffset;
        });
        const operand = this.SUBRULE1(this.operand);
        this.ACTION(() => {
          operators.push(operator);
          add(operand);
        });
      },
    });
    // x => a
    const body = this.OPTION(() => {
      this.CONSUME(T.Arrow);
      return this.SUBRULE(this.written);
    });
    return this.ACTION(() => {
      if (body !== undefined)
        this.rewrite(first, this.applied(head?.atom.kind === 'name' ? head.atom.name : undefined, body));
      else if (words.length > 0) {
        terms.push(this.textOf(start, endOf(this.LA(0))));
        this.rewrite(first, joined(terms, words));
      } else if (whole)
        return operation(operands, operators, this.report, (from, to) =>
          locate(this.text, from, to, this.lines),
        );
      return undefined;
    });
  });

  private joinNext(): boolean {
    const { image } = this.LA(1);
    return image === 'and' || image === 'or';
  }

  /** The body of `x => …`, with its parameter renamed to the variable of the property. */
  private applied(name: string | undefined, body: string): string {
    const variable = variables[this.place];
    if (name === undefined || variable === undefined) return body;
    return body.replace(/[A-Za-z_]\w*/g, (word) => (word === name ? variable : word));
  }

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
    const not = this.OPTION({
      GATE: () => this.LA(1).tokenType === T.Not || this.notNext(),
      DEF: () => this.OR1([{ ALT: () => this.CONSUME(T.Not) }, { ALT: () => this.CONSUME(T.Name) }]),
    });
    const start = this.LA(1);
    const { atom, link: head } = this.OR([
      { ALT: () => ({ atom: this.SUBRULE(this.literal), link: undefined }) },
      { ALT: () => this.SUBRULE(this.nameOrCall) },
      {
        GATE: () => this.LA(1).image === '{',
        ALT: () => ({ atom: this.SUBRULE(this.object), link: undefined }),
        IGNORE_AMBIGUITIES: true,
      },
      { ALT: () => ({ atom: this.SUBRULE(this.parenthesized), link: undefined }) },
    ]);
    const end = this.ACTION(() => endOf(this.LA(0)));
    const links: Link[] = [];
    // torch.relu(z), h.pow(2).mean(1), nn.ReLU()(z)
    this.MANY1({
      GATE: () => this.LA(1).tokenType === T.Dot || links.length > 0,
      DEF: () => {
        const link = this.OR2([
          {
            ALT: () => {
              this.CONSUME(T.Dot);
              const name = this.CONSUME1(T.Name);
              const args = this.OPTION1(() => this.SUBRULE(this.callArguments));
              return { name: name.image, ...optional('arguments', args?.given) };
            },
          },
          { ALT: () => ({ arguments: this.SUBRULE1(this.callArguments).given }) },
        ]);
        this.ACTION(() => links.push(link));
      },
    });
    return this.ACTION(() => {
      const whole = links.length === 0 && not === undefined;
      if (whole) return atom === undefined ? undefined : { minuses, atom };
      if (links.length > 0) {
        const object = head ?? { name: this.textOf(start.startOffset, end) };
        this.rewrite(start, chain([object, ...links], this.place));
      }
      if (not !== undefined) {
        const text = this.textOf(start.startOffset, endOf(this.LA(0)));
        this.rewrite(not, filled('1 - x', [{ value: text }]));
      }
      return undefined;
    });
  });

  /** `{ name: adam, lr: 1e-3 }` */
  private readonly object = this.RULE('object', (): undefined => {
    const first = this.LA(1);
    const { given } = this.SUBRULE(this.callArguments);
    return this.ACTION(() => {
      const named = given.find(({ name }) => /^(?:name|type|kind|class|_target_)$/.test(name ?? ''));
      const rest = given.filter((argument) => argument !== named);
      const name = named?.value.replaceAll('"', '') ?? 'NAME';
      this.rewrite(first, call(name, rest, this.place));
      return undefined;
    });
  });

  /** `not z`, as opposed to a call `not(z)`. */
  private notNext(): boolean {
    const next = this.LA(2).tokenType;
    return this.LA(1).image === 'not' && (next === T.Name || next === T.NumberToken);
  }

  protected readonly literal = this.RULE('literal', (): Ast.Expression | undefined =>
    this.OR([
      {
        ALT: () => {
          const token = this.CONSUME(T.NumberToken);
          return this.ACTION((): Ast.Expression | undefined => {
            const meant: unknown = token.payload;
            const text = typeof meant === 'string' ? meant : token.image;
            const value = Number(text);
            // Reported by the lexer.
            if (!Number.isFinite(value)) return undefined;
            return { kind: 'number', value, text, span: this.spanFrom(token) };
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

  protected readonly nameOrCall = this.RULE(
    'nameOrCall',
    (): { atom: Ast.Expression | undefined; link: Link } => {
      const name = this.CONSUME(T.Name);
      const args = this.OPTION(() => this.SUBRULE(this.callArguments));
      return this.ACTION(() => {
        const link = { name: name.image, ...optional('arguments', args?.given) };
        // `3h`: reported by the lexer.
        if (/^\d/.test(name.image)) return { atom: undefined, link };
        if (args === undefined)
          return { atom: { kind: 'name', name: name.image, span: this.spanFrom(name) }, link };
        if (args.foreign) this.rewrite(name, call(name.image, args.given, this.place));
        const { list } = args;
        if (list === undefined || args.foreign) return { atom: undefined, link };
        const span = this.spanFrom(name);
        return { atom: { kind: 'call', callee: this.name(name), arguments: list, span }, link };
      });
    },
  );

  protected readonly callArguments = this.RULE('callArguments', (): Arguments => {
    this.ACTION(() => this.deeper());
    this.CONSUME(T.LParen);
    const list: Ast.Argument[] = [];
    const given: Given[] = [];
    let whole = true;
    let foreign = false;
    this.MANY(() => {
      const { reports } = this;
      const start = this.LA(1);
      const argument = this.attempt(() => this.SUBRULE(this.argument));
      this.ACTION(() => {
        if (argument === undefined) whole = false;
        else {
          foreign ||= argument.assigned;
          const { name, value, at } = argument;
          given.push({ ...optional('name', name?.text), value: this.textOf(at, endOf(this.LA(0))) });
          if (value === undefined) whole = false;
          else {
            const span = this.spanFrom(start);
            if (name === undefined && list.at(-1)?.name !== undefined && this.reports === reports) {
              this.report(
                'RFF117',
                span.start,
                span.end,
                'positional argument after a named one',
                `put it before \`${list.find((other) => other.name !== undefined)?.name?.text}:\`, or name it`,
              );
              whole = false;
            }
            list.push({ ...optional('name', name), value, span });
          }
        }
        if (!this.betweenItems('an argument')) whole = false;
      });
    });
    this.ACTION(() => {
      if (!this.toCloser()) whole = false;
      this.shallower();
    });
    this.CONSUME(T.RParen);
    return this.ACTION(() => ({ list: whole ? list : undefined, given, foreign }));
  });

  protected readonly argument = this.RULE('argument', () => {
    const named = this.OPTION(() => {
      const token = this.CONSUME(T.Name);
      const sign = this.OR([{ ALT: () => this.CONSUME(T.Colon) }, { ALT: () => this.CONSUME(T.Assign) }]);
      return { token, assigned: sign.tokenType === T.Assign };
    });
    const at = this.LA(1).startOffset;
    const value = this.SUBRULE(this.value);
    return this.ACTION(() => ({
      ...optional('name', named && this.name(named.token)),
      ...optional('value', value),
      assigned: named?.assigned === true,
      at,
    }));
  });

  protected readonly parenthesized = this.RULE('parenthesized', (): Ast.Expression | undefined => {
    this.ACTION(() => this.deeper());
    const first = this.CONSUME(T.LParen);
    const inner = this.attempt(() => this.SUBRULE(this.expression));
    let items = 1;
    // (0.9, 0.999)
    this.MANY(() => {
      this.CONSUME(T.Comma);
      this.attempt(() => this.SUBRULE1(this.expression));
      items++;
    });
    const whole = this.ACTION(() => {
      this.shallower();
      return this.toCloser();
    });
    const last = this.CONSUME(T.RParen);
    return this.ACTION(() => {
      if (items > 1) this.rewrite(first, `[${this.textOf(endOf(first), last.startOffset)}]`);
      return inner === undefined || !whole || items > 1
        ? undefined
        : { ...inner, span: this.spanFrom(first) };
    });
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

/** Comparisons evaluate to 1 or 0: "and" is their product, "or" their maximum. */
function joined(terms: readonly string[], words: readonly ('and' | 'or')[]): string {
  const groups: string[][] = [[terms[0]!]];
  words.forEach((word, i) => {
    if (word === 'and') groups.at(-1)!.push(terms[i + 1]!);
    else groups.push([terms[i + 1]!]);
  });
  const all = groups.map((g) => g.reduce((a, b) => filled('x * a', [{ value: a }, { value: b }])));
  return all.reduce((a, b) => `max(${a}, ${b})`);
}

/** `{ key: value }`, or an empty object without a value. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
