import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { check } from '../../compiler/check/index.js';
import type { Buffer, Launch, Plan, PlanTensor, Region, RowsKernel } from '../../compiler/plan/plan.js';
import type { RffcError } from '../../grammar/diagnostic.js';
import { parse } from '../../grammar/index.js';
import { drawNegative } from '../random/draw.js';
import { uniforms } from '../random/index.js';
import { findBlas } from './blas.js';
import { bytesText, layOut } from './layout.js';
import { type CpuSession, openCpu } from './session.js';

const source = readFileSync(new URL('../../models/smoke3x4.rff', import.meta.url), 'utf8');
const model = check(parse(source).tree, { tolerant: true }).document!;
const seed = model.train.seed;

/** Samples, inputs, units, classes, frames: none a multiple of four. */
const [B, D, U, C, F] = [13, 6, 5, 3, 2];

/** One layer that learns h = relu(x · wᵀ + b) by w ← w − rate · mean(h · x), and whatever else launches can do. */
function layer(): Plan {
  const buffers: Buffer[] = [];
  const ends = new Map<Buffer['arena'], number>();
  const buffer = (arena: Buffer['arena'], rows: number, stride: number, name: string): number => {
    const offset = ends.get(arena) ?? 0;
    const bytes = Math.ceil((4 * rows * stride) / 256) * 256;
    ends.set(arena, offset + bytes);
    return buffers.push({ arena, offset, bytes, name }) - 1;
  };
  const region = (b: number, rows: number, cols: number, stride: number, offset = 0): Region => ({
    ...{ buffer: b, rows, cols, stride, offset },
  });
  const view = (b: number, sampleStride: number) => ({
    buffer: b,
    offset: 0,
    variantStride: 0,
    sampleStride,
  });
  const frames = Array.from({ length: F }, (_, i) => buffer('io', B, 8, `x${i}`));
  const y = buffer('io', B, 1, 'y');
  const scalars = buffer('io', 1, 4, 'scalars');
  const outputs = buffer('io', 3, 8, 'loss, sums, filled');
  const w = buffer('parameters', U, 8, 'w');
  const z = buffer('activities', B, 8, 'z');
  const h = buffer('activities', B, 8, 'h');
  const goodness = buffer('activities', B, 1, 'goodness');
  const hot = buffer('activities', B, 4, 'onehot');
  const mask = buffer('activities', B, 8, 'mask');
  const byClass = buffer('activities', C + 1, 8, 'by class');
  const probabilities = buffer('io', B, 4, 'probabilities');
  const uniform = buffer('io', B, 1, 'uniform');
  const drawn = buffer('io', B, 1, 'drawn');
  const gradient = buffer('scratch', U, 8, 'gradient');

  const kernels: RowsKernel[] = [
    {
      ...{ kind: 'rows', name: 'activate', units: U, inputs: [{ name: 'z', kind: 'element' }] },
      nodes: ['z', 0, ['max', 0, 1], ['mul', 2, 2], ['mean', 3]],
      outputs: [
        { node: 2, kind: 'element', tail: [] },
        { node: 4, kind: 'row', tail: [] },
      ],
    },
    {
      ...{ kind: 'rows', name: 'update', units: D + 1 },
      inputs: [
        { name: 'w', kind: 'element' },
        { name: 'g', kind: 'element' },
        { name: 'rate', kind: 'row' },
      ],
      nodes: ['w', 'g', 'rate', ['mul', 1, 2], ['sub', 0, 3]],
      outputs: [{ node: 4, kind: 'element', tail: [] }],
    },
  ];
  const weights = region(w, U, D + 1, 8);
  const activities = region(h, B, U, 8);
  const learned = region(gradient, U, D + 1, 8);
  const forward = (frame: number): Launch[] => [
    {
      ...{ kind: 'gemm', m: B, n: U, k: D + 1, alpha: 1, beta: 0, transposeA: false, transposeB: true },
      ...{ a: region(frames[frame]!, B, D + 1, 8), b: weights, c: region(z, B, U, 8) },
    },
    {
      ...{ kind: 'rows', kernel: 0, variants: 1, samples: B },
      ...{ inputs: [view(z, 8)], outputs: [view(h, 8), view(goodness, 1)] },
    },
  ];
  const train: Launch[] = [
    ...forward(0),
    {
      kind: 'mean',
      input: region(goodness, B, 1, 1),
      output: region(outputs, 1, 1, 8),
      scale: 1 / B,
    },
    {
      kind: 'learn',
      gradient: learned,
      // Two products: the second frame's activities are the first's.
      products: frames.map((x, i) => ({
        ...{ m: U, n: D + 1, k: B, alpha: 1 / B, beta: i === 0 ? (0 as const) : (1 as const) },
        ...{ a: activities, transposeA: true, b: region(x, B, D + 1, 8), transposeB: false, c: learned },
      })),
      update: {
        ...{ kind: 'rows', kernel: 1, variants: 1, samples: U },
        inputs: [view(w, 8), view(gradient, 8), view(scalars, 0)],
        outputs: [view(w, 8)],
      },
    },
    ...forward(1),
    { kind: 'total', input: activities, output: region(outputs, 1, U, 8, 8), scale: 0.5 },
    { kind: 'fill', output: region(outputs, 1, 3, 8, 16), value: 2.5 },
  ];
  const predict: Launch[] = [
    ...forward(1),
    { kind: 'onehot', index: region(y, B, 1, 1), output: region(hot, B, C, 4), tail: [7] },
    { kind: 'dropout', output: region(mask, B, U, 8), site: 4, keep: 0.75 },
    {
      ...{ kind: 'scatter', input: activities, index: region(y, B, 1, 1), classes: C, scale: 2 },
      output: region(byClass, C + 1, U, 8),
    },
    {
      ...{ kind: 'draw', probabilities: region(probabilities, B, C, 4), truth: region(y, B, 1, 1) },
      ...{ uniform: region(uniform, B, 1, 1), output: region(drawn, B, 1, 1) },
    },
  ];
  const tensor = (
    name: string,
    shape: number[],
    regions: Region[],
    more: Partial<PlanTensor> = {},
  ): PlanTensor => ({
    ...{ name, shape, regions, type: 'f32', role: 'output', sign: 1, transposed: false },
    ...more,
  });
  const input = { role: 'input' } as const;
  return {
    ...{ rffc: 'plan', version: 2, model, source: null, batch: B, predictBatch: B, frames: F, classes: C },
    ...{ layers: ['h'], learnSteps: 1, passes: [] },
    arenas: [...ends].map(([name, bytes]) => ({ name, bytes })),
    buffers,
    tensors: [
      tensor(
        'x',
        [F, B, D],
        frames.map((x) => region(x, B, D, 8)),
        input,
      ),
      tensor('y', [B], [region(y, B, 1, 1)], { ...input, type: 'i32', transposed: true }),
      tensor('p', [B, C], [region(probabilities, B, C, 4)], input),
      tensor('u', [B], [region(uniform, 1, B, B)], input),
      tensor('w', [U, D], [region(w, U, D, 8)], { role: 'parameter', sign: -1 }),
      tensor('b', [U], [region(w, U, 1, 8, D)], { role: 'parameter', sign: -1, transposed: true }),
      tensor('h', [U, B], [activities], { transposed: true }),
      tensor('loss', [1], [region(outputs, 1, 1, 8)]),
      tensor('sums', [U], [region(outputs, 1, U, 8, 8)]),
      tensor('filled', [4], [region(outputs, 1, 4, 8, 16)]),
      tensor('onehot', [B, C + 1], [region(hot, B, C + 1, 4)]),
      tensor('mask', [B, U], [region(mask, B, U, 8)]),
      tensor('by class', [C + 1, U], [region(byClass, C + 1, U, 8)]),
      tensor('drawn', [B], [region(drawn, 1, B, B)], { type: 'i32' }),
    ],
    scalars: { values: [{ name: 'rate' }], region: region(scalars, 1, 1, 4) },
    kernels,
    programs: {
      load: frames.map((x) => ({ kind: 'fill', output: region(x, B, 1, 8, D), value: 1 })),
      train,
      predict,
    },
    naive: { train: [], predict: [] },
  };
}

