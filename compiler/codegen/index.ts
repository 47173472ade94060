/** Code generation: a plan's kernels as text. One scheduler and printer, one folder a language. */
export { overlapsOf } from './overlaps.js';
export type { Language } from './printer.js';
export { type Overlaps, type Schedule, schedule } from './schedule.js';
export { argumentWords, SCRATCH_WORD } from './wat/arguments.js';
export { printModule } from './wat/module.js';
export { scratchBytes } from './wat/rows.js';
