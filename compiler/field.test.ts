import { expect, test } from 'vitest';
import { fansOf, fieldOver, patchColumns, patchCount, patchGrid, patchSize, sourceSize } from './field.js';

const patch = { name: 'patch', grid: [3, 4], size: 2, stride: 1, maps: 5 } as const;

test('patches are in row-major order, and so are the positions that each reads', () => {
  const field = fieldOver(patch, 12)!;
  expect(field.channels).toBe(1);
  expect([patchGrid(field), patchCount(field), patchSize(field)]).toEqual([[2, 3], 6, 4]);
  expect(patchColumns(field, 0)).toEqual([0, 1, 4, 5]);
  expect(patchColumns(field, 2)).toEqual([2, 3, 6, 7]);
  expect(patchColumns(field, 5)).toEqual([6, 7, 10, 11]);
});

test('the channels of a position are adjacent', () => {
  const field = fieldOver({ ...patch, stride: 2 }, 36)!;
  expect([field.channels, sourceSize(field), patchCount(field), patchSize(field)]).toEqual([3, 36, 2, 12]);
  expect(patchColumns(field, 1)).toEqual([6, 7, 8, 9, 10, 11, 18, 19, 20, 21, 22, 23]);
});

test('a source that is not a grid has no patches', () => {
  expect(fieldOver(patch, 13)).toBeUndefined();
  expect(fieldOver(patch, 6)).toBeUndefined();
});

test('counts the weights of a unit, and the average number of weights out of a source unit', () => {
  expect(fansOf(36, 30, patch)).toEqual({ in: 12, out: (12 * 30) / 36 });
  expect(fansOf(36, 30, null)).toEqual({ in: 36, out: 30 });
});
