import { describe, expect, it } from 'vitest';
import type { Init } from '../../compiler/model.js';
import {
  below,
  initialize,
  normals,
  permutation,
  philox,
  randomNegatives,
  SITE,
  uniformAt,
  uniforms,
  words,
} from './index.js';

const hex = (values: readonly number[]) => values.map((word) => word.toString(16).padStart(8, '0')).join(' ');

describe('philox4x32-10', () => {
  // Random123's kat_vectors.
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      '408f276d 41c83b0e a20bc7c6 6d5451fd',
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ] as const)('meets the published vector %j %j', (counter, key, expected) => {
    expect(hex(philox(counter, key))).toBe(expected);
  });

  it('places element i of a site at word i & 3 of counter (i >> 2, site, batch, epoch)', () => {
    const seed = 5 * 2 ** 32 + 1234;
    const drawn = words(seed, 0x1002, 7, 3, 11);
    for (let i = 0; i < 11; i++) expect(drawn[i]).toBe(philox([i >> 2, 0x1002, 3, 7], [1234, 5])[i & 3]);
    const u = uniforms(seed, 0x1002, 7, 3, 11);
    for (let i = 0; i < 11; i++) {
      expect(u[i]).toBe((drawn[i]! >>> 8) * 2 ** -24);
      expect(uniformAt(seed, 0x1002, 7, 3, i)).toBe(u[i]);
    }
  });

  it('is uniform: mean, variance and 16 bins of 100,000 draws', () => {
    const u = uniforms(9, 1, 2, 3, 100_000);
    const bins = new Array<number>(16).fill(0);
    let sum = 0;
    let square = 0;
    for (const x of u) {
      bins[Math.floor(x * 16)]!++;
      sum += x;
      square += x * x;
    }
    expect(u.every((x) => x >= 0 && x < 1)).toBe(true);
    const mean = sum / u.length;
    expect(mean).toBeCloseTo(0.5, 2);
    expect(square / u.length - mean ** 2).toBeCloseTo(1 / 12, 2);
    const chiSquare = bins.reduce((total, count) => total + (count - 6250) ** 2 / 6250, 0);
    expect(chiSquare).toBeLessThan(37.7); // the 0.1 % point at 15 degrees of freedom
  });

  it('stays below n, at both ends', () => {
    expect(below(0, 10)).toBe(0);
    expect(below(0xffffffff, 10)).toBe(9);
    expect(below(0xffffffff, 2 ** 31)).toBe(2 ** 31 - 1);
  });
});

describe('permutation', () => {
  it('is a permutation, set by seed and epoch', () => {
    const order = permutation(1000, 1, 0);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(permutation(1000, 1, 0)).toEqual(order);
    expect(permutation(1000, 1, 1)).not.toEqual(order);
    expect(permutation(1000, 2, 0)).not.toEqual(order);
    expect(permutation(1000, 1, 0, SITE.split)).not.toEqual(order);
  });

  it('gives every order of three items about equally often', () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 6000; epoch++) {
      const order = permutation(3, 77, epoch).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(130);
  });
});

describe('randomNegatives', () => {
  it('draws every other label about equally often, never the true one', () => {
    const y = new Int32Array(9000).fill(4);
    const counts = new Array<number>(10).fill(0);
    for (const label of randomNegatives(y, 10, 3, 0, 0)) counts[label]!++;
    expect(counts[4]).toBe(0);
    for (const [label, count] of counts.entries())
      if (label !== 4) expect(Math.abs(count - 1000)).toBeLessThan(130);
    expect(randomNegatives(y, 10, 3, 0, 1)).not.toEqual(randomNegatives(y, 10, 3, 0, 0));
    expect([...randomNegatives(Int32Array.of(0, 1), 2, 3, 0, 0)]).toEqual([1, 0]);
    expect(() => randomNegatives(y, 1, 3, 0, 0)).toThrow(RangeError);
  });
});

function moments(values: ArrayLike<number>) {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  const std = Math.sqrt(list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length);
  return { mean, std, largest: Math.max(...list.map(Math.abs)) };
}

