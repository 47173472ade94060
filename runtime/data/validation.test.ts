import { expect, test } from 'vitest';
import { RffcError } from '../../grammar/diagnostic.js';
import { type Dataset, floatSplit } from './dataset.js';
import { keepAside } from './validation.js';

/** Sample i is the two values 10 i and 10 i + 1, of class i % 3. */
function dataset(count: number): Dataset {
  const values = Float32Array.from({ length: 2 * count }, (_, i) => 10 * (i >> 1) + (i & 1));
  const y = Int32Array.from({ length: count }, (_, i) => i % 3);
  const train = floatSplit(
    values,
    y,
    y.map((k) => (k + 1) % 3),
    1,
    2,
  );
  const test = floatSplit(values.slice(0, 2), y.slice(0, 1), undefined, 1, 2);
  return { name: 'numbers', inputSize: 2, classes: 3, frames: 1, train, test };
}

/** Which samples a split holds, by their values. */
function samplesOf({ count, gather }: Dataset['train']): number[] {
  const out = new Float32Array(2 * count);
  gather(
    Array.from({ length: count }, (_, i) => i),
    out,
  );
  return Array.from({ length: count }, (_, i) => out[2 * i]! / 10);
}

test('holds out a share once, in the data’s order, with its labels', () => {
  const { train, validation, test: untouched } = keepAside(dataset(100), { validation: 0.29, seed: 5 });
  const [kept, rest] = [samplesOf(validation!), samplesOf(train)];
  // As it is written: 0.29 · 100 is 28.999… in binary.
  expect(kept).toHaveLength(29);
  expect([...kept, ...rest].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(kept).toEqual(kept.toSorted((a, b) => a - b));
  expect(rest).toEqual(rest.toSorted((a, b) => a - b));
  expect([...validation!.y]).toEqual(kept.map((i) => i % 3));
  expect([...train.yNegative!]).toEqual(rest.map((i) => (i + 1) % 3));
  expect(untouched.count).toBe(1);
  expect(samplesOf(keepAside(dataset(100), { validation: 0.29, seed: 5 }).validation!)).toEqual(kept);
  expect(samplesOf(keepAside(dataset(100), { validation: 0.29, seed: 6 }).validation!)).not.toEqual(kept);
});

test('changes nothing without a share, and rejects a share below one sample', () => {
  const whole = dataset(9);
  expect(keepAside(whole, { validation: 0, seed: 1 })).toBe(whole);
  let thrown: unknown;
  try {
    keepAside(whole, { validation: 0.1, seed: 1 });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(RffcError);
  expect((thrown as RffcError).diagnostics[0]).toMatchObject({
    code: 'RFF734',
    message: '`validation: 0.1` holds out none of the 9 training samples of `numbers`',
  });
  expect(() => keepAside(whole, { validation: 0.5, seed: 1 }).train.gather([7], new Float32Array(2))).toThrow(
    'sample 7 out of range',
  );
});
