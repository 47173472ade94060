/**
 * Training, from the first epoch to the last, in the order it happens. It knows nothing of backends or files: it
 * feeds a session batches, reads the losses, judges the network after each epoch, and tells an observer.
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
import { trainingSample } from './sample.js';

/** How far a run is: what a checkpoint must remember to go on. Epochs and batches count from 0. */
export interface Position {
  /** The epoch under way. */
  readonly epoch: number;
  /** Batches of it that are trained. */
  readonly batch: number;
  /** Batches trained since the parameters were initialized. */
  readonly trained: number;
  /** While the readout is trained, with its own epochs and batches: where the network's own training ended. */
  readonly network?: { readonly epoch: number; readonly trained: number };
}
export const START: Position = { epoch: 0, batch: 0, trained: 0 };

/** A part of a run, with epochs of its own: what it trains. */
export type StageName = Exclude<Purpose, 'generation'>;

/** What is trained at a position. */
export function stageOf({ network }: Position): StageName {
  return network ? 'readout' : 'network';
}

/** How long a stage of a run is, in epochs. */
export function epochsOf({ train: { epochs }, readout }: ModelDocument, stage: Purpose): number {
  return stage === 'readout' && readout ? readout.epochs : epochs;
}

/** The optimizer of what is trained; layers, a decoder and the classifier of the negatives may have their own. */
export function optimizerOf({ train: { optimizer }, readout }: ModelDocument, stage: Purpose): Optimizer {
  return stage === 'readout' && readout ? readout.optimizer : optimizer;
}

/** What a network is trained on, and evaluated on after each epoch. */
export type TrainingData = Pick<Dataset, 'train' | 'validation'> & { readonly test?: Split };

export interface TrainOptions {
  /** The model's by default. */
  readonly epochs?: number;
  /**
   * The learning rate, before its decay; that of the model's optimizer by default. Optimizers of a layer's own keep
   * theirs.
   */
  readonly lr?: number;
  /** Judge after every so many epochs, and after the last; after each by default. */
  readonly judgeEvery?: number;
  /** The first so many training samples, and at most so many of each split to judge on. */
  readonly limit?: number;
  /** Where to go on; the session holds the parameters and optimizer state of that moment. */
  readonly start?: Position;
  /** Of the batches of the epoch under way that are trained by then; null at its beginning. */
  readonly soFar?: Measures | null;
  /** Finishes the batch under way and stops. */
  readonly signal?: AbortSignal;
}

/** What a batch, or an epoch on average, did; per layer in the document's order, means over rows and learning steps. */
export interface Measures {
  readonly loss: readonly number[];
  readonly goodnessPositive: readonly number[];
  readonly goodnessNegative: readonly number[];
  /** Goodness [learnSteps, layers], row-major; of an epoch, a mean that looks back over some twenty batches. */
  readonly stepsPositive: readonly number[];
  readonly stepsNegative: readonly number[];
  /** The cross-entropy of the latent classifier, or of the readout that is trained; null without one. */
  readonly classifierLoss: number | null;
  /** The decoder's mean loss over its steps of learning; null without one. */
  readonly decodeLoss: number | null;
}

