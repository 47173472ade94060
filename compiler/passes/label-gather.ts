/**
 * Label gather.
 *
 * Finds: products with one-hot rows. Such a product is a row of the weights' transpose, looked up by the class, and its
 * gradient adds each row to its class. The label's weights are stored transposed for it, `[ Wᵀ ; b ; 0 ]`. Legal:
 * wherever slot layout would be. Buys: the products of the label's connections, which are lookups now; where a label is
 * not one-hot (uniform, mixed) a small product is left.
 */
import { apply, variable } from '../expr/index.js';
import { sumTo } from './hoist.js';
import { type Ir, type IrValue, slotWidth, unionAxes } from './ir.js';
import { Packing, type PackKind, type Run, type Term } from './packing.js';
import type { Pack, PackMember } from './packs.js';

export function gatherLabels(program: Ir, { packs }: { readonly packs: readonly Pack[] }): Ir {
  const tables = packs.filter((pack) => pack.transposed);
  if (tables.length === 0) return program;
  const packing = new Packing(program, tables);
  return packing.run(new Tables(packing));
}

class Tables implements PackKind {
  readonly name = 'gathered';
  /** Labels that are not one-hot, in slots that fit a table's rows, by value. */
  private readonly slots = new Map<number, IrValue>();

  constructor(private readonly packing: Packing) {}

  runs(_step: string, terms: readonly Term[]): Run[] {
    return this.packing.packs.flatMap((pack) =>
      terms.filter((t) => t.pack === pack).map(({ member, source }) => ({ pack, members: [member], source })),
    );
  }

  /** A row of the table where the label is one-hot, a small product where it is not. */
  product({ pack, members, source }: Run, z: IrValue): IrValue {
    const { out } = this.packing;
    const [member] = members as [PackMember];
    const table = this.packing.version(pack.tensor, pack);
    const named = { step: z.step, name: `${pack.target}.${member.connection.source}` };
    const shape = { rows: 'batch', cols: pack.units } as const;
    if (source.op.kind !== 'onehot' && source.op.kind !== 'candidates') {
      const axes = unionAxes(source.axes, table.axes);
      return out.emit({ op: { kind: 'product transposed' }, ...shape, axes, ...named }, [
        this.inSlot(member, source),
        table,
      ]);
    }
    const row = (op: IrValue['op'], axes: IrValue['axes']) =>
      out.emit({ op, ...shape, axes, step: table.step, name: table.name }, [table]);
    let rows = row({ kind: 'class rows', classes: member.cols }, ['candidate', 'parameters']);
    if (member.connection.bias !== null) {
      const bias = row({ kind: 'one row', row: member.cols }, ['parameters']);
      const expr = apply('add', variable('weights', 'element'), variable('bias', 'element'));
      const op = { kind: 'map', expr, vars: ['weights', 'bias'], units: pack.units } as const;
      rows = out.emit({ op, ...shape, axes: rows.axes, ...named }, [rows, bias]);
    }
    if (source.op.kind === 'candidates') return rows;
    const indices = source.inputs.map((i) => out.at(i));
    const axes = unionAxes(source.axes, ['parameters']);
    return out.emit({ op: { kind: 'lookup' }, ...shape, axes, ...named }, [rows, ...indices]);
  }

  /** Rows as wide as the table is high: with the 1 that the bias is multiplied by. */
  private inSlot(member: PackMember, source: IrValue): IrValue {
    if (member.connection.bias === null) return source;
    const known = this.slots.get(source.id);
    if (known) return known;
    const slots = [{ offset: 0, cols: source.cols }];
    const made = this.packing.out.emit(
      {
        op: { kind: 'slots', slots },
        rows: 'batch',
        cols: slotWidth(source.cols),
        axes: unionAxes(source.axes),
        step: '',
        name: `${member.connection.source} slot`,
      },
      [source],
    );
    this.slots.set(source.id, made);
    return made;
  }

  /** Each row added to its class; of a label that is not one-hot, the product with dz. */
  gradient(pack: Pack, runs: readonly Run[], dz: IrValue, scale: number, like: IrValue): IrValue {
    const { out } = this.packing;
    const [{ source, members }] = runs as [Run];
    const [member] = members as [PackMember];
    const shape = { rows: pack.cols, cols: pack.units, axes: ['parameters'] as const };
    const named = { step: like.step, name: `${like.name} gradient` };
    if (source.op.kind === 'onehot') {
      const op = { kind: 'scatter', classes: member.cols, scale } as const;
      // A label that is the same in both rows has one index for them.
      const rows = sumTo(out, dz, source);
      return out.emit({ op, ...shape, ...named }, [rows, ...source.inputs.map((i) => out.at(i))]);
    }
    return out.emit({ op: { kind: 'outer', scale }, ...shape, ...named }, [this.inSlot(member, source), dz]);
  }
}
