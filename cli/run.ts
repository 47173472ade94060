/** `rffc run`: trains a model into a run folder, or goes on with a run. */
import { relative } from 'node:path';
import type { Graph } from '../compiler/graph/index.js';
import { openBackend } from '../runtime/backends.js';
import type { RunSettings } from '../runtime/run/folder.js';
import { readModelSource } from '../runtime/run/model.js';
import { metricsOf, type RunObserver, type RunResult, resumeRun, startRun } from '../runtime/run/run.js';
import { type Io, misuse, pathOf, percent, report } from './io.js';
import { progress } from './progress.js';

interface RunOptions extends RunSettings {
  readonly backend?: string;
  readonly resume?: string;
  readonly out?: string;
  readonly json?: true;
  readonly quiet?: true;
}

/** What a run goes on with is what it was started with. */
const FIXED = ['set', 'model', 'batch', 'limit', 'seed', 'init', 'out'] as const;

export async function runCommand(io: Io, file: string | undefined, options: RunOptions): Promise<number> {
  const { resume } = options;
  if (file === undefined && resume === undefined) {
    throw misuse(
      'which model is to be trained?',
      `\`${io.command} run models/quickstart.rff\`, or \`--resume DIR\``,
    );
  }
  if (file !== undefined && resume !== undefined)
    throw misuse('a run that is resumed has its own model', 'leave out the file, or `--resume`');
  const fixed = resume === undefined ? undefined : FIXED.find((name) => options[name] !== undefined);
  if (fixed) throw misuse(`\`--${fixed}\` cannot be changed by \`--resume\``, 'start a new run');

  const stop = new AbortController();
  const forget = io.onInterrupt(() => {
    view.clear();
    io.err('stopping after this batch; once more to stop at once\n');
    stop.abort();
  });
  const view = progress(io);
  const observer = observe(io, options, view.observer);
  try {
    const result = await (resume === undefined
      ? startRun(
          {
            source: readModelSource(io.cwd, file!),
            settings: settingsOf(io, options),
            backend: options.backend ?? 'auto',
            base: io.cwd,
            ...(options.out === undefined ? {} : { out: pathOf(io, options.out) }),
          },
          openBackend,
          observer,
          stop.signal,
        )
      : resumeRun(pathOf(io, resume), changesOf(io, options), openBackend, observer, stop.signal));
    view.clear();
    conclude(io, options, result);
    return result.interrupted ? 130 : 0;
  } finally {
    view.clear();
    forget();
  }
}

function settingsOf(io: Io, options: RunOptions): RunSettings {
  const { set, model, epochs, batch, seed, limit, threads } = options;
  return defined({ set, model, epochs, batch, seed, limit, threads, ...pathsOf(io, options) });
}

function changesOf(io: Io, { epochs, threads, backend, dataDir }: RunOptions) {
  return defined({ epochs, threads, backend, ...pathsOf(io, defined({ dataDir })) });
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
function observe(io: Io, options: RunOptions, shown: RunObserver): RunObserver {
  const view: RunObserver = options.quiet ? {} : shown;
  let graph: Graph;
  return {
    ...view,
    ready(info) {
      ({ graph } = info);
      report(io, info.warnings);
      view.ready?.(info);
    },
    async epoch(epoch) {
      await view.epoch?.(epoch);
      const line = { event: 'epoch', ...metricsOf(epoch, graph, epoch.test?.accuracy ?? null) };
      if (options.json) io.out(`${JSON.stringify(line)}\n`);
    },
  };
}

function conclude(io: Io, options: RunOptions, result: RunResult): void {
  const { model, test, best, interrupted, position } = result;
  if (options.json) {
    const event = interrupted ? 'interrupted' : 'done';
    const reached = { epochs: position.epoch, trained: position.trained };
    const accuracies = { test_accuracy: test?.accuracy ?? null, best_accuracy: best };
    io.out(`${JSON.stringify({ event, ...reached, ...accuracies, folder: result.folder })}\n`);
    return;
  }
  const folder = relative(io.cwd, result.folder) || '.';
  if (test) {
    const better = best !== null && best > test.accuracy ? `; the best epoch reached ${percent(best)}` : '';
    io.out(`test accuracy ${percent(test.accuracy)} (${test.correct} of ${test.samples})${better}\n`);
  }
  io.out(`the run is in ${folder}\n`);
  if (options.quiet) return;
  const next: (readonly [command: string, what: string])[] = interrupted
    ? [[`run --resume ${folder}`, 'go on where it stopped']]
    : [
        [`eval ${folder}`, 'what it takes for what'],
        [`run --resume ${folder} --epochs ${2 * position.epoch}`, 'train it further'],
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
