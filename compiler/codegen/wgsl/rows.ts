/**
 * A row kernel as a shader. A thread's vectors have one unit each or, where memory is aligned, four; only reductions go
 * through workgroup memory or subgroups.
 *
 * Kernels without reductions are flat: one thread per vector, of whatever row. Narrow rows take one thread each, and so
 * do all rows where workgroup memory does not pay.
 */
import type { RowsKernel, RowsLaunch, RowsView } from '../../plan/plan.js';
import { overlapsOf } from '../overlaps.js';
import { type Division, printRow, type ThreadRow } from '../rows.js';
import { type RowSweeps, sweepsOf } from '../sweeps.js';
import { type PrintedRows, type Sharing, WgslRow } from './dialect.js';
import { Functions, NOT_FINITE, type Width } from './functions.js';
import { reduction } from './reduction.js';
import {
  type AddressOf,
  GROUP_INDEX,
  grid,
  type PlanKernels,
  type Shader,
  ShaderBuilder,
  type WgslOptions,
} from './shader.js';
import { powerAbove } from './tiles.js';

/** Rows of up to so many vectors take a single thread. */
const NARROW = 4;
/** Threads of a workgroup whose rows are narrow, or that has no rows of its own. */
const FLAT_SIZE = 64;
/** The same where rows are wide and few, so that all processors get some. */
const ALONE_SIZE = 8;

const sweepsOfPlans = new WeakMap<PlanKernels, RowSweeps[]>();

/** The sweeps of a plan's kernel, made once. */
function kernelSweeps(plan: PlanKernels, kernel: number): RowSweeps {
  let known = sweepsOfPlans.get(plan);
  if (!known) {
    const overlaps = overlapsOf(plan);
    known = plan.kernels.map((k, i) => sweepsOf(k, overlaps(i)));
    sweepsOfPlans.set(plan, known);
  }
  return known[kernel]!;
}

/** Whether all threads can work apart: nothing is reduced. */
const isFlat = ({ sweeps }: RowSweeps): boolean => sweeps.every((sweep) => sweep.reductions.length === 0);

/** Whether a view can be read in vectors of four. */
function aligned(view: RowsView, launch: RowsLaunch, addressOf: AddressOf): boolean {
  const whole = (stride: number, count: number) => count === 1 || stride % 4 === 0;
  return (
    (addressOf(view.buffer).offset + view.offset) % 4 === 0 &&
    whole(view.variantStride, launch.variants) &&
    whole(view.sampleStride, launch.samples) &&
    (view.lookup?.stride ?? 0) % 4 === 0
  );
}

/**
 * Four units at a time where every row starts aligned and nothing is written number by number (beside which a vector
 * could not be written safely).
 */
function widthOf(
  launch: RowsLaunch,
  kernel: RowsKernel,
  addressOf: AddressOf,
  except: ReadonlySet<number> = new Set(),
): Width {
  const wide =
    kernel.outputs.every((o, k) => o.kind === 'element' && aligned(launch.outputs[k]!, launch, addressOf)) &&
    kernel.inputs.every((input, i) => {
      return input.kind === 'row' || except.has(i) || aligned(launch.inputs[i]!, launch, addressOf);
    });
  return wide ? 4 : 1;
}

/** Rows of `groups` vectors among so many threads each. */
function divide(groups: number, threads: number): Division {
  const rounds = Math.ceil(groups / threads);
  return { groups, threads, rounds, rolled: rounds > 1 };
}

/** The shader of a row kernel's launch. @throws Error for a malformed kernel, see `sweepsOf` */
export function rowsShader(
  launch: RowsLaunch,
  plan: PlanKernels,
  addressOf: AddressOf,
  options: WgslOptions,
): Shader {
  const s = kernelSweeps(plan, launch.kernel);
  const width = widthOf(launch, s.kernel, addressOf);
  const rows = { kernel: s.kernel, launch, addressOf, width, functions: new Functions() };
  const groups = s.sweeps.length === 0 ? 1 : Math.ceil(s.kernel.units / width);
  const apart = isFlat(s) || groups <= NARROW || !options.workgroupMemory;
  return apart ? threadsApart(s, rows, groups, options) : threadsTogether(s, rows, groups, options);
}

/** Prints the rows' work as `main` of a shader. */
class RowsMain {
  readonly builder: ShaderBuilder;
  readonly count: number;

  constructor(
    private readonly sweeps: RowSweeps,
    private readonly rows: PrintedRows,
  ) {
    this.builder = new ShaderBuilder(rows.width === 4);
    this.count = rows.launch.variants * rows.launch.samples;
  }

