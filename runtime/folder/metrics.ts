/**
 * The lines of a run's metrics.jsonl: one every n batches, one per epoch. Values per layer are an
 * object by layer, values per parameter an object by name, so that a line can be read without the model.
 */
import type { Network } from '../../compiler/network.js';
import type { Evaluation } from '../train/evaluate.js';
import { type Measures, stageOf, type TrainedPurpose } from '../train/progress.js';
import type { BatchReport, Evaluations } from '../train/train.js';

/** The values of `--metrics` and `--log`. */
export const metricKinds = ['norms', 'updates', 'angles'] as const;
export type MetricKind = (typeof metricKinds)[number];
export const logKinds = ['tensorboard'] as const;
export type LogKind = (typeof logKinds)[number];

/** Unknown values are null, as JSON has no NaN. */
export type ByName = Readonly<Record<string, number>>;

/** A value per layer and learning step. */
export type BySteps = Readonly<Record<string, readonly number[]>>;

export interface MetricsLine {
  /**
   * What is trained, with epochs and batches of its own: the network, or its readout. Absent in lines of an older rffc:
   * the network.
   */
  readonly stage?: TrainedPurpose;
  /** From 1, as is the batch, of `batches` in the epoch; `trained` batches since the parameters were initialized. */
  readonly epoch: number;
  readonly batch: number;
  readonly batches: number;
  readonly trained: number;
  /** Means over rows and learning steps, and in an epoch's line over its batches. */
  readonly loss: ByName;
  readonly goodness_positive: ByName;
  readonly goodness_negative: ByName;
  readonly classifier_loss?: number;
  readonly decode_loss?: number;
  readonly lr: number;
  /**
   * On the test split, in [0, 1], at the stage's latest evaluation; null before the first. On the validation
   * split beside it, if there is one. For a readout, by its softmax.
   */
  readonly test_accuracy: number | null;
  readonly validation_accuracy?: number | null;
  readonly samples_per_second: number;
  /** Elapsed so far. */
  readonly seconds: number;
}

/** What `--metrics` adds to a batch's line. Updates and angles are absent if the previous batches were not seen. */
export interface BatchNorms {
  /** Euclidean, by parameter; the gradient's as seen by the optimizer (see `report/norms.ts`). */
  readonly weight_norm?: ByName;
  readonly gradient_norm?: ByName;
  /** Per layer, the root mean square over rows and learning steps. */
  readonly activity_norm_positive?: ByName;
  readonly activity_norm_negative?: ByName;
  /** The norm of a parameter's update in this batch, and its cosine with the previous one. */
  readonly update_norm?: ByName;
  readonly update_angle?: ByName;
}

export interface BatchLine extends MetricsLine, BatchNorms {
  readonly event: 'batch';
}

export interface EpochLine extends MetricsLine {
  readonly event: 'epoch';
  /** Goodness per learning step, a running mean over the epoch's last batches, about twenty. */
  readonly goodness_steps_positive: BySteps;
  readonly goodness_steps_negative: BySteps;
  /** Norm of each parameter after the epoch, and of its change in it, which is omitted for very large networks. */
  readonly weight_norm: ByName;
  readonly update_norm?: ByName;
  /**
   * On a fixed sample of the training split, in [0, 1], and its size: enough to see
   * overfitting. Absent if evaluating them would cost too much.
   */
  readonly train_accuracy?: number;
  readonly train_samples?: number;
  /** Accuracy of the classifier's most probable label on the test split, in [0, 1]; absent without a classifier. */
  readonly test_accuracy_softmax?: number;
  /** Accuracy of each scored layer alone, on the test split, in [0, 1]; absent if only one is scored. */
  readonly layer_accuracy?: ByName;
  /** Margins of the goodness on the test split; absent if goodness does not predict. */
  readonly goodness_histogram?: GoodnessHistogram;
  /** [true class][predicted class], counts on the test split; absent if not evaluated. */
  readonly confusion?: readonly (readonly number[])[];
}

/**
 * A histogram of goodness during prediction, in bins of equal width from `from` to `to`; the first and the last
 * include what is beyond.
 */
export interface GoodnessHistogram {
  readonly from: number;
  readonly to: number;
  /** With the true label. */
  readonly positive: readonly number[];
  /** With each of the other labels. */
  readonly negative: readonly number[];
}

/** The accuracies of a line. */
export type Accuracies = Pick<MetricsLine, 'test_accuracy' | 'validation_accuracy'>;

/** The accuracies of the last evaluation; empty before the first. */
export function accuraciesOf(evaluations: Partial<Evaluations>, { document }: Network): Accuracies {
  const { validation, test } = evaluations;
  return {
    test_accuracy: test?.accuracy ?? null,
    ...(document.train.validation > 0 ? { validation_accuracy: validation?.accuracy ?? null } : {}),
  };
}

/** The accuracies of a line read from a file. */
export function accuraciesIn(line: { readonly [K in keyof Accuracies]?: unknown }): Accuracies {
  const share = (value: unknown) => (typeof value === 'number' ? value : null);
  const { test_accuracy, validation_accuracy } = line;
  return {
    test_accuracy: share(test_accuracy),
    ...(validation_accuracy === undefined ? {} : { validation_accuracy: share(validation_accuracy) }),
  };
}

/** The accuracy of a line that the best epoch is chosen by; null before the first evaluation. */
export function chosenAccuracy({ test_accuracy, validation_accuracy }: Accuracies): number | null {
  return validation_accuracy === undefined ? test_accuracy : validation_accuracy;
}

