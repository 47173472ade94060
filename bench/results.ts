/**
 * `npm run results -- NAME [options of rffc run]`: trains models/NAME.rff into runs/results/NAME, keeps the run's log
 * as docs/results/NAME.jsonl and writes docs/RESULTS.md anew. Called again it goes on with a run that was stopped.
 * With `--from DIR` it takes a run that is there already; without a NAME it only writes the page.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../compiler/compile.js';
import { RffcError } from '../grammar/diagnostic.js';
import { render } from '../grammar/render.js';
import { listBackends } from '../runtime/backends.js';
import { METRICS, type RunConfig, readRunConfig, sha256 } from '../runtime/run/folder.js';
import { type EpochLine, parseMetrics } from '../runtime/run/metrics.js';
import { type ResultEpoch, type ResultRun, writeResultsPage } from './results-page.js';

/** npm runs its scripts in the repository's root. */
const root = process.cwd();
/** This file is run from `dist/bench`. */
const rffc = join(dirname(fileURLToPath(import.meta.url)), '../cli/main.js');

/** What is wrong with how the script was called, told in a line. */
class Misuse extends Error {}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof RffcError || error instanceof Misuse)) throw error;
  const text =
    error instanceof RffcError
      ? render(error.diagnostics, new Map(), { colour: false })
      : `${error.message}\n`;
  process.stderr.write(text);
  process.exitCode = 1;
}

async function main([name, ...options]: readonly string[]): Promise<void> {
  if (name !== undefined) {
    if (!/^\w+$/.test(name))
      throw new Misuse('first the name of a model in models/, then the options of `rffc run`');
    const file = join(root, 'models', `${name}.rff`);
    if (!existsSync(file)) throw new Misuse(`there is no models/${name}.rff`);
    const [flag, from] = options;
    const folder = flag === '--from' && from !== undefined ? resolve(root, from) : train(name, file, options);
    await keep(name, folder, flag !== '--from');
  }
  writeResultsPage(root);
  process.stderr.write('wrote docs/RESULTS.md\n');
}

/** Trains a model, or goes on with its run; returns the run's folder. */
function train(name: string, file: string, options: readonly string[]): string {
  const folder = join(root, 'runs/results', name);
  const begun = existsSync(folder);
  if (begun && readRunConfig(folder).model.sha256 !== sha256(readFileSync(file, 'utf8')))
    throw new Misuse(`${folder} is a run of another text of models/${name}.rff: delete it to begin anew`);
  const what = begun ? ['--resume', folder] : [file, '--out', folder];
  // Ctrl-C is for the training, which saves and ends; what it got to is kept all the same.
  process.on('SIGINT', () => {});
  const { status } = spawnSync(process.execPath, [rffc, 'run', ...what, ...options], { stdio: 'inherit' });
  if (status !== 0 && epochsOf(folder).length === 0) throw new Misuse(`models/${name}.rff was not trained`);
  process.exitCode = status ?? 1;
  return folder;
}

/** Keeps a run's log as docs/results/NAME.jsonl. `here`: the run is this machine's, whose engines can be asked. */
async function keep(name: string, folder: string, here: boolean): Promise<void> {
  const config = readRunConfig(folder);
  const { document } = await loadModel({ text: config.model.text, file: config.model.file }, config.settings);
  const engine = here ? (await listBackends()).find((b) => b.name === config.backend)?.detail : undefined;
  const { limit } = config.settings;
  const run: ResultRun = {
    event: 'run',
    model: name,
    command: commandOf(name, config),
    created: config.created,
    sha256: config.model.sha256,
    backend: config.backend,
    ...(engine === undefined ? {} : { engine }),
    machine: config.machine,
    versions: config.versions,
    epochsAsked: document.train.epochs,
    ...(limit === undefined ? {} : { samples: limit }),
  };
  const epochs = epochsOf(folder).map((line): ResultEpoch => {
    // Of the training alone: how long the tests take says nothing of it.
    const seconds = (line.batches * config.batch) / line.samples_per_second;
    const { epoch, stage, test_accuracy, test_accuracy_softmax, validation_accuracy } = line;
    // A readout is judged by its softmax alone.
    const [goodness, softmax] =
      stage === 'readout' ? [null, test_accuracy] : [test_accuracy, test_accuracy_softmax ?? null];
    return {
      event: 'epoch',
      epoch,
      ...(stage === 'readout' ? { stage } : {}),
      test_error: errorOf(goodness),
      ...(softmax === null ? {} : { test_error_softmax: errorOf(softmax)! }),
      ...(validation_accuracy === undefined ? {} : { validation_error: errorOf(validation_accuracy) }),
      seconds: Math.round(1000 * seconds) / 1000,
    };
  });
  const path = join(root, 'docs/results', `${name}.jsonl`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, [run, ...epochs].map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** Lines of a network alone have no `stage`, nor have those of an older rffc. */
type Line = EpochLine & { readonly stage?: string };

function epochsOf(folder: string): Line[] {
  const path = join(folder, METRICS);
  const lines = existsSync(path) ? parseMetrics(readFileSync(path, 'utf8')) : [];
  return lines.filter((line) => line.event === 'epoch');
}

/** 1 - 0.9838 is 0.0162, not 0.016199999999999992. */
function errorOf(accuracy: number | null): number | null {
  return accuracy === null ? null : Number((1 - accuracy).toFixed(8));
}

/** What was typed may have been several commands; this is the one that they came to. */
function commandOf(name: string, { backend, settings }: RunConfig): string {
  const { set = {}, epochs, batch, seed, lr, limit, precision } = settings;
  const given = { epochs, batch, seed, lr, limit, precision };
  return [
    `rffc run models/${name}.rff --backend ${backend}`,
    ...Object.entries(set).map(([param, value]) => `--set ${param}=${value}`),
    ...Object.entries(given).flatMap(([option, value]) =>
      value === undefined ? [] : [`--${option} ${value}`],
    ),
  ].join(' ');
}
