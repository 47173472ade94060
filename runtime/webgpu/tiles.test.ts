/** Tiles are measured once for an adapter and a class of shapes, and remembered; what was remembered is believed. */
import { expect, test } from 'vitest';
import { gemmTiles, probeTiles } from '../../compiler/codegen/wgsl/index.js';
import type { Gemm, Plan } from '../../compiler/plan/plan.js';
import { findGpu } from '../../test/support/adapter.js';
import { describeUnless } from '../../test/support/needs.js';
import { openAdapter, openDevice } from './device.js';
import { fastest, timesOf } from './measure.js';
import { Layouts } from './shaders.js';
import { chooseTiles } from './tiles.js';

const { gpu, missing } = await findGpu();

const options = {
  ...{ subgroups: false, f16: false, maxInvocations: 256 },
  ...{ maxWorkgroupStorage: 16384, maxWorkgroupsPerDimension: 65535 },
} as const;

const product = (m: number, n: number, k: number): Gemm => {
  const region = { buffer: 0, offset: 0, rows: 1, cols: 1, stride: 1 };
  return { m, n, k, a: region, b: region, c: region, transposeA: false, transposeB: true, alpha: 1, beta: 0 };
};
const programs = (...products: Gemm[]): Pick<Plan, 'programs'> => ({
  programs: { train: products.map((p) => ({ kind: 'gemm', ...p })), predict: [], load: [] },
});

/** A memory that tells what it was asked and what it learnt. */
function memory(known: Readonly<Record<string, string>> = {}) {
  const learnt: string[] = [];
  return {
    learnt,
    get: (key: string) => Object.entries(known).find(([part]) => key.includes(part))?.[1],
    set: (key: string, answer: string) => {
      learnt.push(`${key} → ${answer}`);
    },
  };
}

const tileFor = (all: Awaited<ReturnType<typeof chooseTiles>>, p: Gemm) =>
  typeof all.tile === 'function' ? all.tile(p).name : all.tile.name;

describeUnless(missing, 'tiles', () => {
  const open = async () => openDevice(await openAdapter(gpu!), [], 'f32');

  test('are measured once for a class of shapes, those of small products not at all', async () => {
    const device = await open();
    const layouts = new Layouts(device);
    const cache = memory();
    const [large, alike, small] = [product(100, 120, 128), product(110, 100, 100), product(5, 6, 7)];
    const chosen = await chooseTiles(device, layouts, programs(large, alike, small), options, 'mine', cache);
    expect(cache.learnt).toHaveLength(2);
    expect(cache.learnt[0]).toMatch(/^mine \| f32 \| workgroup memory → (pays|does not pay)$/);
    expect(cache.learnt[1]).toMatch(/^mine \| f32 \| NT 128x128x128 \| .+ → .+$/);
    expect(tileFor(chosen, alike)).toBe(tileFor(chosen, large));
    expect(cache.learnt[1]).toContain(`→ ${tileFor(chosen, large)}`);
    expect(tileFor(chosen, small)).toBe(gemmTiles(chosen, small)[0]!.name);
    device.destroy();
  });

  test('that are remembered are not measured', async () => {
    const device = await open();
    device.createComputePipelineAsync = () => Promise.reject(new Error('nothing is to be measured'));
    const layouts = new Layouts(device);
    const p = product(256, 256, 256);
    const candidates = gemmTiles({ ...options, workgroupMemory: true }, p);
    const known = { 'workgroup memory': 'pays', 'NT 256x256x256': candidates[2]!.name };
    const cache = memory(known);
    const chosen = await chooseTiles(device, layouts, programs(p), options, 'mine', cache);
    expect(cache.learnt).toEqual([]);
    expect(chosen.workgroupMemory).toBe(true);
    expect(tileFor(chosen, p)).toBe(candidates[2]!.name);
    const alone = memory({ ...known, 'workgroup memory': 'does not pay' });
    // That tile is not a candidate without workgroup memory, so there is something to measure.
    await expect(chooseTiles(device, layouts, programs(p), options, 'mine', alone)).rejects.toThrow(
      'measured',
    );
    device.destroy();
  });

  test('are measured whatever the shape, even where no candidate is a good one', async () => {
    const device = await open();
    const layouts = new Layouts(device);
    const all = { ...options, workgroupMemory: true };
    const [one] = gemmTiles({ ...all, maxInvocations: 1 });
    for (const p of [product(1, 900, 900), product(700, 3, 700), product(70, 90, 1)]) {
      const times = await timesOf(device, layouts, all, p, [one!, probeTiles[0]]);
      expect(times).toHaveLength(2);
      for (const ms of times) expect(ms).toBeGreaterThan(0);
      expect([one!.name, probeTiles[0].name]).toContain(
        (await fastest(device, layouts, all, p, [one!, probeTiles[0]])).name,
      );
    }
    device.destroy();
  });
});
