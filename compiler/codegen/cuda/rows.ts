/**
 * A row kernel in CUDA C. A thread owns whole vectors of four units of a row: vector t, t + T, … of a row that T threads
 * share. What a later pass needs again a thread therefore has itself, in registers, as the loop over its vectors is
 * written out; only rows of very many units are looped over, with arrays of the thread's own.
 *
 * | rows | threads |
 * | --- | --- |
 * | nothing is reduced | a thread a vector, of whatever row, in a grid-stride loop |
 * | up to 64 vectors | a warp or a part of one a row, reduced by shuffles |
 * | more | a block a row, reduced by shuffles and then through shared memory |
 *
 * Strides and addresses are parameters; what changes the text (one variant or more, which inputs are looked up) makes a
 * form of the kernel. Vectors are read and written whole, so padding at a row's end may be overwritten.
 */
import type { RowsLaunch, RowsView } from '../../plan/plan.js';
import { numberText, printNode, printSteps, type Value } from '../printer.js';
import { operation, type Pass, type Place } from '../schedule.js';
import { type RowsForm, type RowsPlan, WARP } from './division.js';
import { cudaLanguage, literal } from './language.js';
import { type Address, type Arg, type KernelLaunch, pointer, sweep, u32 } from './launch.js';
import { Text } from './text.js';

/** The kernel's parameters, of one form. */
function parametersOf({ schedule: { kernel }, inputs, overlaps }: RowsPlan, form: RowsForm): string[] {
  const strides = (name: string) => [
    ...(form.single ? [] : [`unsigned ${name}_variant`]),
    `unsigned ${name}_sample`,
  ];
  const list = ['unsigned rows', ...(form.single ? [] : ['unsigned samples'])];
  for (const i of inputs) {
    const apart = kernel.outputs.every((_, o) => !overlaps(o, i));
    list.push(`const float* ${apart ? '__restrict__ ' : ''}input${i}`);
    if (form.lookups[i])
      list.push(`unsigned input${i}_class`, `const int* index${i}`, ...strides(`index${i}`));
    else list.push(...strides(`input${i}`));
  }
  kernel.outputs.forEach((_, o) => {
    list.push(`float* output${o}`, ...strides(`output${o}`));
  });
  return list;
}

/**
 * The launch of a kernel's form: what `parametersOf` asks for.
 *
 * @throws Error for a view that no valid plan has: a lookup within a lookup or in an output, rows of units that do not
 * start at multiples of 16 bytes
 */
export function rowsLaunch(name: string, plan: RowsPlan, launch: RowsLaunch, address: Address): KernelLaunch {
  const { kernel } = plan.schedule;
  const { kind, groups, threads, size } = plan.division;
  const { variants, samples } = launch;
  const single = variants === 1;
  const strides = (v: RowsView): Arg[] => [
    ...(single ? [] : [u32(v.variantStride)]),
    u32(samples === 1 ? 0 : v.sampleStride),
  ];
  const start = (v: RowsView, element: boolean): Arg => {
    const steps = [single ? 0 : v.variantStride, samples === 1 ? 0 : v.sampleStride, v.lookup?.stride ?? 0];
    if (element && ([v.offset, ...steps].some((s) => s % 4 !== 0) || address(v.buffer) % 16n !== 0n))
      throw new Error(`kernel \`${kernel.name}\`: rows do not start at multiples of 16 bytes`);
    return pointer(address, v.buffer, v.offset);
  };
  const args: Arg[] = [u32(variants * samples), ...(single ? [] : [u32(samples)])];
  for (const i of plan.inputs) {
    const view = launch.inputs[i]!;
    args.push(start(view, kernel.inputs[i]!.kind === 'element'));
    if (view.lookup?.index.lookup) throw new Error('an index that is itself looked up');
    if (view.lookup) args.push(u32(view.lookup.stride), start(view.lookup.index, false));
    args.push(...strides(view.lookup?.index ?? view));
  }
  kernel.outputs.forEach((output, o) => {
    const view = launch.outputs[o]!;
    if (view.lookup) throw new Error('an output whose place is looked up');
    args.push(start(view, output.kind === 'element'), ...strides(view));
  });
  const rows = variants * samples;
  if (kind === 'flat') return sweep(name, rows * groups, size, args);
  const blocks = Math.ceil(rows / (size / threads));
  if (blocks >= 2 ** 31)
    throw new Error(`kernel \`${kernel.name}\`: ${rows} rows are more than a grid holds`);
  return { function: name, grid: [blocks, 1, 1], block: [size, 1, 1], sharedBytes: 0, args };
}

