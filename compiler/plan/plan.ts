/**
 * The plan: a static schedule of everything a network does, as JSON. It states which values are computed, by which
 * kernel, from and to which memory: an engine allocates, compiles the kernels, and executes the launches in order.
 *
 * Memory consists of a few arenas of bytes; a buffer is a range of one. All values are f32 (class indices i32) in
 * row-major matrices whose rows are padded to a multiple of four numbers and start at multiples of 16 bytes, buffers at
 * multiples of 256.
 */
import type { Field } from '../field.js';
import type { Purpose } from '../graph/graph.js';
import type { HostScalar, ProgramName, TensorInfo } from '../graph/tensors.js';
import type { ModelDocument } from '../model.js';

/**
 * `constants` are written once, at load; `parameters` and `state` live as long as the session; the others only within a
 * run.
 */
export type ArenaName = 'constants' | 'parameters' | 'state' | 'io' | 'activities' | 'scratch';

export interface Arena {
  readonly name: ArenaName;
  readonly bytes: number;
}

export interface Buffer {
  readonly arena: ArenaName;
  /** In bytes, from the arena's start; a multiple of 256. */
  readonly offset: number;
  readonly bytes: number;
  /** For people: `learn[3]/slots`. */
  readonly name: string;
}

/** A matrix inside a buffer. Offsets and strides count numbers (4 bytes), the offset from the buffer's start. */
export interface Region {
  /** Index into `plan.buffers`. */
  readonly buffer: number;
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
  /** The distance from one row to the next. */
  readonly stride: number;
}

/**
 * Rows indexed by (variant, sample): row = region at `offset + variant · variantStride + sample · sampleStride`; a
 * stride of 0 broadcasts.
 */
export interface RowsView {
  readonly buffer: number;
  readonly offset: number;
  readonly variantStride: number;
  readonly sampleStride: number;
  /**
   * If present, the row is looked up: with k the i32 at `index` for the same (variant, sample), the row starts at
   * `offset + k · stride`, and this view's own two strides are 0.
   */
  readonly lookup?: { readonly stride: number; readonly index: RowsView };
}

/**
 * An expression over rows: `nodes` in order, each a constant, the name of an input, or an operator with the indices of
 * its argument nodes. `kind` is `row` for a scalar per row.
 */
export type ExpressionNode = number | string | readonly [string, ...number[]];

/**
 * A fused row kernel: for every row, reads its inputs, evaluates the expressions (reductions included) and writes the
 * outputs. All element inputs and outputs have `units` columns; `row` ones have one.
 */
export interface RowsKernel {
  readonly kind: 'rows';
  readonly name: string;
  readonly units: number;
  readonly inputs: readonly { readonly name: string; readonly kind: 'element' | 'row' }[];
  readonly nodes: readonly ExpressionNode[];
  readonly outputs: readonly {
    /** Index into `nodes`. */
    readonly node: number;
    /** A `row` node may be broadcast to every unit of an `element` output. */
    readonly kind: 'element' | 'row';
    /** Numbers written right after the last column of each row: the `1` of a slot and its padding. */
    readonly tail: readonly number[];
  }[];
}

/**
 * c = a · b, either operand possibly transposed: c[m, n] = Σ_k a[m, k] · b[k, n]; scaled by `alpha`, plus `beta` times
 * the previous c.
 */
export interface Gemm {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Stored [m, k], or [k, m] if `transposeA`. */
  readonly a: Region;
  readonly transposeA: boolean;
  /** Stored [k, n], or [n, k] if `transposeB`. */
  readonly b: Region;
  readonly transposeB: boolean;
  readonly c: Region;
  readonly alpha: number;
  readonly beta: 0 | 1;
  /**
   * If present, `count` such products: a, b and c are those of the first, and advance by these steps for each of the
   * next, side by side in the rows of a matrix or stacked (see `blocks.ts`).
   */
  readonly blocks?: {
    readonly count: number;
    readonly a: number;
    readonly b: number;
    readonly c: number;
  };
}

