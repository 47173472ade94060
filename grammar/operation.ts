/**
 * Operator precedence: turns a flat sequence of operands and operators into a tree.
 *
 * From loosest: comparisons (which do not chain), `+ -`, `* /`, unary `-`, and `^`, which associates to the right:
 * `-x^2` is -(x^2), and `2^-x` needs no parentheses.
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
 * The tree of `operands[0] operators[0] operands[1] …`. Returns undefined and reports RFF112 if comparisons are
 * chained. `span` makes a span from two offsets.
 */
export function operation(
  operands: readonly Operand[],
  operators: readonly IToken[],
  report: Report,
  span: (start: number, end: number) => Span,
): Expression | undefined {
  /** Index of the next operand to read; `operators[next - 1]` precedes it. */
  let next = 0;
  let chained = false;
  // By token type, not by text: `×` is read as `*`.
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
          `chained comparison: unexpected second \`${operator}\``,
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
