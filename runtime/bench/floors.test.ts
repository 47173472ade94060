import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compile } from '../../compiler/compile.js';
import type { Launch, Plan } from '../../compiler/plan/plan.js';
import { figuresOf } from '../../compiler/plan/summary.js';
import { floorOf, naiveFloorOf, withFloors } from './floors.js';

const text = readFileSync(new URL('../../models/smoke3x4.rff', import.meta.url), 'utf8');
const { plan } = await compile({ text, file: 'smoke3x4.rff' });
const floored = withFloors(plan);
const programs: Readonly<Record<string, readonly Launch[]>> = floored.programs;
const bytes = (p: Plan, arena: string) => p.arenas.find(({ name }) => name === arena)!.bytes;

describe.each(['train', 'predict'] as const)('%s', (name) => {
  test('the floor is the plan’s products and nothing else', () => {
    const floor = programs[floorOf(name)]!;
    expect(new Set(floor.map(({ kind }) => kind))).toEqual(new Set(['gemm']));
    const own = plan.programs[name].flatMap((l) =>
      l.kind === 'gemm' ? [l] : l.kind === 'learn' ? l.products : [],
    );
    expect(floor).toHaveLength(own.length);
    expect(floor).toHaveLength(figuresOf(plan, plan.programs[name]).products);
    for (const [i, product] of own.entries()) expect(floor[i]).toMatchObject(product);
    expect(floored.programs[name]).toBe(plan.programs[name]);
  });

  test('the naive floor is the products of the model as written', () => {
    const { products, flops } = figuresOf(floored, programs[naiveFloorOf(name)]!);
    expect(products).toBe(plan.naive[name].reduce((sum, [, , , count]) => sum + count, 0));
    expect(flops).toBe(plan.naive[name].reduce((sum, [m, n, k, count]) => sum + 2 * m * n * k * count, 0));
  });

  test('its operands are in buffers behind the plan’s', () => {
    for (const launch of programs[naiveFloorOf(name)]!) {
      if (launch.kind !== 'gemm') throw new Error(`a ${launch.kind} is not a product`);
      const { m, n, k, a, b, c, transposeA, transposeB } = launch;
      expect([a.rows, a.cols]).toEqual(transposeA ? [k, m] : [m, k]);
      expect([b.rows, b.cols]).toEqual(transposeB ? [n, k] : [k, n]);
      expect([c.rows, c.cols]).toEqual([m, n]);
      for (const r of [a, b, c]) {
        const buffer = floored.buffers[r.buffer]!;
        expect(buffer.offset % 256).toBe(0);
        expect(buffer.offset).toBeGreaterThanOrEqual(bytes(plan, 'scratch'));
        expect(buffer.offset + buffer.bytes).toBeLessThanOrEqual(bytes(floored, 'scratch'));
        expect(4 * (r.rows - 1) * r.stride + 4 * r.cols).toBeLessThanOrEqual(buffer.bytes);
      }
    }
  });
});
