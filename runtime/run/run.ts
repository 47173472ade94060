/**
 * A run, from a model's text to a folder with its weights: `startRun` starts one, `resumeRun` resumes one, and
 * `openRun` loads its weights. Each reads top to bottom in the order things happen.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadModel } from '../../compiler/compile.js';
import type { Graph } from '../../compiler/graph/graph.js';
import { lower } from '../../compiler/graph/lower.js';
import type { ModelDocument } from '../../compiler/model.js';
import { type Network, networkOf } from '../../compiler/network.js';
import type { PassName } from '../../compiler/passes/pipeline.js';
import type { Plan } from '../../compiler/plan/plan.js';
import { type Diagnostic, failure, RffcError } from '../../grammar/diagnostic.js';
import { type Dataset, loadDataset } from '../data/index.js';
import { trainedValues } from '../data/measure.js';
import type { Wanted } from '../data/samples.js';
import { keepAside } from '../data/validation.js';
import type { Precision, Session } from '../engine.js';
import { checkWritable, syncFile } from '../files.js';
import {
  BEST,
  CHECKPOINT,
  checkRunFolder,
  createRunFolder,
  defaultFolder,
  METRICS,
  machine,
  PREVIOUS,
  type RunConfig,
  type RunSettings,
  readRunConfig,
  removeLeftovers,
  sha256,
  trimMetrics,
  versions,
  writeConfig,
} from '../folder/folder.js';
import { openRecord } from '../report/record.js';
import { checkDataset } from '../train/batches.js';
import { tensorDivergence } from '../train/divergence.js';
import { type Measures, type Position, START, stageOf } from '../train/progress.js';
import {
  type BatchReport,
  chosenBy,
  type EpochReport,
  epochsOf,
  type TrainObserver,
  type TrainResult,
  train,
} from '../train/train.js';
import { collectTensors, readCheckpoint, readLatest, writeCheckpoint, writeLatest } from './checkpoint.js';
import { applySettings, type ModelSource } from './model.js';
import { type PlanFile, passesLeftOut, sourcePath } from './plans.js';
import { type Stage, stagesOf, tensorsOf, throughStages } from './stages.js';
import { begin, reachedIn, type Standing, takeUp } from './standing.js';

export interface SessionOptions {
  readonly threads?: number;
  /** Disabled passes for a graph. */
  readonly without?: readonly PassName[];
  readonly precision?: Precision;
  /** CUDA device, from 0. */
  readonly device?: number;
  /** Time every launch. */
  readonly profile?: boolean;
}
/** Opens a backend by name: `openBackend` of `runtime/backends.ts`. */
export type OpenSession = (name: string, compiled: Graph | Plan, options: SessionOptions) => Promise<Session>;

export interface RunRequest {
  /** A plan has its batch, params and model fixed: `settings` then has none of them. */
  readonly source: ModelSource | PlanFile;
  readonly settings: RunSettings;
  readonly backend: string;
  /** The run's folder; by default a new one under `base`/runs. */
  readonly out?: string;
  readonly base: string;
}
export interface RunInfo {
  readonly folder: string;
  readonly network: Network;
  readonly dataset: Dataset;
  readonly backend: string;
  readonly settings: RunSettings;
  /** Where training starts or resumes. */
  readonly position: Position;
  readonly warnings: readonly Diagnostic[];
}
export interface RunObserver extends TrainObserver {
  /** Everything is loaded; training begins. */
  ready?(info: RunInfo): void;
  /** The device was lost; training resumes at `position` on a new one. */
  lost?(error: RffcError, position: Position): void;
  /** Also for failures the run survives: its report could not be written, for example. */
  warn?(warning: Diagnostic): void;
}
export interface RunResult extends TrainResult {
  /** The model's name, and the model as it was trained. */
  readonly model: string;
  readonly document: ModelDocument;
  readonly folder: string;
  /** The best accuracy of the run, in [0, 1], as used to choose `best.safetensors`; null if never evaluated. */
  readonly best: number | null;
}

