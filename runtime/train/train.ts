/**
 * Training, from the first epoch to the last, in the order it happens. Independent of backends and files: it
 * feeds a session batches, reads the losses, evaluates the network after each epoch, and notifies an observer.
 */
import { classifierOf } from '../../compiler/graph/classifier.js';
import type { Purpose } from '../../compiler/graph/graph.js';
import type { Decay, ModelDocument, Optimizer } from '../../compiler/model.js';
import type { Network } from '../../compiler/network.js';
import { type Diagnostic, failure } from '../../grammar/diagnostic.js';
import type { Dataset, Split } from '../data/dataset.js';
import type { Session } from '../engine.js';
import { type Batch, batchMaker, sampleOrder, writeBatch } from './batches.js';
import { breathe } from './breathe.js';
import { decayFactor } from './decay.js';
import { divergence } from './divergence.js';
import { type Evaluation, type Prediction, predict, predictsBy, score } from './evaluate.js';
import { watchHealth } from './health.js';
import { type EvaluatedSplit, type Measures, type Position, START } from './progress.js';
import { trainingSample } from './sample.js';

/** How long a stage of a run is, in epochs. */
export function epochsOf({ train: { epochs }, readout }: ModelDocument, stage: Purpose): number {
  return stage === 'readout' && readout ? readout.epochs : epochs;
}

/** The optimizer of a stage; layers, a decoder and a latent classifier may have their own. */
export function optimizerOf({ train: { optimizer }, readout }: ModelDocument, stage: Purpose): Optimizer {
  return stage === 'readout' && readout ? readout.optimizer : optimizer;
}

/** The data to train on, and to evaluate on after each epoch. */
export type TrainingData = Pick<Dataset, 'train' | 'validation'> & { readonly test?: Split };

export interface TrainOptions {
  /** The model's by default. */
  readonly epochs?: number;
  /**
   * The learning rate, before its decay; that of the model's optimizer by default. A layer's own optimizer keeps its
   * rate.
   */
  readonly lr?: number;
  /** Evaluate every n epochs and after the last; default 1. */
  readonly evalEvery?: number;
  /** Train on the first n samples, and evaluate on at most n of each split. */
  readonly limit?: number;
  /** Where to resume; the session holds the parameters and optimizer state of that position. */
  readonly start?: Position;
  /** Means over the current epoch up to there; null at its beginning. */
  readonly soFar?: Measures | null;
  /** Aborting it finishes the current batch and stops. */
  readonly signal?: AbortSignal;
}

