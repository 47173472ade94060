/**
 * How work is shared between workers: by rows, always by the same formula, so that a worker's rows of one launch are its
 * rows of the next one over as many rows, and no barrier is needed between the two.
 */

/** The first row of worker `w`'s share of `rows`; its share ends where the next worker's begins. */
export function shareStart(rows: number, w: number, workers: number): number {
  return Math.floor((rows * w) / workers);
}

/** A product's larger side is shared, its rows if there is no difference worth a barrier: a strip of under eight rows starves the kernel. */
export function gemmSplit(m: number, n: number, workers: number): 'm' | 'n' {
  return m >= n || m >= 8 * workers ? 'm' : 'n';
}
