/**
 * `strokes(dir, frames)`: MNIST digits as pen strokes, a movement `dx dy end-of-stroke end-of-digit` a frame, from the
 * text files of "MNIST digits stroke sequence data" (Edwin D. de Jong): `trainimg-N-targetdata.txt`, whose lines begin
 * with ten one-hot columns of the label, or `trainimg-N-inputdata.txt` without them, N being the image's number in
 * MNIST, which then has the label. A digit's points are repeated up to the number of frames.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DataSpec } from '../../compiler/model.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import {
  type DataOptions,
  type Dataset,
  type DatasetDescription,
  type Split,
  sampleSplit,
} from './dataset.js';
import { dataFolder } from './folders.js';
import { readMnistLabels } from './images.js';
import { wholeNumber, wrongOption } from './options.js';
import { unreadable } from './records.js';

const VALUES = 4;
const CLASSES = 10;
const FILE = /^(train|test)img-(\d+)-(target|input)data\.txt$/;
/** Files read at a time: the set has 70,000. */
const AT_ONCE = 64;

interface SequenceFile {
  readonly file: string;
  /** In MNIST. */
  readonly image: number;
  readonly labelled: boolean;
}

/** A digit's points [length, 4]. */
interface Sequence {
  readonly points: Float32Array;
  readonly label: number;
}

/**
 * Loads `strokes`. @throws RffcError RFF602 where there are no files, RFF651 for one that is not as it must be, RFF603.
 */
export async function loadStrokes(spec: DataSpec, options: DataOptions): Promise<Dataset> {
  const { frames, inputSize, classes } = describeStrokes(spec);
  const files = await findSequences(spec, options);
  const split = async (which: 'train' | 'test') => {
    const sequences = await readSequences(files[which], which, options);
    return strokeSplit(sequences, frames);
  };
  return {
    name: spec.name,
    inputSize,
    classes,
    frames,
    train: await split('train'),
    test: await split('test'),
  };
}

export function describeStrokes(spec: DataSpec): Required<DatasetDescription> {
  return { frames: wholeNumber(spec, 'frames', 150, 1), inputSize: VALUES, classes: CLASSES };
}

function strokeSplit(sequences: readonly Sequence[], frames: number): Split {
  const y = Int32Array.from(sequences, ({ label }) => label);
  return sampleSplit({ y, frames, inputSize: VALUES }, () => ({
    write(sample, out, at, stride) {
      const { points } = sequences[sample]!;
      for (let f = 0; f < frames; f++) {
        const from = (VALUES * f) % points.length;
        for (let i = 0; i < VALUES; i++) out[at + f * stride + i] = points[from + i]!;
      }
    },
  }));
}

/** The files of both splits in the order of their images; a labelled one is preferred. */
async function findSequences(
  spec: DataSpec,
  options: DataOptions,
): Promise<Record<'train' | 'test', SequenceFile[]>> {
  const { dir } = spec.options;
  if (dir !== undefined && (typeof dir !== 'string' || dir === ''))
    throw wrongOption(spec, 'dir', 'a path in quotes');
  const data = dataFolder(options.dataDir);
  const roots = dir === undefined ? [join(data, 'strokes'), data] : [resolve(options.baseDir ?? '.', dir)];
  for (const folder of roots.flatMap((root) => [join(root, 'sequences'), root])) {
    const found = { train: new Map<number, SequenceFile>(), test: new Map<number, SequenceFile>() };
    for (const name of await readdir(folder).catch(() => [])) {
      const [, split, number, kind] = FILE.exec(name) ?? [];
      if (split === undefined) continue;
      const images = found[split as 'train' | 'test'];
      const image = Number(number);
      const labelled = kind === 'target';
      if (labelled || !images.has(image)) images.set(image, { file: join(folder, name), image, labelled });
    }
    if (found.train.size === 0) continue;
    const inOrder = (images: Map<number, SequenceFile>) =>
      [...images.values()].sort((a, b) => a.image - b.image);
    return { train: inOrder(found.train), test: inOrder(found.test) };
  }
  throw failure('RFF602', `the files of strokes are missing: looked in ${roots.join(' and in ')}`, {
    file: roots[0]!,
    hint:
      'they are called trainimg-0-targetdata.txt and so on; name their folder: `strokes("dir")`, or with ' +
      '--data-dir the one above',
  });
}

async function readSequences(
  files: readonly SequenceFile[],
  split: 'train' | 'test',
  options: DataOptions,
): Promise<Sequence[]> {
  const mnist = files.some(({ labelled }) => !labelled) ? await readMnistLabels(split, options) : undefined;
  const sequences: Sequence[] = [];
  for (let first = 0; first < files.length; first += AT_ONCE) {
    const some = files.slice(first, first + AT_ONCE);
    const texts = await Promise.all(
      some.map(({ file }) =>
        readFile(file, 'latin1').catch((error) => Promise.reject(unreadable(file, error))),
      ),
    );
    some.forEach(({ file, image, labelled }, i) => {
      const { points, label } = parseSequence(texts[i]!, labelled, file);
      const known = label ?? mnist?.[image];
      if (known === undefined) throw unlabelled(file, mnist !== undefined);
      sequences.push({ points, label: known });
    });
  }
  return sequences;
}

function unlabelled(file: string, hasMnist: boolean): RffcError {
  const what = hasMnist ? 'MNIST has no image of its number' : 'MNIST’s label files are not here';
  return failure('RFF651', `${file} has no label: it is no -targetdata.txt file, and ${what}`, {
    file,
    hint: 'use the set’s -targetdata.txt files, or run `rffc data fetch mnist`',
  });
}

/**
 * A sequence file's points and, from a labelled one, its label.
 * @param labelled whether ten one-hot columns stand before the four of a point.
 * @throws RffcError RFF651 naming the line.
 */
export function parseSequence(
  text: string,
  labelled: boolean,
  file: string,
): { points: Float32Array; label: number | undefined } {
  const columns = VALUES + (labelled ? CLASSES : 0);
  const points: number[] = [];
  let label: number | undefined;
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const numbers = line.trim().split(/\s+/).map(Number);
    const wrong = (what: string) => failure('RFF651', `${file}, line ${i + 1}: ${what}`, { file });
    if (numbers.length !== columns) throw wrong(`${numbers.length} columns, not ${columns}`);
    if (!numbers.every(Number.isFinite)) throw wrong(`\`${line.trim()}\` is not a row of numbers`);
    if (labelled) {
      const here = numbers.indexOf(1);
      if (here < 0 || here >= CLASSES) throw wrong('none of its first ten columns is 1, the label');
      label ??= here;
    }
    points.push(...numbers.slice(-VALUES));
  });
  if (points.length === 0) throw failure('RFF651', `${file} has no points`, { file });
  return { points: Float32Array.from(points), label };
}
