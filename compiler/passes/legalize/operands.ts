/**
 * What kernels that work row by row require of their operands: all the rows, and whole vectors of numbers. If a value
 * has less, a copy of it has them; fusion makes the copy in the kernel that computes the value. Not a pass: plans
 * without it would be wrong.
 */
import { variable } from '../../expr/index.js';
import { type Ir, type IrOp, isOuter, isScalarRow, Rewriter, rowKey, unionAxes } from '../ir.js';

/** Required in every program: the inputs of a draw may be the same for all samples, but are needed for each. */
export const completeOperands = (program: Ir): Ir => padOperands(spreadOperands(program, ['draw']));

/** Instead of summing before products, if that is disabled. */
export const spreadSums = (program: Ir): Ir =>
  spreadOperands(program, ['outer', 'product', 'block outer', 'block product']);

/** If an operand has fewer rows than its kernel needs, a copy of it with all of them. */
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
 * If a sum over rows reads a scalar per row, a padded copy of it. Such scalars are stored densely; a layer of one unit
 * has them if its gradient does not depend on its z.
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
