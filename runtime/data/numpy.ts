/**
 * `numpy("file.npz")`: arrays as NumPy and Keras save them, a data set in one .npz file or an array per .npy file.
 * Samples are x [N, d], pictures [N, rows, columns] or [N, …]; with `frames: on` the second dimension counts frames.
 * Values are taken as they are but for `normalize`. An array that does not fit memory stays on disk where it is not
 * compressed.
 */

import type { DataSpec } from '../../compiler/model.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import { elementCount, type Tensor, toFloat32, toInt32 } from '../safetensors.js';
import {
  type DataOptions,
  type Dataset,
  type DatasetDescription,
  type Grid,
  imageSplit,
  type Normalization,
  type Numbers,
  numberSplit,
  type Split,
  type SplitShape,
  transposedOrder,
} from './dataset.js';
import { classCount, countedFrom, firstLabel, labelWarnings, numbering } from './labels.js';
import { type NumpyEntry, type NumpyFile, numpyTensor, ONLY, openNumpy } from './npy.js';
import { isOn, normalization } from './options.js';
import { path } from './paths.js';
import { fileRecords, memoryLimit } from './records.js';
import { unscaledBytes } from './scales.js';

/** What samples and labels are called, in the order they are looked for; capitals count as small letters. */
export const TRAIN_NAMES = [
  ['x', 'y'],
  ['x_train', 'y_train'],
  ['train_x', 'train_y'],
  ['train_images', 'train_labels'],
  ['images', 'labels'],
  ['data', 'labels'],
  ['data', 'target'],
  ['arr_0', 'arr_1'],
] as const;
export const TEST_NAMES = [
  ['x_test', 'y_test'],
  ['test_x', 'test_y'],
  ['test_images', 'test_labels'],
  ['arr_2', 'arr_3'],
] as const;

function misfit(file: string, what: string, hint?: string): RffcError {
  return failure('RFF618', `${file}: ${what}`, { file, ...(hint === undefined ? {} : { hint }) });
}

/** An array in a file. */
interface Stored {
  readonly source: NumpyFile;
  readonly name: string;
  readonly entry: NumpyEntry;
}

function arrayOf(source: NumpyFile, wanted: string): Stored | undefined {
  for (const [name, entry] of source.entries)
    if (name.toLowerCase() === wanted) return { source, name, entry };
  for (const [name, error] of source.unreadable) if (name.toLowerCase() === wanted) throw error;
  return undefined;
}

function listed({ entries }: NumpyFile): string {
  return [...entries].map(([name, { shape }]) => `\`${name}\` [${shape.join(', ')}]`).join(', ') || 'none';
}

/** Samples and labels of one split, the labels in a file of their own where one is named. */
async function findPair(
  source: NumpyFile,
  labels: string | undefined,
  names: readonly (readonly [string, string])[],
): Promise<{ x: Stored; y: Stored } | undefined> {
  const own = labels === undefined ? undefined : await openNumpy(labels);
  for (const [xName, yName] of names) {
    const x = arrayOf(source, xName);
    if (!x) continue;
    const y = own ? onlyLabels(own, yName) : arrayOf(source, yName);
    if (y) return { x, y };
  }
  return undefined;
}

/** The array of a file of labels: its only one, or the one that is called so. */
function onlyLabels(source: NumpyFile, name: string): Stored {
  const found =
    source.entries.size === 1
      ? arrayOf(source, [...source.entries.keys()][0]!.toLowerCase())
      : arrayOf(source, name);
  if (!found) throw misfit(source.file, `no array \`${name}\` of labels: it has ${listed(source)}`);
  return found;
}

/** The samples to train on, and their labels. @throws RffcError RFF603, RFF613, RFF615, RFF618. */
export async function trainPair(spec: DataSpec, options: DataOptions): Promise<{ x: Stored; y: Stored }> {
  const source = await openNumpy(path(spec, 'file', options));
  const labels = spec.options.labels === undefined ? undefined : path(spec, 'labels', options);
  const pair = await findPair(source, labels, TRAIN_NAMES);
  if (pair) return pair;
  const onlyOne = source.entries.size === 1 && source.entries.has(ONLY);
  throw misfit(
    source.file,
    onlyOne ? 'one array of samples, and no labels' : `no arrays \`x\` and \`y\`: it has ${listed(source)}`,
    onlyOne
      ? 'name the file of the labels: `labels: "y.npy"`'
      : 'save them by name: np.savez(file, x=x, y=y)',
  );
}

