/** Values that a network had better not see as they are. */

import type { DataSpec } from '../../compiler/model.js';
import type { Diagnostic } from '../../grammar/diagnostic.js';

/** Whether values look like pixels from 0 to 255: bytes, some of them of the upper half. */
export function arePixels({ bytes, high }: { readonly bytes: boolean; readonly high: number }): boolean {
  return bytes && high >= 128;
}

/** RFF671 for values that are bytes, 0 to 255, where the model does not say how to scale them. */
export function unscaledBytes({ name, options }: DataSpec, file: string): Diagnostic[] {
  if (options.normalize !== undefined) return [];
  return [
    {
      code: 'RFF671',
      severity: 'warning',
      file,
      message: `${file}: values from 0 to 255 are given to the network as they are`,
      hint:
        `write \`${name}(…, normalize: [0, 255])\` for values from 0 to 1, or give their mean and standard ` +
        'deviation',
    },
  ];
}
