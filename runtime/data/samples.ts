/**
 * Samples without labels, for prediction: images in an IDX file, PNG images (one, or a folder of them), or `x` of a safetensors
 * file. Images go through the normalization of the data that the network was trained on; tensors are taken as they are.
 */

import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataSpec } from '../../compiler/model.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import { elementCount, readSafetensors, readSafetensorsHeader, toFloat32 } from '../safetensors.js';
import { type DataOptions, floatSplit, imageSplit, pixelTable, type Records, type Split } from './dataset.js';
import type { GreyPicture } from './grey.js';
import { isGzip, parseIdx, readImageHeader, readMaybeGzip } from './idx.js';
import { normalization } from './options.js';
import { readPicture } from './picture.js';
import { fileRecords, memoryLimit, unreadable } from './records.js';

export interface Samples {
  readonly frames: number;
  readonly samples: Pick<Split, 'count' | 'gather'>;
  /** What each sample is called, where it is a file of its own. */
  readonly names?: readonly string[];
}

/** The network's side: its input, and the data it was trained on. */
export interface Wanted {
  readonly input: { readonly name: string; readonly size: number };
  readonly data: DataSpec;
}

/**
 * Reads samples for a network; the kind of file is told by its first bytes.
 * @throws RffcError RFF717 where they do not fit the network's input, RFF610, RFF613, RFF640, RFF641 or RFF670 for a file that
 * is not as it must be.
 */
export async function readSamples(path: string, wanted: Wanted, options: DataOptions = {}): Promise<Samples> {
  switch (await kindOf(path)) {
    case 'folder':
      return readPngFolder(path, wanted);
    case 'png':
      return pictureAsSamples(path, wanted);
    case 'idx':
      return readIdxImages(path, wanted, options);
    case 'tensors':
      return readTensors(path, wanted);
  }
}

