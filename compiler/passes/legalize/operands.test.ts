/** Operands of kernels that work row by row: all the rows they need, in whole vectors. */
import { expect, test } from 'vitest';
import { graphOf, ofKind } from '../../../test/support/small-plans.js';
import { variable } from '../../expr/index.js';
import { type Axis, rowCount } from '../../graph/index.js';
import { parameterId } from '../../graph/tensors.js';
import type { Ir, IrOp, IrValue } from '../ir.js';
import { padOperands, spreadOperands } from './operands.js';

const network = 'layer a[6] { }  connect image -> a as plain';
const { extents } = graphOf({ network }).programs.train;

type Given = Pick<IrValue, 'op' | 'cols' | 'axes'> & Partial<IrValue>;
/** A program of these values, each named by its operation. */
const programOf = (...values: Given[]): Ir => ({
  name: 'train',
  extents,
  results: [],
  updates: [{ tensor: 'w', value: values.length - 1 }],
  values: values.map((v, id) => ({ inputs: [], rows: 'batch', step: '', name: v.op.kind, ...v, id })),
});
const x: Given = { op: { kind: 'input', tensor: 'x', frame: 0 }, cols: 5, axes: ['sample'] };
const dz = (cols: number, axes: readonly Axis[]): Given => ({
  op: { kind: 'dropout', site: 0, keep: 1 } satisfies IrOp,
  cols,
  axes,
});

test('both operands of a sum over rows get the union of their rows', () => {
  const outer: Given = { op: { kind: 'outer', scale: 1 }, inputs: [0, 1], rows: 6, cols: 5, axes: [] };
  const program = programOf(dz(6, ['polarity', 'sample']), x, outer);
  const spread = spreadOperands(program, ['outer']);
  const [a, b] = ofKind(spread.values, 'outer')[0]!.inputs.map((i) => spread.values[i]!) as [
    IrValue,
    IrValue,
  ];
  expect(a.op.kind).toBe('dropout');
  expect(b).toMatchObject({
    op: { kind: 'map', vars: ['x'], units: 5 },
    axes: ['polarity', 'sample'],
    cols: 5,
  });
  expect([a, b].map((v) => rowCount(v, extents))).toEqual([6, 6]);
  expect(spread.values[b.inputs[0]!]!.op.kind).toBe('input');
});

test('leaves operands with all rows, matrices, and other kernels unchanged', () => {
  const w: Given = {
    op: { kind: 'state', tensor: 'w' },
    rows: 6,
    cols: 5,
    axes: ['parameters'],
    tensor: parameterId('w', 2),
  };
  const product: Given = { op: { kind: 'product' }, inputs: [0, 1], cols: 6, axes: ['sample', 'parameters'] };
  const program = programOf(x, w, product);
  expect(spreadOperands(program, ['product']).values).toEqual(program.values);
  const wide = programOf(x, w, { ...product, axes: ['polarity', 'sample', 'parameters'] });
  expect(spreadOperands(wide, ['outer']).values).toEqual(wide.values);
  expect(spreadOperands(wide, ['product']).values).toHaveLength(4);
});

test('scalars per row are padded before a sum over rows', () => {
  const slope: Given = {
    op: { kind: 'map', expr: variable('p', 'row'), vars: ['p'], units: 1 },
    inputs: [0],
    cols: 1,
    axes: ['polarity'],
  };
  const polarity: Given = { op: { kind: 'polarity' }, cols: 1, axes: ['polarity'] };
  const total = (input: number): Given => ({
    op: { kind: 'total', scale: 1 },
    inputs: [input],
    rows: 1,
    cols: 1,
    axes: [],
  });
  const padded = padOperands(programOf(polarity, slope, total(1)));
  const [input] = ofKind(padded.values, 'total')[0]!.inputs.map((i) => padded.values[i]!);
  expect(input).toMatchObject({ cols: 1, axes: ['polarity'], name: 'map padded' });
  expect(input!.op.kind === 'map' && input!.op.expr.kind).toBe('element');
  // Rows of an element expression are already padded.
  const wide = programOf(dz(1, ['sample']), total(0));
  expect(padOperands(wide).values).toEqual(wide.values);
});
