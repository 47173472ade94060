import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  apply,
  constant,
  derive,
  type Expr,
  evaluate,
  fromJson,
  nodesOf,
  type Operator,
  show,
  substitute,
  variable,
} from './index.js';
import { erf, operators } from './operators.js';

const h = variable('h', 'element');
const z = variable('z', 'element');
const theta = variable('theta', 'row');

/** Smooth expressions, so that finite differences converge everywhere. */
const smooth = (kind: 'row' | 'element', depth: number): fc.Arbitrary<Expr> => {
  const number = fc.double({ min: -2, max: 2, noNaN: true }).map((v) => constant(Math.round(v * 8) / 8));
  const leaf =
    kind === 'element'
      ? fc.oneof(fc.constant<Expr>(h), fc.constant<Expr>(z), number)
      : fc.oneof(fc.constant<Expr>(theta), number);
  if (depth === 0) return leaf;
  const inner = smooth(kind, depth - 1);
  const other = kind === 'element' ? fc.oneof(smooth('row', depth - 1), inner) : inner;
  const unary = (op: Operator) => inner.map((a) => apply(op, a));
  const bounded = inner.map((a) => apply('sin', a));
  const options = [
    leaf,
    unary('sin'),
    unary('cos'),
    unary('tanh'),
    unary('sigmoid'),
    unary('softplus'),
    unary('erf'),
    unary('neg'),
    bounded.map((a) => apply('exp', a)),
    bounded.map((a) => apply('sqrt', apply('add', a, constant(1.5)))),
    bounded.map((a) => apply('log', apply('add', a, constant(1.5)))),
    bounded.map((a) => apply('pow', apply('add', a, constant(1.5)), constant(1.7))),
    fc.tuple(bounded, bounded).map(([a, b]) => apply('pow', apply('add', a, constant(1.5)), b)),
    fc.tuple(inner, other).map(([a, b]) => apply('add', a, b)),
    fc.tuple(inner, other).map(([a, b]) => apply('sub', a, b)),
    fc.tuple(inner, other).map(([a, b]) => apply('mul', a, b)),
    fc.tuple(inner, bounded).map(([a, b]) => apply('div', a, apply('add', b, constant(1.5)))),
    fc.tuple(inner, inner).map(([a, b]) => apply('select', apply('gt', theta, constant(0)), a, b)),
  ];
  if (kind === 'row') {
    const element = smooth('element', depth - 1);
    options.push(
      element.map((a) => apply('mean', a)),
      element.map((a) => apply('sum', a)),
    );
  }
  return fc.oneof(...options);
};

const rows = fc.record({
  h: fc.array(fc.double({ min: -1.5, max: 1.5, noNaN: true }), { minLength: 1, maxLength: 5 }),
  shift: fc.double({ min: -1, max: 1, noNaN: true }),
  theta: fc.double({ min: -1.5, max: 1.5, noNaN: true }).filter((t) => Math.abs(t) > 1e-3),
});