export interface RowsLaunch {
  readonly kind: 'rows';
  /** Index into `plan.kernels`. */
  readonly kernel: number;
  readonly variants: number;
  readonly samples: number;
  readonly inputs: readonly RowsView[];
  readonly outputs: readonly RowsView[];
}

export type Launch =
  | ({ readonly kind: 'gemm' } & Gemm)
  | RowsLaunch
  /**
   * The whole learning of a layer: gradient products whose results are immediately consumed by an update of the same
   * rows. The engine may run it in blocks of rows, with the gradients of each block in memory of its own: the `c`
   * regions of the products are all inside `gradient`, which only `update` reads.
   */
  | {
      readonly kind: 'learn';
      readonly products: readonly Gemm[];
      readonly gradient: Region;
      readonly update: RowsLaunch;
    }
  /**
   * The patches of a field, side by side for each row of the input, each followed by zeros up to a multiple of four
   * columns.
   */
  | { readonly kind: 'patches'; readonly field: Field; readonly input: Region; readonly output: Region }
  /** out[0] = scale · Σ of one column over `rows` rows. */
  | { readonly kind: 'mean'; readonly input: Region; readonly output: Region; readonly scale: number }
  /** output[0, j] = scale · Σ over the rows of input[·, j]. */
  | { readonly kind: 'total'; readonly input: Region; readonly output: Region; readonly scale: number }
  /**
   * output[k, ·] = scale · Σ of input rows whose index is k; output[classes, ·] the sum of all of them; further rows 0.
   * `input` row r has index[r].
   */
  | {
      readonly kind: 'scatter';
      readonly input: Region;
      readonly index: Region;
      readonly classes: number;
      readonly output: Region;
      readonly scale: number;
    }
  /** output[r, c] = 1 where index[r] is c, else 0, then `tail` behind the last column. */
  | {
      readonly kind: 'onehot';
      readonly index: Region;
      readonly output: Region;
      readonly tail: readonly number[];
    }
  /** output[r, c] = u < keep ? 1 / keep : 0, u the uniform number r · cols + c of (seed, site, epoch, batch). */
  | { readonly kind: 'dropout'; readonly output: Region; readonly site: number; readonly keep: number }
  /** A class other than `truth`, drawn by `probabilities` and the uniform number of the row. */
  | {
      readonly kind: 'draw';
      readonly probabilities: Region;
      readonly truth: Region;
      readonly uniform: Region;
      readonly output: Region;
    }
  | { readonly kind: 'fill'; readonly output: Region; readonly value: number };

/** Where an exposed tensor is stored. */
export interface PlanTensor extends TensorInfo {
  /** A matrix of [all axes except the last, the last]; one region per frame for inputs with frames. */
  readonly regions: readonly Region[];
  /** The stored values are multiplied by this: a connection's sign is folded into its weights. */
  readonly sign: 1 | -1;
  /** Stored as the transpose of its shape. */
  readonly transposed: boolean;
}

export interface Plan {
  readonly rffc: 'plan';
  readonly version: 2;
  readonly model: ModelDocument;
  /** The SHA-256 of the model's text, in hex, and the file it was compiled from. */
  readonly source: { readonly sha256: string; readonly file: string } | null;
  readonly batch: number;
  readonly predictBatch: number;
  readonly frames: number;
  readonly classes: number;
  /** Absent: the network itself (see `Graph.purpose`). */
  readonly purpose?: Exclude<Purpose, 'network'>;
  readonly layers: readonly string[];
  readonly learnSteps: number;
  readonly passes: readonly string[];
  readonly arenas: readonly Arena[];
  readonly buffers: readonly Buffer[];
  readonly tensors: readonly PlanTensor[];
  /** The numbers that the host writes before each run, one f32 each into the region. */
  readonly scalars: { readonly values: readonly HostScalar[]; readonly region: Region | null };
  readonly kernels: readonly RowsKernel[];
  /** `load` runs once, after allocation. */
  readonly programs: Readonly<Record<ProgramName | 'load', readonly Launch[]>>;
  /** The products of the model as written, for the naive floor of `rffc bench`: [m, n, k, count]. */
  readonly naive: Readonly<Record<ProgramName, readonly (readonly [number, number, number, number])[]>>;
}