export interface BatchReport extends Measures {
  /** The batch just trained, of `batches` in the epoch; both count from 1, as in `metrics.jsonl` and with `--json`. */
  readonly epoch: number;
  readonly batch: number;
  readonly batches: number;
  /** Where training goes on from here: what `TrainOptions.start` takes. */
  readonly position: Position;
  /** The epoch's batches so far, on average. */
  readonly soFar: Measures;
  /** The decay's factor, and the learning rate with it. */
  readonly rate: number;
  readonly lr: number;
  /** Since this call of `train` began, in s; and samples a second over this epoch's batches. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
}
/** What a network is judged on after each epoch, in this order. */
export type JudgedSplit = 'validation' | 'test';

/**
 * Null where there are no such samples, or nothing to predict; of a readout, by its softmax. `train` is of a fixed
 * sample of the training split (see `sample.ts`), null where that would cost too much.
 */
export type Judgement = Readonly<Record<'train' | JudgedSplit, Evaluation | null>>;
const UNJUDGED: Judgement = { train: null, validation: null, test: null };

/** The evaluation that the best epoch is chosen by: on the validation split where samples are kept aside. */
export function chosenBy({ validation, test }: Pick<Judgement, JudgedSplit>): Evaluation | null {
  return validation ?? test;
}

export interface EpochReport extends BatchReport, Judgement {}

export interface TrainObserver {
  /** The session holds what the batch left; the next batch waits. */
  batch?(report: BatchReport): Promise<void> | void;
  /** While a split is judged: samples done, of how many, how many of them are right, and the labels found. */
  judging?(split: JudgedSplit, done: number, total: number, correct: number, labels: Int32Array): void;
  /** A split has been evaluated: all that was predicted of it, the goodness of each layer too. */
  predicted?(split: JudgedSplit, prediction: Prediction): void;
  epoch?(report: EpochReport): Promise<void> | void;
  /** Training goes on, and not as it should: a layer is silent, say. Each kind once a call of `train`. */
  warn?(warning: Diagnostic): void;
}

/** With the judgement of the last epoch that was judged. */
export interface TrainResult extends Judgement {
  /** Where training ended: `{ epoch: epochs, batch: 0 }` unless it was interrupted. */
  readonly position: Position;
  readonly interrupted: boolean;
  /** Of the epoch under way, on average; null at its beginning. */
  readonly soFar: Measures | null;
}

/**
 * Trains a session that holds the parameters of `options.start`.
 *
 * What is trained is the network's `purpose`: all of it, or its readout at a constant rate. Each epoch sees the samples
 * in a new order, in full batches: the last, partial one is dropped, and shuffling gives every sample its turn. The
 * seed, the epochs and all else that is chosen are the document's. The same document, data and backend give the same
 * bytes, also when a run is interrupted and resumed.
 * @throws RffcError RFF710 for fewer samples than a batch, RFF712 at the first loss or goodness that is not finite.
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
  // A plan has its rates inside: another one is a factor on them.
  const factor = lr === optimizer.lr ? {} : { lr: lr / optimizer.lr };
  const decay: Decay = purpose === 'network' ? document.train.decay : { name: 'constant' };
  const { signal } = options;
  const count = Math.min(dataset.train.count, options.limit ?? dataset.train.count);
  const batches = Math.floor(count / network.batch);
  if (batches === 0) {
    throw failure('RFF710', `a batch is ${network.batch} samples, but there are only ${count} to train on`, {
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
  let judgement = UNJUDGED;

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
      if (signal?.aborted) return { position, interrupted: true, soFar, ...judgement };
      const { batch, trained } = position;
      const current = next!;
      if (!written) writeBatch(session, current);
      const running = session.run('train', { epoch, batch, trained, rate, ...factor });
      // The next batch is made ready while this one trains, and sent where that can be.
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
    const due = (epoch + 1) % (options.judgeEvery ?? 1) === 0 || epoch + 1 === epochs;
    const found = due ? await judgeNow() : UNJUDGED;
    if (!found) return { position, interrupted: true, soFar, ...judgement };
    if (due) judgement = found;
    const chosen = chosenBy(found);
    position = { ...position, epoch: epoch + 1, batch: 0 };
    soFar = null;
    await observer.epoch?.({ ...trainedReport, seconds: (performance.now() - began) / 1000, ...found });
    if (chosen)
      warn(health.judged(chosen === found.test ? 'test' : 'validation', chosen, trainedReport.position));
  }
  return { position, interrupted: false, soFar: null, ...judgement };

  /** Undefined where the signal stopped it. */
  async function judgeNow(): Promise<Judgement | undefined> {
    // A readout that is trained later says nothing yet.
    const untrained = purpose === 'network' && document.readout !== undefined;
    const by = purpose === 'readout' ? 'softmax' : predictsBy(document);
    if (by === undefined || (by === 'softmax' && untrained)) return UNJUDGED;
    const splits = {
      train: sample,
      validation: dataset.validation,
      test: dataset.test,
    };
    let found = UNJUDGED;
    for (const name of ['train', 'validation', 'test'] as const) {
      const split = splits[name];
      if (!split || split.count === 0) continue;
      let judgedSoFar = 0;
      let correct = 0;
      const prediction = await predict(session, network, split, {
        by,
        layers: name !== 'train',
        ...(options.limit === undefined ? {} : { limit: options.limit }),
        ...(signal ? { signal } : {}),
        onProgress(done, total, labels) {
          if (name === 'train') return;
          for (; judgedSoFar < done; judgedSoFar++)
            if (labels[judgedSoFar] === split.y[judgedSoFar]) correct++;
          observer.judging?.(name, done, total, correct, labels);
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

/** Writes a batch while the one before trains. Where both fail, what failed first is told. */
async function sendAhead(session: Session, batch: Batch, running: Promise<void>): Promise<void> {
  try {
    writeBatch(session, batch);
  } catch (error) {
    await running;
    throw error;
  }
}

/** Reads what `batch`, just trained at `position`, reported, and stops a run that diverged. */
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

/**
 * An epoch begins with a network that it leaves behind: goodness by step is to show what the network does at its end.
 */
const STEPS_LOOK_BACK = 20;

/**
 * The mean of `count` batches from that of all but the last. A function of the two alone, so that a run that goes on
 * in the middle of an epoch arrives at the bits of one that never stopped.
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

/** Of an epoch whose batches were trained by a call that did not hand them on. JSON writes NaN as null. */
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
