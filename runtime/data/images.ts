/**
 * Data sets of labelled images in IDX files: `mnist`, `fashion_mnist`, `row_mnist`, and `idx("dir")` of any image size.
 */

import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DataSpec } from '../../compiler/model.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import {
  type DataOptions,
  type Dataset,
  type DatasetDescription,
  imageSplit,
  pixelTable,
  transposedOrder,
} from './dataset.js';
import { asPrefix, dataFolder, findIdxFiles, type RoleFiles, withRaw } from './folders.js';
import {
  type ImageHeader,
  joinImagesAndLabels,
  type LabelledImages,
  parseIdx,
  readImageHeader,
  readMaybeGzip,
  streamImagesAndLabels,
} from './idx.js';
import { callThatReads } from './instead.js';
import { KNOWN, type KnownName, ROLES, type Role } from './known.js';
import { classCount, countedFrom, firstLabel, labelWarnings } from './labels.js';
import { isOn, normalization } from './options.js';
import { path } from './paths.js';
import { memoryLimit } from './records.js';

const KNOWN_CLASSES = 10;

/** What torchvision calls the folders of its copies. */
const TORCHVISION: Readonly<Record<KnownName, string>> = { mnist: 'MNIST', fashion_mnist: 'FashionMNIST' };

/** Where a published data set's files are looked for, in this order. */
function knownFolders(name: KnownName, options: DataOptions): string[] {
  const folder = dataFolder(options.dataDir);
  return [...withRaw(join(folder, name)), join(folder, TORCHVISION[name], 'raw'), ...withRaw(folder)];
}

/** Where a published data set's files were found. @throws RffcError RFF602 naming the folders looked in. */
async function locateKnown(name: KnownName, options: DataOptions): Promise<RoleFiles> {
  const tried = knownFolders(name, options);
  let partial: { folder: string; missing: readonly Role[] } | undefined;
  for (const folder of tried) {
    const found = (await findIdxFiles(folder)).get('');
    if (found?.missing.length === 0) return found.files as RoleFiles;
    if (found) partial ??= { folder, missing: found.missing };
  }
  const [first, , torchvision, root] = tried;
  const what = partial
    ? `${partial.folder} lacks ${partial.missing.map((role) => `${KNOWN[name].files[role].name}[.gz]`).join(', ')}`
    : `looked in ${first}, ${torchvision} and ${root}`;
  throw failure('RFF602', `the files of ${name} are missing: ${what}`, {
    file: partial?.folder ?? first!,
    hint: `run \`rffc data fetch ${name}\`, or name the folder that has them with --data-dir or RFFC_DATA`,
  });
}

/** A published file's decompressed bytes, known to be the true ones. @throws RffcError RFF612, RFF613. */
async function readKnown(name: KnownName, role: Role, file: string): Promise<Uint8Array> {
  const expected = KNOWN[name].files[role];
  const bytes = await readMaybeGzip(file);
  const problem =
    bytes.length !== expected.bytes
      ? `it has ${bytes.length} bytes decompressed, not ${expected.bytes}`
      : contentProblem(name, role, bytes);
  if (problem) {
    throw failure('RFF612', `${file} is not ${name}'s ${role} file: ${problem}`, {
      file,
      hint:
        `run \`rffc data fetch ${name}\` for the published files; for data of your own write ` +
        `idx("${dirname(file)}")`,
    });
  }
  return bytes;
}

function contentProblem(name: KnownName, role: Role, bytes: Uint8Array): string | null {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === KNOWN[name].files[role].sha256) return null;
  const other = Object.entries(KNOWN).find(([, { files }]) => files[role].sha256 === found);
  return other ? `it is ${other[0]}'s` : 'its SHA-256 differs from the published one';
}

/**
 * Where the files of `idx("dir")` are: in the folder, or in its `raw`; where a folder has several sets of four files,
 * those whose names begin as the path ends, as `emnist/emnist-letters`.
 * @throws RffcError RFF602 with what there is instead.
 */
