/**
 * Collects a CSV file's rows line by line: the header, the label column, the numbers. Values that are all bytes are
 * kept as bytes, a quarter of the memory.
 */

import { type Diagnostic, failure } from '../../grammar/diagnostic.js';
import { closest } from '../../grammar/suggest.js';
import { cells, cellsOf, type Line, wrong } from './csv-lines.js';
import { numbering } from './labels.js';

export interface TableOptions {
  /** Name of the label column; the first column by default; null for none, with all labels 0. */
  readonly label?: string | null | undefined;
  /** Whether the first line is a header; inferred by default. */
  readonly header?: boolean | undefined;
  /** Whether values are only scanned, for a file that stays on disk. */
  readonly scan?: boolean;
}

/** Values per chunk: small, so that a partial chunk wastes little. */
const CHUNK_VALUES = 2 ** 20;
/** A line that counts 0, 1, 2, … is a header if it has at least this many columns; a shorter one may be a sample. */
const COUNTING_HEADER = 4;
/** A column that counts the samples is an index if it has at least this many; a shorter one may be the classes. */
const COUNTING_ROWS = 32;
/** Names of index columns, by pandas and others. */
const INDEX_NAME = /^(?:|index|id|unnamed: 0|row|row_?id)$/i;
/** Most labels collected for a message. */
const MOST_CLASSES = 1000;

export const isNumber = (cell: string) => cell.trim() !== '' && Number.isFinite(Number(cell));

/** The start, 0 or 1, of each column that may be counting. */
function countsFrom(row: readonly string[]): number | undefined {
  const first = Number(row[0]);
  if (first !== 0 && first !== 1) return undefined;
  return row.every((cell, i) => cell.trim() !== '' && Number(cell) === first + i) ? first : undefined;
}

/** Rows [count, columns] in chunks. */
export interface Rows {
  readonly columns: number;
  readonly rowsPerChunk: number;
  readonly chunks: readonly (Uint8Array | Float32Array)[];
}

/** What the values of a table are. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
  /** Whether all are integers from 0 to 255. */
  readonly bytes: boolean;
}

export interface ParsedTable {
  readonly rows: Rows;
  /** [rows] */
  readonly labels: Int32Array;
  /** Bytes of each row in the file, [rows] each. */
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly range: ValueRange;
  readonly warnings: readonly Diagnostic[];
}

/** Parses a row's values without its label, for a file that was scanned before. */
export function rowValues(text: string, labelColumn: number): Float32Array {
  const row = cells(text).filter((_, i) => i !== labelColumn);
  return Float32Array.from(row, Number);
}

/** Takes a file's lines in order; `finish` returns its table. @throws RffcError RFF650, RFF672. */
export class TableBuilder {
  private names: readonly string[] | undefined;
  private width = 0;
  /** -1 where there is none. */
  labelColumn = 0;
  private count = 0;
  private chunk = new Float32Array(0);
  private chunkIsBytes = true;
  private rowsPerChunk = 1;
  private readonly chunks: (Uint8Array | Float32Array)[] = [];
  private readonly labels: number[] = [];
  private readonly begins: number[] = [];
  private readonly ends: number[] = [];
  private readonly warnings: Diagnostic[] = [];
  /** Columns that count so far, and their start. */
  private counting: { readonly column: number; readonly from: number }[] = [];
  private bytes = true;
  private low = Number.POSITIVE_INFINITY;
  private high = Number.NEGATIVE_INFINITY;
  /** The first invalid label, and the labels after it. */
  private bad: { readonly line: number; readonly label: string; readonly all: Set<string> } | undefined;
  /** Bytes kept so far. */
  kept = 0;

  constructor(
    private readonly file: string,
    private readonly options: TableOptions,
  ) {}

  add(line: Line): void {
    if (line.text.trim() === '') return;
    if (this.width > 0) this.addRow(line);
    else if (!this.addHead(line)) this.addRow(line);
  }

  /** The first line: whether it is a header. */
  private addHead(line: Line): boolean {
    const { file, options } = this;
    const { text, number } = line;
    const row = cellsOf(line, file);
    this.width = row.length;
    const counts = countsFrom(row);
    const numbers = row.every(isNumber);
    const header = options.header ?? (!numbers || (counts !== undefined && row.length >= COUNTING_HEADER));
    if (header) this.names = row;
    if (options.header === undefined && numbers && counts !== undefined)
      this.warnings.push(countingHeader(file, row, header));
    if (options.label === null) this.labelColumn = -1;
    else if (options.label !== undefined) this.labelColumn = this.findLabel(row, options.label, number);
    if (row.length < (options.label === null ? 1 : 2)) {
      const other = [';', '\t', ' '].find((character) => text.trim().includes(character));
      const called = { ';': 'semicolons', '\t': 'tabs', ' ': 'spaces' }[other ?? ''];
      throw wrong(
        file,
        number,
        'only one column: expected a label and at least one value',
        called ? `expected columns separated by commas, found ${called}` : 'separate columns by commas',
      );
    }
    this.rowsPerChunk = Math.max(1, Math.floor(CHUNK_VALUES / this.columns));
    return header;
  }

  private findLabel(row: readonly string[], label: string, line: number): number {
    const column = this.names?.indexOf(label) ?? -1;
    if (column >= 0) return column;
    const near = closest(label, row);
    throw wrong(
      this.file,
      line,
      this.names ? `unknown column \`${label}\`` : `label column \`${label}\` requires a header line`,
      near && this.names ? `did you mean \`${near}\`?` : 'without `label`, the first column is the label',
    );
  }

  private get columns(): number {
    return this.labelColumn < 0 ? this.width : this.width - 1;
  }

