/**
 * Operator precedence: a flat row of operands and operators to a tree.
 *
 * From loosest: comparisons (which do not chain), `+ -`, `* /`, unary `-`, and `^`, to the right: `-x^2` is
 * -(x^2), and `2^-x` needs no parentheses.
 */
import type { IToken } from 'chevrotain';
import type { BinaryOperator, Expression } from './ast.js';
import type { Span } from './diagnostic.js';
import { endOf, type Report } from './words.js';

/** A number, name, call or parenthesis with the minuses before it. */
export interface Operand {
  readonly minuses: readonly IToken[];
  readonly atom: Expression;
}

/** Higher binds tighter. */
export const precedence: Readonly<Record<BinaryOperator, number>> = {
  '<': 1,
  '<=': 1,
  '>': 1,
  '>=': 1,
  '==': 1,
  '!=': 1,
  '+': 2,
  '-': 2,
  '*': 3,
  '/': 3,
  '^': 5,
};

/**
 * The tree of `operands[0] operators[0] operands[1] …`. Undefined, and RFF112 reported, where comparisons chain.
 * `span` makes a span of two offsets.
 */
export function operation(
  operands: readonly Operand[],
  operators: readonly IToken[],
  report: Report,
  span: (start: number, end: number) => Span,
): Expression | undefined {
  /** Index of the operand to read next; `operators[next - 1]` stands before it. */
  let next = 0;
  let chained = false;
  // By kind, not by image: `×` is read as `*`.
  const operatorAt = (index: number) => operators[index]?.tokenType.LABEL as BinaryOperator | undefined;

  const prefixed = (): Expression => {
    const { minuses, atom } = operands[next++]!;
    let result = atom;
    if (operatorAt(next - 1) === '^') {
      const right = prefixed();
      result = {
        kind: 'binary',
        operator: '^',
        left: atom,
        right,
        span: span(atom.span.start, right.span.end),
      };
    }
    for (const minus of minuses.toReversed()) {
      result = {
        kind: 'unary',
        operator: '-',
        operand: result,
        span: span(minus.startOffset, result.span.end),
      };
    }
    return result;
  };
  const climb = (loosest: number): Expression => {
    let left = prefixed();
    let compared = false;
    for (;;) {
      const token = operators[next - 1];
      const operator = operatorAt(next - 1);
      if (token === undefined || operator === undefined || precedence[operator] < loosest) return left;
      const comparison = precedence[operator] === 1;
      if (comparison && compared && !chained) {
        chained = true;
        report(
          'RFF112',
          token.startOffset,
          endOf(token),
          `comparisons do not chain: a second one at \`${operator}\``,
          'multiply the two, `(a < b) * (b < c)`, or use parentheses',
        );
      }
      compared ||= comparison;
      const right = climb(precedence[operator] + 1);
      left = { kind: 'binary', operator, left, right, span: span(left.span.start, right.span.end) };
    }
  };
  const tree = climb(1);
  return chained ? undefined : tree;
}
