/**
 * Samples of one's own for a trained network: pictures (one, a folder, folders of classes), IDX files, tables, NumPy's and
 * safetensors files. Whatever they come from, their numbers reach the network through the normalization of the data that it
 * was trained on, so the same picture gets the same answer from each.
 */

import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { DataSpec } from '../../compiler/model.js';
import { type Diagnostic, failure, type RffcError } from '../../grammar/diagnostic.js';
import { type Dtype, elementCount, type Tensor } from '../safetensors.js';
import { cells, parseCsv } from './csv.js';
import { type DataOptions, floatSplit, imageSplit, type Normalization, type Split } from './dataset.js';
import { isGzip, parseIdx, readImageHeader, readMaybeGzip } from './idx.js';
import { loadDataset } from './load.js';
import { type Layout, pictureWarnings, type Summary, summarize, type TrainedValues } from './measure.js';
import { isNpy, isZip, openNumpy } from './npy.js';
import { convertible, formatOf, PICTURE_HEAD, readPicture } from './picture.js';
import { listPictures, type PictureFile } from './picture-folder.js';
import { fileRecords, memoryLimit, unreadable } from './records.js';
import { resized, type Size } from './resize.js';
import {
  kindOfValues,
  mapOf,
  mapped,
  type NumberType,
  rangeWarnings,
  type Scale,
  scaleOf,
  seen,
  type ValueKind,
} from './scale.js';
import { BYTES_AS_THEY_ARE, openTensors, readLabels, type Source, valueSplit } from './tensors.js';

export interface Samples {
  readonly frames: number;
  /** As the network sees them. */
  readonly samples: Pick<Split, 'count' | 'gather'>;
  /** What each sample is called, where it is a file of its own. */
  readonly names?: readonly string[];
  /** True labels [count], where the source has them: classes from 0. */
  readonly labels?: Int32Array;
  readonly source: 'images' | 'idx' | 'csv' | 'tensors';
  readonly part: 'train' | 'test';
  /** What the source's numbers were taken for. */
  readonly values: ValueKind;
  readonly warnings: readonly Diagnostic[];
}

/** The network's side: its input and classes, and the data it was trained on. */
export interface Wanted {
  readonly input: { readonly name: string; readonly size: number };
  readonly classes?: number;
  readonly data: DataSpec;
  /** Absent for a run of an rffc that did not measure its training data. */
  readonly trained?: TrainedValues;
}

export interface SampleOptions extends DataOptions {
  /** What the source's numbers are; by default that is told by their type and range. */
  readonly values?: ValueKind;
  /** The normalization of the pictures that the network was trained on; by default its data set's. */
  readonly normalize?: Normalization;
  /** Pictures as negatives; transparent parts are then white paper before. */
  readonly invert?: boolean;
  /** Fit pictures of another size into the network's. */
  readonly resize?: boolean;
  /** Which part of a source that has two. */
  readonly part?: 'train' | 'test';
}

/** A source's own numbers. */
interface Raw extends Pick<Samples, 'frames' | 'names' | 'labels' | 'source' | 'part'> {
  readonly file: string;
  readonly split: Pick<Split, 'count' | 'gather'>;
  readonly type: NumberType;
  /** Known of pictures; values in a row may be one all the same. */
  readonly layout: Layout;
  /** Whether its reader has turned the pictures already. */
  readonly turned?: true;
  readonly warnings?: readonly Diagnostic[];
}

/**
 * Reads samples for a network; the kind of a file is told by its first bytes.
 * @throws RffcError RFF717 where they do not fit the network's input, RFF765 for pictures of another size, RFF761 for numbers
 * that are no pixels, and what the readers of the kinds of files throw
 */
