/** Pictures as samples: files, or IDX files of many, in the size that a network takes. */

import { failure } from '../../grammar/diagnostic.js';
import { imageSplit } from './dataset.js';
import { parseIdx, readImageHeader, readMaybeGzip } from './idx.js';
import type { Layout } from './measure.js';
import { readPicture } from './picture.js';
import type { PictureFile } from './picture-folder.js';
import { fileRecords, memoryLimit } from './records.js';
import { resized, type Size } from './resize.js';
import { counted, type Raw, type SampleOptions, type Wanted } from './source.js';
import { BYTES_AS_THEY_ARE } from './tensors.js';

/** Pictures one by one, each of the network's size, or brought to it. */
export async function readPictures(
  file: string,
  pictures: readonly PictureFile[],
  wanted: Wanted,
  { resize = false, invert = false }: SampleOptions,
): Promise<Raw> {
  const paper = invert ? 255 : 0;
  let pixels = new Uint8Array(0);
  let size: Size | undefined;
  for (const [i, { path }] of pictures.entries()) {
    const { width, height, pixels: own } = await readPicture(path, paper);
    const from = { rows: height, columns: width };
    const to = resize ? targetOf(wanted, path) : (size ?? from);
    if (!resize) checkSize(from, size, path, wanted);
    size ??= to;
    if (pixels.length === 0) pixels = new Uint8Array(pictures.length * to.rows * to.columns);
    pixels.set(isSize(from, to) ? own : resized(own, from, to).map(Math.round), i * to.rows * to.columns);
  }
  const { rows, columns } = size!;
  const labels = classLabels(pictures, wanted);
  return {
    ...pictureSplit(pixels, pictures.length, { rows, columns }, file, wanted),
    ...{ file, type: 'integer', source: 'images', part: 'test' },
    names: pictures.map(({ name }) => name),
    ...(labels ? { labels } : {}),
  };
}

/**
 * Labels of pictures in folders of classes: by the numbers that the folders are called by, or as they are counted where
 * the network learned from such folders, in the order of their names. Undefined where that does not tell them.
 */
function classLabels(pictures: readonly PictureFile[], { data, classes }: Wanted): Int32Array | undefined {
  const folders = [...new Set(pictures.map(({ folder }) => folder))];
  if (folders.includes(undefined)) return undefined;
  // They are listed in the order of their names.
  if (data.name === 'image_folder') {
    if (folders.length !== classes) return undefined;
    return Int32Array.from(pictures, ({ folder }) => folders.indexOf(folder));
  }
  if (!folders.every((folder) => /^\d+$/.test(folder!))) return undefined;
  return counted(
    Int32Array.from(pictures, ({ folder }) => Number(folder)),
    data,
  );
}

function pictureSplit(
  pixels: Parameters<typeof imageSplit>[0],
  count: number,
  { rows, columns }: Size,
  file: string,
  wanted: Wanted,
): Pick<Raw, 'frames' | 'split' | 'layout'> {
  const frames = framesOf({ rows, columns }, file, wanted);
  const shape = { y: new Int32Array(count), frames, inputSize: wanted.input.size };
  return { frames, split: imageSplit(pixels, shape, BYTES_AS_THEY_ARE), layout: { rows, columns } };
}

const isSize = (a: Size, b: Size) => a.rows === b.rows && a.columns === b.columns;
const shownSize = ({ rows, columns }: Size) => `${columns} × ${rows}`;

/** @throws RffcError RFF765 for a picture of another size than the network's, or than those before it. */
function checkSize(size: Size, before: Size | undefined, file: string, wanted: Wanted): void {
  if (before && !isSize(size, before)) {
    throw failure('RFF765', `${file} is ${shownSize(size)}, the images before it are ${shownSize(before)}`, {
      file,
      hint: RESIZE,
    });
  }
  framesOf(size, file, wanted);
}

const RESIZE = '`--resize` fits images into the size that the network was trained on';

/** The size of the network's pictures; undefined where it reads none that anyone knows. */
export function pictureSize({ input, data, trained }: Wanted): Size | undefined {
  const { rows, columns } = trained ?? {};
  const byRows = data.name === 'row_mnist';
  if (rows !== undefined && columns !== undefined) {
    if (rows * columns === input.size || (byRows && columns === input.size)) return { rows, columns };
  }
  if (byRows) return { rows: input.size, columns: input.size };
  const side = Math.sqrt(input.size);
  return Number.isInteger(side) ? { rows: side, columns: side } : undefined;
}

