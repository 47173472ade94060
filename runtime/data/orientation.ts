/** The EXIF orientation of an image (tag 0x0112), and how to apply it. */

import type { GreyPicture } from './grey.js';

const ORIENTATION = 0x0112;
const SHORT = 3;

/** 1 to 8 as in EXIF; 1, upright, if there is no valid orientation. */
export function orientationOf(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const size = view.byteLength;
  if (size < 8) return 1;
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > size) return 1;
  const entries = view.getUint16(directory, little);
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + 12 * entry;
    if (at + 12 > size) return 1;
    if (view.getUint16(at, little) !== ORIENTATION || view.getUint16(at + 2, little) !== SHORT) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** Rotates an image upright. From orientation 5 on, width and height are swapped. */
export function turned(picture: GreyPicture, orientation: number): GreyPicture {
  if (orientation === 1) return picture;
  const { width, height, pixels } = picture;
  const right = width - 1;
  const bottom = height - 1;
  // The source [row, column] of the upright image's pixel in row r and column c.
  const source = (r: number, c: number): readonly [number, number] =>
    [
      [r, c],
      [r, right - c],
      [bottom - r, right - c],
      [bottom - r, c],
      [c, r],
      [bottom - c, r],
      [bottom - c, right - r],
      [c, right - r],
    ][orientation - 1] as [number, number];
  const [rows, columns] = orientation < 5 ? [height, width] : [width, height];
  const upright = new Uint8Array(pixels.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const [row, column] = source(r, c);
      upright[r * columns + c] = pixels[row * width + column]!;
    }
  }
  return { width: columns, height: rows, pixels: upright };
}