async function testPair(
  spec: DataSpec,
  options: DataOptions,
  train: NumpyFile,
): Promise<{ x: Stored; y: Stored } | undefined> {
  const { test } = spec.options;
  const labels = spec.options.test_labels === undefined ? undefined : path(spec, 'test_labels', options);
  if (test === undefined) return findPair(train, labels, TEST_NAMES);
  const source = await openNumpy(path(spec, 'test', options));
  const pair = await findPair(source, labels, [...TEST_NAMES, ...TRAIN_NAMES]);
  if (pair) return pair;
  throw misfit(
    source.file,
    `no labels for the test split: it has ${listed(source)}`,
    'name their file: `test_labels: "y_test.npy"`',
  );
}

interface Sizes {
  readonly frames: number;
  readonly inputSize: number;
  /** A sample's picture, where it is one. */
  readonly picture: Omit<Grid, 'background'> | undefined;
}

/** @throws RffcError RFF618 where the shape is no samples'. */
function sizesOf({ source, name, entry: { shape } }: Stored, framed: boolean): Sizes {
  const [count, ...sample] = shape;
  const frames = framed ? (sample.shift() ?? 0) : 1;
  const inputSize = elementCount(sample);
  if (count === undefined || sample.length === 0 || inputSize === 0 || frames === 0) {
    const expected = framed ? '[N, frames, d]' : '[N, d] or [N, rows, columns]';
    throw misfit(source.file, `\`${name}\` is [${shape.join(', ')}]: expected ${expected}`);
  }
  return { frames, inputSize, picture: framed ? undefined : pictureOf(sample) };
}

function pictureOf(sample: readonly number[]): Sizes['picture'] {
  const [a, b, c] = sample as [number, number, number];
  if (sample.length === 2) return { planes: 1, rows: a, columns: b };
  if (sample.length !== 3) return undefined;
  if (c === 1) return { planes: 1, rows: a, columns: b };
  // Colours that come last are no planes; such a sample is its values in their order.
  return a <= 4 && c > 4 ? { planes: a, rows: b, columns: c } : undefined;
}

/** Loads `numpy`; classes are one more than the highest label. @throws RffcError RFF603, RFF613 to RFF618. */
export async function loadNumpy(spec: DataSpec, options: DataOptions): Promise<Dataset> {
  const scale = normalization(spec);
  const framed = isOn(spec, 'frames');
  const first = firstLabel(spec);
  const train = await trainPair(spec, options);
  const test = await testPair(spec, options, train.x.source);
  const { frames, inputSize, picture } = sizesOf(train.x, framed);
  const turned = isOn(spec, 'transpose') ? turnedPicture(train.x, picture, inputSize) : undefined;
  const grid = turned ? { ...turned, rows: turned.columns, columns: turned.rows } : picture;
  const order = turned && transposedOrder(turned);
  const load = async ({ x, y }: { x: Stored; y: Stored }): Promise<Split> => {
    const labels = countedFrom(first, await readLabels(y, x.entry.shape[0]!), y.source.file);
    return readSplit(x, { y: labels, frames, inputSize, order }, grid, scale, options);
  };
  const trainSplit = await load(train);
  if (trainSplit.count === 0) throw misfit(train.x.source.file, `\`${train.x.name}\` has no samples`);
  if (test) {
    const other = sizesOf(test.x, framed);
    if (other.frames !== frames || other.inputSize !== inputSize) {
      const shapes = [train.x, test.x].map(({ name, entry }) => `\`${name}\` is [${entry.shape.join(', ')}]`);
      throw misfit(test.x.source.file, `${shapes.join(', ')}: expected samples of one shape`);
    }
  }
  const testSplit = test
    ? await load(test)
    : imageSplit(new Uint8Array(0), { y: new Int32Array(0), frames, inputSize }, byteTable(scale));
  return {
    name: spec.name,
    inputSize,
    classes: classCount(trainSplit.y, testSplit.y),
    frames,
    train: trainSplit,
    test: testSplit,
    warnings: [
      ...labelWarnings(spec, trainSplit.y, testSplit.y),
      ...(train.x.entry.dtype === 'U8' ? unscaledBytes(spec, train.x.source.file) : []),
    ],
  };
}

/** The picture to transpose; values in a row are taken for a square one. @throws RffcError RFF618 for other data. */
function turnedPicture(
  { source, name, entry }: Stored,
  picture: Sizes['picture'],
  inputSize: number,
): Omit<Grid, 'background'> {
  const side = Math.sqrt(inputSize);
  if (picture) return picture;
  if (Number.isInteger(side)) return { planes: 1, rows: side, columns: side };
  const message =
    `\`${name}\` is [${entry.shape.join(', ')}], which \`transpose\` cannot turn: expected [N, rows, ` +
    'columns]';
  throw misfit(source.file, message);
}

