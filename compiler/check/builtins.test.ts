/** The built-in functions against their definitions, values and derivatives. */
import { describe, expect, it } from 'vitest';
import { apply, derive, evaluate, fromJson, variable } from '../expr/index.js';
import { builtins } from './builtins.js';

const points = [-30, -2.5, -1, -0.3, 0.2, 1, 3.7, 30];
const phi = [
  -1.4720141781446293e-196, -0.015524163314440348, -0.15865525393145707, -0.1146265733433142,
  0.11585194188782061, 0.8413447460685429, 3.699601140986134, 30.0,
];
const row = Float64Array.from(points);
const sum = (f: (x: number) => number) => points.reduce((s, x) => s + f(x), 0);
const mean = (f: (x: number) => number) => sum(f) / points.length;
const average = mean((x) => x);

/** The expected results of each elementwise function at `points`. */
const expected: Readonly<Record<string, (x: number) => number>> = {
  exp: Math.exp,
  abs: Math.abs,
  sign: Math.sign,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  floor: Math.floor,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.log1p(Math.exp(x)),
  step: (x) => (x > 0 ? 1 : 0),
  relu: (x) => Math.max(x, 0),
  leaky_relu: (x) => (x > 0 ? x : 0.01 * x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  silu: (x) => x / (1 + Math.exp(-x)),
  // x Φ(x), from Python's math.erfc.
  gelu: (x) => phi[points.indexOf(x)]!,
  sum: () => sum((x) => x),
  mean: () => average,
  amax: () => 30,
  rms_norm: (x) => x / Math.sqrt(mean((y) => y * y) + 1e-8),
  l2_norm: (x) => x / (Math.sqrt(sum((y) => y * y)) + 1e-8),
  layer_norm: (x) => (x - average) / Math.sqrt(mean((y) => (y - average) ** 2) + 1e-5),
};

function build(name: string, kind: 'row' | 'element') {
  const { parameters, body } = builtins[name]!;
  const x = variable('x', kind);
  return {
    x,
    f: fromJson(
      body,
      new Map(parameters.map((p, i) => [p.name, i === 0 ? x : fromJson(p.default ?? NaN, new Map())])),
    ),
  };
}

describe('builtins', () => {
  it.each(Object.keys(expected))('%s has the expected values', (name) => {
    const values = evaluate(build(name, 'element').f, { x: row }, points.length);
    points.forEach((x, i) => {
      expect(typeof values === 'number' ? values : values[i]).toBeCloseTo(expected[name]!(x), 9);
    });
  });

  it('covers every function', () => {
    const byTwo = ['max', 'min', 'pow', 'clamp'];
    const positive = ['log', 'sqrt'];
    expect(Object.keys(builtins).sort()).toEqual([...Object.keys(expected), ...byTwo, ...positive].sort());
    const at = (name: string, ...args: number[]) =>
      evaluate(
        fromJson(
          builtins[name]!.body,
          new Map(builtins[name]!.parameters.map((p, i) => [p.name, fromJson(args[i]!, new Map())])),
        ),
        {},
      );
    expect([
      at('max', 1, 2),
      at('min', 1, 2),
      at('pow', 2, 10),
      at('clamp', 5, 0, 2),
      at('clamp', -5, 0, 2),
      at('clamp', 1, 0, 2),
      at('log', Math.E),
      at('sqrt', 9),
    ]).toEqual([2, 1, 1024, 2, 0, 1, 1, 3]);
  });

  it.each(['relu', 'leaky_relu', 'elu', 'gelu', 'silu', 'softplus', 'sigmoid', 'tanh'])(
    '%s has the expected derivative',
    (name) => {
      const { x, f } = build(name, 'row');
      const slope = derive(f, x);
      for (const p of points) {
        const step = 1e-5;
        const value = (at: number) => evaluate(f, { x: at }) as number;
        expect(evaluate(slope, { x: p })).toBeCloseTo((value(p + step) - value(p - step)) / (2 * step), 5);
      }
    },
  );

  it.each([
    ['relu', 0],
    ['leaky_relu', 0.01],
    ['elu', 1],
  ] as const)('%s has the left derivative at 0', (name, slope) => {
    const { x, f } = build(name, 'row');
    expect(evaluate(derive(f, x), { x: 0 })).toBeCloseTo(slope, 12);
  });

  it('elu overflows on neither side', () => {
    const { x, f } = build('elu', 'row');
    expect(evaluate(f, { x: 1e6 })).toBe(1e6);
    expect(evaluate(derive(f, x), { x: 1e6 })).toBe(1);
    expect(apply('mul', f, f)).toBeDefined();
  });
});
