/** The compiler: checking, the dataflow graph, the plan. */
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
export { buildPlan, type PassName, type PlanOptions, passNames } from './plan/build.js';
export type { Plan } from './plan/plan.js';
export { summarize } from './plan/summary.js';
export { validatePlan } from './plan/validate.js';
