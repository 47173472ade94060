import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { digitForms } from './digit-strokes.js';
import { drawDigits, loadDigits } from './digits.js';

const PIXELS = 784;
const CLASSES = 10;
type Images = ReturnType<typeof drawDigits>;

/**
 * Test accuracy of a softmax regression (`hidden` 0) or of a network with one hidden ReLU layer, trained by plain
 * stochastic gradient descent with a falling rate.
 */
function accuracy(train: Images, test: Images, hidden: number, rate: number, epochs: number): number {
  const width = hidden || CLASSES;
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const w1 = Float32Array.from({ length: PIXELS * width }, () => (hidden ? 0.12 * random() : 0));
  const b1 = new Float32Array(width);
  const w2 = Float32Array.from({ length: width * CLASSES }, () => 0.5 * random());
  const b2 = new Float32Array(CLASSES);
  const a = new Float32Array(width);
  const z = new Float32Array(CLASSES);

  const forward = (pixels: Uint8Array, at: number) => {
    a.set(b1);
    for (let i = 0; i < PIXELS; i++) {
      const x = pixels[at + i]! / 255;
      if (x !== 0) for (let j = 0; j < width; j++) a[j] = a[j]! + x * w1[i * width + j]!;
    }
    if (!hidden) return z.set(a);
    z.set(b2);
    for (let j = 0; j < width; j++) {
      a[j] = Math.max(0, a[j]!);
      for (let k = 0; k < CLASSES; k++) z[k] = z[k]! + a[j]! * w2[j * CLASSES + k]!;
    }
  };
  const backward = (pixels: Uint8Array, at: number, label: number, lr: number) => {
    const largest = Math.max(...z);
    const exp = z.map((v) => Math.exp(v - largest));
    const sum = exp.reduce((s, v) => s + v, 0);
    const dz = exp.map((v, k) => v / sum - (k === label ? 1 : 0));
    let da = dz;
    if (hidden) {
      da = new Float32Array(width);
      for (let j = 0; j < width; j++) {
        for (let k = 0; k < CLASSES; k++) {
          const place = j * CLASSES + k;
          if (a[j]! > 0) da[j] = da[j]! + dz[k]! * w2[place]!;
          w2[place] = w2[place]! - lr * dz[k]! * a[j]!;
        }
      }
      for (let k = 0; k < CLASSES; k++) b2[k] = b2[k]! - lr * dz[k]!;
    }
    for (let j = 0; j < width; j++) b1[j] = b1[j]! - lr * da[j]!;
    for (let i = 0; i < PIXELS; i++) {
      const x = (lr * pixels[at + i]!) / 255;
      if (x !== 0) for (let j = 0; j < width; j++) w1[i * width + j] = w1[i * width + j]! - x * da[j]!;
    }
  };

  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let n = 0; n < train.labels.length; n++) {
      forward(train.pixels, n * PIXELS);
      backward(train.pixels, n * PIXELS, train.labels[n]!, rate * (1 - epoch / epochs));
    }
  }
  let right = 0;
  for (let n = 0; n < test.labels.length; n++) {
    forward(test.pixels, n * PIXELS);
    if (z.indexOf(Math.max(...z)) === test.labels[n]) right++;
  }
  return right / test.labels.length;
}

describe('digits', () => {
  it('gives the same bytes for the same seed, everywhere', () => {
    const first = drawDigits(50, 1, 0);
    expect(drawDigits(50, 1, 0)).toEqual(first);
    expect(drawDigits(20, 1, 0).pixels).toEqual(first.pixels.subarray(0, 20 * PIXELS));
    expect(createHash('sha256').update(first.pixels).digest('hex')).toBe(
      '72ef52b19543d4e01979241da075766da4902c99fd4e53848bc45ea3f3107abd',
    );
  });

  it('differs by seed and by split, and no image comes twice', () => {
    const images = new Set<string>();
    const sets = [drawDigits(200, 1, 0), drawDigits(200, 1, 1), drawDigits(200, 2, 0)];
    for (const { pixels } of sets) {
      for (let i = 0; i < 200; i++)
        images.add(Buffer.from(pixels.subarray(i * PIXELS, (i + 1) * PIXELS)).toString('base64'));
    }
    expect(images.size).toBe(600);
  });

  it('keeps margins almost empty, with ink in every image', () => {
    const { pixels } = drawDigits(1000, 3, 0);
    let margin = 0;
    let total = 0;
    for (let i = 0; i < 1000; i++) {
      let ink = 0;
      for (let p = 0; p < PIXELS; p++) {
        const value = pixels[i * PIXELS + p]!;
        const [row, column] = [Math.floor(p / 28), p % 28];
        if (value < 100) continue;
        ink++;
        if (row === 0 || row === 27 || column === 0 || column === 27) margin++;
      }
      total += ink;
      expect(ink).toBeGreaterThan(10);
    }
    expect(margin / total).toBeLessThan(0.01);
  });

  it('has several forms per digit, each within the unit square', () => {
    expect(digitForms.length).toBe(10);
    for (const forms of digitForms) {
      expect(forms.length).toBeGreaterThan(1);
      for (const [x, y] of forms.flat(2)) expect(Math.min(x, y) >= 0 && Math.max(x, y) <= 1).toBe(true);
    }
  });

  it('has the mean and the spread its documentation states', () => {
    const { pixels } = drawDigits(2000, 1, 0);
    const mean = pixels.reduce((sum, p) => sum + p / 255, 0) / pixels.length;
    const variance = pixels.reduce((sum, p) => sum + (p / 255 - mean) ** 2, 0) / pixels.length;
    expect(mean).toBeCloseTo(0.101, 2);
    expect(Math.sqrt(variance)).toBeCloseTo(0.249, 2);
  });

  it('is hard for a linear classifier and much easier for a network', () => {
    const train = drawDigits(3000, 1, 0);
    const test = drawDigits(1000, 1, 1);
    const linear = accuracy(train, test, 0, 0.02, 6);
    const network = accuracy(train, test, 48, 0.03, 6);
    expect(linear).toBeGreaterThan(0.7);
    expect(linear).toBeLessThan(0.92);
    expect(network).toBeGreaterThan(linear + 0.04);
  });

  it('loads as a data set, and rejects options out of range', () => {
    const data = loadDigits({
      name: 'digits',
      options: { train: 30, test: 10, seed: 4, normalize: [0.101, 0.249] },
    });
    expect([data.train.count, data.test.count, data.classes, data.inputSize]).toEqual([30, 10, 10, 784]);
    const out = new Float32Array(2 * PIXELS);
    data.train.gather([29, 3], out);
    const { pixels } = drawDigits(30, 4, 0);
    const expected = Float32Array.from(
      pixels.subarray(3 * PIXELS, 4 * PIXELS),
      (p) => (p / 255 - 0.101) / 0.249,
    );
    expect(out.subarray(PIXELS)).toEqual(expected);
    expect(() => loadDigits({ name: 'digits', options: { train: 0 } })).toThrow(
      /RFF603: digits: invalid `train`: expected an integer from 1, found 0/,
    );
    expect(() => loadDigits({ name: 'digits', options: { normalize: [0, 0] } })).toThrow(
      /invalid `normalize`: expected \[mean, std\]/,
    );
    expect(() => loadDigits({ name: 'digits', options: { normalize: [0] } })).toThrow(/found \[0\]/);
  });
});
