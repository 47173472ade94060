import { expect, test } from 'vitest';
import { eachBlock, inBlocks, wholeMatrix, wholeOf } from './blocks.js';
import type { Gemm, Region } from './plan.js';

const region = (rows: number, cols: number, stride = cols, offset = 0): Region => ({
  ...{ buffer: 0, offset, rows, cols, stride },
});
/** Three patches of 5 numbers, each followed by padding, and 2 maps. */
const forward: Gemm = {
  ...{ m: 7, n: 6, k: 5, transposeA: false, transposeB: true, alpha: 1, beta: 0 },
  ...{ a: region(7, 24, 32), b: region(6, 5, 8), c: region(7, 6, 8) },
};

test("the product of a block is that of its patch's columns and its own units", () => {
  const product = inBlocks(forward, 3);
  const blocks = eachBlock(product);
  expect(blocks).toHaveLength(3);
  expect(blocks[2]).toEqual({
    ...{ m: 7, n: 2, k: 5, transposeA: false, transposeB: true, alpha: 1, beta: 0 },
    ...{ a: region(7, 5, 32, 16), b: region(2, 5, 8, 32), c: region(7, 2, 8, 4) },
  });
  // Without the padding behind the last patch.
  expect(wholeMatrix(product, 'a')).toEqual(region(7, 21, 32));
  expect(wholeMatrix(product, 'b')).toEqual(forward.b);
  expect(wholeMatrix(product, 'c')).toEqual(forward.c);
});

test('the gradient of a block is that of its own units', () => {
  const product = inBlocks(
    {
      ...{ m: 6, n: 5, k: 7, transposeA: true, transposeB: false, alpha: 0.5, beta: 1 },
      ...{ a: forward.c, b: forward.a, c: forward.b },
    },
    3,
  );
  expect(eachBlock(product)[1]).toEqual({
    ...{ m: 2, n: 5, k: 7, transposeA: true, transposeB: false, alpha: 0.5, beta: 1 },
    ...{ a: region(7, 2, 8, 2), b: region(7, 5, 32, 8), c: region(2, 5, 8, 16) },
  });
  expect(wholeMatrix(product, 'c')).toEqual(forward.b);
});

test('a product without blocks is unchanged; misaligned blocks do not form a matrix', () => {
  expect(eachBlock(forward)).toEqual([forward]);
  expect(wholeOf(forward, 'a')).toBe(forward.a);
  const askew = { ...forward, blocks: { count: 2, a: 24, b: 4, c: 8 } };
  expect(wholeOf(askew, 'a')).toBeUndefined();
  expect(() => wholeMatrix(askew, 'a')).toThrow('do not form a matrix');
});

test('a patch that covers the whole source is a single block', () => {
  const product = inBlocks({ ...forward, a: region(7, 8), b: region(6, 8), k: 8 }, 1);
  expect(eachBlock(product)).toEqual([{ ...forward, a: region(7, 8), b: region(6, 8), k: 8 }]);
});
