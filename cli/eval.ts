/** `rffc eval`: a trained network's accuracy, confusion and margins on a split, or on samples of one's own. */
import { dirname, relative } from 'node:path';
import type { DataSpec } from '../compiler/model.js';
import { failure } from '../grammar/diagnostic.js';
import { openBackend, type Precision } from '../runtime/backends.js';
import type { Split } from '../runtime/data/dataset.js';
import { loadDataset } from '../runtime/data/index.js';
import { readSamples, type SampleOptions } from '../runtime/data/samples.js';
import { keepAside } from '../runtime/data/validation.js';
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
import type { JudgedSplit } from '../runtime/train/train.js';
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
type SplitName = JudgedSplit | 'train';

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

/** @throws RffcError RFF713 for options that say how to read other data, where there are none */
function checkNoReading(options: EvalOptions): void {
  const given = (['invert', 'resize', 'values', 'normalize'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (given) throw misuse(`\`--${given}\` is for samples of one’s own`, 'name them with `--data`');
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

/** A split of the run's own data. @throws RffcError RFF710 where it is empty */
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
    throw failure('RFF710', `\`${dataset.name}\` has no ${split} samples`, {
      hint: split === 'test' ? 'try `--split train`' : 'choose other data',
    });
  }
  return { samples, labels: samples.y, frames: dataset.frames, name: dataset.name, split };
}

/**
 * Samples of one's own, which the network sees as it saw its own data. @throws RffcError RFF717 where they have no
 * labels
 */
async function ownSamples(io: Io, run: SavedRun, data: string, options: EvalOptions): Promise<Labelled> {
  const { split } = options;
  if (split === 'validation')
    throw misuse('samples of one’s own have no validation split', 'leave out `--split` or `--data`');
  const path = pathOf(io, data);
  const read = await readSamples(path, wantedBy(run), { ...options, ...(split ? { part: split } : {}) });
  report(io, read.warnings);
  const { samples, labels, frames, source, part } = read;
  if (!labels) {
    throw failure('RFF717', `${data} has no labels to evaluate against`, {
      file: path,
      hint: `${LABELLED[source]}; \`rffc predict\` needs none`,
    });
  }
  return { samples, labels, frames, name: source, split: part };
}

/** Where each kind of source has its labels. */
const LABELLED = {
  images: 'put the images into folders that are named by the classes’ numbers: 0, 1, 2, …',
  idx: 'name the folder that has the file of labels too',
  csv: 'add a column of labels',
  tensors: 'add a tensor `y` [N]',
} as const;

/** @throws RffcError RFF713 where there are no samples that were kept aside */
function checkKeptAside({ folder, document }: SavedRun): void {
  if (document.train.validation > 0) return;
  throw misuse(
    `the run \`${folder}\` kept no samples aside to validate on`,
    'for another run, write `train { validation: 0.1 }` in the model',
  );
}

function dataOf({ document }: SavedRun, split: SplitName): DataSpec {
  return split === 'test' ? (document.evaluate.data ?? document.train.data) : document.train.data;
}

/** Accuracy, margins, and the confusion matrix: a row a true class, a column a predicted one. */
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
    `margin   ${margin(margins?.mean)} on average, median ${margin(margins?.median)}, 5 % at most ` +
    `${margin(margins?.p5)}, 95 % at most ${margin(margins?.p95)}\n\n`
  );
}

/** How far the true label's goodness lies on the right side of the best other's. */
function margin(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toPrecision(3);
}
