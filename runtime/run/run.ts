/**
 * A run, from a model's text to a folder with its weights: `startRun` begins one, `resumeRun` goes on with one, and
 * `openRun` loads what one has learned. Each reads top to bottom in the order things happen.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Graph, lower } from '../../compiler/graph/index.js';
import type { ModelDocument } from '../../compiler/model.js';
import { type Diagnostic, failure } from '../../grammar/diagnostic.js';
import { type Dataset, loadDataset } from '../data/index.js';
import type { Session } from '../engine.js';
import { checkDataset } from '../train/batches.js';
import { initializeParameters, resetSession } from '../train/parameters.js';
import {
  type BatchReport,
  type EpochReport,
  type Measures,
  type Position,
  START,
  type TrainObserver,
  type TrainResult,
  train,
} from '../train/train.js';
import { collectTensors, readCheckpoint, restore, resumable, writeCheckpoint } from './checkpoint.js';
import {
  appendMetrics,
  BEST,
  CHECKPOINT,
  createRunFolder,
  defaultFolder,
  machine,
  type RunConfig,
  type RunSettings,
  readRunConfig,
  sha256,
  trimMetrics,
  versions,
  writeConfig,
} from './folder.js';
import { applySettings, loadModel, type ModelSource } from './model.js';

/** Opens a backend by name: `openBackend` of `runtime/backends.ts`. */
export type OpenSession = (name: string, graph: Graph, options: { threads?: number }) => Promise<Session>;

export interface RunRequest {
  readonly source: ModelSource;
  readonly settings: RunSettings;
  readonly backend: string;
  /** The run's folder; by default a new one under `base`/runs. */
  readonly out?: string;
  readonly base: string;
}
export interface RunInfo {
  readonly folder: string;
  readonly graph: Graph;
  readonly dataset: Dataset;
  readonly backend: string;
  /** Where it goes on; at the start for a new run. */
  readonly position: Position;
  readonly warnings: readonly Diagnostic[];
}
export interface RunObserver extends TrainObserver {
  /** Everything is loaded; training begins. */
  ready?(info: RunInfo): void;
}
export interface RunResult extends TrainResult {
  /** The model's name. */
  readonly model: string;
  readonly folder: string;
  /** The best test accuracy of the whole run, in [0, 1]; null if it was never judged. */
  readonly best: number | null;
}

/** A batch's line is written for every so many batches. */
const METRICS_EVERY = 10;

/**
 * Trains a model from the beginning (or from the weights of `settings.init`) and leaves a run folder.
 * An abort of `signal` finishes the batch, writes the checkpoint and returns `interrupted`.
 * @throws RffcError for everything that can be wrong with the model, the options, the data, the weights, the folder.
 */
export async function startRun(
  request: RunRequest,
  openSession: OpenSession,
  observer: RunObserver = {},
  signal?: AbortSignal,
): Promise<RunResult> {
  const { source, settings } = request;
  const loaded = loadModel(source, settings);
  const document = applySettings(loaded.document, settings);
  const { dataset, graph } = await loadData(document, settings, dirname(source.path));
  const session = await openSession(request.backend, graph, threadsOf(settings));
  try {
    resetSession(session, initializeParameters(document));
    if (settings.init)
      restore(session, await readCheckpoint(settings.init, session.tensors, { state: false }));
    const folder = request.out ?? defaultFolder(request.base, document.name, new Date());
    createRunFolder(folder, {
      format: 1,
      created: new Date().toISOString(),
      model: { name: document.name, file: source.path, sha256: sha256(source.text), text: source.text },
      settings,
      seed: document.train.seed,
      epochs: document.train.epochs,
      batch: graph.batch,
      backend: session.backend,
      versions: versions(),
      machine: machine(),
    });
    observer.ready?.({
      folder,
      graph,
      dataset,
      backend: session.backend,
      position: START,
      warnings: loaded.warnings,
    });
    return await trainInto(
      folder,
      session,
      graph,
      dataset,
      settings,
      START,
      sha256(source.text),
      observer,
      signal,
    );
  } finally {
    await session.dispose();
  }
}

