import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Augmentation } from '../../compiler/model.js';
import { refusal } from '../../test/support/mnist-files.js';
import { augmenter, rotate, shift } from './augment.js';
import { floatSplit, type Grid, imageSplit, pixelTable } from './dataset.js';

const grid = (rows: number, columns: number, planes = 1): Grid => ({ planes, rows, columns, background: -1 });
const counted = (length: number) => Float32Array.from({ length }, (_, i) => i);
const images = (count: number, frames = 1, inputSize = 16) =>
  imageSplit(
    new Uint8Array(count * frames * inputSize),
    { y: new Int32Array(count), frames, inputSize, grid: { ...grid(4, 4, (frames * inputSize) / 16) } },
    pixelTable({ mean: 0, std: 1 }),
  );
const of = (...augment: Augmentation[]) => ({ augment, seed: 3, data: { name: 'digits', options: {} } });

describe('shift', () => {
  it('shifts every plane by whole pixels, filling with background', () => {
    const sample = counted(12);
    shift(sample, new Float32Array(12), grid(2, 3, 2), 1, -1);
    expect([...sample]).toEqual([-1, -1, -1, 1, 2, -1, -1, -1, -1, 7, 8, -1]);
  });

  it('there and back keeps what never left, and beyond the image leaves background', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: -8, max: 8 }),
        fc.integer({ min: -8, max: 8 }),
        (rows, columns, down, right) => {
          const sample = counted(rows * columns);
          const scratch = new Float32Array(sample.length);
          shift(sample, scratch, grid(rows, columns), down, right);
          shift(sample, scratch, grid(rows, columns), -down, -right);
          const stays = (at: number, by: number, size: number) => at + by >= 0 && at + by < size;
          const expected = Array.from({ length: rows * columns }, (_, i) =>
            stays(Math.floor(i / columns), down, rows) && stays(i % columns, right, columns) ? i : -1,
          );
          expect([...sample]).toEqual(expected);
        },
      ),
    );
  });
});

describe('rotate', () => {
  it('by a quarter is a turn of the square, counterclockwise', () => {
    const sample = counted(9);
    rotate(sample, new Float32Array(9), grid(3, 3), Math.PI / 2);
    const expected = [2, 5, 8, 1, 4, 7, 0, 3, 6];
    expected.forEach((value, i) => {
      expect(sample[i]).toBeCloseTo(value, 4);
    });
  });

  it('by nothing changes nothing, by any angle makes no new extremes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1, max: 5 }), { minLength: 20, maxLength: 20 }),
        fc.double({ min: -4, max: 4, noNaN: true }),
        (values, angle) => {
          const still = Float32Array.from(values);
          rotate(still, new Float32Array(20), grid(4, 5), 0);
          expect([...still]).toEqual(values.map((v) => v + 0));
          const turned = Float32Array.from(values);
          rotate(turned, new Float32Array(20), grid(4, 5), angle);
          for (const value of turned) {
            expect(value).toBeGreaterThanOrEqual(-1 - 1e-5);
            expect(value).toBeLessThanOrEqual(Math.max(...values) + 1e-5);
          }
        },
      ),
    );
  });
});

describe('augmentation of batches', () => {
  it('is the same for the same seed, epoch and sample, wherever in a batch', () => {
    const augment = augmenter(
      of({ name: 'shift', pixels: 2 }, { name: 'rotate', degrees: 30 }, { name: 'noise', std: 0.5 }),
      images(9, 2, 8),
      2,
      8,
    )!;
    const made = (indices: number[], epoch: number) => {
      const x = new Float32Array(2 * indices.length * 8);
      // Each sample is the same picture, so that only the draws can differ.
      for (let f = 0; f < 2; f++)
        for (let b = 0; b < indices.length; b++)
          for (let i = 0; i < 8; i++) x[(f * indices.length + b) * 8 + i] = f * 8 + i;
      augment(x, Int32Array.from(indices), epoch);
      return indices.map((_, b) =>
        [0, 1].flatMap((f) => [
          ...x.subarray((f * indices.length + b) * 8, (f * indices.length + b + 1) * 8),
        ]),
      );
    };
    const [a, b, c] = made([4, 7, 1], 5);
    expect(made([1, 4], 5)).toEqual([c, a]);
    expect(made([7], 5)).toEqual([b]);
    expect(a).not.toEqual(b);
    expect(made([4], 6)[0]).not.toEqual(a);
  });

  it('draws every distance of a shift, and each about as often', () => {
    const augment = augmenter(of({ name: 'shift', pixels: 2 }), images(2000), 1, 16)!;
    // A picture with one dot in the middle tells where it went.
    const x = new Float32Array(2000 * 16);
    for (let b = 0; b < 2000; b++) x[b * 16 + 5] = 9;
    augment(
      x,
      Int32Array.from({ length: 2000 }, (_, i) => i),
      0,
    );
    const counts = new Map<number, number>();
    for (let b = 0; b < 2000; b++) {
      const at = x.subarray(b * 16, (b + 1) * 16).indexOf(9);
      counts.set(at, (counts.get(at) ?? 0) + 1);
    }
    // From row and column 1, -2 leaves the image; the remaining 16 positions are 16 of the 25 shifts.
    expect(counts.size).toBe(17);
    for (const [at, count] of counts) {
      const expected = at < 0 ? (2000 * 9) / 25 : 2000 / 25;
      expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  it('adds normal noise of the given deviation, whatever the shape', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 4 }),
        (frames, inputSize, batch) => {
          const split = floatSplit(
            new Float32Array(batch * frames * inputSize),
            new Int32Array(batch),
            undefined,
            frames,
            inputSize,
          );
          const x = new Float32Array(frames * batch * inputSize);
          augmenter(of({ name: 'noise', std: 1 }), split, frames, inputSize)!(
            x,
            Int32Array.from({ length: batch }, (_, i) => i),
            0,
          );
          expect(x.every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
        },
      ),
    );
    const split = floatSplit(new Float32Array(40 * 501), new Int32Array(40), undefined, 1, 501);
    const x = new Float32Array(40 * 501);
    augmenter(of({ name: 'noise', std: 0.1 }), split, 1, 501)!(
      x,
      Int32Array.from({ length: 40 }, (_, i) => i),
      0,
    );
    const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
    const variance = x.reduce((sum, v) => sum + v * v, 0) / x.length;
    expect(Math.abs(mean)).toBeLessThan(5 * (0.1 / Math.sqrt(x.length)));
    expect(Math.sqrt(variance)).toBeCloseTo(0.1, 2);
  });

  it('is undefined if there is none, and rejects shifting data that is not images', async () => {
    expect(augmenter({ seed: 1, data: { name: 'digits', options: {} } }, images(1), 1, 16)).toBeUndefined();
    const numbers = floatSplit(new Float32Array(4), new Int32Array(1), undefined, 1, 4);
    const train = { ...of({ name: 'shift', pixels: 1 }), data: { name: 'tensors', options: {} } };
    const found = await refusal(() => augmenter(train, numbers, 1, 4));
    expect(found).toMatchObject({ code: 'RFF660', hint: expect.stringContaining('noise') });
    expect(found.message).toContain('requires images, and `tensors` has none');
  });
});
