/** For tests: the path of the real MNIST on this machine, and generated files in its format. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Diagnostic, RffcError } from '../../grammar/diagnostic.js';
import type { Split } from '../../runtime/data/dataset.js';
import { storedZip } from '../../runtime/data/npz.js';
import { unlessRequired } from '../../test/support/needs.js';

/** The folder with MNIST's four files (RFFC_DATA's, or ../shared/data beside the repository), or null. */
export function realMnist(): string | null {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const candidates = [join(root, '../shared/data/mnist')];
  // Absolute, as tests link to it from elsewhere.
  const given = process.env.RFFC_DATA && resolve(process.env.RFFC_DATA);
  if (given) candidates.unshift(join(given, 'mnist'), given);
  return candidates.find((folder) => existsSync(join(folder, 'train-images-idx3-ubyte.gz'))) ?? null;
}

/** Why tests of the real MNIST are skipped; undefined if it was found. */
export const noMnist: string | undefined =
  realMnist() === null ? unlessRequired('MNIST not found: set RFFC_DATA to its folder') : undefined;

/** The first diagnostic of a failure, whose code must be documented. */
export async function refusal(work: () => unknown): Promise<Diagnostic> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RffcError)) throw error;
    return error.diagnostics[0]!;
  }
  throw new Error('it did not fail');
}

/** A split's samples at `indices`: [frames, indices, inputSize]. */
export function gathered(
  split: Split,
  indices: readonly number[],
  frames: number,
  inputSize: number,
): number[] {
  const out = new Float32Array(frames * indices.length * inputSize);
  split.gather(indices, out);
  return [...out];
}

/** An IDX file of unsigned bytes. */
export function idxBytes(dimensions: readonly number[], data: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array(4 + 4 * dimensions.length + data.length);
  out[2] = 8;
  out[3] = dimensions.length;
  const view = new DataView(out.buffer);
  dimensions.forEach((size, i) => {
    view.setUint32(4 + 4 * i, size);
  });
  out.set(Array.from(data), 4 + 4 * dimensions.length);
  return out;
}

/** A .npy file, version 1, of numbers in row-major order. @param descr NumPy's type, such as `<f4`. */
export function npyBytes(descr: string, shape: readonly number[], values: readonly number[]): Uint8Array {
  const sizes = shape.map((size) => `${size},`).join(' ');
  const header = `${`{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`.padEnd(117)}\n`;
  const width = Number(descr.slice(2));
  const elements = Buffer.alloc(width * values.length);
  const view = new DataView(elements.buffer, elements.byteOffset, elements.byteLength);
  const little = descr[0] !== '>';
  values.forEach((value, i) => {
    const at = i * width;
    if (descr.endsWith('u1')) view.setUint8(at, value);
    else if (descr.endsWith('i2')) view.setInt16(at, value, little);
    else if (descr.endsWith('i4')) view.setInt32(at, value, little);
    else if (descr.endsWith('i8')) view.setBigInt64(at, BigInt(value), little);
    else if (descr.endsWith('f4')) view.setFloat32(at, value, little);
    else if (descr.endsWith('f8')) view.setFloat64(at, value, little);
    else throw new RangeError(`npyBytes cannot write ${descr}`);
  });
  return Buffer.concat([
    Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0]),
    Buffer.from(header),
    elements,
  ]);
}

/** A .npz file of these .npy files. */
export function npzBytes(arrays: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return storedZip(Object.entries(arrays).map(([array, bytes]) => [`${array}.npy`, bytes]));
}