/**
 * Goes on with a run from its checkpoint as if it had never stopped; `changes` may raise its epochs and say where it
 * runs now.
 * @throws RffcError as `startRun` does, and RFF713 for a run that has done all its epochs.
 */
export async function resumeRun(
  folder: string,
  changes: Pick<RunSettings, 'epochs' | 'threads' | 'dataDir'> & { readonly backend?: string },
  openSession: OpenSession,
  observer: RunObserver = {},
  signal?: AbortSignal,
): Promise<RunResult> {
  const before = readRunConfig(folder);
  const { backend = before.backend, ...changed } = changes;
  const settings: RunSettings = { ...before.settings, ...changed };
  const loaded = loadModel({ text: before.model.text, file: before.model.file }, settings);
  const document = applySettings(loaded.document, settings);
  const { dataset, graph } = await loadData(document, settings, dirname(before.model.file));
  const session = await openSession(backend, graph, threadsOf(settings));
  try {
    const path = join(folder, CHECKPOINT);
    const checkpoint = await readCheckpoint(path, session.tensors, { state: true });
    const { position } = resumable(checkpoint, path);
    if (position.epoch >= document.train.epochs) {
      throw failure('RFF713', `\`${folder}\` has trained all its ${document.train.epochs} epochs`, {
        hint: `go further with \`--epochs ${2 * document.train.epochs}\``,
      });
    }
    restore(session, checkpoint);
    const seconds = trimMetrics(folder, position.trained);
    writeConfig(folder, {
      ...before,
      settings,
      epochs: document.train.epochs,
      backend: session.backend,
      versions: versions(),
      machine: machine(),
    });
    observer.ready?.({
      folder,
      graph,
      dataset,
      backend: session.backend,
      position,
      warnings: loaded.warnings,
    });
    return await trainInto(
      folder,
      session,
      graph,
      dataset,
      settings,
      position,
      before.model.sha256,
      observer,
      signal,
      seconds,
    );
  } finally {
    await session.dispose();
  }
}

/** A run that lies in a folder: how it was started, and the model it trained. */
export interface SavedRun {
  readonly folder: string;
  readonly config: RunConfig;
  readonly document: ModelDocument;
}

/** Reads what a run was. @throws RffcError where the folder or its config are not as a run leaves them. */
export function readRun(folder: string): SavedRun {
  const config = readRunConfig(folder);
  const { document } = loadModel({ text: config.model.text, file: config.model.file }, config.settings);
  return { folder, config, document: applySettings(document, config.settings) };
}

export interface TrainedNetwork {
  readonly graph: Graph;
  readonly session: Session;
  /** The weights' file. */
  readonly weights: string;
}

/**
 * Loads what a run learned into a session for samples of `frames` frames; the caller disposes of the session. `best`
 * are the weights of the best epoch, or the latest where no epoch was judged.
 * @throws RffcError where the weights are missing or not the model's, or the backend cannot be opened.
 */
export async function openTrained(
  { folder, config, document }: SavedRun,
  options: {
    readonly weights: 'best' | 'last';
    readonly frames: number;
    readonly backend: string;
    readonly threads?: number;
  },
  openSession: OpenSession,
): Promise<TrainedNetwork> {
  const best = join(folder, BEST);
  const weights = options.weights === 'best' && existsSync(best) ? best : join(folder, CHECKPOINT);
  const graph = lower(document, { batch: config.batch, frames: options.frames });
  const session = await openSession(options.backend, graph, threadsOf(options));
  try {
    restore(session, await readCheckpoint(weights, session.tensors, { state: false }));
  } catch (error) {
    await session.dispose();
    throw error;
  }
  return { graph, session, weights };
}

