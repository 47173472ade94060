import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble, hasRelaxedSimd } from './assemble.js';
import { type Blocking, gemmModule, gemmScratchBytes } from './gemm-wat.js';

type Gemm = (...args: number[]) => void;
const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
const f = new Float32Array(memory.buffer);
/** Small enough that a product of a few dozen rows is cut everywhere. */
const small: Blocking = { rows: 8, depth: 6, cols: 16 };

async function instantiate(relaxed: boolean, blocking?: Blocking): Promise<Gemm> {
  const module = await assemble('gemm', gemmModule(relaxed, blocking));
  return new WebAssembly.Instance(module, { env: { memory } }).exports.gemm as Gemm;
}

const [A, B, C, SCRATCH] = [1024, 1 << 18, 1 << 19, 1 << 20];

/** Runs a product of small integers, which f32 holds exactly, and compares every number of c's memory. */
function check(
  gemm: Gemm,
  m: number,
  n: number,
  k: number,
  tA: boolean,
  tB: boolean,
  alpha: number,
  beta: number,
) {
  const a = (i: number, p: number) => ((i * 7 + p * 3) % 11) - 5;
  const b = (p: number, j: number) => ((p * 5 + j * 2) % 13) - 6;
  const c = (i: number, j: number) => ((i + j) % 3) - 1;
  const [aStep, bStep, cStep] = [(tA ? m : k) + 3, (tB ? k : n) + 1, n + 2];
  const sizes = [(tA ? k : m) * aStep, (tB ? n : k) * bStep, m * cStep] as const;
  // What is not part of an operand, and c where beta is 0, must not be read into anything.
  f.fill(NaN, A / 4, A / 4 + sizes[0]);
  f.fill(NaN, B / 4, B / 4 + sizes[1]);
  f.fill(NaN, C / 4 - 8, C / 4 + sizes[2] + 8);
  for (let i = 0; i < m; i++)
    for (let p = 0; p < k; p++) f[A / 4 + (tA ? p * aStep + i : i * aStep + p)] = a(i, p);
  for (let p = 0; p < k; p++)
    for (let j = 0; j < n; j++) f[B / 4 + (tB ? j * bStep + p : p * bStep + j)] = b(p, j);
  if (beta !== 0) for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) f[C / 4 + i * cStep + j] = c(i, j);
  gemm(
    ...[m, n, k, alpha, A, ...(tA ? [4, 4 * aStep] : [4 * aStep, 4])],
    ...[B, ...(tB ? [4, 4 * bStep] : [4 * bStep, 4]), beta, C, 4 * cStep, SCRATCH],
  );
  const expected = new Float32Array(sizes[2] + 16).fill(NaN);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a(i, p) * b(p, j);
      expected[8 + i * cStep + j] = alpha * sum + (beta === 0 ? 0 : beta * c(i, j));
    }
  }
  const actual = f.slice(C / 4 - 8, C / 4 + sizes[2] + 8);
  const wrong = actual.findIndex((x, i) => !Object.is(x + 0, expected[i]! + 0));
  if (wrong >= 0) throw new Error(`at ${wrong - 8}: ${actual[wrong]} for ${expected[wrong]}`);
}

const kinds = [false, ...(hasRelaxedSimd() ? [true] : [])];

describe.each(kinds)('the product in WebAssembly (relaxed SIMD: %s)', (relaxed) => {
  it('multiplies matrices of any size, in every transpose, cut into blocks', async () => {
    const gemm = await instantiate(relaxed, small);
    const size = fc.integer({ min: 1, max: 40 });
    const scale = fc.constantFrom(1, -1, 0.5, 2);
    const property = fc.property(
      ...([size, size, fc.integer({ min: 0, max: 40 }), fc.boolean(), fc.boolean(), scale] as const),
      fc.constantFrom(0, 1, -2),
      (m, n, k, tA, tB, alpha, beta) => check(gemm, m, n, k, tA, tB, alpha, beta),
    );
    fc.assert(property, { numRuns: 400 });
  });

  it('multiplies with the blocks that ship, just above them too', async () => {
    const gemm = await instantiate(relaxed);
    for (const [m, n, k] of [
      [197, 37, 259],
      [1, 1030, 1],
      [33, 9, 513],
    ] as const)
      for (const transposed of [false, true]) check(gemm, m, n, k, transposed, !transposed, 1, 1);
  });
});

it('stays within its scratch', async () => {
  const gemm = await instantiate(false, small);
  const end = SCRATCH / 4 + gemmScratchBytes(small) / 4;
  f.fill(0.25, end, end + 64);
  f.fill(0.25, SCRATCH / 4 - 64, SCRATCH / 4);
  check(gemm, 37, 39, 23, false, true, 1, 0);
  expect(f.subarray(end, end + 64).every((x) => x === 0.25)).toBe(true);
  expect(f.subarray(SCRATCH / 4 - 64, SCRATCH / 4).every((x) => x === 0.25)).toBe(true);
});