async function readSplit(
  x: Stored,
  shape: SplitShape,
  picture: Sizes['picture'],
  scale: Normalization,
  options: DataOptions,
): Promise<Split> {
  const { source, name, entry } = x;
  const held =
    elementCount(entry.shape) * entry.width <= memoryLimit(options) ? await source.read(name) : undefined;
  if (entry.dtype === 'U8') {
    const table = byteTable(scale);
    const grid = picture && { ...picture, background: table[0]! };
    const bytes = held ? bytesOf(held) : recordsOf(x);
    return imageSplit(bytes, { ...shape, grid }, table);
  }
  const grid = picture && { ...picture, background: (0 - scale.mean) / scale.std };
  const numbers = held ? heldNumbers(x, toFloat32(held), shape) : streamedNumbers(x, shape);
  return numberSplit(numbers, { ...shape, grid }, scale);
}

/** What each byte becomes. */
function byteTable({ mean, std }: Normalization): Float32Array {
  return Float32Array.from({ length: 256 }, (_, byte) => (byte - mean) / std);
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A sample's bytes as they are in the file. @throws RffcError RFF614 where they are not one after another. */
function recordsOf({ source: { file }, name, entry }: Stored) {
  const { position, fortran, shape, width } = entry;
  if (position === null || (fortran && shape.length > 1)) {
    const how = position === null ? 'compressed' : 'stored column by column';
    throw failure('RFF614', `\`${name}\` in ${file} is too large for this machine's memory, and ${how}`, {
      file,
      hint: 'save it with np.savez(file, x=np.ascontiguousarray(x), y=y): it is then read from disk as it is needed',
    });
  }
  return fileRecords(file, position, elementCount(shape.slice(1)) * width);
}

function checkFinite(values: ArrayLike<number>, { source, name }: Stored, sample: number): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw misfit(
      source.file,
      `\`${name}\` holds ${values[i]} in sample ${sample}`,
      'every value must be a finite number: np.nan_to_num(x) replaces them',
    );
  }
}

function heldNumbers(x: Stored, values: Float32Array, { y, frames, inputSize }: SplitShape): Numbers {
  const size = frames * inputSize;
  const read = (index: number) => values.subarray(index * size, (index + 1) * size);
  for (let sample = 0; sample < y.length; sample++) checkFinite(read(sample), x, sample);
  return { open: () => ({ read }) };
}

function streamedNumbers(x: Stored, { frames, inputSize }: SplitShape): Numbers {
  const records = recordsOf(x);
  return {
    open() {
      const { read, close } = records.open();
      return {
        read(index) {
          const values = toFloat32(numpyTensor(read(index), x.entry, [frames * inputSize]));
          checkFinite(values, x, index);
          return values;
        },
        close,
      };
    },
  };
}

/** Labels [N] from [N], [N, 1], or one-hot [N, classes]. @throws RffcError RFF618, RFF643. */
async function readLabels({ source, name, entry }: Stored, count: number): Promise<Int32Array> {
  const { file } = source;
  const [labels, columns = 1, ...more] = entry.shape;
  if (labels !== count || more.length > 0) {
    throw misfit(
      file,
      `\`${name}\` is [${entry.shape.join(', ')}]: expected one label per sample, [${count}]`,
      'do samples and labels come from the same data set?',
    );
  }
  const values = toInt32(await source.read(name), `\`${name}\` in ${file}`);
  if (columns !== 1) return fromOneHot(values, count, columns, name, file);
  if (values.some((label) => label < 0)) {
    throw misfit(
      file,
      `\`${name}\` holds the label ${values.find((label) => label < 0)}: labels count from 0`,
      numbering(new Set([...values].map(String))),
    );
  }
  return values;
}

function fromOneHot(
  values: Int32Array,
  count: number,
  columns: number,
  name: string,
  file: string,
): Int32Array {
  return Int32Array.from({ length: count }, (_, sample) => {
    const row = values.subarray(sample * columns, (sample + 1) * columns);
    const label = row.indexOf(1);
    if (label >= 0 && row.every((value, i) => value === (i === label ? 1 : 0))) return label;
    throw misfit(file, `\`${name}\` [${count}, ${columns}] is not one-hot in sample ${sample}`);
  });
}

/** Frames and input size from the headers alone. @throws RffcError as `loadNumpy`. */
export async function describeNumpy(spec: DataSpec, options: DataOptions): Promise<DatasetDescription> {
  const { x } = await trainPair(spec, options);
  const { frames, inputSize } = sizesOf(x, isOn(spec, 'frames'));
  return { frames, inputSize };
}
