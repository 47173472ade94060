/** The compiler: checking, the dataflow graph, the plan. */

export { buildPlan, type PlanOptions } from './build.js';
export { check, checkCodes, validateDocument } from './check/index.js';
export {
  type Compilation,
  type CompileOptions,
  compile,
  type Diagnosis,
  diagnose,
  type ModelChoice,
  type SourceText,
} from './compile.js';
export { type Graph, type LowerOptions, lower, type TensorInfo } from './graph/index.js';
export type { ModelDocument } from './model.js';
export { type Network, networkOf } from './network.js';
export { type PassName, passNames } from './passes/pipeline.js';
export type { Plan } from './plan/plan.js';
export { summarize } from './plan/summary.js';
export { validatePlan } from './plan/validate.js';
