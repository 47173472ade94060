import { describe, expect, it } from 'vitest';
import type { Gemm, Launch, Plan, Region, RowsView } from '../../compiler/plan/plan.js';
import { barriersOf, conflicts, type Touch, touchesOf } from './barriers.js';
import { gemmSplit, shareStart } from './shares.js';

const touch = (t: Partial<Touch>): Touch => ({
  ...{ write: false, address: 0, rows: 10, width: 32, step: 64, own: true },
  ...t,
});
const write = true;

describe('conflicts', () => {
  it('lets two reads be', () => {
    expect(conflicts(touch({ own: false }), touch({ own: false }))).toBe(false);
  });
  it('lets workers come back to their own rows', () => {
    expect(conflicts(touch({ write }), touch({}))).toBe(false);
    expect(conflicts(touch({ write }), touch({ address: 16 }))).toBe(false);
  });
  it('sees that another number of rows is shared otherwise', () => {
    expect(conflicts(touch({ write }), touch({ rows: 9 }))).toBe(true);
    expect(conflicts(touch({ write }), touch({ own: false }))).toBe(true);
  });
  it('sees rows that are shifted against each other', () => {
    expect(conflicts(touch({ write }), touch({ address: 64 }))).toBe(true);
    expect(conflicts(touch({ write, address: 64 }), touch({}))).toBe(true);
  });
  it('lets columns side by side be, whoever touches them', () => {
    expect(conflicts(touch({ write, own: false }), touch({ address: 32, own: false }))).toBe(false);
    expect(conflicts(touch({ write, own: false }), touch({ address: 28, own: false }))).toBe(true);
    expect(conflicts(touch({ write, own: false, address: 32 }), touch({ address: 128, own: false }))).toBe(
      false,
    );
  });
  it('lets places apart be', () => {
    expect(conflicts(touch({ write }), touch({ address: 9 * 64 + 32, own: false }))).toBe(false);
    expect(conflicts(touch({ write }), touch({ address: 9 * 64 + 28, own: false }))).toBe(true);
  });
  it('does not compare matrices with rows of other lengths', () => {
    expect(conflicts(touch({ write }), touch({ step: 32 }))).toBe(true);
  });
});

/**
 * One network layer: slots (buffer 0), weights (1), sums (2), a gradient nobody stores (3), a lookup table (4), indices
 * (5).
 */
const buffers: Plan['buffers'] = Array.from({ length: 6 }, (_, i) => ({
  arena: 'activities',
  offset: i * 65536,
  bytes: 65536,
  name: `b${i}`,
}));
const kernels: Plan['kernels'] = [
  {
    kind: 'rows',
    name: 'activate',
    units: 8,
    inputs: [{ name: 'z', kind: 'element' }],
    nodes: ['z'],
    outputs: [{ node: 0, kind: 'element', tail: [1, 0, 0, 0] }],
  },
  {
    kind: 'rows',
    name: 'update',
    units: 12,
    inputs: [
      { name: 'w', kind: 'element' },
      { name: 'g', kind: 'element' },
    ],
    nodes: ['w', 'g', ['sub', 0, 1]],
    outputs: [{ node: 2, kind: 'element', tail: [] }],
  },
];
const plan = { buffers, kernels };
const region = (buffer: number, rows: number, cols: number, stride: number, offset = 0): Region => ({
  ...{ buffer, rows, cols, stride, offset },
});
const view = (buffer: number, sampleStride: number, offset = 0, variantStride = 0): RowsView => ({
  ...{ buffer, offset, variantStride, sampleStride },
});
const slots = region(0, 40, 12, 12);
const forward: Gemm = {
  ...{ m: 40, n: 8, k: 12, alpha: 1, beta: 0, transposeA: false, transposeB: true },
  ...{ a: slots, b: region(1, 8, 12, 12), c: region(2, 40, 8, 8) },
};
const gemm: Launch = { kind: 'gemm', ...forward };
const activate: Launch = {
  ...{ kind: 'rows', kernel: 0, variants: 1, samples: 40 },
  ...{ inputs: [view(2, 8)], outputs: [view(0, 12)] },
};
const learn: Launch = {
  kind: 'learn',
  gradient: region(3, 8, 12, 12),
  products: [
    {
      ...{ m: 8, n: 12, k: 40, alpha: 1, beta: 0, transposeA: true, transposeB: false },
      ...{ a: region(2, 40, 8, 8), b: slots, c: region(3, 8, 12, 12) },
    },
  ],
  update: {
    ...{ kind: 'rows', kernel: 1, variants: 1, samples: 8 },
    ...{ inputs: [view(1, 12), view(3, 12)], outputs: [view(1, 12)] },
  },
};
const barriers = (...launches: Launch[]) =>
  barriersOf(launches.map((l) => touchesOf(l, plan, (b) => buffers[b]!.offset, 2)));

