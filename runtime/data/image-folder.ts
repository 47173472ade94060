/**
 * `image_folder("dir")`: PNG and JPEG images in one folder per class, as in torchvision's ImageFolder. Classes are
 * numbered in the natural order of the folders' names (2 before 10). If the folder has `train` and `test`, those
 * are the splits. Images that do not fit in memory are decoded per batch.
 */

import { readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataSpec } from '../../compiler/model.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import {
  type DataOptions,
  type Dataset,
  type DatasetDescription,
  imageSplit,
  type Normalization,
  pixelTable,
  type Records,
  type Split,
} from './dataset.js';
import type { GreyPicture } from './grey.js';
import { callThatReads } from './instead.js';
import { normalization } from './options.js';
import { path } from './paths.js';
import { convertible, decodePicture, readPicture } from './picture.js';
import { memoryLimit, unreadable } from './records.js';

const PICTURE = /\.(?:png|jpe?g)$/i;
/** Images in formats that are not read, for a warning. */
const OTHER_PICTURE = /\.(bmp|gif|webp|tiff?|avif|heic|p[gpb]m)$/i;
const TRAIN = /^(?:train|training)$/i;
const TEST = /^(?:test|testing|val|valid|validation)$/i;
/** Files read in parallel. */
const AT_ONCE = 64;

/** Labelled files of one split, in the order of their classes and names. */
interface Listing {
  readonly folder: string;
  readonly classes: readonly string[];
  readonly files: readonly string[];
  /** [files] */
  readonly labels: Int32Array;
}

function missing(folder: string, what: string, hint: string): RffcError {
  return failure('RFF602', `image_folder: ${folder} ${what}`, { file: folder, hint });
}

const inOrder = (names: readonly string[]) =>
  [...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : 1));

/** Names in a folder, without hidden files and those of operating systems. */
async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error) => Promise.reject(unreadable(folder, error)));
  return inOrder(names.filter((name) => !/^(?:\.|__)/.test(name)));
}

