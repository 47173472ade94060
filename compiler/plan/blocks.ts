/**
 * Products in blocks: one launch that makes as many equal products as there are blocks, each of the operands' regions a
 * fixed step further for each. An operand's blocks lie side by side in the columns of one matrix, or one below the
 * other in its rows.
 */
import type { Gemm, Region } from './plan.js';

export type Side = 'a' | 'b' | 'c';

/** Blocks of a product; 1 where it has none. */
export const blockCount = ({ blocks }: Pick<Gemm, 'blocks'>): number => blocks?.count ?? 1;

/** The numbers from one block's operand to the next one's. */
export const blockStep = ({ blocks }: Pick<Gemm, 'blocks'>, side: Side): number => blocks?.[side] ?? 0;

/** The products that a product in blocks makes, one by one. */
export function eachBlock(product: Gemm): Gemm[] {
  const { blocks, ...alone } = product;
  if (!blocks) return [product];
  const moved = (r: Region, by: number): Region => ({ ...r, offset: r.offset + by });
  return Array.from({ length: blocks.count }, (_, i) => ({
    ...alone,
    a: moved(product.a, i * blocks.a),
    b: moved(product.b, i * blocks.b),
    c: moved(product.c, i * blocks.c),
  }));
}

/** Whether a region's blocks, `step` apart, lie side by side in the same rows. */
export function areBeside(r: Region, step: number, count: number): boolean {
  return (count - 1) * step + r.cols <= r.stride;
}

/**
 * The matrix that all blocks of an operand make together: all that a launch touches of it lies inside.
 * @returns undefined where they make none
 */
export function wholeOf(product: Gemm, side: Side): Region | undefined {
  const r = product[side];
  const count = blockCount(product);
  const step = blockStep(product, side);
  if (count === 1) return r;
  if (areBeside(r, step, count)) return { ...r, cols: (count - 1) * step + r.cols };
  if (step % r.stride !== 0) return undefined;
  return { ...r, rows: ((count - 1) * step) / r.stride + r.rows };
}

/** `wholeOf` in a plan that has been checked, or was just made. */
export function wholeMatrix(product: Gemm, side: Side): Region {
  const whole = wholeOf(product, side);
  if (!whole) throw new Error('the blocks of a product make no matrix');
  return whole;
}

/**
 * A product of patches as one in blocks: given as that of whole matrices, [rows, blocks · patch] · [units, patch]ᵀ or
 * its gradient [rows, units]ᵀ · [rows, blocks · patch], each block has its share of units and its own patch.
 */
export function inBlocks(product: Gemm, count: number): Gemm {
  const { a, b, c, m, n, k, transposeA } = product;
  const beside = (r: Region, cols: number): Region => ({ ...r, cols });
  const below = (r: Region, rows: number): Region => ({ ...r, rows });
  if (!transposeA) {
    const maps = n / count;
    return {
      ...{ ...product, n: maps, a: beside(a, k), b: below(b, maps), c: beside(c, maps) },
      blocks: { count, a: a.cols / count, b: maps * b.stride, c: maps },
    };
  }
  const maps = m / count;
  return {
    ...{ ...product, m: maps, a: beside(a, maps), b: beside(b, n), c: below(c, maps) },
    blocks: { count, a: maps, b: b.cols / count, c: maps * c.stride },
  };
}
