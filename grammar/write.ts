/** An expression of the syntax tree as text again, for suggestions. */
import type { Expression } from './ast.js';
import { precedence } from './operation.js';

/** The text of an expression, with the parentheses it needs. */
export function writeExpression(e: Expression): string {
  switch (e.kind) {
    case 'number':
      return e.text;
    case 'string':
      return JSON.stringify(e.value);
    case 'name':
      return e.name;
    case 'list':
      return `[${e.items.map(writeExpression).join(', ')}]`;
    case 'call':
      return `${e.callee.text}(${e.arguments
        .map(({ name, value }) => `${name === undefined ? '' : `${name.text}: `}${writeExpression(value)}`)
        .join(', ')})`;
    case 'if': {
      const [condition, yes, no] = [e.condition, e.then, e.otherwise].map(writeExpression);
      return `if ${condition} then ${yes} else ${no}`;
    }
    case 'unary':
      return `-${operand(e.operand, 4)}`;
    case 'binary': {
      const own = precedence[e.operator];
      const right = e.operator === '^';
      const left = operand(e.left, right ? own + 1 : own);
      const space = right ? '' : ' ';
      return `${left}${space}${e.operator}${space}${operand(e.right, right ? own : own + 1)}`;
    }
    default:
      return e satisfies never;
  }
}

/** In parentheses if it binds looser than `least`. */
function operand(e: Expression, least: number): string {
  const own = e.kind === 'binary' ? precedence[e.operator] : e.kind === 'unary' ? 4 : e.kind === 'if' ? 0 : 9;
  return own < least ? `(${writeExpression(e)})` : writeExpression(e);
}