/** Time between checkpoints within an epoch, in ms. */
const SAVE_AFTER = 5 * 60_000;

/**
 * Trains a model from the beginning (or from the weights of `settings.init`) and leaves a run folder.
 * Aborting `signal` finishes the batch, writes the checkpoint and returns `interrupted`.
 * @throws RffcError for errors in the model, the options, the data, the weights or the folder.
 */
export async function startRun(
  request: RunRequest,
  openSession: OpenSession,
  observer: RunObserver = {},
  signal?: AbortSignal,
): Promise<RunResult> {
  const { source } = request;
  const prepared = await ('plan' in source ? preparePlan(source, request) : prepareModel(source, request));
  const { text, file, folder, compiled, dataset, settings, warnings } = prepared;
  const network = networkOf(compiled);
  const { document } = network;
  const stages = stagesOf(compiled);
  const open = (stage: Stage) => openSession(request.backend, stage.compiled, sessionOptions(settings));
  return throughStages(stages, 'network', open, async (stage, session, lost, isFirst) => {
    const isNew = isFirst && !lost;
    const from = isNew
      ? await begin(session, stages, settings)
      : await takeUp(folder, session, stages, settings);
    const { position } = from;
    if (lost) observer.lost?.(lost, position);
    else if (isFirst) {
      createRunFolder(folder, {
        format: 1,
        created: new Date().toISOString(),
        model: { name: document.name, file, sha256: sha256(text), text },
        settings,
        ...('plan' in source ? { compiled: true as const } : {}),
        seed: document.train.seed,
        epochs: document.train.epochs,
        ...(document.readout ? { readoutEpochs: document.readout.epochs } : {}),
        batch: network.batch,
        backend: session.backend,
        versions: versions(),
        machine: machine(),
        data: trainedValues(dataset),
      });
      const said = [...warnings, ...from.warnings];
      const { backend } = session;
      observer.ready?.({ folder, network, dataset, backend, settings, position, warnings: said });
    }
    return trainInto(folder, session, stage, dataset, settings, from, sha256(text), observer, signal);
  });
}

/** What a run starts from, for a model or a plan. */
interface Prepared {
  /** The model's text, and the file that its paths are relative to, as kept in the run's folder. */
  readonly text: string;
  readonly file: string;
  /** The run's folder, which is writable. */
  readonly folder: string;
  readonly compiled: Graph | Plan;
  readonly dataset: Dataset;
  readonly settings: RunSettings;
  readonly warnings: readonly Diagnostic[];
}

async function prepareModel(source: ModelSource, request: RunRequest): Promise<Prepared> {
  const { settings } = request;
  const loaded = await loadModel(source, settings);
  const document = applySettings(loaded.document, settings);
  const folder = folderOf(request, document);
  const { dataset, graph } = await loadData(document, settings, dirname(source.path));
  const { text, path: file } = source;
  const warnings = [...loaded.warnings, ...(dataset.warnings ?? [])];
  return { text, file, folder, compiled: graph, dataset, settings, warnings };
}

/** Checked before any data is read, which can take long. */
function folderOf({ out, base }: RunRequest, { name }: ModelDocument): string {
  const folder = out ?? defaultFolder(base, name, new Date());
  checkRunFolder(folder);
  return folder;
}

/**
 * A plan's run keeps the plan's model and how it was compiled, so that it can be resumed and evaluated like any
 * other.
 */
