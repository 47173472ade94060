/** Axis hoisting: a value is computed once for the rows it varies over, and sums come before products. */
import { expect, test } from 'vitest';
import { chain, graphOf, ofKind, within } from '../../test/support/small-plans.js';
import { variable } from '../expr/index.js';
import { rowCount } from '../graph/index.js';
import { parameterId } from '../graph/tensors.js';
import { foldConstants } from './constants.js';
import { expandAll, shareEqual, sumBeforeOuter } from './hoist.js';
import type { Ir, IrValue } from './ir.js';

const batch = 3;
const classes = 3;
const { train, predict }: { train: Ir; predict: Ir } = graphOf(chain, { predictBatch: batch }).programs;
const shared = (program: Ir) => shareEqual(foldConstants(program));
const expanded = (program: Ir) => expandAll(foldConstants(program));
/** The number of rows of each layer's input sums in a step. */
const rows = (program: Ir, step: string): number[] =>
  within(program, step)
    .filter((v) => v.name.endsWith('.z'))
    .map((v) => rowCount(v, program.extents));

test('until the label is shown, positive and negative rows are shared', () => {
  // In the first step the upper layers receive only the uniform label: one row serves all samples.
  expect(rows(shared(train), 'settle[0]')).toEqual([batch, 1, 1]);
  expect(rows(shared(train), 'settle[1]')).toEqual([batch, batch, 1]);
});

test('the influence of the label moves down one layer per step', () => {
  const two = 2 * batch;
  expect(rows(shared(train), 'learn[0]')).toEqual([batch, batch, two]);
  expect(rows(shared(train), 'learn[1]')).toEqual([batch, two, two]);
  expect(rows(shared(train), 'learn[2]')).toEqual([two, two, two]);
});

test('prediction settles once, not once per label, and layers are shared until the label reaches them', () => {
  const all = classes * batch;
  expect(rows(shared(predict), 'settle[1]')).toEqual([batch, batch, 1]);
  expect(rows(shared(predict), 'learn[0]')).toEqual([batch, batch, all]);
  expect(rows(shared(predict), 'learn[1]')).toEqual([batch, all, all]);
  expect(rows(expanded(predict), 'settle[0]')).toEqual([all, all, all]);
});

test('a still image is multiplied once while nothing learns, and again after each update', () => {
  const count = (program: Ir) => program.values.filter((v) => v.name === 'a.image.plain').length;
  const steps = 5;
  expect([count(train), count(predict)]).toEqual([steps, steps]);
  // Settling and the first learning step read the same weights.
  expect(count(shared(train))).toBe(steps - 2);
  expect(count(shared(predict))).toBe(1);
});

test('frames of a moving image stay separate', () => {
  const { predict: moving } = graphOf(chain, { frames: 3 }).programs;
  const images = shareEqual(moving).values.filter((v) => v.name === 'a.image.plain');
  expect(images).toHaveLength(3);
});

test('equal computations are one value', () => {
  const keys = ({ values }: Ir) =>
    values.map((v) => JSON.stringify([v.op.kind === 'map' ? v.op.expr.id : v.op, v.inputs, v.cols, v.axes]));
  expect(new Set(keys(train)).size).toBeLessThan(train.values.length);
  const once = shareEqual(train);
  expect(new Set(keys(once)).size).toBe(once.values.length);
});

test('rows are summed before a product with an operand that does not vary over them', () => {
  const gradients = (program: Ir, name: string, step?: string) =>
    ofKind(program.values, 'outer')
      .filter((v) => v.name === name && (step === undefined || v.step === step))
      .map((v) => v.inputs.map((i) => rowCount(program.values[i]!, program.extents)));
  const before = shared(train);
  const after = sumBeforeOuter(before);
  // The image is the same for both polarities of a sample.
  expect(gradients(before, 'a.image.plain.weight.gradient')[2]).toEqual([2 * batch, batch]);
  expect(gradients(after, 'a.image.plain.weight.gradient')[2]).toEqual([batch, batch]);
  expect(gradients(after, 'b.a.plain.weight.gradient', 'learn[2]')).toEqual(
    [[2 * batch, batch]].map(() => [batch, batch]),
  );
  // If both operands vary, nothing is summed.
  expect(gradients(after, 'c.b.plain.weight.gradient', 'learn[2]')).toEqual([[2 * batch, 2 * batch]]);
});

