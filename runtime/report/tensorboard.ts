/**
 * Event files that TensorBoard reads: TFRecord frames, each with an `Event` message of TensorFlow's event.proto and
 * summary.proto. Only what a training run says is written: scalars, images, and where a run began anew.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { bytes, double, encoded, type Field, float, integer, message, text } from '../protobuf.js';
import { encodePng, type Picture } from './png.js';

export interface EventFile {
  readonly path: string;
  /** Adds numbers at a step; a value that is not finite is left out, since a chart has no place for it. */
  scalars(step: number, values: Readonly<Record<string, number | null>>): void;
  image(step: number, tag: string, picture: Picture): void;
}

/**
 * Begins a new event file in `folder`, which is made. With `restart`, TensorBoard forgets what older files there say of
 * `restart` and later steps: a run that goes on writes them anew. Errors are the file system's.
 */
export function openEventFile(folder: string, now: Date, restart?: number): EventFile {
  mkdirSync(folder, { recursive: true });
  const seconds = Math.floor(now.getTime() / 1000);
  const path = join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${restart ?? 0}`);
  const add = (...fields: readonly Field[]) =>
    appendFileSync(path, tfRecord(encoded([double(1, Date.now() / 1000), ...fields])));
  const summary = (step: number, values: readonly Field[]) => add(integer(2, step), message(5, values));
  add(text(3, 'brain.Event:2'));
  if (restart !== undefined) add(integer(2, restart), message(7, [integer(1, SESSION_START)]));
  return {
    path,
    scalars(step, values) {
      const finite = Object.entries(values).filter((entry): entry is [string, number] =>
        Number.isFinite(entry[1]),
      );
      if (finite.length === 0) return;
      summary(
        step,
        finite.map(([tag, value]) => message(1, [text(1, tag), float(2, value)])),
      );
    },
    image(step, tag, picture) {
      const image = [
        integer(1, picture.height),
        integer(2, picture.width),
        integer(3, picture.channels),
        bytes(4, encodePng(picture)),
      ];
      summary(step, [message(1, [text(1, tag), message(4, image)])]);
    },
  };
}

/** `SessionLog.START` of event.proto. */
const SESSION_START = 1;

/** A TFRecord frame: the length, its masked CRC, the data, its masked CRC, all little-endian. */
export function tfRecord(data: Uint8Array): Buffer {
  const framed = Buffer.alloc(data.length + 16);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(maskedCrc(framed.subarray(0, 8)), 8);
  framed.set(data, 12);
  framed.writeUInt32LE(maskedCrc(data), data.length + 12);
  return framed;
}

/** TensorFlow's: a CRC is rotated and shifted, so that the CRC of data that holds CRCs is not degenerate. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
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
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