async function preparePlan(source: PlanFile, request: RunRequest): Promise<Prepared> {
  const { plan, file } = source;
  const without = passesLeftOut(plan);
  const settings = { ...request.settings, batch: plan.batch, ...(without.length > 0 ? { without } : {}) };
  const document = applySettings(plan.model, settings);
  const folder = folderOf(request, document);
  const dataset = await loadDatasets(document, settings, dirname(sourcePath(source)));
  const again = 'recompile the model';
  if (dataset.frames !== plan.frames) {
    const message = `the plan expects ${plan.frames} frames per sample, but \`${dataset.name}\` has ${dataset.frames}`;
    throw failure('RFF709', message, { file, hint: again });
  }
  const available = samplesOf(dataset, settings);
  if (available < plan.batch) {
    const message = `the plan’s batch of ${plan.batch} exceeds the ${available} training samples`;
    throw failure('RFF732', message, { file, hint: `${again}, with \`--batch ${available}\` or less` });
  }
  const text = `${JSON.stringify(plan.model)}\n`;
  const compiled = { ...plan, model: document };
  const warnings = [...source.warnings, ...(dataset.warnings ?? [])];
  return { text, file: sourcePath(source), folder, compiled, dataset, settings, warnings };
}

/**
 * Resumes a run from its checkpoint as if it had never stopped; `changes` may raise its epochs and say where it
 * runs.
 * @throws RffcError as `startRun` does, and RFF731 for a run that has finished.
 */
export async function resumeRun(
  folder: string,
  changes: Pick<
    RunSettings,
    | 'epochs'
    | 'threads'
    | 'dataDir'
    | 'precision'
    | 'device'
    | 'checkpointEvery'
    | 'metrics'
    | 'metricsEvery'
    | 'evalEvery'
    | 'log'
  > & {
    readonly backend?: string;
  },
  openSession: OpenSession,
  observer: RunObserver = {},
  signal?: AbortSignal,
): Promise<RunResult> {
  const before = readRunConfig(folder);
  checkWritable(folder, 'copy the run to a writable folder, and resume the copy');
  const { backend = before.backend, ...changed } = changes;
  const settings: RunSettings = { ...before.settings, ...changed };
  const loaded = await loadModel({ text: before.model.text, file: before.model.file }, settings);
  const document = applySettings(loaded.document, settings);
  const { dataset, graph } = await loadData(document, settings, dirname(before.model.file));
  const open = (stage: Stage) => openSession(backend, stage.compiled, sessionOptions(settings));
  const stages = stagesOf(graph);
  removeLeftovers(folder);
  let latest = await readLatest(folder, tensorsOf(stages));
  const start = latest ? reachedIn(latest.info, document).position : START;
  if (start.epoch >= epochsOf(document, stageOf(start))) {
    const { epochs } = document.train;
    const all = `all ${epochs} epochs${start.network ? ' and its readout' : ''}`;
    throw failure('RFF731', `run \`${folder}\` has finished ${all}`, {
      hint: `train longer with \`--epochs ${2 * epochs}\``,
    });
  }
  return throughStages(stages, stageOf(start), open, async (stage, session, lost, isFirst) => {
    const from = await takeUp(folder, session, stages, settings, latest);
    latest = undefined;
    const { position } = from;
    const { sha256 } = before.model;
    if (!isFirst) return trainInto(folder, session, stage, dataset, settings, from, sha256, observer, signal);
    writeConfig(folder, {
      ...before,
      settings,
      epochs: document.train.epochs,
      backend: session.backend,
      versions: versions(),
      machine: machine(),
    });
    const warnings = [...loaded.warnings, ...from.warnings];
    const info = { folder, network: graph, dataset, backend: session.backend, settings, position, warnings };
    if (lost) observer.lost?.(lost, position);
    else observer.ready?.(info);
    return trainInto(folder, session, stage, dataset, settings, from, sha256, observer, signal);
  });
}

/** A run read from its folder: its config and its model. */
export interface SavedRun {
  readonly folder: string;
  readonly config: RunConfig;
  readonly document: ModelDocument;
}

/** Reads a run's config and model. @throws RffcError for a folder or config that is not a run's. */
export async function readRun(folder: string): Promise<SavedRun> {
  const config = readRunConfig(folder);
  const { document } = await loadModel({ text: config.model.text, file: config.model.file }, config.settings);
  return { folder, config, document: applySettings(document, config.settings) };
}

