/** For tests only: where the real MNIST lies on this machine, and files in its format made on the spot. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Diagnostic, RffcError } from '../../grammar/diagnostic.js';
import { unlessRequired } from '../../test/support/needs.js';
import type { Split } from './dataset.js';

/** The folder with MNIST's four files (RFFC_DATA's, or ../shared/data beside the repository), or null. */
export function realMnist(): string | null {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const candidates = [join(root, '../shared/data/mnist')];
  if (process.env.RFFC_DATA) candidates.unshift(join(process.env.RFFC_DATA, 'mnist'), process.env.RFFC_DATA);
  return candidates.find((folder) => existsSync(join(folder, 'train-images-idx3-ubyte.gz'))) ?? null;
}

/** Why tests of the real MNIST are skipped; undefined where it was found. */
export const noMnist: string | undefined =
  realMnist() === null ? unlessRequired('MNIST was not found; set RFFC_DATA to its folder') : undefined;

/** The first diagnostic that work ends with, of a code that is documented. */
export async function refusal(work: () => unknown): Promise<Diagnostic> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RffcError)) throw error;
    return error.diagnostics[0]!;
  }
  throw new Error('it was not refused');
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
