/** Greyscale images, the result of every decoder, and the conversion from colour. */

/** 0 is black, MNIST's background; 255 is white. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  /** [height, width] */
  readonly pixels: Uint8Array;
}

/** A header may claim any size: larger images are refused before memory is allocated. */
export const MOST_MEGAPIXELS = 100;

/**
 * Colour to luma (ITU-R BT.601), with transparency over a uniform background, rounded to bytes.
 * @param samples [height, width, channels], from 0 to `largest`
 * @param channels 1 grey, 2 grey and opacity, 3 RGB, 4 RGB and opacity
 * @param paper the background, from 0, black, to 255, white
 */
export function toGrey(
  samples: ArrayLike<number>,
  width: number,
  height: number,
  channels: number,
  largest: number,
  paper: number,
): GreyPicture {
  const pixels = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < pixels.length; i++, at += channels) {
    const bright =
      channels < 3
        ? samples[at]!
        : 0.299 * samples[at]! + 0.587 * samples[at + 1]! + 0.114 * samples[at + 2]!;
    const opaque = channels % 2 === 0 ? samples[at + channels - 1]! / largest : 1;
    pixels[i] = Math.round((255 * bright * opaque) / largest + paper * (1 - opaque));
  }
  return { width, height, pixels };
}