/** What a run's network requires of samples. */
export function wantedBy({ config, document }: SavedRun): Wanted {
  const { input, label, train } = document;
  return {
    input,
    data: train.data,
    ...(label ? { classes: label.classes } : {}),
    ...(config.data ? { trained: config.data } : {}),
  };
}

export interface TrainedNetwork {
  readonly network: Network;
  readonly session: Session;
  /** The weights' file. */
  readonly weights: string;
}

/**
 * Loads a run's weights into a session for samples of `frames` frames; the caller disposes of the session. `best`
 * are the weights of the best epoch, or the latest if no epoch was evaluated.
 * @throws RffcError if the weights are missing or do not match, or the backend cannot be opened.
 */
export async function openTrained(
  { folder, config, document }: SavedRun,
  options: {
    readonly weights: 'best' | 'last';
    readonly frames: number;
    readonly backend: string;
    readonly threads?: number;
    readonly precision?: Precision;
    readonly device?: number;
    /** A graph to run instead, on the same weights. */
    readonly graph?: Graph;
  },
  openSession: OpenSession,
): Promise<TrainedNetwork> {
  const best = join(folder, BEST);
  const weights = options.weights === 'best' && existsSync(best) ? best : join(folder, CHECKPOINT);
  const whole = lower(document, { batch: config.batch, frames: options.frames });
  const graph = options.graph ?? whole;
  const { without } = config.settings;
  const session = await openSession(
    options.backend,
    graph,
    sessionOptions({ ...options, ...(without === undefined ? {} : { without }) }),
  );
  try {
    // All of the model's weights are required, even if this graph does not use them.
    const { tensors } = await readCheckpoint(weights, whole.tensors, { state: false });
    const known = new Set(session.tensors.map(({ name }) => name));
    for (const [name, values] of tensors) if (known.has(name)) session.write(name, values);
  } catch (error) {
    await session.dispose();
    throw error;
  }
  return { network: graph, session, weights };
}

/** The data, checked against the model, and the graph for its batch and frames; the batch is clipped to the data. */
async function loadData(
  document: ModelDocument,
  settings: RunSettings,
  modelFolder: string,
): Promise<{ dataset: Dataset; graph: Graph }> {
  const dataset = await loadDatasets(document, settings, modelFolder);
  const batch = Math.min(document.train.batch, samplesOf(dataset, settings));
  return { dataset, graph: lower(document, { batch, frames: dataset.frames }) };
}

/** The number of training samples a run uses. */
function samplesOf({ train: { count } }: Dataset, { limit }: RunSettings): number {
  return Math.min(count, limit ?? count);
}

/** The training, validation and test splits, checked against the model. */
async function loadDatasets(
  document: ModelDocument,
  settings: RunSettings,
  modelFolder: string,
): Promise<Dataset> {
  const folders = {
    baseDir: modelFolder,
    ...(settings.dataDir === undefined ? {} : { dataDir: settings.dataDir }),
  };
  const training = await loadDataset(document.train.data, folders);
  checkDataset(document, training);
  const { data: evaluated } = document.evaluate;
  const testing = evaluated ? await loadDataset(evaluated, folders) : training;
  if (evaluated) checkDataset(document, testing);
  if (testing.frames !== training.frames) {
    throw failure(
      'RFF709',
      `the training data has ${training.frames} frames per sample, the evaluation data ${testing.frames}`,
    );
  }
  return { ...keepAside(training, document.train), test: testing.test };
}

/**
 * Trains, writing metrics, a checkpoint after each epoch, every few minutes and when it stops, and
 * the best weights.
 */
