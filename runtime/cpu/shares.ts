/**
 * How work is shared between workers: by rows, always by the same formula, so that a worker's rows of one launch are
 * its rows of the next one over as many rows, and no barrier is needed between the two.
 */

import { areBeside } from '../../compiler/plan/blocks.js';
import type { Gemm } from '../../compiler/plan/plan.js';

/** The first row of worker `w`'s share of `rows`; its share ends where the next worker's begins. */
export function shareStart(rows: number, w: number, workers: number): number {
  return Math.floor((rows * w) / workers);
}

/** What of a product is shared: the rows of c, its columns, or of a product in blocks the blocks. */
export type Split = 'm' | 'n' | 'blocks';

/**
 * Rows of a share from which on sharing them is worth the barrier that it saves: a BLAS reorders all of b for each
 * worker's rows. Of 100×1000×1000 on two workers that took 13 % of the time, of 200×1000×1000 4 %.
 */
const ENOUGH_ROWS = 64;

/**
 * A product's larger side is shared, its rows if there is no difference worth a barrier. Blocks that lie side by side
 * have the rows that the launches around them have, unless a strip of under eight starves the kernel; others are shared
 * whole.
 */
export function gemmSplit(product: Pick<Gemm, 'm' | 'n' | 'c' | 'blocks'>, workers: number): Split {
  const { m, n, c, blocks } = product;
  if (blocks) return m >= 8 * workers && areBeside(c, blocks.c, blocks.count) ? 'm' : 'blocks';
  return m >= n || m >= ENOUGH_ROWS * workers ? 'm' : 'n';
}
