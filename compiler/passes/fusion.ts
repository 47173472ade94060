/**
 * Fusion.
 *
 * Finds: row expressions that read one another and run over the same rows. Legal: between two expressions with no
 * product or other sum over rows in between, nor an expression that must run by itself (over rows of another length, as
 * what fast weights recall of another layer). Buys: one kernel loads what it needs once, shares subexpressions (the
 * goodness mean(h²) and the root mean square of the same h are one reduction) and writes only what somebody else reads.
 */
import { nodesOf } from '../expr/index.js';
import { type Ir, type IrValue, rowKey } from './ir.js';
import type { Group, Schedule } from './schedule.js';
import { predecessorsOf } from './versions.js';

type RowMap = IrValue & { readonly op: Extract<IrValue['op'], { kind: 'map' }> };
const isRowMap = (v: IrValue): v is RowMap => v.op.kind === 'map' && v.tensor === undefined;

/** The row length an expression is about; 0 where it only handles numbers of a row, at home in any kernel. */
function lengthOf(v: RowMap): number {
  const elements = nodesOf(v.op.expr).some((e) => e.kind === 'element');
  return elements || v.cols > 1 ? v.op.units : 0;
}

/** Rows of a layer as few kernels. */
export function fuseRows(schedule: Schedule): Schedule {
  const { program } = schedule;
  const parent = program.values.map((v) => v.id);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root]!;
    for (let at = i; at !== root; ) [at, parent[at]] = [parent[at]!, root];
    return root;
  };
  const members = new Map<number, IrValue[]>();
  const level = levelsOf(program);
  const lengths = new Map<number, number>();
  for (const v of program.values) {
    if (!isRowMap(v)) continue;
    lengths.set(v.id, lengthOf(v));
    members.set(v.id, [v]);
    for (const i of v.inputs) {
      const input = program.values[i]!;
      if (!isRowMap(input) || level[i] !== level[v.id] || rowKey(input) !== rowKey(v)) continue;
      const [a, b] = [find(i), find(v.id)];
      const [m, n] = [lengths.get(a)!, lengths.get(b)!];
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
      lengths.set(a, m || n);
    }
  }
  const groups = new Map<number, Group>();
  for (const group of schedule.groups) {
    const root = find(group.values[0]!.id);
    const first = groups.get(root);
    groups.set(root, first ? { ...first, values: [...first.values, ...group.values] } : group);
  }
  return { ...schedule, groups: [...groups.values()] };
}

/**
 * Whether some third group reads `first`, at whatever remove, and is read by `last`: as one kernel they would wait for
 * themselves.
 */
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
 * How many kernels' results lie between each value and the start, be it that they are only waited for: two expressions
 * of one level have none between them.
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
  if (ready.length < program.values.length) throw new Error('values depend on each other in a cycle');
  return level;
}
