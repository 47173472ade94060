/**
 * What training and evaluation see of any data: two splits of labelled samples, gathered into batches on demand.
 * Images stay bytes in memory and become numbers only in a batch, through a table of the 256 possible values.
 */

export interface Split {
  readonly count: number;
  /** True labels [count]. */
  readonly y: Int32Array;
  /** The data set's own negative labels [count], for `negatives: given()`. */
  readonly yNegative?: Int32Array;
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
  /** `count` is 0 where the data set has none. */
  readonly test: Split;
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

/**
 * A split of images kept as bytes.
 * @param pixels [count, frames, inputSize], row-major.
 * @param table from `pixelTable`.
 */
export function imageSplit(
  pixels: Uint8Array,
  y: Int32Array,
  frames: number,
  inputSize: number,
  table: Float32Array,
): Split {
  const gather = gatherFrames(pixels, y.length, frames, inputSize, (out, at, from) => {
    for (let i = 0; i < inputSize; i++) out[at + i] = table[pixels[from + i]!]!;
  });
  return { count: y.length, y, gather };
}

/** A split of f32 values [count, frames, inputSize], row-major. */
export function floatSplit(
  values: Float32Array,
  y: Int32Array,
  yNegative: Int32Array | undefined,
  frames: number,
  inputSize: number,
): Split {
  const gather = gatherFrames(values, y.length, frames, inputSize, (out, at, from) => {
    out.set(values.subarray(from, from + inputSize), at);
  });
  return { count: y.length, y, ...(yNegative ? { yNegative } : {}), gather };
}

/** From samples laid out [count, frames, inputSize] to batches laid out [frames, batch, inputSize], a row at a time. */
function gatherFrames(
  samples: Uint8Array | Float32Array,
  count: number,
  frames: number,
  inputSize: number,
  copyRow: (out: Float32Array, at: number, from: number) => void,
): Split['gather'] {
  if (samples.length !== count * frames * inputSize) {
    throw new RangeError(`${samples.length} values are not ${count} × ${frames} × ${inputSize}`);
  }
  return (indices, out) => {
    const batch = indices.length;
    if (out.length !== frames * batch * inputSize) {
      throw new RangeError(
        `the batch has room for ${out.length} values, not ${frames} × ${batch} × ${inputSize}`,
      );
    }
    for (let b = 0; b < batch; b++) {
      const sample = indices[b]!;
      if (!(sample >= 0 && sample < count))
        throw new RangeError(`there is no sample ${sample} among ${count}`);
      for (let f = 0; f < frames; f++) {
        copyRow(out, (f * batch + b) * inputSize, (sample * frames + f) * inputSize);
      }
    }
  };
}
