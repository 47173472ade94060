/** `rffc sweep`: trains a model with many settings in parallel, and names the best. */
import { spawn } from 'node:child_process';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../compiler/compile.js';
import type { ModelDocument } from '../compiler/model.js';
import { failure } from '../grammar/diagnostic.js';
import { writeAtomically } from '../runtime/files.js';
import { type RunSettings, sha256 } from '../runtime/folder/folder.js';
import { applySettings, readModelSource } from '../runtime/run/model.js';
import { shellWord } from '../runtime/shell.js';
import {
  defaultSweepFolder,
  REPORT,
  type SweepRequest,
  type Trial,
  trialFolder,
} from '../runtime/sweep/folder.js';
import { settingsText, sweepPage, sweepTable } from '../runtime/sweep/report.js';
import { isRunOption, readSpace, type Sampler, trialsOf } from '../runtime/sweep/space.js';
import { bestOf, type Launch, runSweep, type SweepObserver, shareOut } from '../runtime/sweep/sweep.js';
import { type Io, misuse, pathOf, percent, plural, stoppedCode } from './io.js';
import { evaluating } from './next.js';

export interface SweepCommandOptions extends Omit<RunSettings, 'set'> {
  readonly set?: readonly string[];
  readonly sampler: Sampler;
  readonly trials?: number;
  readonly jobs?: number;
  readonly retry?: true;
  readonly backend: string;
  readonly out?: string;
  readonly json?: true;
  readonly quiet?: true;
}

export async function sweepCommand(
  io: Io,
  file: string,
  options: SweepCommandOptions,
  launch: Launch = launchProcess(io),
): Promise<number> {
  const source = readModelSource(io.cwd, file);
  const { document } = await loadModel(source, options.model === undefined ? {} : { model: options.model });
  const params = Object.keys(document.params);
  const space = readSpace(options.set ?? [], params);
  if (space.length === 0) throw misuse('nothing to sweep', 'add `--set lr=1e-4,1e-3`', 'RFF901');
  const twice = space.find(
    ({ name }) => !params.includes(name) && isRunOption(name) && options[name] !== undefined,
  );
  if (twice)
    throw misuse(`\`${twice.name}\` is both swept and set by \`--${twice.name}\``, 'drop one of them');
  const settings = settingsOf(io, options);
  const { seed } = applySettings(document, settings).train;
  const trials = trialsOf(space, options.sampler, options.trials, seed);
  const request: SweepRequest = {
    model: { name: document.name, file: source.path, sha256: sha256(source.text) },
    space,
    sampler: options.sampler,
    trials: trials.length,
    backend: options.backend,
    settings,
  };
  const folder = options.out === undefined ? defaultSweepFolder(io.cwd, request) : pathOf(io, options.out);
  const share = shareOut(trials.length, options.backend, options);

  const stop = new AbortController();
  const view = progress(io, options, trials.length);
  const forget = io.onInterrupt(() => {
    view.clear();
    const why = io.unread() ? 'the reader of the results is gone: ' : '';
    io.err(`${why}finishing the batches under way, then saving (Ctrl-C again to quit now)\n`);
    stop.abort();
  });
  try {
    if (!options.quiet) {
      const threads = share.threads === undefined ? '' : `, ${plural(share.threads, 'thread')} each`;
      const beside = `${share.jobs} in parallel${threads}`;
      io.err(
        `${plural(trials.length, 'trial')} of ${document.name}, ${beside}, into ${relative(io.cwd, folder)}\n`,
      );
    }
    const result = await runSweep(
      { folder, request, settings: trials, params, ...share, retry: options.retry ?? false },
      launch,
      view.observer,
      stop.signal,
    );
    view.clear();
    writeAtomically(join(folder, REPORT), sweepPage({ format: 1, request, trials: result.trials }));
    return conclude(io, options, folder, result.trials, result.interrupted, document);
  } finally {
    view.clear();
    forget();
  }
}

