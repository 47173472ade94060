/**
 * The IDX format of MNIST's files (http://yann.lecun.com/exdb/mnist/): two zero bytes, an element type, a number of
 * dimensions, each dimension as a big-endian 32-bit integer, then the elements. Gzipped or not, told by the first
 * bytes.
 */

import { open, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gunzipSync, constants as zlib } from 'node:zlib';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import type { Records } from './dataset.js';
import { kindOfFile } from './kinds.js';
import { FETCH_AGAIN, fileRecords, unreadable } from './records.js';

const UNSIGNED_BYTE = 0x08;
/** Far above any image file; a gzip bomb stops here. */
const MAX_BYTES = 2 ** 31 - 1;

export interface IdxBytes {
  readonly dimensions: readonly number[];
  readonly data: Uint8Array;
}

/** The whole file, decompressed where gzip's magic number begins it. @throws RffcError RFF613. */
export async function readMaybeGzip(file: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(file);
    if (!isGzip(bytes)) return bytes;
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES, chunkSize: inflatedSize(bytes) });
  } catch (error) {
    throw unreadable(file, error);
  }
}

/**
 * Room for the whole content, from gzip's last four bytes, so that it is inflated in one go: several times as fast as
 * in pieces of 16 KiB. They may lie, but no more than deflate can inflate (1032 times) is believed.
 */
function inflatedSize(bytes: Buffer): number {
  const claimed = bytes.length >= 18 ? bytes.readUInt32LE(bytes.length - 4) : 0;
  return Math.max(2 ** 14, Math.min(claimed + 1, 1032 * bytes.length, 2 ** 28));
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * An IDX file's content, a view into `bytes`.
 * @param rank the dimensions expected: 3 for images [count, rows, columns], 1 for labels [count].
 * @throws RffcError RFF610.
 */
export function parseIdx(bytes: Uint8Array, rank: number, file: string): IdxBytes {
  const dimensions = parseIdxHeader(bytes, rank, file);
  const start = 4 + 4 * rank;
  checkSize(dimensions, bytes.length - start, file);
  return { dimensions, data: bytes.subarray(start) };
}

function checkSize(dimensions: readonly number[], found: number, file: string): void {
  const expected = dimensions.reduce((product, size) => product * size, 1);
  if (found === expected) return;
  throw invalid(
    file,
    `${dimensions.join(' × ')} elements need ${expected} bytes after the header, it has ${found}`,
    found < expected ? FETCH_AGAIN : undefined,
  );
}

function parseIdxHeader(bytes: Uint8Array, rank: number, file: string): number[] {
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) {
    const kind = kindOfFile(bytes);
    throw kind
      ? invalid(file, `it is ${kind.what}`, kind.hint(file))
      : invalid(file, 'it does not begin with two zero bytes', 'is it another kind of file?');
  }
  if (bytes[2] !== UNSIGNED_BYTE) {
    throw invalid(
      file,
      `its elements are of type 0x${bytes[2]!.toString(16).padStart(2, '0')}, not unsigned bytes (0x08)`,
    );
  }
  if (bytes[3] !== rank) {
    const expected = rank === 1 ? '1 as labels have' : `${rank} as images have`;
    throw invalid(file, `it has ${bytes[3]} dimensions, not ${expected}`);
  }
  if (bytes.length < 4 + 4 * rank) throw invalid(file, 'it ends within its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
}

function invalid(file: string, what: string, hint?: string): RffcError {
  return failure('RFF610', `${file} is not a valid IDX file: ${what}`, {
    file,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** An image file's dimensions [count, rows, columns], from its first bytes alone, and how it lies on disk. */
export interface ImageHeader {
  readonly dimensions: readonly number[];
  readonly bytes: number;
  readonly gzip: boolean;
}

/** Reads an image file's header. @throws RffcError RFF610, RFF613. */
export async function readImageHeader(file: string): Promise<ImageHeader> {
  let head: Uint8Array;
  let bytes: number;
  try {
    const handle = await open(file);
    try {
      bytes = (await handle.stat()).size;
      const buffer = new Uint8Array(4096);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      head = buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  const gzip = isGzip(head);
  if (!gzip) return { dimensions: parseIdxHeader(head, 3, file), bytes, gzip };
  try {
    head = gunzipSync(head, { finishFlush: zlib.Z_SYNC_FLUSH });
  } catch (error) {
    throw unreadable(file, error);
  }
  return { dimensions: parseIdxHeader(head, 3, file), bytes, gzip };
}

export interface LabelledImages<Pixels = Uint8Array | Records> {
  readonly rows: number;
  readonly columns: number;
  /** [count, rows, columns], in memory or as records of an image each. */
  readonly pixels: Pixels;
  /** [count]. */
  readonly labels: Int32Array;
}

/**
 * Joins a split's two files.
 * @throws RffcError RFF610 for an invalid file, RFF611 where they do not belong together.
 */
export function joinImagesAndLabels(
  images: Uint8Array,
  labels: Uint8Array,
  imagesFile: string,
  labelsFile: string,
): LabelledImages<Uint8Array> {
  const { dimensions, data } = parseIdx(images, 3, imagesFile);
  return withLabels(dimensions, data, labels, imagesFile, labelsFile);
}

/**
 * The same with the images left on disk, whose header is `header`.
 * @throws RffcError as `joinImagesAndLabels`, and RFF614 for a compressed file, which cannot be read by position.
 */
export function streamImagesAndLabels(
  { dimensions, bytes, gzip }: ImageHeader,
  labels: Uint8Array,
  imagesFile: string,
  labelsFile: string,
): LabelledImages<Records> {
  if (gzip) {
    throw failure('RFF614', `${imagesFile} is too large for this machine's memory, and compressed`, {
      file: imagesFile,
      hint: `decompress it (\`gunzip ${imagesFile}\`): it is then read from disk as it is needed`,
    });
  }
  const pixels = dimensions.slice(1).reduce((product, size) => product * size, 1);
  const start = 4 + 4 * dimensions.length;
  checkSize(dimensions, bytes - start, imagesFile);
  return withLabels(dimensions, fileRecords(imagesFile, start, pixels), labels, imagesFile, labelsFile);
}

function withLabels<Pixels>(
  dimensions: readonly number[],
  pixels: Pixels,
  labels: Uint8Array,
  imagesFile: string,
  labelsFile: string,
): LabelledImages<Pixels> {
  const label = parseIdx(labels, 1, labelsFile);
  const [count, rows, columns] = dimensions as [number, number, number];
  if (rows === 0 || columns === 0) throw invalid(imagesFile, `its images are ${rows} × ${columns}`);
  if (label.dimensions[0] !== count) {
    throw failure(
      'RFF611',
      `${imagesFile} has ${count} images, ${labelsFile} has ${label.dimensions[0]} labels`,
      {
        file: labelsFile,
        hint: 'do the two files come from the same data set?',
      },
    );
  }
  return { rows, columns, pixels, labels: Int32Array.from(label.data) };
}
