/** A CSV file's lines, streamed, so that a file may be longer than a string. Quoted cells are split by csv-parse. */

import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse/sync';
import { failure, RffcError } from '../../grammar/diagnostic.js';
import { readHead } from '../files.js';
import { kindOfFile, SNIFFED_BYTES } from '../kinds.js';
import { isGzip } from './idx.js';
import { unreadablePath } from './instead.js';
import { unreadable } from './records.js';

const NEWLINE = 10;
const CHUNK_BYTES = 2 ** 20;
/** Longer than any line of numbers; reading a file without line ends stops here. */
const MAX_LINE_BYTES = 2 ** 28;

export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Byte range [first, end) in the decompressed file. */
  readonly begin: number;
  readonly end: number;
}

/** RFF650 at a line. */
export function wrong(file: string, line: number, what: string, hint?: string): RffcError {
  return failure('RFF650', `${file}, line ${line}: ${what}`, {
    file,
    ...(hint === undefined ? {} : { hint }),
  });
}

/**
 * A line's cells, without quotes and the white space around them. Lines without quotes are split here: MNIST as CSV is
 * read at 54 MB/s so, and at 10 MB/s by csv-parse, even where it streams the whole file.
 *
 * @throws CsvError for quotes that are left open.
 */
export function cells(line: string): string[] {
  if (!line.includes('"')) return line.split(',').map((cell) => cell.trim());
  const [found = []] = parse(line, {
    relax_quotes: true,
    relax_column_count: true,
    trim: true,
  }) as string[][];
  return found;
}

/** The cells of a file's line. @throws RffcError RFF650. */
export function cellsOf({ text, number }: Line, file: string): string[] {
  try {
    return cells(text);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw wrong(file, number, 'unclosed quote', 'double a quote that is within quotes');
  }
}

/**
 * A file's kind and size, before it is read. @throws RffcError RFF613 if it cannot be read, RFF650 for another kind
 * of file.
 */
export async function inspectCsv(file: string): Promise<{ bytes: number; gzip: boolean }> {
  const { head, bytes } = await readHead(file, SNIFFED_BYTES).catch(async (error) => {
    throw await unreadablePath(file, error);
  });
  if (isGzip(head)) return { bytes, gzip: true };
  const kind = kindOfFile(head);
  if (kind && kind.dataset !== 'csv')
    throw failure('RFF650', `${file} is not a CSV file but ${kind.what}`, { file, hint: kind.hint(file) });
  return { bytes, gzip: false };
}

/** Joins lines within an open quote. */
class QuotedLines {
  private begun: Line | undefined;

  add(line: Line): Line | undefined {
    const whole = this.begun
      ? { ...this.begun, text: `${this.begun.text}\n${line.text}`, end: line.end }
      : line;
    const open = whole.text.includes('"') && whole.text.split('"').length % 2 === 0;
    this.begun = open ? whole : undefined;
    return open ? undefined : whole;
  }

  /** A line with an unclosed quote. */
  rest(): Line | undefined {
    return this.begun;
  }
}

/** A text's lines. */
export function* linesOf(text: string): Generator<Line> {
  const quoted = new QuotedLines();
  let number = 0;
  for (const part of text.replace(/^\ufeff/, '').split(/\r?\n/)) {
    number++;
    const line = quoted.add({ text: part, number, begin: 0, end: 0 });
    if (line) yield line;
  }
  const rest = quoted.rest();
  if (rest) yield rest;
}

/** A file's lines, decompressed if gzipped. @throws RffcError RFF613, RFF650. */
export async function* readLines(file: string, gzip: boolean): AsyncGenerator<Line> {
  const raw = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  const stream = gzip ? raw.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : raw;
  // `pipe` does not forward errors.
  if (stream !== raw) raw.on('error', (error) => stream.destroy(error));
  const quoted = new QuotedLines();
  let number = 0;
  let begin = 0;
  let pending: Buffer = Buffer.alloc(0);
  const lineOf = (bytes: Buffer, end: number): Line | undefined => {
    number++;
    const text = bytes.toString('utf8').replace(number === 1 ? /^\ufeff|\r$/g : /\r$/, '');
    const line = quoted.add({ text, number, begin, end });
    begin = end + 1;
    return line;
  };
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        const part = chunk.subarray(from, at);
        const bytes = pending.length > 0 ? Buffer.concat([pending, part]) : part;
        pending = Buffer.alloc(0);
        from = at + 1;
        const line = lineOf(bytes, begin + bytes.length);
        if (line) yield line;
      }
      pending = Buffer.concat([pending, chunk.subarray(from)]);
      if (pending.length > MAX_LINE_BYTES)
        throw wrong(file, number + 1, 'line too long', 'check that it is a CSV file');
    }
  } catch (error) {
    throw error instanceof RffcError ? error : unreadable(file, error);
  } finally {
    raw.destroy();
    stream.destroy();
  }
  if (pending.length > 0) {
    const line = lineOf(pending, begin + pending.length);
    if (line) yield line;
  }
  const rest = quoted.rest();
  if (rest) yield rest;
}
