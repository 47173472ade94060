/**
 * How a program's values become launches: which are made by one kernel, and in which order. It starts with a launch for
 * each value; the passes on it join them.
 */
import { type Ir, type IrValue, isOuter } from './ir.js';
import { predecessorsOf } from './versions.js';

/** Values made by one kernel, or by none (a view, a placement, a constant). */
export interface Group {
  readonly kind: 'rows' | 'update' | 'single';
  /** In program order. */
  readonly values: readonly IrValue[];
}

/** The products that an update's gradient is the sum of, in one memory. */
export interface GradientProducts {
  readonly gradient: IrValue;
  readonly products: readonly IrValue[];
}

export interface Schedule {
  readonly program: Ir;
  readonly groups: readonly Group[];
  /** The values that are computed by one launch per polarity. */
  readonly split: ReadonlySet<number>;
  /** Of groups whose launch computes its own gradient, by their first value: what it is computed from. */
  readonly learns: ReadonlyMap<number, GradientProducts>;
}

/** Every value by itself. */
export function scheduleOf(program: Ir): Schedule {
  const groups = program.values.map((v): Group => {
    const kind = v.op.kind !== 'map' ? 'single' : v.tensor === undefined ? 'rows' : 'update';
    return { kind, values: [v] };
  });
  const split = program.values.filter((v) => splitsByPolarity(program, v)).map((v) => v.id);
  return { program, groups, split: new Set(split), learns: new Map() };
}

/** Whether a product's rows are those of both polarities. */
function splitsByPolarity(program: Ir, v: IrValue): boolean {
  const { kind } = v.op;
  if (isOuter(v.op)) return program.values[v.inputs[0]!]!.axes.includes('polarity');
  const isProduct = kind === 'product' || kind === 'product transposed' || kind === 'block product';
  return isProduct && v.axes.includes('polarity');
}

/**
 * Groups in an order in which every one comes after those that it must wait for. As near to the program's order as that
 * allows.
 */
export function inOrder(program: Ir, groups: readonly Group[]): Group[] {
  const groupOf = new Map<number, Group>();
  for (const u of groups) for (const v of u.values) groupOf.set(v.id, u);
  const before = new Map<Group, Set<Group>>(groups.map((u) => [u, new Set()]));
  predecessorsOf(program).forEach((ids, id) => {
    const then = groupOf.get(id)!;
    for (const first of ids.map((i) => groupOf.get(i)!)) if (first !== then) before.get(then)!.add(first);
  });
  const waiting = new Map([...before].map(([u, set]) => [u, set.size]));
  const after = new Map<Group, Group[]>(groups.map((u) => [u, []]));
  for (const [u, set] of before) for (const b of set) after.get(b)!.push(u);
  const ready = groups.filter((u) => waiting.get(u) === 0);
  const order: Group[] = [];
  const rank = (u: Group) => u.values[0]!.id;
  while (ready.length > 0) {
    let best = 0;
    for (let i = 1; i < ready.length; i++) if (rank(ready[i]!) < rank(ready[best]!)) best = i;
    const [u] = ready.splice(best, 1) as [Group];
    order.push(u);
    for (const next of after.get(u)!) {
      waiting.set(next, waiting.get(next)! - 1);
      if (waiting.get(next) === 0) ready.push(next);
    }
  }
  if (order.length !== groups.length) throw new Error('kernels depend on each other in a cycle');
  return order;
}
