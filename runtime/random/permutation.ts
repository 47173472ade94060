/**
 * Shuffling: the order in which an epoch visits its samples, and which samples a validation split holds out.
 * Fisher-Yates from the end, step i swapping i with an integer in [0, i] drawn from word n - 1 - i of the site.
 */

import { below, words } from './philox.js';
import { SITE } from './sites.js';

/**
 * A permutation of 0 … n - 1, the same for the same (n, seed, epoch, site).
 * @param site `SITE.shuffle` unless the permutation serves something else.
 */
export function permutation(n: number, seed: number, epoch: number, site: number = SITE.shuffle): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const drawn = words(seed, site, epoch, 0, n);
  for (let i = n - 1; i > 0; i--) {
    const j = below(drawn[n - 1 - i]!, i + 1);
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
  return order;
}
