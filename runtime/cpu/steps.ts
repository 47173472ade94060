/**
 * The workers' instructions: a program is a list of steps, the same for all of them, with every address and share
 * fixed. Plain data, posted to each worker once.
 *
 * Addresses are bytes in the shared memory. Each worker has a private region of it (argument blocks, scratch), all laid
 * out alike: an address in it is given for worker 0, and worker w adds w times `privateBytes`.
 */

import type { Split } from './shares.js';

/** A row-major matrix; `step` numbers from one row to the next. */
export interface Matrix {
  readonly address: number;
  readonly step: number;
}

/** c[m, n] = alpha · op(a)[m, k] · op(b)[k, n] + beta · c. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Matrix;
  readonly transposeA: boolean;
  readonly b: Matrix;
  readonly transposeB: boolean;
  readonly c: Matrix;
  readonly alpha: number;
  readonly beta: 0 | 1;
}

/** A row kernel over `rows` rows: export `rows_KERNEL`, its argument block at the private address `args`. */
export interface RowsCall {
  readonly kernel: number;
  readonly args: number;
  readonly rows: number;
}

/** A number of the run rather than of the plan. */
export type Variable = 'epoch' | 'batch';

export type Work =
  /** Products of one shape, of each the same rows or columns of c shared; or the products themselves. */
  | { readonly kind: 'gemm'; readonly products: readonly Product[]; readonly split: Split }
  | ({ readonly kind: 'rows' } & RowsCall)
  /**
   * Gradients, block by block of `blockRows` of the update's rows, each in the private matrix `gradient`, then the
   * update of those rows. A product's c is relative to the whole gradient: `row`, `col` where it begins. The argument
   * words at the private addresses `moving` hold addresses in the gradient, given as if its first row lay at 0.
   */
  | {
      readonly kind: 'learn';
      readonly products: readonly {
        readonly product: Omit<Product, 'c'>;
        readonly row: number;
        readonly col: number;
      }[];
      readonly gradient: Matrix;
      readonly blockRows: number;
      readonly update: RowsCall;
      readonly moving: readonly { readonly address: number; readonly base: number }[];
    }
  /**
   * Export `name`, called with `args`, then the first and end of a share of `count` rows or columns that begins at a
   * multiple of `unit`; without a `share`, by worker 0 with `args` alone.
   */
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly (number | Variable)[];
      readonly share: { readonly count: number; readonly unit: number } | null;
    };

/** `sync`: all workers meet before it. */
export type Step = Work & { readonly sync: boolean };

/** Everything a worker needs to run programs. */
export interface Setup {
  readonly memory: WebAssembly.Memory;
  readonly privateBytes: number;
  /** Exports `rows_K` and the functions that `call` names. */
  readonly kernels: WebAssembly.Module;
  /** A library that `openBlas` takes, or the module of `gemm-wat.ts` with its private scratch. */
  readonly products:
    | { readonly blas: string }
    | { readonly module: WebAssembly.Module; readonly scratch: number };
  readonly programs: Readonly<Record<string, readonly Step[]>>;
  /** Time each step on worker 0. */
  readonly profile: boolean;
}
