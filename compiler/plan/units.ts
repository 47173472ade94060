/**
 * From values to kernels: which values are computed together.
 *
 * Fusion finds row expressions that read one another and run over the same rows: one kernel loads what it needs once,
 * shares subexpressions (the goodness mean(h²) and the root mean square of the same h are one reduction) and writes only
 * what somebody else reads. Legal: between two expressions with no product or other sum over rows in between, nor an
 * expression that must run by itself (over rows of another length, as what fast weights recall of another layer). An optimizer's
 * new parameter and new states, which read the same gradient, are one kernel by the same reasoning (update fusion).
 */
import { nodesOf } from '../expr/index.js';
import { type Ir, type IrValue, rowKey } from '../passes/ir.js';

/** Values made by one kernel, or by none (a view, a placement, a constant). */
export interface Unit {
  readonly id: number;
  readonly kind: 'rows' | 'update' | 'single';
  /** In program order. */
  readonly values: readonly IrValue[];
}

export interface UnitChoice {
  readonly fusion: boolean;
  readonly updateFusion: boolean;
}

type RowMap = IrValue & { readonly op: Extract<IrValue['op'], { kind: 'map' }> };
const isRowMap = (v: IrValue): v is RowMap => v.op.kind === 'map' && v.tensor === undefined;

/** The row length an expression is about; 0 where it only handles numbers of a row, at home in any kernel. */
function unitsOf(v: RowMap): number {
  const elements = nodesOf(v.op.expr).some((e) => e.kind === 'element');
  return elements || v.cols > 1 ? v.op.units : 0;
}

export function formUnits(program: Ir, choice: UnitChoice): Unit[] {
  const parent = program.values.map((v) => v.id);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root]!;
    for (let at = i; at !== root; ) [at, parent[at]] = [parent[at]!, root];
    return root;
  };
  const members = new Map<number, IrValue[]>();

  if (choice.fusion) {
    const level = levelsOf(program);
    const units = new Map<number, number>();
    for (const v of program.values) {
      if (!isRowMap(v)) continue;
      units.set(v.id, unitsOf(v));
      members.set(v.id, [v]);
      for (const i of v.inputs) {
        const input = program.values[i]!;
        if (!isRowMap(input) || level[i] !== level[v.id] || rowKey(input) !== rowKey(v)) continue;
        const [a, b] = [find(i), find(v.id)];
        const [m, n] = [units.get(a)!, units.get(b)!];
        if (a === b || (m !== n && m !== 0 && n !== 0)) continue;
        const sources = (group: number) =>
          members
            .get(group)!
            .flatMap((member) => member.inputs)
            .filter((input) => level[input] === level[v.id] && members.has(find(input)))
            .map(find);
        if (isBetween(a, b, sources) || isBetween(b, a, sources)) continue;
        parent[b] = a;
        members.get(a)!.push(...members.get(b)!);
        members.delete(b);
        units.set(a, m || n);
      }
    }
  }
  // The versions of a parameter and its states that come of one gradient.
  const byGradient = new Map<string, number>();
  for (const v of program.values) {
    if (v.op.kind !== 'map' || v.tensor === undefined || !choice.updateFusion) continue;
    const key = `${v.inputs[v.op.vars.indexOf('g')]} ${parameterOf(v.tensor)} ${versionOf(program, v)}`;
    const first = byGradient.get(key);
    if (first === undefined) byGradient.set(key, v.id);
    else parent[find(v.id)] = find(first);
  }

  const groups = new Map<number, IrValue[]>();
  for (const v of program.values) {
    const root = find(v.id);
    const group = groups.get(root);
    if (group) group.push(v);
    else groups.set(root, [v]);
  }
  return [...groups.values()].map((values, id): Unit => {
    const [first] = values as [IrValue];
    return {
      id,
      kind: first.op.kind !== 'map' ? 'single' : first.tensor === undefined ? 'rows' : 'update',
      values,
    };
  });
}

/** Whether some third group reads `first`, at whatever remove, and is read by `last`: as one kernel they would wait for themselves. */
function isBetween(first: number, last: number, sources: (group: number) => readonly number[]): boolean {
  const seen = new Set([first, last]);
  const open = sources(last).filter((group) => !seen.has(group));
  for (let group = open.pop(); group !== undefined; group = open.pop()) {
    if (seen.has(group)) continue;
    seen.add(group);
    for (const source of sources(group)) {
      if (source === first) return true;
      open.push(source);
    }
  }
  return false;
}

/**
 * For every value those that must be computed before it: what it reads and, for a parameter's new version, all that read
 * the old one, since it is written in the old one's place.
 */
