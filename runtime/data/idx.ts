/**
 * The IDX format of MNIST's files (http://yann.lecun.com/exdb/mnist/): two zero bytes, an element type, a number of
 * dimensions, each dimension as a big-endian 32-bit integer, then the elements. Gzipped or not, told by the first bytes.
 */

import { open, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gunzipSync, constants as zlib } from 'node:zlib';
import { failure, type RffcError } from '../../grammar/diagnostic.js';

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
    return isGzip(bytes) ? await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES }) : bytes;
  } catch (error) {
    throw unreadable(file, error);
  }
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** RFF613 for a file that the system or gzip refuses. */
export function unreadable(file: string, error: unknown): RffcError {
  const reason = error instanceof Error ? error.message : String(error);
  return failure('RFF613', `cannot read ${file}: ${reason}`, { file });
}

/**
 * An IDX file's content, a view into `bytes`.
 * @param rank the dimensions expected: 3 for images [count, rows, columns], 1 for labels [count].
 * @throws RffcError RFF610.
 */
export function parseIdx(bytes: Uint8Array, rank: number, file: string): IdxBytes {
  const dimensions = parseIdxHeader(bytes, rank, file);
  const start = 4 + 4 * rank;
  const expected = dimensions.reduce((product, size) => product * size, 1);
  if (bytes.length - start !== expected) {
    throw invalid(
      file,
      `${dimensions.join(' × ')} elements need ${expected} bytes after the header, it has ${bytes.length - start}`,
    );
  }
  return { dimensions, data: bytes.subarray(start) };
}

function parseIdxHeader(bytes: Uint8Array, rank: number, file: string): number[] {
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0)
    throw invalid(file, 'it does not begin with two zero bytes');
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

function invalid(file: string, what: string): RffcError {
  return failure('RFF610', `${file} is not a valid IDX file: ${what}`, { file });
}

/** Only the dimensions [count, rows, columns] of an image file, from its first bytes. @throws RffcError. */
export async function readImageDimensions(file: string): Promise<readonly number[]> {
  let head: Uint8Array;
  try {
    const handle = await open(file);
    try {
      const buffer = new Uint8Array(4096);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      head = buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
    if (isGzip(head)) head = gunzipSync(head, { finishFlush: zlib.Z_SYNC_FLUSH });
  } catch (error) {
    throw unreadable(file, error);
  }
  return parseIdxHeader(head, 3, file);
}

export interface LabelledImages {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  /** [count, rows, columns]. */
  readonly pixels: Uint8Array;
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
): LabelledImages {
  const image = parseIdx(images, 3, imagesFile);
  const label = parseIdx(labels, 1, labelsFile);
  const [count, rows, columns] = image.dimensions as [number, number, number];
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
  return { count, rows, columns, pixels: image.data, labels: Int32Array.from(label.data) };
}
