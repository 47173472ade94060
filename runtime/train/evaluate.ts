/**
 * Prediction and evaluation: each label is tried, and the one with the least (or greatest) goodness is the answer; if
 * the layers do not receive the label, it is the most probable label of the model's readout.
 *
 * The engine computes the goodness of every label; this module chooses, counts, and cuts a split into chunks of the
 * size the graph was compiled for. The last chunk is padded with a repeated sample whose answers are ignored.
 */
import { predictingClassifier } from '../../compiler/graph/classifier.js';
import { connectsLabel, hearsLabel, layersAlone } from '../../compiler/influence.js';
import type { ModelDocument } from '../../compiler/model.js';
import type { Network } from '../../compiler/network.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import type { Split } from '../data/dataset.js';
import type { Session } from '../engine.js';
import { breathe } from './breathe.js';

export interface Prediction {
  /** [samples] */
  readonly labels: Int32Array;
  /** What chooses the labels. */
  readonly by: 'goodness' | 'softmax';
  /**
   * [samples, classes], row-major: mean goodness over the score steps and layers with each label tried; null where the
   * layers do not receive it.
   */
  readonly goodness: Float32Array | null;
  /**
   * The same per scored layer, by name, if `PredictOptions.layers` is set and several layers are
   * scored; otherwise none.
   */
  readonly layers: ReadonlyMap<string, Float32Array>;
  /** [samples, classes], row-major: the probabilities of the model's classifier, if it has one. */
  readonly softmax: Float32Array | null;
}

export interface Evaluation {
  readonly samples: number;
  readonly correct: number;
  /** In [0, 1]. */
  readonly accuracy: number;
  /** [true class][predicted class], counts. */
  readonly confusion: readonly (readonly number[])[];
  /**
   * Accuracy of the classifier's most probable label, in [0, 1], if labels are chosen by goodness; null without a
   * classifier.
   */
  readonly softmax: number | null;
  /** Each class's accuracy in [0, 1]; null for a class with no samples. */
  readonly perClass: readonly (number | null)[];
}

export interface PredictOptions {
  /** What chooses the labels; by default goodness, if the layers receive the label. */
  readonly by?: Prediction['by'];
  /** Keeps the goodness of each scored layer too. */
  readonly layers?: boolean;
  /** Only the first n samples. */
  readonly limit?: number;
  /** Stops between two chunks. */
  readonly signal?: AbortSignal;
  /** After each chunk: the samples done, of how many, and the labels found so far. */
  readonly onProgress?: (done: number, total: number, labels: Int32Array) => void;
}

/** [scored layers, samples, classes]; absent in plans of older versions. */
const LAYERS = 'predict/goodness_layers';

/** The label of each row of `goodness` [samples, classes] with the least or greatest value; of equals the lowest. */
export function chooseLabels(goodness: Float32Array, classes: number, direction: 'min' | 'max'): Int32Array {
  const labels = new Int32Array(goodness.length / classes);
  const sign = direction === 'min' ? 1 : -1;
  for (let row = 0; row < labels.length; row++) {
    let best = 0;
    for (let label = 1; label < classes; label++) {
      if (sign * goodness[row * classes + label]! < sign * goodness[row * classes + best]!) best = label;
    }
    labels[row] = best;
  }
  return labels;
}

/** Scores a prediction of the first samples against their true labels `y`, for `classes` classes. */
export function score(
  { labels, by, softmax }: Pick<Prediction, 'labels' | 'by' | 'softmax'>,
  y: Int32Array,
  classes: number,
): Evaluation {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, i) => {
    const row = confusion[y[i]!]!;
    row[label] = row[label]! + 1;
  });
  const correct = confusion.reduce((sum, row, label) => sum + row[label]!, 0);
  const perClass = confusion.map((row, label) => {
    const count = row.reduce((sum, n) => sum + n, 0);
    return count === 0 ? null : row[label]! / count;
  });
  const samples = labels.length;
  const share = (hits: number) => (samples === 0 ? 0 : hits / samples);
  const bySoftmax =
    by === 'goodness' && softmax
      ? chooseLabels(softmax, classes, 'max').filter((k, i) => k === y[i]).length
      : null;
  return {
    samples,
    correct,
    accuracy: share(correct),
    softmax: bySoftmax === null ? null : share(bySoftmax),
    confusion,
    perClass,
  };
}

/**
 * Labels and goodness of a split's samples in their order; `undefined` if aborted.
 * @throws RffcError RFF716 for a model that has neither a label that reaches its score nor a readout, RFF712 for a
 * goodness that is not finite.
 */
