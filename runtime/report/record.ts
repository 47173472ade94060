/**
 * What a run writes while it trains: metrics.jsonl, report.html and, if requested, TensorBoard's
 * event files. Only the metrics are part of the run; if the others cannot be written, the run continues with a warning.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Network } from '../../compiler/network.js';
import { type Diagnostic, RffcError } from '../../grammar/diagnostic.js';
import type { Dataset } from '../data/index.js';
import type { Session } from '../engine.js';
import { fileError, readText, writeAtomically } from '../files.js';
import { appendMetrics, METRICS, type RunSettings, readRunConfig } from '../folder/folder.js';
import {
  type Accuracies,
  accuraciesIn,
  accuraciesOf,
  type BatchLine,
  bySteps,
  chosenAccuracy,
  type EpochLine,
  metricsOf,
  parseMetrics,
  softmaxOf,
  trainOf,
} from '../folder/metrics.js';
import { type Prediction, predictDirection } from '../train/evaluate.js';
import { type EvaluatedSplit, type Position, stageOf } from '../train/progress.js';
import type { BatchReport, EpochReport } from '../train/train.js';
import { goodnessHistogram, layerAccuracies, mistakesByConfidence } from './findings.js';
import { normsOf, openNorms, type Parameters, readParameters, updateNorms } from './norms.js';
import { type PictureShape, pictureShape, samplePicture, weightSheet } from './pictures.js';
import { dataUri, type Picture } from './png.js';
import { type Mistake, renderReport } from './report.js';
import { type EventFile, openEventFile } from './tensorboard.js';

export const REPORT = 'report.html';
export const TENSORBOARD = 'tensorboard';

/** Default number of batches per metrics line. */
export const METRICS_EVERY = 10;
/** The most batches in a chart: beyond it, every second one is dropped. */
const MOST_LINES = 4000;
const MOST_MISTAKES = 24;
const MOST_UNITS = 64;
const SHEET_COLUMNS = 16;
/** The largest network whose parameters are kept for an epoch, to measure their change: 64 MiB. */
const MOST_KEPT = 2 ** 24;

export interface RunRecord {
  /** After every batch. */
  batch(report: BatchReport): Promise<void>;
  /** After a split was evaluated, before its epoch. */
  predicted(split: EvaluatedSplit, prediction: Prediction): void;
  /** After every epoch. */
  epoch(report: EpochReport): Promise<void>;
  /** Where a run is interrupted or fails: the report then has the batches since the last epoch. */
  interrupted(): void;
}

/**
 * Begins a run's record, or continues it after `start`.
 *
 * @param secondsBefore what the run had taken before `start`
 * @param warn is called once if the report, and once if event files, cannot be written
 * @returns a record whose methods throw what writing metrics.jsonl and reading the session can throw
 */
export async function openRecord(
  folder: string,
  session: Session,
  network: Network,
  dataset: Dataset,
  settings: RunSettings,
  start: Position,
  secondsBefore: number,
  warn: (diagnostic: Diagnostic) => void = () => {},
): Promise<RunRecord> {
  const { document, layers } = network;
  const every = settings.metricsEvery ?? METRICS_EVERY;
  const stage = stageOf(start);
  // The metrics are the network's.
  const kinds = stage === 'network' ? (settings.metrics ?? []) : [];
  const norms = await openNorms(session, network, kinds, every, start);
  const parameters = session.tensors
    .filter(({ role }) => role === 'parameter')
    .reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);
  const shape = pictureShape(dataset.inputSize, dataset.frames);
  const attempt = once(warn);

  // The change is unknown for an epoch begun in an earlier call.
  const begins = parameters <= MOST_KEPT && start.batch === 0;
  let before = begins ? await readParameters(session) : undefined;
  const lines = start.trained > 0 || start.network ? metricsBefore(folder) : [];
  let batches = lines.filter((line): line is BatchLine => line.event === 'batch');
  const epochs = lines.filter((line): line is EpochLine => line.event === 'epoch');
  const evaluated = epochs.findLast(
    (line) => (line.stage ?? 'network') === stage && chosenAccuracy(line) !== null,
  );
  let accuracies: Accuracies = evaluated ? accuraciesIn(evaluated) : accuraciesOf({}, network);
  let mistakes: readonly Mistake[] = [];
  // Of the current epoch.
  let tested: Pick<EpochLine, 'layer_accuracy' | 'goodness_histogram'> = {};
  let sheets: readonly { readonly name: string; readonly units: number; readonly picture: Picture }[] = [];
  // One axis for the whole run: a readout's steps follow the network's.
  const stepsBefore = start.network?.trained ?? 0;
  let events: EventFile | undefined;
  if (settings.log?.includes('tensorboard')) {
    attempt('RFF741', 'TensorBoard’s event files', () => {
      const readoutStep = start.network ? stepsBefore + start.trained + 1 : undefined;
      const restart = readoutStep ?? (start.trained > 0 ? start.trained : undefined);
      events = openEventFile(join(folder, TENSORBOARD), new Date(), restart);
    });
  }

  const write = () =>
    attempt('RFF740', 'the report', () => {
      const text = renderReport({
        config: readRunConfig(folder),
        document,
        data: dataset.name,
        tested: dataset.test.count,
        parameters,
        batches,
        epochs,
        mistakes,
        sheets: sheets.map((sheet) => ({ ...sheet, picture: dataUri(sheet.picture) })),
      });
      writeAtomically(join(folder, REPORT), text);
    });
  const log = (line: BatchLine | EpochLine) =>
    attempt('RFF741', 'TensorBoard’s event files', () => {
      if (!events) return;
      const step = stepsBefore + line.trained;
      events.scalars(step, scalarsOf(line));
      if (line.event === 'epoch')
        for (const { name, picture } of sheets) events.image(step, `weights/${name}`, picture);
    });

  return {
    async batch(report) {
      const measured = await norms.batch(report);
      if (report.position.batch % every !== 0) return;
      const line: BatchLine = {
        event: 'batch',
        ...metricsOf(report, network, accuracies),
        seconds: secondsBefore + report.seconds,
        ...measured,
      };
      appendMetrics(folder, line);
      log(line);
      batches.push(line);
      if (batches.length > MOST_LINES) batches = batches.filter((_, i) => i % 2 === 1);
    },
    predicted(split, prediction) {
      if (split !== 'test') return;
      const { y } = dataset.test;
      const direction = predictDirection(document);
      const alone = layerAccuracies(prediction, y, network.classes, direction);
      const histogram =
        prediction.by === 'goodness' && prediction.goodness
          ? goodnessHistogram(prediction.goodness, y, network.classes)
          : undefined;
      tested = {
        ...(alone ? { layer_accuracy: alone } : {}),
        ...(histogram ? { goodness_histogram: histogram } : {}),
      };
      const wrong = mistakesByConfidence(prediction, y, network.classes, direction, MOST_MISTAKES);
      mistakes = wrong.map((one) => ({
        ...one,
        by: prediction.by,
        picture: pictureOf(dataset, one.sample, shape),
      }));
    },
    async epoch(report) {
      accuracies = accuraciesOf(report, network);
      const now = await readParameters(session);
      const line: EpochLine = {
        event: 'epoch',
        ...metricsOf(report, network, accuracies),
        seconds: secondsBefore + report.seconds,
        goodness_steps_positive: bySteps(report.stepsPositive, layers),
        goodness_steps_negative: bySteps(report.stepsNegative, layers),
        weight_norm: normsOf(now),
        ...(before ? { update_norm: updateNorms(before, now) } : {}),
        ...trainOf(report.train),
        ...softmaxOf(report.test),
        ...tested,
        ...(report.test ? { confusion: report.test.confusion } : {}),
      };
      tested = {};
      if (parameters <= MOST_KEPT) before = now;
      appendMetrics(folder, line);
      epochs.push(line);
      sheets = weightSheets(network, dataset, now);
      log(line);
      write();
    },
    interrupted: write,
  };
}

