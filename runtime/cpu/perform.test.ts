import { expect, it } from 'vitest';
import { printModule } from '../../compiler/codegen/index.js';
import { argumentWords, inputWord } from '../../compiler/codegen/wat/arguments.js';
import type { RowsKernel } from '../../compiler/plan/plan.js';
import { assemble } from './assemble.js';
import { gemmModule, gemmScratchBytes } from './gemm-wat.js';
import { prepare } from './perform.js';
import { blockRows } from './program.js';
import type { Product, Setup, Work } from './steps.js';

/** w ← w + g, over rows of six numbers. */
const update: RowsKernel = {
  ...{ kind: 'rows', name: 'add', units: 6 },
  inputs: [
    { name: 'w', kind: 'element' },
    { name: 'g', kind: 'element' },
  ],
  nodes: ['w', 'g', ['add', 0, 1]],
  outputs: [{ node: 2, kind: 'element', tail: [] }],
};

const [A, B, C, W] = [1024, 4096, 8192, 16384];
const PRIVATE = 32768;
const GRADIENT = 1024;
const privateBytes = 4096 + gemmScratchBytes();
const pages = Math.ceil((PRIVATE + 4 * privateBytes) / 65536);
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
const f = new Float32Array(memory.buffer);

async function setup(): Promise<Setup> {
  return {
    ...{ memory, privateBytes, programs: {}, profile: false },
    kernels: await assemble('kernels', printModule([update])),
    products: { module: await assemble('gemm', gemmModule(false)), scratch: PRIVATE + 4096 },
  };
}

/** All workers' parts, one worker after the other. */
function perform(s: Setup, workers: number, work: Work): void {
  for (let index = 0; index < workers; index++)
    prepare(s, { index, count: workers })(work)?.({ epoch: 0, batch: 0 });
}

const fill = (at: number, n: number) => {
  for (let i = 0; i < n; i++) f[at / 4 + i] = ((i * 5) % 7) - 3;
};

it.each([1, 2, 3])('learns in blocks of rows, each worker in its own memory (%i)', async (workers) => {
  const s = await setup();
  // Gradients of 11 rows: one product for all of them into columns 0 to 3, two for rows 4 to 9 into columns 4 and 5.
  const [rows, k, step] = [11, 4, 8];
  fill(A, 200);
  fill(B, 200);
  const product = (m: number): Omit<Product, 'c'> => ({
    ...{ m, n: 4, k, a: { address: A, step: 12 }, transposeA: true, b: { address: B, step: 5 } },
    ...{ transposeB: false, alpha: 1, beta: 1 },
  });
  const words = argumentWords(
    {
      ...{ kind: 'rows', kernel: 0, variants: 1, samples: rows },
      inputs: [W, 0].map((offset) => ({
        buffer: 0,
        offset: offset / 4,
        variantStride: 0,
        sampleStride: step,
      })),
      outputs: [{ buffer: 0, offset: W / 4, variantStride: 0, sampleStride: step }],
    },
    () => 0,
  );
  for (let w = 0; w < workers; w++) {
    new Int32Array(memory.buffer).set(words, (PRIVATE + w * privateBytes) / 4);
    f.fill(0, (PRIVATE + GRADIENT + w * privateBytes) / 4, (PRIVATE + 4096 + w * privateBytes) / 4);
  }
  f.fill(100, W / 4, W / 4 + rows * step);
  perform(s, workers, {
    kind: 'learn',
    products: [
      { product: { ...product(rows), beta: 0 }, row: 0, col: 0 },
      { product: { ...product(6), n: 2, beta: 0 }, row: 4, col: 4 },
      { product: { ...product(6), n: 2 }, row: 4, col: 4 },
    ],
    gradient: { address: PRIVATE + GRADIENT, step },
    blockRows: 2,
    update: { kernel: 0, args: PRIVATE, rows },
    moving: [{ address: PRIVATE + 4 * inputWord(1), base: 0 }],
  });
  const sum = (i: number, j: number) => {
    let total = 0;
    for (let p = 0; p < k; p++) total += f[A / 4 + p * 12 + i]! * f[B / 4 + p * 5 + j]!;
    return total;
  };
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < 4; j++) expect(f[W / 4 + i * step + j]).toBe(100 + sum(i, j));
    // Other rows of these columns hold what an earlier block left: a plan whose products do not cover its gradient.
    if (i >= 4 && i < 10)
      for (let j = 0; j < 2; j++) expect(f[W / 4 + i * step + 4 + j]).toBe(100 + 2 * sum(i - 4, j));
  }
});

it.each(['m', 'n'] as const)('shares a product by %s', async (split) => {
  const s = await setup();
  const [m, n, k] = [5, 9, 3];
  fill(A, m * k);
  fill(B, n * k);
  f.fill(Number.NaN, C / 4, C / 4 + m * n);
  const product: Product = {
    ...{ m, n, k, transposeA: false, transposeB: true, alpha: 1, beta: 0 },
    ...{ a: { address: A, step: k }, b: { address: B, step: k }, c: { address: C, step: n } },
  };
  perform(s, 4, { kind: 'gemm', products: [product], split });
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let total = 0;
      for (let p = 0; p < k; p++) total += f[A / 4 + i * k + p]! * f[B / 4 + j * k + p]!;
      expect(f[C / 4 + i * n + j]).toBe(total);
    }
  }
});

it('shares a product in blocks by block', async () => {
  const s = await setup();
  const [m, k] = [3, 2];
  fill(A, 9 * k);
  fill(B, 9 * k);
  f.fill(Number.NaN, C / 4, C / 4 + 9);
  const products = [0, 1, 2].map(
    (i): Product => ({
      ...{ m, n: 1, k, transposeA: false, transposeB: true, alpha: 1, beta: 0 },
      ...{ a: { address: A + 4 * i * m * k, step: k }, b: { address: B + 4 * i * k, step: k } },
      c: { address: C + 4 * i * m, step: 1 },
    }),
  );
  perform(s, 2, { kind: 'gemm', products, split: 'blocks' });
  for (let row = 0; row < 9; row++) {
    let total = 0;
    for (let p = 0; p < k; p++) total += f[A / 4 + row * k + p]! * f[B / 4 + Math.floor(row / m) * k + p]!;
    expect(f[C / 4 + row]).toBe(total);
  }
});

it('makes blocks of a learning launch as equal as possible', () => {
  const blocks = (rows: number, workers: number) =>
    blockRows(
      {
        ...{ kind: 'learn', products: [] },
        gradient: { buffer: 0, offset: 0, rows, cols: 8, stride: 8 },
        update: { kind: 'rows', kernel: 0, variants: 1, samples: rows, inputs: [], outputs: [] },
      },
      workers,
    );
  expect(blocks(200, 2)).toBe(100);
  expect(blocks(2000, 2)).toBe(504);
  expect(blocks(2000, 1)).toBe(504);
  expect(blocks(5, 8)).toBe(1);
});
