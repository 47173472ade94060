/** `rffc run`: trains a model into a run folder, or resumes a run. */
import { dirname, join, relative } from 'node:path';
import type { Network } from '../compiler/network.js';
import { RffcError } from '../grammar/diagnostic.js';
import { openBackend } from '../runtime/backends.js';
import type { RunSettings } from '../runtime/folder/folder.js';
import { accuraciesOf, metricsOf, softmaxOf } from '../runtime/folder/metrics.js';
import { type ModelSource, readModelSource } from '../runtime/run/model.js';
import { lastPlan, type PlanFile, readPlan, staleness } from '../runtime/run/plans.js';
import { type RunObserver, type RunResult, resumeRun, startRun } from '../runtime/run/run.js';
import { shellWord } from '../runtime/shell.js';
import { stageOf } from '../runtime/train/progress.js';
import { chosenBy } from '../runtime/train/train.js';
import { type Io, misuse, pathOf, percent, report, stoppedCode } from './io.js';
import { evaluating } from './next.js';
import { type Progress, progress } from './progress.js';

interface RunOptions extends RunSettings {
  readonly backend?: string;
  readonly resume?: string;
  readonly out?: string;
  readonly json?: true;
  readonly quiet?: true;
  /** `--eval-every` by its earlier name. */
  readonly judgeEvery?: number;
}

/** Settings that `--resume` takes from the run. */
const FIXED = ['set', 'model', 'batch', 'limit', 'seed', 'lr', 'init', 'initMissing', 'out'] as const;

/** Settings that are fixed in a plan. */
const COMPILED = ['set', 'model', 'batch'] as const;

export async function runCommand(io: Io, file: string | undefined, given: RunOptions): Promise<number> {
  const { judgeEvery, ...rest } = given;
  const options: RunOptions = judgeEvery === undefined ? rest : { evalEvery: judgeEvery, ...rest };
  const { resume } = options;
  if (file !== undefined && resume !== undefined)
    throw misuse('`--resume` takes the model from the run folder', 'drop the file argument');
  const fixed = resume === undefined ? undefined : FIXED.find((name) => options[name] !== undefined);
  if (fixed)
    throw misuse(
      `\`--${fixed === 'initMissing' ? 'init-missing' : fixed}\` cannot be combined with \`--resume\``,
      'start a new run',
    );
  if (options.initMissing !== undefined && options.init === undefined)
    throw misuse('`--init-missing` requires `--init`', 'add `--init FILE`');
  const source = resume === undefined ? await sourceOf(io, file, options) : undefined;

  const stop = new AbortController();
  const forget = io.onInterrupt(() => {
    view.clear();
    const why = io.unread() ? 'the reader of the results is gone: ' : '';
    io.err(`${why}finishing this batch, then saving (Ctrl-C again to quit now)\n`);
    stop.abort();
  });
  const view = progress(io);
  const observer = observe(io, options, view);
  try {
    const result = await (source
      ? startRun(
          {
            source,
            settings: settingsOf(io, options),
            backend: options.backend ?? 'auto',
            base: io.cwd,
            ...(options.out === undefined ? {} : { out: pathOf(io, options.out) }),
          },
          openBackend,
          observer,
          stop.signal,
        )
      : resumeRun(pathOf(io, resume!), changesOf(io, options), openBackend, observer, stop.signal));
    view.clear();
    conclude(io, options, file, result);
    return result.interrupted ? stoppedCode(io) : 0;
  } finally {
    view.clear();
    forget();
  }
}

/** What to train: a model, a plan, or without a file the plan compiled last here. */
async function sourceOf(
  io: Io,
  file: string | undefined,
  options: RunOptions,
): Promise<ModelSource | PlanFile> {
  const named = file ?? lastPlan(io.cwd);
  if (named === undefined) {
    const hint = 'give a .rff file (`rffc init NAME` writes one), or run `rffc compile FILE` first';
    const message = 'no file given, and no plan compiled in this directory';
    throw new RffcError([{ code: 'RFF719', severity: 'error', message, hint }], 2);
  }
  const source = readModelSource(io.cwd, named);
  const plan = await readPlan(source);
  if (!plan) return source;
  const settled = COMPILED.find((name) => options[name] !== undefined);
  if (settled) {
    const message = `\`--${settled}\` is fixed in the plan \`${named}\``;
    const hint = `compile the model with \`--${settled}\` again, or run the .rff file`;
    throw misuse(message, hint, 'RFF728');
  }
  if (options.lr !== undefined)
    throw misuse(`\`--lr\` is fixed in the plan \`${named}\``, 'run the .rff file instead', 'RFF728');
  const stale = staleness(io.cwd, plan);
  if (stale) report(io, [stale]);
  return plan;
}

/** The options kept in a run's folder. */
const SETTINGS = [
  'set',
  'model',
  'epochs',
  'batch',
  'seed',
  'lr',
  'initMissing',
  'limit',
  'threads',
  'precision',
  'device',
  'checkpointEvery',
  'metrics',
  'metricsEvery',
  'evalEvery',
  'log',
] as const;

