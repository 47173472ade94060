/**
 * A sweep: many runs of one model with different settings, side by side in processes of their own. What a trial came
 * to is written down as soon as it is known, and a trial that was stopped goes on from its checkpoint.
 */
import { existsSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { failure } from '../../grammar/diagnostic.js';
import { defaultThreads } from '../cpu/threads.js';
import { readText } from '../run/files.js';
import { CONFIG, type RunConfig, readRunConfig, sha256 } from '../run/folder.js';
import { accuraciesIn, chosenAccuracy } from '../run/metrics.js';
import type { StageName } from '../train/train.js';
import {
  type Outcome,
  openSweep,
  readProgress,
  type SweepRequest,
  type SweepState,
  type Trial,
  trialFolder,
  writeState,
} from './folder.js';
import { isRunOption, type Settings } from './space.js';

/** What a process of `rffc` that has ended leaves behind. */
export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly err: string;
}

/**
 * Calls `rffc` in a process of its own. When `signal` is aborted, the process is asked to finish its batch, save, and
 * end. `line` gets each line that it prints.
 */
export type Launch = (
  argv: readonly string[],
  line: (text: string) => void,
  signal: AbortSignal,
) => Promise<Ended>;

export interface SweepObserver {
  started?(trial: Trial): void;
  /** A trial has done so many epochs. */
  epoch?(trial: Trial, epoch: number, accuracy: number | null): void;
  ended?(trial: Trial): void;
}

export interface SweepOptions {
  readonly folder: string;
  readonly request: SweepRequest;
  readonly settings: readonly Settings[];
  /** The params of the model: what else is set is an option of the run. */
  readonly params: readonly string[];
  /** Runs side by side. */
  readonly jobs: number;
  /** Of each run; absent for the backend's own choice. */
  readonly threads?: number;
  /** Whether trials that failed in an earlier call are tried again. */
  readonly retry: boolean;
}

export interface SweepResult {
  readonly trials: readonly Trial[];
  readonly interrupted: boolean;
}

/**
 * Runs every trial that has not come to an end.
 * @throws RffcError RFF902 for a folder of another sweep, or a model that changes meanwhile; RFF903, RFF701 to RFF703
 */
