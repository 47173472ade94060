/** Fused kernels: one expression for several values, equal ones once, and what a plan gains from them. */
import { describe, expect, test } from 'vitest';
import { chain, graphOf, launchesOf, type ModelParts } from '../../test/support/small-plans.js';
import { buildPlan } from '../build.js';
import { fullName } from '../graph/graph.js';
import { dropDead } from '../passes/dead.js';
import { shareEqual } from '../passes/hoist.js';
import type { Ir, IrValue } from '../passes/ir.js';
import type { PassName } from '../passes/pipeline.js';
import type { RowsKernel } from '../plan/plan.js';
import { KernelTable } from './table.js';

const graph = graphOf(chain);
const program: Ir = dropDead(shareEqual(graph.programs.train));
const named = (name: string): IrValue => program.values.find((v) => fullName(v) === name)!;
const lookUp = (id: number): IrValue => program.values[id]!;
const element = (value: IrValue) => ({ value, kind: 'element' as const, tail: [] });
const row = (value: IrValue) => ({ value, kind: 'row' as const, tail: [] });
const operators = ({ nodes }: RowsKernel, op: string) =>
  nodes.filter((n) => typeof n === 'object' && n[0] === op).length;

describe('fusing', () => {
  const [h, s, goodness] = ['h', 's', 'goodness'].map((n) => named(`learn[1]/b.${n}`)) as [
    IrValue,
    IrValue,
    IrValue,
  ];

  test('substitutes expressions for values, and reads values from outside', () => {
    const table = new KernelTable();
    const { kernel, inputs } = table.fuse([h, s], [element(h), { ...element(s), tail: [1] }], lookUp);
    expect(inputs).toEqual(h.inputs);
    const made = table.kernels[kernel]!;
    expect(made).toMatchObject({ kind: 'rows', units: 7, name: 'b.h b.s' });
    expect(made.inputs).toEqual([
      { name: 'i0', kind: 'element' },
      { name: 'i1', kind: 'element' },
    ]);
    expect(made.outputs.map((o) => [o.kind, o.tail])).toEqual([
      ['element', []],
      ['element', [1]],
    ]);
  });

  test('shares common subexpressions: goodness and norm use one sum of squares', () => {
    const table = new KernelTable();
    const { kernel } = table.fuse([h, s, goodness], [element(s), row(goodness)], lookUp);
    expect(operators(table.kernels[kernel]!, 'mean')).toBe(1);
    const apart = new KernelTable();
    for (const v of [s, goodness]) apart.fuse([v], [v === s ? element(v) : row(v)], lookUp);
    expect(apart.kernels.map((k) => operators(k, 'mean'))).toEqual([1, 1]);
  });

  test('stores a kernel once, whatever the names of its values', () => {
    const table = new KernelTable();
    const kernels = ['learn[1]/b.s', 'learn[2]/b.s', 'learn[1]/b.h', 'learn[1]/a.s']
      .flatMap((n) => program.values.find((v) => fullName(v) === n) ?? [])
      .map((v) => table.fuse([v], [element(v)], lookUp).kernel);
    expect(kernels).toEqual([0, 1, 2]);
    expect(table.kernels).toHaveLength(3);
  });

  test('orders nodes after their arguments, each once', () => {
    const { kernels } = buildPlan(graph).plan;
    for (const { nodes } of kernels) {
      nodes.forEach((node, i) => {
        if (typeof node !== 'object') return;
        const [, ...args] = node;
        for (const a of args as number[]) expect(a).toBeLessThan(i);
      });
      expect(new Set(nodes.map((n) => JSON.stringify(n))).size).toBe(nodes.length);
    }
    expect(new Set(kernels.map((k) => JSON.stringify({ ...k, name: '' }))).size).toBe(kernels.length);
  });

  test('copies rows with one kernel per width', () => {
    const table = new KernelTable();
    expect([table.copy(5, 'element'), table.copy(6, 'element'), table.copy(5, 'element')]).toEqual([0, 1, 0]);
    expect([table.copy(5, 'row'), table.copy(9, 'row')]).toEqual([2, 2]);
    expect(table.kernels[2]).toMatchObject({ units: 1, nodes: ['i0'], outputs: [{ node: 0, kind: 'row' }] });
  });

  test('the sum over a layer of one unit is that unit', () => {
    const one = dropDead(graphOf({ network: 'layer a[1] { }, connect image -> a as plain' }).programs.train);
    const v = one.values.find((x) => fullName(x) === 'learn[0]/a.goodness')!;
    const table = new KernelTable();
    const { kernel } = table.fuse([v], [row(v)], (id) => one.values[id]!);
    expect(operators(table.kernels[kernel]!, 'mean')).toBe(0);
    expect(table.kernels[kernel]!.inputs[0]!.kind).toBe('row');
  });
});

