/**
 * JPEG images, baseline and progressive, as bytes of brightness. A file that was cut off is an error, not half a
 * picture: that is why jpeg-js decodes them, and not a build of libjpeg for WebAssembly, such as @jsquash/jpeg, which
 * fills the rest.
 */

import jpeg from 'jpeg-js';
import { type GreyPicture, MOST_MEGAPIXELS, toGrey } from './grey.js';
import { orientationOf, turned } from './orientation.js';

/** @throws Error with a readable message for a damaged file. */
export function decodeJpeg(bytes: Uint8Array): GreyPicture {
  const image = jpeg.decode(bytes, {
    useTArray: true,
    tolerantDecoding: false,
    maxResolutionInMP: MOST_MEGAPIXELS,
    maxMemoryUsageInMB: 4096,
  });
  // Missing in the library's types. It begins with the second zero of `Exif\0\0`.
  const { width, height, data, exifBuffer } = image as typeof image & { readonly exifBuffer?: Uint8Array };
  if (!(width > 0 && height > 0)) throw new Error('no pixels');
  const picture = toGrey(data, width, height, 4, 255, 0);
  return exifBuffer ? turned(picture, orientationOf(exifBuffer.subarray(1))) : picture;
}