export async function runSweep(
  options: SweepOptions,
  launch: Launch,
  observer: SweepObserver = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<SweepResult> {
  const { folder, request } = options;
  let state: SweepState = openSweep(folder, request, options.settings);
  const isOpen = ({ outcome }: Trial) => !outcome || (options.retry && outcome.status === 'failed');
  const waiting = state.trials.filter(isOpen);
  // What goes wrong with the sweep itself stops the other runs too.
  const broken = new AbortController();
  const stop = AbortSignal.any([signal, broken.signal]);

  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !stop.aborted; next = waiting.shift()) {
      const trial = next;
      observer.started?.(trial);
      const outcome = await runTrial(options, trial, launch, observer, stop);
      if (!outcome) return;
      const ended: Trial = { ...trial, outcome };
      state = { ...state, trials: state.trials.map((one) => (one.number === trial.number ? ended : one)) };
      writeState(folder, state);
      observer.ended?.(ended);
    }
  };
  const workers = Array.from({ length: Math.min(options.jobs, waiting.length) }, () =>
    work().catch((error: unknown) => {
      broken.abort();
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return { trials: state.trials, interrupted: signal.aborted && state.trials.some(isOpen) };
}

/** A trial's outcome; undefined where it was interrupted. */
async function runTrial(
  options: SweepOptions,
  trial: Trial,
  launch: Launch,
  observer: SweepObserver,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { request, params, threads } = options;
  const { file, sha256: expected } = request.model;
  if (sha256(readText(file)) !== expected) {
    throw failure('RFF902', `\`${file}\` was changed while it was swept`, {
      file,
      hint: 'put it back to go on, or begin a new sweep',
    });
  }
  const folder = trialFolder(options.folder, trial);
  const begun = existsSync(join(folder, CONFIG));
  if (!begun) rmSync(folder, { recursive: true, force: true });
  const argv = begun
    ? ['run', '--resume', folder, '--json', '--quiet']
    : ['run', file, '--out', folder, '--json', '--quiet', ...argumentsOf(request, trial, params, threads)];
  const line = (text: string): void => {
    const { epoch, accuracy } = epochOf(text);
    if (epoch !== undefined) observer.epoch?.(trial, epoch, accuracy);
  };
  const { code, signal: killer, err } = await launch(argv, line, signal);
  const { epochs, outcome } = readProgress(folder);
  // One that was killed between its last epoch and its end has nothing left to do.
  const complete = existsSync(join(folder, CONFIG)) && isComplete(readRunConfig(folder), epochs);
  if (code === 0 || complete) return outcome;
  if (signal.aborted) return undefined;
  const message = killer ? `killed by ${killer}` : errorIn(err);
  return { status: 'failed', message };
}

/** Whether all epochs of a run are done, those of its readout too. */
function isComplete(config: RunConfig, done: Readonly<Record<StageName, number>>): boolean {
  return done.network >= config.epochs && done.readout >= (config.readoutEpochs ?? 0);
}

/** The options of a run, for the settings of a trial and those that all have in common. */
function argumentsOf(
  { settings, backend }: SweepRequest,
  trial: Trial,
  params: readonly string[],
  threads: number | undefined,
): string[] {
  const option = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [`--${name}`, String(value)];
  const chosen = Object.entries(trial.settings);
  const isOption = (name: string) => !params.includes(name) && isRunOption(name);
  const own = Object.fromEntries(chosen.filter(([name]) => isOption(name)));
  const { lr, epochs, batch, seed, limit, model, dataDir } = settings;
  return [
    ...option('backend', backend),
    ...option('threads', threads),
    ...option('model', model),
    ...option('data-dir', dataDir),
    ...option('limit', limit),
    ...Object.entries({ lr, epochs, batch, seed, ...own }).flatMap(([name, value]) => option(name, value)),
    ...chosen
      .filter(([name]) => !isOption(name))
      .flatMap(([name, value]) => option('set', `${name}=${value}`)),
  ];
}

function epochOf(text: string): { readonly epoch?: number; readonly accuracy: number | null } {
  try {
    const record = JSON.parse(text) as Record<string, unknown>;
    if (record.event !== 'epoch' || typeof record.epoch !== 'number') return { accuracy: null };
    return { epoch: record.epoch, accuracy: chosenAccuracy(accuraciesIn(record)) };
  } catch {
    return { accuracy: null };
  }
}

/** The first error that a process told of, in one line. */
function errorIn(err: string): string {
  const lines = err.split('\n').filter((line) => line.trim() !== '');
  const error =
    lines.find((line) => /^error\[RFF\d+\]/.test(line)) ?? lines.at(-1) ?? 'it ended without a word';
  return error.replace(/^error\[(RFF\d+)\]: /, '$1: ');
}

/**
 * The best trial: of the greatest accuracy (on what is kept aside, where that is some), or where nothing was judged of
 * the least loss; the first of equals. Undefined where none came to an end.
 */
export function bestOf(trials: readonly Trial[]): Trial | undefined {
  return ranked(trials).find(({ outcome }) => outcome?.status === 'done');
}

/** Trials from the best to the worst, then those that failed, then those without an outcome. */
export function ranked(trials: readonly Trial[]): Trial[] {
  const key = ({ outcome }: Trial): readonly [number, number] => {
    if (!outcome) return [3, 0];
    if (outcome.status === 'failed') return [2, 0];
    return outcome.accuracy === null ? [1, outcome.loss ?? Infinity] : [0, -outcome.accuracy];
  };
  return trials.toSorted((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x[0] - y[0] || (x[1] === y[1] ? 0 : x[1] - y[1]) || a.number - b.number;
  });
}

/** Backends that compute on the CPU's cores; others have one device for all runs. */
const ON_CORES = ['auto', 'cpu', 'tfjs-cpu', 'tfjs-wasm'];

/**
 * How many runs go side by side, and with how many threads each, so that together they fill the machine and no more.
 */
export function shareOut(
  trials: number,
  backend: string,
  asked: { readonly jobs?: number | undefined; readonly threads?: number | undefined },
  cores: number = availableParallelism(),
): { readonly jobs: number; readonly threads?: number } {
  const { threads } = asked;
  const own = threads === undefined ? {} : { threads };
  if (!ON_CORES.includes(backend)) return { jobs: asked.jobs ?? 1, ...own };
  const room = Math.max(1, Math.floor(cores / (threads ?? 1)));
  const jobs = asked.jobs ?? Math.max(1, Math.min(trials, room));
  return { jobs, threads: threads ?? defaultThreads(Math.max(1, Math.floor(cores / jobs))) };
}
