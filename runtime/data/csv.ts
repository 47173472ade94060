/**
 * `csv("file.csv", label: "class", test: "other.csv", header: on, normalize: [mean, std])`: a sample per line, numbers
 * with commas between them, one column the label (the first, or the one named by the header line). Plain or gzipped, of
 * any length: a plain file that does not fit memory stays on disk, and of each line is kept where it is.
 */

import type { DataSpec } from '../../compiler/model.js';
import { type Diagnostic, failure } from '../../grammar/diagnostic.js';
import { cells, cellsOf, inspectCsv, linesOf, readLines } from './csv-lines.js';
import { type ParsedTable, type Rows, rowValues, TableBuilder } from './csv-table.js';
import {
  type DataOptions,
  type Dataset,
  type DatasetDescription,
  type Numbers,
  numberSplit,
  type Split,
  transposedOrder,
} from './dataset.js';
import { classCount, countedFrom, firstLabel, labelWarnings } from './labels.js';
import { isOn, normalization, wrongOption } from './options.js';
import { path } from './paths.js';
import { fileSpans, memoryLimit } from './records.js';
import { arePixels, unscaledBytes } from './scales.js';

export { cells };

export interface Table {
  /** [rows, columns] without the label's, row-major. */
  readonly values: Float32Array;
  /** [rows] */
  readonly labels: Int32Array;
  readonly columns: number;
}

/**
 * A text's rows.
 * @param label the label's column in the header; the first column without it; null where no column is one, and all
 * labels are 0.
 * @throws RffcError RFF650 naming the line and the column, RFF672 where the label is an index.
 */
export function parseCsv(text: string, label: string | undefined | null, file: string): Table {
  const builder = new TableBuilder(file, { label });
  for (const line of linesOf(text)) builder.add(line);
  const { rows, labels } = builder.finish();
  const values = new Float32Array(labels.length * rows.columns);
  rows.chunks.forEach((chunk, i) => {
    values.set(chunk, i * rows.rowsPerChunk * rows.columns);
  });
  return { values, labels, columns: rows.columns };
}

interface FileTable extends Omit<ParsedTable, 'rows'> {
  readonly file: string;
  readonly columns: number;
  readonly numbers: Numbers;
}

async function readTable(
  file: string,
  asked: { readonly label: string | undefined; readonly header: boolean | undefined },
  options: DataOptions,
): Promise<FileTable> {
  const { bytes, gzip } = await inspectCsv(file);
  const limit = memoryLimit(options);
  const scan = bytes > limit && !gzip;
  const builder = new TableBuilder(file, { ...asked, scan });
  const checkRoom = () => {
    if (!gzip || builder.kept <= limit) return;
    throw failure('RFF614', `${file} is too large for this machine's memory, and compressed`, {
      file,
      hint: `decompress it (\`gunzip ${file}\`): it is then read from disk as it is needed`,
    });
  };
  for await (const line of readLines(file, gzip)) {
    builder.add(line);
    checkRoom();
  }
  const { rows, ...table } = builder.finish();
  checkRoom();
  const { columns } = rows;
  const numbers = scan ? onDisk(file, table, builder.labelColumn) : held(rows);
  return { ...table, file, columns, numbers };
}

function held({ columns, rowsPerChunk, chunks }: Rows): Numbers {
  const read = (index: number) => {
    const at = (index % rowsPerChunk) * columns;
    return chunks[Math.floor(index / rowsPerChunk)]!.subarray(at, at + columns);
  };
  return { open: () => ({ read }) };
}

function onDisk(
  file: string,
  { begins, ends }: Pick<ParsedTable, 'begins' | 'ends'>,
  labelColumn: number,
): Numbers {
  const spans = fileSpans(file);
  return {
    open() {
      const { read, close } = spans.open();
      return {
        read: (index) =>
          rowValues(Buffer.from(read(begins[index]!, ends[index]!)).toString('utf8'), labelColumn),
        close,
      };
    },
  };
}

function labelOf(spec: DataSpec): string | undefined {
  const { label } = spec.options;
  if (label === undefined || (typeof label === 'string' && label !== '')) return label;
  throw wrongOption(spec, 'label', 'a column’s name in quotes');
}

/** How the columns of a table are to be read. @throws RffcError RFF603. */
function askedOf(spec: DataSpec) {
  const header = spec.options.header === undefined ? undefined : isOn(spec, 'header');
  return { label: labelOf(spec), header };
}

/**
 * Loads `csv`; without `test` the test split is empty. Classes are one more than the highest label. @throws RffcError
 * RFF603, RFF613, RFF614, RFF616, RFF650, RFF672.
 */
export async function loadCsv(spec: DataSpec, options: DataOptions): Promise<Dataset> {
  const scale = normalization(spec);
  const first = firstLabel(spec);
  const asked = askedOf(spec);
  const train = await readTable(path(spec, 'file', options), asked, options);
  const test =
    spec.options.test === undefined
      ? undefined
      : await readTable(path(spec, 'test', options), asked, options);
  const { columns } = train;
  if (test && test.columns !== columns) {
    const message = `${train.file} has ${columns} values a sample, ${test.file} has ${test.columns}`;
    throw failure('RFF650', message, { file: test.file });
  }
  const order = isOn(spec, 'transpose') ? squareOrder(spec, columns) : undefined;
  const split = ({ numbers, labels, file }: Pick<FileTable, 'numbers' | 'labels' | 'file'>): Split => {
    const y = countedFrom(first, labels, file);
    return numberSplit(numbers, { y, frames: 1, inputSize: columns, order }, scale);
  };
  const none = {
    numbers: held({ columns, rowsPerChunk: 1, chunks: [] }),
    labels: new Int32Array(0),
    file: train.file,
  };
  const splits = { train: split(train), test: split(test ?? none) };
  const warnings: Diagnostic[] = [
    ...train.warnings,
    ...(test?.warnings ?? []),
    ...labelWarnings(spec, splits.train.y, splits.test.y),
    ...(arePixels(train.range) ? unscaledBytes(spec, train.file) : []),
  ];
  return {
    name: spec.name,
    inputSize: columns,
    classes: classCount(splits.train.y, splits.test.y),
    frames: 1,
    ...splits,
    warnings,
  };
}

function squareOrder(spec: DataSpec, columns: number): Int32Array {
  const side = Math.sqrt(columns);
  if (!Number.isInteger(side))
    throw wrongOption(spec, 'transpose', `\`off\` for ${columns} values, which are no square picture`);
  return transposedOrder({ planes: 1, rows: side, columns: side });
}

/** The input's size, from the file's first line. @throws RffcError RFF603, RFF613, RFF650. */
export async function describeCsv(spec: DataSpec, options: DataOptions): Promise<DatasetDescription> {
  const file = path(spec, 'file', options);
  const { gzip } = await inspectCsv(file);
  for await (const line of readLines(file, gzip)) {
    if (line.text.trim() !== '') return { frames: 1, inputSize: cellsOf(line, file).length - 1 };
  }
  throw failure('RFF650', `${file} is empty`, { file });
}
