/**
 * Writing NumPy's `.npz`: a zip archive of `.npy` files, one an array, stored as they are, which `np.load` opens by
 * name.
 */

import { zipSync } from 'fflate';
import type { Dtype, Tensor } from '../safetensors.js';

/** NumPy's words for types; it has none for the others. */
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

/** Bytes that NumPy aligns an array's elements to. */
const ALIGNMENT = 64;

/**
 * An archive's bytes; the same for the same arrays. Texts become arrays of NumPy's fixed-width Unicode.
 * @throws RangeError for a type that NumPy has no word for
 */
export function npzBytes(arrays: ReadonlyMap<string, Tensor | readonly string[]>): Uint8Array {
  const files = [...arrays].map(([name, array]) => [`${name}.npy`, npy(array)] as const);
  // A zip archive's first possible day.
  return zipSync(Object.fromEntries(files), { level: 0, mtime: new Date(1980, 0, 1) });
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
