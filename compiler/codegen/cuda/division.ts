/**
 * How a row kernel's work is divided among threads, and what else is decided about it before its text is printed: the
 * sweeps, which inputs are read, and which forms of it the plan's launches want.
 */
import type { Plan, RowsKernel, RowsLaunch } from '../../plan/plan.js';
import type { Division } from '../rows.js';
import { type Overlaps, type RowSweeps, sweepsOf } from '../sweeps.js';

export const WARP = 32;
const FLAT_SIZE = 256;
/** Threads of a block whose rows are narrow. */
const NARROW_SIZE = 128;
/** Vectors that a thread has in registers, at most, and threads that share a row: more of either would spill. */
const ROUNDS = 4;
const USUAL_SIZE = 256;
const LARGEST_SIZE = 512;

/** What of a launch its kernel's text depends on. */
export interface RowsForm {
  readonly single: boolean;
  readonly lookups: readonly boolean[];
}

/** The form that a launch wants of its kernel. */
export function formOf(launch: RowsLaunch): RowsForm {
  return { single: launch.variants === 1, lookups: launch.inputs.map((v) => v.lookup !== undefined) };
}

/** A kernel and all that is decided about it before a form is. */
export interface RowsPlan {
  readonly sweeps: RowSweeps;
  readonly overlaps: Overlaps;
  /** Inputs that are read, by index. */
  readonly inputs: readonly number[];
  readonly division: BlockDivision;
  /** Whether a row's number may be changed by the storing of what is computed from it. */
  readonly rowsChange: boolean;
}

/** How rows are divided among threads and blocks. */
export interface BlockDivision extends Division {
  readonly kind: 'flat' | 'narrow' | 'wide';
  /** Threads of a block. */
  readonly size: number;
}

/** @throws Error for a kernel that is not well formed, see `sweepsOf` */
export function planRows(kernel: RowsKernel, overlaps: Overlaps): RowsPlan {
  const s = sweepsOf(kernel, overlaps);
  const read = new Set<number>();
  const use = (n: number) => {
    const i = kernel.inputs.findIndex((input) => input.name === kernel.nodes[n]);
    if (i >= 0) read.add(i);
  };
  for (const sweep of s.sweeps) {
    for (const step of sweep.steps) if (step.kind === 'load') use(step.node);
    sweep.before.forEach(use);
  }
  s.after.forEach(use);
  const rowsChange = kernel.inputs.some(
    (input, i) => input.kind === 'row' && read.has(i) && kernel.outputs.some((_, o) => overlaps(o, i)),
  );
  const inputs = [...read].sort((a, b) => a - b);
  return { sweeps: s, overlaps, inputs, division: divide(s, rowsChange), rowsChange };
}

function divide(s: RowSweeps, rowsChange: boolean): BlockDivision {
  const groups = s.sweeps.length === 0 ? 1 : Math.ceil(s.kernel.units / 4);
  const reduces = s.sweeps.some((sweep) => sweep.reductions.length > 0);
  if (groups === 1 ? !reduces : !reduces && !rowsChange)
    return { kind: 'flat', groups, threads: groups, rounds: 1, rolled: false, size: FLAT_SIZE };
  if (groups <= 2 * WARP) {
    const threads = Math.min(WARP, 2 ** Math.ceil(Math.log2(groups)));
    const rounds = Math.ceil(groups / threads);
    return { kind: 'narrow', groups, threads, rounds, rolled: false, size: NARROW_SIZE };
  }
  const most = groups <= ROUNDS * USUAL_SIZE ? USUAL_SIZE : LARGEST_SIZE;
  const threads = WARP * Math.ceil(groups / Math.ceil(groups / most) / WARP);
  const rounds = Math.ceil(groups / threads);
  return { kind: 'wide', groups, threads, rounds, rolled: rounds > ROUNDS, size: threads };
}

/** Every launch of a row kernel in a plan, a layer's learning included. */
export function rowsLaunchesOf(plan: Pick<Plan, 'programs'>): RowsLaunch[] {
  return Object.values(plan.programs).flatMap((launches) =>
    launches.flatMap((l) => (l.kind === 'rows' ? [l] : l.kind === 'learn' ? [l.update] : [])),
  );
}
