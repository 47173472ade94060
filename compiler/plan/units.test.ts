/** Units: what is computed together, and in which order. */
import { describe, expect, test } from 'vitest';
import { dropDead } from '../passes/dead.js';
import { shareEqual } from '../passes/hoist.js';
import type { Ir, IrValue } from '../passes/ir.js';
import { rowKey } from '../passes/ir.js';
import { packsOf } from '../passes/packs.js';
import { packProducts } from '../passes/slots.js';
import { chain, graphOf, ofKind } from './testing.js';
import { formUnits, isView, orderUnits, siblings, type Unit } from './units.js';

const { document, programs } = graphOf({ ...chain, optimizer: 'adam(lr: 0.1)' });
const packs = packsOf(document, { embed: true, slots: true, labelGather: true }, []);
const program: Ir = dropDead(packProducts(shareEqual(programs.train), document, packs));
const both = { fusion: true, updateFusion: true };
const users = program.values.map((): IrValue[] => []);
for (const v of program.values) for (const i of v.inputs) users[i]!.push(v);
const names = (u: Unit) => u.values.map((v) => v.name.replace(/^.*\//, ''));

describe('units', () => {
  test('hold every value once', () => {
    for (const choice of [both, { fusion: false, updateFusion: false }]) {
      const ids = formUnits(program, choice).flatMap((u) => u.values.map((v) => v.id));
      expect(ids.sort((a, b) => a - b)).toEqual(program.values.map((v) => v.id));
    }
  });

  test('join a layer’s expressions in a step, and no product', () => {
    const units = formUnits(program, both);
    const step = units.filter((u) => u.kind === 'rows' && u.values.some((v) => v.name === 'learn[2]/b.h'));
    expect(step.map(names)).toEqual([['b.z', 'b.h', 'b.goodness', 'b.loss', 'b.dz']]);
    for (const u of units) {
      if (u.kind === 'rows') expect(new Set(u.values.map(rowKey)).size).toBe(1);
      if (u.values.length > 1) expect(new Set(u.values.map((v) => v.op.kind))).toEqual(new Set(['map']));
    }
    const apart = formUnits(program, { ...both, fusion: false });
    expect(apart.filter((u) => u.kind === 'rows' && u.values.length > 1)).toEqual([]);
  });

  test('join what one gradient moves', () => {
    const updates = (updateFusion: boolean) =>
      formUnits(program, { ...both, updateFusion })
        .filter((u) => u.kind === 'update')
        .map((u) => u.values.length);
    expect(new Set(updates(true))).toEqual(new Set([3]));
    expect(new Set(updates(false))).toEqual(new Set([1]));
    const moved = program.values.find((v) => v.tensor === 'pack/b/1' && v.op.kind === 'map')!;
    expect(siblings(program, users, moved).map((v) => v.tensor)).toEqual([
      'pack/b/1',
      'optimizer/pack/b/1/exp_avg',
      'optimizer/pack/b/1/exp_avg_sq',
    ]);
  });
});

test('two layers’ mean stays apart from both where one recalls the other: their kernels would wait for each other', () => {
  const { programs: recalling, document: model } = graphOf({
    types: 'connection fast { fast: decay(0.9) }',
    network: `
      layer h1[3], h2[5] { normalize: h / (1 + mean(abs(h))) }
      connect image -> h1, image -> h2 as plain
      connect h1 -> h2 as fast`,
    schedule: 'phase learn[3] { }',
  });
  const packed = packsOf(model, { embed: true, slots: true, labelGather: true }, []);
  const ir: Ir = dropDead(packProducts(shareEqual(recalling.predict), model, packed));
  const units = orderUnits(ir, formUnits(ir, both));
  const unitOf = (name: string) => units.find((u) => u.values.some((v) => v.name === name))!;
  expect(unitOf('learn[2]/h2.h1.fast')).not.toBe(unitOf('learn[2]/h1.goodness'));
  expect(units.flatMap((u) => u.values)).toHaveLength(ir.values.length);
});

describe('their order', () => {
  const order = orderUnits(program, formUnits(program, both));
  const at = new Map(order.flatMap((u, i) => u.values.map((v) => [v.id, i] as const)));

  test('puts every unit after those that it reads', () => {
    for (const v of program.values)
      for (const i of v.inputs) expect(at.get(i)!).toBeLessThanOrEqual(at.get(v.id)!);
  });

  test('puts a new version after all that read the old one, also by a view of it', () => {
    let read = 0;
    for (const v of program.values) {
      if (v.tensor === undefined || v.op.kind !== 'map') continue;
      const old = v.inputs.map((i) => program.values[i]!).find((i) => i.tensor === v.tensor)!;
      const readers = [...users[old.id]!];
      for (const r of readers) if (isView(r)) readers.push(...users[r.id]!);
      for (const r of readers) {
        if (r.tensor === undefined) read++;
        expect(at.get(r.id)!).toBeLessThanOrEqual(at.get(v.id)!);
      }
    }
    expect(read).toBeGreaterThan(10);
  });

  test('is a mistake where units read each other in a circle', () => {
    const [a, b] = ofKind(program.values, 'product') as [IrValue, IrValue];
    const circle: Ir = {
      ...program,
      values: [
        { ...a, id: 0, inputs: [1] },
        { ...b, id: 1, inputs: [0] },
      ],
    };
    const units = circle.values.map((v, id): Unit => ({ id, kind: 'single', values: [v] }));
    expect(() => orderUnits(circle, units)).toThrow(/circle/);
  });
});

test('what two steps move by the very same gradient is moved twice', () => {
  // The layer hears the same in both steps, so its mean activity is the same value.
  const { programs } = graphOf({
    types: 'connection fixed { learn: off }',
    network: 'layer a[4] { peer_norm: 0.1 }, connect digit -> a as fixed',
    schedule: 'phase both[2] { label: hidden, damping: off }',
  });
  const moved = formUnits(dropDead(shareEqual(programs.train)), both).filter((u) =>
    u.values.some((v) => v.op.kind === 'map' && v.tensor === 'optimizer/a/peer_mean'),
  );
  expect(moved.map((u) => u.values.length)).toEqual([1, 1]);
});

test('what reads an old version of a tensor stays apart from what reads the new one: it would wait for itself', () => {
  const [product] = ofKind(program.values, 'product') as [IrValue];
  const row = program.values.find((v) => v.name === 'learn[2]/b.h')!;
  const moved = program.values.find((v) => v.tensor !== undefined && v.op.kind === 'map')!;
  const old = moved.inputs.map((i) => program.values[i]!).find((v) => v.tensor === moved.tensor)!;
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
  const order = orderUnits(ir, formUnits(ir, both)).map((u) => u.values.map((v) => v.id));
  expect(order).toEqual([[0], [1], [2], [4], [3], [5]]);
});
