/** Generated images as pictures: what the data set did to its pixels undone, one by one and all on one sheet. */
import { failure } from '../../grammar/diagnostic.js';
import type { Normalization } from '../data/dataset.js';
import type { Picture } from '../report/png.js';

export interface Shape {
  readonly rows: number;
  readonly columns: number;
}

/**
 * How an input's values lie as a picture: as asked for, or else in a square.
 *
 * @throws RffcError RFF932 where that is not possible
 */
export function shapeOf(size: number, asked: Shape | null): Shape {
  if (asked) {
    if (asked.rows * asked.columns === size) return asked;
    throw failure(
      'RFF932',
      `${asked.rows} × ${asked.columns} pixels are ${asked.rows * asked.columns}, but the input has ${size} values`,
      { hint: 'rows times columns must be its size' },
    );
  }
  const side = Math.round(Math.sqrt(size));
  if (side * side === size) return { rows: side, columns: side };
  throw failure('RFF932', `${size} values are no square image`, {
    hint: 'say how they are laid out: `--grid ROWSxCOLUMNS`',
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
