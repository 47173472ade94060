import { expect, test } from 'vitest';
import { type HybridMask, hybridImages, hybridMasks, hybridPartners } from './hybrid.js';

const [SEED, EPOCH, BATCH] = [3, 1, 2];
const masks = (mask: HybridMask, count: number) => hybridMasks(mask, SEED, EPOCH, BATCH, count);

test('mixes every sample with another of the batch, all equally likely', () => {
  const counts = new Array<number>(5).fill(0);
  for (let batch = 0; batch < 2000; batch++) {
    const partners = hybridPartners(SEED, EPOCH, batch, 5);
    partners.forEach((j, i) => {
      expect(j).not.toBe(i);
    });
    counts[partners[0]!]!++;
  }
  expect(counts[0]).toBe(0);
  for (const count of counts.slice(1)) expect(Math.abs(count - 500)).toBeLessThan(80);
  expect([...hybridPartners(SEED, EPOCH, BATCH, 2)]).toEqual([1, 0]);
});

test('a mask is the blurred bits above one half', () => {
  const [rows, columns] = [3, 5];
  const grid = [rows, columns] as const;
  const bits = masks({ grid, blur: 0 }, 4);
  const blurred = masks({ grid, blur: 1 }, 4);
  // Both directions at once: [1, 2, 1]ᵀ [1, 2, 1] / 16, the border repeated.
  const weight = [1, 2, 1];
  const inside = (i: number, n: number) => Math.min(Math.max(i, 0), n - 1);
  const expected = Array.from({ length: 4 * rows * columns }, (_, at) => {
    const [s, r, c] = [Math.floor(at / 15), Math.floor((at % 15) / 5), at % 5];
    let sum = 0;
    for (let i = -1; i <= 1; i++)
      for (let j = -1; j <= 1; j++)
        sum +=
          weight[i + 1]! * weight[j + 1]! * bits[15 * s + 5 * inside(r + i, rows) + inside(c + j, columns)]!;
    return sum > 8 ? 1 : 0;
  });
  expect([...blurred]).toEqual(expected);
  expect(new Set(blurred)).toEqual(new Set([0, 1]));
});

test('six blurs leave regions of about as much of one image as of the other', () => {
  const side = 28;
  const changes = (blur: number) => {
    const mask = masks({ grid: [side, side], blur }, 50);
    let [shown, borders] = [0, 0];
    mask.forEach((bit, i) => {
      shown += bit;
      if (i % side > 0 && bit !== mask[i - 1]) borders++;
    });
    return { share: shown / mask.length, borders: borders / mask.length };
  };
  expect(changes(0).borders).toBeCloseTo(0.48, 1);
  expect(changes(6).borders).toBeLessThan(0.2);
  expect(changes(6).share).toBeCloseTo(0.5, 1);
});

test('a hybrid shows its sample where the mask is, its partner elsewhere, in every frame', () => {
  const mask: HybridMask = { grid: [2, 3], blur: 1 };
  const [frames, count, cells] = [2, 4, 6];
  // Frame, sample and cell can be told from a value.
  const x = Float32Array.from({ length: frames * count * cells }, (_, i) => i);
  const out = new Float32Array(x.length);
  hybridImages(mask, SEED, EPOCH, BATCH, x, count, out);
  const shown = masks(mask, count);
  const partners = hybridPartners(SEED, EPOCH, BATCH, count);
  const expected = [...x.keys()].map((i) => {
    const [frame, sample, cell] = [Math.floor(i / 24), Math.floor((i % 24) / 6), i % 6];
    return 24 * frame + 6 * (shown[6 * sample + cell] ? sample : partners[sample]!) + cell;
  });
  expect([...out]).toEqual(expected);
  expect([...out]).not.toEqual([...x]);
});