function predecessorsOf(program: Ir): readonly (readonly number[])[] {
  const users = program.values.map((): IrValue[] => []);
  for (const v of program.values) for (const i of v.inputs) users[i]!.push(v);
  const before = program.values.map((v) => [...v.inputs]);
  for (const v of program.values) {
    if (v.tensor === undefined || v.op.kind !== 'map') continue;
    const old = v.inputs.map((i) => program.values[i]!).find((input) => input.tensor === v.tensor);
    if (!old) continue;
    const together = siblings(program, users, v);
    // Readers of the old version, also through a view of it. Siblings made by kernels of their own write elsewhere first.
    const readers = [...users[old.id]!];
    for (const reader of readers) {
      if (!together.includes(reader)) before[v.id]!.push(reader.id);
      if (isView(reader)) readers.push(...users[reader.id]!);
    }
    // The last sibling copies them all over the old versions: whoever else reads a new one waits for it.
    for (const user of users[v.id]!)
      if (!together.includes(user)) before[user.id]!.push(...together.map((s) => s.id));
  }
  return before;
}

/**
 * How many kernels' results lie between each value and the start, be it that they are only waited for: two expressions of
 * one level have none between them.
 */
function levelsOf(program: Ir): readonly number[] {
  const before = predecessorsOf(program);
  const after = program.values.map((): number[] => []);
  before.forEach((ids, v) => {
    for (const id of ids) after[id]!.push(v);
  });
  const waiting = before.map((ids) => ids.length);
  const level = program.values.map(() => 0);
  const ready = program.values.filter((v) => waiting[v.id] === 0).map((v) => v.id);
  for (const id of ready) {
    if (!isRowMap(program.values[id]!)) level[id]!++;
    for (const next of after[id]!) {
      level[next] = Math.max(level[next]!, level[id]!);
      if (--waiting[next]! === 0) ready.push(next);
    }
  }
  if (ready.length < program.values.length) throw new Error('values depend on each other in a circle');
  return level;
}

/** Units in an order in which every one comes after those that it must wait for. As near to the program's order as that allows. */
export function orderUnits(program: Ir, units: readonly Unit[]): Unit[] {
  const unitOf = new Map<number, Unit>();
  for (const u of units) for (const v of u.values) unitOf.set(v.id, u);
  const before = new Map<Unit, Set<Unit>>(units.map((u) => [u, new Set()]));
  predecessorsOf(program).forEach((ids, id) => {
    const then = unitOf.get(id)!;
    for (const first of ids.map((i) => unitOf.get(i)!)) if (first !== then) before.get(then)!.add(first);
  });
  const waiting = new Map([...before].map(([u, set]) => [u, set.size]));
  const after = new Map<Unit, Unit[]>(units.map((u) => [u, []]));
  for (const [u, set] of before) for (const b of set) after.get(b)!.push(u);
  const ready = units.filter((u) => waiting.get(u) === 0);
  const order: Unit[] = [];
  const rank = (u: Unit) => u.values[0]!.id;
  while (ready.length > 0) {
    let best = 0;
    for (let i = 1; i < ready.length; i++) if (rank(ready[i]!) < rank(ready[best]!)) best = i;
    const [u] = ready.splice(best, 1) as [Unit];
    order.push(u);
    for (const next of after.get(u)!) {
      waiting.set(next, waiting.get(next)! - 1);
      if (waiting.get(next) === 0) ready.push(next);
    }
  }
  if (order.length !== units.length) throw new Error('kernels depend on each other in a circle');
  return order;
}

/** The parameter that a version of it, or of a state of its, belongs to: `optimizer/pack/h1/0/exp_avg` → `pack/h1/0`. */
const parameterOf = (tensor: string): string =>
  tensor.replace(/^optimizer\//, '').replace(/\/[^/]*_(avg|buffer|delta|sq)$/, '');

/** How many versions of its tensor come before a value: two steps may move a tensor by the very same gradient. */
function versionOf(program: Ir, v: IrValue): number {
  let count = 0;
  for (let at: IrValue | undefined = v; at; count++) {
    const { inputs, tensor }: IrValue = at;
    at = inputs.map((i) => program.values[i]!).find((input) => input.tensor === tensor);
  }
  return count;
}

/** All versions that one gradient makes of a parameter and its states. */
export function siblings(
  program: Ir,
  users: readonly (readonly IrValue[])[],
  v: IrValue,
): readonly IrValue[] {
  const gradient = v.op.kind === 'map' ? v.inputs[v.op.vars.indexOf('g')] : undefined;
  if (gradient === undefined || program.values[gradient] === undefined) return [v];
  return users[gradient]!.filter(
    (u) =>
      u.tensor !== undefined &&
      parameterOf(u.tensor) === parameterOf(v.tensor!) &&
      versionOf(program, u) === versionOf(program, v),
  );
}

/** Values that are a part of another value's memory. */
export function isView({ op }: IrValue): boolean {
  return (
    op.kind === 'window' ||
    op.kind === 'part' ||
    op.kind === 'class rows' ||
    op.kind === 'one row' ||
    op.kind === 'lookup'
  );
}
