/**
 * Pictures as bytes of brightness, whatever a file's name says: PNG and JPEG are decoded, other formats are recognized
 * by their first bytes and refused with the command that converts them.
 */

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { failure, RffcError } from '../../grammar/diagnostic.js';
import type { GreyPicture } from './grey.js';
import { decodeJpeg } from './jpeg.js';
import { decodePng } from './png.js';
import { unreadable } from './records.js';

/** How many bytes of a file's beginning tell its format. */
export const PICTURE_HEAD = 32;

/** Formats by how their files begin, byte for byte; `?` is any byte. */
const BEGINNINGS: readonly (readonly [name: string, ...beginnings: string[]])[] = [
  ['PNG', '\x89PNG\r\n'],
  ['JPEG', '\xff\xd8\xff'],
  ['GIF', 'GIF87a', 'GIF89a'],
  // Two letters are little: four reserved bytes of a BMP are zero.
  ['BMP', 'BM????\0\0\0\0'],
  ['WebP', 'RIFF????WEBP'],
  ['AVIF', '????ftypavi'],
  ['HEIC', '????ftyphei', '????ftyphev', '????ftypmif1', '????ftypmsf1'],
  ['TIFF', 'II*\0', 'MM\0*', 'II+\0', 'MM\0+'],
  ['JPEG XL', '\xff\x0a', '\0\0\0\x0cJXL '],
  ['JPEG 2000', '\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'],
  ['PNM', 'P1\n', 'P2\n', 'P3\n', 'P4\n', 'P5\n', 'P6\n', 'P7\n'],
  ['SVG', '<svg'],
  ['PDF', '%PDF-'],
];

/** The picture format that a file's first bytes belong to, such as `PNG` or `WebP`; undefined for none. */
export function formatOf(head: Uint8Array): string | undefined {
  const begins = (beginning: string) =>
    head.length >= beginning.length &&
    [...beginning].every((char, i) => char === '?' || char.charCodeAt(0) === head[i]);
  return BEGINNINGS.find(([, ...beginnings]) => beginnings.some(begins))?.[0];
}

/** Reads one picture. @throws RffcError RFF613 where the system refuses, else as `decodePicture`. */
export async function readPicture(file: string, paper = 0): Promise<GreyPicture> {
  const bytes = await readFile(file).catch((error) => Promise.reject(unreadable(file, error)));
  return decodePicture(bytes, file, paper);
}

/**
 * Decodes a PNG or JPEG file: colour by its luma (ITU-R BT.601), 16 bits rounded to 8, transparent parts over paper,
 * turned as its EXIF orientation says.
 * @param file the name for messages
 * @param paper from 0, black as in MNIST, to 255
 * @throws RffcError RFF670 for a damaged picture or a file that is none, RFF760 for a picture of another format
 */
export function decodePicture(bytes: Uint8Array, file: string, paper = 0): GreyPicture {
  const format = formatOf(bytes);
  if (format !== 'PNG' && format !== 'JPEG')
    throw format ? convertible(format, file) : notAPicture(bytes, file);
  try {
    return format === 'PNG' ? decodePng(bytes, paper) : decodeJpeg(bytes);
  } catch (error) {
    if (error instanceof RffcError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw failure('RFF670', `cannot decode the ${format} image ${file}: ${reason}`, {
      file,
      hint: 'the file is damaged: copy, download or export it again',
    });
  }
}

/** A picture that other programs read. */
export function convertible(format: string, file: string): RffcError {
  const name = basename(file);
  const png = `${name.replace(/\.[^.]*$/, '')}.png`;
  return failure('RFF760', `${file} is a ${format} image: expected PNG or JPEG`, {
    file,
    hint: `convert it, for example with ImageMagick: \`magick ${quoted(name)} ${quoted(png)}\``,
  });
}

function notAPicture(bytes: Uint8Array, file: string): RffcError {
  const start = Buffer.from(bytes.subarray(0, PICTURE_HEAD)).toString('latin1').trimStart();
  const what =
    bytes.length === 0
      ? 'the file is empty'
      : /^<(!doctype|html)/i.test(start)
        ? `it begins with \`${start.split(/[\s>]/, 1)[0]}\`: a web page`
        : `it begins with the bytes ${Buffer.from(bytes.subarray(0, 8))
            .toString('hex')
            .replace(/..(?=.)/g, '$& ')}`;
  return failure('RFF670', `${file} is not a PNG or JPEG image: ${what}`, {
    file,
    hint: 'download or export it again',
  });
}

/** A word as a shell reads it back. */
function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
