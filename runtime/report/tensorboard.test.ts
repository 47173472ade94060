/**
 * Event files are read back by a decoder that shares nothing with the encoder: bit by bit CRCs, and protobuf's wire
 * format.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { crc32c, openEventFile } from './tensorboard.js';
import { decodeEvents } from './testing.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-tensorboard-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('CRC-32C agrees with the vectors of RFC 3720, appendix B.4', () => {
  const bytes = (value: (i: number) => number) => Uint8Array.from({ length: 32 }, (_, i) => value(i));
  expect(crc32c(bytes(() => 0))).toBe(0x8a9136aa);
  expect(crc32c(bytes(() => 0xff))).toBe(0x62a8ab43);
  expect(crc32c(bytes((i) => i))).toBe(0x46dd794e);
  expect(crc32c(bytes((i) => 31 - i))).toBe(0x113fdb5c);
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

test('scalars and images come back as they were written', () => {
  const events = openEventFile(join(folder, 'new'), new Date(1_700_000_000_000));
  expect(events.path).toContain('events.out.tfevents.1700000000.');
  events.scalars(300, { 'loss/h1': 0.25, 'goodness/größe': -1.5, broken: Number.NaN, none: null });
  events.scalars(2 ** 40, { 'loss/h1': 0.125 });
  events.scalars(301, { broken: Number.POSITIVE_INFINITY });
  events.image(7, 'weights', { width: 2, height: 1, channels: 1, pixels: Uint8Array.of(0, 255) });
  const [first, ...rest] = decodeEvents(readFileSync(events.path));
  expect(first!.version).toBe('brain.Event:2');
  expect(first!.wallTime).toBeGreaterThan(1.7e9);
  expect(rest.map(({ step }) => step)).toEqual([300, 2 ** 40, 7]);
  expect(rest[0]!.scalars).toEqual({ 'loss/h1': 0.25, 'goodness/größe': -1.5 });
  expect(rest[1]!.scalars).toEqual({ 'loss/h1': 0.125 });
  const { weights } = rest[2]!.images;
  expect(weights).toMatchObject({ width: 2, height: 1, channels: 1 });
  expect(weights!.png.subarray(1, 4).toString()).toBe('PNG');
});

test('a run that goes on says from which step', () => {
  const events = openEventFile(join(folder, 'on'), new Date(), 40);
  events.scalars(41, { loss: 1 });
  const [version, restart, scalar] = decodeEvents(readFileSync(events.path));
  expect(version!.restart).toBe(false);
  expect(restart).toMatchObject({ step: 40, restart: true });
  expect(scalar).toMatchObject({ step: 41, restart: false, scalars: { loss: 1 } });
});

test('the decoder of these tests refuses a changed byte', () => {
  const events = openEventFile(join(folder, 'damaged'), new Date());
  events.scalars(1, { loss: 1 });
  const bytes = readFileSync(events.path);
  for (const at of [0, 9, 14, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    expect(() => decodeEvents(changed), `byte ${at}`).toThrow();
  }
});
