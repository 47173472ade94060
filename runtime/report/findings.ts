/**
 * What a prediction of labelled samples tells beside its accuracy: the accuracy of each layer, how far goodness comes
 * apart, and which mistakes the network is most confident of.
 */
import type { ByName, GoodnessHistogram } from '../run/metrics.js';
import { chooseLabels, type Prediction } from '../train/evaluate.js';

const BINS = 40;
/**
 * This share of the values at either end goes into the outermost bins: one outlier must not squeeze all others into one
 * bar.
 */
const BEYOND = 0.002;

/** The accuracy of each scored layer without the others, in [0, 1]; undefined where only one is scored. */
export function layerAccuracies(
  { layers }: Pick<Prediction, 'layers'>,
  y: Int32Array,
  classes: number,
  direction: 'min' | 'max',
): ByName | undefined {
  if (layers.size === 0) return undefined;
  return Object.fromEntries(
    [...layers].map(([name, goodness]) => {
      const labels = chooseLabels(goodness, classes, direction);
      return [name, labels.filter((label, i) => label === y[i]).length / labels.length];
    }),
  );
}

/**
 * How often each goodness came up with the true labels and with the others.
 *
 * @param goodness [samples, classes], row-major, all finite
 * @returns undefined where there are no samples
 */
export function goodnessHistogram(
  goodness: Float32Array,
  y: Int32Array,
  classes: number,
): GoodnessHistogram | undefined {
  const { length } = goodness;
  if (length === 0) return undefined;
  const sorted = goodness.toSorted();
  const from = sorted[Math.floor(BEYOND * (length - 1))]!;
  const to = sorted[Math.ceil((1 - BEYOND) * (length - 1))]!;
  const [positive, negative] = [new Array<number>(BINS).fill(0), new Array<number>(BINS).fill(0)];
  goodness.forEach((value, i) => {
    const bin = to > from ? Math.floor((BINS * (value - from)) / (to - from)) : 0;
    const counts = i % classes === y[Math.floor(i / classes)] ? positive : negative;
    const at = Math.min(Math.max(bin, 0), BINS - 1);
    counts[at] = counts[at]! + 1;
  });
  return { from, to, positive, negative };
}

/**
 * A sample that was predicted as another class, and by how much: the more confident the network, the greater the
 * margin.
 */
export interface WrongSample {
  readonly sample: number;
  readonly truth: number;
  readonly predicted: number;
  /** How far the predicted label lies beyond the true one: in goodness, or in probability where a softmax predicts. */
  readonly margin: number;
}

/** The mistakes among samples, the most confident first, at most `most` of them. */
export function mistakesByConfidence(
  { labels, by, goodness, softmax }: Pick<Prediction, 'labels' | 'by' | 'goodness' | 'softmax'>,
  y: Int32Array,
  classes: number,
  direction: 'min' | 'max',
  most: number,
): WrongSample[] {
  const scores = by === 'softmax' ? softmax! : goodness!;
  const sign = by === 'goodness' && direction === 'min' ? -1 : 1;
  const wrong: WrongSample[] = [];
  labels.forEach((predicted, sample) => {
    const truth = y[sample]!;
    if (predicted === truth) return;
    const score = (label: number) => scores[sample * classes + label]!;
    wrong.push({ sample, truth, predicted, margin: sign * (score(predicted) - score(truth)) });
  });
  return wrong.sort((a, b) => b.margin - a.margin || a.sample - b.sample).slice(0, most);
}
