/** Every operator in WebAssembly against its definition in f64, over wide ranges and at its limits. */
import { describe, expect, it } from 'vitest';
import { join, linear, magnitudes, powers, ULP, wide, worst } from '../../../test/support/accuracy.js';
import { Heap, instantiate } from '../../../test/support/wat-kernels.js';
import { type Operator, operators } from '../../expr/operators.js';
import type { RowsKernel } from '../../plan/plan.js';
import { argumentWords } from './arguments.js';
import { printModule } from './module.js';

/** op over all `x` (and `y`), through a kernel with as many units. */
async function run(op: Operator, ...args: Float32Array[]): Promise<Float32Array> {
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
  const view = (offset: number) => ({ buffer: 0, offset, variantStride: 0, sampleStride: 0 });
  const inputs = args.map((a) => view(heap.floats(a)));
  const out = heap.allocate(units);
  const words = argumentWords(
    { kind: 'rows', kernel: 0, variants: 1, samples: 1, inputs, outputs: [view(out)] },
    () => 0,
  );
  const block = heap.integers(words);
  (await instantiate(printModule([kernel]), heap.memory)).rows_0!(4 * block, 0, 1);
  return heap.f32.slice(out, out + units);
}

describe('elementary functions', () => {
  it.each<[Operator, Float32Array, number, number]>([
    ['exp', wide, 2 * ULP, 2 ** -126],
    ['log', join(magnitudes(-149, 127.99), linear(0.5, 2)), 3 * ULP, 0],
    ['tanh', wide, 3 * ULP, 2 ** -126],
    ['sigmoid', wide, 4 * ULP, 2 ** -126],
    ['softplus', wide, 4 * ULP, 2 ** -126],
    ['erf', wide, 5e-7, 2 ** -126],
    ['sin', join(magnitudes(-140, 24), linear(-1e4, 1e4), linear(-7, 7)), 2 * ULP, 2 ** -126],
    ['cos', join(magnitudes(-140, 24), linear(-1e4, 1e4), linear(-7, 7)), 2 * ULP, 2 ** -126],
    ['sqrt', wide, 0.5 * ULP, 2 ** -126],
    ['floor', wide, 0, 1],
    ['abs', wide, 0, 1],
    ['neg', wide, 0, 1],
    ['sign', wide, 0, 1],
  ])('%s', async (op, x, limit, floor) => {
    const { error, at } = worst(op, await run(op, x), [x], floor);
    expect(error, `${op} at ${at}`).toBeLessThanOrEqual(limit);
  });

  it('pow, over bases and exponents', async () => {
    const [x, y] = powers();
    const { error, at } = worst('pow', await run('pow', x, y), [x, y], 2 ** -126);
    expect(error, `pow at ${at}`).toBeLessThanOrEqual(2 * ULP);
  });

  const { NaN: none, POSITIVE_INFINITY: inf } = Number;
  it.each<[Operator, number[][]]>([
    ['exp', [[inf], [-inf], [none], [0], [88.72], [89], [-103], [-104]]],
    ['log', [[0], [-0], [1], [-1], [inf], [-inf], [none]]],
    ['tanh', [[inf], [-inf], [none], [0]]],
    ['sigmoid', [[inf], [-inf], [none], [0]]],
    ['softplus', [[inf], [-inf], [none], [0]]],
    ['erf', [[inf], [-inf], [none], [0]]],
    ['sin', [[inf], [none], [0]]],
    ['cos', [[inf], [none], [0]]],
    ['sqrt', [[-1], [inf], [none]]],
    [
      'pow',
      [
        [0, 0],
        [none, 0],
        [inf, 0],
        [0, 2],
        [0, -1],
        [-2, 3],
        [-2, 4],
        [-2, -3],
        [-2, 0.5],
        [-0, 3],
        [inf, 2],
        [inf, -2],
        [-inf, 3],
        [2, inf],
        [0.5, inf],
        [2, -inf],
        [none, 1],
        [2, none],
        [1, 5],
        [10, 38],
        [10, 39],
        [-3, 16777215],
      ],
    ],
  ])('%s at its limits', async (op, cases) => {
    const args = cases[0]!.map((_, k) => Float32Array.from(cases, (c) => c[k]!));
    const got = await run(op, ...args);
    cases.forEach((numbers, i) => {
      const x = numbers.map(Math.fround);
      const want = Math.fround(operators[op].apply!(...x));
      if (Number.isFinite(want) && want !== 0)
        expect(Math.abs(got[i]! / want - 1), `${op}(${x}) = ${got[i]}`).toBeLessThan(
          Math.abs(want) < 2 ** -126 ? 0.5 : 1e-6,
        );
      else expect(got[i]! + 0, `${op}(${x})`).toBe(want + 0);
    });
  });

  it.each<Operator>(['add', 'sub', 'mul', 'div', 'max', 'min', 'lt', 'le', 'gt', 'ge', 'eq', 'ne'])(
    '%s is exact',
    async (op) => {
      const x = join(linear(-3, 3, 50), Float32Array.of(1, 2, -0.5, 0));
      const y = join(linear(5, -4, 50), Float32Array.of(1, -2, -0.5, 3));
      const got = await run(op, x, y);
      got.forEach((v, i) => {
        expect(v).toBe(Math.fround(operators[op].apply!(x[i]!, y[i]!)));
      });
    },
  );

  it('select takes any number but 0 for true, and a surrogate is its value', async () => {
    const c = Float32Array.of(0, -0, 1, 2, -3, Number.NaN, 1e-45);
    const a = Float32Array.from(c, (_, i) => i);
    const b = Float32Array.from(c, (_, i) => -i - 1);
    expect([...(await run('select', c, a, b))]).toEqual([-1, -2, 2, 3, 4, 5, 6]);
    expect([...(await run('surrogate', a, b, c))]).toEqual([...a]);
  });

  it('max and min give their first argument where that is NaN', async () => {
    const x = Float32Array.of(Number.NaN, 1);
    const y = Float32Array.of(1, 2);
    expect([...(await run('max', x, y))]).toEqual([Number.NaN, 2]);
    expect([...(await run('min', x, y))]).toEqual([Number.NaN, 1]);
  });
});
