/** `rffc eval`: accuracy, confusion matrix and margins of a trained network on a split or on other samples. */
import { dirname, relative } from 'node:path';
import type { DataSpec } from '../compiler/model.js';
import { failure } from '../grammar/diagnostic.js';
import { openBackend } from '../runtime/backends.js';
import type { Split } from '../runtime/data/dataset.js';
import { loadDataset } from '../runtime/data/index.js';
import { readSamples, type SampleOptions } from '../runtime/data/samples.js';
import { keepAside } from '../runtime/data/validation.js';
import type { Precision } from '../runtime/engine.js';
import { openTrained, readRun, type SavedRun, wantedBy } from '../runtime/run/run.js';
import { checkDataset } from '../runtime/train/batches.js';
import {
  type Evaluation,
  type Prediction,
  predict,
  predictDirection,
  score,
} from '../runtime/train/evaluate.js';
import { goodnessMargins, type Margins } from '../runtime/train/margins.js';
import type { EvaluatedSplit } from '../runtime/train/progress.js';
import { type Io, misuse, pathOf, percent, report } from './io.js';

interface EvalOptions extends Pick<SampleOptions, 'invert' | 'resize' | 'values' | 'normalize'> {
  readonly backend: string;
  readonly split?: SplitName;
  readonly data?: string;
  readonly weights: 'best' | 'last';
  readonly limit?: number;
  readonly threads?: number;
  readonly precision?: Precision;
  readonly device?: number;
  readonly dataDir?: string;
  readonly json?: true;
}

/** `train` is what the network learned from: without what it kept aside. */
type SplitName = EvaluatedSplit | 'train';

export async function evalCommand(io: Io, folder: string, options: EvalOptions): Promise<number> {
  if (options.data === undefined) checkNoReading(options);
  const run = await readRun(pathOf(io, folder));
  const { samples, labels, frames, name, split } =
    options.data === undefined
      ? await splitOf(io, run, options)
      : await ownSamples(io, run, options.data, options);
  const { threads, precision, device } = options;
  const { network, session, weights } = await openTrained(
    run,
    {
      weights: options.weights,
      backend: options.backend,
      frames,
      ...(threads === undefined ? {} : { threads }),
      ...(precision === undefined ? {} : { precision }),
      ...(device === undefined ? {} : { device }),
    },
    openBackend,
  );
  try {
    const shown = io.terminal && !options.json;
    const prediction = await predict(session, network, samples, {
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      onProgress: (done, total) => shown && io.err(`\r\x1b[K${done} of ${total}`),
    });
    if (shown) io.err('\r\x1b[K');
    const { goodness } = prediction!;
    const { classes } = network;
    const result = score(prediction!, labels, classes);
    const margins = goodness && goodnessMargins(goodness, labels, classes, predictDirection(run.document));
    if (options.json) {
      const { backend } = session;
      const line = { run: run.folder, weights, data: name, split, backend, ...result, margins };
      io.out(`${JSON.stringify(line)}\n`);
    } else
      io.out(table(result, margins, prediction!.by, `${name}, ${split} split, ${relative(io.cwd, weights)}`));
    return 0;
  } finally {
    await session.dispose();
  }
}