/** Names of a folder's subfolders, following links. */
async function foldersIn(folder: string): Promise<string[]> {
  const names = await namesIn(folder);
  const are = await Promise.all(
    names.map((name) =>
      readdir(join(folder, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return names.filter((_, i) => are[i]);
}

/** @param classes those of the training split, when reading the test split. @throws RffcError RFF602, RFF619. */
async function list(folder: string, classes?: readonly string[]): Promise<Listing> {
  const found = await foldersIn(folder);
  const known = classes ?? found;
  const files: string[] = [];
  const labels: number[] = [];
  for (const name of found) {
    const label = known.indexOf(name);
    if (label < 0) {
      const message = `class \`${name}\` is not in the training split, which has ${known.slice(0, 8).join(', ')}`;
      throw failure('RFF619', `${join(folder, name)}: ${message}`, { file: join(folder, name) });
    }
    const names = await namesIn(join(folder, name));
    const other = names.find((file) => OTHER_PICTURE.test(file));
    if (other) throw convertible(OTHER_PICTURE.exec(other)![1]!.toUpperCase(), join(folder, name, other));
    const pictures = names.filter((file) => PICTURE.test(file));
    if (pictures.length === 0) {
      const hint =
        (await callThatReads(folder, 'image_folder')) ??
        'remove the folder, or add PNG or JPEG images of its class';
      throw missing(join(folder, name), 'has no images', hint);
    }
    for (const file of pictures) {
      files.push(join(folder, name, file));
      labels.push(label);
    }
  }
  return { folder, classes: known, files, labels: Int32Array.from(labels) };
}

async function findSplits(
  spec: DataSpec,
  options: DataOptions,
): Promise<{ train: Listing; test: Listing | undefined }> {
  const root = path(spec, 'dir', options);
  if ((await stat(root).catch(() => null))?.isFile()) {
    const hint =
      (await callThatReads(root, 'image_folder')) ?? 'give the folder that has one folder per class';
    throw missing(root, 'is a file, not a folder', hint);
  }
  const names = await foldersIn(root);
  const inside = (pattern: RegExp) => {
    const name = names.find((candidate) => pattern.test(candidate));
    return name === undefined ? undefined : join(root, name);
  };
  const train = await list(inside(TRAIN) ?? root);
  if (train.files.length === 0) {
    const flat = (await namesIn(train.folder)).some((name) => PICTURE.test(name));
    throw missing(
      train.folder,
      flat ? 'has images, but no folder per class' : 'has no folders of images',
      (await callThatReads(train.folder, 'image_folder')) ??
        'one folder per class: `0/a.png`, `1/b.png`; paths are relative to the model file',
    );
  }
  const testFolder = spec.options.test === undefined ? inside(TEST) : path(spec, 'test', options);
  const own = spec.options.test !== undefined || inside(TRAIN) !== undefined;
  return { train, test: own && testFolder ? await list(testFolder, train.classes) : undefined };
}

/** Loads `image_folder`. @throws RffcError RFF602, RFF603, RFF613, RFF619, RFF670, RFF760. */
export async function loadImageFolder(spec: DataSpec, options: DataOptions): Promise<Dataset> {
  const scale = normalization(spec);
  const { train, test } = await findSplits(spec, options);
  const size = await readPicture(train.files[0]!);
  const split = (listing: Listing) => readSplit(listing, size, scale, options);
  const empty = { folder: train.folder, classes: [], files: [], labels: new Int32Array(0) };
  return {
    name: spec.name,
    inputSize: size.width * size.height,
    classes: train.classes.length,
    frames: 1,
    train: await split(train),
    test: await split(test ?? empty),
  };
}

async function readSplit(
  { files, labels }: Listing,
  size: GreyPicture,
  scale: Normalization,
  options: DataOptions,
): Promise<Split> {
  const table = pixelTable(scale);
  const inputSize = size.width * size.height;
  const grid = { planes: 1, rows: size.height, columns: size.width, background: table[0]! };
  const pixels =
    files.length * inputSize > memoryLimit(options)
      ? decodedWhenRead(files, size)
      : await decodeAll(files, size);
  return imageSplit(pixels, { y: labels, frames: 1, inputSize, grid }, table);
}

/** [files, rows, columns] */
async function decodeAll(files: readonly string[], size: GreyPicture): Promise<Uint8Array> {
  const pixels = new Uint8Array(files.length * size.pixels.length);
  for (let first = 0; first < files.length; first += AT_ONCE) {
    const some = files.slice(first, first + AT_ONCE);
    const pictures = await Promise.all(some.map(readPicture));
    for (const [i, picture] of pictures.entries())
      pixels.set(ofSize(picture, size, some[i]!), (first + i) * size.pixels.length);
  }
  return pixels;
}

function decodedWhenRead(files: readonly string[], size: GreyPicture): Records {
  const read = (index: number) => {
    const file = files[index]!;
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(file);
    } catch (error) {
      throw unreadable(file, error);
    }
    return ofSize(decodePicture(bytes, file), size, file);
  };
  return { open: () => ({ read, close() {} }) };
}

function ofSize({ width, height, pixels }: GreyPicture, wanted: GreyPicture, file: string): Uint8Array {
  if (width === wanted.width && height === wanted.height) return pixels;
  throw failure(
    'RFF619',
    `${file} is ${width} × ${height}, the first image is ${wanted.width} × ${wanted.height}`,
    {
      file,
      hint:
        'resize all images to one size, for example with ImageMagick: `magick mogrify -resize ' +
        `${wanted.width}x${wanted.height}! FILES\``,
    },
  );
}

/** The input's size and the classes, from the folders' names and one image. @throws RffcError as `loadImageFolder`. */
export async function describeImageFolder(spec: DataSpec, options: DataOptions): Promise<DatasetDescription> {
  const { train } = await findSplits(spec, options);
  const { width, height } = await readPicture(train.files[0]!);
  return { frames: 1, inputSize: width * height, classes: train.classes.length };
}
