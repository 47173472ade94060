/**
 * New samples for a trained network: images (one, a folder, class folders), IDX files, tables, NumPy and
 * safetensors files. All are normalized as the data that the network
 * was trained on, so the same image gets the same answer from each.
 */

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Diagnostic, failure, type RffcError } from '../../grammar/diagnostic.js';
import { readHead } from '../files.js';
import { kindOfFile, SNIFFED_BYTES } from '../kinds.js';
import { isGzip } from './idx.js';
import { loadDataset } from './load.js';
import { pictureWarnings, type Summary, summarize } from './measure.js';
import { isNpy, isZip } from './npy.js';
import { convertible, formatOf } from './picture.js';
import { listSplit } from './picture-folder.js';
import { unreadable } from './records.js';
import { kindOfValues, mapOf, mapped, rangeWarnings, type Scale, scaleOf, seen } from './scale.js';
import type { Raw, SampleOptions, Samples, Wanted } from './source.js';
import { openArrays, readArrays, readTable } from './source-arrays.js';
import { layoutOf, pictureSize, readIdx, readPictures } from './source-pictures.js';

export type { SampleOptions, Samples, Wanted } from './source.js';

/**
 * Reads samples for a network; the kind of a file is recognized by its first bytes.
 * @throws RffcError RFF717 if they do not match the network's input, RFF765 for images of another size, RFF761 for
 * numbers that cannot be pixels, and the errors of the file readers
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
    warnings: [...(raw.warnings ?? []), ...warningsOf(raw, wanted, through(summary, map), scale, invert)],
  };
}

function warningsOf(
  { file, names, source }: Raw,
  { trained }: Wanted,
  summary: Summary,
  scale: Scale,
  inverted: boolean,
): Diagnostic[] {
  // The range of images is known without the training data.
  const range = scale.top === 255 ? { min: seen(scale, 0), max: seen(scale, 255) } : trained;
  return [
    ...(range ? rangeWarnings(summary, range, { scale, file }) : []),
    ...pictureWarnings(summary, trained, {
      file,
      inverted,
      transparent: source === 'images',
      nameOf: (sample) =>
        names?.[sample] ?? (summary.means.length === 1 ? basename(file) : `sample ${sample}`),
    }),
  ];
}

/** The statistics of linearly mapped values. */
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
    `${file}: label ${labels![at]} of sample ${at} exceeds the network's ${classes} classes`,
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

/** The data sets that a kind of source may belong to. */
const KIN: Readonly<Record<Samples['source'], readonly string[]>> = {
  images: [],
  idx: ['idx'],
  csv: ['csv'],
  tensors: ['numpy'],
};

/** Transposes images stored column by column, like EMNIST's, if the training data of the same kind was transposed. */
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
    ({ head } = await readHead(path, SNIFFED_BYTES));
  } catch (error) {
    throw unreadable(path, error);
  }
  if (head.length === 0) throw failure('RFF717', `${path} is empty`, { file: path });
  const format = formatOf(head);
  if (format === 'PNG' || format === 'JPEG') return 'picture';
  if (format) throw convertible(format, path);
  if (isNpy(head) || isZip(head)) return 'numpy';
  if (/\.csv(\.gz)?$/i.test(path)) return 'csv';
  // A safetensors file begins with eight bytes of length, which may look like IDX, then a brace.
  const idx = head.length >= 4 && head.readUInt16BE(0) === 0 && head[2] === 8 && head[8] !== 0x7b;
  if (idx || isGzip(head)) return 'idx';
  if (head[8] === 0x7b || /\.safetensors$/i.test(path)) return 'tensors';
  // A damaged file is recognized by its name; reading it reports what is wrong.
  if (/\.(png|jpe?g)$/i.test(path)) return 'picture';
  if (/\.np[yz]$/i.test(path)) return 'numpy';
  const known = kindOfFile(head);
  throw failure('RFF717', `cannot read samples from ${path}${known ? `: found ${known.what}` : ''}`, {
    file: path,
    hint:
      known?.hint(path) ??
      'expected a PNG or JPEG image, an IDX file, a .csv table, or arrays in .npy, .npz or .safetensors',
  });
}

async function readFolder(folder: string, wanted: Wanted, options: SampleOptions): Promise<Raw> {
  const { pictures, warnings, part } = await listSplit(folder, options.part);
  if (pictures.length > 0)
    return { ...(await readPictures(folder, pictures, wanted, options)), part, warnings };
  return readIdxFolder(folder, wanted, options).catch((error: unknown) => {
    throw isMissing(error)
      ? failure('RFF717', `\`${folder}\` has neither PNG or JPEG images nor IDX files`, {
          file: folder,
          hint:
            warnings[0]?.hint ?? 'give the folder with the images, or one with a folder of images per class',
        })
      : error;
  });
}

const isMissing = (error: unknown) =>
  (error as Partial<RffcError>).diagnostics?.some(({ code }) => code === 'RFF602') === true;

/** The normalization that keeps bytes: (b / 255 - 0) / (1 / 255) is exactly b in f32. */
const UNSCALED = [0, 1 / 255];

async function readIdxFolder(folder: string, { data }: Wanted, options: SampleOptions): Promise<Raw> {
  const { part = 'test' } = options;
  // Orientation and first label are the training data's, like the normalization.
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
