/**
 * Every operator in WGSL against its definition in f64, over wide ranges and at its limits, one number at a time and
 * four.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join, linear, magnitudes, powers, ULP, wide, worst } from '../../../test/support/accuracy.js';
import { describeUnless } from '../../../test/support/needs.js';
import { Heap } from '../../../test/support/wat-kernels.js';
import { heapAddress, least, Machine, noDevice, planOf } from '../../../test/support/wgsl-kernels.js';
import { type Operator, operators } from '../../expr/operators.js';
import type { RowsKernel, RowsLaunch } from '../../plan/plan.js';
import { f32Literal } from './functions.js';
import { shaderFor } from './index.js';

const f32Max = 3.4028234663852886e38;

describe('a number as text', () => {
  it.each([
    [0, '0f'],
    [-0, '(-0f)'],
    [0.1, '0.10000000149011612f'],
    [-1e-8, '(-9.99999993922529e-9f)'],
    [f32Max, '3.4028234663852886e+38f'],
    [2 ** -149, '1.401298464324817e-45f'],
    [1e39, '(bitcast<f32>(INFINITY_BITS))'],
    [Number.NEGATIVE_INFINITY, '(-bitcast<f32>(INFINITY_BITS))'],
    [Number.NaN, 'bitcast<f32>(NAN_BITS)'],
  ])('%f', (value, text) => {
    expect(f32Literal(value)).toBe(text);
    const digits = /^\(?(-?[\d.e+-]+)f\)?$/.exec(text)?.[1];
    if (digits) expect(Math.fround(Number(digits))).toBe(Math.fround(value));
  });
});

describeUnless(noDevice, 'operators on a device', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await Machine.open();
  });
  afterAll(() => machine.close());

  /** op over all `x` (and `y`), through a kernel with as many units. */
  async function run(op: Operator, width: 1 | 4, ...args: Float32Array[]): Promise<Float32Array> {
    const heap = new Heap();
    const units = args[0]!.length;
    const names = ['x', 'y', 'z'].slice(0, args.length);
    const kernel: RowsKernel = {
      kind: 'rows',
      name: op,
      units,
      inputs: names.map((name) => ({ name, kind: 'element' })),
      nodes: [...names, [op, ...names.map((_, i) => i)]],
      outputs: [{ node: names.length, kind: 'element', tail: [] }],
    };
    // What does not start at a multiple of four numbers is computed one by one.
    const odd = width === 1 ? 1 : 0;
    const put = (values: ArrayLike<number>): number => {
      const at = heap.allocate(values.length + 1) + odd;
      heap.f32.set(values, at);
      return at;
    };
    const view = (offset: number) => ({ buffer: 0, offset, variantStride: 0, sampleStride: 0 });
    const inputs = args.map((a) => view(put(a)));
    const out = put(new Float32Array(units));
    const launch: RowsLaunch = {
      ...{ kind: 'rows', kernel: 0, variants: 1, samples: 1, inputs, outputs: [view(out)] },
    };
    const [shader] = shaderFor(launch, planOf([kernel], [launch]), heapAddress, least);
    expect(shader!.code.includes('array<vec4<f32>>')).toBe(width === 4);
    await machine.run(heap, [shader!]);
    return heap.f32.slice(out, out + units);
  }

  describe.each([1, 4] as const)('%i at a time', (width) => {
    // WGSL promises 2.5 ulp of a division, no more of a square root, and lets subnormal numbers be flushed to zero.
    const normal = wide.filter((x) => Math.abs(x) >= 2 ** -126);
    const tiny = 2 ** -102;
    it.each<[Operator, Float32Array, number, number]>([
      // It stops at the greatest number: what is infinite a WGSL compiler may assume away.
      ['exp', wide.filter((x) => x <= 88.72), 2 * ULP, tiny],
      ['log', join(magnitudes(-126, 127.99), linear(0.5, 2)), 3 * ULP, 0],
      ['tanh', wide, 4 * ULP, tiny],
      ['sigmoid', wide, 4 * ULP, tiny],
      ['softplus', wide, 4 * ULP, tiny],
      ['erf', wide, 5e-7, tiny],
      ['sin', join(magnitudes(-140, 2), linear(-7, 7)), 2 * ULP, 2 ** -20],
      ['cos', join(magnitudes(-140, 2), linear(-7, 7)), 2 * ULP, 2 ** -20],
      ['sin', linear(-1e4, 1e4), 2 * ULP, 0.1],
      ['cos', linear(-1e4, 1e4), 2 * ULP, 0.1],
      ['sqrt', normal, 2.5 * ULP, tiny],
      ['floor', normal, 0, 1],
      ['abs', normal, 0, tiny],
      ['neg', normal, 0, tiny],
      ['sign', normal, 0, 1],
    ])('%s', async (op, x, limit, floor) => {
      const { error, at } = worst(op, await run(op, width, x), [x], floor);
      expect(error, `${op} at ${at}`).toBeLessThanOrEqual(limit);
    });

    it('pow, over bases and exponents', async () => {
      const all = powers();
      const some = (wanted: (x: number, y: number) => boolean) =>
        all.map((list) => list.filter((_, i) => wanted(all[0][i]!, all[1][i]!)));
      const usual = (x: number, y: number) => Math.abs(x) >= 2 ** -126 && Math.abs(y) <= 4;
      for (const [wanted, limit] of [
        [usual, 4 * ULP],
        // The logarithm's rounding is multiplied by the exponent.
        [(x: number, y: number) => Math.abs(x) >= 2 ** -126 && !usual(x, y), 128 * ULP],
      ] as const) {
        const args = some(wanted);
        const { error, at } = worst('pow', await run('pow', width, ...args), args, tiny);
        expect(error, `pow at ${at}`).toBeLessThanOrEqual(limit);
      }
    });

    it.each<Operator>(['add', 'sub', 'mul', 'max', 'min', 'lt', 'le', 'gt', 'ge', 'eq', 'ne'])(
      '%s is exact',
      async (op) => {
        const x = join(linear(-3, 3, 50), Float32Array.of(1, 2, -0.5, 0));
        const y = join(linear(5, -4, 50), Float32Array.of(1, -2, -0.5, 3));
        const got = await run(op, width, x, y);
        got.forEach((v, i) => {
          expect(v).toBe(Math.fround(operators[op].apply!(x[i]!, y[i]!)));
        });
      },
    );

    it('div', async () => {
      const x = join(linear(-3, 3, 500), magnitudes(-60, 60, 500));
      const y = Float32Array.from(x, (_, i) => 1 + (i % 37) / 7);
      const { error, at } = worst('div', await run('div', width, x, y), [x, y], 2 ** -126);
      expect(error, `div at ${at}`).toBeLessThanOrEqual(2.5 * ULP);
    });

    it('select takes any number but 0 for true, and a surrogate is its value', async () => {
      const c = Float32Array.of(0, -0, 1, 2, -3, 1e-30);
      const a = Float32Array.from(c, (_, i) => i);
      const b = Float32Array.from(c, (_, i) => -i - 1);
      expect([...(await run('select', width, c, a, b))]).toEqual([-1, -2, 2, 3, 4, 5]);
      expect([...(await run('surrogate', width, a, b, c))]).toEqual([...a]);
    });
  });

  const inf = Number.POSITIVE_INFINITY;
  // WGSL lets a compiler assume that there is no infinity and no NaN, so what becomes of them is not asked; but nothing
  // finite may become one that is not.
  it.each<[Operator, number[][]]>([
    ['exp', [[-inf], [0], [88.72], [-87], [-103], [-104], [-1e30], [89], [1e30]]],
    ['log', [[0], [1], [f32Max], [2 ** -126]]],
    ['tanh', [[inf], [-inf], [1e30], [-1e30], [0]]],
    ['sigmoid', [[inf], [-inf], [1e30], [-1e30], [0]]],
    ['softplus', [[-inf], [1e30], [-1e30], [0]]],
    ['erf', [[inf], [-inf], [1e30], [0]]],
    ['sin', [[0]]],
    ['cos', [[0]]],
    ['sqrt', [[0], [f32Max]]],
    [
      'pow',
      [
        [0, 0],
        [0, 2],
        [0, -1],
        [-2, 3],
        [-2, 4],
        [-2, -3],
        [-0, 3],
        [1, 5],
        [1, -1e9],
        [10, 38],
        [10, 39],
        [-10, 39],
        [10, -50],
        [-3, 16777215],
        [0.5, 1],
        [f32Max, 1],
      ],
    ],
  ])('%s at its limits', async (op, cases) => {
    const args = cases[0]!.map((_, k) => Float32Array.from(cases, (c) => c[k]!));
    const got = await run(op, 4, ...args);
    cases.forEach((numbers, i) => {
      const x = numbers.map(Math.fround);
      const want = Math.fround(operators[op].apply!(...x));
      const what = `${op}(${x}) = ${got[i]}`;
      // Subnormal results may be flushed, and infinite ones be very large instead.
      if (Math.abs(want) < 2 ** -126) expect(Math.abs(got[i]!), what).toBeLessThan(2 ** -125);
      else if (Number.isFinite(want)) expect(Math.abs(got[i]! / want - 1), what).toBeLessThan(1e-6);
      else expect(got[i]! * Math.sign(want), what).toBeGreaterThan(3e38);
    });
  });
});
