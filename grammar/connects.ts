/**
 * Connections: chains of nodes and their type. Other arrows and word orders are reported with what to write instead.
 */
import type { IToken } from 'chevrotain';
import type * as Ast from './ast.js';
import { optional } from './expressions.js';
import { SizeParser } from './sizes.js';
import * as T from './tokens.js';
import { endOf, onNewLine } from './words.js';

/** The head of a `connect`, before its block. */
export interface Joining {
  readonly first: IToken;
  readonly chains: readonly (readonly Ast.Name[])[];
  readonly type?: Ast.Name;
}

export abstract class ConnectParser extends SizeParser {
  /** `connect a -> b, c -> d as type`, without its block. */
  protected readonly joining = this.RULE('joining', (): Joining => {
    const first = this.CONSUME(T.declarations.connect);
    const start = this.LA(1).startOffset;
    const { reports } = this;
    const chains: Ast.Name[][] = [];
    let foreign = first.image === '';
    const add = (chain: { names: Ast.Name[][]; foreign: boolean }) => {
      chains.push(...chain.names);
      foreign ||= chain.foreign;
    };
    const open = this.OPTION(() => this.CONSUME(T.LParen));
    const head = this.SUBRULE(this.chain);
    this.ACTION(() => add(head));
    this.MANY({
      GATE: () => this.listGoesOn() || (open !== undefined && this.LA(1).tokenType === T.Comma),
      DEF: () => {
        this.CONSUME(T.Comma);
        const another = this.SUBRULE1(this.chain);
        this.ACTION(() => add(another));
      },
    });
    this.OPTION1(() => this.CONSUME(T.RParen));
    const type = this.OR([
      {
        ALT: () => {
          this.CONSUME(T.As);
          return this.SUBRULE(this.maybeName);
        },
      },
      {
        // `: forward`, `(forward)`
        ALT: () => {
          this.OR1([{ ALT: () => this.CONSUME(T.Colon) }, { ALT: () => this.CONSUME1(T.LParen) }]);
          const name = this.CONSUME(T.Name);
          this.OPTION2(() => this.CONSUME1(T.RParen));
          this.ACTION(() => {
            foreign = true;
          });
          return this.ACTION(() => this.name(name));
        },
      },
      {
        // `with forward`
        GATE: () =>
          this.nameOnLine() && this.LA(2).tokenType === T.Name && !onNewLine(this.LA(1), this.LA(2)),
        ALT: () => {
          this.CONSUME1(T.Name);
          const name = this.CONSUME2(T.Name);
          this.ACTION(() => {
            foreign = true;
          });
          return this.ACTION(() => this.name(name));
        },
        IGNORE_AMBIGUITIES: true,
      },
      {
        GATE: () => this.nameOnLine(),
        ALT: () => {
          this.ACTION(() => this.missing(`expected \`as\` before \`${this.LA(1).image}\``));
          return this.SUBRULE1(this.maybeName);
        },
        IGNORE_AMBIGUITIES: true,
      },
      { ALT: () => undefined },
    ]);
    this.ACTION(() => {
      const names = chains.flat();
      // `connect digit, h1 as forward`
      const listed = chains.length > 1 && chains.every((chain) => chain.length === 1);
      const ends = listed ? [names] : chains;
      const lonely = ends.find((chain) => chain.length === 1);
      if (this.reports > reports || names.length === 0) return;
      if (names.length > 1 && (foreign || listed || open !== undefined)) {
        const written = ends.map((chain) => chain.map(({ text }) => text).join(' -> ')).join(', ');
        const text = `${written} as ${type?.text ?? 'TYPE'}`;
        const line = `write \`${first.image === '' ? 'connect ' : ''}${text}\``;
        this.report('RFF124', start, endOf(this.LA(0)), 'malformed connection', line);
      } else if (lonely !== undefined) {
        const { text, span } = lonely[0]!;
        this.report('RFF114', span.end, span.end, `expected \`->\` and a layer after \`${text}\``);
      } else if (type === undefined && this.LA(0).tokenType !== T.As)
        this.missing('expected `as` and the type of connection');
    });
    return this.ACTION(() => ({
      first,
      chains: chains.filter((chain) => chain.length > 0),
      ...optional('type', type),
    }));
  });

  /** `a -> b -> c`; also with other arrows, which are `foreign`. */
  protected readonly chain = this.RULE('chain', () => {
    const names: Ast.Name[] = [];
    /** Backwards, as `b <- a`. */
    const back: Ast.Name[][] = [];
    let foreign = false;
    const add = (name: Ast.Name | undefined) => name !== undefined && names.push(name);
    const head = this.SUBRULE(this.maybeName);
    this.ACTION(() => add(head));
    this.MANY({
      GATE: () => this.arrowNext() || this.nameInChain(),
      DEF: () => {
        const { sign, next } = this.OR([
          {
            GATE: () => this.arrowNext(),
            ALT: () => {
              const arrow = this.SUBRULE(this.arrow);
              return { sign: arrow, next: this.SUBRULE1(this.maybeName) };
            },
          },
          {
            GATE: () => !this.arrowNext(),
            ALT: () => {
              this.ACTION(() => this.missing(`expected \`->\` or \`,\` before \`${this.LA(1).image}\``));
              const name = this.CONSUME(T.Name);
              return { sign: '', next: this.ACTION(() => this.name(name)) };
            },
            IGNORE_AMBIGUITIES: true,
          },
        ]);
        this.ACTION(() => {
          foreign ||= sign !== '->' && sign !== '';
          const before = names.at(-1);
          if (sign.startsWith('<') && before !== undefined && next !== undefined) back.push([next, before]);
          if (sign.startsWith('<') && !sign.includes('>')) names.length = 0;
          add(next);
        });
      },
    });
    return this.ACTION(() => ({
      names: names.length === 1 && back.length > 0 ? back : [names, ...back],
      foreign,
    }));
  });

  protected readonly arrow = this.RULE('arrow', (): string => {
    let sign = '';
    this.AT_LEAST_ONE({
      GATE: () => this.arrowNext(),
      DEF: () => {
        const part = this.OR([
          { ALT: () => this.CONSUME(T.Arrow) },
          { ALT: () => this.CONSUME(T.BinaryOperator) },
          { ALT: () => this.CONSUME(T.Name) },
        ]);
        sign += part.tokenType === T.Arrow ? '->' : part.image;
      },
    });
    return sign;
  });

  /** An arrow, or what other notations use for one: `>`, `-->`, `<-`, `<->`, `to`. */
  protected arrowNext(): boolean {
    const { tokenType, image } = this.LA(1);
    if (tokenType === T.Arrow || tokenType === T.Minus || image === '>' || image === '<') return true;
    return image === 'to' && this.nameOnLine() && this.LA(2).tokenType === T.Name;
  }

  /** Whether a name follows that lacks an arrow or comma before it, rather than a type that lacks its `as`. */
  protected nameInChain(): boolean {
    const after = this.LA(2).tokenType;
    return this.nameOnLine() && (after === T.Arrow || after === T.Comma || after === T.As);
  }
}