describe('initialize', () => {
  const rows = 120;
  const cols = 400;
  it.each<[Init, number, number]>([
    [{ name: 'kaiming_uniform', gain: Math.sqrt(1 / 3) }, Math.sqrt(1 / 3 / cols), 1 / Math.sqrt(cols)],
    [{ name: 'kaiming_normal', gain: 2 }, 2 / Math.sqrt(cols), Number.POSITIVE_INFINITY],
    [{ name: 'xavier_uniform', gain: 1 }, Math.sqrt(2 / (rows + cols)), Math.sqrt(6 / (rows + cols))],
    [{ name: 'xavier_normal', gain: 1 }, Math.sqrt(2 / (rows + cols)), Number.POSITIVE_INFINITY],
    [{ name: 'uniform', low: -0.05, high: 0.05 }, 0.1 / Math.sqrt(12), 0.05],
    [{ name: 'normal', mean: 0, std: 3 }, 3, Number.POSITIVE_INFINITY],
  ])('%j has its spread and its bound', (init, std, bound) => {
    const w = moments(initialize(init, rows, cols, 1, SITE.initialization));
    expect(Math.abs(w.mean)).toBeLessThan(0.02 * std);
    expect(w.std / std).toBeCloseTo(1, 1);
    expect(Math.abs(w.std / std - 1)).toBeLessThan(0.015);
    expect(w.largest).toBeLessThanOrEqual(bound * (1 + 1e-6));
  });

  it('takes a bias’s fan-in from its connection', () => {
    const bias = initialize({ name: 'kaiming_normal', gain: 1 }, 1, 4000, 1, 2, { fanIn: 100, fanOut: 4000 });
    expect(moments(bias).std).toBeCloseTo(0.1, 2);
  });

  it('has Gaussian tails', () => {
    const z = normals(3, 4, 100_001);
    expect(z.length).toBe(100_001);
    const within = (x: number) => z.reduce((n, v) => n + (Math.abs(v) < x ? 1 : 0), 0) / z.length;
    expect(within(1)).toBeCloseTo(0.6827, 2);
    expect(within(2)).toBeCloseTo(0.9545, 2);
    expect(within(3)).toBeCloseTo(0.9973, 3);
  });

  it.each([
    [70, 70],
    [33, 101],
    [101, 33],
    [1, 7],
    [5, 1],
    [1, 1],
  ])('orthogonal [%i, %i] is semi-orthogonal to f32', (r, c) => {
    const gain = 1.5;
    const w = initialize({ name: 'orthogonal', gain }, r, c, 8, 9);
    const at = (i: number, k: number) => (r <= c ? w[i * c + k]! : w[k * c + i]!);
    for (let i = 0; i < Math.min(r, c); i++) {
      for (let j = 0; j < Math.min(r, c); j++) {
        let dot = 0;
        for (let k = 0; k < Math.max(r, c); k++) dot += at(i, k) * at(j, k);
        expect(Math.abs(dot - (i === j ? gain ** 2 : 0))).toBeLessThan(1e-6);
      }
    }
  });

  it('orthogonal equals the QR decomposition’s Q with a positive diagonal of R, in its first row', () => {
    // Qᵀ's first row is the first Gaussian vector, normalized: R's first entry is its length.
    const gaussian = normals(8, 9, 36);
    const length = Math.hypot(...gaussian.subarray(0, 6));
    const w = initialize({ name: 'orthogonal', gain: 1 }, 6, 6, 8, 9);
    for (let j = 0; j < 6; j++) expect(w[j]).toBeCloseTo(gaussian[j]! / length, 6);
  });

  it('orthogonal is uniform: over seeds each entry has mean 0 and variance 1/n, and det is ± 1 about equally', () => {
    let sum = 0;
    let square = 0;
    let positive = 0;
    const runs = 2000;
    for (let seed = 0; seed < runs; seed++) {
      const w = initialize({ name: 'orthogonal', gain: 1 }, 2, 2, seed, 9);
      sum += w[3]!;
      square += w[3]! ** 2;
      if (w[0]! * w[3]! - w[1]! * w[2]! > 0) positive++;
    }
    expect(Math.abs(sum / runs)).toBeLessThan(0.06);
    expect(square / runs).toBeCloseTo(0.5, 1);
    expect(Math.abs(positive / runs - 0.5)).toBeLessThan(0.05);
  });

  it('identity, constant and zeros are what they say', () => {
    expect([...initialize({ name: 'identity', gain: 2 }, 2, 3, 0, 0)]).toEqual([2, 0, 0, 0, 2, 0]);
    expect([...initialize({ name: 'constant', value: 0.5 }, 1, 2, 0, 0)]).toEqual([0.5, 0.5]);
    expect([...initialize({ name: 'zeros' }, 1, 2, 0, 0)]).toEqual([0, 0]);
  });

  it('depends on the seed and the site alone', () => {
    const init: Init = { name: 'uniform', low: 0, high: 1 };
    expect(initialize(init, 3, 3, 1, 2)).toEqual(initialize(init, 3, 3, 1, 2));
    expect(initialize(init, 3, 3, 1, 2)).not.toEqual(initialize(init, 3, 3, 1, 3));
    expect(initialize(init, 3, 3, 1, 2)).not.toEqual(initialize(init, 3, 3, 2, 2));
  });
});
