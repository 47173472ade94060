/**
 * What kernels that read row by row ask of their operands: all the rows, and whole vectors of numbers. Where a value
 * has less, a copy of it has them; fusion makes the copy in the kernel that makes the value. No pass of its own: plans
 * without it would be wrong.
 */
import { variable } from '../../expr/index.js';
import { type Ir, type IrOp, isOuter, isScalarRow, Rewriter, rowKey, unionAxes } from '../ir.js';

/** What every program needs: what a draw is made by may be the same for all samples, and is needed for each. */
export const completeOperands = (program: Ir): Ir => padOperands(spreadOperands(program, ['draw']));

/** In place of summing before products, where that is left out. */
export const spreadSums = (program: Ir): Ir =>
  spreadOperands(program, ['outer', 'product', 'block outer', 'block product']);

/** Where an operand has fewer rows than its kernel needs, a copy of it with all of them. */
export function spreadOperands(program: Ir, kinds: readonly IrOp['kind'][]): Ir {
  const out = new Rewriter(program);
  for (const value of program.values) {
    if (!kinds.includes(value.op.kind)) {
      out.keep(value);
      continue;
    }
    const operands = value.inputs.map((i) => out.of(i));
    const axes = isOuter(value.op) ? unionAxes(...operands.map((v) => v.axes)) : value.axes;
    const full = operands.map((v) => {
      if (v.rows !== 'batch' || rowKey(v) === rowKey({ axes, rows: 'batch' })) return v;
      const op = { kind: 'map', expr: variable('x', 'element'), vars: ['x'], units: v.cols } as const;
      return out.emit(
        {
          op,
          rows: 'batch',
          cols: v.cols,
          axes: unionAxes(v.axes, axes),
          step: v.step,
          name: `${v.name} for all rows`,
        },
        [v],
      );
    });
    out.replace(value, out.emit(value, full));
  }
  return out.finish();
}

/**
 * Where a sum over rows reads one number a row, a copy with its padding. Such numbers lie densely; a layer of one unit
 * has them where its gradient is the same whatever its z.
 */
export function padOperands(program: Ir): Ir {
  const out = new Rewriter(program);
  for (const value of program.values) {
    const input = value.inputs[0] === undefined ? undefined : out.of(value.inputs[0]);
    const sums = value.op.kind === 'total' || value.op.kind === 'scatter';
    if (!input || !sums || !isScalarRow(input)) {
      out.keep(value);
      continue;
    }
    const op = { kind: 'map', expr: variable('x', 'element'), vars: ['x'], units: 1 } as const;
    const { axes, step, name } = input;
    const padded = out.emit({ op, rows: 'batch', cols: 1, axes, step, name: `${name} padded` }, [input]);
    out.replace(value, out.emit(value, [padded, ...value.inputs.slice(1).map((i) => out.of(i))]));
  }
  return out.finish();
}
