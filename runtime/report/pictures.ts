/**
 * What of a network can be looked at: its samples, and the weights that read them, where the input is an image. A still
 * image is a square row; a sequence of narrow frames is seen whole, a frame a line.
 */
import type { Picture } from './png.js';

/** How the numbers of a sample [frames, inputSize] are a picture. */
export interface PictureShape {
  readonly width: number;
  readonly height: number;
  /** Which frame is shown; null where the frames are the picture's lines. */
  readonly frame: number | null;
}

/** A row shorter than this is taken for features, not for an image or its line. */
const SHORTEST_IMAGE = 64;
const SHORTEST_LINE = 8;

/**
 * The picture that a sample is, or null where it is none: rows of a square number, or narrow frames one below the
 * other.
 */
export function pictureShape(inputSize: number, frames: number): PictureShape | null {
  const side = Math.round(Math.sqrt(inputSize));
  if (side * side === inputSize && inputSize >= SHORTEST_IMAGE)
    return { width: side, height: side, frame: Math.floor(frames / 2) };
  if (frames >= SHORTEST_LINE && inputSize >= SHORTEST_LINE && inputSize <= 4 * frames)
    return { width: inputSize, height: frames, frame: null };
  return null;
}

/** A sample [frames, inputSize] in grey, its least value black and its greatest white. */
export function samplePicture(sample: Float32Array, { width, height, frame }: PictureShape): Picture {
  const length = width * height;
  const shown = frame === null ? sample : sample.subarray(frame * length, (frame + 1) * length);
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of shown) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  const scale = greatest > least ? 255 / (greatest - least) : 0;
  return {
    width,
    height,
    channels: 1,
    pixels: Uint8Array.from(shown, (v) => Math.round((v - least) * scale)),
  };
}

const POSITIVE = [37, 99, 235] as const;
const NEGATIVE = [225, 87, 40] as const;
const GAP = 2;

/**
 * The weights of the first units [units, width · height] as one sheet of pictures, `columns` in a line: blue where
 * positive, red where negative, as opaque as large, each unit by its own largest. It can be looked at on any ground.
 */
export function weightSheet(
  weights: Float32Array,
  { width, height }: PictureShape,
  columns: number,
  most: number,
): Picture {
  const length = width * height;
  const units = Math.min(most, Math.floor(weights.length / length));
  const lines = Math.ceil(units / columns);
  const sheetWidth = Math.min(columns, units) * (width + GAP) - GAP;
  const sheetHeight = lines * (height + GAP) - GAP;
  const pixels = new Uint8Array(4 * sheetWidth * sheetHeight);
  for (let unit = 0; unit < units; unit++) {
    const row = weights.subarray(unit * length, (unit + 1) * length);
    const largest = row.reduce((max, w) => Math.max(max, Math.abs(w)), 0) || 1;
    const [left, top] = [(unit % columns) * (width + GAP), Math.floor(unit / columns) * (height + GAP)];
    for (let i = 0; i < length; i++) {
      const at = 4 * ((top + Math.floor(i / width)) * sheetWidth + left + (i % width));
      pixels.set(row[i]! >= 0 ? POSITIVE : NEGATIVE, at);
      pixels[at + 3] = Math.round((255 * Math.abs(row[i]!)) / largest);
    }
  }
  return { width: sheetWidth, height: sheetHeight, channels: 4, pixels };
}
