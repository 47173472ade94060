/** A plan's kernels as one WebAssembly module in text form, on a shared memory that the engine makes. */
import type { RowsKernel } from '../../plan/plan.js';
import type { Overlaps } from '../sweeps.js';
import { HELPERS } from './helpers.js';
import { printRows } from './rows.js';

/**
 * Kernel i becomes the function `rows_i(args, from, to)`: `args` the address of its argument block (`arguments.ts`),
 * rows `from` up to `to` of the launch, a row being variant · samples + sample. The functions of `helpers.ts` are
 * always there.
 *
 * @param overlaps by kernel, which of its inputs and outputs may share memory (`overlapsOf(plan)`); without it, all may
 * @returns WebAssembly text with 128-bit SIMD and bulk memory
 */
export function printModule(kernels: readonly RowsKernel[], overlaps?: (kernel: number) => Overlaps): string {
  return [
    '(module',
    '  (import "env" "memory" (memory 1 65536 shared))',
    ...kernels.map(
      (kernel, i) =>
        `  ;; ${kernel.name.replaceAll(/[^ -~]/g, '?')}\n${printRows(`rows_${i}`, kernel, overlaps?.(i))}`,
    ),
    HELPERS,
    ')\n',
  ].join('\n');
}