/** @throws RffcError RFF713 for options that say how to read `--data`, without it. */
function checkNoReading(options: EvalOptions): void {
  const given = (['invert', 'resize', 'values', 'normalize'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (given) throw misuse(`\`--${given}\` requires \`--data\``, 'add `--data PATH`');
}

interface Labelled {
  readonly samples: Pick<Split, 'count' | 'gather'>;
  /** [samples] */
  readonly labels: Int32Array;
  readonly frames: number;
  /** Of the data. */
  readonly name: string;
  readonly split: SplitName;
}

/** A split of the run's own data. @throws RffcError RFF710 if it is empty. */
async function splitOf(io: Io, run: SavedRun, options: EvalOptions): Promise<Labelled> {
  const { split = 'test' } = options;
  const dataDir = options.dataDir === undefined ? run.config.settings.dataDir : pathOf(io, options.dataDir);
  if (split === 'validation') checkKeptAside(run);
  const loaded = await loadDataset(dataOf(run, split), {
    baseDir: dirname(run.config.model.file),
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  const dataset = split === 'test' ? loaded : keepAside(loaded, run.document.train);
  checkDataset(run.document, dataset);
  const samples = dataset[split];
  if (!samples || samples.count === 0) {
    throw failure('RFF710', `no ${split} samples in \`${dataset.name}\``, {
      hint: split === 'test' ? 'try `--split train`' : 'choose other data',
    });
  }
  return { samples, labels: samples.y, frames: dataset.frames, name: dataset.name, split };
}

/** The samples of `--data`, normalized as the training data was. @throws RffcError RFF717 if they have no labels. */
async function ownSamples(io: Io, run: SavedRun, data: string, options: EvalOptions): Promise<Labelled> {
  const { split } = options;
  if (split === 'validation')
    throw misuse('`--split validation` cannot be combined with `--data`', 'drop one of them');
  const path = pathOf(io, data);
  const read = await readSamples(path, wantedBy(run), { ...options, ...(split ? { part: split } : {}) });
  report(io, read.warnings);
  const { samples, labels, frames, source, part } = read;
  if (!labels) {
    throw failure('RFF717', `no labels in ${data} to evaluate against`, {
      file: path,
      hint: `${LABELLED[source]}; \`rffc predict\` needs none`,
    });
  }
  return { samples, labels, frames, name: source, split: part };
}

/** Where labels are expected in each kind of source. */
const LABELLED = {
  images: 'put the images of each class into a folder named by its number: 0, 1, 2, …',
  idx: 'give the folder that also has the labels file',
  csv: 'add a column of labels',
  tensors: 'add a tensor `y` [N]',
} as const;

/** @throws RffcError RFF730 if the run held out no validation samples. */
function checkKeptAside({ folder, document }: SavedRun): void {
  if (document.train.validation > 0) return;
  throw misuse(
    `run \`${folder}\` has no validation split`,
    'to have one in another run, add `train { validation: 0.1 }` to the model',
    'RFF730',
  );
}

function dataOf({ document }: SavedRun, split: SplitName): DataSpec {
  return split === 'test' ? (document.evaluate.data ?? document.train.data) : document.train.data;
}

/** Accuracy, margins and the confusion matrix (rows: true class, columns: predicted). */
function table(
  { accuracy, correct, samples, softmax, confusion, perClass }: Evaluation,
  margins: Margins | null,
  by: Prediction['by'],
  title: string,
): string {
  const width = Math.max(5, ...confusion.flat().map((n) => String(n).length)) + 1;
  const cell = (text: string | number) => String(text).padStart(width);
  const share = (value: number | null) => (value === null ? '–' : percent(value));
  const byGoodness = by === 'goodness';
  const rows = confusion.map(
    (row, label) =>
      `${cell(label)} │${row.map(cell).join('')} │ ` +
      `${share(perClass[label]!).padStart(8)}${byGoodness ? ` ${margin(margins?.perClass[label]).padStart(8)}` : ''}\n`,
  );
  const heads = confusion.map((_, label) => cell(label)).join('');
  return [
    `accuracy ${percent(accuracy)} (${correct} of ${samples})${byGoodness ? '' : ' by softmax'}: ${title}\n`,
    ...(softmax === null ? [] : [`softmax  ${percent(softmax)} by the classifier alone\n`]),
    byGoodness ? marginLine(margins) : '\n',
    `${cell('true')} │${heads} │ accuracy${byGoodness ? '   margin' : ''}\n`,
    `${'─'.repeat(width + 1)}┼${'─'.repeat(width * confusion.length + 1)}┼${'─'.repeat(byGoodness ? 18 : 9)}\n`,
    ...rows,
  ].join('');
}

function marginLine(margins: Margins | null): string {
  return (
    `margin   ${margin(margins?.mean)} mean, ${margin(margins?.median)} median, 5th percentile ` +
    `${margin(margins?.p5)}, 95th ${margin(margins?.p95)}\n\n`
  );
}

/** By how much the true label's goodness is better than the best other label's. */
function margin(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toPrecision(3);
}