const wave = (n: number, by: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(1 + i * by));
const x = wave(F * B * D, 0.7);
const y = Int32Array.from({ length: B }, (_, i) => (i * 2) % C);
const weight = wave(U * D, 1.3);
const bias = wave(U, 0.4);
const args = { epoch: 3, batch: 9, trained: 0, rate: 0.25 };

/** What the programs should do, in f64. The weights are stored with the sign -1. */
function expectedTraining() {
  const w = Array.from({ length: U }, (_, u) => [
    ...Array.from({ length: D }, (_, d) => -weight[u * D + d]!),
    -bias[u]!,
  ]);
  const row = (frame: number, b: number) => [...x.subarray((frame * B + b) * D, (frame * B + b + 1) * D), 1];
  const forward = (frame: number) =>
    Array.from({ length: B }, (_, b) =>
      w.map((units) =>
        Math.max(
          0,
          units.reduce((z, wi, i) => z + wi * row(frame, b)[i]!, 0),
        ),
      ),
    );
  const first = forward(0);
  const loss = first.flat().reduce((sum, v) => sum + v * v, 0) / (B * U);
  for (let u = 0; u < U; u++) {
    for (let d = 0; d <= D; d++) {
      let gradient = 0;
      for (let b = 0; b < B; b++) gradient += (first[b]![u]! * (row(0, b)[d]! + row(1, b)[d]!)) / B;
      w[u]![d]! -= args.rate * gradient;
    }
  }
  const h = forward(1);
  const sums = w.map((_, u) => h.reduce((sum, values) => sum + values[u]!, 0) / 2);
  return {
    loss,
    h,
    sums,
    w: w.map((units) => units.slice(0, D).map((v) => -v)),
    b: w.map((units) => -units[D]!),
  };
}

