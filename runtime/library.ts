/**
 * The library beside `compile` and sessions: samples from memory, `initialize`, `train`,
 * `evaluate` and `predict`. The command line uses the same parts; here their arguments are checked first. Nothing here
 * needs Node: it runs in a page.
 */

import { hearsLabel } from '../compiler/influence.js';
import { compiledArgument, type Network, networkOf } from '../compiler/network.js';
import type { Plan } from '../compiler/plan/plan.js';
import {
  anObject,
  anything,
  callback,
  checkOptions,
  isObject,
  type OptionKind,
  positiveNumber,
  wholeNumber,
  wrongArgument,
} from '../grammar/arguments.js';
import { failure } from '../grammar/diagnostic.js';
import { floatSplit, type Split } from './data/dataset.js';
import type { Session } from './engine.js';
import { requireWeights, sameNetwork, sessionArgument } from './session-checks.js';
import {
  type Evaluation,
  evaluate as evaluateSplit,
  type Prediction,
  type PredictOptions,
  predict as predictSplit,
} from './train/evaluate.js';
import { initializeMissing, initializeParameters, resetSession } from './train/parameters.js';
import {
  type TrainingData,
  type TrainObserver,
  type TrainOptions,
  type TrainResult,
  train as trainNetwork,
} from './train/train.js';

/**
 * Initializes a session: parameters drawn from the model's seed, and optimizer state. Needed
 * only to start over: `train` does it for a new session.
 * @throws RffcError RFF770 for wrong arguments, RFF774 for a session of another network
 */
export function initialize(session: Session, network: Network | Plan): void {
  resetSession(session, initializeParameters(argumentsOf('initialize', session, network).document));
}

/**
 * Samples from memory, to train or evaluate on, or to label.
 *
 * @param values [samples, inputSize], or with frames [samples, frames, inputSize], normalized: row-major in
 * one array, or one array per sample
 * @param shape the model's input size; frames per sample, 1 by default
 * @param labels [samples], integers from 0; 0 for all by default, which `predict` ignores
 * @throws RffcError RFF709 for a wrong number of values or one that is not finite, RFF770 to RFF772
 */
export function samples(
  values: ArrayLike<number> | readonly ArrayLike<number>[],
  shape: { readonly inputSize: number; readonly frames?: number },
  labels?: ArrayLike<number>,
): Split {
  if (!isArray(values)) throw wrongArgument('samples', 'an array of numbers', values);
  const hint = '`samples(values, { inputSize: 784 })`';
  if (!isObject(shape)) throw wrongArgument('samples', 'the shape of a sample', shape, hint);
  checkOptions('samples', shape, { inputSize: wholeNumber, frames: wholeNumber });
  const { inputSize, frames = 1 } = shape;
  if (inputSize === undefined) throw wrongArgument('samples', 'an `inputSize`', shape, hint);
  if (labels !== undefined && !isArray(labels)) throw wrongArgument('samples', 'an array of labels', labels);
  const floats = toFloats(values, frames * inputSize);
  const count = floats.length / (inputSize * frames);
  if (!Number.isInteger(count) || (labels && labels.length !== count)) {
    const named = labels ? `${labels.length} labels of ` : '';
    throw failure(
      'RFF709',
      `${floats.length} values do not match ${named}samples of ${frames} × ${inputSize}`,
    );
  }
  const bad = floats.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw failure(
      'RFF709',
      `value ${bad % (inputSize * frames)} of sample ${Math.floor(bad / (inputSize * frames))} is ${floats[bad]}`,
    );
  return floatSplit(floats, toLabels(labels, count), undefined, frames, inputSize);
}

const isArray = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

function toFloats(values: ArrayLike<number> | readonly ArrayLike<number>[], length: number): Float32Array {
  if (values instanceof Float32Array) return values;
  if (!isArray(values[0])) return Float32Array.from(values as ArrayLike<number>);
  const rows = values as readonly ArrayLike<number>[];
  const floats = new Float32Array(rows.length * length);
  rows.forEach((row, i) => {
    if (!isArray(row) || row.length !== length)
      throw failure(
        'RFF709',
        `sample ${i} has ${isArray(row) ? row.length : 'no'} numbers: expected ${length}`,
      );
    floats.set(row, i * length);
  });
  return floats;
}

function toLabels(labels: ArrayLike<number> | undefined, count: number): Int32Array {
  if (labels === undefined) return new Int32Array(count);
  const bad = Array.prototype.findIndex.call(labels, (label) => !Number.isInteger(label) || label < 0);
  if (bad >= 0) throw failure('RFF709', `label ${bad} is ${labels[bad]}: expected an integer from 0`);
  return labels instanceof Int32Array ? labels : Int32Array.from(labels);
}

const trainOptions: Readonly<Record<keyof TrainOptions, OptionKind>> = {
  epochs: wholeNumber,
  lr: positiveNumber,
  evalEvery: wholeNumber,
  limit: wholeNumber,
  start: anObject,
  soFar: anything,
  signal: { expected: 'an AbortSignal', accepts: (value) => value instanceof AbortSignal },
};
const callbacks: Readonly<Record<keyof TrainObserver, OptionKind>> = {
  batch: callback,
  evaluating: callback,
  predicted: callback,
  epoch: callback,
  warn: callback,
};
const predictOptions: Readonly<Record<keyof PredictOptions, OptionKind>> = {
  by: {
    expected: '"goodness" or "softmax"',
    accepts: (value) => value === 'goodness' || value === 'softmax',
  },
  layers: { expected: 'true or false', accepts: (value) => typeof value === 'boolean' },
  limit: wholeNumber,
  signal: trainOptions.signal,
  onProgress: callback,
};

