/** Code generation: a plan's kernels as text. One planner of sweeps, one printer, one folder per language. */
export { overlapsOf } from './overlaps.js';
export type { Language } from './printer.js';
export { type Overlaps, type RowSweeps, sweepsOf } from './sweeps.js';
export { argumentWords, SCRATCH_WORD } from './wat/arguments.js';
export { printModule } from './wat/module.js';
export { scratchBytes } from './wat/rows.js';
