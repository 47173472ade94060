import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { pictureShape, samplePicture, weightSheet } from './pictures.js';
import { encodePng } from './png.js';

test('a PNG holds the pixels, a filter byte before each row', () => {
  const pixels = Uint8Array.of(0, 50, 100, 150, 200, 250);
  const png = Buffer.from(encodePng({ width: 3, height: 2, channels: 1, pixels }));
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  expect(png.subarray(12, 16).toString('latin1')).toBe('IHDR');
  expect([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]]).toEqual([3, 2, 8, 0]);
  const length = png.readUInt32BE(33);
  expect(png.subarray(37, 41).toString('latin1')).toBe('IDAT');
  expect([...inflateSync(png.subarray(41, 41 + length))]).toEqual([0, 0, 50, 100, 0, 150, 200, 250]);
  // The file every PNG ends with, its CRC among it.
  expect(png.subarray(-12).toString('hex')).toBe('0000000049454e44ae426082');
  expect(() => encodePng({ width: 2, height: 2, channels: 4, pixels })).toThrow(RangeError);
});

test('images are square rows or narrow frames; features are neither', () => {
  expect(pictureShape(784, 1)).toEqual({ width: 28, height: 28, frame: 0 });
  expect(pictureShape(4096, 20)).toEqual({ width: 64, height: 64, frame: 10 });
  expect(pictureShape(28, 28)).toEqual({ width: 28, height: 28, frame: null });
  expect(pictureShape(785, 1)).toBeNull();
  expect(pictureShape(16, 1)).toBeNull();
  expect(pictureShape(4, 150)).toBeNull();
});

test('a sample is drawn from its least to its greatest value, its middle frame where it has several', () => {
  const still = { width: 2, height: 2, frame: 0 };
  expect([...samplePicture(Float32Array.of(-1, 0, 0, 1), still).pixels]).toEqual([0, 128, 128, 255]);
  const frames = Float32Array.of(9, 9, 9, 9, 0, 1, 1, 0, 9, 9, 9, 9);
  expect([...samplePicture(frames, { ...still, frame: 1 }).pixels]).toEqual([0, 255, 255, 0]);
  // Nothing to see must not divide by zero.
  expect([...samplePicture(new Float32Array(4), still).pixels]).toEqual([0, 0, 0, 0]);
});

test('weights stand side by side, as opaque as large', () => {
  const shape = { width: 1, height: 1, frame: 0 };
  const sheet = weightSheet(Float32Array.of(0.5, -2, 0, 7), shape, 2, 3);
  // Two columns and two lines, two pixels between them; the fourth unit is one too many.
  expect([sheet.width, sheet.height]).toEqual([4, 4]);
  const at = (x: number, y: number) => [...sheet.pixels.subarray(4 * (4 * y + x), 4 * (4 * y + x) + 4)];
  const [[red0, , blue0, alpha0], [red1, , blue1, alpha1]] = [at(0, 0), at(3, 0)];
  expect(blue0).toBeGreaterThan(red0!);
  expect(red1).toBeGreaterThan(blue1!);
  expect([alpha0, alpha1, at(0, 3)[3], at(3, 3)[3], at(1, 1)[3]]).toEqual([255, 255, 0, 0, 0]);
});
