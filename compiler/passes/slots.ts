/**
 * Slot layout.
 *
 * Finds: the sum z = Σ sign · (s · Wᵀ + b) of a layer. All normalized activities of a step with the same rows lie in
 * one matrix, a slot `[ s | 1 | padding ]` for each layer, so that what a layer listens to is one window of columns,
 * and its weights, biases and signs are one packed matrix. Legal: where a connection is nothing but its product (no
 * dropout) and its parameters are updated by the same rule as its neighbours'; which those are `packs.ts` decides.
 * Buys: one product forward and one for all gradients, the bias' falling out of the column of ones. A skip between
 * slots costs a second product.
 */
import type { ModelDocument } from '../model.js';
import { type Ir, type IrValue, rowKey, slotWidth, unionAxes } from './ir.js';
import { Packing, type PackKind, type Run, type Term } from './packing.js';
import { type Pack, type PackMember, slotOrder } from './packs.js';

export function packProducts(
  program: Ir,
  { model, packs }: { readonly model: ModelDocument; readonly packs: readonly Pack[] },
): Ir {
  const rows = packs.filter((pack) => !pack.transposed);
  if (rows.length === 0) return program;
  const packing = new Packing(program, rows);
  return packing.run(new Slots(packing, model));
}

/** A row of slots, and the column at which each node's slot starts. */
interface Container {
  readonly value: IrValue;
  readonly offsets: ReadonlyMap<string, number>;
}

class Slots implements PackKind {
  readonly name = 'run';
  private readonly order: readonly string[];
  /** The rows of slots, by what lies in them. */
  private readonly containers = new Map<string, Container>();

  constructor(
    private readonly packing: Packing,
    private readonly model: ModelDocument,
  ) {
    this.order = slotOrder(model);
  }

  /** Puts a layer's sources into slots and finds the windows that lie side by side in them and in the pack. */
  runs(step: string, terms: readonly Term[]): Run[] {
    const runs: Run[] = [];
    for (const pack of this.packing.packs) {
      let open: { members: PackMember[]; container: IrValue; from: number; end: number } | undefined;
      const close = () => {
        if (!open) return;
        const { members, container, from, end } = open;
        runs.push({ pack, members, source: this.window(container, from, end - from) });
        open = undefined;
      };
      for (const member of pack.members) {
        const term = terms.find((t) => t.pack === pack && t.member === member);
        if (!term) continue;
        const { source: node, bias } = member.connection;
        const { value: container, offsets } = this.container(step, node, term.source);
        const from = offsets.get(node)!;
        const biased = bias !== null;
        const end = from + (biased ? slotWidth(member.cols) : member.cols);
        if (open && biased && open.container === container && open.end === from) {
          open.members.push(member);
          open.end = end;
        } else {
          close();
          open = { members: [member], container, from, end };
        }
      }
      close();
    }
    return runs;
  }

  /** Some columns of rows; all of them are the rows themselves. */
  private window(container: IrValue, from: number, cols: number): IrValue {
    if (from === 0 && cols === container.cols) return container;
    const { axes, step, name } = container;
    return this.packing.out.emit({ op: { kind: 'window', from }, rows: 'batch', cols, axes, step, name }, [
      container,
    ]);
  }

  /**
   * The slots that hold a node's value. Layers that are read a step later share one a step and set of rows; the input,
   * the label, and a layer that is read in its own step have one each.
   */
  private container(step: string, node: string, source: IrValue): Container {
    const { model } = this;
    const key = (name: string, value: IrValue) =>
      `${name}:${value.op.kind === 'input' ? JSON.stringify(value.op) : value.id}`;
    const known = this.containers.get(key(node, source));
    if (known) return known;
    const isLayer = model.layers.some((l) => l.name === node);
    const alone = !isLayer || model.connections.some((c) => c.source === node && c.delay === 0);
    const members = alone
      ? [{ node, value: source }]
      : this.stepSources(step, rowKey(source)).filter((m) => !this.containers.has(key(m.node, m.value)));
    let offset = 0;
    const offsets = new Map<string, number>();
    const slots = members.map((m) => {
      const slot = { offset, cols: m.value.cols };
      offsets.set(m.node, offset);
      offset += slotWidth(m.value.cols);
      return slot;
    });
    const axes = unionAxes(...members.map((m) => m.value.axes));
    const named = alone ? { step: '', name: `${node} slot` } : { step, name: 'slots' };
    const value = this.packing.out.emit(
      { op: { kind: 'slots', slots }, rows: 'batch', cols: offset, axes, ...named },
      members.map((m) => m.value),
    );
    const made = { value, offsets };
    for (const m of members) this.containers.set(key(m.node, m.value), made);
    return made;
  }

  /** Every layer's activity with the given rows that a step's packed products read, in slot order. */
  private stepSources(step: string, rows: string): { node: string; value: IrValue }[] {
    const isLayer = (node: string) => this.model.layers.some((l) => l.name === node);
    return [...this.packing.sourcesOf(step)]
      .filter(([node, value]) => isLayer(node) && rowKey(value) === rows)
      .map(([node, value]) => ({ node, value }))
      .sort((a, b) => this.order.indexOf(a.node) - this.order.indexOf(b.node));
  }

  product({ pack, members, source }: Run, z: IrValue): IrValue {
    const { out } = this.packing;
    const weights = this.packing.version(pack.tensor, pack);
    const from = members[0]!.offset;
    const { rows, axes, step, name } = weights;
    const cols = source.cols;
    const window =
      from === 0 && cols === pack.cols
        ? weights
        : out.emit({ op: { kind: 'window', from }, rows, cols, axes, step, name }, [weights]);
    return out.emit(
      {
        op: { kind: 'product' },
        rows: 'batch',
        cols: pack.units,
        axes: unionAxes(source.axes, axes),
        step: z.step,
        name: `${pack.target}.${members.map((m) => m.connection.source).join('+')}`,
      },
      [source, window],
    );
  }

  /** Of each run the product of dz with the run's window, side by side. */
  gradient(pack: Pack, runs: readonly Run[], dz: IrValue, scale: number, { step, name }: IrValue): IrValue {
    const { out } = this.packing;
    const shape = { rows: pack.units, axes: ['parameters'] as const };
    const pieces = runs.map(({ source, members }) =>
      out.emit(
        {
          ...shape,
          op: { kind: 'outer', scale },
          cols: source.cols,
          step: '',
          name: `${members.map((m) => m.connection.name).join('+')} gradient`,
        },
        [dz, source],
      ),
    );
    if (pieces.length === 1 && pieces[0]!.cols === pack.cols) return pieces[0]!;
    const offsets = runs.map((r) => r.members[0]!.offset);
    return out.emit(
      { ...shape, op: { kind: 'columns', offsets }, cols: pack.cols, step, name: `${name} gradient` },
      pieces,
    );
  }
}
