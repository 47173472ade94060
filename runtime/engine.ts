/// <reference lib="esnext.disposable" preserve="true" />
/**
 * What every backend gives the training loop: a session that holds one compiled network and plays its programs.
 *
 * A session knows tensors by name and nothing else: parameters and optimizer state under the names of the language
 * (`h2.h1.forward.weight`, `optimizer/h2.h1.forward.weight/square_avg`), a batch's data (`x`, `y`, …) and results
 * (`loss`, `predict/goodness`, …). It holds no model knowledge; the loop in `train/` holds no backend knowledge.
 */
import type { ProgramName, RunArguments, TensorInfo } from '../compiler/graph/tensors.js';
import { failure, RffcError } from '../grammar/diagnostic.js';

export type { ProgramName, RunArguments, TensorInfo, TensorRole } from '../compiler/graph/tensors.js';

/** `await using session = …` closes it at the end of its block. */
export interface Session extends AsyncDisposable {
  readonly backend: string;
  /** Every tensor that can be written or read. */
  readonly tensors: readonly TensorInfo[];
  /**
   * The names of those that have been written. A parameter that never was is all zeros: nobody gave the network
   * weights.
   */
  readonly written: ReadonlySet<string>;
  /** Inputs may be written while a program runs: they travel meanwhile, and the next program reads them. */
  readonly writesAhead?: true;
  /**
   * Sets a tensor. `values` is row-major and exactly as long as the tensor's shape says.
   * @throws RffcError for an unknown name or a wrong length.
   */
  write(name: string, values: Float32Array | Int32Array): void;
  /** Plays a program to its end. @throws RffcError if the device fails, RFF775 where the session is closed. */
  run(program: ProgramName, args: RunArguments): Promise<void>;
  /** A copy of a tensor, row-major. */
  read(name: string): Promise<Float32Array>;
  /** What the launches of a program took; empty unless the session was opened with `profile`. */
  launchTimes?(program: string): LaunchTime[];
  dispose(): Promise<void>;
}

/** What a launch took in all runs so far: on a CPU by the first worker's clock, on a GPU by the GPU's. */
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

/** The device is gone, and what it held with it; another one can be had perhaps. */
export function deviceLost(message: string): RffcError {
  return failure('RFF834', message, {
    hint: 'go on from the last checkpoint with `rffc run --resume`; if it happens again, update the graphics driver',
  });
}

export function isDeviceLost(error: unknown): error is RffcError {
  return error instanceof RffcError && error.diagnostics[0]?.code === 'RFF834';
}