export async function predict(
  session: Session,
  network: Network,
  split: Pick<Split, 'count' | 'gather'>,
  options: PredictOptions = {},
): Promise<Prediction | undefined> {
  const { document } = network;
  const hears = hearsLabel(document);
  const { by = hears ? 'goodness' : 'softmax' } = options;
  const hasSoftmax = session.tensors.some((t) => t.name === 'predict/softmax');
  if (by === 'softmax' && !hasSoftmax) throw nothingToPredict(document);
  const { predictBatch, classes } = network;
  const total = Math.min(split.count, options.limit ?? split.count);
  const chunks = Math.ceil(total / predictBatch);
  const labels = new Int32Array(total);
  const goodness = hears ? new Float32Array(total * classes) : null;
  const softmax = hasSoftmax ? new Float32Array(total * classes) : null;
  const hasLayers = options.layers === true && session.tensors.some((t) => t.name === LAYERS);
  const layers = new Map(
    (hasLayers ? layersAlone(document) : []).map((name) => [name, new Float32Array(total * classes)]),
  );
  const direction = predictDirection(document);
  // Two alternating buffers: one may still be in transfer while the other is filled.
  const buffers = [0, 1].map(() => new Float32Array(network.frames * predictBatch * document.input.size));
  const indices = new Int32Array(predictBatch);
  const gather = (chunk: number): Float32Array => {
    for (let i = 0; i < predictBatch; i++) indices[i] = Math.min(chunk * predictBatch + i, total - 1);
    const x = buffers[chunk % 2]!;
    split.gather(indices, x);
    return x;
  };

  let x = chunks > 0 ? gather(0) : undefined;
  for (let chunk = 0; chunk < chunks; chunk++) {
    if (options.signal?.aborted) return undefined;
    session.write('predict/x', x!);
    const running = session.run('predict', { epoch: 0, batch: chunk, trained: 0, rate: 1 });
    if (chunk + 1 < chunks) x = gather(chunk + 1);
    await running;
    const first = chunk * predictBatch;
    const count = Math.min(predictBatch, total - first);
    const found = (await session.read('predict/goodness')).subarray(0, count * classes);
    const bad = found.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw failure(
        'RFF712',
        `the goodness of sample ${first + Math.floor(bad / classes)} with label ${bad % classes} is ${found[bad]}`,
        {
          hint: 'the weights have diverged: train again with a lower learning rate',
        },
      );
    }
    goodness?.set(found, first * classes);
    const alone = hasLayers ? await session.read(LAYERS) : undefined;
    [...layers.values()].forEach((values, i) => {
      const start = i * predictBatch * classes;
      values.set(alone!.subarray(start, start + count * classes), first * classes);
    });
    const probabilities = softmax && (await session.read('predict/softmax')).subarray(0, count * classes);
    if (probabilities) softmax.set(probabilities, first * classes);
    const chosen =
      by === 'softmax'
        ? chooseLabels(probabilities!, classes, 'max')
        : chooseLabels(found, classes, direction);
    labels.set(chosen, first);
    options.onProgress?.(first + count, total, labels);
    await breathe();
  }
  return { labels, by, goodness, layers, softmax };
}

/**
 * What a trained model predicts by: goodness if its score receives the label, else a readout or classifier; or
 * nothing.
 */
export function predictsBy(document: ModelDocument): Prediction['by'] | undefined {
  if (hearsLabel(document)) return 'goodness';
  return document.label && predictingClassifier(document) ? 'softmax' : undefined;
}

/** RFF716, naming what the model lacks. */
export function nothingToPredict(document: ModelDocument): RffcError {
  const { name, label } = document;
  const isLate = connectsLabel(document);
  const why = !label
    ? 'has no label'
    : isLate
      ? `does not pass label \`${label.name}\` to its score steps`
      : `has no layer that receives label \`${label.name}\``;
  const hint = !label
    ? 'declare `label NAME[classes]` and connect it to a layer'
    : `${isLate ? 'score steps that see it' : 'connect it to a layer'}, or learn the classes from the ` +
      'activities: `readout: softmax()`';
  return failure('RFF716', `model \`${name}\` ${why}, so there is nothing to predict`, { hint });
}

/** `predict` scored against the split's own labels; `undefined` if aborted. @throws RffcError as `predict` does. */
export async function evaluate(
  session: Session,
  network: Network,
  split: Split,
  options: PredictOptions = {},
): Promise<Evaluation | undefined> {
  const prediction = await predict(session, network, split, options);
  return prediction && score(prediction, split.y, network.classes);
}

/** Which goodness is the answer's: equal for every scored layer of a checked model. */
export function predictDirection(document: ModelDocument): 'min' | 'max' {
  const scored = document.layers.find((layer) => document.score.layers.includes(layer.name));
  return document.objectives[scored?.objective ?? 0]!.predict;
}
