/**
 * What training and evaluation see of any data: two splits of labelled samples, gathered into batches on demand.
 * Images stay bytes, in memory or on disk, and become numbers only in a batch, through a table of the 256 possible
 * values. Nothing here needs a host: it runs in a page.
 */

import type { Diagnostic } from '../../grammar/diagnostic.js';

/** A sample's values as pictures: `planes` of [rows, columns], one after another. */
export interface Grid {
  readonly planes: number;
  readonly rows: number;
  readonly columns: number;
  /** The value of empty paper: what comes in from outside when a picture is moved. */
  readonly background: number;
}

export interface Split {
  readonly count: number;
  /** True labels [count]. */
  readonly y: Int32Array;
  /** The data set's own negative labels [count], for `negatives: given()`. */
  readonly yNegative?: Int32Array;
  /** Absent where the values are no pictures: nothing can then be shifted or rotated. */
  readonly grid?: Grid;
  /** Writes the samples at `indices` into `out` [frames, indices.length, inputSize], row-major. */
  gather(indices: Int32Array | readonly number[], out: Float32Array): void;
}

export interface Dataset {
  readonly name: string;
  readonly inputSize: number;
  readonly classes: number;
  /** Frames a sample; 1 for still data. */
  readonly frames: number;
  readonly train: Split;
  /** Samples of the training split that are kept aside; absent where none are. */
  readonly validation?: Split;
  /** `count` is 0 where the data set has none. */
  readonly test: Split;
  /** What is odd about the data, and does not keep them from being used. */
  readonly warnings?: readonly Diagnostic[];
}

/** What is known of a data set before its samples are read; undefined where only the samples tell. */
export interface DatasetDescription {
  readonly frames: number;
  readonly inputSize?: number;
  readonly classes?: number;
}

export interface DataOptions {
  /** Where data sets lie (`--data-dir`); else RFFC_DATA, else the user's cache folder. */
  readonly dataDir?: string;
  /** The model file's folder, which relative paths in it start from; else the working directory. */
  readonly baseDir?: string;
  /**
   * A data file of more bytes is read from disk, sample by sample, as batches ask for it; by default a quarter of the
   * memory.
   */
  readonly memoryLimit?: number;
}

/** A pixel b becomes (b / 255 - mean) / std. */
export interface Normalization {
  readonly mean: number;
  readonly std: number;
}

/** The 256 values a byte can take, as f32. */
export function pixelTable({ mean, std }: Normalization): Float32Array {
  return Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / std);
}

/** Where samples lie as bytes, a record of one length each. */
export interface Records {
  /** For a batch: `read` gives a record's bytes, valid until the next `read`; `close` ends it. */
  open(): { read(index: number): Uint8Array; close(): void };
}

/** Records one after another in memory. */
export function memoryRecords(bytes: Uint8Array, recordBytes: number): Records {
  const read = (index: number) => bytes.subarray(index * recordBytes, (index + 1) * recordBytes);
  return { open: () => ({ read, close() {} }) };
}

/** The order that swaps the rows and columns of `planes` pictures of [rows, columns], for `SplitShape.order`. */
export function transposedOrder({ planes, rows, columns }: Omit<Grid, 'background'>): Int32Array {
  const order = new Int32Array(planes * rows * columns);
  let next = 0;
  for (let plane = 0; plane < planes; plane++) {
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++) order[next++] = (plane * rows + row) * columns + column;
    }
  }
  return order;
}

/** What a split is beside its values. */
export interface SplitShape {
  /** [count] */
  readonly y: Int32Array;
  readonly yNegative?: Int32Array | undefined;
  readonly frames: number;
  readonly inputSize: number;
  readonly grid?: Grid | undefined;
  /** [inputSize] Value i of a frame is the stored frame's value `order[i]`; without it they are as they are stored. */
  readonly order?: Int32Array | undefined;
}

