/** Constant folding: what is known before a program runs is not computed by it. */
import { expect, test } from 'vitest';
import { chain, graphOf, ofKind, within } from '../../test/support/small-plans.js';
import { foldConstants, foldProducts } from './constants.js';
import type { Ir } from './ir.js';

const { train }: Record<string, Ir> = graphOf(chain).programs;
const products = (program: Ir, step: string) => ofKind(within(program, step), 'product').map((v) => v.name);

test('activities at rest are constants, and so is what follows from them', () => {
  const rest = (program: Ir) => within(program, 'start').map(({ op }) => op);
  expect(rest(train!).some((op) => op.kind === 'map')).toBe(true);
  expect(rest(foldConstants(train!))).toEqual(new Array(6).fill({ kind: 'fill', value: 0 }));
});

test('constants are rounded to f32', () => {
  const network = 'layer a[2], b[2] { normalize: h + 0.1 }  connect image -> a -> b as plain';
  const folded = foldConstants(graphOf({ network }).programs.train);
  const [, s] = within(folded, 'start');
  expect(s!.op).toEqual({ kind: 'fill', value: Math.fround(0.1) });
});

test(
  'products with zeros are removed when allowed: in the first step only those of the input and the label ' +
    'remain',
  () => {
    const all = products(train!, 'settle[0]');
    expect(all).toHaveLength(9);
    expect(products(foldConstants(train!), 'settle[0]')).toEqual(all);
    const heard = products(foldProducts(train!), 'settle[0]');
    expect(heard).toEqual(['a.image.plain', 'c.digit.plain']);
    expect(products(foldProducts(train!), 'settle[1]')).toEqual(products(train!, 'settle[1]'));
  },
);

test('an expression keeps its unknown variables and its axes', () => {
  const h = (program: Ir) => within(program, 'settle[0]').find((v) => v.name === 'a.h')!;
  const before = h(train!);
  const after = h(foldConstants(train!));
  expect(before.op.kind === 'map' && before.op.vars).toEqual(['z', 'previous']);
  expect(after.op.kind === 'map' && after.op.vars).toEqual(['z']);
  expect(after.axes).toEqual(before.axes);
  expect(after.inputs).toHaveLength(1);
});