const close = (actual: Float32Array, expected: readonly number[]) => {
  expect(actual.length).toBe(expected.length);
  actual.forEach((v, i) => {
    expect(v).toBeCloseTo(expected[i]!, 4);
  });
};

const before = process.env.RFFC_BLAS;
let session: CpuSession | undefined;
afterEach(async () => {
  await session?.dispose();
  session = undefined;
  if (before === undefined) delete process.env.RFFC_BLAS;
  else process.env.RFFC_BLAS = before;
});

async function open(threads: number, blas: boolean, profile = false): Promise<CpuSession> {
  if (!blas) process.env.RFFC_BLAS = 'off';
  const opened = await openCpu(layer(), { threads, profile });
  session = opened;
  opened.write('x', x);
  opened.write('y', y);
  opened.write('w', weight);
  opened.write('b', bias);
  return opened;
}

const products = [false, ...(findBlas() ? [true] : [])];

describe.each(products)('the cpu engine (BLAS: %s)', (blas) => {
  it.each([1, 2, 3])('trains with %i workers', async (threads) => {
    const s = await open(threads, blas);
    expect(s.blas !== null).toBe(blas);
    await s.run('train', args);
    const expected = expectedTraining();
    close(await s.read('loss'), [expected.loss]);
    close(await s.read('w'), expected.w.flat());
    close(await s.read('b'), expected.b);
    close(await s.read('sums'), expected.sums);
    expect([...(await s.read('filled'))].slice(0, 3)).toEqual([2.5, 2.5, 2.5]);
    const transposed = expected.sums.flatMap((_, u) => expected.h.map((values) => values[u]!));
    close(await s.read('h'), transposed);
  });

  it('makes the same bytes again', async () => {
    const results: Float32Array[] = [];
    for (let i = 0; i < 2; i++) {
      const s = await open(2, blas);
      for (let batch = 0; batch < 20; batch++) await s.run('train', { ...args, batch });
      results.push(await s.read('w'));
      await s.dispose();
    }
    expect(results[0]).toEqual(results[1]);
  });
});