/** Suggestions for names of other libraries, or of another argument. */
function elsewhere(name: string): string | undefined {
  if (/^(learning[_-]?rate)$/i.test(name)) return 'write `lr`';
  if (/^batch[_-]?size$/i.test(name))
    return 'the batch size is fixed in the plan: `compile(source, { batch })`';
  if (name in callbacks)
    return 'callbacks are the fifth argument: `train(session, plan, data, options, { epoch })`';
  return undefined;
}

/**
 * Trains a session. Parameters and optimizer state that have not been written are initialized first, from the model's
 * seed: all of a new session's, none after `loadWeights`, `initialize` or an earlier call of `train`.
 *
 * Each epoch goes through the samples in a new order, in full batches. The same plan, data and backend give the same
 * bytes, even if training resumes from a result's `position`.
 *
 * @param data `train`, and optionally the splits to evaluate on after each epoch: `test`, `validation`
 * @param options `epochs`, `lr` and others; default to the model's
 * @param observer called after each batch and each epoch; both count from 1
 * @throws RffcError RFF770 to RFF774 for wrong arguments, RFF709 for data that does not match, RFF732 for fewer
 * samples than a batch, RFF712 at the first loss or goodness that is not finite
 */
export async function train(
  session: Session,
  network: Network | Plan,
  data: TrainingData,
  options: TrainOptions = {},
  observer: TrainObserver = {},
): Promise<TrainResult> {
  const known = argumentsOf('train', session, network);
  const form = '`{ train: samples(…), test: samples(…) }`, or the result of `loadDataset`';
  if (isObject(data) && 'gather' in data)
    throw wrongArgument('train', 'a data set', data, `a split alone is \`{ train: split }\``);
  if (!isObject(data) || !isObject((data as Partial<TrainingData>).train))
    throw wrongArgument('train', 'a data set', data, form);
  checkOptions('train', options, trainOptions, elsewhere);
  checkOptions('train', observer, callbacks, (name) =>
    name in trainOptions ? 'options are the fourth argument, callbacks the fifth' : undefined,
  );
  for (const name of ['train', 'validation', 'test'] as const)
    if (data[name] !== undefined) checkSplit('train', data[name], known, name);
  initializeMissing(session, known.document);
  return trainNetwork(session, known, data, options, observer);
}

/**
 * Labels and goodness of samples in their order; `undefined` if aborted.
 * @throws RffcError RFF716 for a model that cannot predict, RFF712 if a goodness is not finite, RFF709, RFF770 to
 * RFF774
 */
export async function predict(
  session: Session,
  network: Network | Plan,
  split: Pick<Split, 'count' | 'gather'>,
  options: PredictOptions = {},
): Promise<Prediction | undefined> {
  const known = argumentsOf('predict', session, network);
  checkOptions('predict', options, predictOptions);
  checkSplit('predict', split, known);
  requireWeights('predict', session);
  return predictSplit(session, known, split, options);
}

/** `predict` scored against the samples' own labels; `undefined` if aborted. @throws RffcError as `predict` does */
export async function evaluate(
  session: Session,
  network: Network | Plan,
  split: Split,
  options: PredictOptions = {},
): Promise<Evaluation | undefined> {
  const known = argumentsOf('evaluate', session, network);
  checkOptions('evaluate', options, predictOptions);
  checkSplit('evaluate', split, known, 'split');
  requireWeights('evaluate', session);
  return evaluateSplit(session, known, split, options);
}

/** @throws RffcError RFF770, RFF774 */
function argumentsOf(call: string, session: Session, network: Network | Plan): Network {
  sessionArgument(call, session);
  const known = networkOf(compiledArgument(call, network));
  sameNetwork(call, session, known);
  return known;
}

/**
 * @param labelled the split's name, if its labels are used
 * @throws RffcError RFF770 if it is not a split, RFF709 if it does not match the model
 */
function checkSplit(
  call: string,
  split: Pick<Split, 'count' | 'gather'> & { readonly y?: Int32Array },
  { document, frames, classes }: Network,
  labelled?: string,
): void {
  const it: unknown = split;
  const { input, label } = document;
  if (!isObject(it) || typeof it.gather !== 'function' || typeof it.count !== 'number') {
    const isDataset = isObject(it) && isObject(it.train);
    const hint = isDataset
      ? 'pass one of its splits: `data.test`'
      : `\`samples(values, { inputSize: ${input.size} })\``;
    throw wrongArgument(
      call,
      `samples${labelled && call === 'train' ? ` as \`${labelled}\`` : ''}`,
      split,
      hint,
    );
  }
  if (split.count === 0) return;
  try {
    split.gather([0], new Float32Array(frames * input.size));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const takes = `${frames === 1 ? '' : `${frames} frames of `}${input.size} numbers`;
    throw failure(
      'RFF709',
      `wrong sample size: \`input ${input.name}[${input.size}]\` takes ${takes} per sample`,
      {
        hint: `${error.message}`,
      },
    );
  }
  if (labelled === undefined || !label || !hearsLabel(document)) return;
  const bad = split.y?.findIndex((y) => y < 0 || y >= classes) ?? -1;
  if (bad >= 0)
    throw failure(
      'RFF709',
      `label ${split.y![bad]} of sample ${bad}: \`label ${label.name}[${label.classes}]\` has classes 0 to ` +
        `${label.classes - 1}`,
    );
}
