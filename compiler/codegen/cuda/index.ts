/** CUDA C: a plan's kernels as one translation unit, and a launch of the plan as the launch of one of them. */
import type { Launch, Plan, RowsLaunch } from '../../plan/plan.js';
import { overlapsOf } from '../overlaps.js';
import { formOf, planRows, type RowsForm, type RowsPlan, rowsLaunchesOf } from './division.js';
import { HELPERS, type HelperLaunch, helperLaunch, helperNames, printOnehot } from './helpers.js';
import { PRELUDE } from './language.js';
import type { AddressOf, KernelLaunch } from './launch.js';
import { printRows, rowsLaunch } from './rows.js';

export type { AddressOf, Arg, KernelLaunch } from './launch.js';

/**
 * What is one kernel. Products are the engine's own, by cuBLAS, and so is a `learn`: its products, then its `update`.
 */
export type KernelLaunchKind = Exclude<Launch, { readonly kind: 'gemm' | 'learn' }>;

/** What is written once of a plan and launched many times. */
interface Kernels {
  readonly rows: ReadonlyMap<
    string,
    { readonly name: string; readonly kernel: RowsPlan; readonly form: RowsForm }
  >;
  readonly onehots: ReadonlyMap<string, { readonly name: string; readonly tail: readonly number[] }>;
}

const made = new WeakMap<PlanPart, Kernels>();
/** What of a plan its kernels depend on. */
type PlanPart = Pick<Plan, 'buffers' | 'kernels' | 'programs'>;

const rowsKey = (launch: RowsLaunch): string => JSON.stringify([launch.kernel, formOf(launch)]);

/** `rows_3` and, where launches of kernel 3 want another form of it, `rows_3_1`. */
function kernelsOf(plan: PlanPart): Kernels {
  const known = made.get(plan);
  if (known) return known;
  const overlaps = overlapsOf(plan);
  const plans = plan.kernels.map((kernel, i) => planRows(kernel, overlaps(i)));
  const numbered = (stem: string, n: number) => (n === 0 ? stem : `${stem}_${n}`);
  const rows = new Map<string, { name: string; kernel: RowsPlan; form: RowsForm }>();
  const forms = new Map<number, number>();
  for (const launch of rowsLaunchesOf(plan)) {
    const key = rowsKey(launch);
    if (rows.has(key)) continue;
    const n = forms.get(launch.kernel) ?? 0;
    forms.set(launch.kernel, n + 1);
    const name = numbered(`rows_${launch.kernel}`, n);
    rows.set(key, { name, kernel: plans[launch.kernel]!, form: formOf(launch) });
  }
  const onehots = new Map<string, { name: string; tail: readonly number[] }>();
  for (const launch of Object.values(plan.programs).flat()) {
    if (launch.kind !== 'onehot') continue;
    const key = JSON.stringify(launch.tail);
    if (!onehots.has(key)) onehots.set(key, { name: numbered('onehot', onehots.size), tail: launch.tail });
  }
  const kernels = { rows, onehots };
  made.set(plan, kernels);
  return kernels;
}

/**
 * A plan's kernels, for NVRTC or nvcc: CUDA C++17 without headers, for sm_60 and later. A kernel that no program
 * launches is left out.
 *
 * @returns the text, and the names of its `extern "C" __global__` functions
 * @throws Error for a kernel that is not well formed, see `sweepsOf`
 */
export function cudaModule(plan: PlanPart): { code: string; functions: readonly string[] } {
  const { rows, onehots } = kernelsOf(plan);
  const code = [
    PRELUDE,
    ...[...rows.values()].map(({ name, kernel, form }) => `${printRows(name, kernel, form)}\n`),
    HELPERS,
    ...[...onehots.values()].map(({ name, tail }) => printOnehot(name, tail)),
  ].join('\n');
  const functions = [...rows.values(), ...onehots.values()].map(({ name }) => name);
  return { code, functions: [...functions, ...helperNames] };
}

/**
 * A launch of the plan as the launch of one of its module's kernels.
 *
 * @param launch of the plan's programs, or the `update` of a `learn`
 * @param addressOf where each buffer starts on the device
 * @throws Error for a launch that no valid plan has, or larger than a grid
 */
export function launchOf(launch: KernelLaunchKind, plan: PlanPart, addressOf: AddressOf): KernelLaunch {
  const { rows, onehots } = kernelsOf(plan);
  if (launch.kind === 'rows') {
    const found = rows.get(rowsKey(launch));
    if (!found) throw new Error(`no program of the plan launches kernel ${launch.kernel} like this`);
    return rowsLaunch(found.name, found.kernel, launch, addressOf);
  }
  const tail = launch.kind === 'onehot' ? onehots.get(JSON.stringify(launch.tail)) : undefined;
  if (launch.kind === 'onehot' && !tail)
    throw new Error('no program of the plan launches `onehot` like this');
  return helperLaunch(launch satisfies HelperLaunch, addressOf, tail?.name ?? '');
}
