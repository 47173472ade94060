/** `rffc run`: trains a model into a run folder, or goes on with a run. */
import { relative } from 'node:path';
import type { Network } from '../compiler/network.js';
import { RffcError } from '../grammar/diagnostic.js';
import { openBackend } from '../runtime/backends.js';
import type { RunSettings } from '../runtime/run/folder.js';
import { accuraciesOf, metricsOf, softmaxOf } from '../runtime/run/metrics.js';
import { type ModelSource, readModelSource } from '../runtime/run/model.js';
import { lastPlan, type PlanFile, readPlan, staleness } from '../runtime/run/plans.js';
import { type RunObserver, type RunResult, resumeRun, startRun } from '../runtime/run/run.js';
import { chosenBy, stageOf } from '../runtime/train/train.js';
import { type Io, misuse, pathOf, percent, report } from './io.js';
import { evaluating } from './next.js';
import { type Progress, progress } from './progress.js';

interface RunOptions extends RunSettings {
  readonly backend?: string;
  readonly resume?: string;
  readonly out?: string;
  readonly json?: true;
  readonly quiet?: true;
}

/** What a run goes on with is what it was started with. */
const FIXED = ['set', 'model', 'batch', 'limit', 'seed', 'lr', 'init', 'initMissing', 'out'] as const;

/** What a plan has settled when it was compiled. */
const COMPILED = ['set', 'model', 'batch'] as const;

export async function runCommand(io: Io, file: string | undefined, options: RunOptions): Promise<number> {
  const { resume } = options;
  if (file !== undefined && resume !== undefined)
    throw misuse('a run that is resumed has its own model', 'leave out the file, or `--resume`');
  const fixed = resume === undefined ? undefined : FIXED.find((name) => options[name] !== undefined);
  if (fixed)
    throw misuse(
      `\`--${fixed === 'initMissing' ? 'init-missing' : fixed}\` cannot be changed by \`--resume\``,
      'start a new run',
    );
  if (options.initMissing !== undefined && options.init === undefined)
    throw misuse('`--init-missing` says nothing without `--init`', 'name the weights: `--init FILE`');
  const source = resume === undefined ? await sourceOf(io, file, options) : undefined;

  const stop = new AbortController();
  const forget = io.onInterrupt(() => {
    view.clear();
    io.err('stopping after this batch; once more to stop at once\n');
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
    conclude(io, options, result);
    return result.interrupted ? 130 : 0;
  } finally {
    view.clear();
    forget();
  }
}

/** What is to be trained: a model, a plan, or without a file the plan compiled last here. */
async function sourceOf(
  io: Io,
  file: string | undefined,
  options: RunOptions,
): Promise<ModelSource | PlanFile> {
  const named = file ?? lastPlan(io.cwd);
  if (named === undefined) {
    const hint = `\`${io.command} run models/quickstart.rff\`, or \`${io.command} compile FILE\` first`;
    const message = 'no file is named, and no plan has been compiled here';
    throw new RffcError([{ code: 'RFF719', severity: 'error', message, hint }], 2);
  }
  const source = readModelSource(io.cwd, named);
  const plan = await readPlan(source);
  if (!plan) return source;
  const settled = COMPILED.find((name) => options[name] !== undefined);
  if (settled) {
    const message = `\`--${settled}\` belongs to \`${io.command} compile\`: in \`${named}\` it is settled`;
    throw misuse(message, 'compile the model again with it, or run the .rff file');
  }
  if (options.lr !== undefined)
    throw misuse(`in the plan \`${named}\` the learning rate is settled`, 'run the .rff file instead');
  const stale = staleness(io.cwd, plan);
  if (stale) report(io, [stale]);
  return plan;
}

/** The options that a run's folder keeps. */
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
  'judgeEvery',
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
  const { metrics, metricsEvery, judgeEvery, log } = options;
  const changes = {
    epochs,
    threads,
    precision,
    device,
    backend,
    checkpointEvery,
    metrics,
    metricsEvery,
    judgeEvery,
    log,
  };
  return defined({ ...changes, ...pathsOf(io, defined({ dataDir })) });
}

function pathsOf(io: Io, { dataDir, init }: RunSettings) {
  return defined({ dataDir: dataDir && pathOf(io, dataDir), init: init && pathOf(io, init) });
}

/** Without the properties that are undefined: absent and undefined are not the same to a typed reader. */
function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Progress for people, and with `--json` a line an epoch for machines. */
function observe(io: Io, options: RunOptions, { observer: shown, clear }: Progress): RunObserver {
  // A loss is told in any case: the run is then not what it would have been.
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

function conclude(io: Io, options: RunOptions, result: RunResult): void {
  const { model, test, validation, best, interrupted, position } = result;
  if (options.json) {
    const event = interrupted ? 'interrupted' : 'done';
    const stage = stageOf(position);
    const reached = { stage, epochs: position.epoch, trained: position.trained };
    const accuracies = {
      test_accuracy: test?.accuracy ?? null,
      ...(validation ? { validation_accuracy: validation.accuracy } : {}),
      ...softmaxOf(test),
      best_accuracy: best,
    };
    io.out(`${JSON.stringify({ event, ...reached, ...accuracies, folder: result.folder })}\n`);
    return;
  }
  const folder = relative(io.cwd, result.folder) || '.';
  const judged = Object.entries({ test, validation }).flatMap(([name, found]) =>
    found
      ? [
          `${name} accuracy ${percent(found.accuracy)} (${found.correct} of ${found.samples}${found.softmax === null ? '' : `; ${percent(found.softmax)} by its classifier's softmax`})`,
        ]
      : [],
  );
  const chosen = chosenBy({ validation, test });
  if (chosen) {
    const better = best !== null && best > chosen.accuracy ? `; the best epoch reached ${percent(best)}` : '';
    io.out(`${judged.join('; ')}${better}\n`);
  }
  io.out(`the run is in ${folder}\n`);
  if (options.quiet) {
    if (interrupted) io.err(`go on with: ${io.command} run --resume ${folder}\n`);
    return;
  }
  const next: (readonly [command: string, what: string])[] = interrupted
    ? [[`run --resume ${folder}`, 'go on where it stopped']]
    : [
        ...evaluating(folder, result.document, { test: test !== null, validation: validation !== null }),
        [`run --resume ${folder} --epochs ${2 * (position.network ?? position).epoch}`, 'train it further'],
      ];
  if (model === 'quickstart' && !interrupted) {
    next.push(
      ['run models/quickstart.rff --set theta=1 --seed 7', 'another goodness threshold, another seed'],
      ['data fetch mnist', 'and then the seed’s own network, on the real digits:'],
      ['run models/mnist3x200.rff --epochs 1', ''],
    );
  }
  const width = Math.max(...next.map(([command]) => command.length));
  io.err('\nWhat to try next:\n');
  for (const [command, what] of next)
    io.err(`  ${io.command} ${command.padEnd(width)}  ${what}`.trimEnd().concat('\n'));
}
