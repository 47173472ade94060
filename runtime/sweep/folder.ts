/**
 * A sweep's folder: `sweep.json` with the request and each trial's outcome, `sweep.html`, and a run folder for
 * every trial, `001`, `002`, … Enough to resume a sweep that was killed.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../../grammar/diagnostic.js';
import { checkWritable, fileError, readText, writeAtomically } from '../files.js';
import { METRICS, type RunSettings } from '../folder/folder.js';
import { type Accuracies, accuraciesIn, chosenAccuracy } from '../folder/metrics.js';
import type { TrainedPurpose } from '../train/progress.js';
import type { Dimension, Sampler, Settings } from './space.js';

/** A sweep's request. The same request resumes in the same folder. */
export interface SweepRequest {
  readonly model: { readonly name: string; readonly file: string; readonly sha256: string };
  readonly space: readonly Dimension[];
  readonly sampler: Sampler;
  readonly trials: number;
  readonly backend: string;
  /** What all trials share. */
  readonly settings: RunSettings;
}

export type Outcome =
  | {
      readonly status: 'done';
      /**
       * Of the best epoch, in [0, 1]: on the validation split if there is one, else on the test split; null if not
       * evaluated.
       */
      readonly accuracy: number | null;
      /** Of the same epoch on the test split, if `accuracy` is on validation. */
      readonly test?: number | null;
      /** Of the last epoch, mean over layers. */
      readonly loss: number | null;
      readonly seconds: number;
    }
  | { readonly status: 'failed'; readonly message: string };

export interface Trial {
  /** From 1. */
  readonly number: number;
  readonly settings: Settings;
  /** Absent for an unfinished one. */
  readonly outcome?: Outcome;
}

export interface SweepState {
  /** The version of this format. */
  readonly format: 1;
  readonly request: SweepRequest;
  readonly trials: readonly Trial[];
}

const STATE = 'sweep.json';
export const REPORT = 'sweep.html';

/** `runs/sweep-NAME-HASH` under `base`: the same for the same request. */
export function defaultSweepFolder(base: string, request: SweepRequest): string {
  const hash = createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 8);
  return join(base, 'runs', `sweep-${request.model.name}-${hash}`);
}

/** The folder of a trial's run. */
export function trialFolder(folder: string, trial: Trial): string {
  return join(folder, String(trial.number).padStart(3, '0'));
}

/**
 * Opens the sweep in a folder, or creates one.
 * @throws RffcError RFF902 for a folder that holds another sweep, RFF903 for a damaged one, RFF701 to RFF703
 */
export function openSweep(folder: string, request: SweepRequest, settings: readonly Settings[]): SweepState {
  const path = join(folder, STATE);
  if (existsSync(path)) {
    const state = readState(path);
    if (JSON.stringify(state.request) === JSON.stringify(request)) return state;
    throw failure('RFF902', `\`${folder}\` contains a sweep of another model or with other settings`, {
      file: path,
      hint: 'resume it with the same command as before, or choose another `--out`',
    });
  }
  checkWritable(folder, 'choose a writable folder: `--out DIR`');
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw fileError(error, folder);
  }
  const trials = settings.map((one, i) => ({ number: i + 1, settings: one }));
  const state: SweepState = { format: 1, request, trials };
  writeState(folder, state);
  return state;
}

export function writeState(folder: string, state: SweepState): void {
  writeAtomically(join(folder, STATE), `${JSON.stringify(state, null, 1)}\n`);
}

function readState(path: string): SweepState {
  try {
    const json: unknown = JSON.parse(readText(path));
    if (isState(json)) return json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw failure('RFF903', `\`${path}\` is damaged`, {
    file: path,
    hint: 'delete the folder, or choose another `--out`',
  });
}

function isState(json: unknown): json is SweepState {
  if (!isRecord(json) || json.format !== 1 || !isRecord(json.request) || !Array.isArray(json.trials))
    return false;
  return json.trials.every(
    (trial: unknown, i) =>
      isRecord(trial) &&
      trial.number === i + 1 &&
      isRecord(trial.settings) &&
      Object.values(trial.settings).every((value) => typeof value === 'number') &&
      (trial.outcome === undefined || isOutcome(trial.outcome)),
  );
}

function isOutcome(outcome: unknown): boolean {
  if (!isRecord(outcome)) return false;
  const { status, accuracy, test = null, loss, seconds, message } = outcome;
  const isNumber = (value: unknown) => value === null || typeof value === 'number';
  return status === 'done'
    ? isNumber(accuracy) && isNumber(test) && isNumber(loss) && typeof seconds === 'number'
    : status === 'failed' && typeof message === 'string';
}

/** A run's progress by its metrics: finished epochs, and the results of its latest stage. */
export function readProgress(folder: string): {
  readonly epochs: Readonly<Record<TrainedPurpose, number>>;
  readonly outcome: Extract<Outcome, { status: 'done' }>;
} {
  const path = join(folder, METRICS);
  const epochs = { network: 0, readout: 0 };
  let best: Accuracies | undefined;
  let loss: number | null = null;
  let seconds = 0;
  for (const line of existsSync(path) ? readText(path).split('\n') : []) {
    const record = parsed(line);
    if (record?.event !== 'epoch') continue;
    const stage = record.stage === 'readout' ? 'readout' : 'network';
    // A network's accuracy by goodness says nothing of its readout.
    if (stage === 'readout' && epochs.readout === 0) best = undefined;
    if (typeof record.epoch === 'number') epochs[stage] = record.epoch;
    if (typeof record.seconds === 'number') seconds = record.seconds;
    const evaluated = accuraciesIn(record);
    if ((chosenAccuracy(evaluated) ?? -1) > (best ? chosenAccuracy(best)! : -1)) best = evaluated;
    const losses = isRecord(record.loss) ? Object.values(record.loss) : [];
    const numbers = losses.filter((value) => typeof value === 'number');
    if (numbers.length > 0) loss = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  }
  const accuracy = best ? chosenAccuracy(best) : null;
  const test = best?.validation_accuracy === undefined ? {} : { test: best.test_accuracy };
  return { epochs, outcome: { status: 'done', accuracy, ...test, loss, seconds } };
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const record: unknown = JSON.parse(line);
    return isRecord(record) ? record : undefined;
  } catch {
    // The incomplete last line of a killed run.
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
