/** Groups: what is computed together, and in which order. */
import { describe, expect, test } from 'vitest';
import { chain, graphOf, ofKind } from '../../test/support/small-plans.js';
import { fullName } from '../graph/graph.js';
import type { ModelDocument } from '../model.js';
import { dropDead } from './dead.js';
import { fuseRows } from './fusion.js';
import { shareEqual } from './hoist.js';
import type { Ir, IrValue } from './ir.js';
import { rowKey } from './ir.js';
import { gatherLabels } from './label-gather.js';
import { type Pack, packsOf } from './packs.js';
import { type Group, inOrder, scheduleOf } from './schedule.js';
import { packProducts } from './slots.js';
import { fuseUpdates } from './update-fusion.js';
import { isView, siblings, usersOf } from './versions.js';

const { document, programs } = graphOf({ ...chain, optimizer: 'adam(lr: 0.1)' });
const packs = packsOf(document, { embed: true, slots: true, labelGather: true }, []);
const packed = (ir: Ir, context: { model: ModelDocument; packs: readonly Pack[] }): Ir =>
  dropDead(gatherLabels(packProducts(shareEqual(ir), context), context));
const program = packed(programs.train, { model: document, packs });
const users = usersOf(program);
const names = (g: Group) => g.values.map((v) => v.name);
const fused = (ir: Ir): readonly Group[] => fuseUpdates(fuseRows(scheduleOf(ir))).groups;

describe('groups', () => {
  test('contain every value once', () => {
    for (const groups of [fused(program), scheduleOf(program).groups]) {
      const ids = groups.flatMap((g) => g.values.map((v) => v.id));
      expect(ids.sort((a, b) => a - b)).toEqual(program.values.map((v) => v.id));
    }
  });

  test('join the expressions of a layer in a step, but no product', () => {
    const groups = fused(program);
    const step = groups.filter(
      (g) => g.kind === 'rows' && g.values.some((v) => fullName(v) === 'learn[2]/b.h'),
    );
    expect(step.map(names)).toEqual([['b.z', 'b.h', 'b.goodness', 'b.loss', 'b.dz']]);
    for (const u of groups) {
      if (u.kind === 'rows') expect(new Set(u.values.map(rowKey)).size).toBe(1);
      if (u.values.length > 1) expect(new Set(u.values.map((v) => v.op.kind))).toEqual(new Set(['map']));
    }
    const apart = fuseUpdates(scheduleOf(program)).groups;
    expect(apart.filter((u) => u.kind === 'rows' && u.values.length > 1)).toEqual([]);
  });

  test('join the updates by one gradient', () => {
    const updates = (groups: readonly Group[]) =>
      groups.filter((g) => g.kind === 'update').map((g) => g.values.length);
    expect(new Set(updates(fused(program)))).toEqual(new Set([3]));
    expect(new Set(updates(fuseRows(scheduleOf(program)).groups))).toEqual(new Set([1]));
    const moved = program.values.find((v) => v.tensor?.name === 'pack/b/1' && v.op.kind === 'map')!;
    expect(siblings(program, users, moved).map((v) => v.tensor!.name)).toEqual([
      'pack/b/1',
      'optimizer/pack/b/1/exp_avg',
      'optimizer/pack/b/1/exp_avg_sq',
    ]);
  });
});

test(
  'the mean of two layers stays separate from both if one recalls the other: their kernels would wait for ' +
    'each other',
  () => {
    const { programs: recalling, document: model } = graphOf({
      types: 'connection fast { fast: decay(0.9) }',
      network: `
      layer h1[3], h2[5] { normalize: h / (1 + mean(abs(h))) }
      connect image -> h1, image -> h2 as plain
      connect h1 -> h2 as fast`,
      schedule: 'phase learn[3] { }',
    });
    const choice = { embed: true, slots: true, labelGather: true };
    const ir = packed(recalling.predict, { model, packs: packsOf(model, choice, []) });
    const order = inOrder(ir, fused(ir));
    const groupOf = (name: string) => order.find((g) => g.values.some((v) => fullName(v) === name))!;
    expect(groupOf('learn[2]/h2.h1.fast')).not.toBe(groupOf('learn[2]/h1.goodness'));
    expect(order.flatMap((g) => g.values)).toHaveLength(ir.values.length);
  },
);

describe('their order', () => {
  const order = inOrder(program, fused(program));
  const at = new Map(order.flatMap((u, i) => u.values.map((v) => [v.id, i] as const)));

  test('every group comes after those that it reads', () => {
    for (const v of program.values)
      for (const i of v.inputs) expect(at.get(i)!).toBeLessThanOrEqual(at.get(v.id)!);
  });

  test('a new version comes after all readers of the old one, including readers of a view of it', () => {
    let read = 0;
    for (const v of program.values) {
      if (v.tensor === undefined || v.op.kind !== 'map') continue;
      const old = v.inputs.map((i) => program.values[i]!).find((i) => i.tensor?.name === v.tensor?.name)!;
      const readers = [...users[old.id]!];
      for (const r of readers) if (isView(r)) readers.push(...users[r.id]!);
      for (const r of readers) {
        if (r.tensor === undefined) read++;
        expect(at.get(r.id)!).toBeLessThanOrEqual(at.get(v.id)!);
      }
    }
    expect(read).toBeGreaterThan(10);
  });

  test('throws if groups read each other in a cycle', () => {
    const [a, b] = ofKind(program.values, 'product') as [IrValue, IrValue];
    const cycle: Ir = {
      ...program,
      values: [
        { ...a, id: 0, inputs: [1] },
        { ...b, id: 1, inputs: [0] },
      ],
    };
    const groups = cycle.values.map((v): Group => ({ kind: 'single', values: [v] }));
    expect(() => inOrder(cycle, groups)).toThrow(/cycle/);
  });
});

test('two steps that share a gradient update twice', () => {
  // The layer has the same input in both steps, so its mean activity is the same value.
  const { programs } = graphOf({
    types: 'connection fixed { learn: off }',
    network: 'layer a[4] { peer_norm: 0.1 }, connect digit -> a as fixed',
    schedule: 'phase both[2] { label: hidden, damping: off }',
  });
  const moved = fused(dropDead(shareEqual(programs.train))).filter((g) =>
    g.values.some((v) => v.op.kind === 'map' && v.tensor?.name === 'optimizer/a/peer_mean'),
  );
  expect(moved.map((u) => u.values.length)).toEqual([1, 1]);
});

test(
  'a reader of an old version of a tensor stays separate from readers of the new one: it would wait for ' +
    'itself',
  () => {
    const [product] = ofKind(program.values, 'product') as [IrValue];
    const row = program.values.find((v) => fullName(v) === 'learn[2]/b.h')!;
    const moved = program.values.find((v) => v.tensor !== undefined && v.op.kind === 'map')!;
    const old = moved.inputs
      .map((i) => program.values[i]!)
      .find((v) => v.tensor?.name === moved.tensor!.name)!;
    const update = { ...moved, op: { ...moved.op, vars: ['p', 'g'] } } as IrValue;
    const values = [
      { ...old, inputs: [] },
      { ...product, inputs: [] },
      { ...product, inputs: [1] },
      { ...update, inputs: [0, 1] },
      { ...row, inputs: [0, 2] },
      { ...row, inputs: [4, 3] },
    ].map((v, id): IrValue => ({ ...v, id }));
    const ir: Ir = { ...program, values };
    const order = inOrder(ir, fused(ir)).map((u) => u.values.map((v) => v.id));
    expect(order).toEqual([[0], [1], [2], [4], [3], [5]]);
  },
);