export interface BatchReport extends Measures {
  /** The batch just trained, of `batches` in the epoch; both count from 1, as in `metrics.jsonl` and with `--json`. */
  readonly epoch: number;
  readonly batch: number;
  readonly batches: number;
  /** Where to resume after this batch, for `TrainOptions.start`. */
  readonly position: Position;
  /** Means over the epoch's batches so far. */
  readonly soFar: Measures;
  /** The decay factor, and the resulting learning rate. */
  readonly rate: number;
  readonly lr: number;
  /** Since this call of `train` began, in s; and samples per second over this epoch's batches. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
}
/**
 * Null without such samples, or with nothing to predict; for a readout, by its softmax. `train` is on a fixed sample of
 * the training split (see `sample.ts`), null if that would cost too much.
 */
export type Evaluations = Readonly<Record<'train' | EvaluatedSplit, Evaluation | null>>;
const UNEVALUATED: Evaluations = { train: null, validation: null, test: null };

/** The evaluation that the best epoch is chosen by: on the validation split if samples are held out. */
export function chosenBy({ validation, test }: Pick<Evaluations, EvaluatedSplit>): Evaluation | null {
  return validation ?? test;
}

export interface EpochReport extends BatchReport, Evaluations {}

export interface TrainObserver {
  /** The session holds the state after the batch; the next batch waits. */
  batch?(report: BatchReport): Promise<void> | void;
  /** While a split is evaluated: samples done, of `total`, how many of them are correct, and their predicted labels. */
  evaluating?(split: EvaluatedSplit, done: number, total: number, correct: number, labels: Int32Array): void;
  /** A split has been evaluated: all that was predicted of it, the goodness of each layer too. */
  predicted?(split: EvaluatedSplit, prediction: Prediction): void;
  epoch?(report: EpochReport): Promise<void> | void;
  /** A warning, for example of a silent layer. Each kind at most once per call of `train`. */
  warn?(warning: Diagnostic): void;
}

/** With the evaluations of the last epoch that had any. */
export interface TrainResult extends Evaluations {
  /** Where training ended: `{ epoch: epochs, batch: 0 }` unless it was interrupted. */
  readonly position: Position;
  readonly interrupted: boolean;
  /** Means over the current epoch so far; null at its beginning. */
  readonly soFar: Measures | null;
}

/**
 * Trains a session that holds the parameters of `options.start`.
 *
 * Trains the network's `purpose`: all of it, or its readout at a constant rate. Each epoch goes through the samples
 * in a new order, in full batches: the last, partial one is dropped, and shuffling gives
 * every sample its turn. The seed, epochs and all other settings are the document's. The same document, data
 * and backend give the same bytes, even if a run is interrupted and resumed.
 * @throws RffcError RFF732 for fewer samples than a batch, RFF712 at the first loss or goodness that is not finite.
 */
export async function train(
  session: Session,
  network: Network,
  dataset: TrainingData,
  options: TrainOptions = {},
  observer: TrainObserver = {},
): Promise<TrainResult> {
  const { document } = network;
  const { purpose } = network;
  const epochs = options.epochs ?? epochsOf(document, purpose);
  const optimizer = optimizerOf(document, purpose);
  const { lr = optimizer.lr } = options;
  // Rates are constants of a plan: another one is a factor on them.
  const factor = lr === optimizer.lr ? {} : { lr: lr / optimizer.lr };
  const decay: Decay = purpose === 'network' ? document.train.decay : { name: 'constant' };
  const { signal } = options;
  const count = Math.min(dataset.train.count, options.limit ?? dataset.train.count);
  const batches = Math.floor(count / network.batch);
  if (batches === 0) {
    throw failure('RFF732', `batch of ${network.batch} exceeds the ${count} training samples`, {
      hint: `use \`--batch ${Math.max(count, 1)}\` or less`,
    });
  }
  const makeBatch = batchMaker(network, dataset.train);
  const health = watchHealth(network);
  const warn = (warnings: readonly Diagnostic[]) => {
    for (const warning of warnings) observer.warn?.(warning);
  };
  const tested = [dataset.validation, dataset.test].map((split) =>
    Math.min(split?.count ?? 0, options.limit ?? Number.POSITIVE_INFINITY),
  );
  const sample = trainingSample(network, dataset.train, count, tested);
  const began = performance.now();
  let position = options.start ?? START;
  let soFar = options.soFar ?? null;
  let evaluations = UNEVALUATED;

  while (position.epoch < epochs) {
    const { epoch } = position;
    const order = sampleOrder(document, count, epoch);
    const rate = decayFactor(decay, epoch);
    const epochBegan = performance.now();
    const first = position.batch;
    let written = false;
    const report = (measures: Measures): BatchReport => {
      const now = performance.now();
      const samples = (position.batch - first) * network.batch;
      const samplesPerSecond = samples === 0 ? 0 : (1000 * samples) / (now - epochBegan);
      return {
        ...measures,
        epoch: epoch + 1,
        batch: position.batch,
        batches,
        position,
        soFar: soFar ?? measures,
        rate,
        lr: lr * rate,
        seconds: (now - began) / 1000,
        samplesPerSecond,
      };
    };

    let next = first < batches ? makeBatch(order, epoch, first) : undefined;
    while (position.batch < batches) {
      if (signal?.aborted) return { position, interrupted: true, soFar, ...evaluations };
      const { batch, trained } = position;
      const current = next!;
      if (!written) writeBatch(session, current);
      const running = session.run('train', { epoch, batch, trained, rate, ...factor });
      // The next batch is assembled while this one trains, and uploaded if possible.
      written = session.writesAhead === true && batch + 1 < batches;
      if (batch + 1 < batches) next = makeBatch(order, epoch, batch + 1);
      if (written) await sendAhead(session, next!, running);
      await running;
      const measures = await readMeasures(session, network, position, current);
      position = { ...position, batch: batch + 1, trained: trained + 1 };
      soFar = soFar === null ? measures : meanWith(soFar, measures, position.batch);
      await observer.batch?.(report(measures));
      warn(health.batch(measures, position));
      await breathe();
    }

    const trainedReport = report(soFar ?? unknown(network));
    const due = (epoch + 1) % (options.evalEvery ?? 1) === 0 || epoch + 1 === epochs;
    const found = due ? await evaluateNow() : UNEVALUATED;
    if (!found) return { position, interrupted: true, soFar, ...evaluations };
    if (due) evaluations = found;
    const chosen = chosenBy(found);
    position = { ...position, epoch: epoch + 1, batch: 0 };
    soFar = null;
    await observer.epoch?.({ ...trainedReport, seconds: (performance.now() - began) / 1000, ...found });
    if (chosen)
      warn(health.evaluated(chosen === found.test ? 'test' : 'validation', chosen, trainedReport.position));
  }
  return { position, interrupted: false, soFar: null, ...evaluations };

  /** Undefined where the signal stopped it. */
  async function evaluateNow(): Promise<Evaluations | undefined> {
    // A readout that is trained later predicts nothing yet.
    const untrained = purpose === 'network' && document.readout !== undefined;
    const by = purpose === 'readout' ? 'softmax' : predictsBy(document);
    if (by === undefined || (by === 'softmax' && untrained)) return UNEVALUATED;
    const splits = {
      train: sample,
      validation: dataset.validation,
      test: dataset.test,
    };
    let found = UNEVALUATED;
    for (const name of ['train', 'validation', 'test'] as const) {
      const split = splits[name];
      if (!split || split.count === 0) continue;
      let counted = 0;
      let correct = 0;
      const prediction = await predict(session, network, split, {
        by,
        layers: name !== 'train',
        ...(options.limit === undefined ? {} : { limit: options.limit }),
        ...(signal ? { signal } : {}),
        onProgress(done, total, labels) {
          if (name === 'train') return;
          for (; counted < done; counted++) if (labels[counted] === split.y[counted]) correct++;
          observer.evaluating?.(name, done, total, correct, labels);
        },
      });
      if (!prediction) return undefined;
      if (name !== 'train') observer.predicted?.(name, prediction);
      const evaluation = score(prediction, split.y, network.classes);
      found = { ...found, [name]: untrained ? { ...evaluation, softmax: null } : evaluation };
    }
    return found;
  }
}

/** Writes a batch while the previous one trains. If both fail, the earlier failure is reported. */
async function sendAhead(session: Session, batch: Batch, running: Promise<void>): Promise<void> {
  try {
    writeBatch(session, batch);
  } catch (error) {
    await running;
    throw error;
  }
}

/** Reads the results of `batch`, just trained at `position`, and stops a run that diverged. */
async function readMeasures(
  session: Session,
  network: Network,
  position: Position,
  batch: Batch,
): Promise<Measures> {
  const { document, purpose } = network;
  const isNetwork = purpose === 'network';
  const learned = (name: string) => (isNetwork ? session.read(name) : Promise.resolve(new Float32Array(0)));
  const results = {
    loss: await learned('loss'),
    goodnessPositive: await learned('goodness_positive'),
    goodnessNegative: await learned('goodness_negative'),
    classifierLoss: classifierOf(document, purpose) ? (await session.read('classifier_loss'))[0]! : null,
    decodeLoss: document.decoder && isNetwork ? (await session.read('decode_loss'))[0]! : null,
  };
  const diverged = divergence(results, network, position, batch.get('x')!);
  if (diverged) throw diverged;
  return {
    loss: meanOverSteps(results.loss, network),
    goodnessPositive: meanOverSteps(results.goodnessPositive, network),
    goodnessNegative: meanOverSteps(results.goodnessNegative, network),
    stepsPositive: [...results.goodnessPositive],
    stepsNegative: [...results.goodnessNegative],
    classifierLoss: results.classifierLoss,
    decodeLoss: results.decodeLoss,
  };
}

/** [learnSteps, layers] → [layers] */
function meanOverSteps(values: Float32Array, network: Network): number[] {
  return network.layers.map((_, layer) => {
    let sum = 0;
    for (let step = 0; step < network.learnSteps; step++)
      sum += values[step * network.layers.length + layer]!;
    return sum / network.learnSteps;
  });
}

/** A running mean: goodness per step shows the network at the end of the epoch, not at its beginning. */
const STEPS_LOOK_BACK = 20;

/**
 * The mean of `count` batches from that of all but the last. It depends on these two alone, so that a run resumed
 * in the middle of an epoch ends with the same bits as one that never stopped.
 */
function meanWith(mean: Measures, last: Measures, count: number): Measures {
  const moved = (from: number, to: number, over = count) => from + (to - from) / over;
  const byLayer = (key: 'loss' | 'goodnessPositive' | 'goodnessNegative') =>
    mean[key].map((value, layer) => moved(value, last[key][layer]!));
  const bySteps = (key: 'stepsPositive' | 'stepsNegative') =>
    mean[key].map((value, i) => moved(value, last[key][i]!, Math.min(count, STEPS_LOOK_BACK)));
  return {
    loss: byLayer('loss'),
    goodnessPositive: byLayer('goodnessPositive'),
    goodnessNegative: byLayer('goodnessNegative'),
    stepsPositive: bySteps('stepsPositive'),
    stepsNegative: bySteps('stepsNegative'),
    classifierLoss:
      mean.classifierLoss === null ? null : moved(mean.classifierLoss, last.classifierLoss ?? Number.NaN),
    decodeLoss: mean.decodeLoss === null ? null : moved(mean.decodeLoss, last.decodeLoss ?? Number.NaN),
  };
}

/** For an epoch whose batches were trained by a call that did not pass them on. JSON writes NaN as null. */
function unknown({ layers, document, purpose }: Network): Measures {
  const each = layers.map(() => Number.NaN);
  const classifierLoss = classifierOf(document, purpose) ? Number.NaN : null;
  const steps: number[] = [];
  return {
    loss: each,
    goodnessPositive: each,
    goodnessNegative: each,
    stepsPositive: steps,
    stepsNegative: steps,
    classifierLoss,
    decodeLoss: document.decoder && purpose === 'network' ? Number.NaN : null,
  };
}
