/**
 * rffc in a page: the compiler, training, evaluation and prediction on the browser's WebGPU, with data from arrays.
 * Nothing here imports from `node:` or needs a `Buffer`. `docs/examples/page` is a whole page.
 */
export {
  type Compilation,
  type CompileOptions,
  compile,
  type Diagnosis,
  diagnose,
  type ModelDocument,
  type Network,
  networkOf,
  type Plan,
  type SourceText,
} from './compiler/index.js';
export { type Diagnostic, format, RffcError, render } from './grammar/index.js';
export type { Dataset, Split } from './runtime/data/dataset.js';
export { loadDataset } from './runtime/data/page.js';
export type { RunArguments, Session } from './runtime/engine.js';
export { evaluate, initialize, predict, samples, train } from './runtime/library.js';
export type { Evaluation, Prediction, PredictOptions } from './runtime/train/evaluate.js';
export type { Measures, Position } from './runtime/train/progress.js';
export type {
  BatchReport,
  EpochReport,
  TrainingData,
  TrainObserver,
  TrainOptions,
  TrainResult,
} from './runtime/train/train.js';
export {
  openWebgpu,
  type Precision,
  type WebgpuOptions,
  type WebgpuSession,
} from './runtime/webgpu/index.js';
export { exportWeights, importWeights } from './runtime/weight-bytes.js';