/** A form of a kernel as one `__global__` function. */
export function printRows(name: string, plan: RowsPlan, form: RowsForm): string {
  const text = new Text();
  const { kind, groups, threads, size } = plan.division;
  const perBlock = size / threads;
  if (kind === 'flat') {
    const step = `gridDim.x * ${size}u`;
    text.block(
      `for (unsigned item = blockIdx.x * ${size}u + threadIdx.x; item < rows * ${groups}u; item += ${step})`,
      () => {
        if (groups === 1) printRow(text, plan, form, { row: 'item', thread: '0u' });
        else {
          text.line(`const unsigned row = item / ${groups}u, thread = item % ${groups}u;`);
          printRow(text, plan, form, { row: 'row', thread: 'thread' });
        }
      },
    );
  } else if (kind === 'narrow') {
    text.line(`const unsigned wanted = blockIdx.x * ${perBlock}u + threadIdx.x / ${threads}u;`);
    // Rows that are none take part in shuffles with the last one's numbers.
    text.line('const unsigned row = wanted < rows ? wanted : rows - 1;');
    if (threads > 1) text.line(`const unsigned thread = threadIdx.x % ${threads}u;`);
    printRow(text, plan, form, { row: 'row', thread: threads > 1 ? 'thread' : '0u', owns: 'wanted < rows' });
  } else printRow(text, plan, form, { row: 'blockIdx.x', thread: 'threadIdx.x' });
  const comment = plan.schedule.kernel.name.replaceAll(/[^ -[\]-~]/g, '?');
  const parameters = parametersOf(plan, form);
  // The number of rows is the grid where a block has one.
  if (kind === 'wide') parameters[0] = 'unsigned /* rows */';
  return [
    `// ${comment}`,
    `extern "C" __global__ void __launch_bounds__(${size}) ${name}(`,
    `    ${parameters.join(',\n    ')}) {`,
    text.print(),
    '}',
  ].join('\n');
}

/** The texts that a row's work is written in terms of. */
interface Position {
  /** A row that exists. */
  readonly row: string;
  /** This thread's first vector; it may be none. */
  readonly thread: string;
  /** What must hold for this thread to store anything; undefined: nothing. */
  readonly owns?: string;
}

/** One of a thread's vectors. */
interface Vector {
  readonly group: string;
  /** What must hold for the vector to exist in its row; undefined: nothing. */
  readonly exists?: string | undefined;
  /** Its place in the thread's arrays. */
  readonly round: string;
}

