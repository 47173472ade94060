/** Data sets of labelled images in IDX files: `mnist`, `fashion_mnist`, `row_mnist`, and `idx("dir")` of any image size. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DataSpec } from '../../compiler/model.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import {
  type DataOptions,
  type Dataset,
  type DatasetDescription,
  imageSplit,
  pixelTable,
} from './dataset.js';
import { dataFolder, findIdxFiles, type RoleFiles } from './folders.js';
import {
  type ImageHeader,
  isGzip,
  joinImagesAndLabels,
  type LabelledImages,
  parseIdx,
  readImageHeader,
  readMaybeGzip,
  streamImagesAndLabels,
} from './idx.js';
import { KNOWN, type KnownName, ROLES, type Role } from './known.js';
import { normalization } from './options.js';
import { path } from './paths.js';
import { memoryLimit, unreadable } from './records.js';

const KNOWN_CLASSES = 10;

/** Where a published data set's files were found. @throws RffcError RFF602 naming the folders looked in. */
async function locateKnown(name: KnownName, options: DataOptions): Promise<RoleFiles> {
  const folder = dataFolder(options.dataDir);
  const tried = [join(folder, name), folder];
  let partial: { folder: string; missing: Role[] } | undefined;
  for (const candidate of tried) {
    const { files, missing } = await findIdxFiles(candidate);
    if (missing.length === 0) return files as RoleFiles;
    if (missing.length < ROLES.length) partial ??= { folder: candidate, missing };
  }
  const what = partial
    ? `${partial.folder} lacks ${partial.missing.map((role) => `${KNOWN[name].files[role].name}[.gz]`).join(', ')}`
    : `looked in ${tried.join(' and in ')}`;
  throw failure('RFF602', `the files of ${name} are missing: ${what}`, {
    file: partial?.folder ?? tried[0]!,
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
      : await contentProblem(name, role, file, bytes);
  if (problem) {
    throw failure('RFF612', `${file} is not ${name}'s ${role} file: ${problem}`, {
      file,
      hint: `run \`rffc data fetch ${name}\` for the published files; for data of your own write idx("${dirname(file)}")`,
    });
  }
  return bytes;
}

async function contentProblem(
  name: KnownName,
  role: Role,
  file: string,
  bytes: Uint8Array,
): Promise<string | null> {
  const { sha256, gzipMd5 } = KNOWN[name].files[role];
  const found = createHash('sha256').update(bytes).digest('hex');
  if (sha256) return found === sha256 ? null : 'its SHA-256 differs from the published one';
  for (const [other, { files }] of Object.entries(KNOWN)) {
    if (files[role].sha256 === found) return `it is ${other}'s`;
  }
  const raw = await readFile(file).catch((error) => Promise.reject(unreadable(file, error)));
  if (!gzipMd5 || !isGzip(raw)) return null;
  return createHash('md5').update(raw).digest('hex') === gzipMd5
    ? null
    : 'its MD5 differs from the published one';
}

/** Where the files of `idx("dir")` lie. @throws RffcError RFF602. */
async function locateFolder(spec: DataSpec, options: DataOptions): Promise<RoleFiles> {
  const folder = path(spec, 'dir', options);
  const { files, missing } = await findIdxFiles(folder);
  if (missing.length > 0) {
    const names = missing.map((role) => `${role}-idx${role.endsWith('images') ? 3 : 1}-ubyte[.gz]`);
    throw failure('RFF602', `idx: ${folder} lacks ${names.join(', ')}`, {
      file: folder,
      hint: 'the four files are named as those of MNIST; a relative path starts at the model file',
    });
  }
  return files as RoleFiles;
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

/** MNIST's labels of one split alone, for data that numbers its samples as MNIST does; undefined where they are not here. */
export async function readMnistLabels(
  split: 'train' | 'test',
  options: DataOptions,
): Promise<Int32Array | undefined> {
  const role = split === 'train' ? 'train-labels' : 't10k-labels';
  const folder = dataFolder(options.dataDir);
  for (const candidate of [join(folder, 'mnist'), folder]) {
    const file = (await findIdxFiles(candidate)).files[role];
    if (file) return Int32Array.from(parseIdx(await readKnown('mnist', role, file), 1, file).data);
  }
  return undefined;
}

async function readFolder(spec: DataSpec, options: DataOptions): Promise<LabelledSplits> {
  const files = await locateFolder(spec, options);
  const read = async (images: string, labels: string): Promise<LabelledImages> => {
    const header = await readImageHeader(images);
    const labelBytes = await readMaybeGzip(labels);
    return inflated(header) > memoryLimit(options)
      ? streamImagesAndLabels(header, labelBytes, images, labels)
      : joinImagesAndLabels(await readMaybeGzip(images), labelBytes, images, labels);
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
  const { rows, columns } = train;
  const byRows = spec.name === 'row_mnist';
  const frames = byRows ? rows : 1;
  const inputSize = byRows ? columns : rows * columns;
  const grid = { planes: 1, rows, columns, background: table[0]! };
  const split = ({ pixels, labels }: LabelledImages) =>
    imageSplit(pixels, { y: labels, frames, inputSize, grid }, table);
  return {
    name: spec.name,
    inputSize,
    classes: known ? KNOWN_CLASSES : highest(train.labels, test.labels) + 1,
    frames,
    train: split(train),
    test: split(test),
  };
}

function highest(...labels: Int32Array[]): number {
  return labels.reduce((most, list) => list.reduce((a, b) => Math.max(a, b), most), 0);
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
