/**
 * A row kernel as a shader. A thread owns units of a row, one or (where memory is aligned) four at a time: unit group
 * t, t + W, … of a row that W threads share. What a later pass needs again a thread therefore has itself: in registers
 * if it owns one group, else in an array of its own; only reductions go through workgroup memory or subgroups.
 *
 * Kernels without reductions are flat: a thread a group, of whatever row. Narrow rows take a thread each, and so do all
 * where workgroup memory does not pay.
 */
import type { RowsKernel, RowsLaunch, RowsView } from '../../plan/plan.js';
import { overlapsOf } from '../overlaps.js';
import { numberText, printNode, printSteps, type Value } from '../printer.js';
import { type Place as Home, operation, type Pass, type Schedule, schedule } from '../schedule.js';
import { Functions, f32Literal, NOT_FINITE, numberLiteral, type Width } from './functions.js';
import { wgslLanguage } from './language.js';
import { type Reduce, reduction } from './reduction.js';
import {
  Draft,
  GROUP_INDEX,
  grid,
  type Place,
  type PlanKernels,
  powerAbove,
  type Shader,
  type WgslOptions,
} from './shader.js';

/** Rows of up to so many groups are a single thread's. */
const NARROW = 4;
/** Threads of a workgroup whose rows are narrow, or that has no rows of its own. */
const FLAT_SIZE = 64;
/** The same where rows are wide and few, so that all processors get some. */
const ALONE_SIZE = 8;

const schedules = new WeakMap<PlanKernels, Schedule[]>();

/** The schedule of a plan's kernel, made once. */
function scheduleOf(plan: PlanKernels, kernel: number): Schedule {
  let known = schedules.get(plan);
  if (!known) {
    const overlaps = overlapsOf(plan);
    known = plan.kernels.map((k, i) => schedule(k, overlaps(i)));
    schedules.set(plan, known);
  }
  return known[kernel]!;
}

/** Whether all threads can work apart: nothing is reduced. */
const isFlat = (s: Schedule): boolean => s.passes.every((p) => p.reductions.length === 0);

