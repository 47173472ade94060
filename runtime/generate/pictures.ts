/** Generated images as pictures, with the normalization undone, one by one and on a contact sheet. */
import { failure } from '../../grammar/diagnostic.js';
import type { Normalization } from '../data/dataset.js';
import type { Picture } from '../report/png.js';

export interface Shape {
  readonly rows: number;
  readonly columns: number;
}

/**
 * The layout of an input's values as an image: as requested, or a square.
 *
 * @throws RffcError RFF932 where that is not possible
 */
export function shapeOf(size: number, asked: Shape | null): Shape {
  if (asked) {
    if (asked.rows * asked.columns === size) return asked;
    throw failure(
      'RFF932',
      `grid of ${asked.rows} × ${asked.columns} pixels does not match the input's ${size} values`,
      { hint: 'choose rows and columns whose product is the input size' },
    );
  }
  const side = Math.round(Math.sqrt(size));
  if (side * side === size) return { rows: side, columns: side };
  throw failure('RFF932', `${size} values do not form a square image`, {
    hint: 'give their layout: `--grid ROWSxCOLUMNS`',
  });
}

/** Values as the network sees them in grey: pixels of 0 black, of 1 white, what is beyond cut off. */
export function greyPicture(
  values: Float32Array,
  { rows, columns }: Shape,
  { mean, std }: Normalization,
): Picture {
  const pixels = Uint8Array.from(values, (value) => {
    const pixel = value * std + mean;
    return Math.round(255 * Math.min(1, Math.max(0, pixel)));
  });
  return { width: columns, height: rows, channels: 1, pixels };
}

const GAP = 2;
const BETWEEN = 128;

/** Pictures of one size side by side, `across` in a line, on grey. */
export function contactSheet(pictures: readonly Picture[], across: number): Picture {
  const { width, height } = pictures[0]!;
  const lines = Math.ceil(pictures.length / across);
  const sheetWidth = across * (width + GAP) + GAP;
  const sheetHeight = lines * (height + GAP) + GAP;
  const pixels = new Uint8Array(sheetWidth * sheetHeight).fill(BETWEEN);
  pictures.forEach((picture, i) => {
    const left = GAP + (i % across) * (width + GAP);
    const top = GAP + Math.floor(i / across) * (height + GAP);
    for (let y = 0; y < height; y++)
      pixels.set(picture.pixels.subarray(y * width, (y + 1) * width), (top + y) * sheetWidth + left);
  });
  return { width: sheetWidth, height: sheetHeight, channels: 1, pixels };
}
