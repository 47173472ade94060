/** From the graph to the plan: the optimizing compiler, pass by pass, in order. */
import type { Graph, HostScalar, ProgramName } from './graph/index.js';
import type { BufferDraft, PendingLaunch } from './kernels/homes.js';
import { draftProgram } from './kernels/launches.js';
import { KernelTable } from './kernels/table.js';
import { layoutTensors } from './kernels/tensors.js';
import { align } from './passes/memory.js';
import { packsOf } from './passes/packs.js';
import { arrange, optimize, type PassName, passNames, schedule } from './passes/pipeline.js';
import { naiveProducts } from './plan/naive.js';
import type { ArenaName, Buffer, Launch, Plan } from './plan/plan.js';

export interface PlanOptions {
  /** Passes to leave out. */
  readonly without?: readonly PassName[];
  readonly source?: Plan['source'];
}

/** The plan of a graph, and notes by passes on where they do not apply. */
export function buildPlan(graph: Graph, options: PlanOptions = {}): { plan: Plan; notes: string[] } {
  const isOn = (pass: PassName) => !options.without?.includes(pass);
  const model = graph.document;
  const notes: string[] = [];
  const choice = { slots: isOn('slots'), labelGather: isOn('label-gather'), embed: isOn('embed') };
  const packs = packsOf(model, choice, notes);

  const layout = layoutTensors(graph, packs, isOn('slots'));
  const kernels = new KernelTable();
  const scalars = {
    values: [] as HostScalar[],
    buffer: { name: 'scalars', arena: 'io', size: 0 } as BufferDraft,
  };
  const draft = (name: ProgramName) => {
    const program = optimize(graph.programs[name], { model, packs }, isOn);
    return draftProgram(schedule(program, isOn), { layout, kernels, scalars });
  };
  const drafts = { train: draft('train'), predict: draft('predict') };

  // Offsets: buffers of shared arenas follow one another; activities share memory by lifetime, and both programs use
  // the same bytes.
  const sizes: Record<ArenaName, number> = {
    constants: 0,
    parameters: 0,
    state: 0,
    io: 0,
    activities: 0,
    scratch: 0,
  };
  const buffers: Buffer[] = [];
  const numbers = new Map<BufferDraft, number>();
  const place = (b: BufferDraft, offset: number, size = b.size) => {
    numbers.set(b, buffers.push({ name: b.name, arena: b.arena, offset, bytes: 4 * size }) - 1);
    sizes[b.arena] = Math.max(sizes[b.arena], offset + align(4 * size));
  };
  for (const b of [...layout.buffers, ...drafts.train.constants, ...drafts.predict.constants])
    place(b, sizes[b.arena]);
  if (scalars.values.length > 0) place(scalars.buffer, sizes.io, scalars.values.length);
  for (const { activities } of Object.values(drafts)) {
    for (const arena of ['activities', 'scratch'] as const) {
      const mine = activities.filter((a) => a.buffer.arena === arena);
      const lives = mine.map((a) => ({ bytes: 4 * a.buffer.size, from: a.from, to: a.to }));
      const offsets = arrange(lives, isOn);
      mine.forEach((a, i) => {
        place(a.buffer, offsets[i]!);
      });
    }
  }
  const indexOf = (b: BufferDraft): number => {
    const found = numbers.get(b);
    if (found === undefined) throw new Error(`buffer ${b.name} has no offset`);
    return found;
  };
  const launches = (list: readonly PendingLaunch[]): Launch[] => list.map((draft) => draft(indexOf));
  const slotOnes: Launch[] = [...layout.slotted].flatMap(([key, cols]) => {
    const home = layout.inputs.get(key)!;
    const rows = home.buffer.size / home.sampleStride;
    const column = (at: number, width: number) => ({
      buffer: indexOf(home.buffer),
      offset: at,
      rows,
      cols: width,
      stride: home.sampleStride,
    });
    return [{ kind: 'fill', output: column(cols, 1), value: 1 } as const];
  });

  const plan: Plan = {
    rffc: 'plan',
    version: 2,
    model,
    source: options.source ?? null,
    batch: graph.batch,
    predictBatch: graph.predictBatch,
    frames: graph.frames,
    classes: graph.classes,
    ...(graph.purpose === 'network' ? {} : { purpose: graph.purpose }),
    layers: graph.layers,
    learnSteps: graph.learnSteps,
    passes: passNames.filter(isOn),
    arenas: (Object.keys(sizes) as ArenaName[]).map((name) => ({ name, bytes: sizes[name] })),
    buffers,
    tensors: layout.tensors(indexOf),
    scalars: {
      values: scalars.values,
      region:
        scalars.values.length === 0
          ? null
          : {
              buffer: indexOf(scalars.buffer),
              offset: 0,
              rows: 1,
              cols: scalars.values.length,
              stride: scalars.values.length,
            },
    },
    kernels: kernels.kernels,
    programs: {
      load: [...slotOnes, ...launches(drafts.train.load), ...launches(drafts.predict.load)],
      train: launches(drafts.train.launches),
      predict: launches(drafts.predict.launches),
    },
    naive: naiveProducts(graph),
  };
  return { plan, notes };
}
