/** A kernel's launch as the driver takes it: grid, block, and parameters in order. */
import type { Region } from '../../plan/plan.js';

/**
 * One parameter of a kernel. `'run'` is the device address of four u32 words that the host writes before each run:
 * `{ epoch, batch, seed mod 2^32, floor(seed / 2^32) }`; kernels read them there, so that a captured graph does not
 * change.
 */
export type Arg =
  | { readonly type: 'u64'; readonly value: bigint | 'run' }
  | { readonly type: 'i32' | 'u32' | 'f32'; readonly value: number };

type Three = readonly [x: number, y: number, z: number];

export interface KernelLaunch {
  readonly function: string;
  readonly grid: Three;
  readonly block: Three;
  /** Dynamic shared memory. */
  readonly sharedBytes: number;
  readonly args: readonly Arg[];
}

/** The device address where a plan's buffer starts: a multiple of 16. */
export type AddressOf = (buffer: number) => bigint;

const WORDS = 2 ** 32;
/** Blocks in a grid's first dimension; also few enough that a grid-stride loop's index does not overflow. */
export const MAX_BLOCKS = 2 ** 16;
export const MAX_ITEMS = WORDS - 256 * MAX_BLOCKS;

/** @throws Error for what is no unsigned 32-bit integer */
export function u32(value: number): Arg {
  if (!(Number.isInteger(value) && value >= 0 && value < WORDS))
    throw new Error(`${value} is no unsigned 32-bit integer`);
  return { type: 'u32', value };
}

export const f32 = (value: number): Arg => ({ type: 'f32', value: Math.fround(value) });

/** The address of a buffer's number `offset`. */
export const pointer = (addressOf: AddressOf, buffer: number, offset: number): Arg => ({
  type: 'u64',
  value: addressOf(buffer) + 4n * BigInt(offset),
});

/** A region's address and the step between its rows. */
export const matrix = (addressOf: AddressOf, r: Region): Arg[] => [
  pointer(addressOf, r.buffer, r.offset),
  u32(r.rows === 1 ? 0 : r.stride),
];

/**
 * A grid-stride launch of `items` threads in blocks of `size`.
 *
 * @throws Error for more items than a 32-bit index reaches
 */
export function gridStride(name: string, items: number, size: number, args: readonly Arg[]): KernelLaunch {
  if (items > MAX_ITEMS) throw new Error(`\`${name}\` has ${items} items; ${MAX_ITEMS} are the most`);
  const blocks = Math.min(MAX_BLOCKS, Math.max(1, Math.ceil(items / size)));
  return { function: name, grid: [blocks, 1, 1], block: [size, 1, 1], sharedBytes: 0, args };
}
