/**
 * Patches side by side.
 *
 * Finds: products in which each unit reads one patch of its source. The patches are gathered into a matrix of their
 * own, side by side, and the product of the units of one place is then a small dense product with the columns of the
 * patch: as many blocks as places, in one launch, and weights that are zero by construction are never multiplied.
 * Legal: always; as no other operation can multiply patches, this cannot be disabled. Buys: the gathering is a value
 * like any other, so it is hoisted: the patches of a still image are gathered once, and the gradient reads those of the
 * forward product.
 */
import { type Field, patchCount, patchSize } from '../../field.js';
import { pad4 } from '../../vectors.js';
import { type Ir, type IrValue, Rewriter } from '../ir.js';

export function gatherPatches(program: Ir): Ir {
  const out = new Rewriter(program);
  const gather = (source: IrValue, field: Field): IrValue =>
    out.emit(
      {
        op: { kind: 'patches', field },
        rows: 'batch',
        cols: patchCount(field) * pad4(patchSize(field)),
        axes: source.axes,
        step: source.step,
        name: `${source.name} patches`,
      },
      [source],
    );
  for (const value of program.values) {
    const { op } = value;
    if (op.kind !== 'field product' && op.kind !== 'field outer') {
      out.keep(value);
      continue;
    }
    const [a, b] = value.inputs.map((i) => out.of(i)) as [IrValue, IrValue];
    const blocks = patchCount(op.field);
    out.replace(
      value,
      op.kind === 'field product'
        ? out.emit({ ...value, op: { kind: 'block product', blocks } }, [gather(a, op.field), b])
        : out.emit({ ...value, op: { kind: 'block outer', blocks, scale: op.scale } }, [
            a,
            gather(b, op.field),
          ]),
    );
  }
  return out.finish();
}
