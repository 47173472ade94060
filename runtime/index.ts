/** The runtime: backends, data, training, run folders, sweeps, export, and what every diagnostic means. */
export {
  type BackendInfo,
  type BackendOptions,
  backendNames,
  listBackends,
  openBackend,
} from './backends.js';
export {
  type DataOptions,
  type Dataset,
  type DatasetDescription,
  describeDataset,
  loadDataset,
  type Split,
} from './data/index.js';
export { readSamples, type SampleOptions, type Samples, type Wanted } from './data/samples.js';
export { diagnosticCodes } from './diagnostics.js';
export type { Precision, RunArguments, Session } from './engine.js';
export type { RunConfig, RunSettings } from './folder/folder.js';
export { evaluate, initialize, predict, samples, train } from './library.js';
export { exportOnnx, type OnnxExport } from './onnx/export.js';
export { normalizeValues } from './pixels.js';
export {
  openTrained,
  type RunInfo,
  type RunObserver,
  type RunRequest,
  type RunResult,
  readRun,
  resumeRun,
  type SavedRun,
  startRun,
  type TrainedNetwork,
  wantedBy,
} from './run/run.js';
export { readSafetensors, type Tensor, toFloat32, toInt32, writeSafetensors } from './safetensors.js';
export type { Outcome, Trial } from './sweep/folder.js';
export { bestOf, type Launch, runSweep, type SweepObserver, type SweepResult } from './sweep/sweep.js';
export type { Evaluation, Prediction, PredictOptions } from './train/evaluate.js';
export type { Measures, Position } from './train/progress.js';
export type {
  BatchReport,
  EpochReport,
  TrainingData,
  TrainObserver,
  TrainOptions,
  TrainResult,
} from './train/train.js';
export { exportWeights, importWeights } from './weight-bytes.js';
export { loadWeights, saveWeights } from './weights.js';