/** Fields common to the lines of batches and epochs. */
export function metricsOf(report: BatchReport, network: Network, accuracies: Accuracies): MetricsLine {
  const stage = stageOf(report.position);
  const layers = stage === 'network' ? network.layers : [];
  const byLayer = (values: Measures['loss']) =>
    Object.fromEntries(layers.map((layer, i) => [layer, values[i]!]));
  return {
    stage,
    epoch: report.epoch,
    batch: report.batch,
    batches: report.batches,
    trained: report.position.trained,
    loss: byLayer(report.loss),
    goodness_positive: byLayer(report.goodnessPositive),
    goodness_negative: byLayer(report.goodnessNegative),
    ...(report.classifierLoss === null ? {} : { classifier_loss: report.classifierLoss }),
    ...(report.decodeLoss === null ? {} : { decode_loss: report.decodeLoss }),
    lr: report.lr,
    ...accuracies,
    samples_per_second: Math.round(report.samplesPerSecond * 10) / 10,
    seconds: report.seconds,
  };
}

/** An epoch's fields about the sample of the training split. */
export function trainOf(train: Evaluation | null): Pick<EpochLine, 'train_accuracy' | 'train_samples'> {
  return train === null ? {} : { train_accuracy: train.accuracy, train_samples: train.samples };
}

/** An epoch's fields about the test split, beside `test_accuracy`. */
export function softmaxOf(test: Evaluation | null): Pick<EpochLine, 'test_accuracy_softmax'> {
  return test === null || test.softmax === null ? {} : { test_accuracy_softmax: test.softmax };
}

/** [learnSteps, layers] as a list of steps per layer. */
export function bySteps(values: readonly number[], layers: readonly string[]): BySteps {
  return Object.fromEntries(
    layers.map((layer, l) => [layer, values.filter((_, i) => i % layers.length === l)]),
  );
}

/**
 * The lines of a metrics.jsonl. Incomplete lines (of a run that was killed while writing) are skipped, as
 * are unknown ones of other versions. Malformed fields are dropped, so that
 * readers can rely on the types, except that a number may be null.
 */
export function parseMetrics(text: string): (BatchLine | EpochLine)[] {
  return text.split('\n').flatMap((line) => {
    try {
      const record: unknown = JSON.parse(line);
      return isObject(record) && isLine(record) ? [withoutMisfits(record)] : [];
    } catch {
      return [];
    }
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isOpen = (value: unknown): value is number | null => value === null || isNumber(value);
const isShare = (value: unknown): value is number => isNumber(value) && value >= 0 && value <= 1;
const listOf =
  <T>(is: (value: unknown) => value is T) =>
  (value: unknown): value is T[] =>
    Array.isArray(value) && value.every(is);
const namesOf =
  <T>(is: (value: unknown) => value is T) =>
  (value: unknown): value is Record<string, T> =>
    isObject(value) && Object.values(value).every(is);

const isNumbers = listOf(isNumber);
const isMatrix = (value: unknown): boolean =>
  listOf(isNumbers)(value) && value.every((row) => row.length === value.length);
const isHistogram = (value: unknown): boolean =>
  isObject(value) &&
  isNumber(value.from) &&
  isNumber(value.to) &&
  isNumbers(value.positive) &&
  isNumbers(value.negative) &&
  value.positive.length === value.negative.length;

/** Required and optional fields of a line, with their types. */
const REQUIRED: Readonly<Record<string, (value: unknown) => boolean>> = {
  epoch: isCount,
  batch: isCount,
  batches: isCount,
  trained: isCount,
  seconds: isNumber,
  lr: isOpen,
  loss: namesOf(isOpen),
  goodness_positive: namesOf(isOpen),
  goodness_negative: namesOf(isOpen),
};
const REQUIRED_OF_EPOCHS: typeof REQUIRED = {
  goodness_steps_positive: namesOf(listOf(isOpen)),
  goodness_steps_negative: namesOf(listOf(isOpen)),
  weight_norm: namesOf(isOpen),
};
const OPTIONAL: typeof REQUIRED = {
  stage: (value) => value === 'network' || value === 'readout',
  classifier_loss: isOpen,
  decode_loss: isOpen,
  test_accuracy: (value) => value === null || isShare(value),
  validation_accuracy: (value) => value === null || isShare(value),
  samples_per_second: isNumber,
  weight_norm: namesOf(isOpen),
  gradient_norm: namesOf(isOpen),
  activity_norm_positive: namesOf(isOpen),
  activity_norm_negative: namesOf(isOpen),
  update_norm: namesOf(isOpen),
  update_angle: namesOf(isOpen),
  train_accuracy: isShare,
  train_samples: isNumber,
  test_accuracy_softmax: isShare,
  layer_accuracy: namesOf(isShare),
  goodness_histogram: isHistogram,
  confusion: isMatrix,
};

function isLine(record: Record<string, unknown>): boolean {
  const { event } = record;
  const required = event === 'epoch' ? { ...REQUIRED, ...REQUIRED_OF_EPOCHS } : REQUIRED;
  return (
    (event === 'batch' || event === 'epoch') &&
    Object.entries(required).every(([key, fits]) => fits(record[key]))
  );
}

/** A line without its malformed fields; missing accuracies are null. */
function withoutMisfits(record: Record<string, unknown>): BatchLine | EpochLine {
  const kept = Object.entries(record).filter(([key, value]) => OPTIONAL[key]?.(value) ?? true);
  return { test_accuracy: null, ...Object.fromEntries(kept) } as unknown as BatchLine | EpochLine;
}