/** The data, checked against the model, and the graph for its batch and frames: a batch is no larger than the data. */
async function loadData(
  document: ModelDocument,
  settings: RunSettings,
  modelFolder: string,
): Promise<{ dataset: Dataset; graph: Graph }> {
  const folders = {
    baseDir: modelFolder,
    ...(settings.dataDir === undefined ? {} : { dataDir: settings.dataDir }),
  };
  const { data, batch } = document.train;
  const training = await loadDataset(data, folders);
  checkDataset(document, training);
  const { data: judged } = document.evaluate;
  const testing = judged ? await loadDataset(judged, folders) : training;
  if (judged) checkDataset(document, testing);
  if (testing.frames !== training.frames) {
    throw failure(
      'RFF709',
      `the training data has ${training.frames} frames a sample and the data to evaluate on ${testing.frames}`,
    );
  }
  const dataset = { ...training, test: testing.test };
  const available = Math.min(training.train.count, settings.limit ?? training.train.count);
  return { dataset, graph: lower(document, { batch: Math.min(batch, available), frames: training.frames }) };
}

/** Trains, writing metrics as they come, a checkpoint after each epoch and where it stops, and the best one. */
async function trainInto(
  folder: string,
  session: Session,
  graph: Graph,
  dataset: Dataset,
  settings: RunSettings,
  start: Position,
  modelSha256: string,
  observer: RunObserver,
  signal: AbortSignal | undefined,
  secondsBefore = 0,
): Promise<RunResult> {
  let best = start === START ? null : await bestAccuracy(folder, session);
  let accuracy: number | null = null;
  const record = (event: 'batch' | 'epoch', report: BatchReport) =>
    appendMetrics(folder, {
      event,
      ...metricsOf(report, graph, accuracy),
      seconds: secondsBefore + report.seconds,
    });
  const save = async (position: Position, isBest: boolean) => {
    const tensors = await collectTensors(session);
    const info = { position, accuracy, sha256: modelSha256 };
    await writeCheckpoint(join(folder, CHECKPOINT), tensors, info);
    if (isBest) await writeCheckpoint(join(folder, BEST), tensors, info);
  };

  const result = await train(
    session,
    graph,
    dataset,
    {
      start,
      ...(settings.limit === undefined ? {} : { limit: settings.limit }),
      ...(signal ? { signal } : {}),
    },
    {
      batch(report) {
        if (report.position.batch % METRICS_EVERY === 0) record('batch', report);
        observer.batch?.(report);
      },
      testing: (done, total, correct) => observer.testing?.(done, total, correct),
      async epoch(report: EpochReport) {
        accuracy = report.test?.accuracy ?? null;
        record('epoch', report);
        const isBest = accuracy !== null && accuracy > (best ?? -1);
        if (isBest) best = accuracy;
        await save({ epoch: report.position.epoch + 1, batch: 0, trained: report.position.trained }, isBest);
        await observer.epoch?.(report);
      },
    },
  );
  if (result.interrupted) await save(result.position, false);
  return { ...result, model: graph.document.name, folder, best };
}

/** One line of metrics.jsonl: epochs and batches from 1, a number for each layer. */
export function metricsOf(
  report: BatchReport,
  graph: Graph,
  testAccuracy: number | null,
): Record<string, unknown> {
  const byLayer = (values: Measures['loss']) =>
    Object.fromEntries(graph.layers.map((layer, i) => [layer, values[i]]));
  return {
    epoch: report.position.epoch + 1,
    batch: report.position.batch,
    trained: report.position.trained,
    loss: byLayer(report.loss),
    goodness_positive: byLayer(report.goodnessPositive),
    goodness_negative: byLayer(report.goodnessNegative),
    ...(report.classifierLoss === null ? {} : { classifier_loss: report.classifierLoss }),
    lr: graph.document.train.optimizer.lr * report.rate,
    test_accuracy: testAccuracy,
    samples_per_second: Math.round(report.samplesPerSecond * 10) / 10,
    seconds: report.seconds,
  };
}

async function bestAccuracy(folder: string, session: Session): Promise<number | null> {
  const path = join(folder, BEST);
  if (!existsSync(path)) return null;
  return (await readCheckpoint(path, session.tensors, { state: true })).info?.accuracy ?? null;
}

function threadsOf({ threads }: { readonly threads?: number }): { threads?: number } {
  return threads === undefined ? {} : { threads };
}
