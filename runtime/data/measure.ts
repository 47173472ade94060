/**
 * Samples in a few numbers: the range of their values, and how bright they are in all and at the border. Those of the
 * training data are kept with a run, so that samples of another kind can be noticed.
 */

import type { Diagnostic } from '../../grammar/diagnostic.js';
import { failure } from '../../grammar/diagnostic.js';
import type { Dataset, Grid, Split } from './dataset.js';

/**
 * How a sample's values are arranged: planes of [rows, columns], one after another; null where they are not a picture.
 */
export type Layout = Pick<Grid, 'rows' | 'columns'> | null;

/** Values in f32. */
export interface Summary {
  readonly min: number;
  readonly max: number;
  /** Whether all of them are whole numbers. */
  readonly whole: boolean;
  /** Each sample's mean [count]. */
  readonly means: Float32Array;
  /** Each sample's mean over the outermost pixels [count]; null where samples are not pictures. */
  readonly borders: Float32Array | null;
  /** Samples whose values are all equal. */
  readonly blank: readonly number[];
}

/** The training data as the network sees them. */
export interface TrainedValues {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Of pictures only: the mean of the outermost pixels, and the size. */
  readonly border?: number;
  readonly rows?: number;
  readonly columns?: number;
}

/** Enough to know a data set's brightness. */
const TRAINED_SAMPLES = 1000;
const TRAINED_VALUES = 2e7;
const CHUNK = 64;

/**
 * Looks at every sample once.
 * @param file where they are from, for messages.
 * @throws RffcError RFF717 for a value that is not finite
 */
export function summarize(
  split: Pick<Split, 'count' | 'gather'>,
  { frames, inputSize, layout, file }: { frames: number; inputSize: number; layout: Layout; file: string },
): Summary {
  const { count } = split;
  const length = frames * inputSize;
  const isBorder = layout && borderOf(length, layout);
  const means = new Float32Array(count);
  const borders = isBorder ? new Float32Array(count) : null;
  const blank: number[] = [];
  let [min, max, whole] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true];
  for (let first = 0; first < count; first += CHUNK) {
    const size = Math.min(CHUNK, count - first);
    const values = new Float32Array(size * length);
    split.gather(
      Int32Array.from({ length: size }, (_, i) => first + i),
      values,
    );
    for (let sample = 0; sample < size; sample++) {
      let [low, high, sum, edge, edges] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
      for (let i = 0; i < length; i++) {
        // Frames are the outermost dimension of what is gathered.
        const value = values[(Math.floor(i / inputSize) * size + sample) * inputSize + (i % inputSize)]!;
        if (!Number.isFinite(value))
          throw failure('RFF717', `${file} holds ${value} in sample ${first + sample}`, { file });
        if (value < low) low = value;
        if (value > high) high = value;
        whole &&= Number.isInteger(value);
        sum += value;
        if (isBorder?.[i]) {
          edge += value;
          edges++;
        }
      }
      means[first + sample] = sum / length;
      if (borders) borders[first + sample] = edge / edges;
      if (low === high) blank.push(first + sample);
      min = Math.min(min, low);
      max = Math.max(max, high);
    }
  }
  return { min, max, whole, means, borders, blank };
}

/** Which of a sample's values are at a picture's border; null where the picture does not come out even. */
function borderOf(length: number, { rows, columns }: NonNullable<Layout>): Uint8Array | null {
  const size = rows * columns;
  if (size === 0 || length % size !== 0) return null;
  return Uint8Array.from({ length }, (_, i) => {
    const row = Math.floor((i % size) / columns);
    const column = i % columns;
    return row === 0 || row === rows - 1 || column === 0 || column === columns - 1 ? 1 : 0;
  });
}

/** What a run keeps of its training data: measured on up to a thousand samples, evenly spread. */
export function trainedValues({
  train,
  frames,
  inputSize,
}: Pick<Dataset, 'train' | 'frames' | 'inputSize'>): TrainedValues {
  const few = Math.max(1, Math.floor(TRAINED_VALUES / (frames * inputSize)));
  const count = Math.min(train.count, TRAINED_SAMPLES, few);
  const chosen = {
    count,
    gather(indices: Int32Array | readonly number[], out: Float32Array) {
      const spread = Array.from(indices, (i) => Math.floor((i * train.count) / count));
      train.gather(spread, out);
    },
  };
  const layout = train.grid ?? null;
  const { min, max, means, borders } = summarize(chosen, {
    ...{ frames, inputSize, layout, file: 'the training data' },
  });
  return {
    ...{ min, max, mean: meanOf(means) },
    ...(layout && borders ? { border: meanOf(borders), rows: layout.rows, columns: layout.columns } : {}),
  };
}

function meanOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * What is odd about pictures: RFF763 where they are as bright, in all and at the border, as the negatives of the
 * training pictures would be; RFF764 where they are of one brightness.
 * @param transparent whether pictures were put on black paper where they have none
 * @param nameOf what a sample is called
 */
export function pictureWarnings(
  { means, borders, blank }: Summary,
  trained: TrainedValues | undefined,
  {
    file,
    inverted,
    transparent,
    nameOf,
  }: { file: string; inverted: boolean; transparent: boolean; nameOf: (sample: number) => string },
): Diagnostic[] {
  const warnings: Diagnostic[] = [];
  const warn = (code: string, message: string, hint: string) =>
    warnings.push({ code, severity: 'warning', file, message, hint });
  const isBlank = new Set(blank);
  if (trained?.border !== undefined && borders) {
    const middle = (trained.min + trained.max) / 2;
    const bright = trained.mean > middle;
    if (bright === trained.border > middle) {
      const other = Array.from(means.keys()).filter(
        (i) => !isBlank.has(i) && means[i]! > middle !== bright && borders[i]! > middle !== bright,
      );
      if (other.length > 0.05 * means.length) {
        const [here, there] = bright ? ['black', 'white'] : ['white', 'black'];
        warn(
          'RFF763',
          `${listed(other, means.length, nameOf)} mostly ${here}, the training images mostly ${there}: inverted?`,
          inverted ? 'leave out `--invert`' : '`--invert` turns them into negatives',
        );
      }
    }
  }
  if (blank.length > 0) {
    warn(
      'RFF764',
      `${listed(blank, means.length, nameOf)} of one brightness: nothing is drawn on ` +
        `${blank.length === 1 ? 'it' : 'them'}`,
      transparent && !inverted && means[blank[0]!] === trained?.min
        ? 'black strokes on a transparent background look like this: `--invert` puts them on white paper first'
        : 'check what the file shows',
    );
  }
  return warnings;
}

/** `a.png is`, `a.png and b.png are`, `12 of 40 pictures (a.png, b.png, …) are`. */
function listed(samples: readonly number[], count: number, nameOf: (sample: number) => string): string {
  const names = samples.slice(0, 3).map(nameOf);
  if (samples.length === 1) return `${names[0]} is`;
  if (samples.length === 2) return `${names[0]} and ${names[1]} are`;
  return `${samples.length} of ${count} samples (${names.join(', ')}${samples.length > 3 ? ', …' : ''}) are`;
}
