/**
 * Patches side by side.
 *
 * Finds: products in which each unit reads one patch of its source. The patches are gathered into a matrix of their
 * own, one beside the other, and the product of a place's units is then a small dense one with the patch's columns: as
 * many blocks as places, in one launch, and no weight that is zero by construction is ever multiplied. Legal: always,
 * no other operation can multiply patches, so it is no pass that can be switched off. Buys: the gathering is a value
 * like any other, so it is hoisted: a still image's patches are gathered once, and the gradient reads the forward
 * product's.
 */
import { type Field, patchCount, patchSize } from '../../field.js';
import { type Ir, type IrValue, pad4, Rewriter } from '../ir.js';

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
