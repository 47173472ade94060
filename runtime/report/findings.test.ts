import { expect, test } from 'vitest';
import { goodnessHistogram, layerAccuracies, mistakesByConfidence } from './findings.js';

test('each layer is scored by its own goodness', () => {
  const layers = new Map([
    ['h1', Float32Array.of(1, 2, 2, 1)],
    ['h2', Float32Array.of(1, 2, 1, 2)],
  ]);
  expect(layerAccuracies({ layers }, Int32Array.of(0, 1), 2, 'min')).toEqual({ h1: 1, h2: 0.5 });
  expect(layerAccuracies({ layers }, Int32Array.of(0, 1), 2, 'max')).toEqual({ h1: 0, h2: 0.5 });
  expect(layerAccuracies({ layers: new Map() }, Int32Array.of(0), 2, 'min')).toBeUndefined();
});

test('a histogram holds the goodness of the true labels apart from that of all others', () => {
  const samples = 1000;
  const goodness = Float32Array.from({ length: 3 * samples }, (_, i) => (i % 3 === 1 ? 1 : 3));
  const y = new Int32Array(samples).fill(1);
  // An outlier lands in the last bin and does not widen the others.
  goodness[0] = 1e6;
  const { from, to, positive, negative } = goodnessHistogram(goodness, y, 3)!;
  expect([from, to]).toEqual([1, 3]);
  expect([positive[0], negative.at(-1)]).toEqual([1000, 2000]);
  expect(negative.reduce((sum, n) => sum + n, 0)).toBe(2000);
});

test('a histogram of equal values, and of none', () => {
  const equal = goodnessHistogram(Float32Array.of(2, 2), Int32Array.of(0), 2)!;
  expect([equal.positive[0], equal.negative[0]]).toEqual([1, 1]);
  expect(goodnessHistogram(new Float32Array(0), new Int32Array(0), 2)).toBeUndefined();
});

test('sorts mistakes by confidence, in goodness or in probability', () => {
  const y = Int32Array.of(0, 0, 1, 0);
  const labels = Int32Array.of(1, 1, 1, 1);
  const goodness = Float32Array.of(2, 1.5, 5, 1, 9, 1, 3, 1);
  const by = 'goodness';
  expect(mistakesByConfidence({ labels, by, goodness, softmax: null }, y, 2, 'min', 2)).toEqual([
    { sample: 1, truth: 0, predicted: 1, margin: 4 },
    { sample: 3, truth: 0, predicted: 1, margin: 2 },
  ]);
  const softmax = Float32Array.of(0.25, 0.75, 0.375, 0.625, 0, 1, 0, 1);
  const found = mistakesByConfidence({ labels, by: 'softmax', goodness: null, softmax }, y, 2, 'min', 9);
  expect(found.map(({ sample, margin }) => [sample, margin])).toEqual([
    [3, 1],
    [0, 0.5],
    [1, 0.25],
  ]);
});