/** Whether a view can be read in vectors of four. */
function aligned(view: RowsView, launch: RowsLaunch, place: Place): boolean {
  const whole = (stride: number, count: number) => count === 1 || stride % 4 === 0;
  return (
    (place(view.buffer).offset + view.offset) % 4 === 0 &&
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
  place: Place,
  except: ReadonlySet<number> = new Set(),
): Width {
  const wide =
    kernel.outputs.every((o, k) => o.kind === 'element' && aligned(launch.outputs[k]!, launch, place)) &&
    kernel.inputs.every((input, i) => {
      return input.kind === 'row' || except.has(i) || aligned(launch.inputs[i]!, launch, place);
    });
  return wide ? 4 : 1;
}

/** How a row's work is divided. */
interface Division {
  /** Unit groups of a row. */
  readonly groups: number;
  /** Threads that share a row. */
  readonly threads: number;
  /** Groups that a thread owns, at most. */
  readonly rounds: number;
}

/** The texts that a row's work is written in terms of. */
interface Position {
  /** This thread's row, as u32; one that exists. */
  readonly row: string;
  /** This thread's first group. It may be none: what it stores is then held back by `owns`. */
  readonly group: string;
  /** What must hold for this thread to store anything; undefined: always. */
  readonly owns?: string;
  /** Inputs that are at hand, by index. */
  readonly given?: ReadonlyMap<number, string>;
  /** Over all threads of the row. */
  readonly reduce?: Reduce;
}

/** Writes the whole work of one thread on one row. */
function printRow(
  draft: Draft,
  functions: Functions,
  plan: Schedule,
  launch: RowsLaunch,
  place: Place,
  width: Width,
  { groups, threads, rounds }: Division,
  position: Position,
): void {
  const { kernel, passes } = plan;
  const { units, inputs, outputs, nodes } = kernel;
  const rowLanguage = wgslLanguage(1, functions);
  const language = wgslLanguage(width, functions);
  const type = width === 1 ? 'f32' : 'vec4<f32>';
  const { row, owns } = position;
  const single = launch.variants === 1;
  const samples = single ? '' : draft.word(launch.samples);
  const variant = single ? '0u' : draft.bind(`${row} / ${samples}`);
  const sample = single ? row : draft.bind(`${row} % ${samples}`);

  /** Where a view's row starts, counted in groups of `unit` numbers. */
  function start(view: RowsView, unit: Width): string {
    const { offset } = place(view.buffer);
    // A stride that is never taken need not be whole.
    const stride = (s: number, count: number) => draft.word(count === 1 ? 0 : s / unit);
    const base = draft.word((offset + view.offset) / unit);
    if (view.lookup) {
      const { index, stride: step } = view.lookup;
      if (index.lookup) throw new Error('an index that is itself looked up');
      const k = draft.bind(`bitcast<u32>(${draft.number(place(index.buffer).binding, start(index, 1))})`);
      return draft.bind(`${base} + ${k} * ${draft.word(step / unit)}`);
    }
    const bySample = `${base} + ${sample} * ${stride(view.sampleStride, launch.samples)}`;
    return draft.bind(
      single ? bySample : `${bySample} + ${variant} * ${stride(view.variantStride, launch.variants)}`,
    );
  }
  const at = (view: RowsView, index: string, written = false): string =>
    width === 1
      ? draft.number(place(view.buffer).binding, index, written)
      : draft.vec4(place(view.buffer).binding, index, written);

  const inputStart = inputs.map((input, i) => {
    const used = nodes.includes(input.name) && !position.given?.has(i);
    return used ? start(launch.inputs[i]!, input.kind === 'row' ? 1 : width) : '';
  });
  const outputStart = outputs.map((o, k) => {
    const view = launch.outputs[k]!;
    if (view.lookup) throw new Error('an output whose place is looked up');
    return start(view, o.kind === 'row' ? 1 : width);
  });

  const rowValues = new Map<number, Value>();
  /** Row values as the elements' language has them, and what of a single group is at hand. */
  const values = new Map<number, Value>();
  function setRow(n: number, value: Value): void {
    rowValues.set(n, value);
    const wide = `${value.type === 'number' ? 'vec4<f32>' : 'vec4<bool>'}(${value.text})`;
    values.set(n, width === 1 ? value : { text: draft.bind(wide), type: value.type });
  }
  function printRowNodes(list: readonly number[]): void {
    for (const n of list) {
      const node = nodes[n]!;
      const i = typeof node === 'string' ? inputs.findIndex((input) => input.name === node) : -1;
      if (i >= 0) {
        const { binding } = place(launch.inputs[i]!.buffer);
        setRow(n, { text: draft.bind(draft.number(binding, inputStart[i]!)), type: 'number' });
      } else setRow(n, printNode(plan, n, rowValues, rowLanguage, draft.bind));
    }
  }

  const opOf = (n: number): 'sum' | 'amax' => (operation(nodes[n]!)!.op === 'amax' ? 'amax' : 'sum');
  const neutral = (n: number): number => (opOf(n) === 'amax' ? -3.4028234663852886e38 : 0);
  const combine = (n: number, a: string, b: string): string =>
    opOf(n) === 'amax' ? `max(${a}, ${b})` : `(${a} + ${b})`;
  const kept = rounds === 1 ? new Map<string, string>() : keptPlaces(passes, type, rounds, draft);

  /** Units that are none, at the end of a row or behind it, must not be reduced. */
  function masked(n: number, text: string, group: string): string {
    const none = numberLiteral(neutral(n), width);
    if (width === 1)
      return rounds === 1 && threads > groups ? `select(${none}, ${text}, ${group} < ${groups}u)` : text;
    if (units % 4 === 0 && (rounds > 1 || threads <= groups)) return text;
    const unit = `vec4<u32>(4u * ${group}) + vec4<u32>(0u, 1u, 2u, 3u)`;
    return `select(${none}, ${text}, ${unit} < vec4<u32>(${units}u))`;
  }

  /** One group in one pass. */
  function printGroup(pass: Pass, known: Map<number, Value>, group: string, round: string): void {
    // A group behind the row's end reads its last one, and stores nothing.
    const clamped = rounds === 1 && threads > groups ? draft.bind(`min(${group}, ${groups - 1}u)`) : group;
    const where = (home: Home): string | undefined => kept.get(`${home.kind}${home.index}`);
    const steps = pass.steps.filter((s) => s.kind === 'accumulate' || !known.has(s.node));
    printSteps(plan, steps, known, language, {
      bind: draft.bind,
      load: ({ from }) => {
        const keep = where(from);
        if (keep) return `${keep}[${round}]`;
        const given = from.kind === 'input' ? position.given?.get(from.index) : undefined;
        if (given) return given;
        const view = from.kind === 'input' ? launch.inputs[from.index]! : launch.outputs[from.index]!;
        const first = from.kind === 'input' ? inputStart[from.index]! : outputStart[from.index]!;
        return at(view, `${first} + ${clamped}`);
      },
      accumulate: (n, _, value) => {
        const mine = masked(n, value, group);
        draft.line(`sum${n} = ${combine(n, `sum${n}`, mine)};`);
      },
    });
    const stores = pass.stores.flatMap(({ node, to }) => {
      const value = known.get(node) ?? printNode(plan, node, known, language, draft.bind);
      const keep = where(to);
      if (keep) draft.line(`${keep}[${round}] = ${numberText(value, language)};`);
      return to.kind === 'output' ? [{ to, text: numberText(value, language) }] : [];
    });
    if (stores.length === 0) return;
    guard(rounds === 1 && threads > groups ? `${group} < ${groups}u` : undefined, () => {
      for (const { to, text } of stores)
        draft.line(
          `${at(launch.outputs[to.index]!, `${outputStart[to.index]} + ${clamped}`, true)} = ${text};`,
        );
    });
  }

  /** Inside `if`, where there is anything to ask. */
  function guard(condition: string | undefined, body: () => void): void {
    const all = [owns, condition].filter((c) => c !== undefined);
    if (all.length === 0) body();
    else draft.block(`if (${all.join(' && ')})`, body);
  }

  function printPass(pass: Pass): void {
    for (const n of pass.reductions) draft.line(`var sum${n} = ${numberLiteral(neutral(n), width)};`);
    if (rounds === 1) printGroup(pass, values, position.group, '0u');
    else {
      draft.block(`for (var round = 0u; round < ${rounds}u; round++)`, () => {
        const group = threads === 1 ? 'round' : draft.bind(`${position.group} + round * ${threads}u`);
        if (groups % threads > 0) draft.line(`if (${group} >= ${groups}u) { break; }`);
        printGroup(pass, new Map(values), group, 'round');
      });
    }
    const mine = pass.reductions.map((n) => {
      const sum = `sum${n}`;
      const text = ['.y', '.z', '.w'].reduce((a, c) => combine(n, a, sum + c), `${sum}.x`);
      return { text: width === 1 ? sum : draft.bind(text), op: opOf(n) };
    });
    const all = position.reduce && mine.length > 0 ? position.reduce(mine) : mine.map(({ text }) => text);
    pass.reductions.forEach((n, i) => {
      const mean = operation(nodes[n]!)!.op === 'mean';
      const text = mean ? draft.bind(`${all[i]} * ${f32Literal(1 / units)}`) : all[i]!;
      setRow(n, { text, type: 'number' });
    });
  }

  passes.forEach((pass) => {
    printRowNodes(pass.before);
    printPass(pass);
  });
  printRowNodes(plan.after);

  const first = groups === 1 || threads === 1 ? undefined : `${position.group} == 0u`;
  const last = threads === 1 ? undefined : `${position.group} == ${(groups - 1) % threads}u`;
  const rowOutputs = outputs.flatMap((o, k) => (o.kind === 'row' ? [k] : []));
  if (rowOutputs.length > 0) {
    guard(first, () => {
      for (const k of rowOutputs) {
        const { node, tail } = outputs[k]!;
        const { binding } = place(launch.outputs[k]!.buffer);
        const value = rowValues.get(node) ?? printNode(plan, node, rowValues, rowLanguage, draft.bind);
        draft.line(`${draft.number(binding, outputStart[k]!, true)} = ${numberText(value, rowLanguage)};`);
        tail.forEach((t, j) => {
          draft.line(`${draft.number(binding, `${outputStart[k]} + ${1 + j}u`, true)} = ${f32Literal(t)};`);
        });
      }
    });
  }
  const tailed = outputs.flatMap((o, k) => (o.kind === 'element' && o.tail.length > 0 ? [k] : []));
  if (tailed.length === 0) return;
  // Behind the stores of whoever owns the last group: they may write into the padding.
  guard(last, () => {
    for (const k of tailed) {
      outputs[k]!.tail.forEach((t, j) => {
        const unit = units + j;
        const index = `${outputStart[k]} + ${Math.floor(unit / width)}u`;
        const component = width === 1 ? '' : `.${'xyzw'[unit % 4]}`;
        draft.line(`${at(launch.outputs[k]!, index, true)}${component} = ${f32Literal(t)};`);
      });
    }
  });
}

/** Arrays for what a thread reads again in a later pass, by place. */
function keptPlaces(
  passes: readonly Pass[],
  type: string,
  rounds: number,
  draft: Draft,
): Map<string, string> {
  const kept = new Map<string, string>();
  for (const { steps } of passes) {
    for (const step of steps) {
      if (step.kind !== 'load' || step.from.kind === 'input') continue;
      const key = `${step.from.kind}${step.from.index}`;
      if (kept.has(key)) continue;
      kept.set(key, `kept_${key}`);
      draft.line(`var kept_${key}: array<${type}, ${rounds}>;`);
    }
  }
  return kept;
}

/** The shader of a row kernel's launch. @throws Error for a kernel that is not well formed, see `schedule` */
export function rowsShader(
  launch: RowsLaunch,
  plan: PlanKernels,
  place: Place,
  options: WgslOptions,
): Shader {
  const s = scheduleOf(plan, launch.kernel);
  const { kernel } = s;
  const width = widthOf(launch, kernel, place);
  const draft = new Draft(width === 4);
  const functions = new Functions();
  const rows = launch.variants * launch.samples;
  const groups = s.passes.length === 0 ? 1 : Math.ceil(kernel.units / width);
  const finish = (size: number, workgroups: number, builtins: readonly string[] = []): Shader => {
    draft.globals.push(...NOT_FINITE, ...functions.print());
    return draft.shader(kernel.name, size, grid(workgroups, options), builtins);
  };

  if (isFlat(s) || groups <= NARROW || !options.workgroupMemory) {
    const flat = isFlat(s);
    const size = Math.min(flat || groups <= NARROW ? FLAT_SIZE : ALONE_SIZE, options.maxInvocations);
    const perRow = flat ? groups : 1;
    const item = draft.bind(`${GROUP_INDEX} * ${size}u + local`);
    draft.line(`if (${item} >= ${draft.word(rows * perRow)}) { return; }`);
    const row = perRow === 1 ? item : draft.bind(`${item} / ${perRow}u`);
    const group = perRow === 1 ? '0u' : draft.bind(`${item} % ${perRow}u`);
    const division = flat ? { groups, threads: groups, rounds: 1 } : { groups, threads: 1, rounds: groups };
    printRow(draft, functions, s, launch, place, width, division, { row, group });
    return finish(size, Math.ceil((rows * perRow) / size));
  }

  const threads = Math.min(powerAbove(groups), 2 ** Math.floor(Math.log2(options.maxInvocations)), 256);
  const perGroup = Math.max(1, Math.floor(FLAT_SIZE / threads));
  const size = threads * perGroup;
  const count = draft.word(rows);
  const first = draft.bind(`${GROUP_INDEX} * ${perGroup}u`);
  const division = { groups, threads, rounds: Math.ceil(groups / threads) };
  const subgroups = options.subgroups && perGroup === 1;
  const reduce = reduction(draft, threads, size, subgroups);
  // A whole workgroup may leave before a barrier, a part of it may not.
  draft.line(`if (${first} >= ${count}) { return; }`);
  if (perGroup === 1)
    printRow(draft, functions, s, launch, place, width, division, { row: first, group: 'local', reduce });
  else {
    const wanted = draft.bind(`${first} + local / ${threads}u`);
    const row = draft.bind(`min(${wanted}, ${count} - 1u)`);
    const group = draft.bind(`local % ${threads}u`);
    const owns = `${wanted} < ${count}`;
    printRow(draft, functions, s, launch, place, width, division, { row, group, owns, reduce });
  }
  const builtins = [
    '@builtin(subgroup_size) subgroupSize: u32',
    '@builtin(subgroup_invocation_id) subgroupLane: u32',
  ];
  return finish(size, Math.ceil(rows / perGroup), subgroups ? builtins : []);
}

/** A function `update(row: u32, group: u32, gradient: vec4<f32>)`, for four units of a row, as part of a product. */
export type UpdatePrinter = (draft: Draft) => void;

/**
 * An update as the end of the product that makes its gradient.
 *
 * @param gradient which inputs are the gradient
 * @returns undefined where the update must run by itself: it reduces rows, writes numbers one by one, or is not aligned
 */
export function updatePrinter(
  launch: RowsLaunch,
  plan: PlanKernels,
  place: Place,
  gradient: ReadonlySet<number>,
): UpdatePrinter | undefined {
  const s = scheduleOf(plan, launch.kernel);
  if (!isFlat(s) || s.passes.length === 0 || widthOf(launch, s.kernel, place, gradient) !== 4)
    return undefined;
  return (draft) => {
    const functions = new Functions();
    const groups = Math.ceil(s.kernel.units / 4);
    const given = new Map([...gradient].map((i) => [i, 'gradient']));
    const lines = draft.apart(() => {
      const division = { groups, threads: groups, rounds: 1 };
      printRow(draft, functions, s, launch, place, 4, division, { row: 'row', group: 'group', given });
    });
    draft.globals.push(
      ...NOT_FINITE,
      ...functions.print(),
      'fn update(row: u32, group: u32, gradient: vec4<f32>) {',
      ...lines,
      '}',
    );
  };
}