describe('a plan', () => {
  const plan = (without: PassName[], model: ModelParts = chain) =>
    buildPlan(graphOf(model), { without }).plan;
  const all = plan([]);

  test('fusion reduces launches and keeps the number of products', () => {
    const apart = plan(['fusion']);
    const rows = (p: typeof all) => launchesOf(p.programs.train, 'rows').length;
    const products = (p: typeof all) => launchesOf(p.programs.train, 'gemm').length;
    expect(rows(all)).toBeLessThan(rows(apart) / 2);
    expect(products(all)).toBe(products(apart));
    // The learning step of a layer, except its products: activity, norm, goodness, loss and slope in one.
    expect(all.kernels.map((k) => k.name)).toContain('b.h b.s b.goodness b.loss b.dz');
    expect(apart.kernels.every((k) => !k.name.includes(' ') || /avg|buffer/.test(k.name))).toBe(true);
  });

  test('update fusion learns with one launch per pack and step, and stores no gradient', () => {
    const apart = plan(['update-fusion']);
    const learns = launchesOf(all.programs.train, 'learn');
    // a, b and c in each of three steps; the table of the label is gathered.
    expect(learns).toHaveLength(9);
    expect(launchesOf(apart.programs.train, 'learn')).toEqual([]);
    const gradients = learns.flatMap((l) => l.products).length;
    const products = (p: typeof all) => launchesOf(p.programs.train, 'gemm').length;
    expect(products(apart)).toBe(products(all) + gradients);
    for (const { products: parts, gradient, update } of learns) {
      expect(update.inputs.map((v) => v.buffer)).toContain(gradient.buffer);
      for (const p of parts) expect(p.c.buffer).toBe(gradient.buffer);
      expect(update.samples).toBe(gradient.rows);
    }
  });

  test('updates a parameter and its optimizer state with one kernel, in place', () => {
    const adam: ModelParts = { ...chain, optimizer: 'adam(lr: 0.1)' };
    const { kernels, programs, buffers } = plan([], adam);
    for (const { update } of launchesOf(programs.train, 'learn')) {
      expect(kernels[update.kernel]!.outputs).toHaveLength(3);
      const written = update.outputs.map((v) => v.buffer);
      expect(update.inputs.map((v) => v.buffer)).toEqual(expect.arrayContaining(written));
      expect(written.map((b) => buffers[b]!.arena).sort()).toEqual(['parameters', 'state', 'state']);
    }
    expect(
      plan(['update-fusion'], adam).kernels.some((k) => k.outputs.length > 2 && /avg/.test(k.name)),
    ).toBe(false);
  });

  test('computes both polarities in one product, or in two with half the rows', () => {
    const apart = plan(['polarity']);
    const batch = 3;
    const split = launchesOf(all.programs.train, 'gemm').filter((g) => !g.transposeA && g.m === 2 * batch);
    expect(split.length).toBeGreaterThan(3);
    const halves = launchesOf(apart.programs.train, 'gemm').filter((g) => !g.transposeA);
    expect(halves.filter((g) => g.m === 2 * batch)).toEqual([]);
    const before = launchesOf(all.programs.train, 'gemm').filter((g) => !g.transposeA).length;
    expect(halves).toHaveLength(before + split.length);
    // Gradients: the second half adds to the first.
    const learned = launchesOf(apart.programs.train, 'learn').flatMap((l) => l.products);
    const whole = launchesOf(all.programs.train, 'learn').flatMap((l) => l.products);
    const doubled = whole.filter((p) => p.k === 2 * batch).length;
    expect(learned).toHaveLength(whole.length + doubled);
    expect(learned.filter((p) => p.beta === 1)).toHaveLength(doubled);
  });

  test('multiplies the window of a layer once per step, and no one-hot rows', () => {
    const products = (p: typeof all) => launchesOf(p.programs.train, 'gemm').length;
    expect(products(all)).toBeLessThan(products(plan(['slots'])));
    expect(launchesOf(all.programs.train, 'onehot')).toEqual([]);
    expect(launchesOf(all.programs.train, 'scatter')).toHaveLength(3);
    const multiplied = plan(['label-gather']);
    expect(launchesOf(multiplied.programs.train, 'onehot').length).toBeGreaterThan(0);
    expect(launchesOf(multiplied.programs.train, 'scatter')).toEqual([]);
  });

  test('settles on fewer rows, predicts no superfluous step, and computes nothing for layers at rest', () => {
    const rows = (p: typeof all, program: 'train' | 'predict') =>
      launchesOf(p.programs[program], 'gemm').reduce((sum, g) => sum + (g.transposeA ? 0 : g.m), 0);
    expect(rows(all, 'train')).toBeLessThan(rows(plan(['hoist']), 'train'));
    expect(rows(all, 'predict')).toBeLessThan(rows(plan(['hoist']), 'predict'));
    expect(rows(all, 'predict')).toBeLessThan(rows(plan(['dead']), 'predict'));
    // Without folding, the norm of an activity at rest is computed.
    const launches = (p: typeof all) => launchesOf(p.programs.train, 'rows').length;
    expect(launches(all)).toBeLessThan(launches(plan(['constants'])));
  });
});
