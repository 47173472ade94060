/**
 * Which inputs of a row kernel may share memory with its outputs, in any of a plan's launches. Sweeps keep a copy of
 * what a store would change while it is still needed; knowing that nothing overlaps saves those copies.
 */
import type { Launch, Plan, RowsKernel, RowsLaunch, RowsView } from '../plan/plan.js';
import type { Overlaps } from './sweeps.js';

/** By kernel index; a kernel that no program launches overlaps nowhere. */
export function overlapsOf(
  plan: Pick<Plan, 'buffers' | 'kernels' | 'programs'>,
): (kernel: number) => Overlaps {
  const found = plan.kernels.map(() => new Set<string>());
  const look = (launch: RowsLaunch): void => {
    const kernel = plan.kernels[launch.kernel]!;
    launch.outputs.forEach((output, o) => {
      const written = extent(plan, kernel, kernel.outputs[o]!.kind, output, launch);
      launch.inputs.forEach((input, i) => {
        const read = extent(plan, kernel, kernel.inputs[i]!.kind, input, launch);
        if (written.arena === read.arena && written.start < read.end && read.start < written.end)
          found[launch.kernel]!.add(`${o},${i}`);
      });
    });
  };
  const visit = (launch: Launch): void => {
    if (launch.kind === 'rows') look(launch);
    if (launch.kind === 'learn') look(launch.update);
  };
  for (const launches of Object.values(plan.programs)) launches.forEach(visit);
  return (kernel) => (output, input) => found[kernel]!.has(`${output},${input}`);
}

/** The bytes of its arena that a view may touch. */
function extent(
  plan: Pick<Plan, 'buffers'>,
  kernel: RowsKernel,
  kind: 'element' | 'row',
  view: RowsView,
  launch: RowsLaunch,
): { arena: string; start: number; end: number } {
  const buffer = plan.buffers[view.buffer]!;
  // How far a looked-up row lies is known at run time only.
  if (view.lookup) return { arena: buffer.arena, start: buffer.offset, end: buffer.offset + buffer.bytes };
  const cols = kind === 'element' ? 4 * Math.ceil(kernel.units / 4) : 1;
  const last = (launch.variants - 1) * view.variantStride + (launch.samples - 1) * view.sampleStride;
  const start = buffer.offset + 4 * view.offset;
  return { arena: buffer.arena, start, end: start + 4 * (last + cols) };
}
