/**
 * Axis hoisting.
 *
 * Finds: what does not vary over polarity, candidate or step. A value is computed for the rows of the axes that it
 * varies over and no others; equal computations in different steps are one. Legal: always: a value is a function of its
 * inputs, and random numbers are inputs that carry their axes. Buys, in the seed's schedule: while the label is hidden
 * positive and negative rows are the same, so B rows stand for 2B; in prediction these steps are done once and not once
 * a label, and the label's influence climbs one layer a step; x · Wᵀ of a still image is computed once where nothing
 * learns, and on B rows; in its gradient the rows of both polarities are added before the product.
 */
import { add, variable } from '../expr/index.js';
import { type Ir, type IrOp, type IrValue, isOuter, isRowAxis, Rewriter, unionAxes } from './ir.js';

/** Equal computations become one value. */
export function shareEqual(program: Ir): Ir {
  const out = new Rewriter(program);
  const known = new Map<string, IrValue>();
  for (const value of program.values) {
    const inputs = value.inputs.map((i) => out.of(i).id);
    const op = value.op.kind === 'map' ? { ...value.op, expr: value.op.expr.id } : value.op;
    const key = JSON.stringify([op, inputs, value.rows, value.cols, value.axes]);
    const found = known.get(key);
    if (found) out.replace(value, found);
    else known.set(key, out.keep(value));
  }
  return out.finish();
}

/**
 * Shares what packing made equal and, in `outer`, sums an operand over the axes that the other does not vary over,
 * before the product.
 */
export function sumBeforeOuter(packed: Ir): Ir {
  const program = shareEqual(packed);
  const out = new Rewriter(program);
  for (const value of program.values) {
    if (!isOuter(value.op)) {
      out.keep(value);
      continue;
    }
    const [a, b] = value.inputs.map((i) => out.of(i)) as [IrValue, IrValue];
    const summed = [sumTo(out, a, b), sumTo(out, b, a)];
    const rest = value.inputs.slice(2).map((i) => out.of(i));
    out.replace(value, out.emit(value, [...summed, ...rest]));
  }
  return shareEqual(out.finish());
}

/** `a` summed over the row axes that `b` lacks. */
export function sumTo(out: Rewriter, a: IrValue, b: IrValue): IrValue {
  const surplus = a.axes.filter((axis) => isRowAxis(axis) && !b.axes.includes(axis));
  if (surplus.length === 0) return a;
  const rest = a.axes.filter((axis) => isRowAxis(axis) && b.axes.includes(axis));
  const axes = a.axes.filter((axis) => !surplus.includes(axis));
  if (rest.length === 0) {
    return out.emit(
      {
        op: { kind: 'total', scale: 1 },
        rows: 'batch',
        cols: a.cols,
        axes,
        step: a.step,
        name: `${a.name} summed`,
      },
      [a],
    );
  }
  if (surplus.join() !== 'polarity') return a;
  const summed = { rows: 'batch', cols: a.cols, axes, step: a.step } as const;
  const parts = (['positive', 'negative'] as const).map((of) =>
    out.emit({ ...summed, op: { kind: 'part', of }, name: `${a.name} ${of}` }, [a]),
  );
  const expr = add(variable('positive', 'element'), variable('negative', 'element'));
  const op = { kind: 'map', expr, vars: ['positive', 'negative'], units: a.cols } as const;
  return out.emit({ ...summed, op, name: `${a.name} summed` }, parts);
}

/**
 * The opposite, for `--no-pass hoist`: every value of the steps is computed for all rows of the program, in every step.
 * What is summed over fewer axes (the classifier's own learning) keeps its rows.
 */
export function expandAll(program: Ir): Ir {
  const variant = program.name === 'train' ? 'polarity' : 'candidate';
  const protectedValues = new Set<number>();
  const protect = (id: number): void => {
    const value = program.values[id]!;
    if (protectedValues.has(id) || value.op.kind === 'part') return;
    protectedValues.add(id);
    value.inputs.forEach(protect);
  };
  for (const value of program.values) {
    const sums = isOuter(value.op) || value.op.kind === 'total' || value.op.kind === 'draw';
    const axes = new Set(value.inputs.flatMap((i) => program.values[i]!.axes));
    if (sums && !axes.has('polarity')) protect(value.id);
  }
  const out = new Rewriter(program);
  for (const value of program.values) {
    const inputs = value.inputs.map((i) => out.of(i));
    const isProduct = value.op.kind === 'product' || value.op.kind === 'block product';
    const grows =
      !protectedValues.has(value.id) &&
      value.rows === 'batch' &&
      ((value.op.kind === 'map' && value.cols > 1) || isProduct);
    const kept = value.op.kind === 'map' || value.op.kind === 'patches' || isProduct;
    const inherited = kept
      ? unionAxes(value.axes, ...inputs.filter((v) => v.rows === 'batch').map((v) => v.axes))
      : value.axes;
    const axes = grows
      ? unionAxes(inherited, ['sample', variant])
      : value.rows === 'batch'
        ? inherited
        : value.axes;
    out.replace(value, out.emit({ ...value, op: summed(program, value, inputs), axes }, inputs));
  }
  return out.finish();
}

/** A sum over rows, where its operands have more of them: every row stood for so many. */
function summed(program: Ir, { op, inputs }: IrValue, now: readonly IrValue[]): IrOp {
  if (op.kind !== 'total' && !isOuter(op)) return op;
  const rows = (values: readonly IrValue[]) =>
    unionAxes(...values.map((v) => v.axes))
      .filter(isRowAxis)
      .reduce((n, axis) => n * program.extents[axis as keyof Ir['extents']], 1);
  const before = rows(inputs.map((i) => program.values[i]!));
  return { ...op, scale: (op.scale * before) / rows(now) };
}
