import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resized } from './resize.js';

const at = (rows: number, columns = rows) => ({ rows, columns });

describe('a resized image', () => {
  it('shrinks to the mean over areas', () => {
    expect([...resized([0, 2, 4, 6, 8, 10, 12, 14, 1, 1, 3, 3, 1, 1, 3, 3], at(4), at(2))]).toEqual([
      5, 9, 1, 3,
    ]);
    // Three pixels into two: the middle one counts half for each.
    const [first, second] = resized([0, 30, 90, 0, 30, 90, 0, 30, 90], at(3), at(2));
    expect(first).toBeCloseTo(10);
    expect(second).toBeCloseTo(70);
  });

  it('grows bilinearly', () => {
    expect([...resized([0, 4, 0, 4], at(2), at(4))].slice(0, 4)).toEqual([0, 1, 3, 4]);
  });

  it('keeps its aspect ratio, centred on its own background', () => {
    const wide = resized(
      [7, 7, 7, 7, 7, 9, 9, 7, 7, 9, 9, 7, 7, 7, 7, 7].flatMap((v) => [v, v]),
      at(4, 8),
      at(8),
    );
    expect([...wide.subarray(0, 16)]).toEqual(new Array(16).fill(7));
    expect([...wide.subarray(48)]).toEqual(new Array(16).fill(7));
    expect([...wide.subarray(24, 32)]).toEqual([7, 7, 9, 9, 9, 9, 7, 7]);
  });

  it('stays within its own brightness, whatever the sizes', () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, size, size, size, fc.nat(999), (rows, columns, toRows, toColumns, salt) => {
        const values = Array.from({ length: rows * columns }, (_, i) => (salt + 37 * i) % 256);
        const out = resized(values, at(rows, columns), at(toRows, toColumns));
        expect(Math.min(...out)).toBeGreaterThanOrEqual(Math.min(...values) - 1e-3);
        expect(Math.max(...out)).toBeLessThanOrEqual(Math.max(...values) + 1e-3);
      }),
    );
  });
});
