/** The compiler: checking, the dataflow graph. */
export { check, checkCodes, unsupported, validateDocument } from './check/index.js';
export { type Graph, type LowerOptions, lower, type TensorInfo } from './graph/index.js';
export type { ModelDocument } from './model.js';