describe('derivatives', () => {
  test('agree with finite differences on random row expressions', () => {
    fc.assert(
      fc.property(smooth('row', 4), rows, (e, row) => {
        const units = row.h.length;
        const values = {
          h: Float64Array.from(row.h),
          z: Float64Array.from(row.h, (v) => v * 0.7 + row.shift),
          theta: row.theta,
        };
        const at = (x: Float64Array) => evaluate(e, { ...values, h: x }, units) as number;
        fc.pre(Number.isFinite(at(values.h)) && Math.abs(at(values.h)) < 1e4);
        const slope = evaluate(derive(e, h), values, units);
        for (let i = 0; i < units; i++) {
          const analytic = typeof slope === 'number' ? slope : slope[i]!;
          fc.pre(Math.abs(analytic) < 1e4);
          const moved = (step: number) => values.h.map((v, j) => (i === j ? v + step : v));
          const step = 1e-5;
          // Fourth order, because the smooth parts above have large third derivatives.
          const numeric =
            (8 * (at(moved(step)) - at(moved(-step))) - (at(moved(2 * step)) - at(moved(-2 * step)))) /
            (12 * step);
          const scale = Math.max(1, Math.abs(analytic), Math.abs(at(values.h)));
          expect(Math.abs(analytic - numeric) / scale, `${show(e)} at unit ${i}`).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 600 },
    );
  });

  test.each([
    ['leaky relu', ['sum', ['select', ['gt', 'h', 0], 'h', ['mul', 0.01, 'h']]], [1, 0.01]],
    ['abs', ['sum', ['abs', 'h']], [1, -1]],
    ['max', ['sum', ['max', 'h', 0]], [1, 0]],
    ['amax', ['amax', 'h'], [1, 0]],
    ['floor', ['sum', ['floor', 'h']], [0, 0]],
    ['surrogate', ['sum', ['surrogate', ['gt', 'h', 0], ['mul', 3, 'h'], 'h']], [6, -9]],
  ] as const)('%s', (_, json, expected) => {
    const slope = evaluate(derive(fromJson(json, new Map([['h', h]])), h), { h: Float64Array.of(2, -3) }, 2);
    expect(typeof slope === 'number' ? [slope, slope] : [...slope]).toEqual(expected);
  });

  test('an element expression cannot be differentiated', () => {
    expect(() => derive(h, h)).toThrow(/row value/);
  });

  test('the piecewise slope is one choice between constants', () => {
    const leaky = fromJson(['sum', ['select', ['gt', 'h', 0], 'h', ['mul', 0.01, 'h']]], new Map([['h', h]]));
    expect(show(derive(leaky, h))).toBe('select(h > 0, 1, 0.01)');
  });
});

describe('simplification', () => {
  test('preserves the value', () => {
    const plain = (e: Expr, env: Record<string, number>): number => {
      if (e.op === 'const') return e.value;
      if (e.op === 'var') return env[e.name]!;
      return operators[e.op].apply!(...e.args.map((a) => plain(a, env)));
    };
    type Tree = number | string | readonly [Operator, ...Tree[]];
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<Tree>(0, 1, -1, 2, 0.5, 3, 'x', 'y'),
        fc.tuple(
          fc.constantFrom<Operator>('neg', 'sin', 'tanh', 'abs', 'sigmoid'),
          tie('tree'),
        ) as fc.Arbitrary<Tree>,
        fc.tuple(
          fc.constantFrom<Operator>('add', 'sub', 'mul', 'max', 'min', 'gt'),
          tie('tree'),
          tie('tree'),
        ) as fc.Arbitrary<Tree>,
        fc.tuple(
          fc.constant<Operator>('select'),
          tie('tree'),
          tie('tree'),
          tie('tree'),
        ) as fc.Arbitrary<Tree>,
      ),
    }));
    const direct = (t: Tree, env: Record<string, number>): number =>
      typeof t === 'number'
        ? t
        : typeof t === 'string'
          ? env[t]!
          : operators[t[0]].apply!(...(t.slice(1) as Tree[]).map((a) => direct(a, env)));
    const scope = new Map<string, Expr>([
      ['x', variable('x', 'row')],
      ['y', variable('y', 'row')],
    ]);
    fc.assert(
      fc.property(
        tree,
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        (t, x, y) => {
          const expected = direct(t, { x, y });
          fc.pre(Number.isFinite(expected));
          expect(plain(fromJson(t, scope), { x, y })).toBeCloseTo(expected, 8);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('equal expressions are one object', () => {
    const build = () => apply('mean', apply('mul', apply('add', h, z), apply('add', z, h)));
    expect(build()).toBe(build());
    expect(nodesOf(build()).length).toBe(5);
  });

  test('substitution simplifies the result', () => {
    expect(substitute(apply('mul', h, theta), new Map<Expr, Expr>([[theta, constant(0)]]))).toBe(constant(0));
  });

  test('summing a row value over the units multiplies it by their number', () => {
    expect(evaluate(apply('sum', theta), { theta: 3 }, 4)).toBe(12);
  });
});

test('erf', () => {
  for (const [x, y] of [
    [0, 0],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2.4, 0.9993114861033549],
    [3, 0.9999779095030014],
    [-1, -0.8427007929497149],
  ]) {
    expect(erf(x!)).toBeCloseTo(y!, 13);
  }
});
