import { expect, test } from 'vitest';
import { bySteps, type EpochLine, parseMetrics } from './metrics.js';

const epoch: EpochLine = {
  event: 'epoch',
  epoch: 1,
  batch: 10,
  batches: 10,
  trained: 10,
  loss: { h1: 0.5 },
  goodness_positive: { h1: 1 },
  goodness_negative: { h1: 2 },
  lr: 1e-3,
  test_accuracy: 0.75,
  samples_per_second: 100,
  seconds: 3,
  goodness_steps_positive: { h1: [1, 1] },
  goodness_steps_negative: { h1: [1, 3] },
  weight_norm: { 'h1.x.forward.weight': 7 },
};

test('steps by layer, from rows of layers', () => {
  expect(bySteps([1, 10, 2, 20, 3, 30], ['a', 'b'])).toEqual({ a: [1, 2, 3], b: [10, 20, 30] });
  expect(bySteps([], ['a'])).toEqual({ a: [] });
});

test('reads lines, skipping incomplete and unknown ones', () => {
  const line = JSON.stringify(epoch);
  const { goodness_steps_positive: _, ...older } = epoch;
  const others = [line.slice(0, -9), '', 'null', '[]', '{"event":"epoch"}', JSON.stringify(older)];
  expect(parseMetrics([line, ...others].join('\n'))).toEqual([epoch]);
  // What training could not know is null in JSON, and no reason to lose the line.
  const unknown = JSON.stringify({ ...epoch, loss: { h1: Number.NaN } });
  expect(parseMetrics(unknown)[0]!.loss).toEqual({ h1: null });
});

test('drops malformed optional fields, and malformed accuracies become null', () => {
  const misfits = { test_accuracy: 'high', confusion: [[1], [2, 3]], layer_accuracy: 3, stage: 'neither' };
  const [line] = parseMetrics(JSON.stringify({ ...epoch, ...misfits, classifier_loss: null }));
  const { test_accuracy: _, ...rest } = epoch;
  expect(line).toEqual({ ...rest, test_accuracy: null, classifier_loss: null });
});
