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
import { isGzip, joinImagesAndLabels, readImageDimensions, readMaybeGzip, unreadable } from './idx.js';
import { KNOWN, type KnownName, ROLES, type Role } from './known.js';
import { normalization } from './options.js';
import { path } from './paths.js';

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

/** Loads `mnist`, `fashion_mnist`, `row_mnist` (each image row a frame) or `idx`. @throws RffcError. */
export async function loadImages(spec: DataSpec, options: DataOptions): Promise<Dataset> {
  const table = pixelTable(normalization(spec));
  const known: KnownName | null =
    spec.name === 'idx' ? null : spec.name === 'fashion_mnist' ? 'fashion_mnist' : 'mnist';
  const files = known ? await locateKnown(known, options) : await locateFolder(spec, options);
  const [trainImages, trainLabels, testImages, testLabels] = (await Promise.all(
    ROLES.map((role) => (known ? readKnown(known, role, files[role]) : readMaybeGzip(files[role]))),
  )) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const train = joinImagesAndLabels(trainImages, trainLabels, files['train-images'], files['train-labels']);
  const test = joinImagesAndLabels(testImages, testLabels, files['t10k-images'], files['t10k-labels']);
  if (train.rows !== test.rows || train.columns !== test.columns) {
    throw differentSizes(files['t10k-images'], train, test);
  }

  const classes = known ? 10 : highest(train.labels, test.labels) + 1;
  if (known) {
    for (const [role, { labels }] of [
      ['train-labels', train],
      ['t10k-labels', test],
    ] as const) {
      const at = labels.findIndex((label) => label >= classes);
      if (at >= 0) {
        throw failure(
          'RFF611',
          `${files[role]}: label ${labels[at]} of image ${at} is not below ${classes}`,
          {
            file: files[role],
          },
        );
      }
    }
  }
  const byRows = spec.name === 'row_mnist';
  const frames = byRows ? train.rows : 1;
  const inputSize = byRows ? train.columns : train.rows * train.columns;
  return {
    name: spec.name,
    inputSize,
    classes,
    frames,
    train: imageSplit(train.pixels, train.labels, frames, inputSize, table),
    test: imageSplit(test.pixels, test.labels, frames, inputSize, table),
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
  const [, rows, columns] = (await readImageDimensions(files['train-images'])) as [number, number, number];
  return { frames: 1, inputSize: rows * columns };
}
