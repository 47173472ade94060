/**
 * Evaluates an expression in f64, one row at a time: for constants at compile time, and as the reference in tests. No
 * engine uses it in training.
 */
import { argumentsOf, type Expr, nodesOf } from './expr.js';
import { operators } from './operators.js';

/** A row value, or a value per unit. */
export type RowValue = number | Float64Array;

/**
 * @param values each variable's value; element variables have `units` numbers
 * @returns a number for a row expression, `units` numbers for an element expression
 * @throws Error for a variable without a value
 */
export function evaluate(e: Expr, values: Readonly<Record<string, RowValue>>, units = 1): RowValue {
  const done = new Map<Expr, RowValue>();
  const at = (v: RowValue, i: number) => (typeof v === 'number' ? v : v[i]!);
  for (const node of nodesOf(e)) {
    if (node.op === 'const') {
      done.set(node, node.value);
      continue;
    }
    if (node.op === 'var') {
      const value = values[node.name] ?? (node.name === 'n' ? units : undefined);
      if (value === undefined) throw new Error(`\`${node.name}\` has no value here`);
      done.set(node, value);
      continue;
    }
    const args = argumentsOf(node).map((a) => done.get(a)!);
    const info = operators[node.op];
    if (info.kind === 'element') {
      const f = info.apply!;
      done.set(
        node,
        node.kind === 'row'
          ? f(...(args as number[]))
          : Float64Array.from({ length: units }, (_, i) => f(...args.map((a) => at(a, i)))),
      );
    } else {
      const x = args[0]!;
      let result = node.op === 'amax' ? -Infinity : 0;
      for (let i = 0; i < units; i++)
        result = node.op === 'amax' ? Math.max(result, at(x, i)) : result + at(x, i);
      done.set(node, node.op === 'mean' ? result / units : result);
    }
  }
  return done.get(e)!;
}