export async function readSamples(
  path: string,
  wanted: Wanted,
  options: SampleOptions = {},
): Promise<Samples> {
  const { invert = false } = options;
  const raw = turnedAsTrained(await readRaw(path, wanted, options), wanted);
  const { file, split, frames, names, labels, source, part } = raw;
  if (split.count === 0) throw failure('RFF717', `${file} has no samples`, { file });
  checkLabels(raw, wanted);
  const inputSize = wanted.input.size;
  const layout = raw.layout ?? layoutOf(wanted, frames * inputSize);
  const summary = summarize(split, { frames, inputSize, layout, file });
  const scale = options.normalize ? { top: 255, ...options.normalize } : scaleOf(wanted.data);
  const kind = options.values ?? kindOfValues(scale, raw.type, summary, file);
  const map = mapOf(scale, kind, invert);
  return {
    ...{ frames, source, part, values: kind },
    samples: mapped(split, map),
    ...(names ? { names } : {}),
    ...(labels ? { labels } : {}),
    warnings: [
      ...(raw.warnings ?? []),
      ...warningsOf(raw, wanted, through(summary, map), scale, kind, invert),
    ],
  };
}

function warningsOf(
  { file, names }: Raw,
  { trained }: Wanted,
  summary: Summary,
  scale: Scale,
  kind: ValueKind,
  inverted: boolean,
): Diagnostic[] {
  // What pictures can hold is known without having seen the training data.
  const range = scale.top === 255 ? { min: seen(scale, 0), max: seen(scale, 255) } : trained;
  return [
    ...(range ? rangeWarnings(summary, range, { kind, scale, file }) : []),
    ...pictureWarnings(summary, trained, {
      file,
      inverted,
      nameOf: (sample) =>
        names?.[sample] ?? (summary.means.length === 1 ? basename(file) : `sample ${sample}`),
    }),
  ];
}

/** A summary of the values behind a map, which is straight. */
function through(summary: Summary, map: (value: number) => number): Summary {
  const [a, b] = [map(summary.min), map(summary.max)];
  return {
    ...summary,
    min: Math.min(a, b),
    max: Math.max(a, b),
    means: summary.means.map(map),
    borders: summary.borders?.map(map) ?? null,
  };
}

function checkLabels({ file, labels }: Raw, { classes }: Wanted): void {
  const at = labels && classes !== undefined ? labels.findIndex((y) => y < 0 || y >= classes) : -1;
  if (at < 0) return;
  throw failure(
    'RFF717',
    `${file}: label ${labels![at]} of sample ${at} is not one of the network's ${classes} classes`,
    {
      file,
      hint: `labels run from 0 to ${classes! - 1}`,
    },
  );
}

async function readRaw(path: string, wanted: Wanted, options: SampleOptions): Promise<Raw> {
  const kind = await kindOf(path);
  switch (kind) {
    case 'folder':
      return readFolder(path, wanted, options);
    case 'picture':
      return readPictures(path, [{ path, name: basename(path) }], wanted, options);
    case 'idx':
      return readIdx(path, wanted, options);
    case 'csv':
      return readTable(path, wanted);
    case 'numpy':
    case 'tensors':
      return readArrays(await openArrays(path, kind, options), wanted, options);
  }
}

/** The kinds of data sets that a source may be a part of. */
const KIN: Readonly<Record<Samples['source'], readonly string[]>> = {
  images: [],
  idx: ['idx'],
  csv: ['csv'],
  tensors: ['numpy'],
};

/** Pictures stored column by column, as EMNIST's, turned as the training data of the same kind were. */
function turnedAsTrained(raw: Raw, wanted: Wanted): Raw {
  const { data, input } = wanted;
  const { split, source, frames, turned } = raw;
  if (turned || frames !== 1 || data.options.transpose !== true || !KIN[source].includes(data.name))
    return raw;
  const size = pictureSize(wanted);
  if (!size) return raw;
  const { rows, columns } = size;
  return {
    ...raw,
    layout: size,
    split: {
      count: split.count,
      gather(indices, out) {
        const stored = new Float32Array(out.length);
        split.gather(indices, stored);
        for (let i = 0; i < out.length; i++) {
          const at = i % input.size;
          const [row, column] = [Math.floor(at / columns), at % columns];
          out[i] = stored[i - at + column * rows + row]!;
        }
      },
    },
  };
}

