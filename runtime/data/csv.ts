/**
 * `csv("file.csv", label: "class", test: "other.csv", normalize: [mean, std])`: a sample a line, numbers with commas between
 * them, one column the label (the first, or the one named by the header line), counted from 0. A header is a first line that
 * is not all numbers.
 */

import { open, readFile } from 'node:fs/promises';
import type { DataSpec } from '../../compiler/model.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import { closest } from '../../grammar/suggest.js';
import {
  type DataOptions,
  type Dataset,
  type DatasetDescription,
  floatSplit,
  type Normalization,
} from './dataset.js';
import { normalization, wrongOption } from './options.js';
import { path } from './paths.js';
import { unreadable } from './records.js';

export interface Table {
  /** [rows, columns] without the label's, row-major. */
  readonly values: Float32Array;
  /** [rows] */
  readonly labels: Int32Array;
  readonly columns: number;
}

function wrong(file: string, line: number, what: string, hint?: string): RffcError {
  return failure('RFF650', `${file}, line ${line}: ${what}`, {
    file,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** A line's cells, without white space and quotes around them. */
export function cells(line: string): string[] {
  return line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

const isNumber = (cell: string) => cell !== '' && Number.isFinite(Number(cell));

/** Which column is the label's, and whether the first line is a header. @throws RffcError RFF650. */
function readHead(
  first: string,
  label: string | undefined | null,
  file: string,
): { column: number; header: boolean } {
  const names = cells(first);
  const header = !names.every(isNumber);
  if (label === null) return { column: -1, header };
  if (label === undefined) return { column: 0, header };
  const column = header ? names.indexOf(label) : -1;
  if (column >= 0) return { column, header };
  const near = closest(label, names);
  throw wrong(
    file,
    1,
    header ? `there is no column \`${label}\`` : `a label column named \`${label}\` needs a header line`,
    near && header ? `did you mean \`${near}\`?` : 'without `label`, the first column is the label',
  );
}

/**
 * A file's rows.
 * @param label the label's column in the header; the first column without it; null where no column is one, and all labels are 0.
 * @throws RffcError RFF650 naming the line and the column.
 */
export function parseCsv(text: string, label: string | undefined | null, file: string): Table {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const start = lines.findIndex((line) => line.trim() !== '');
  if (start < 0) throw failure('RFF650', `${file} is empty`, { file });
  const { column, header } = readHead(lines[start]!, label, file);
  const width = cells(lines[start]!).length;
  if (width < 2 && label !== null)
    throw wrong(
      file,
      start + 1,
      'it has one column: a label and at least one value are needed',
      'columns are separated by commas',
    );
  const first = start + (header ? 1 : 0);
  let last = lines.length;
  while (last > first && lines[last - 1]!.trim() === '') last--;
  if (last === first) throw failure('RFF650', `${file} has no samples`, { file });

  const columns = label === null ? width : width - 1;
  const values = new Float32Array((last - first) * columns);
  const labels = new Int32Array(last - first);
  for (let row = 0; row < labels.length; row++) {
    const number = first + row + 1;
    const found = cells(lines[first + row]!);
    if (found.length !== width)
      throw wrong(file, number, `${found.length} columns, not ${width} as in the first line`);
    let at = row * columns;
    for (let c = 0; c < width; c++) {
      const cell = found[c]!;
      const value = cell === '' ? Number.NaN : Number(cell);
      if (c === column) {
        if (!Number.isInteger(value) || value < 0 || value > 2 ** 31 - 1) {
          throw wrong(
            file,
            number,
            `the label \`${cell}\` is not a whole number from 0`,
            'number the classes from 0',
          );
        }
        labels[row] = value;
      } else {
        if (!Number.isFinite(value)) {
          throw wrong(
            file,
            number,
            `column ${c + 1} holds \`${cell}\`, not a number`,
            'leave out columns that are not numbers',
          );
        }
        values[at++] = value;
      }
    }
  }
  return { values, labels, columns };
}

async function readTable(
  file: string,
  label: string | undefined,
  { mean, std }: Normalization,
): Promise<Table> {
  const text = await readFile(file, 'utf8').catch((error) => Promise.reject(unreadable(file, error)));
  const table = parseCsv(text, label, file);
  const { values } = table;
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! - mean) / std;
  return table;
}

function labelOf(spec: DataSpec): string | undefined {
  const { label } = spec.options;
  if (label === undefined || (typeof label === 'string' && label !== '')) return label;
  throw wrongOption(spec, 'label', 'a column’s name in quotes');
}

/** Loads `csv`; without `test` the test split is empty. Classes are one more than the highest label. @throws RffcError RFF603, RFF613, RFF650. */
export async function loadCsv(spec: DataSpec, options: DataOptions): Promise<Dataset> {
  const label = labelOf(spec);
  const scale = normalization(spec);
  const file = path(spec, 'file', options);
  const train = await readTable(file, label, scale);
  const { columns } = train;
  const testFile = spec.options.test === undefined ? undefined : path(spec, 'test', options);
  const test: Table = testFile
    ? await readTable(testFile, label, scale)
    : { values: new Float32Array(0), labels: new Int32Array(0), columns };
  if (test.columns !== columns) {
    const message = `${file} has ${columns} values a sample, ${testFile} has ${test.columns}`;
    throw failure('RFF650', message, { file: testFile! });
  }
  let classes = 0;
  for (const labels of [train.labels, test.labels])
    for (const y of labels) classes = Math.max(classes, y + 1);
  const split = ({ values, labels }: Table) => floatSplit(values, labels, undefined, 1, columns);
  return { name: spec.name, inputSize: columns, classes, frames: 1, train: split(train), test: split(test) };
}

/** The input's size, from the file's first line. @throws RffcError RFF603, RFF613. */
export async function describeCsv(spec: DataSpec, options: DataOptions): Promise<DatasetDescription> {
  const file = path(spec, 'file', options);
  try {
    const handle = await open(file);
    try {
      for await (const line of handle.readLines({ encoding: 'utf8' })) {
        if (line.trim() !== '') return { frames: 1, inputSize: cells(line).length - 1 };
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  throw failure('RFF650', `${file} is empty`, { file });
}
