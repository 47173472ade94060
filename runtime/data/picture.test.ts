import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { encode } from 'fast-png';
import jpeg from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { RffcError } from '../../grammar/diagnostic.js';
import { refusal } from '../../test/support/mnist-files.js';
import { turned } from './orientation.js';
import { decodePicture } from './picture.js';

const fixture = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../test/fixtures/pictures/${name}`, import.meta.url)));

const png = (
  width: number,
  height: number,
  data: Uint8Array | Uint16Array,
  channels = 1,
  depth: 8 | 16 = 8,
) => encode({ width, height, data, channels, depth });

interface RawPng {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  /** Rows' packed bytes, the filter byte of each included. */
  readonly lines: readonly number[];
  readonly interlaced?: boolean;
  /** Chunks before the pixels. */
  readonly before?: readonly (readonly [type: string, data: readonly number[]])[];
}

/** A PNG of a kind that the encoder does not write. */
function rawPng({
  width,
  height,
  depth,
  colour,
  lines,
  interlaced = false,
  before = [],
}: RawPng): Uint8Array {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([depth, colour, 0, 0, interlaced ? 1 : 0], 8);
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', head),
    ...before.map(([type, data]) => chunk(type, Uint8Array.from(data))),
    chunk('IDAT', deflateSync(Uint8Array.from(lines))),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** The rows of an image, unfiltered: `bits` [height, width] of `depth` bits each. */
function packed(bits: readonly (readonly number[])[], depth: number): number[] {
  return bits.flatMap((row) => {
    const bytes = new Array<number>(Math.ceil((row.length * depth) / 8)).fill(0);
    row.forEach((value, i) => {
      bytes[(i * depth) >> 3]! |= value << (8 - depth - ((i * depth) & 7));
    });
    return [0, ...bytes];
  });
}

/** The rows of the seven passes of Adam7. */
function interlaced(bits: readonly (readonly number[])[], depth: number): number[] {
  const passes = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const;
  return passes.flatMap(([left, top, across, down]) =>
    packed(
      bits
        .filter((_, r) => r >= top && (r - top) % down === 0)
        .map((row) => row.filter((_, c) => c >= left && (c - left) % across === 0))
        .filter((row) => row.length > 0),
      depth,
    ),
  );
}

/** A JPEG of one brightness for each pixel, with an APP1 segment of EXIF that holds an orientation. */
function jpegOf(width: number, height: number, pixels: ArrayLike<number>, orientation?: number): Uint8Array {
  const data = Uint8Array.from({ length: 4 * width * height }, (_, i) =>
    i % 4 === 3 ? 255 : pixels[i >> 2]!,
  );
  const { data: bytes } = jpeg.encode({ width, height, data }, 100);
  if (orientation === undefined) return bytes;
  const tiff = [
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    0x01,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const body = [...Buffer.from('Exif\0\0', 'latin1'), ...tiff];
  return Buffer.concat([
    bytes.subarray(0, 2),
    Uint8Array.of(0xff, 0xe1, 0, body.length + 2, ...body),
    bytes.subarray(2),
  ]);
}

describe('a PNG image as brightness', () => {
  const rgb = (...values: number[]) => png(values.length / 3, 1, Uint8Array.from(values), 3);
  it.each<[string, () => Uint8Array, number[]]>([
    ['grey', () => png(3, 1, Uint8Array.of(0, 77, 255)), [0, 77, 255]],
    ['grey of 16 bits', () => png(3, 1, Uint16Array.of(0, 0x4d4d, 0xffff), 1, 16), [0, 77, 255]],
    ['grey with opacity', () => png(2, 1, Uint8Array.of(200, 255, 200, 51), 2), [200, 40]],
    ['RGB', () => rgb(255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9), [76, 150, 29, 9]],
    ['RGB with opacity', () => png(2, 1, Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 0), 4), [255, 0]],
    [
      'grey of 1 bit',
      () =>
        rawPng({
          width: 9,
          height: 2,
          depth: 1,
          colour: 0,
          lines: [0, 0b10100000, 0b10000000, 0, 0b00000001, 0],
        }),
      [255, 0, 255, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 255, 0],
    ],
    [
      'grey of 4 bits',
      () => rawPng({ width: 3, height: 1, depth: 4, colour: 0, lines: [0, 0x0f, 0x80] }),
      [0, 255, 136],
    ],
    [
      'a palette',
      () =>
        rawPng({
          width: 3,
          height: 1,
          depth: 2,
          colour: 3,
          lines: [0, 0b00011000],
          before: [['PLTE', [0, 0, 0, 255, 255, 255, 255, 0, 0]]],
        }),
      [0, 255, 76],
    ],
    [
      'a palette with opacity',
      () =>
        rawPng({
          width: 3,
          height: 1,
          depth: 8,
          colour: 3,
          lines: [0, 0, 1, 2],
          before: [
            ['PLTE', [255, 255, 255, 255, 255, 255, 90, 90, 90]],
            ['tRNS', [0, 51]],
          ],
        }),
      [0, 51, 90],
    ],
    [
      'RGB that suggests a palette',
      () =>
        rawPng({
          width: 2,
          height: 1,
          depth: 8,
          colour: 2,
          lines: [0, 7, 7, 7, 9, 9, 9],
          before: [['PLTE', [1, 2, 3]]],
        }),
      [7, 9],
    ],
    [
      'grey with a transparent grey',
      () =>
        rawPng({
          width: 3,
          height: 1,
          depth: 8,
          colour: 0,
          lines: [0, 255, 254, 0],
          before: [['tRNS', [0, 255]]],
        }),
      [0, 254, 0],
    ],
    [
      'grey of 2 bits with a transparent grey',
      () =>
        rawPng({
          width: 3,
          height: 1,
          depth: 2,
          colour: 0,
          lines: [0, 0b11100000],
          before: [['tRNS', [0, 3]]],
        }),
      [0, 170, 0],
    ],
    [
      'grey of 16 bits with a transparent grey, compared before it is rounded',
      () =>
        rawPng({
          width: 2,
          height: 1,
          depth: 16,
          colour: 0,
          lines: [0, 0xff, 0xff, 0xff, 0xfe],
          before: [['tRNS', [0xff, 0xff]]],
        }),
      [0, 255],
    ],
    [
      'RGB with a transparent colour',
      () =>
        rawPng({
          width: 4,
          height: 1,
          depth: 8,
          colour: 2,
          lines: [0, 255, 255, 255, 255, 255, 254, 10, 10, 10, 255, 255, 255],
          before: [['tRNS', [0, 255, 0, 255, 0, 255]]],
        }),
      [0, 255, 10, 0],
    ],
  ])('of %s', (_, bytes, expected) => {
    const image = decodePicture(bytes(), 'f.png');
    expect([...image.pixels]).toEqual(expected);
    expect(image.width * image.height).toBe(expected.length);
  });

  it('keeps any grey image and its shape', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(255),
        (width, height, salt) => {
          const pixels = Uint8Array.from({ length: width * height }, (_, i) => (salt + 7 * i) % 256);
          expect(decodePicture(png(width, height, pixels), 'f')).toEqual({ width, height, pixels });
        },
      ),
    );
  });

  it('reads an interlaced image of any depth as the same image without', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 19 }),
        fc.integer({ min: 1, max: 19 }),
        fc.constantFrom(1, 2, 4, 8),
        fc.constantFrom(0, 3),
        fc.nat(1000),
        (width, height, depth, colour, salt) => {
          const bits = Array.from({ length: height }, (_, r) =>
            Array.from({ length: width }, (_, c) => (salt + 5 * r + 3 * c * c) % 2 ** depth),
          );
          const palette = Array.from({ length: 3 * 2 ** depth }, (_, i) => (salt * i) % 256);
          const before =
            colour === 3
              ? ([
                  ['PLTE', palette],
                  ['tRNS', [0, 99]],
                ] as const)
              : [];
          const kind = { width, height, depth, colour, before };
          const plain = decodePicture(rawPng({ ...kind, lines: packed(bits, depth) }), 'f');
          const woven = rawPng({ ...kind, lines: interlaced(bits, depth), interlaced: true });
          expect(decodePicture(woven, 'f')).toEqual(plain);
        },
      ),
    );
  });
});

describe('a JPEG image as brightness', () => {
  /** The largest difference between a picture and `expected`, which tells a column's brightness. */
  const error = ({ width, pixels }: ReturnType<typeof decodePicture>, expected: (x: number) => number) =>
    Math.max(...[...pixels].map((pixel, i) => Math.abs(pixel - expected(i % width))));

  it.each([
    ['progressive.jpg', (x: number) => 10 * x],
    ['grey.jpg', (x: number) => 10 * x],
    ['colour.jpg', (x: number) => (x < 8 ? 76 : x < 16 ? 150 : 29)],
  ] as const)('of %s', (name, expected) => {
    const picture = decodePicture(fixture(name), name);
    expect(picture).toMatchObject({ width: 24, height: 16 });
    expect(error(picture, expected)).toBeLessThan(8);
  });

  it('applies its EXIF orientation', () => {
    // Brighter to the right and, half as much, to the bottom: no two orientations look alike.
    const [width, height] = [16, 8];
    const pixels = Uint8Array.from({ length: width * height }, (_, i) => 10 * (i % width) + 5 * (i >> 4));
    for (let orientation = 1; orientation <= 8; orientation++) {
      const found = decodePicture(jpegOf(width, height, pixels, orientation), 'f.jpg');
      const expected = turned({ width, height, pixels }, orientation);
      expect(found).toMatchObject({ width: expected.width, height: expected.height });
      const off = Math.max(...found.pixels.map((pixel, i) => Math.abs(pixel - expected.pixels[i]!)));
      expect(off).toBeLessThan(4);
    }
    expect(decodePicture(jpegOf(width, height, pixels, 9), 'f.jpg')).toEqual(
      decodePicture(jpegOf(width, height, pixels), 'f.jpg'),
    );
  });

  it.each([
    [1, [1, 2, 3, 4, 5, 6]],
    [2, [3, 2, 1, 6, 5, 4]],
    [3, [6, 5, 4, 3, 2, 1]],
    [4, [4, 5, 6, 1, 2, 3]],
    [5, [1, 4, 2, 5, 3, 6]],
    [6, [4, 1, 5, 2, 6, 3]],
    [7, [6, 3, 5, 2, 4, 1]],
    [8, [3, 6, 2, 5, 1, 4]],
  ])('orientation %i', (orientation, expected) => {
    const picture = { width: 3, height: 2, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    const upright = turned(picture, orientation);
    expect([...upright.pixels]).toEqual(expected);
    expect(upright.width).toBe(orientation < 5 ? 3 : 2);
  });
});

describe('a file that is not a supported image', () => {
  it('is rejected by name if damaged in any way', async () => {
    const sound = png(5, 5, new Uint8Array(25).fill(9));
    const flipped = sound.slice();
    flipped[20]! ^= 1;
    const cut = [
      sound.subarray(0, 40),
      fixture('progressive.jpg').subarray(0, 200),
      fixture('grey.jpg').subarray(0, 90),
    ];
    for (const bytes of [...cut, flipped, Buffer.from('no image'), new Uint8Array(0)]) {
      const found = await refusal(() => decodePicture(bytes, 'broken.png'));
      expect(found).toMatchObject({ code: 'RFF670', file: 'broken.png' });
      expect(found.message).not.toMatch(/undefined|bounds of the DataView/);
    }
    for (const whole of [sound, fixture('grey.jpg'), fixture('progressive.jpg')]) {
      fc.assert(
        fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
          const bytes = cut ? whole.subarray(0, at) : Uint8Array.from(whole);
          if (!cut) bytes[at] = value;
          try {
            decodePicture(bytes, 'f');
          } catch (error) {
            if (!(error instanceof RffcError)) throw error;
          }
        }),
      );
    }
  });

  it('is rejected before memory is allocated for a size claimed by its header', async () => {
    const huge = rawPng({ width: 2 ** 30, height: 2 ** 30, depth: 8, colour: 0, lines: [0] });
    expect((await refusal(() => decodePicture(huge, 'huge.png'))).message).toMatch(
      /exceed the limit of 100 million/,
    );
  });

  it.each([
    ['GIF', 'GIF89a'],
    ['BMP', 'BM\x46\x0c\0\0\0\0\0\0'],
    ['WebP', 'RIFF\x24\0\0\0WEBPVP8 '],
    ['HEIC', '\0\0\0\x18ftypheic'],
    ['AVIF', '\0\0\0\x1cftypavif'],
    ['TIFF', 'II*\0\x08\0\0\0'],
  ])('%s is named, with the command that converts it', async (format, start) => {
    const bytes = Buffer.from(start.padEnd(40, 'x'), 'latin1');
    const found = await refusal(() => decodePicture(bytes, "my digits/it's 3.jpg"));
    expect(found.code).toBe('RFF760');
    expect(found.message).toContain(`is a ${format} image`);
    expect(found.hint).toContain(`magick 'it'\\''s 3.jpg' 'it'\\''s 3.png'`);
  });

  it('is recognized as a web page', async () => {
    const page = Buffer.from('<!DOCTYPE html><html>404</html>');
    expect((await refusal(() => decodePicture(page, '3.png'))).message).toContain(
      'a web page, beginning with `<!DOCTYPE`',
    );
  });
});
