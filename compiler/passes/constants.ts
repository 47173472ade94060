/**
 * Constant folding.
 *
 * Finds: rows whose every unit is one known number (the activities before the first step, a hidden or uniform label)
 * and what follows from them. Legal: always; it is arithmetic done early. Buys: the first step's products with
 * activities that are still zero, and every expression that reads them, become constants.
 */
import { constant, type Expr, evaluate, nodesOf, substitute } from '../expr/index.js';
import { type Ir, Rewriter } from './ir.js';

/** Before packing, which must see every connection's product: products with zeros stay. */
export const foldConstants = (program: Ir): Ir => fold(program, false);

/** After packing: products with zeros go too. */
export const foldProducts = (program: Ir): Ir => fold(program, true);

function fold(program: Ir, products: boolean): Ir {
  const out = new Rewriter(program);
  for (const value of program.values) {
    const { op } = value;
    const inputs = value.inputs.map((i) => out.of(i));
    const first = inputs[0];
    const isLinear = op.kind === 'product' || op.kind === 'block product' || op.kind === 'patches';
    if (products && isLinear && first?.op.kind === 'fill' && first.op.value === 0) {
      out.replace(value, out.emit({ ...value, op: { kind: 'fill', value: 0 }, axes: [] }, []));
      continue;
    }
    if (op.kind !== 'map' || value.tensor !== undefined) {
      out.keep(value);
      continue;
    }
    const known = new Map<Expr, Expr>();
    const variables = nodesOf(op.expr);
    const kept: { name: string; input: (typeof inputs)[number] }[] = [];
    op.vars.forEach((name, i) => {
      const input = inputs[i]!;
      if (input.op.kind !== 'fill') kept.push({ name, input });
      else
        for (const node of variables)
          if (node.op === 'var' && node.name === name) known.set(node, constant(input.op.value));
    });
    const expr = substitute(op.expr, known);
    if (kept.length === 0) {
      const number = evaluate(expr, {}, op.units) as number;
      out.replace(
        value,
        out.emit({ ...value, op: { kind: 'fill', value: Math.fround(number) }, axes: [] }, []),
      );
    } else {
      // The axes stay as they are: a sum over a value's rows counts on them.
      const vars = kept.map((k) => k.name);
      out.replace(
        value,
        out.emit(
          { ...value, op: { ...op, expr, vars } },
          kept.map((k) => k.input),
        ),
      );
    }
  }
  return out.finish();
}
