import { expect, test } from 'vitest';
import type { Gemm, Launch, Region, RowsKernel } from './plan.js';
import { bytesText, figuresOf, flopsText } from './summary.js';

const region = (rows: number, cols: number): Region => ({ buffer: 0, offset: 0, rows, cols, stride: cols });
const gemm = (m: number, n: number, k: number, beta: 0 | 1 = 0): Gemm => ({
  m,
  n,
  k,
  a: region(m, k),
  transposeA: false,
  b: region(k, n),
  transposeB: false,
  c: region(m, n),
  alpha: 1,
  beta,
});
/** h → h · mean(h), and the mean: per row 8 units read twice by operators, one row operation. */
const kernel: RowsKernel = {
  kind: 'rows',
  name: 'k',
  units: 8,
  inputs: [{ name: 'h', kind: 'element' }],
  nodes: ['h', ['mean', 0], ['mul', 0, 1], ['neg', 1]],
  outputs: [
    { node: 2, kind: 'element', tail: [1, 0] },
    { node: 3, kind: 'row', tail: [] },
  ],
};
const view = (buffer: number, variantStride: number, sampleStride: number) => ({
  buffer,
  offset: 0,
  variantStride,
  sampleStride,
});
const rows = (input: ReturnType<typeof view>): Extract<Launch, { kind: 'rows' }> => ({
  kind: 'rows',
  kernel: 0,
  variants: 2,
  samples: 5,
  inputs: [input],
  outputs: [view(1, 40, 8), view(2, 5, 1)],
});
const figures = (...launches: Launch[]) => figuresOf({ kernels: [kernel] }, launches);

test('a product takes 2mnk operations and moves its operands; an accumulating one also reads its result', () => {
  expect(figures({ kind: 'gemm', ...gemm(2, 3, 5) })).toEqual({
    kernels: 1,
    products: 1,
    flops: 60,
    bytes: 4 * (10 + 15 + 6),
  });
  expect(figures({ kind: 'gemm', ...gemm(2, 3, 5, 1) }).bytes).toBe(4 * (10 + 15 + 12));
});

test('a row kernel takes one operation per node and unit, and reads broadcast rows once', () => {
  // For each of 10 rows: the mean and the product over 8 units, one negation.
  const all = figures(rows(view(0, 40, 8)));
  expect(all).toMatchObject({ kernels: 1, products: 0, flops: 10 * (8 + 8 + 1) });
  const written = 10 * (8 + 2) + 10;
  expect(all.bytes).toBe(4 * (10 * 8 + written));
  expect(figures(rows(view(0, 0, 8))).bytes).toBe(4 * (5 * 8 + written));
  expect(figures(rows(view(0, 0, 0))).bytes).toBe(4 * (8 + written));
});

test('a learning launch does not count its gradient', () => {
  const learn: Launch = {
    kind: 'learn',
    products: [gemm(10, 8, 3)],
    gradient: { ...region(10, 8), buffer: 7 },
    update: rows(view(7, 40, 8)),
  };
  expect(figures(learn)).toEqual({
    kernels: 1,
    products: 1,
    flops: 2 * 10 * 8 * 3 + 10 * 17,
    bytes: 4 * (30 + 24 + 10 * 10 + 10),
  });
});

test('formats numbers with three digits', () => {
  expect([0, 999, 999_600, 1.384e10, 1.07e12].map(flopsText)).toEqual([
    '0 FLOP',
    '999 FLOP',
    '1.00 MFLOP',
    '13.8 GFLOP',
    '1.07 TFLOP',
  ]);
  expect([100, 1536, 1023.9 * 1024, 118.4 * 2 ** 20].map(bytesText)).toEqual([
    '100 B',
    '1.50 KiB',
    '1.00 MiB',
    '118 MiB',
  ]);
});
