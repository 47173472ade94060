/** `negatives: latent_classifier(…)`: a wrong label, drawn with the classifier's probabilities. */

/**
 * The label picked by a uniform number: classes in order, each as wide as its probability, without the true one.
 *
 * @param probabilities [classes], not negative
 * @param truth the label never to pick
 * @param uniform in [0, 1)
 */
export function drawNegative(probabilities: Float32Array, truth: number, uniform: number): number {
  let total = 0;
  probabilities.forEach((p, k) => {
    if (k !== truth) total += p;
  });
  let left = uniform * total;
  let last = truth === 0 ? 1 : 0;
  for (let k = 0; k < probabilities.length; k++) {
    if (k === truth) continue;
    last = k;
    left -= probabilities[k]!;
    if (left < 0) return k;
  }
  // A rest due to rounding belongs to the last class.
  return last;
}