async function kindOf(path: string): Promise<'folder' | 'png' | 'idx' | 'tensors'> {
  try {
    if ((await stat(path)).isDirectory()) return 'folder';
    const handle = await open(path);
    try {
      const head = Buffer.alloc(9);
      const { bytesRead } = await handle.read(head, 0, 9, 0);
      if (head.toString('latin1', 1, 4) === 'PNG') return 'png';
      // A safetensors file begins with eight bytes of length, which may look like IDX, and then its header's brace.
      const idx = bytesRead >= 4 && head.readUInt16BE(0) === 0 && head[2] === 8 && head[8] !== 0x7b;
      return idx || isGzip(head) ? 'idx' : 'tensors';
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function pictureAsSamples(file: string, wanted: Wanted): Promise<Samples> {
  const { width: columns, height: rows, pixels } = await readPicture(file);
  return imagesAsSamples({ rows, columns, pixels }, 1, undefined, file, wanted);
}

async function readPngFolder(folder: string, wanted: Wanted): Promise<Samples> {
  const names = (await readdir(folder))
    .filter((name) => /\.png$/i.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  if (names.length === 0) {
    throw failure('RFF717', `\`${folder}\` has no PNG images`, {
      file: folder,
      hint: 'their names end in .png; folders in it are not looked into',
    });
  }
  let first: GreyPicture | undefined;
  let pixels = new Uint8Array(0);
  for (const [i, name] of names.entries()) {
    const file = join(folder, name);
    const image = await readPicture(file);
    if (!first) {
      first = image;
      framesOf(image.height, image.width, file, wanted);
      pixels = new Uint8Array(names.length * image.pixels.length);
    }
    if (image.height !== first.height || image.width !== first.width) {
      const message = `${file} is ${image.width} × ${image.height}, the images before it are ${first.width} × ${first.height}`;
      throw failure('RFF670', message, { file, hint: 'images are not resized: give all of them one size' });
    }
    pixels.set(image.pixels, i * image.pixels.length);
  }
  return imagesAsSamples(
    { rows: first!.height, columns: first!.width, pixels },
    names.length,
    names,
    folder,
    wanted,
  );
}

async function readIdxImages(file: string, wanted: Wanted, options: DataOptions): Promise<Samples> {
  const header = await readImageHeader(file);
  const [count, rows, columns] = header.dimensions as [number, number, number];
  if (count === 0) throw failure('RFF717', `${file} holds no images`, { file });
  framesOf(rows, columns, file, wanted);
  const start = 4 + 4 * header.dimensions.length;
  const size = rows * columns;
  const streams =
    !header.gzip && header.bytes > memoryLimit(options) && header.bytes === start + count * size;
  const pixels = streams ? fileRecords(file, start, size) : parseIdx(await readMaybeGzip(file), 3, file).data;
  return imagesAsSamples({ rows, columns, pixels }, count, undefined, file, wanted);
}

function imagesAsSamples(
  { rows, columns, pixels }: { rows: number; columns: number; pixels: Uint8Array | Records },
  count: number,
  names: readonly string[] | undefined,
  file: string,
  wanted: Wanted,
): Samples {
  const frames = framesOf(rows, columns, file, wanted);
  const shape = { y: new Int32Array(count), frames, inputSize: wanted.input.size };
  return { frames, samples: imageSplit(pixels, shape, tableOf(wanted.data)), ...(names ? { names } : {}) };
}

/** An image is one frame, or a row a frame where the network reads rows. @throws RffcError RFF717 where it fits neither way. */
function framesOf(rows: number, columns: number, file: string, { input, data }: Wanted): number {
  if (rows * columns === input.size) return 1;
  if (data.name === 'row_mnist' && columns === input.size) return rows;
  const side = Math.sqrt(input.size);
  const size = Number.isInteger(side) ? ` of ${side} × ${side} pixels` : ` of ${input.size} pixels`;
  throw failure(
    'RFF717',
    `${file} is ${columns} × ${rows}, ${rows * columns} pixels, but \`input ${input.name}[${input.size}]\` takes ${input.size}`,
    {
      file,
      hint: `images are not resized: give images ${data.name === 'row_mnist' ? `${input.size} pixels wide` : size.trim()}`,
    },
  );
}

/** What a byte of an image is to a network trained on this data. */
function tableOf(data: DataSpec): Float32Array {
  // Values of one's own are taken as they are: what a byte means there is the owner's to say.
  if (data.name !== 'tensors' && data.name !== 'csv') return pixelTable(normalization(data));
  const { mean, std } = normalization(data);
  return Float32Array.from({ length: 256 }, (_, byte) => (byte - mean) / std);
}

/** `x` [N, d] or [N, frames, d]. */
async function readTensors(file: string, { input }: Wanted): Promise<Samples> {
  const { entries } = await readSafetensorsHeader(file);
  const described = entries.get('x');
  if (!described) {
    throw failure('RFF717', `\`${file}\` has no tensor \`x\``, {
      file,
      hint: `it has ${[...entries.keys()].slice(0, 8).join(', ') || 'none'}`,
    });
  }
  const { shape } = described;
  const [count = 0, frames = 0, width = 0] = shape.length === 2 ? [shape[0], 1, shape[1]] : shape;
  if (shape.length < 2 || shape.length > 3 || width !== input.size || elementCount(shape) === 0)
    throw misfit(file, shape, input);
  const x = (await readSafetensors(file)).tensors.get('x')!;
  const values = toFloat32(x);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const message = `\`x\` holds ${values[bad]} in sample ${Math.floor(bad / (frames * width))}`;
    throw failure('RFF717', message, { file });
  }
  return { frames, samples: floatSplit(values, new Int32Array(count), undefined, frames, width) };
}

function misfit(file: string, shape: readonly number[], { name, size }: Wanted['input']): RffcError {
  const wanted = `\`input ${name}[${size}]\` takes [N, ${size}] or [N, frames, ${size}], with at least one sample`;
  return failure('RFF717', `\`x\` is [${shape.join(', ')}], but ${wanted}`, { file });
}
