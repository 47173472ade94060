/** A warning for unscaled values. */

import type { DataSpec } from '../../compiler/model.js';
import type { Diagnostic } from '../../grammar/diagnostic.js';

/** Whether values look like pixels from 0 to 255: bytes, some above half. */
export function arePixels({ bytes, high }: { readonly bytes: boolean; readonly high: number }): boolean {
  return bytes && high >= 128;
}

/** RFF671 for bytes without `normalize`. */
export function unscaledBytes({ name, options }: DataSpec, file: string): Diagnostic[] {
  if (options.normalize !== undefined) return [];
  return [
    {
      code: 'RFF671',
      severity: 'warning',
      file,
      message: `${file}: values from 0 to 255 are not scaled`,
      hint:
        `write \`${name}(…, normalize: [0, 255])\` to scale them to 0..1, or give their mean and standard ` +
        'deviation',
    },
  ];
}
