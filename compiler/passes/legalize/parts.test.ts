/** Products over concatenations: one per part if a part does not begin at a whole vector. */
import { expect, test } from 'vitest';
import { graphOf, ofKind } from '../../../test/support/small-plans.js';
import { show } from '../../expr/index.js';
import type { Ir, IrValue } from '../ir.js';
import { splitConcatenations } from './parts.js';

const features = (a: number, b: number): Ir =>
  graphOf({
    network: `layer a[${a}], b[${b}] { }  connect image -> a -> b as plain`,
    negatives: 'latent_classifier()',
  }).programs.train;
const reads = (program: Ir, v: IrValue): IrValue[] => v.inputs.map((i) => program.values[i]!);
const fromConcat = (program: Ir) =>
  program.values.filter(
    (v) =>
      (v.op.kind === 'product' || v.op.kind === 'outer') &&
      reads(program, v).some((input) => input.op.kind === 'concat'),
  );

test('a product over unaligned parts is a sum of one product per part, each with its own weights', () => {
  const program = features(6, 7);
  // The classifier's logits before and after learning, and its gradient.
  expect(fromConcat(program)).toHaveLength(3);
  const split = splitConcatenations(program);
  expect(fromConcat(split)).toEqual([]);
  const logits = split.values.find((v) => v.name === 'logits' && v.op.kind === 'map')!;
  expect(logits.op.kind === 'map' && show(logits.op.expr)).toBe('p0 + p1');
  const windows = reads(split, logits).map((product) => {
    const [part, weights] = reads(split, product) as [IrValue, IrValue];
    expect(part.cols).toBe(weights.cols);
    return [weights.op.kind === 'window' && weights.op.from, weights.cols, product.cols];
  });
  expect(windows).toEqual([
    [0, 6, 3],
    [6, 7, 3],
  ]);
});

test('its gradient is the concatenation of the gradients of the parts', () => {
  const split = splitConcatenations(features(6, 7));
  const [gradient] = ofKind(split.values, 'columns');
  expect(gradient).toMatchObject({ op: { offsets: [0, 6] }, rows: 3, cols: 13 });
  expect(reads(split, gradient!).map((v) => [v.op.kind, v.rows, v.cols])).toEqual([
    ['outer', 3, 6],
    ['outer', 3, 7],
  ]);
});

test('a product over aligned parts is kept, as it is faster', () => {
  const program = features(8, 7);
  expect(splitConcatenations(program).values).toEqual(program.values);
});