describe('barriers', () => {
  it('carries rows through products and row kernels without a meeting', () => {
    expect(barriers(gemm, activate, gemm, activate)).toEqual([false, false, false, false]);
  });
  it('meets before learning, which reads all rows, and before its weights are used', () => {
    expect(barriers(gemm, activate, learn, gemm, activate)).toEqual([false, false, true, true, false]);
  });
  it('lets a second layer learn beside the first', () => {
    const other: Launch = {
      ...learn,
      update: { ...learn.update, inputs: [view(4, 12), view(3, 12)], outputs: [view(4, 12)] },
    };
    expect(barriers(learn, other)).toEqual([false, false]);
  });
  it('meets where rows are shared in another number', () => {
    const half: Launch = { ...activate, variants: 2, samples: 20, inputs: [view(2, 8)] };
    expect(barriers(gemm, half)).toEqual([false, true]);
    const whole: Launch = { ...half, inputs: [view(2, 8, 0, 160)], outputs: [view(0, 12, 0, 240)] };
    expect(barriers(gemm, whole, gemm)).toEqual([false, false, false]);
  });
  it('takes a looked-up row for any', () => {
    const fill: Launch = { kind: 'fill', output: region(4, 40, 8, 8), value: 1 };
    const lookup = { stride: 8, index: view(5, 1) };
    const looked: Launch = { ...activate, inputs: [{ ...view(4, 0), lookup }] };
    expect(barriers(fill, looked)).toEqual([false, true]);
    const indices: Launch = { kind: 'fill', output: region(5, 40, 1, 1), value: 0 };
    expect(barriers(indices, looked)).toEqual([false, false]);
  });
  it('meets around what one worker does', () => {
    const mean: Launch = { kind: 'mean', input: region(2, 40, 1, 8), output: region(4, 1, 1, 4), scale: 1 };
    expect(barriers(gemm, mean)).toEqual([false, true]);
    expect(barriers(mean, gemm)).toEqual([false, true]);
    expect(barriers(mean, mean)).toEqual([false, true]);
  });
  it('sees buffers of different lives in one place', () => {
    const launches: Launch[] = [gemm, { kind: 'fill', output: region(4, 7, 8, 8), value: 1 }];
    const same = (b: number) => (b === 4 ? buffers[2]! : buffers[b]!).offset;
    expect(barriersOf(launches.map((l) => touchesOf(l, plan, same, 2)))).toEqual([false, true]);
  });
});

describe('shares', () => {
  it.each([1, 2, 3, 64])('of %i workers hold every row once', (workers) => {
    for (const rows of [0, 1, 7, 64, 1001]) {
      const starts = Array.from({ length: workers + 1 }, (_, w) => shareStart(rows, w, workers));
      expect([starts[0], starts[workers]]).toEqual([0, rows]);
      for (let w = 0; w < workers; w++)
        expect(starts[w + 1]! - starts[w]!).toBeOneOf([
          Math.floor(rows / workers),
          Math.ceil(rows / workers),
        ]);
    }
  });
  it('are of rows unless those are few', () => {
    const split = (m: number, n: number, blocks?: Gemm['blocks']) =>
      gemmSplit({ m, n, c: region(0, m, n, 800), ...(blocks ? { blocks } : {}) }, 2);
    expect(split(128, 800)).toBe('m');
    expect(split(127, 800)).toBe('n');
    expect(split(10, 8)).toBe('m');
    // Side by side they have the rows of all else; few rows, or blocks one below the other, go round whole.
    expect(split(40, 8, { count: 9, a: 12, b: 96, c: 8 })).toBe('m');
    expect(split(10, 8, { count: 9, a: 12, b: 96, c: 8 })).toBe('blocks');
    expect(split(40, 8, { count: 9, a: 8, b: 12, c: 32000 })).toBe('blocks');
  });
});
