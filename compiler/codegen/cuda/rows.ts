/**
 * A row kernel in CUDA C: its parameters, its launch, and how its threads are numbered. A thread's vectors are written
 * out, so that what a later sweep needs again stays in registers; only rows of very many units are looped over.
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
import { printRow, type ThreadRow } from '../rows.js';
import { CudaRow, statements } from './dialect.js';
import type { RowsForm, RowsPlan } from './division.js';
import { type AddressOf, type Arg, gridStride, type KernelLaunch, pointer, u32 } from './launch.js';

/** The kernel's parameters, of one form. */
function parametersOf({ sweeps: { kernel }, inputs, overlaps }: RowsPlan, form: RowsForm): string[] {
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
export function rowsLaunch(
  name: string,
  plan: RowsPlan,
  launch: RowsLaunch,
  addressOf: AddressOf,
): KernelLaunch {
  const { kernel } = plan.sweeps;
  const { kind, groups, threads, size } = plan.division;
  const { variants, samples } = launch;
  const single = variants === 1;
  const strides = (v: RowsView): Arg[] => [
    ...(single ? [] : [u32(v.variantStride)]),
    u32(samples === 1 ? 0 : v.sampleStride),
  ];
  const start = (v: RowsView, element: boolean): Arg => {
    const steps = [single ? 0 : v.variantStride, samples === 1 ? 0 : v.sampleStride, v.lookup?.stride ?? 0];
    if (element && ([v.offset, ...steps].some((s) => s % 4 !== 0) || addressOf(v.buffer) % 16n !== 0n))
      throw new Error(`kernel \`${kernel.name}\`: rows do not start at multiples of 16 bytes`);
    return pointer(addressOf, v.buffer, v.offset);
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
  if (kind === 'flat') return gridStride(name, rows * groups, size, args);
  const blocks = Math.ceil(rows / (size / threads));
  if (blocks >= 2 ** 31)
    throw new Error(`kernel \`${kernel.name}\`: ${rows} rows are more than a grid holds`);
  return { function: name, grid: [blocks, 1, 1], block: [size, 1, 1], sharedBytes: 0, args };
}

/** A form of a kernel as one `__global__` function. */
export function printRows(name: string, plan: RowsPlan, form: RowsForm): string {
  const text = statements();
  const print = (thread: ThreadRow) => printRow(plan.sweeps, new CudaRow(text, plan, form, thread));
  const { kind, groups, threads, size } = plan.division;
  const perBlock = size / threads;
  if (kind === 'flat') {
    const step = `gridDim.x * ${size}u`;
    text.block(
      `for (unsigned item = blockIdx.x * ${size}u + threadIdx.x; item < rows * ${groups}u; item += ${step})`,
      () => {
        if (groups === 1) print({ row: 'item', group: '0u' });
        else {
          text.line(`const unsigned row = item / ${groups}u, thread = item % ${groups}u;`);
          print({ row: 'row', group: 'thread' });
        }
      },
    );
  } else if (kind === 'narrow') {
    text.line(`const unsigned wanted = blockIdx.x * ${perBlock}u + threadIdx.x / ${threads}u;`);
    // Rows that are none take part in shuffles with the last one's numbers.
    text.line('const unsigned row = wanted < rows ? wanted : rows - 1;');
    if (threads > 1) text.line(`const unsigned thread = threadIdx.x % ${threads}u;`);
    print({ row: 'row', group: threads > 1 ? 'thread' : '0u', owns: 'wanted < rows' });
  } else print({ row: 'blockIdx.x', group: 'threadIdx.x' });
  const comment = plan.sweeps.kernel.name.replaceAll(/[^ -[\]-~]/g, '?');
  const parameters = parametersOf(plan, form);
  // The number of rows is the grid where a block has one.
  if (kind === 'wide') parameters[0] = 'unsigned /* rows */';
  return [
    `// ${comment}`,
    `extern "C" __global__ void __launch_bounds__(${size}) ${name}(`,
    `    ${parameters.join(',\n    ')}) {`,
    ...text.lines,
    '}',
  ].join('\n');
}
