import { expect, test } from 'vitest';
import type { Decay } from '../../compiler/model.js';
import { decayFactor } from './decay.js';

const factors = (decay: Decay, epochs: readonly number[]) => epochs.map((epoch) => decayFactor(decay, epoch));

test('constant never changes', () => {
  expect(factors({ name: 'constant' }, [0, 1, 1000])).toEqual([1, 1, 1]);
});

test('step multiplies by gamma every n epochs', () => {
  const [first, last, second, third] = factors({ name: 'step', every: 10, gamma: 0.5 }, [0, 9, 10, 29]);
  expect([first, last, second, third]).toEqual([1, 1, 0.5, 0.25]);
});

test('linear is flat, falls in a straight line, and stays at zero', () => {
  expect(factors({ name: 'linear', start: 4, end: 8 }, [0, 4, 5, 6, 7, 8, 20])).toEqual([
    1, 1, 0.75, 0.5, 0.25, 0, 0,
  ]);
});

test('linear from a point to itself is a switch', () => {
  expect(factors({ name: 'linear', start: 3, end: 3 }, [2, 3, 4])).toEqual([1, 0, 0]);
});

test('cosine starts at one, is a half halfway, and ends at zero', () => {
  const [start, half, end, after] = factors({ name: 'cosine', epochs: 10 }, [0, 5, 10, 15]);
  expect(start).toBe(1);
  expect(half).toBeCloseTo(0.5, 12);
  expect([end, after]).toEqual([0, 0]);
});