describe('the cpu engine', () => {
  it.each([1, 3])('draws, masks, sums by class with %i workers', async (threads) => {
    const s = await open(threads, false);
    const p = wave(B * C, 0.9).map((v) => v * v);
    const u = uniforms(1, 2, 3, 4, B);
    s.write('p', p);
    s.write('u', u);
    await s.run('predict', args);
    const h = await s.read('h');
    const row = (b: number) => Array.from({ length: U }, (_, unit) => h[unit * B + b]!);
    expect([...(await s.read('y'))]).toEqual([...y]);
    expect([...(await s.read('onehot'))]).toEqual(
      [...y].flatMap((k) => [...Array.from({ length: C }, (_, c) => (c === k ? 1 : 0)), 7]),
    );
    const drawnUniforms = uniforms(seed, 4, args.epoch, args.batch, B * U);
    expect(await s.read('mask')).toEqual(drawnUniforms.map((v) => (v < 0.75 ? 1 / 0.75 : 0)));
    const sums = Array.from({ length: C + 1 }, (_, k) =>
      Array.from({ length: U }, (_, unit) =>
        [...y].reduce((sum, label, b) => sum + (k === C || label === k ? 2 * row(b)[unit]! : 0), 0),
      ),
    );
    close(await s.read('by class'), sums.flat());
    expect([...(await s.read('drawn'))]).toEqual(
      [...y].map((label, b) => drawNegative(p.subarray(b * C, (b + 1) * C), label, u[b]!)),
    );
  });

  it('reads what was written', async () => {
    const s = await open(2, false);
    expect(await s.read('x')).toEqual(x);
    expect(await s.read('w')).toEqual(weight);
    expect(await s.read('b')).toEqual(bias);
    expect(s.tensors.find((t) => t.name === 'w')).toEqual({
      ...{ name: 'w', shape: [U, D], type: 'f32', role: 'parameter' },
    });
  });

  it('rejects unknown names and wrong lengths', async () => {
    const s = await open(1, false);
    expect(() => s.write('v', weight)).toThrow(/RFF801.*`v`/);
    await expect(s.read('v')).rejects.toThrow(/RFF801/);
    expect(() => s.write('w', bias)).toThrow('RFF802: `w` is [5, 6]: expected 30 values, found 5');
  });

  it('times launches on request', async () => {
    const s = await open(2, false, true);
    expect(s.launchTimes('train')).toEqual([]);
    await s.run('train', args);
    await s.run('train', args);
    const times = s.launchTimes('train');
    expect(times.map((t) => t.launch)).toEqual(layer().programs.train.map((_, i) => i));
    expect(times[0]!.sync).toBe(false);
    expect(times.every((t) => t.workSeconds >= 0 && t.waitSeconds >= 0)).toBe(true);
    expect(times.some((t) => t.workSeconds > 0)).toBe(true);
  });

  it('rejects runs after it is closed', async () => {
    const s = await open(2, false);
    await s.dispose();
    await expect(s.run('train', args)).rejects.toThrow(/RFF775/);
  });

  it('rejects a BLAS that does not load and invalid thread counts', async () => {
    process.env.RFFC_BLAS = '/nowhere/libblas.so';
    await expect(openCpu(layer(), { threads: 1 })).rejects.toThrow(/RFF820/);
    for (const threads of [0, 1.5, 65, Number.NaN])
      await expect(openCpu(layer(), { threads })).rejects.toThrow(/RFF825/);
  });

  it('rejects a plan that exceeds memory, with the figures', () => {
    const plan = { arenas: [{ name: 'parameters' as const, bytes: 3 * 2 ** 30 }], buffers: [] };
    const look = (available: number) => {
      try {
        layOut(plan, 2, 2 ** 29, available);
        return undefined;
      } catch (error) {
        return (error as RffcError).diagnostics[0]!.message;
      }
    };
    expect(look(2 ** 35)).toBe(
      'the model needs 4.0 GiB of memory (parameters 3.0 GiB, 2 workers 1.0 GiB), more than the 4.0 GiB ' +
        'that the cpu backend can address',
    );
    expect(look(2 ** 30)).toContain('more than the 1.0 GiB free on this machine');
    expect(layOut(plan, 1, 2 ** 29, 2 ** 35).pages).toBe(7 * 2 ** 13);
    expect(bytesText(3.25 * 2 ** 20)).toBe('3.3 MiB');
  });
});
