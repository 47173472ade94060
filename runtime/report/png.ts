/**
 * Pictures as PNG (ISO/IEC 15948), small enough to stand in a page or an event file: eight bits a channel, no filter,
 * one deflated chunk.
 */
import { crc32, deflateSync } from 'node:zlib';

/** Rows of pixels from the top, `channels` bytes a pixel: 1 is grey, 4 is red, green, blue and alpha. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 4;
  readonly pixels: Uint8Array;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOUR_TYPE = { 1: 0, 4: 6 } as const;

/** A picture's PNG file. @throws RangeError where the pixels are not width × height × channels bytes. */
export function encodePng({ width, height, channels, pixels }: Picture): Buffer {
  const stride = width * channels;
  if (pixels.length !== stride * height)
    throw new RangeError(`${pixels.length} bytes are not ${width} × ${height} × ${channels}`);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, COLOUR_TYPE[channels], 0, 0, 0], 8);
  // Each row begins with the number of its filter: 0, none.
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++)
    rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** For an `<img>` of a page that loads nothing. */
export function dataUri(picture: Picture): string {
  return `data:image/png;base64,${encodePng(picture).toString('base64')}`;
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(named, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}