/** Writes a sample into `out`, its frame f at `at + f · stride`. */
export type WriteSample = (sample: number, out: Float32Array, at: number, stride: number) => void;

/**
 * A split whose samples `open` knows how to write; it is called for each batch.
 * @throws RangeError from `gather` for a sample that is not there or a batch of another length.
 */
export function sampleSplit(
  { y, yNegative, frames, inputSize, grid }: SplitShape,
  open: () => { readonly write: WriteSample; close?(): void },
): Split {
  const count = y.length;
  return {
    count,
    y,
    ...(yNegative ? { yNegative } : {}),
    ...(grid ? { grid } : {}),
    gather(indices, out) {
      const batch = indices.length;
      if (out.length !== frames * batch * inputSize) {
        throw new RangeError(
          `the batch has room for ${out.length} values, not ${frames} × ${batch} × ${inputSize}`,
        );
      }
      const source = open();
      try {
        for (let b = 0; b < batch; b++) {
          const sample = indices[b]!;
          if (!(sample >= 0 && sample < count))
            throw new RangeError(`there is no sample ${sample} among ${count}`);
          source.write(sample, out, b * inputSize, batch * inputSize);
        }
      } finally {
        source.close?.();
      }
    },
  };
}

/**
 * A split of images kept as bytes.
 * @param pixels [count, frames, inputSize], row-major, in memory or as records of frames · inputSize bytes.
 * @param table from `pixelTable`.
 */
export function imageSplit(pixels: Uint8Array | Records, shape: SplitShape, table: Float32Array): Split {
  const { frames, inputSize, y, order } = shape;
  if (pixels instanceof Uint8Array) checkLength(pixels.length, y.length, frames, inputSize);
  const records = pixels instanceof Uint8Array ? memoryRecords(pixels, frames * inputSize) : pixels;
  return sampleSplit(shape, () => {
    const { read, close } = records.open();
    return {
      close,
      write(sample, out, at, stride) {
        const bytes = read(sample);
        for (let f = 0; f < frames; f++) {
          const from = f * inputSize;
          const to = at + f * stride;
          for (let i = 0; i < inputSize; i++) out[to + i] = table[bytes[from + (order ? order[i]! : i)]!]!;
        }
      },
    };
  });
}

/** Where samples are as numbers [frames, inputSize]; `read` gives one, valid until the next. */
export interface Numbers {
  open(): { read(index: number): ArrayLike<number>; close?(): void };
}

/** A split of numbers v, each of which becomes (v - mean) / std in a batch. */
export function numberSplit(numbers: Numbers, shape: SplitShape, { mean, std }: Normalization): Split {
  const { frames, inputSize, order } = shape;
  return sampleSplit(shape, () => {
    const source = numbers.open();
    return {
      close: () => source.close?.(),
      write(sample, out, at, stride) {
        const values = source.read(sample);
        for (let f = 0; f < frames; f++) {
          for (let i = 0; i < inputSize; i++)
            out[at + f * stride + i] = (values[f * inputSize + (order ? order[i]! : i)]! - mean) / std;
        }
      },
    };
  });
}

/** A split of f32 values [count, frames, inputSize], row-major. */
export function floatSplit(
  values: Float32Array,
  y: Int32Array,
  yNegative: Int32Array | undefined,
  frames: number,
  inputSize: number,
): Split {
  checkLength(values.length, y.length, frames, inputSize);
  const write: WriteSample = (sample, out, at, stride) => {
    for (let f = 0; f < frames; f++) {
      const from = (sample * frames + f) * inputSize;
      out.set(values.subarray(from, from + inputSize), at + f * stride);
    }
  };
  return sampleSplit({ y, yNegative, frames, inputSize }, () => ({ write }));
}

function checkLength(length: number, count: number, frames: number, inputSize: number): void {
  if (length !== count * frames * inputSize)
    throw new RangeError(`${length} values are not ${count} × ${frames} × ${inputSize}`);
}
