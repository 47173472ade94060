/** Slot layout and label gather: one product for adjacent sources, a lookup for one-hot ones. */
import { expect, test } from 'vitest';
import { chain, graphOf, type ModelParts, ofKind, within } from '../../test/support/small-plans.js';
import { dropDead } from './dead.js';
import type { Ir } from './ir.js';
import { gatherLabels } from './label-gather.js';
import { type PackChoice, packsOf, slotOrder } from './packs.js';
import { packProducts } from './slots.js';

function packed(parts: ModelParts, choice: Partial<PackChoice> = {}): { train: Ir; predict: Ir } {
  const { document, programs } = graphOf(parts);
  const packs = packsOf(document, { embed: true, slots: true, labelGather: true, ...choice }, []);
  const context = { model: document, packs };
  const pack = (program: Ir) => dropDead(gatherLabels(packProducts(program, context), context));
  return { train: pack(programs.train), predict: pack(programs.predict) };
}
/** Every layer sees the label, so all layers have all rows in every step. */
const labelled: ModelParts = {
  network: `${chain.network}
  connect digit -> a, digit -> b as plain`,
  schedule: 'phase learn[4] { label: given }',
};
const { train, predict } = packed(labelled);
const off = { slots: false, labelGather: false };
const step = 'learn[3]';
const names = (program: Ir, kind: Parameters<typeof ofKind>[1], at = step) =>
  ofKind(within(program, at), kind).map((v) => v.name);

test('a layer has one product over the window of its neighbours, and one over the input', () => {
  expect(names(train, 'product')).toEqual(['a.image', 'a.a+b', 'b.a+b+c', 'c.b+c']);
  expect(names(predict, 'product')).toEqual(['a.image', 'a.a+b', 'b.a+b+c', 'c.b+c']);
  const plain = packed(labelled, off);
  expect(names(plain.train, 'product')).toHaveLength(11);
});

test('a gradient is also one product, which includes the bias', () => {
  const perStep = (program: Ir, kind: 'outer' | 'total') => ofKind(program.values, kind).length / 4;
  // a's from two windows, b's and c's from one.
  expect(perStep(train, 'outer')).toBe(4);
  expect(perStep(train, 'total')).toBe(0);
  const plain = packed(labelled, off).train;
  expect([perStep(plain, 'outer'), perStep(plain, 'total')]).toEqual([11, 11]);
  const columns = ofKind(train.values, 'columns');
  expect(columns.map((v) => v.op)).toEqual(new Array(4).fill({ kind: 'columns', offsets: [0, 8] }));
});

test('the activities of a step are in one matrix, a slot per layer with room for a 1', () => {
  const slots = ofKind(within(train, step), 'slots').find((v) => v.name === 'slots')!;
  expect(slots.op).toEqual({
    kind: 'slots',
    slots: [
      { offset: 0, cols: 6 },
      { offset: 8, cols: 7 },
      { offset: 16, cols: 4 },
    ],
  });
  expect(slots.cols).toBe(24);
  const [b, c] = ofKind(within(train, step), 'product')
    .slice(2)
    .map((v) => train.values[v.inputs[0]!]!);
  expect(b).toBe(slots);
  expect(c).toMatchObject({ op: { kind: 'window', from: 8 }, cols: 16, inputs: [slots.id] });
});

test('parameters and their states become those of the pack, updated once per step', () => {
  const { train: adam } = packed({ ...labelled, optimizer: 'adam(lr: 0.1)' });
  const tensors = (program: Ir) => program.updates.map((u) => u.tensor);
  expect(tensors(train)).toHaveLength(6);
  expect(tensors(adam).filter((t) => t.includes('pack/b/2'))).toEqual([
    'pack/b/2',
    'optimizer/pack/b/2/exp_avg',
    'optimizer/pack/b/2/exp_avg_sq',
  ]);
  const versions = train.values.filter((v) => v.tensor?.name === 'pack/b/2' && v.op.kind === 'map');
  expect(versions).toHaveLength(4);
});

test('a layer with sources that are not adjacent has a second product', () => {
  const network = `
    layer a[6], b[7], c[4], d[5] { }
    connect image -> a, image -> b, image -> c as plain
    connect a -> d, c -> d, digit -> d as plain
    connect a -> a, b -> a, b -> b, c -> b as plain`;
  const notes: string[] = [];
  const { document } = graphOf({ network });
  expect(slotOrder(document)).toEqual(['a', 'b', 'c', 'd']);
  const found = packed({ network, schedule: 'phase learn[2] { label: given }' }).train;
  const heard = names(found, 'product', 'learn[1]');
  expect(heard).toEqual(['a.image', 'a.a+b', 'b.image', 'b.b+c', 'c.image', 'd.a', 'd.c']);
  expect(notes).toEqual([]);
});

test('a connection with dropout keeps its own product', () => {
  const types = 'connection noisy { dropout: 0.5 }';
  const network = `layer a[6], b[7] { }
    connect image -> a -> b as plain
    connect b -> b as noisy`;
  const found = packed({ types, network }).train;
  expect(names(found, 'product', 'learn[0]')).toEqual(['a.image', 'b.b.noisy', 'b.a']);
});

test('a given label is looked up, and its gradient is gathered by class: no product has one-hot rows', () => {
  const onehot = (program: Ir) =>
    program.values.filter(
      (v) =>
        (v.op.kind === 'product' || v.op.kind === 'outer') &&
        v.inputs.some((i) => {
          const { op, inputs } = program.values[i]!;
          const labels = ['onehot', 'candidates'];
          return labels.includes(op.kind) || inputs.some((j) => labels.includes(program.values[j]!.op.kind));
        }),
    ).length;
  expect([onehot(train), onehot(predict)]).toEqual([0, 0]);
  expect(names(train, 'lookup')).toEqual(['a.digit', 'b.digit', 'c.digit']);
  expect(ofKind(train.values, 'scatter').map(({ op }) => op)).toEqual(
    new Array(12).fill({ kind: 'scatter', classes: 3, scale: 1 }),
  );
  const without = packed(labelled, { labelGather: false });
  expect(onehot(without.train)).toBeGreaterThan(0);
  expect(onehot(without.predict)).toBeGreaterThan(0);
  expect(ofKind(without.train.values, 'lookup')).toEqual([]);
});

test('in prediction, every label is a row of the table, with the bias added', () => {
  const rows = ofKind(predict.values, 'class rows');
  expect(rows.length).toBeGreaterThan(0);
  for (const v of rows) expect(v).toMatchObject({ op: { classes: 3 }, axes: ['candidate', 'parameters'] });
  for (const v of ofKind(predict.values, 'one row')) expect(v.op).toEqual({ kind: 'one row', row: 3 });
});

test('a uniform label is one row of a single product with the table', () => {
  const { train: settling } = packed(chain);
  const [product] = ofKind(within(settling, 'settle[1]'), 'product transposed');
  expect(product).toMatchObject({ axes: ['parameters'], cols: 4 });
  const [label] = product!.inputs.map((i) => settling.values[i]!);
  expect(label).toMatchObject({ op: { kind: 'slots', slots: [{ offset: 0, cols: 3 }] }, axes: [] });
});

test('nothing is packed if packing is disabled', () => {
  const { programs, document: model } = graphOf(chain);
  expect(packProducts(programs.train, { model, packs: [] })).toBe(programs.train);
  expect(gatherLabels(programs.train, { packs: [] })).toBe(programs.train);
});
