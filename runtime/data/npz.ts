/** Writing NumPy's `.npz`: a zip archive of uncompressed `.npy` files, one per array, for `np.load`. */

import { crc32 } from 'node:zlib';
import type { Dtype, Tensor } from '../safetensors.js';

/** NumPy's names of types. */
const DESCR: Partial<Readonly<Record<Dtype, string>>> = {
  BOOL: '|b1',
  U8: '|u1',
  I8: '|i1',
  U16: '<u2',
  I16: '<i2',
  U32: '<u4',
  I32: '<i4',
  U64: '<u8',
  I64: '<i8',
  F16: '<f2',
  F32: '<f4',
  F64: '<f8',
};

/** NumPy's alignment of elements, in bytes. */
const ALIGNMENT = 64;

/**
 * An archive's bytes, deterministic. Texts become NumPy's fixed-width Unicode.
 * @throws RangeError for a type that NumPy does not have
 */
export function npzBytes(arrays: ReadonlyMap<string, Tensor | readonly string[]>): Uint8Array {
  const files = [...arrays].map(([name, array]) => [`${name}.npy`, npy(array)] as const);
  return storedZip(files);
}

/** A zip archive's first possible day, so that the same arrays are the same bytes. */
const DAY = (1 << 5) | 1;
/** Of the format. */
const VERSION = 20;
/** Says that a name is UTF-8, which ASCII needs nobody to say. */
const UTF8 = 0x800;

/**
 * A zip archive of files as they are (PKWARE's APPNOTE.TXT, 4.3): each after a header of its own, and at the end a
 * directory of them all. yauzl, which reads archives here, writes none.
 * @throws RangeError beyond 4 GiB or 65,535 files, which would need ZIP64
 */
export function storedZip(files: readonly (readonly [name: string, bytes: Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [file, bytes] of files) {
    const name = Buffer.from(file);
    // What both headers have of a file; the method, 0, is to store it.
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(VERSION, 0);
    if (name.length > file.length) fields.writeUInt16LE(UTF8, 2);
    fields.writeUInt16LE(DAY, 8);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(bytes.length, 14);
    fields.writeUInt32LE(bytes.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const start = Buffer.alloc(14);
    start.writeUInt32LE(at, 10);
    directory.push(Buffer.from(`PK\x01\x02${String.fromCharCode(VERSION)}\0`), fields, start, name);
    parts.push(Buffer.from('PK\x03\x04'), fields, name, bytes);
    at += 4 + fields.length + name.length + bytes.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, entries, end]);
}

function npy(array: Tensor | readonly string[]): Uint8Array {
  if (!('dtype' in array)) return text(array);
  const { dtype, shape, data } = array;
  const descr = DESCR[dtype];
  if (descr === undefined) throw new RangeError(`NumPy has no type ${dtype}`);
  return withHeader(descr, shape, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function text(words: readonly string[]): Uint8Array {
  const points = words.map((word) => Array.from(word, (char) => char.codePointAt(0)!));
  const width = Math.max(1, ...points.map(({ length }) => length));
  const elements = new Uint32Array(words.length * width);
  points.forEach((word, i) => {
    elements.set(word, i * width);
  });
  return withHeader(`<U${width}`, [words.length], new Uint8Array(elements.buffer));
}

/** Format version 1.0 (numpy/lib/format.py). */
function withHeader(descr: string, shape: readonly number[], elements: Uint8Array): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const preamble = 10;
  const length = Math.ceil((preamble + dict.length + 1) / ALIGNMENT) * ALIGNMENT;
  const head = Buffer.from(`\x93NUMPY\x01\x00\0\0${dict.padEnd(length - preamble - 1)}\n`, 'latin1');
  head.writeUInt16LE(length - preamble, 8);
  return Buffer.concat([head, elements]);
}
