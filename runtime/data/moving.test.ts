import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gathered, noMnist, realMnist } from '../../test/support/mnist-files.js';
import { testUnless } from '../../test/support/needs.js';
import { pixelTable } from './dataset.js';
import { describeDataset, loadDataset } from './load.js';
import { bounce, movingSplit } from './moving.js';

const DIGIT = 28 * 28;
/** Digit k is all ink of strength 10 k + 1. */
const digits = (count: number) =>
  Uint8Array.from({ length: count * DIGIT }, (_, i) => 10 * Math.floor(i / DIGIT) + 1);
const table = pixelTable({ mean: 0.5, std: 0.25 });
const paper = table[0]!;
const split = (seed: number, which: 0 | 1, frames: number, count = 5) =>
  movingSplit(digits(count), new Int32Array(count), { frames, seed, split: which, table });

describe('a moving digit', () => {
  it('starts in the middle and bounces off the edges, like the reference', () => {
    expect(bounce(5, 12)).toEqual([18, 23, 28, 33, 36, 31, 26, 21, 16, 11, 6, 1]);
    expect(bounce(-4, 8)).toEqual([18, 14, 10, 6, 2, 0, 4, 8]);
    expect(bounce(0, 3)).toEqual([18, 18, 18]);
    // Exactly at the edge is not across it.
    expect(bounce(3, 9)).toEqual([18, 21, 24, 27, 30, 33, 36, 36, 33]);
  });

  it('is complete in each frame, at the position of its path, on the background', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 2 ** 31 }),
        fc.integer({ min: 1, max: 6 }),
        fc.nat({ max: 4 }),
        (seed, frames, sample) => {
          const values = gathered(split(seed, 0, frames), [sample, 0], frames, 4096);
          for (let f = 0; f < frames; f++) {
            const frame = values.slice(f * 2 * 4096, (f * 2 + 1) * 4096);
            const ink = frame.flatMap((value, i) => (value === paper ? [] : [i]));
            expect(ink).toHaveLength(DIGIT);
            expect(new Set(ink.map((i) => frame[i]))).toEqual(new Set([table[10 * sample + 1]]));
            const [row, column] = [Math.floor(ink[0]! / 64), ink[0]! % 64];
            expect(ink.at(-1)).toBe((row + 27) * 64 + column + 27);
            if (f === 0) expect([row, column]).toEqual([18, 18]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('moves the same for the same seed in any batch, and differently for another seed or split', () => {
    const batch = gathered(split(1, 0, 3), [4, 2], 3, 4096);
    const alone = gathered(split(1, 0, 3), [2], 3, 4096);
    for (let f = 0; f < 3; f++)
      expect(batch.slice((2 * f + 1) * 4096, (2 * f + 2) * 4096)).toEqual(
        alone.slice(f * 4096, (f + 1) * 4096),
      );
    const all = [0, 1, 2, 3, 4];
    expect(gathered(split(2, 0, 3), all, 3, 4096)).not.toEqual(gathered(split(1, 0, 3), all, 3, 4096));
    expect(gathered(split(1, 1, 3), all, 3, 4096)).not.toEqual(gathered(split(1, 0, 3), all, 3, 4096));
  });

  it('has every velocity from -5 to 5 in each direction', () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const values = gathered(split(seed, 0, 2, 25), [...Array(25).keys()], 2, 4096);
      for (let b = 0; b < 25; b++) {
        const at = values.slice((25 + b) * 4096, (26 + b) * 4096).findIndex((value) => value !== paper);
        seen.add(Math.floor(at / 64) - 18).add((at % 64) - 18);
      }
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5]);
  });

  it('is described without its files', async () => {
    expect(await describeDataset({ name: 'moving_mnist', options: {} })).toEqual({
      frames: 20,
      inputSize: 4096,
      classes: 10,
    });
  });

  testUnless(noMnist, 'is a digit of MNIST, undistorted', async () => {
    const options = { dataDir: realMnist()! };
    const still = await loadDataset({ name: 'mnist', options: {} }, options);
    const moving = await loadDataset({ name: 'moving_mnist', options: { frames: 2 } }, options);
    expect(moving).toMatchObject({ inputSize: 4096, frames: 2, classes: 10 });
    expect(moving.test.y).toEqual(still.test.y);
    const image = gathered(still.test, [9], 1, 784);
    const frame = gathered(moving.test, [9], 2, 4096).slice(0, 4096);
    const middle = Array.from(
      { length: 784 },
      (_, i) => frame[(18 + Math.floor(i / 28)) * 64 + 18 + (i % 28)],
    );
    expect(middle).toEqual(image);
  });
});