async function trainInto(
  folder: string,
  session: Session,
  { network }: Stage,
  dataset: Dataset,
  settings: RunSettings,
  from: Standing,
  modelSha256: string,
  observer: RunObserver,
  signal: AbortSignal | undefined,
): Promise<RunResult> {
  let { best, accuracy } = from;
  const secondsBefore = trimMetrics(folder, from.position);
  let saved = from.position;
  let savedAt = performance.now();
  const warn = (warning: Diagnostic) => observer.warn?.(warning);
  const { position: start } = from;
  const record = await openRecord(folder, session, network, dataset, settings, start, secondsBefore, warn);
  const save = async (position: Position, soFar: Measures | null, isBest = false) => {
    const tensors = new Map([...(await collectTensors(session)), ...from.carried]);
    const diverged = tensorDivergence(tensors, session.tensors, network.document, position);
    if (diverged) throw diverged;
    const info = { position, accuracy, best, soFar, sha256: modelSha256 };
    // The metrics are flushed before the checkpoint: a kill in between repeats the epoch, with the same result.
    if (existsSync(join(folder, METRICS))) syncFile(join(folder, METRICS));
    if (isBest) await writeCheckpoint(join(folder, BEST), tensors, info);
    await writeLatest(folder, tensors, info);
    saved = position;
    savedAt = performance.now();
  };
  const isDue = ({ position: { batch }, batches }: BatchReport) =>
    batch < batches &&
    (batch % (settings.checkpointEvery ?? Number.POSITIVE_INFINITY) === 0 ||
      performance.now() - savedAt >= SAVE_AFTER);

  const result = await train(
    session,
    network,
    dataset,
    {
      start: from.position,
      soFar: from.soFar,
      ...(settings.limit === undefined ? {} : { limit: settings.limit }),
      ...(settings.evalEvery === undefined ? {} : { evalEvery: settings.evalEvery }),
      ...(signal ? { signal } : {}),
    },
    {
      async batch(report) {
        await record.batch(report);
        if (isDue(report)) await save(report.position, report.soFar);
        await observer.batch?.(report);
      },
      evaluating: (...progress) => observer.evaluating?.(...progress),
      predicted(split, prediction) {
        record.predicted(split, prediction);
        observer.predicted?.(split, prediction);
      },
      async epoch(report: EpochReport) {
        accuracy = chosenBy(report)?.accuracy ?? null;
        await record.epoch(report);
        const isBest = accuracy !== null && accuracy > (best ?? -1);
        if (isBest) best = accuracy;
        await save({ ...report.position, epoch: report.position.epoch + 1, batch: 0 }, null, isBest);
        await observer.epoch?.(report);
      },
      warn,
    },
  ).catch((error: unknown) => {
    // The report shows what led to it.
    record.interrupted();
    throw withLastGood(error, folder, saved);
  });
  const { epoch, trained } = result.position;
  const isNew = epoch > saved.epoch || trained > saved.trained;
  if (result.interrupted && isNew) await save(result.position, result.soFar);
  if (result.interrupted) record.interrupted();
  const { document } = network;
  return { ...result, model: document.name, document, folder, best };
}

/** Adds the path of the last good weights to a divergence's error; other errors are unchanged. */
function withLastGood(error: unknown, folder: string, { epoch, batch }: Position): unknown {
  if (!(error instanceof RffcError) || error.diagnostics[0]?.code !== 'RFF712') return error;
  const path = [CHECKPOINT, PREVIOUS].map((name) => join(folder, name)).find((one) => existsSync(one));
  const where = path
    ? `the last good weights (epoch ${epoch}, batch ${batch}) are in ${path}: start from them with \`--init\``
    : 'nothing was saved, as there was no checkpoint yet';
  return new RffcError(
    error.diagnostics.map((one) => ({ ...one, hint: one.hint ? `${one.hint}; ${where}` : where })),
  );
}

function sessionOptions({ threads, without, precision, device }: SessionOptions): SessionOptions {
  return {
    ...(threads === undefined ? {} : { threads }),
    ...(without === undefined ? {} : { without }),
    ...(precision === undefined ? {} : { precision }),
    ...(device === undefined ? {} : { device }),
  };
}