async function locateFolder(spec: DataSpec, options: DataOptions): Promise<RoleFiles> {
  const given = path(spec, 'dir', options);
  const found = await stat(given).catch(() => null);
  if (found?.isFile()) throw await notAFolder(given);
  const { folder, prefix } = found ? { folder: given, prefix: '' } : asPrefix(given);
  const fits = (name: string) =>
    prefix === '' || name === prefix || /^[-_.]$/.test(name.slice(prefix.length));
  const complete = new Map<string, RoleFiles>();
  let partial: { prefix: string; missing: readonly Role[] } | undefined;
  for (const candidate of withRaw(folder)) {
    for (const [name, { files, missing }] of await findIdxFiles(candidate)) {
      if (!name.startsWith(prefix) || !fits(name)) continue;
      if (missing.length === 0) complete.set(name, files as RoleFiles);
      else if (!partial || missing.length < partial.missing.length) partial = { prefix: name, missing };
    }
    const own = complete.get(prefix) ?? (complete.size === 1 ? [...complete.values()][0] : undefined);
    if (own) return own;
    if (complete.size > 1) throw severalSets(given, [...complete.keys()]);
  }
  const missing = partial?.missing ?? ROLES;
  // Where names have a prefix they are EMNIST's.
  const partialName = (role: Role) =>
    partial?.prefix ? `${partial.prefix}${role.replace('t10k', 'test')}` : role;
  const names = missing.map(
    (role) => `${partialName(role)}-idx${role.endsWith('images') ? 3 : 1}-ubyte[.gz]`,
  );
  throw failure('RFF602', `idx: ${given} lacks ${names.join(', ')}`, {
    file: given,
    hint:
      (await callThatReads(folder)) ??
      'the four files are named as those of MNIST; a relative path starts at the model file',
  });
}

async function notAFolder(file: string): Promise<RffcError> {
  return failure('RFF602', `idx: ${file} is a file, not a folder`, {
    file,
    hint: (await callThatReads(file)) ?? 'name the folder that has the four IDX files',
  });
}

function severalSets(folder: string, prefixes: readonly string[]): RffcError {
  const calls = prefixes.map((prefix) => `\`idx("${join(folder, prefix.replace(/[-_.]$/, ''))}")\``);
  return failure('RFF602', `idx: ${folder} holds ${prefixes.length} sets of four files`, {
    file: folder,
    hint: `say which: ${calls.join(', ')}`,
  });
}

export interface LabelledSplits<Pixels = LabelledImages['pixels']> {
  readonly train: LabelledImages<Pixels>;
  readonly test: LabelledImages<Pixels>;
}

/** A published data set's images and labels, its content checked. @throws RffcError RFF602, RFF610 to RFF613. */
export async function readKnownSplits(
  name: KnownName,
  options: DataOptions,
): Promise<LabelledSplits<Uint8Array>> {
  const files = await locateKnown(name, options);
  const [trainImages, trainLabels, testImages, testLabels] = (await Promise.all(
    ROLES.map((role) => readKnown(name, role, files[role])),
  )) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const train = joinImagesAndLabels(trainImages, trainLabels, files['train-images'], files['train-labels']);
  const test = joinImagesAndLabels(testImages, testLabels, files['t10k-images'], files['t10k-labels']);
  for (const [role, { labels }] of [
    ['train-labels', train],
    ['t10k-labels', test],
  ] as const) {
    const at = labels.findIndex((label) => label >= KNOWN_CLASSES);
    if (at < 0) continue;
    const file = files[role];
    const message = `${file}: label ${labels[at]} of image ${at} is not below ${KNOWN_CLASSES}`;
    throw failure('RFF611', message, { file });
  }
  return { train, test };
}

/**
 * MNIST's labels of one split alone, for data that numbers its samples as MNIST does; undefined where they are not
 * here.
 */