function settingsOf(io: Io, options: RunOptions): RunSettings {
  return defined({ ...pick(options, SETTINGS), ...pathsOf(io, options) });
}

function pick<T, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;
}

function changesOf(io: Io, options: RunOptions) {
  const { epochs, threads, precision, device, backend, checkpointEvery, dataDir } = options;
  const { metrics, metricsEvery, evalEvery, log } = options;
  const changes = {
    epochs,
    threads,
    precision,
    device,
    backend,
    checkpointEvery,
    metrics,
    metricsEvery,
    evalEvery,
    log,
  };
  return defined({ ...changes, ...pathsOf(io, defined({ dataDir })) });
}

function pathsOf(io: Io, { dataDir, init }: RunSettings) {
  return defined({ dataDir: dataDir && pathOf(io, dataDir), init: init && pathOf(io, init) });
}

/** Drops undefined properties: with exact optional properties, absent and undefined differ. */
function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Progress on stderr, and with `--json` a line per epoch on stdout. */
function observe(io: Io, options: RunOptions, { observer: shown, clear }: Progress): RunObserver {
  // A lost device is reported even when quiet: the run is not what it would have been.
  const view: RunObserver = options.quiet ? (shown.lost ? { lost: shown.lost } : {}) : shown;
  let network: Network;
  return {
    ...view,
    ready(info) {
      ({ network } = info);
      report(io, info.warnings);
      view.ready?.(info);
    },
    warn(warning) {
      clear();
      report(io, [warning]);
    },
    async epoch(epoch) {
      await view.epoch?.(epoch);
      const line = {
        event: 'epoch',
        ...metricsOf(epoch, network, accuraciesOf(epoch, network)),
        ...softmaxOf(epoch.test),
      };
      if (options.json) io.out(`${JSON.stringify(line)}\n`);
    },
  };
}

function conclude(io: Io, options: RunOptions, file: string | undefined, result: RunResult): void {
  const { test, validation, best, interrupted } = result;
  const folder = shellWord(relative(io.cwd, result.folder) || '.');
  if (options.json) printResult(io, result);
  else {
    const evaluated = Object.entries({ test, validation }).flatMap(([name, found]) =>
      found
        ? [
            `${name} accuracy ${percent(found.accuracy)} (${found.correct} of ${found.samples}` +
              (found.softmax === null ? '' : `; ${percent(found.softmax)} by its classifier's softmax`) +
              ')',
          ]
        : [],
    );
    const chosen = chosenBy({ validation, test });
    if (chosen) {
      const better =
        best !== null && best > chosen.accuracy ? `; the best epoch reached ${percent(best)}` : '';
      io.out(`${evaluated.join('; ')}${better}\n`);
    }
    io.out(`saved to ${relative(io.cwd, result.folder) || '.'}\n`);
  }
  if (interrupted) io.err(`resume with: ${io.command} run --resume ${folder}\n`);
  else if (!options.quiet && !options.json) suggest(io, nextSteps(file, folder, result));
}

/** The last line of `--json`: the result. */
function printResult(io: Io, { test, validation, best, interrupted, position, folder }: RunResult): void {
  const reached = { stage: stageOf(position), epochs: position.epoch, trained: position.trained };
  const accuracies = {
    test_accuracy: test?.accuracy ?? null,
    ...(validation ? { validation_accuracy: validation.accuracy } : {}),
    ...softmaxOf(test),
    best_accuracy: best,
  };
  const event = interrupted ? 'interrupted' : 'done';
  io.out(`${JSON.stringify({ event, ...reached, ...accuracies, folder })}\n`);
}

type Suggestion = readonly [command: string, what: string];

/** Commands to try with a finished run; paths are quoted. */
function nextSteps(file: string | undefined, folder: string, result: RunResult): Suggestion[] {
  const { model, document, test, validation, position } = result;
  const further = 2 * (position.network ?? position).epoch;
  const own: Suggestion[] = [
    ...evaluating(folder, document, { test: test !== null, validation: validation !== null }),
    [`run --resume ${folder} --epochs ${further}`, 'train for more epochs'],
  ];
  if (model !== 'quickstart' || file === undefined) return own;
  return [
    ...own,
    [`run ${shellWord(file)} --set theta=1 --seed 7`, 'another goodness threshold, another seed'],
    ['data fetch mnist', 'then train the 3×200 reference network on MNIST:'],
    [`run ${shellWord(join(dirname(file), 'mnist3x200.rff'))} --epochs 1`, ''],
  ];
}

/** A table; on a narrow terminal, each command below its description. */
function suggest(io: Io, steps: readonly Suggestion[]): void {
  const width = Math.max(...steps.map(([command]) => command.length));
  const rows = steps.map(([command, what]) => `  ${io.command} ${command.padEnd(width)}  ${what}`.trimEnd());
  const isNarrow = io.terminal && rows.some((row) => row.length >= io.columns());
  const stacked = steps.flatMap(([command, what]) => [
    ...(what === '' ? [] : [`  # ${what}`]),
    `  ${io.command} ${command}`,
  ]);
  io.err(`\nWhat to try next:\n${(isNarrow ? stacked : rows).join('\n')}\n`);
}
