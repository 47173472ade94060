/**
 * Event files that TensorBoard reads: TFRecord frames, each with an `Event` message of TensorFlow's event.proto and
 * summary.proto. Only scalars, images and restarts are written.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { encodePng, type Picture } from './png.js';

export interface EventFile {
  readonly path: string;
  /** Adds numbers at a step; values that are not finite are omitted. */
  scalars(step: number, values: Readonly<Record<string, number | null>>): void;
  image(step: number, tag: string, picture: Picture): void;
}

/**
 * Starts a new event file in `folder`, creating the folder. With `restart`, TensorBoard discards from older files
 * `restart` and later steps: a resumed run writes them again. Errors are the file system's.
 */
export function openEventFile(folder: string, now: Date, restart?: number): EventFile {
  mkdirSync(folder, { recursive: true });
  const seconds = Math.floor(now.getTime() / 1000);
  const path = join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${restart ?? 0}`);
  const add = (...fields: readonly Buffer[]) =>
    appendFileSync(path, tfRecord(Buffer.concat([doubleField(1, Date.now() / 1000), ...fields])));
  const summary = (step: number, values: readonly Buffer[]) =>
    add(varintField(2, step), bytesField(5, Buffer.concat(values.map((value) => bytesField(1, value)))));
  add(bytesField(3, Buffer.from('brain.Event:2')));
  if (restart !== undefined) add(varintField(2, restart), bytesField(7, varintField(1, SESSION_START)));
  return {
    path,
    scalars(step, values) {
      const finite = Object.entries(values).filter((entry): entry is [string, number] =>
        Number.isFinite(entry[1]),
      );
      if (finite.length === 0) return;
      summary(
        step,
        finite.map(([tag, value]) => Buffer.concat([bytesField(1, Buffer.from(tag)), floatField(2, value)])),
      );
    },
    image(step, tag, picture) {
      const image = Buffer.concat([
        varintField(1, picture.height),
        varintField(2, picture.width),
        varintField(3, picture.channels),
        bytesField(4, encodePng(picture)),
      ]);
      summary(step, [Buffer.concat([bytesField(1, Buffer.from(tag)), bytesField(4, image)])]);
    },
  };
}

/** `SessionLog.START` of event.proto. */
const SESSION_START = 1;

/** A TFRecord frame: the length, its masked CRC, the data, its masked CRC, all little-endian. */
export function tfRecord(data: Buffer): Buffer {
  const framed = Buffer.alloc(data.length + 16);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(maskedCrc(framed.subarray(0, 8)), 8);
  framed.set(data, 12);
  framed.writeUInt32LE(maskedCrc(data), data.length + 12);
  return framed;
}

/** TensorFlow's: a CRC is rotated and shifted, so that the CRC of data that holds CRCs is not degenerate. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Castagnoli's polynomial, its bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** CRC-32C (RFC 3720, appendix B.4), as an unsigned number. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

// The four kinds of protobuf fields that these messages have.

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

function varintField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8((field << 3) | 1, 0);
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt8((field << 3) | 5, 0);
  bytes.writeFloatLE(value, 1);
  return bytes;
}

function bytesField(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);
}