function settingsOf(io: Io, options: SweepCommandOptions): RunSettings {
  const { lr, epochs, batch, seed, limit, model, dataDir } = options;
  const settings = { lr, epochs, batch, seed, limit, model, dataDir: dataDir && pathOf(io, dataDir) };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function conclude(
  io: Io,
  options: SweepCommandOptions,
  folder: string,
  trials: readonly Trial[],
  interrupted: boolean,
  document: ModelDocument,
): number {
  const best = bestOf(trials);
  const failed = trials.filter(({ outcome }) => outcome?.status === 'failed').length;
  if (options.json) {
    const event = interrupted ? 'interrupted' : 'done';
    const found = best ? { ...best, folder: trialFolder(folder, best) } : null;
    io.out(`${JSON.stringify({ event, trials: trials.length, failed, best: found, folder })}\n`);
  } else io.out(sweepTable(trials));
  if (interrupted) {
    io.err('\nresume with the same command\n');
    return stoppedCode(io);
  }
  if (!best) {
    const message = `${failed === 1 ? 'the trial' : `all ${failed} trials`} failed`;
    throw failure('RFF904', message, { hint: 'see the table for each error; `--retry` runs them again' });
  }
  if (!options.json) {
    const run = relative(io.cwd, trialFolder(folder, best));
    const some = failed > 0 ? ` (${failed} of ${trials.length} failed)` : '';
    io.out(`\nbest: trial ${best.number}, ${settingsText(best)}, in ${run}${some}\n`);
    io.err(`charts: ${relative(io.cwd, join(folder, REPORT))}\n`);
    for (const [command] of evaluating(shellWord(run), document, evaluatedSplits(document, best)))
      io.err(`\nWhat to try next:\n  ${io.command} ${command}\n`);
  }
  return 0;
}

/** The splits that a trial was evaluated on: `accuracy` is that of the validation split, if there is one. */
function evaluatedSplits({ train }: ModelDocument, { outcome }: Trial) {
  const done = outcome?.status === 'done' ? outcome : undefined;
  const isJudged = done !== undefined && done.accuracy !== null;
  const keepsAside = train.validation > 0;
  return {
    test: isJudged && (!keepsAside || typeof done.test === 'number'),
    validation: isJudged && keepsAside,
  };
}

/** A line per finished trial, and on a terminal one below for the running ones. */
function progress(
  io: Io,
  { json, quiet }: SweepCommandOptions,
  trials: number,
): { readonly observer: SweepObserver; clear(): void } {
  const running = new Map<number, string>();
  const shown = io.terminal && !quiet;
  let drawn = false;
  let ended = 0;
  const clear = () => {
    if (drawn) io.err('\r\x1b[K');
    drawn = false;
  };
  const draw = () => {
    if (!shown || running.size === 0) return;
    const under = [...running].map(([number, what]) => `${number}${what}`).join(', ');
    io.err(`\r\x1b[K${`${trials - ended} left · running ${under}`.slice(0, io.columns() - 1)}`);
    drawn = true;
  };
  const observer: SweepObserver = {
    started({ number }) {
      running.set(number, '');
      draw();
    },
    epoch({ number }, epoch, accuracy) {
      running.set(number, ` (epoch ${epoch}${accuracy === null ? '' : `, ${percent(accuracy)}`})`);
      draw();
    },
    ended(trial) {
      running.delete(trial.number);
      ended++;
      clear();
      if (json) io.out(`${JSON.stringify({ event: 'trial', ...trial })}\n`);
      if (!quiet) io.err(`trial ${trial.number}/${trials}: ${settingsText(trial)}: ${outcomeText(trial)}\n`);
      draw();
    },
  };
  return { observer, clear };
}

function outcomeText({ outcome }: Trial): string {
  if (outcome?.status !== 'done') return `failed: ${outcome?.message ?? 'not finished'}`;
  const { accuracy, test, loss, seconds } = outcome;
  const tested = typeof test === 'number' ? `, on the test split ${percent(test)}` : '';
  const found =
    accuracy === null ? `loss ${loss?.toFixed(4) ?? '–'}` : `accuracy ${percent(accuracy)}${tested}`;
  return `${found}, ${seconds.toFixed(1)} s`;
}

/** Starts `trial.js` as a process. */
export function launchProcess(
  io: Pick<Io, 'cwd'>,
  script = fileURLToPath(new URL('./trial.js', import.meta.url)),
): Launch {
  return (argv, line, signal) =>
    new Promise((resolve, reject) => {
      // In its own process group, so that Ctrl-C reaches only the sweep, which then stops each run once.
      const child = spawn(process.execPath, [...process.execArgv, script, ...argv], {
        cwd: io.cwd,
        detached: process.platform !== 'win32',
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
      let err = '';
      // Only the end of the output is kept: it says why a run failed.
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        err = (err + text).slice(-100_000);
      });
      createInterface({ input: child.stdout! }).on('line', line);
      const interrupt = () => child.kill('SIGINT');
      if (signal.aborted) interrupt();
      signal.addEventListener('abort', interrupt, { once: true });
      child.once('error', reject);
      child.once('close', (code, killer) => {
        signal.removeEventListener('abort', interrupt);
        resolve({ code, signal: killer, err });
      });
    });
}