  private addRow(line: Line): void {
    const { file, labelColumn } = this;
    const { text, number, begin, end } = line;
    // `Number` ignores white space.
    const row = text.includes('"') ? cellsOf(line, file) : text.split(',');
    if (row.length !== this.width)
      throw wrong(file, number, `${row.length} columns: expected ${this.width}, as in the first line`);
    if (labelColumn >= 0) this.addLabel(row[labelColumn]!.trim(), number);
    else this.labels.push(0);
    if (this.bad) return;
    const place = this.count % this.rowsPerChunk;
    if (place === 0) this.nextChunk();
    let at = this.options.scan ? 0 : place * this.columns;
    for (let c = 0; c < row.length; c++) {
      if (c === labelColumn) continue;
      const value = Number(row[c]);
      if (!Number.isFinite(value) || (value === 0 && row[c]!.trim() === '')) {
        throw wrong(
          file,
          number,
          `column ${c + 1} is \`${row[c]!.trim()}\`: expected a number`,
          'remove columns that are not numbers',
        );
      }
      if (value > this.high) this.high = value;
      if (value < this.low) this.low = value;
      if (this.chunkIsBytes && (value < 0 || value > 255 || !Number.isInteger(value)))
        this.chunkIsBytes = false;
      this.chunk[at++] = value;
    }
    this.follow(row);
    if (this.options.scan) {
      this.begins.push(begin);
      this.ends.push(end);
    }
    this.count++;
  }

  private addLabel(cell: string, line: number): void {
    const value = cell === '' ? Number.NaN : Number(cell);
    const isClass = Number.isInteger(value) && value >= 0 && value <= 2 ** 31 - 1;
    if (!isClass) this.bad ??= { line, label: cell, all: new Set(this.labels.map(String)) };
    if (!this.bad) this.labels.push(value);
    else if (this.bad.all.size < MOST_CLASSES) this.bad.all.add(cell);
  }

  /** Updates which columns still count. */
  private follow(row: readonly string[]): void {
    const { count } = this;
    if (count === 0) {
      this.counting = row
        .map((cell, column) => ({ column, from: Number(cell) }))
        .filter(({ from }) => from === 0 || from === 1);
    } else if (this.counting.length > 0) {
      this.counting = this.counting.filter(({ column, from }) => Number(row[column]) === from + count);
    }
  }

  private nextChunk(): void {
    this.endChunk(this.rowsPerChunk);
    const rows = this.options.scan ? 1 : this.rowsPerChunk;
    this.chunk = new Float32Array(rows * this.columns);
  }

  /** Stores the filled chunk. */
  private endChunk(rows: number): void {
    if (!this.chunkIsBytes) this.bytes = false;
    if (!this.options.scan && this.count > 0) {
      const values = this.chunk.subarray(0, rows * this.columns);
      const kept = this.chunkIsBytes ? Uint8Array.from(values) : values.slice();
      this.chunks.push(kept);
      this.kept += kept.byteLength;
    }
    this.chunkIsBytes = true;
  }

  finish(): ParsedTable {
    const { file, bad } = this;
    if (this.width === 0) throw failure('RFF650', `${file} is empty`, { file });
    if (bad) {
      const message = `invalid label \`${bad.label}\`: expected an integer from 0`;
      throw wrong(file, bad.line, message, numbering(bad.all));
    }
    if (this.count === 0) throw failure('RFF650', `${file} has no samples`, { file });
    this.endChunk(((this.count - 1) % this.rowsPerChunk) + 1);
    this.checkIndex();
    return {
      rows: { columns: this.columns, rowsPerChunk: this.rowsPerChunk, chunks: this.chunks },
      labels: Int32Array.from(this.labels),
      begins: this.begins,
      ends: this.ends,
      range: { low: this.low, high: this.high, bytes: this.bytes },
      warnings: this.warnings,
    };
  }

  /** A column that counts the samples is neither a label nor a feature. */
  private checkIndex(): void {
    const { file, names, count } = this;
    for (const { column, from } of this.counting) {
      const name = names?.[column];
      const isIndex = count >= COUNTING_ROWS || (count > 1 && name !== undefined && INDEX_NAME.test(name));
      if (!isIndex) continue;
      const which = name ? `column \`${name}\`` : column === 0 ? 'the first column' : `column ${column + 1}`;
      const what = `${which} counts ${from}, ${from + 1}, ${from + 2}, …`;
      if (column !== this.labelColumn) {
        this.warnings.push({
          code: 'RFF672',
          severity: 'warning',
          file,
          message: `${file}: ${what}, so it is an index, not a feature`,
          hint: 'omit it; from pandas: `df.to_csv(file, index=False)`',
        });
      } else if (this.options.label === undefined) {
        const others = (names ?? []).filter((_, i) => i !== column).slice(0, 4);
        throw failure('RFF672', `${file}: ${what}, so it is an index, not a label`, {
          file,
          hint:
            others.length > 0
              ? `name the label's column: \`label: ${JSON.stringify(others[0])}\`; the columns are ` +
                `${others.join(', ')}, …`
              : 'put the label into the first column; from pandas: `df.to_csv(file, index=False)`',
        });
      }
    }
  }
}

function countingHeader(file: string, row: readonly string[], taken: boolean): Diagnostic {
  const first = `${file}: the first line is ${row.slice(0, 3).join(', ')}${row.length > 3 ? ', …' : ''}`;
  return {
    code: 'RFF673',
    severity: 'warning',
    file,
    message: taken ? `${first}: read as a header` : `${first}: read as a sample`,
    hint: taken
      ? 'write `header: on` to confirm, or `header: off` if it is a sample'
      : 'write `header: off` to confirm, or `header: on` if it names the columns',
  };
}
