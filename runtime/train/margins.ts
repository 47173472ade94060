/**
 * How sure a network is: a sample's margin is how far the goodness of its true label lies on the right side of the best
 * of the others. Above 0 the prediction is right; near 0 it was a close call.
 */

export interface Margins {
  readonly mean: number;
  /** The margins that 5, 50 and 95 of 100 samples do not exceed. */
  readonly p5: number;
  readonly median: number;
  readonly p95: number;
  /** Each class's mean; null for a class with no samples. */
  readonly perClass: readonly (number | null)[];
}

/**
 * The margins of predictions; null where there are none.
 * @param goodness [samples, classes], row-major.
 * @param y the true labels of at least as many samples.
 * @param direction which goodness is the answer's.
 */
export function goodnessMargins(
  goodness: Float32Array,
  y: Int32Array,
  classes: number,
  direction: 'min' | 'max',
): Margins | null {
  const samples = goodness.length / classes;
  if (samples === 0) return null;
  const sign = direction === 'max' ? 1 : -1;
  const margins = Float64Array.from({ length: samples }, (_, sample) => {
    let best = Number.NEGATIVE_INFINITY;
    for (let label = 0; label < classes; label++) {
      if (label !== y[sample]) best = Math.max(best, sign * goodness[sample * classes + label]!);
    }
    return sign * goodness[sample * classes + y[sample]!]! - best;
  });
  const perClass = Array.from({ length: classes }, (_, label) => {
    const own = margins.filter((_, sample) => y[sample] === label);
    return own.length === 0 ? null : mean(own);
  });
  const sorted = margins.toSorted();
  const quantile = (share: number) => sorted[Math.min(samples - 1, Math.floor(share * samples))]!;
  return { mean: mean(margins), p5: quantile(0.05), median: quantile(0.5), p95: quantile(0.95), perClass };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
