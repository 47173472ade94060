/**
 * `negatives: random_label()`: for every sample of a batch a label drawn uniformly from all but its true one.
 */

import { below, words } from './philox.js';
import { SITE } from './sites.js';

/**
 * Negative labels [batch] for the true labels `y` [batch], each in [0, classes) and never the true one.
 * @param classes at least 2.
 */
export function randomNegatives(
  y: Int32Array,
  classes: number,
  seed: number,
  epoch: number,
  batch: number,
): Int32Array {
  if (classes < 2) throw new RangeError(`negative labels require at least 2 classes: found ${classes}`);
  const drawn = words(seed, SITE.negatives, epoch, batch, y.length);
  return y.map((label, i) => {
    const other = below(drawn[i]!, classes - 1);
    return other < label ? other : other + 1;
  });
}
