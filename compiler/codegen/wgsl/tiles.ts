/**
 * The tiles that products may be made in. Which is fastest differs by adapter and shape far more than any rule could
 * say (a software adapter wants no workgroup memory at all), so the engine measures these candidates once a shape
 * class.
 */
import type { Gemm } from '../../plan/plan.js';

/** How a product is cut up; plain data, to be cached as JSON. */
export interface GemmTile {
  readonly name: string;
  /** Results a thread makes, rows by columns: columns a multiple of 4, rows too or 1. */
  readonly thread: readonly [number, number];
  /** Threads of a workgroup, along rows and columns. */
  readonly group: readonly [number, number];
  /** How much of k lies in workgroup memory at a time, a multiple of 4; 0: operands are read straight from storage. */
  readonly depth: number;
  /** Threads that share the results of one, each taking a part of k; 1 where `depth` is not 0. */
  readonly lanes: number;
}

const tile = (
  rows: number,
  cols: number,
  groupRows: number,
  groupCols: number,
  { depth = 0, lanes = 1 } = {},
): GemmTile => {
  const how = depth > 0 ? `shared${depth}` : lanes > 1 ? `lanes${lanes}` : 'direct';
  return {
    name: `${rows * groupRows}x${cols * groupCols}/${rows}x${cols}/${how}`,
    thread: [rows, cols],
    group: [groupRows, groupCols],
    depth,
    lanes,
  };
};

const wide: readonly GemmTile[] = [
  tile(8, 8, 16, 16, { depth: 16 }),
  tile(8, 8, 8, 16, { depth: 16 }),
  tile(8, 8, 8, 8, { depth: 16 }),
  tile(4, 8, 16, 8, { depth: 16 }),
  tile(4, 4, 8, 16, { depth: 16 }),
  tile(4, 4, 8, 8, { depth: 32 }),
  tile(4, 4, 8, 8),
  tile(8, 4, 8, 8),
  tile(8, 8, 4, 8),
];
/** Few threads with many results each: what a processor that plays graphics card likes. */
const alone: readonly GemmTile[] = [tile(8, 12, 1, 4), tile(8, 16, 1, 4)];
/** For products with few rows, or few results altogether. */
const skinny: readonly GemmTile[] = [
  tile(1, 4, 1, 4, { lanes: 32 }),
  tile(1, 4, 1, 16, { lanes: 8 }),
  tile(1, 4, 1, 64),
  tile(4, 4, 1, 8, { lanes: 16 }),
  tile(4, 4, 4, 8, { lanes: 4 }),
];

/** Bytes of workgroup memory that a tile takes. */
export function tileStorage({ thread, group, depth, lanes }: GemmTile, f16: boolean): number {
  const threads = group[0] * group[1] * lanes;
  if (lanes > 1) return 4 * threads * thread[0] * thread[1];
  // A vector more a row: see `gemm.ts`.
  const vectors = depth * ((thread[0] * group[0]) / 4 + 1 + (thread[1] * group[1]) / 4 + 1);
  return vectors * (f16 ? 8 : 16);
}

/** Whether a tile's threads meet in workgroup memory. */
export const usesWorkgroupMemory = ({ depth, lanes }: GemmTile): boolean => depth > 0 || lanes > 1;

/** One tile without and with workgroup memory: which is faster says what to make of it on an adapter. */
export const probeTiles: readonly [GemmTile, GemmTile] = [tile(4, 4, 8, 8), tile(4, 4, 8, 8, { depth: 32 })];

/** What of a device decides which tiles it can run, as `WgslOptions` have it. */
export interface TileLimits {
  readonly f16: boolean;
  readonly workgroupMemory: boolean;
  readonly maxInvocations: number;
  /** In bytes. */
  readonly maxWorkgroupStorage: number;
}

/**
 * The candidates that fit the device, the likely ones on real graphics cards first.
 *
 * @param options of the device; where `workgroupMemory` is false, tiles that need none
 * @param shape leaves out what cannot be best for it; without it, all that fit
 */
export function gemmTiles(options: TileLimits, shape?: Pick<Gemm, 'm' | 'n' | 'k'>): readonly GemmTile[] {
  const fits = (t: GemmTile): boolean =>
    t.group[0] * t.group[1] * t.lanes <= options.maxInvocations &&
    tileStorage(t, options.f16) <= options.maxWorkgroupStorage &&
    (options.workgroupMemory || !usesWorkgroupMemory(t));
  const suits = (t: GemmTile): boolean => {
    if (!shape) return true;
    // A thread's rows beyond the matrix are work for nothing; results enough for all threads need no lanes.
    if (shape.m < 4) return t.thread[0] === 1;
    if (t.thread[0] === 1) return false;
    if (t.lanes > 1) return shape.m * shape.n <= 2 ** 17;
    return (
      t.thread[0] * t.group[0] < 2 * powerAbove(shape.m) && t.thread[1] * t.group[1] < 2 * powerAbove(shape.n)
    );
  };
  const found = [...wide, ...(options.workgroupMemory ? [] : alone), ...skinny].filter(
    (t) => fits(t) && suits(t),
  );
  // Four threads fit any device.
  return found.length > 0 ? found : [tile(4, 4, 2, 2)];
}

/** The next power of two that is not below x. */
export const powerAbove = (x: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, x)));

/**
 * Products of one class are about as fast with one tile as with another: sizes to within a factor of two, and how
 * operands lie.
 */
export function shapeClass(product: Pick<Gemm, 'm' | 'n' | 'k' | 'transposeA' | 'transposeB'>): string {
  const { m, n, k, transposeA, transposeB } = product;
  return `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'} ${[m, n, k].map(powerAbove).join('x')}`;
}