/** Runs something optional; warns the first time that `code` occurs. */
function once(warn: (diagnostic: Diagnostic) => void) {
  const told = new Set<string>();
  return (code: string, what: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      if (told.has(code)) return;
      told.add(code);
      const named = error instanceof Error && 'path' in error ? fileError(error, String(error.path)) : error;
      const reason = named instanceof RffcError ? named.diagnostics[0]!.message : String(named);
      const hint = 'training continues without it; the metrics are in metrics.jsonl';
      warn({ code, severity: 'warning', message: `cannot write ${what}: ${reason}`, hint });
    }
  };
}

function metricsBefore(folder: string): (BatchLine | EpochLine)[] {
  const path = join(folder, METRICS);
  return existsSync(path) ? parseMetrics(readText(path)) : [];
}

function pictureOf(dataset: Dataset, sample: number, shape: PictureShape | null): string | null {
  if (!shape) return null;
  const values = new Float32Array(dataset.frames * dataset.inputSize);
  dataset.test.gather([sample], values);
  return dataUri(samplePicture(values, shape));
}

/** The weights of every connection that reads the input, where a row of the input is an image. */
function weightSheets({ document }: Network, dataset: Dataset, parameters: Parameters) {
  const shape = pictureShape(dataset.inputSize, 1);
  if (!shape) return [];
  return document.connections.flatMap(({ name, source, target }) => {
    const weights = parameters.get(`${name}.weight`);
    const size = document.layers.find((layer) => layer.name === target)?.size ?? 0;
    // A local field does not have one weight per pixel.
    if (source !== document.input.name || weights?.length !== size * dataset.inputSize) return [];
    const picture = weightSheet(weights, shape, SHEET_COLUMNS, MOST_UNITS);
    return [{ name: `${name}.weight`, units: Math.min(size, MOST_UNITS), picture }];
  });
}

/** Fields of a line that are not curves. */
const NO_SCALARS = ['goodness_histogram', 'train_samples'];

/**
 * A line as TensorBoard's scalars: `loss/h1`, `goodness_positive/h1`; what an epoch says apart from what a batch
 * says.
 */
function scalarsOf(line: BatchLine | EpochLine): Record<string, number | null> {
  const scalars: Record<string, number | null> = {};
  const prefix = `${line.stage === 'readout' ? 'readout/' : ''}${line.event === 'epoch' ? 'epoch/' : ''}`;
  const { event: _, stage: _5, epoch, batch: _1, batches: _2, trained: _3, seconds: _4, ...values } = line;
  for (const [key, value] of Object.entries(values)) {
    if (key.endsWith('_accuracy') && line.event === 'batch') continue;
    if (NO_SCALARS.includes(key)) continue;
    if (typeof value === 'number') scalars[`${prefix}${key}`] = value;
    else if (value && !Array.isArray(value))
      for (const [name, one] of Object.entries(value))
        if (typeof one === 'number') scalars[`${prefix}${key}/${name}`] = one;
  }
  if (line.event === 'epoch') scalars[`${prefix}number`] = epoch;
  return scalars;
}
