/**
 * What every backend gives the training loop: a session that holds one compiled network and plays its programs.
 *
 * A session knows tensors by name and nothing else: parameters and optimizer state under the names of the language
 * (`h2.h1.forward.weight`, `optimizer/h2.h1.forward.weight/square_avg`), a batch's data (`x`, `y`, …) and results
 * (`loss`, `predict/goodness`, …). It holds no model knowledge; the loop in `train/` holds no backend knowledge.
 */
import type { ProgramName, RunArguments, TensorInfo } from '../compiler/graph/tensors.js';

export type { ProgramName, RunArguments, TensorInfo, TensorRole } from '../compiler/graph/tensors.js';

export interface Session {
  readonly backend: string;
  /** Every tensor that can be written or read. */
  readonly tensors: readonly TensorInfo[];
  /**
   * Sets a tensor. `values` is row-major and exactly as long as the tensor's shape says.
   * @throws RffcError for an unknown name or a wrong length.
   */
  write(name: string, values: Float32Array | Int32Array): void;
  /** Plays a program to its end. @throws RffcError if the device fails. */
  run(program: ProgramName, args: RunArguments): Promise<void>;
  /** A copy of a tensor, row-major. */
  read(name: string): Promise<Float32Array>;
  dispose(): Promise<void>;
}
