/**
 * The engine's own kernel: rounds f32 to bf16, to nearest, ties to even, for products with
 * `--precision bf16`.
 */
import type { Arg, KernelLaunch } from '../../compiler/codegen/cuda/index.js';

export const CONVERT = 'to_bf16';
const THREADS = 256;
/** Columns per block. */
const COLUMNS = 4 * THREADS;
/** Blocks in a grid's second dimension. */
const MOST_ROWS = 65535;

export const convertSource = `
// to[r, c] = from[r, c] as bf16; a block has ${COLUMNS} columns of a row, and then of the row gridDim.y further
extern "C" __global__ void __launch_bounds__(${THREADS}) ${CONVERT}(
    const unsigned* from, unsigned from_step, unsigned short* to, unsigned to_step, unsigned rows, unsigned cols) {
  for (unsigned r = blockIdx.y; r < rows; r += gridDim.y) {
#pragma unroll
    for (unsigned i = 0; i < 4; i++) {
      const unsigned c = blockIdx.x * ${COLUMNS}u + i * ${THREADS}u + threadIdx.x;
      if (c >= cols) continue;
      const unsigned x = from[size_t(r) * from_step + c];
      const bool is_nan = (x & 0x7fffffffu) > 0x7f800000u;
      const unsigned rounded = x + 0x7fffu + ((x >> 16) & 1u);
      to[size_t(r) * to_step + c] = is_nan ? 0x7fff : (unsigned short)(rounded >> 16);
    }
  }
}
`;

/** The launch that converts a matrix; steps are in numbers of each. */
export function convertLaunch(
  from: { readonly address: bigint; readonly step: number },
  to: { readonly address: bigint; readonly step: number },
  rows: number,
  cols: number,
): KernelLaunch {
  const u64 = (value: bigint): Arg => ({ type: 'u64', value });
  const u32 = (value: number): Arg => ({ type: 'u32', value });
  return {
    function: CONVERT,
    grid: [Math.ceil(cols / COLUMNS), Math.min(rows, MOST_ROWS), 1],
    block: [THREADS, 1, 1],
    sharedBytes: 0,
    args: [u64(from.address), u32(from.step), u64(to.address), u32(to.step), u32(rows), u32(cols)],
  };
}
