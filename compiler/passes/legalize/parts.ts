/**
 * Products with what stands side by side.
 *
 * Finds: products whose rows are a concatenation (the classifier's features) in which a part does not begin at a
 * multiple of four columns, so that no kernel could write it there in whole vectors. Such a product is the sum of one
 * product a part, each with its own window of the weights' columns, and its gradient those products' gradients side by
 * side. Legal: always, it is the same sum in another order. Where all parts are aligned one product over all of them is
 * better, and is left.
 */
import { add, type Expr, variable } from '../../expr/index.js';
import { type Ir, type IrValue, Rewriter, unionAxes } from '../ir.js';

export function splitConcatenations(program: Ir): Ir {
  const out = new Rewriter(program);
  /** An operand's parts, where they must be taken one by one. */
  const partsOf = (operand: IrValue): { part: IrValue; from: number }[] | undefined => {
    if (operand.op.kind !== 'concat') return undefined;
    let end = 0;
    const parts = operand.inputs.map((i) => {
      const part = out.at(i);
      end += part.cols;
      return { part, from: end - part.cols };
    });
    return parts.some(({ from }) => from % 4 !== 0) ? parts : undefined;
  };
  for (const value of program.values) {
    const operands = value.inputs.map((i) => out.of(i));
    const [a, b] = operands as [IrValue, IrValue];
    const { rows, cols, step, name } = value;
    if (value.op.kind === 'product') {
      const parts = partsOf(a);
      if (parts) {
        const products = parts.map(({ part, from }) => {
          const window = out.emit(
            {
              op: { kind: 'window', from },
              rows: b.rows,
              cols: part.cols,
              axes: b.axes,
              step: b.step,
              name: b.name,
            },
            [b],
          );
          const axes = unionAxes(part.axes, b.axes);
          return out.emit({ op: { kind: 'product' }, rows, cols, axes, step, name }, [part, window]);
        });
        const vars = products.map((_, i) => `p${i}`);
        const expr = vars.map((v): Expr => variable(v, 'element')).reduce(add);
        const op = { kind: 'map', expr, vars, units: cols } as const;
        out.replace(value, out.emit({ ...value, op }, products));
        continue;
      }
    }
    if (value.op.kind === 'outer') {
      const parts = partsOf(b);
      if (parts) {
        const { op, axes } = value;
        const gradients = parts.map(({ part }) =>
          out.emit({ op, rows, cols: part.cols, axes, step, name }, [a, part]),
        );
        const offsets = parts.map((p) => p.from);
        out.replace(value, out.emit({ ...value, op: { kind: 'columns', offsets } }, gradients));
        continue;
      }
    }
    out.keep(value);
  }
  return out.finish();
}
