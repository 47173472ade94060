/** Pictures as PNG, small enough to embed in a page or an event file: eight bits per channel. */
import { encode } from 'fast-png';

/** Rows of pixels from the top, `channels` bytes per pixel: 1 is grey, 4 is red, green, blue and alpha. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 4;
  readonly pixels: Uint8Array;
}

/** A picture's PNG file. @throws RangeError unless there are width × height × channels bytes of pixels. */
export function encodePng({ width, height, channels, pixels }: Picture): Uint8Array {
  return encode({ width, height, channels, depth: 8, data: pixels });
}

/** A URL for an `<img>`, so that the page loads nothing. */
export function dataUri(picture: Picture): string {
  return `data:image/png;base64,${Buffer.from(encodePng(picture)).toString('base64')}`;
}
