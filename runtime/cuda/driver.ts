/**
 * What the engine needs of an NVIDIA GPU, as an interface: the driver, and cuBLAS. `native.ts` implements it through
 * koffi; tests implement it in plain memory. Every function throws an `RffcError` that names the call and the library's
 * own words.
 *
 * Addresses of the device and handles are the libraries' own, as bigints.
 */

import type { Gemm } from '../../compiler/plan/plan.js';

/** Products' operands: f32; f32 rounded to TF32's 10 bits of mantissa; bf16. Sums are f32 always. */
export type CudaPrecision = 'f32' | 'tf32' | 'bf16';

export type Stream = bigint & { readonly stream?: never };
export type CudaEvent = bigint & { readonly event?: never };

/** Where a copy begins, and how far apart its rows begin, in bytes. */
export type CopyEnd =
  | { readonly device: bigint; readonly pitch: number }
  | { readonly host: ArrayBufferView; readonly pitch: number };

/** `height` rows of `width` bytes. */
export interface Copy {
  readonly from: CopyEnd;
  readonly to: CopyEnd;
  readonly width: number;
  readonly height: number;
}

export type Dimensions = readonly [number, number, number];

export interface KernelLaunch {
  readonly function: bigint;
  readonly grid: Dimensions;
  readonly block: Dimensions;
  readonly sharedBytes: number;
  /** Arguments in order, each in the first bytes of a word of its own. */
  readonly args: BigUint64Array;
}

/** A matrix of the device, row-major: where it begins, and the numbers from one row to the next. */
export interface DeviceMatrix {
  readonly address: bigint;
  readonly step: number;
}

/** c[m, n] = alpha · op(a)[m, k] · op(b)[k, n] + beta · c, row-major. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly alpha: number;
  readonly a: DeviceMatrix;
  readonly transposeA: boolean;
  readonly b: DeviceMatrix;
  readonly transposeB: boolean;
  readonly beta: number;
  readonly c: DeviceMatrix;
  /** So many such products, each operand so many numbers further in the next. */
  readonly blocks?: Gemm['blocks'];
  /** `bf16`: a and b hold bf16 numbers. */
  readonly precision: CudaPrecision;
}

export interface CudaDriver {
  /** The newest CUDA that the driver speaks: 12040 for 12.4. */
  readonly version: number;
  /** Of devices, and one device's name and compute capability: 90 for 9.0. */
  deviceCount(): number;
  deviceName(device: number): string;
  capability(device: number): number;
  /** The device's primary context, which all of a process shares; it lives until it is closed as often as opened. */
  open(device: number): bigint;
  close(device: number): void;
  /** Makes a context the one that all further calls of this thread are about. */
  use(context: bigint): void;

  /** Of the device, in bytes. */
  memory(): { readonly free: number; readonly total: number };
  /** @throws RffcError RFF845 where there is not enough */
  allocate(bytes: number): bigint;
  release(address: bigint): void;
  /** Memory of the host that the device can read and write while the host does other things. */
  allocateHost(bytes: number): Uint8Array<ArrayBuffer>;
  releaseHost(memory: Uint8Array): void;
  /** Sets `count` words of 32 bits. */
  fill(address: bigint, word: number, count: number, stream: Stream): void;
  copy(copy: Copy, stream: Stream): void;

  /** @param image a cubin, or PTX that ends with a 0 */
  loadModule(image: Uint8Array): bigint;
  unloadModule(module: bigint): void;
  functionOf(module: bigint, name: string): bigint;
  /** Lets a function have more dynamic shared memory than the usual 48 KiB. */
  allowShared(fn: bigint, bytes: number): void;
  launch(kernel: KernelLaunch, stream: Stream): void;

  createStream(): Stream;
  destroyStream(stream: Stream): void;
  /** Waits, and lets nothing else happen meanwhile. */
  synchronize(stream: Stream): void;
  createEvent(timing?: boolean): CudaEvent;
  destroyEvent(event: CudaEvent): void;
  record(event: CudaEvent, stream: Stream): void;
  wait(stream: Stream, event: CudaEvent): void;
  isDone(event: CudaEvent): boolean;
  /** Milliseconds between two events that are done. */
  elapsed(from: CudaEvent, to: CudaEvent): number;

  /** From here on what is put on this stream, and on streams that wait for it, becomes a graph. */
  beginCapture(stream: Stream): void;
  /** The graph, ready to run. */
  endCapture(stream: Stream): bigint;
  launchGraph(graph: bigint, stream: Stream): void;
  destroyGraph(graph: bigint): void;
}

/** cuBLAS: a handle belongs to a stream, and has a workspace of its own, which makes its results repeatable. */
export interface CudaProducts {
  /** For people: `12.4.5`. */
  readonly version: string;
  open(stream: Stream, workspace: bigint, workspaceBytes: number): bigint;
  close(handle: bigint): void;
  multiply(handle: bigint, product: Product): void;
}

/** Makes machine code of CUDA C: NVRTC, or nvcc. */
export interface CudaCompiler {
  /** What compiled kernels are remembered by: `nvrtc 12.4`. */
  readonly name: string;
  /** Compute capabilities it knows, ascending; null where it does not say. */
  readonly capabilities: readonly number[] | null;
  /**
   * A cubin for `sm_…`, PTX for `compute_…`.
   * @throws RffcError RFF844 with the compiler's own words
   */
  compile(source: string, architecture: string): Uint8Array<ArrayBuffer>;
}

/** All that the engine stands on. */
export interface CudaMachine {
  readonly driver: CudaDriver;
  readonly products: CudaProducts;
  readonly compiler: CudaCompiler;
}
