import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseLabels, score } from './evaluate.js';

test('the label is the one of least or of greatest goodness', () => {
  const goodness = Float32Array.of(3, 1, 2, 0, 5, 5);
  expect([...chooseLabels(goodness, 3, 'min')]).toEqual([1, 0]);
  expect([...chooseLabels(goodness, 3, 'max')]).toEqual([0, 1]);
});

test('the lowest of equal labels wins', () => {
  expect([...chooseLabels(Float32Array.of(2, 1, 1, 1), 4, 'min')]).toEqual([1]);
  expect([...chooseLabels(Float32Array.of(2, 2, 1, 2), 4, 'max')]).toEqual([0]);
});

test('no other label of a row is better than the chosen one', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.float({ noNaN: true }), { maxLength: 60 }),
      (classes, values) => {
        const rows = Math.floor(values.length / classes);
        const goodness = Float32Array.from(values.slice(0, rows * classes));
        chooseLabels(goodness, classes, 'min').forEach((label, row) => {
          const own = goodness.subarray(row * classes, (row + 1) * classes);
          expect(own[label]).toBe(Math.min(...own));
        });
      },
    ),
  );
});

test('accuracy, confusion and the accuracy of each class', () => {
  // Of these the fourth is wrong.
  const softmax = Float32Array.from([0, 1, 0, 3, 1].flatMap((k) => [0, 1, 2, 3].map((c) => Number(c === k))));
  const y = Int32Array.of(0, 1, 0, 0, 1);
  const found = score({ labels: Int32Array.of(0, 1, 1, 0, 2), by: 'goodness', softmax }, y, 4);
  expect(found).toEqual({
    samples: 5,
    correct: 3,
    accuracy: 0.6,
    softmax: 0.8,
    confusion: [
      [2, 1, 0, 0],
      [0, 1, 1, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
    perClass: [2 / 3, 1 / 2, null, null],
  });
});

test('scores the first labels against the first samples', () => {
  const found = score({ labels: Int32Array.of(1), by: 'goodness', softmax: null }, Int32Array.of(1, 0, 0), 2);
  expect(found).toMatchObject({ samples: 1, accuracy: 1, softmax: null });
});