  print(thread: ThreadRow, sharing: Sharing): void {
    printRow(this.sweeps, new WgslRow(this.builder, this.rows, sharing, thread));
  }

  shader(size: number, workgroups: number, options: WgslOptions, builtins: readonly string[] = []): Shader {
    this.builder.globals.push(...NOT_FINITE, ...this.rows.functions.print());
    return this.builder.shader(this.rows.kernel.name, size, grid(workgroups, options), builtins);
  }
}

/** One thread per vector where nothing is reduced, else one per row. */
function threadsApart(s: RowSweeps, rows: PrintedRows, groups: number, options: WgslOptions): Shader {
  const main = new RowsMain(s, rows);
  const { builder, count } = main;
  const flat = isFlat(s);
  const size = Math.min(flat || groups <= NARROW ? FLAT_SIZE : ALONE_SIZE, options.maxInvocations);
  const perRow = flat ? groups : 1;
  const item = builder.bind(`${GROUP_INDEX} * ${size}u + local`);
  builder.line(`if (${item} >= ${builder.word(count * perRow)}) { return; }`);
  const row = perRow === 1 ? item : builder.bind(`${item} / ${perRow}u`);
  const group = perRow === 1 ? '0u' : builder.bind(`${item} % ${perRow}u`);
  main.print({ row, group }, { division: divide(groups, perRow) });
  return main.shader(size, Math.ceil((count * perRow) / size), options);
}

/** Several threads per row, which meet for reductions. */
function threadsTogether(s: RowSweeps, rows: PrintedRows, groups: number, options: WgslOptions): Shader {
  const main = new RowsMain(s, rows);
  const { builder, count } = main;
  const threads = Math.min(powerAbove(groups), 2 ** Math.floor(Math.log2(options.maxInvocations)), 256);
  const perGroup = Math.max(1, Math.floor(FLAT_SIZE / threads));
  const size = threads * perGroup;
  const all = builder.word(count);
  const first = builder.bind(`${GROUP_INDEX} * ${perGroup}u`);
  const subgroups = options.subgroups && perGroup === 1;
  const sharing = {
    division: divide(groups, threads),
    reduce: reduction(builder, threads, size, subgroups),
  };
  // A whole workgroup may leave before a barrier, a part of it may not.
  builder.line(`if (${first} >= ${all}) { return; }`);
  if (perGroup === 1) main.print({ row: first, group: 'local' }, sharing);
  else {
    const wanted = builder.bind(`${first} + local / ${threads}u`);
    const row = builder.bind(`min(${wanted}, ${all} - 1u)`);
    const group = builder.bind(`local % ${threads}u`);
    main.print({ row, group, owns: `${wanted} < ${all}` }, sharing);
  }
  const builtins = [
    '@builtin(subgroup_size) subgroupSize: u32',
    '@builtin(subgroup_invocation_id) subgroupLane: u32',
  ];
  return main.shader(size, Math.ceil(count / perGroup), options, subgroups ? builtins : []);
}

/** A function `update(row: u32, group: u32, gradient: vec4<f32>)`, for four units of a row, as part of a product. */
export type UpdatePrinter = (builder: ShaderBuilder) => void;

/**
 * An update as the end of the product that makes its gradient.
 *
 * @param gradient which inputs are the gradient
 * @returns undefined where the update must run by itself: it reduces rows, writes numbers one by one, or is not aligned
 */
export function updatePrinter(
  launch: RowsLaunch,
  plan: PlanKernels,
  addressOf: AddressOf,
  gradient: ReadonlySet<number>,
): UpdatePrinter | undefined {
  const s = kernelSweeps(plan, launch.kernel);
  const { kernel } = s;
  if (!isFlat(s) || s.sweeps.length === 0 || widthOf(launch, kernel, addressOf, gradient) !== 4)
    return undefined;
  return (builder) => {
    const rows = { kernel, launch, addressOf, width: 4, functions: new Functions() } as const;
    const groups = Math.ceil(kernel.units / 4);
    const given = new Map([...gradient].map((i) => [i, 'gradient']));
    const sharing = { division: divide(groups, groups), given };
    const lines = builder.apart(() => {
      printRow(s, new WgslRow(builder, rows, sharing, { row: 'row', group: 'group' }));
    });
    builder.globals.push(
      ...NOT_FINITE,
      ...rows.functions.print(),
      'fn update(row: u32, group: u32, gradient: vec4<f32>) {',
      ...lines,
      '}',
    );
  };
}