type FileKind = 'folder' | 'picture' | 'idx' | 'csv' | 'numpy' | 'tensors';

async function kindOf(path: string): Promise<FileKind> {
  let head: Buffer;
  try {
    if ((await stat(path)).isDirectory()) return 'folder';
    const handle = await open(path);
    try {
      head = Buffer.alloc(PICTURE_HEAD);
      head = head.subarray(0, (await handle.read(head, 0, head.length, 0)).bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  const format = formatOf(head);
  if (format === 'PNG' || format === 'JPEG') return 'picture';
  if (format) throw convertible(format, path);
  if (isNpy(head) || isZip(head)) return 'numpy';
  if (/\.csv(\.gz)?$/i.test(path)) return 'csv';
  // A safetensors file begins with eight bytes of length, which may look like IDX, and then its header's brace.
  const idx = head.length >= 4 && head.readUInt16BE(0) === 0 && head[2] === 8 && head[8] !== 0x7b;
  if (idx || isGzip(head)) return 'idx';
  // A damaged picture is told by its name; reading it says what is wrong.
  return /\.(png|jpe?g)$/i.test(path) ? 'picture' : 'tensors';
}

async function readFolder(folder: string, wanted: Wanted, options: SampleOptions): Promise<Raw> {
  const { pictures, warnings } = await listPictures(folder);
  if (pictures.length > 0) return { ...(await readPictures(folder, pictures, wanted, options)), warnings };
  return readIdxFolder(folder, wanted, options).catch((error: unknown) => {
    throw isMissing(error)
      ? failure('RFF717', `\`${folder}\` has no PNG or JPEG images, nor the IDX files of a data set`, {
          file: folder,
          hint:
            warnings[0]?.hint ??
            'name the folder with the images, or one that has a folder of images per class',
        })
      : error;
  });
}

const isMissing = (error: unknown) =>
  (error as Partial<RffcError>).diagnostics?.some(({ code }) => code === 'RFF602') === true;

/** What a byte is before any normalization: (b / 255 - 0) / (1 / 255) is b, exactly, in f32. */
const UNSCALED = [0, 1 / 255];

async function readIdxFolder(folder: string, { data }: Wanted, options: SampleOptions): Promise<Raw> {
  const { part = 'test' } = options;
  // How the images are turned and labels counted is as much the training data's as the normalization.
  const asTrained = data.name === 'idx' ? data.options : {};
  const spec = { name: 'idx', options: { ...asTrained, dir: folder, normalize: UNSCALED } };
  const dataset = await loadDataset(spec, options);
  const split = dataset[part];
  return {
    ...{
      file: folder,
      frames: dataset.frames,
      split,
      labels: split.y,
      type: 'integer',
      source: 'idx',
      part,
      turned: true,
    },
    layout: split.grid ?? null,
  };
}

/** Pictures one by one, each of the network's size, or brought to it. */
async function readPictures(
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
  const labels = classLabels(pictures, wanted.data);
  return {
    ...pictureSplit(pixels, pictures.length, { rows, columns }, file, wanted),
    ...{ file, type: 'integer', source: 'images', part: 'test' },
    names: pictures.map(({ name }) => name),
    ...(labels ? { labels } : {}),
  };
}

/** Labels of pictures in folders that are called by the numbers of their classes. */
function classLabels(pictures: readonly PictureFile[], data: DataSpec): Int32Array | undefined {
  if (!pictures.every(({ folder }) => folder !== undefined && /^\d+$/.test(folder))) return undefined;
  return counted(
    Int32Array.from(pictures, ({ folder }) => Number(folder)),
    data,
  );
}

/** Labels counted from 0, as the training data's were. */
function counted(labels: Int32Array, { options }: DataSpec): Int32Array {
  const first = options.first_label;
  return typeof first === 'number' ? labels.map((label) => label - first) : labels;
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
function pictureSize({ input, data, trained }: Wanted): Size | undefined {
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

/** An image is one frame, or a row a frame where the network reads rows. @throws RffcError RFF765 where it fits neither way. */
function framesOf(size: Size, file: string, wanted: Wanted): number {
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
function layoutOf(wanted: Wanted, length: number): Layout {
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

async function readIdx(file: string, wanted: Wanted, options: SampleOptions): Promise<Raw> {
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
function fitted(
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

/** A table with or without a column of labels, told apart by the number of columns. */
async function readTable(file: string, wanted: Wanted): Promise<Raw> {
  const { input, data } = wanted;
  const text = new TextDecoder().decode(await readMaybeGzip(file));
  const names = cells(text.split('\n').find((line) => line.trim() !== '') ?? '');
  const frames = framesOfLength(names.length, wanted) ?? framesOfLength(names.length - 1, wanted);
  if (frames === undefined) {
    throw failure(
      'RFF717',
      `${file} has ${names.length} columns, but \`input ${input.name}[${input.size}]\` takes ${input.size}`,
      {
        file,
        hint: `give ${input.size} columns, or ${input.size + 1} with the label`,
      },
    );
  }
  const labelled = names.length !== frames * input.size;
  const table = parseCsv(text, labelled ? labelColumn(names, data) : null, file);
  const count = table.labels.length;
  return {
    ...{ file, frames, type: 'real', source: 'csv', part: 'train', layout: null },
    split: floatSplit(table.values, new Int32Array(count), undefined, frames, input.size),
    ...(labelled ? { labels: counted(table.labels, data) } : {}),
  };
}

/** The label's column of a header: as in the training data, or by its usual names; else the first. */
function labelColumn(names: readonly string[], { options }: DataSpec): string | undefined {
  return [options.label, 'label', 'class', 'target', 'y'].find(
    (name): name is string => typeof name === 'string' && names.includes(name),
  );
}

/** How many frames so many values are to the network: pictures are read row by row where it reads rows. */
function framesOfLength(length: number, { input, data }: Wanted): number | undefined {
  if (length === input.size) return 1;
  return data.name === 'row_mnist' && length === input.size ** 2 ? input.size : undefined;
}

/** A file's arrays; `load` reads those of a NumPy file that are wanted. */
interface Arrays {
  readonly source: Source;
  load(names: readonly string[]): Promise<void>;
}

async function openArrays(file: string, kind: 'numpy' | 'tensors', options: DataOptions): Promise<Arrays> {
  if (kind === 'tensors') return { source: await openTensors(file, options), load: async () => {} };
  const { entries, read } = await openNumpy(file);
  const whole = new Map<string, Tensor>();
  const described = Array.from(
    entries,
    ([name, { dtype, shape }]) => [name, { dtype, shape, begin: 0, end: 0 }] as const,
  );
  return {
    source: { file, entries: new Map(described), whole },
    async load(names) {
      for (const name of names) if (entries.has(name)) whole.set(name, await read(name));
    },
  };
}

/** What arrays of samples are called, ours, and Keras' in mnist.npz. */
const ARRAYS = {
  train: ['x', 'train_x', 'x_train'],
  test: ['test_x', 'x_test'],
} as const;

/** Samples [N, d], [N, frames, d] or pictures [N, rows, columns]; a single one may come without N. */
async function readArrays({ source, load }: Arrays, wanted: Wanted, options: SampleOptions): Promise<Raw> {
  const { file, entries } = source;
  const { part, name } = arrayOf(source, options.part);
  const { dtype, shape } = entries.get(name)!;
  const { count, frames, picture } = shaped(name, shape, file, wanted, options);
  const type = numberType(dtype);
  const kind = { file, type, source: 'tensors', part } as const;
  const length = picture ? picture.rows * picture.columns : wanted.input.size;
  const labelName = name.includes('x') ? name.replace('x', 'y') : undefined;
  await load(labelName ? [name, labelName] : [name]);
  const y = new Int32Array(count);
  const split = valueSplit(source, name, { y, frames: picture ? 1 : frames, inputSize: length });
  const found = labelName && readLabels(source, labelName, count);
  const labels = found ? { labels: counted(found, wanted.data) } : {};
  if (picture) return { ...kind, ...labels, ...fitted(split, picture, type === 'integer', file, wanted) };
  return { ...kind, ...labels, frames, split, layout: null };
}

function arrayOf(
  { file, entries }: Source,
  part: 'train' | 'test' | undefined,
): { part: 'train' | 'test'; name: string } {
  const parts = part ? [part] : (['train', 'test'] as const);
  for (const one of parts) {
    const name = ARRAYS[one].slice(0, part ? undefined : 1).find((candidate) => entries.has(candidate));
    if (name) return { part: one, name };
  }
  // Nobody asked for a part: what is there to test on comes before what a network may have learned from.
  for (const one of ['test', 'train'] as const) {
    const name = part ? undefined : ARRAYS[one].find((candidate) => entries.has(candidate));
    if (name) return { part: one, name };
  }
  const names = [...entries.keys()];
  if (names.length === 1 && part !== 'test' && !/^(y|label)/.test(names[0]!))
    return { part: 'train', name: names[0]! };
  throw failure('RFF717', `\`${file}\` has no tensor \`${ARRAYS[part ?? 'train'][0]}\``, {
    file,
    hint: `it has ${names.slice(0, 8).join(', ') || 'none'}`,
  });
}

interface Shaped {
  readonly count: number;
  readonly frames: number;
  /** Rows and columns where each sample has them. */
  readonly picture?: Size;
}

/** How an array's dimensions are samples. @throws RffcError RFF717, RFF765. */
function shaped(
  name: string,
  shape: readonly number[],
  file: string,
  wanted: Wanted,
  { resize = false }: SampleOptions,
): Shaped {
  const { size } = wanted.input;
  const last = shape.at(-1)!;
  if (elementCount(shape) > 0) {
    if (shape.length === 2 && last === size) return { count: shape[0]!, frames: 1 };
    if (shape.length === 3 && last === size) return { count: shape[0]!, frames: shape[1]! };
    if (shape.length === 1 && framesOfLength(last, wanted))
      return { count: 1, frames: framesOfLength(last, wanted)! };
    if (shape.length === 2 && framesOfLength(last, wanted))
      return { count: shape[0]!, frames: framesOfLength(last, wanted)! };
    // Channels of one, first as in PyTorch or last as in Keras.
    const [count, rows, columns] =
      shape.length === 2
        ? [1, ...shape]
        : shape.length === 4 && shape[1] === 1
          ? [shape[0], shape[2], shape[3]]
          : shape.length === 4 && last === 1
            ? shape
            : shape.length === 3
              ? shape
              : [];
    if (count !== undefined) {
      const picture = { rows: rows!, columns: columns! };
      if ((resize && shape.length > 2) || rows! * columns! === size) return { count, frames: 1, picture };
      if (shape.length > 2 && pictureSize(wanted)) framesOf(picture, file, wanted);
    }
  }
  const { name: input } = wanted.input;
  const expected = `\`input ${input}[${size}]\` takes [N, ${size}] or [N, frames, ${size}], with at least one sample`;
  throw failure('RFF717', `\`${name}\` is [${shape.join(', ')}], but ${expected}`, { file });
}

function numberType(dtype: Dtype): NumberType {
  if (dtype === 'BOOL') return 'boolean';
  return /^(B?F)/.test(dtype) ? 'real' : 'integer';
}
