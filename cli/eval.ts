/** `rffc eval`: a trained network's accuracy and confusion on a split, or on samples of one's own. */
import { dirname, relative } from 'node:path';
import type { DataSpec } from '../compiler/model.js';
import { failure } from '../grammar/diagnostic.js';
import { openBackend, type Precision } from '../runtime/backends.js';
import { loadDataset } from '../runtime/data/index.js';
import { openTrained, readRun, type SavedRun } from '../runtime/run/run.js';
import { checkDataset } from '../runtime/train/batches.js';
import { type Evaluation, evaluate } from '../runtime/train/evaluate.js';
import { type Io, pathOf, percent } from './io.js';

interface EvalOptions {
  readonly backend: string;
  readonly split?: 'test' | 'train';
  readonly data?: string;
  readonly weights: 'best' | 'last';
  readonly limit?: number;
  readonly threads?: number;
  readonly precision?: Precision;
  readonly device?: number;
  readonly dataDir?: string;
  readonly json?: true;
}

export async function evalCommand(io: Io, folder: string, options: EvalOptions): Promise<number> {
  const run = await readRun(pathOf(io, folder));
  // A file of samples is its `x` and `y`; of a data set, what it keeps for testing.
  const split = options.split ?? (options.data === undefined ? 'test' : 'train');
  const dataDir = options.dataDir === undefined ? run.config.settings.dataDir : pathOf(io, options.dataDir);
  const dataset = await loadDataset(dataOf(io, run, split, options.data), {
    baseDir: dirname(run.config.model.file),
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  checkDataset(run.document, dataset);
  const samples = dataset[split];
  if (samples.count === 0) {
    throw failure('RFF710', `\`${dataset.name}\` has no ${split} samples`, {
      hint: split === 'test' ? 'try `--split train`' : 'choose other data',
    });
  }
  const { frames } = dataset;
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
    const result = await evaluate(session, network, samples, {
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      onProgress: (done, total) => shown && io.err(`\r\x1b[K${done} of ${total}`),
    });
    if (shown) io.err('\r\x1b[K');
    if (options.json)
      io.out(
        `${JSON.stringify({ run: run.folder, weights, data: dataset.name, split, backend: session.backend, ...result! })}\n`,
      );
    else io.out(table(result!, `${dataset.name}, ${split} split, ${relative(io.cwd, weights)}`));
    return 0;
  } finally {
    await session.dispose();
  }
}

function dataOf(io: Io, { document }: SavedRun, split: 'test' | 'train', file: string | undefined): DataSpec {
  if (file !== undefined) return { name: 'tensors', options: { file: pathOf(io, file) } };
  return split === 'test' ? (document.evaluate.data ?? document.train.data) : document.train.data;
}

/** Accuracy, and the confusion matrix: a row a true class, a column a predicted one. */
function table({ accuracy, correct, samples, confusion, perClass }: Evaluation, title: string): string {
  const width = Math.max(5, ...confusion.flat().map((n) => String(n).length)) + 1;
  const cell = (text: string | number) => String(text).padStart(width);
  const share = (value: number | null) => (value === null ? '–' : percent(value));
  const rows = confusion.map(
    (row, label) => `${cell(label)} │${row.map(cell).join('')} │ ${share(perClass[label]!).padStart(8)}\n`,
  );
  const heads = confusion.map((_, label) => cell(label)).join('');
  return [
    `accuracy ${percent(accuracy)} (${correct} of ${samples}): ${title}\n\n`,
    `${cell('true')} │${heads} │ accuracy\n`,
    `${'─'.repeat(width + 1)}┼${'─'.repeat(width * confusion.length + 1)}┼${'─'.repeat(9)}\n`,
    ...rows,
  ].join('');
}
