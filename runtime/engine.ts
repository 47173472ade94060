/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The interface of every backend to the training loop: a session holds one compiled network and runs its programs.
 *
 * A session knows tensors by name and nothing else: parameters and optimizer state under the names of the language
 * (`h2.h1.forward.weight`, `optimizer/h2.h1.forward.weight/square_avg`), a batch's data (`x`, `y`, …) and results
 * (`loss`, `predict/goodness`, …). It holds no model knowledge; the loop in `train/` holds no backend knowledge.
 */
import type { ProgramName, RunArguments, TensorInfo } from '../compiler/graph/tensors.js';
import { failure, RffcError } from '../grammar/diagnostic.js';

export type { ProgramName, RunArguments, TensorInfo, TensorRole } from '../compiler/graph/tensors.js';

/** What products' operands are rounded to; sums are f32 always. An engine has some of these. */
export const precisions = ['f32', 'tf32', 'bf16', 'f16'] as const;
export type Precision = (typeof precisions)[number];

/** `await using session = …` closes it at the end of its block. */
export interface Session extends AsyncDisposable {
  readonly backend: string;
  /** Every tensor that can be written or read. */
  readonly tensors: readonly TensorInfo[];
  /** The names of those that have been written. A parameter never written is all zeros: the network has no weights. */
  readonly written: ReadonlySet<string>;
  /** Inputs may be written while a program runs: they are transferred meanwhile, for the next program. */
  readonly writesAhead?: true;
  /**
   * Sets a tensor. `values` is row-major and exactly as long as the tensor's shape says.
   * @throws RffcError for an unknown name or a wrong length.
   */
  write(name: string, values: Float32Array | Int32Array): void;
  /** Runs a program. @throws RffcError if the device fails, RFF775 if the session is closed. */
  run(program: ProgramName, args: RunArguments): Promise<void>;
  /** A copy of a tensor, row-major. */
  read(name: string): Promise<Float32Array>;
  /** Time per launch of a program; empty unless the session was opened with `profile`. */
  launchTimes?(program: string): LaunchTime[];
  dispose(): Promise<void>;
}

/** A launch's time in all runs so far: on a CPU by the first worker's clock, on a GPU by the GPU's. */
export interface LaunchTime {
  /** Index into the program's launches. */
  readonly launch: number;
  /** Whether all workers meet before it. */
  readonly sync: boolean;
  readonly waitSeconds: number;
  readonly workSeconds: number;
}

/** RFF775: a session was used after it was disposed of. */
export function sessionClosed(): RffcError {
  return failure('RFF775', 'the session is closed', {
    hint: 'open another one with `openBackend`, or dispose of this one later',
  });
}

/** The device and its memory are lost; a new one may be available. */
export function deviceLost(message: string): RffcError {
  return failure('RFF834', message, {
    hint: 'resume from the last checkpoint with `rffc run --resume`; if it happens again, update the graphics driver',
  });
}

export function isDeviceLost(error: unknown): error is RffcError {
  return error instanceof RffcError && error.diagnostics[0]?.code === 'RFF834';
}
