/**
 * PNG images as bytes of brightness: grey as it is, colour by its luma (ITU-R BT.601), 16 bits rounded to 8, transparent parts
 * over black, which is the empty paper of MNIST.
 */

import { readFile } from 'node:fs/promises';
import { convertIndexedToRgb, type DecodedPng, decode } from 'fast-png';
import { failure } from '../../grammar/diagnostic.js';
import { unreadable } from './records.js';

export interface GreyImage {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns] */
  readonly pixels: Uint8Array;
}

/** Reads one image. @throws RffcError RFF613 where the system refuses, RFF670 where it is no valid PNG. */
export async function readPng(file: string): Promise<GreyImage> {
  const bytes = await readFile(file).catch((error) => Promise.reject(unreadable(file, error)));
  return decodeGrey(bytes, file);
}

/** @throws RffcError RFF670. */
export function decodeGrey(bytes: Uint8Array, file: string): GreyImage {
  try {
    const png = decode(bytes, { checkCrc: true });
    const { width: columns, height: rows } = png;
    const { samples, channels, largest } = unpacked(png);
    const pixels = new Uint8Array(rows * columns);
    if (pixels.length === 0 || samples.length !== pixels.length * channels)
      throw new Error('its pixels are missing');
    for (let i = 0; i < pixels.length; i++)
      pixels[i] = Math.round((255 * luma(samples, i * channels, channels, largest)) / largest);
    return { rows, columns, pixels };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw failure('RFF670', `${file} is not a PNG image that can be read: ${reason}`, { file });
  }
}

interface Unpacked {
  /** [rows, columns, channels], 0 to `largest`. */
  readonly samples: ArrayLike<number>;
  /** 1 grey, 2 grey and opacity, 3 RGB, 4 RGB and opacity. */
  readonly channels: number;
  readonly largest: number;
}

/** A number for each channel of each pixel: palettes looked up, narrow greys taken out of their bytes. */
function unpacked(png: DecodedPng): Unpacked {
  const { width, height, depth, channels, data, palette } = png;
  if (palette) {
    const samples = convertIndexedToRgb(png);
    return { samples, channels: samples.length / (width * height), largest: 255 };
  }
  const largest = 2 ** depth - 1;
  if (depth >= 8) return { samples: data, channels, largest };
  const samples = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  for (let i = 0; i < samples.length; i++) {
    const bit = (i % width) * depth;
    const byte = data[Math.floor(i / width) * rowBytes + (bit >> 3)] ?? 0;
    samples[i] = (byte >> (8 - depth - (bit & 7))) & largest;
  }
  return { samples, channels, largest };
}

function luma(samples: ArrayLike<number>, at: number, channels: number, largest: number): number {
  const bright =
    channels < 3 ? samples[at]! : 0.299 * samples[at]! + 0.587 * samples[at + 1]! + 0.114 * samples[at + 2]!;
  return channels % 2 === 0 ? (bright * samples[at + channels - 1]!) / largest : bright;
}