/** The size to bring pictures to. @throws RffcError RFF765 where the network has none. */
function targetOf(wanted: Wanted, file: string): Size {
  const size = pictureSize(wanted);
  if (size) return size;
  const { name, size: length } = wanted.input;
  throw failure(
    'RFF765',
    `cannot resize ${file}: \`input ${name}[${length}]\` is not a picture of known rows and columns`,
    {
      file,
      hint: `resize it to ${length} pixels with an image program`,
    },
  );
}

/**
 * An image is one frame, or a row a frame where the network reads rows. @throws RffcError RFF765 where it fits neither
 * way.
 */
export function framesOf(size: Size, file: string, wanted: Wanted): number {
  const { input, data, trained } = wanted;
  const { rows, columns } = size;
  const right = pictureSize(wanted);
  // A size that was only guessed from the number of values does not rule out others.
  const known = trained?.rows !== undefined && right !== undefined;
  if (known ? isSize(size, right) && rows * columns === input.size : rows * columns === input.size) return 1;
  if (data.name === 'row_mnist' && columns === input.size) return rows;
  const expected = right ? shownSize(right) : `${input.size} pixels`;
  throw failure('RFF765', `${file} is ${shownSize(size)}: the network takes ${expected}`, {
    file,
    hint: right ? `\`--resize\` fits it into ${expected}` : `resize it to ${input.size} pixels`,
  });
}

/** Where values in a row are a picture of the network's size. */
export function layoutOf(wanted: Wanted, length: number): Layout {
  const { rows, columns } = wanted.trained ?? {};
  return rows !== undefined && columns !== undefined && length % (rows * columns) === 0
    ? { rows, columns }
    : null;
}

/** Pictures of a split [count, 1, from] brought to another size as they are asked for. */
function resizedSplit(split: Raw['split'], from: Size, to: Size, whole: boolean): Raw['split'] {
  const [before, after] = [from.rows * from.columns, to.rows * to.columns];
  return {
    count: split.count,
    gather(indices, out) {
      const values = new Float32Array(indices.length * before);
      split.gather(indices, values);
      for (let i = 0; i < indices.length; i++) {
        const picture = resized(values.subarray(i * before, (i + 1) * before), from, to);
        out.set(whole ? picture.map(Math.round) : picture, i * after);
      }
    },
  };
}

export async function readIdx(file: string, wanted: Wanted, options: SampleOptions): Promise<Raw> {
  const header = await readImageHeader(file);
  const [count, rows, columns] = header.dimensions as [number, number, number];
  if (count === 0) throw failure('RFF717', `${file} holds no images`, { file });
  const size = { rows, columns };
  const start = 4 + 4 * header.dimensions.length;
  const streams =
    !header.gzip && header.bytes > memoryLimit(options) && header.bytes === start + count * rows * columns;
  if (!options.resize) framesOf(size, file, wanted);
  const pixels = streams
    ? fileRecords(file, start, rows * columns)
    : parseIdx(await readMaybeGzip(file), 3, file).data;
  const kind = { file, type: 'integer', source: 'idx', part: 'test' } as const;
  if (!options.resize) return { ...kind, ...pictureSplit(pixels, count, size, file, wanted) };
  const shape = { y: new Int32Array(count), frames: 1, inputSize: rows * columns };
  return { ...kind, ...fitted(imageSplit(pixels, shape, BYTES_AS_THEY_ARE), size, true, file, wanted) };
}

/** Pictures [count, rows · columns] in the network's size. */
export function fitted(
  split: Raw['split'],
  from: Size,
  whole: boolean,
  file: string,
  wanted: Wanted,
): Pick<Raw, 'frames' | 'split' | 'layout'> {
  const to = targetOf(wanted, file);
  const frames = framesOf(to, file, wanted);
  const one = isSize(from, to) ? split : resizedSplit(split, from, to, whole);
  return { frames, split: frames === 1 ? one : byRows(one, frames, to.columns), layout: to };
}

/** A split of one frame a sample, [count, frames · length], as frames. */
function byRows(split: Raw['split'], frames: number, length: number): Raw['split'] {
  return {
    count: split.count,
    gather(indices, out) {
      const values = new Float32Array(out.length);
      split.gather(indices, values);
      for (let i = 0; i < indices.length; i++) {
        for (let f = 0; f < frames; f++) {
          const from = (i * frames + f) * length;
          out.set(values.subarray(from, from + length), (f * indices.length + i) * length);
        }
      }
    },
  };
}
