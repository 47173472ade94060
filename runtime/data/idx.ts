/**
 * The IDX format of MNIST's files (http://yann.lecun.com/exdb/mnist/): two zero bytes, an element type, a number of
 * dimensions, each dimension as a big-endian 32-bit integer, then the elements. Gzip is recognized by the first bytes.
 */

import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gunzipSync, constants as zlib } from 'node:zlib';
import { failure, RffcError } from '../../grammar/diagnostic.js';
import { readHead } from '../files.js';
import { kindOfFile } from '../kinds.js';
import type { Records } from './dataset.js';
import { FETCH_AGAIN, fileRecords, unreadable } from './records.js';

const UNSIGNED_BYTE = 0x08;
/** Far above any image file; protects against gzip bombs. */
const MAX_BYTES = 2 ** 31 - 1;

export interface IdxBytes {
  readonly dimensions: readonly number[];
  readonly data: Uint8Array;
}

/** The whole file, decompressed if it begins with gzip's magic number. @throws RffcError RFF613. */
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
 * The size of the content, from gzip's last four bytes, so that it is inflated in one go: several times as fast as in
 * chunks of 16 KiB. They may be wrong, so the size is clipped to the most that deflate can inflate to (1032 times).
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
    `${dimensions.join(' × ')} elements take ${expected} bytes after the header: found ${found}`,
    found < expected ? FETCH_AGAIN : undefined,
  );
}

function parseIdxHeader(bytes: Uint8Array, rank: number, file: string): number[] {
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) {
    const kind = kindOfFile(bytes);
    throw kind
      ? invalid(file, `found ${kind.what}`, kind.hint(file))
      : invalid(file, 'expected two zero bytes at the start', 'check that it is an IDX file');
  }
  if (bytes[2] !== UNSIGNED_BYTE) {
    throw invalid(
      file,
      `element type 0x${bytes[2]!.toString(16).padStart(2, '0')}: expected unsigned bytes (0x08)`,
    );
  }
  if (bytes[3] !== rank) {
    const expected = rank === 1 ? '1 for labels' : `${rank} for images`;
    throw invalid(file, `${bytes[3]} dimensions: expected ${expected}`);
  }
  if (bytes.length < 4 + 4 * rank) throw invalid(file, 'truncated header');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
}

function invalid(file: string, what: string, hint?: string): RffcError {
  return failure('RFF610', `${file} is not a valid IDX file: ${what}`, {
    file,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** An image file's dimensions [count, rows, columns], from its first bytes alone, and its size on disk. */
export interface ImageHeader {
  readonly dimensions: readonly number[];
  readonly bytes: number;
  readonly gzip: boolean;
}

/** Reads an image file's header. @throws RffcError RFF610, RFF613. */
export async function readImageHeader(file: string): Promise<ImageHeader> {
  try {
    const { head, bytes } = await readHead(file, 4096);
    const gzip = isGzip(head);
    // The beginning of a stream inflates to the beginning of the file.
    const header = gzip ? gunzipSync(head, { finishFlush: zlib.Z_SYNC_FLUSH }) : head;
    return { dimensions: parseIdxHeader(header, 3, file), bytes, gzip };
  } catch (error) {
    throw error instanceof RffcError ? error : unreadable(file, error);
  }
}

export interface LabelledImages<Pixels = Uint8Array | Records> {
  readonly rows: number;
  readonly columns: number;
  /** [count, rows, columns], in memory or as one record per image. */
  readonly pixels: Pixels;
  /** [count]. */
  readonly labels: Int32Array;
}

/**
 * Joins a split's two files.
 * @throws RffcError RFF610 for an invalid file, RFF611 if they do not match.
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
 * The same with the images on disk, whose header is `header`.
 * @throws RffcError as `joinImagesAndLabels`, and RFF614 for a compressed file, which does not allow random access.
 */
export function streamImagesAndLabels(
  { dimensions, bytes, gzip }: ImageHeader,
  labels: Uint8Array,
  imagesFile: string,
  labelsFile: string,
): LabelledImages<Records> {
  if (gzip) {
    throw failure('RFF614', `${imagesFile} is compressed and too large for memory`, {
      file: imagesFile,
      hint: `decompress it, to read it from disk: \`gunzip ${imagesFile}\``,
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
  if (rows === 0 || columns === 0) throw invalid(imagesFile, `images of ${rows} × ${columns} pixels`);
  if (label.dimensions[0] !== count) {
    throw failure(
      'RFF611',
      `${imagesFile} has ${count} images, ${labelsFile} has ${label.dimensions[0]} labels`,
      {
        file: labelsFile,
        hint: 'check that both files are from the same data set',
      },
    );
  }
  return { rows, columns, pixels, labels: Int32Array.from(label.data) };
}
