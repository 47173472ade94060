/** For tests only: where the real MNIST lies on this machine, and files in its format made on the spot. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with MNIST's four files (RFFC_DATA's, or ../shared/data beside the repository), or null. */
export function realMnist(): string | null {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const candidates = [join(root, '../shared/data/mnist')];
  if (process.env.RFFC_DATA) candidates.unshift(join(process.env.RFFC_DATA, 'mnist'), process.env.RFFC_DATA);
  return candidates.find((folder) => existsSync(join(folder, 'train-images-idx3-ubyte.gz'))) ?? null;
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