/** Writes the whole work of one thread on one row. */
function printRow(text: Text, plan: RowsPlan, form: RowsForm, position: Position): void {
  const { kernel, passes, after } = plan.schedule;
  const { units, inputs, outputs, nodes } = kernel;
  const { kind, groups, threads, rounds, rolled } = plan.division;
  const { row, thread, owns } = position;
  const values = new Map<number, Value>();
  const numberOf = (n: number, known: Map<number, Value> = values): string =>
    numberText(known.get(n) ?? printNode(plan.schedule, n, known, cudaLanguage, text.bind), cudaLanguage);

  function printPointers(): void {
    if (!form.single) text.line(`const unsigned variant = ${row} / samples, sample = ${row} % samples;`);
    const sample = form.single ? row : 'sample';
    const step = (name: string) => {
      const bySample = `size_t(${sample}) * ${name}_sample`;
      return form.single ? bySample : `size_t(variant) * ${name}_variant + ${bySample}`;
    };
    for (const i of plan.inputs) {
      const at = form.lookups[i]
        ? `size_t(index${i}[${step(`index${i}`)}]) * input${i}_class`
        : step(`input${i}`);
      text.line(`const float* row_input${i} = input${i} + ${at};`);
    }
    outputs.forEach((_, o) => {
      text.line(`float* row_output${o} = output${o} + ${step(`output${o}`)};`);
    });
  }

  function printRowNodes(list: readonly number[]): void {
    for (const n of list) {
      const i = inputs.findIndex((input) => input.name === nodes[n]);
      const value: Value =
        i >= 0
          ? { text: text.bind(`*row_input${i}`), type: 'number' }
          : printNode(plan.schedule, n, values, cudaLanguage, text.bind);
      values.set(n, value);
    }
  }

  const isAmax = (n: number): boolean => operation(nodes[n]!)!.op === 'amax';
  const neutral = (n: number): string => literal(isAmax(n) ? Number.NEGATIVE_INFINITY : 0);

  /** Units that are none must not be reduced; they are behind a row's last vector or at its end. */
  function masked(n: number, value: string, vector: Vector): string {
    const { group, exists } = vector;
    if (units % 4 !== 0 && (rolled || vector === vectors.at(-1)))
      return `unit::select(within(${group}, ${units}u), ${value}, ${neutral(n)})`;
    return exists ? `unit::select(${exists}, ${value}, ${neutral(n)})` : value;
  }

  /** Everything of a pass but its stores, of one vector. */
  function printVector(pass: Pass, vector: Vector, known: Map<number, Value>): void {
    const live = [owns, vector.exists].filter((c) => c !== undefined).join(' && ');
    const steps = pass.steps.filter((s) => s.kind === 'accumulate' || !known.has(s.node));
    printSteps(plan.schedule, steps, known, cudaLanguage, {
      bind: text.bind,
      load: ({ from }) => {
        if (from.kind === 'scratch') return `scratch${from.index}[${vector.round}]`;
        const at = `row_${from.kind}${from.index}, ${vector.group}`;
        return live ? `load(${at}, ${live})` : `load(${at})`;
      },
      accumulate: (n, _, value) => {
        const mine = masked(n, value, vector);
        const all = isAmax(n) ? `unit::largest(sum${n}, ${mine})` : `sum${n} + ${mine}`;
        text.line(`sum${n} = ${all};`);
      },
    });
  }

  /** After all loads of the pass: an output may lie where an input lies. */
  function printStores(pass: Pass, { group, exists, round }: Vector, known: Map<number, Value>): void {
    const stores = pass.stores.flatMap(({ node, to }): { to: Place; value: string }[] => {
      if (to.kind !== 'scratch' || rolled) return [{ to, value: numberOf(node, known) }];
      return [];
    });
    for (const { to, value } of stores)
      if (to.kind === 'scratch') text.line(`scratch${to.index}[${round}] = ${value};`);
    const outward = stores.filter(({ to }) => to.kind === 'output');
    if (outward.length === 0) return;
    text.when([owns, exists], () => {
      for (const { to, value } of outward) text.line(`store(row_output${to.index}, ${group}, ${value});`);
    });
  }

  /** The vectors of a thread, where they are written out, with what is known of each. */
  const vectors = rolled
    ? []
    : Array.from({ length: rounds }, (_, round): Vector => {
        const group = round === 0 ? thread : `group${round}`;
        const certain = kind === 'flat' || (round + 1) * threads <= groups;
        return { group, exists: certain ? undefined : `${group} < ${groups}u`, round: `${round}u` };
      });
  const knowns = vectors.map(() => new Map<number, Value>());

  function printPass(pass: Pass): void {
    for (const n of pass.reductions) text.line(`Four sum${n} = ${neutral(n)};`);
    if (rolled) {
      text.line('#pragma unroll 1');
      text.block(`for (unsigned round = 0; round < ${rounds}u; round++)`, () => {
        text.line(`const unsigned group = ${thread} + round * ${threads}u;`);
        const vector = { group: 'group', exists: `group < ${groups}u`, round: 'round' };
        const known = new Map(values);
        printVector(pass, vector, known);
        printStores(pass, vector, known);
      });
    } else {
      vectors.forEach((vector, r) => {
        for (const [n, value] of values) knowns[r]!.set(n, value);
        printVector(pass, vector, knowns[r]!);
      });
      vectors.forEach((vector, r) => {
        printStores(pass, vector, knowns[r]!);
      });
    }
    printReductions(pass.reductions);
  }

  /** From a thread's own sums to the row's. */
  function printReductions(reductions: readonly number[]): void {
    const op = (n: number) => (isAmax(n) ? 'Largest' : 'Sum');
    const lanes = Math.min(threads, WARP);
    const mine = reductions.map((n) => text.bind(`over_lanes<${op(n)}, ${lanes}u>(sum${n})`));
    const warps = threads / WARP;
    const across = kind === 'wide' && reductions.length > 0;
    if (across) {
      for (const n of reductions) text.line(`__shared__ float partial${n}[${warps}];`);
      text.block(`if (threadIdx.x % ${WARP}u == 0)`, () => {
        reductions.forEach((n, k) => {
          text.line(`partial${n}[threadIdx.x / ${WARP}u] = ${mine[k]};`);
        });
      });
      text.line('__syncthreads();');
    }
    reductions.forEach((n, k) => {
      const all = across ? text.bind(`over_warps<${op(n)}, ${warps}u>(partial${n})`) : mine[k]!;
      const mean = operation(nodes[n]!)!.op === 'mean';
      values.set(n, { text: mean ? text.bind(`${all} * ${literal(1 / units)}`) : all, type: 'number' });
    });
  }

  function printTail(k: number, from: number): void {
    outputs[k]!.tail.forEach((t, j) => {
      text.line(`row_output${k}[${from + j}] = ${literal(t)};`);
    });
  }

  /** Row outputs by the thread of the first vector, tails by that of the last, behind its store. */
  function printEnds(): void {
    const [first, last] = threads === 1 ? [] : [`${thread} == 0`, `${thread} == ${(groups - 1) % threads}u`];
    const rowOutputs = outputs.flatMap((o, k) => (o.kind === 'row' ? [k] : []));
    const texts = rowOutputs.map((k) => numberOf(outputs[k]!.node));
    if (rowOutputs.length > 0)
      text.when([owns, first], () => {
        rowOutputs.forEach((k, i) => {
          text.line(`*row_output${k} = ${texts[i]};`);
          printTail(k, 1);
        });
      });
    const tailed = outputs.flatMap((o, k) => (o.kind === 'element' && o.tail.length > 0 ? [k] : []));
    if (tailed.length > 0)
      text.when([owns, last], () => {
        for (const k of tailed) printTail(k, units);
      });
  }

  printPointers();
  for (const { group } of vectors.slice(1)) {
    const round = Number(group.slice('group'.length));
    text.line(`const unsigned ${group} = ${thread} + ${round * threads}u;`);
  }
  if (rolled) for (let r = 0; r < plan.schedule.scratchRows; r++) text.line(`Four scratch${r}[${rounds}];`);
  passes.forEach((pass, p) => {
    printRowNodes(pass.before);
    // Everybody has read what somebody's first store may change.
    if (p === 0 && plan.rowsChange && kind !== 'flat')
      text.line(kind === 'wide' ? '__syncthreads();' : '__syncwarp();');
    printPass(pass);
  });
  printRowNodes(after);
  printEnds();
}