export async function readMnistLabels(
  split: 'train' | 'test',
  options: DataOptions,
): Promise<Int32Array | undefined> {
  const role = split === 'train' ? 'train-labels' : 't10k-labels';
  for (const candidate of knownFolders('mnist', options)) {
    const file = (await findIdxFiles(candidate)).get('')?.files[role];
    if (file) return Int32Array.from(parseIdx(await readKnown('mnist', role, file), 1, file).data);
  }
  return undefined;
}

async function readFolder(spec: DataSpec, options: DataOptions): Promise<LabelledSplits> {
  const first = firstLabel(spec);
  const files = await locateFolder(spec, options);
  const read = async (images: string, labels: string): Promise<LabelledImages> => {
    const header = await readImageHeader(images);
    const labelBytes = await readMaybeGzip(labels);
    const joined: LabelledImages =
      inflated(header) > memoryLimit(options)
        ? streamImagesAndLabels(header, labelBytes, images, labels)
        : joinImagesAndLabels(await readMaybeGzip(images), labelBytes, images, labels);
    return { ...joined, labels: countedFrom(first, joined.labels, labels) };
  };
  const train = await read(files['train-images'], files['train-labels']);
  const test = await read(files['t10k-images'], files['t10k-labels']);
  if (train.rows !== test.rows || train.columns !== test.columns)
    throw differentSizes(files['t10k-images'], train, test);
  return { train, test };
}

/** The bytes that an image file takes in memory. */
function inflated({ dimensions, bytes, gzip }: ImageHeader): number {
  return gzip ? dimensions.reduce((product, size) => product * size, 1) : bytes;
}

/** Loads `mnist`, `fashion_mnist`, `row_mnist` (each image row a frame) or `idx`. @throws RffcError. */
export async function loadImages(spec: DataSpec, options: DataOptions): Promise<Dataset> {
  const table = pixelTable(normalization(spec));
  const known = spec.name !== 'idx';
  const { train, test }: LabelledSplits = known
    ? await readKnownSplits(spec.name === 'fashion_mnist' ? 'fashion_mnist' : 'mnist', options)
    : await readFolder(spec, options);
  const turned = isOn(spec, 'transpose');
  const [rows, columns] = turned ? [train.columns, train.rows] : [train.rows, train.columns];
  const byRows = spec.name === 'row_mnist';
  const frames = byRows ? rows : 1;
  const inputSize = byRows ? columns : rows * columns;
  const grid = { planes: 1, rows, columns, background: table[0]! };
  const order = turned ? transposedOrder({ planes: 1, rows: train.rows, columns: train.columns }) : undefined;
  const split = ({ pixels, labels }: LabelledImages) =>
    imageSplit(pixels, { y: labels, frames, inputSize, grid, order }, table);
  return {
    name: spec.name,
    inputSize,
    classes: known ? KNOWN_CLASSES : classCount(train.labels, test.labels),
    frames,
    train: split(train),
    test: split(test),
    warnings: labelWarnings(spec, train.labels, test.labels),
  };
}

function differentSizes(
  file: string,
  train: { rows: number; columns: number },
  test: { rows: number; columns: number },
): RffcError {
  return failure(
    'RFF611',
    `training images are ${train.rows} × ${train.columns}, test images ${test.rows} × ${test.columns}`,
    { file, hint: 'do the files come from the same data set?' },
  );
}

/** What is known before the images are read: constants, or the header of `idx`'s training images. @throws RffcError. */
export async function describeImages(spec: DataSpec, options: DataOptions): Promise<DatasetDescription> {
  if (spec.name === 'row_mnist') return { frames: 28, inputSize: 28, classes: 10 };
  if (spec.name !== 'idx') return { frames: 1, inputSize: 784, classes: 10 };
  const files = await locateFolder(spec, options);
  const { dimensions } = await readImageHeader(files['train-images']);
  return { frames: 1, inputSize: dimensions[1]! * dimensions[2]! };
}
