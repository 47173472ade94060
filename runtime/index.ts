/** The runtime: backends, data, training, run folders. */
export { backendNames, listBackends, openBackend } from './backends.js';
export { loadDataset } from './data/index.js';
export type { RunArguments, Session } from './engine.js';
export { readRun, resumeRun, startRun } from './run/run.js';
export { evaluate } from './train/evaluate.js';
export { train } from './train/train.js';
