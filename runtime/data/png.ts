/**
 * PNG images of every kind as bytes of brightness. fast-png
 * decompresses and unfilters; what it leaves to its caller is done here: palettes, narrow greys, the transparent
 * colour.
 */

import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { convertIndexedToRgb, type DecodedPng, decode } from 'fast-png';
import { type GreyPicture, MOST_MEGAPIXELS, toGrey } from './grey.js';
import { orientationOf, turned } from './orientation.js';

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and opacity, 6 RGB and opacity. */
  readonly colour: number;
  readonly interlaced: boolean;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const PALETTE = 3;

/** @throws Error in words for a damaged file. */
export function decodePng(bytes: Uint8Array, paper: number): GreyPicture {
  const chunks = chunksOf(bytes);
  const header = headerOf(chunks);
  // fast-png reads interlaced images in whole bytes only, one a sample.
  const picture =
    header.interlaced && header.depth < 8
      ? decodeInterlaced(header, chunks, paper)
      : decodeWhole(bytes, header, paper);
  const exif = chunks.find(({ type }) => type === 'eXIf');
  return exif ? turned(picture, orientationOf(exif.data)) : picture;
}

function chunksOf(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE.length; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) break;
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length))
      throw new Error(`the checksum of its chunk ${type} is wrong`);
    chunks.push({ type, data: bytes.subarray(at + 8, at + 8 + length) });
    if (type === 'IEND') return chunks;
    at += 12 + length;
  }
  throw new Error('the file ends early');
}

function headerOf([first]: readonly Chunk[]): Header {
  if (first?.type !== 'IHDR' || first.data.length !== 13) throw new Error('it does not begin with a header');
  const view = new DataView(first.data.buffer, first.data.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  if (width === 0 || height === 0) throw new Error('it has no pixels');
  if (width * height > MOST_MEGAPIXELS * 1e6)
    throw new Error(`${width} × ${height} pixels are more than ${MOST_MEGAPIXELS} million`);
  return {
    width,
    height,
    depth: view.getUint8(8),
    colour: view.getUint8(9),
    interlaced: view.getUint8(12) === 1,
  };
}

function decodeWhole(bytes: Uint8Array, { colour }: Header, paper: number): GreyPicture {
  const png = decoded(bytes);
  const { width, height } = png;
  const { samples, channels, largest } = unpacked(png, colour);
  if (samples.length !== width * height * channels) throw new Error('pixels are missing');
  return toGrey(samples, width, height, channels, largest, paper);
}

function decoded(bytes: Uint8Array): DecodedPng {
  try {
    return decode(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (/filter: undefined/.test(reason)) throw new Error('pixels are missing');
    throw new Error(reason.replace(/:$/, ''));
  }
}

interface Unpacked {
  /** [height, width, channels], 0 to `largest`. */
  readonly samples: ArrayLike<number>;
  /** 1 grey, 2 grey and opacity, 3 RGB, 4 RGB and opacity. */
  readonly channels: number;
  readonly largest: number;
}

/** A number for each channel of each pixel: palettes looked up, narrow greys taken out of their bytes. */
function unpacked(png: DecodedPng, colour: number): Unpacked {
  const { width, height, depth, channels, data, transparency } = png;
  const count = width * height;
  // RGB images may have a palette too, which is only a suggestion.
  if (colour === PALETTE) {
    const samples = convertIndexedToRgb(png);
    return { samples, channels: samples.length / count, largest: 255 };
  }
  const largest = 2 ** depth - 1;
  const samples = depth < 8 ? narrow(data, width, height, depth) : data;
  if (!transparency) return { samples, channels, largest };
  return { samples: keyed(samples, channels, transparency, largest), channels: channels + 1, largest };
}

/** Greys of 1, 2 or 4 bits, whose rows begin with a byte each. */
function narrow(data: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const samples = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  const largest = 2 ** depth - 1;
  for (let i = 0; i < samples.length; i++) {
    const bit = (i % width) * depth;
    const byte = data[Math.floor(i / width) * rowBytes + (bit >> 3)] ?? 0;
    samples[i] = (byte >> (8 - depth - (bit & 7))) & largest;
  }
  return samples;
}

/** Samples with their opacity: none where all channels are the transparent colour, exactly and before any scaling. */
function keyed(
  samples: ArrayLike<number>,
  channels: number,
  transparent: Uint16Array,
  largest: number,
): Uint16Array {
  const count = samples.length / channels;
  const out = new Uint16Array(count * (channels + 1));
  for (let i = 0; i < count; i++) {
    let opacity = 0;
    for (let c = 0; c < channels; c++) {
      const sample = samples[i * channels + c]!;
      out[i * (channels + 1) + c] = sample;
      if (sample !== (transparent[c]! & largest)) opacity = largest;
    }
    out[i * (channels + 1) + channels] = opacity;
  }
  return out;
}

/** Adam7: where the seven small images are in the large one, as [first column, first row, column step, row step]. */
const PASSES: readonly (readonly [number, number, number, number])[] = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** An interlaced image of narrow samples: each pass is written as an image of its own, decoded, and copied in. */
function decodeInterlaced(header: Header, chunks: readonly Chunk[], paper: number): GreyPicture {
  const { width, height, depth } = header;
  const data = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map((chunk) => chunk.data));
  const lines = inflateSync(data, { maxOutputLength: 2 * (width * height + 7 * height) + 64 });
  const colours = chunks.filter(({ type }) => type === 'PLTE' || type === 'tRNS');
  const pixels = new Uint8Array(width * height);
  let from = 0;
  for (const [left, top, across, down] of PASSES) {
    const small = {
      ...header,
      width: Math.ceil((width - left) / across),
      height: Math.ceil((height - top) / down),
    };
    if (small.width <= 0 || small.height <= 0) continue;
    const to = from + small.height * (1 + Math.ceil((small.width * depth) / 8));
    const pass = decodeWhole(wholePng(small, colours, lines.subarray(from, to)), small, paper);
    for (let i = 0; i < pass.pixels.length; i++) {
      const row = top + down * Math.floor(i / small.width);
      pixels[row * width + left + across * (i % small.width)] = pass.pixels[i]!;
    }
    from = to;
  }
  return { width, height, pixels };
}

/** A PNG file without interlacing, its checksums left at zero: fast-png does not look at them. */
function wholePng({ width, height, depth, colour }: Header, colours: readonly Chunk[], lines: Uint8Array) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([depth, colour], 8);
  const chunks = [
    { type: 'IHDR', data: head },
    ...colours,
    { type: 'IDAT', data: deflateSync(lines, { level: 0 }) },
    { type: 'IEND', data: new Uint8Array(0) },
  ];
  return Buffer.concat([
    SIGNATURE,
    ...chunks.flatMap(({ type, data }) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(data.length);
      return [length, Buffer.from(type, 'latin1'), data, Buffer.alloc(4)];
    }),
  ]);
}
