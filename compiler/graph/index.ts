export * from './graph.js';
export { type LowerOptions, lower } from './lower.js';
export * from './tensors.js';