test('rows that vary over nothing are summed to one row first', () => {
  const network = 'layer a[6], b[7] { normalize: h + 1 }  connect image -> a -> b as plain';
  const program = sumBeforeOuter(shared(graphOf({ network }).programs.train));
  const gradient = ofKind(program.values, 'outer').find((v) => v.name.endsWith('b.a.plain.weight.gradient'))!;
  const [dz, source] = gradient.inputs.map((i) => program.values[i]!) as [IrValue, IrValue];
  expect(source.op.kind).toBe('fill');
  expect(dz).toMatchObject({ op: { kind: 'total', scale: 1 }, axes: ['parameters'] });
});

test('without hoisting, every row exists from the start', () => {
  const network = `layer a[6], b[7] { }
    connect image -> a -> b as plain
    connect digit -> a, digit -> b as plain`;
  const schedule = 'phase settle[2] { label: uniform, learn: off }  phase learn[2] { label: given }';
  const { programs } = graphOf({ network, schedule });
  for (const step of ['settle[0]', 'settle[1]', 'learn[0]', 'learn[1]'])
    expect(rows(expanded(programs.train), step)).toEqual([2 * batch, 2 * batch]);
  // The second step of the lower layer repeats its first.
  expect(rows(shared(programs.train), 'settle[1]')).toEqual([batch]);
});

test('sums over more rows keep their weight', () => {
  const weights = ({ values, extents }: Ir) =>
    ofKind(values, 'total').map(({ op, inputs }) => {
      const scale = op.kind === 'total' ? op.scale : 0;
      return [scale, scale * rowCount(values[inputs[0]!]!, extents)];
    });
  const program: Ir = {
    ...train,
    values: [
      {
        id: 0,
        op: { kind: 'input', tensor: 'x', frame: 0 },
        inputs: [],
        rows: 'batch',
        cols: 5,
        axes: ['sample'],
        step: '',
        name: 'x',
      },
      {
        id: 1,
        op: { kind: 'state', tensor: 'w' },
        inputs: [],
        rows: 6,
        cols: 5,
        axes: ['parameters'],
        step: '',
        name: 'w',
        tensor: parameterId('w', 2),
      },
      {
        id: 2,
        op: { kind: 'fill', value: 1 },
        inputs: [],
        rows: 'batch',
        cols: 5,
        axes: [],
        step: '',
        name: '1',
      },
      {
        id: 3,
        op: { kind: 'product' },
        inputs: [2, 1],
        rows: 'batch',
        cols: 6,
        axes: ['parameters'],
        step: '',
        name: 'z',
      },
      {
        id: 4,
        op: { kind: 'polarity' },
        inputs: [],
        rows: 'batch',
        cols: 1,
        axes: ['polarity'],
        step: '',
        name: 'polarity',
      },
      {
        id: 5,
        op: { kind: 'map', expr: variable('p', 'row'), vars: ['p'], units: 6 },
        inputs: [4],
        rows: 'batch',
        cols: 6,
        axes: ['polarity'],
        step: '',
        name: 'd',
      },
      {
        id: 6,
        op: { kind: 'total', scale: 1 },
        inputs: [5],
        rows: 1,
        cols: 6,
        axes: ['parameters'],
        step: '',
        name: 'sum',
      },
    ],
    results: [],
    updates: [{ tensor: 'b', value: 6 }],
  };
  expect(weights(program)).toEqual([[1, 2]]);
  // Two rows became two per sample: each counts for a third.
  expect(weights(expandAll(program))).toEqual([[1 / batch, 2]]);
});
