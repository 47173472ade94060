/**
 * From the graph to the plan: the optimizing compiler, pass by pass, in the order it happens.
 */
import type { Graph, HostScalar, ProgramName } from '../graph/index.js';
import { foldConstants } from '../passes/constants.js';
import { dropDead } from '../passes/dead.js';
import { splitEmbeds } from '../passes/embed.js';
import { expandAll, shareEqual, sumBeforeOuter } from '../passes/hoist.js';
import type { Ir } from '../passes/ir.js';
import { padOperands, spreadOperands } from '../passes/operands.js';
import { packsOf } from '../passes/packs.js';
import { splitConcatenations } from '../passes/parts.js';
import { gatherPatches } from '../passes/patches.js';
import { packProducts } from '../passes/slots.js';
import type { BufferDraft } from './homes.js';
import { KernelTable } from './kernels.js';
import { layoutTensors } from './layout.js';
import { align, assignOffsets } from './memory.js';
import { naiveProducts } from './naive.js';
import type { ArenaName, Buffer, Launch, Plan } from './plan.js';
import { draftProgram } from './program.js';
import type { Draft } from './settle.js';

/** The passes that can be switched off, in the order in which they act. */
export const passNames = [
  'constants',
  'hoist',
  'dead',
  'embed',
  'slots',
  'label-gather',
  'polarity',
  'fusion',
  'update-fusion',
  'memory',
] as const;
export type PassName = (typeof passNames)[number];

export interface PlanOptions {
  /** Passes that are left out. */
  readonly without?: readonly PassName[];
  readonly source?: Plan['source'];
}

/** The plan of a graph, and what the passes have to say about where they could not act. */
export function buildPlan(graph: Graph, options: PlanOptions = {}): { plan: Plan; notes: string[] } {
  const on = (pass: PassName) => !options.without?.includes(pass);
  const model = graph.document;
  const notes: string[] = [];
  const choice = { slots: on('slots'), labelGather: on('label-gather'), embed: on('embed') };
  const packs = packsOf(model, choice, notes);

  const optimize = (name: ProgramName): Ir => {
    let program = gatherPatches(graph.programs[name]);
    if (on('constants')) program = foldConstants(program, false);
    program = on('hoist') ? shareEqual(program) : expandAll(program);
    if (on('dead')) program = dropDead(program);
    if (on('embed')) program = splitEmbeds(program, model);
    program = splitConcatenations(packProducts(program, model, packs));
    if (on('constants')) program = foldConstants(program, true);
    program = on('hoist')
      ? shareEqual(sumBeforeOuter(shareEqual(program)))
      : spreadOperands(program, ['outer', 'product', 'block outer', 'block product']);
    // What a draw is made by may be the same for all samples, and is needed for each.
    program = padOperands(spreadOperands(program, ['draw']));
    // What packing left behind is gone in any case: it was never part of the model.
    return on('dead') ? dropDead(program) : program;
  };

  const layout = layoutTensors(graph, packs, on('slots'));
  const kernels = new KernelTable();
  const scalars = {
    values: [] as HostScalar[],
    buffer: { name: 'scalars', arena: 'io', size: 0 } as BufferDraft,
  };
  const units = { polarity: on('polarity'), fusion: on('fusion'), updateFusion: on('update-fusion') };
  const drafts = {
    train: draftProgram(optimize('train'), { layout, kernels, scalars }, units),
    predict: draftProgram(optimize('predict'), { layout, kernels, scalars }, units),
  };

  // Offsets: shared arenas one buffer after another, activities by lifetime, both programs over the same bytes.
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
      const { offsets } = assignOffsets(
        mine.map((a) => ({ bytes: 4 * a.buffer.size, from: a.from, to: a.to })),
        on('memory'),
      );
      mine.forEach((a, i) => {
        place(a.buffer, offsets[i]!);
      });
    }
  }
  const indexOf = (b: BufferDraft): number => {
    const found = numbers.get(b);
    if (found === undefined) throw new Error(`buffer ${b.name} has no place`);
    return found;
  };
  const launches = (list: readonly Draft[]): Launch[] => list.map((draft) => draft(indexOf));
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
    version: 1,
    model,
    source: options.source ?? null,
    batch: graph.batch,
    predictBatch: graph.predictBatch,
    frames: graph.frames,
    classes: graph.classes,
    ...(graph.purpose === 'network' ? {} : { purpose: graph.purpose }),
    layers: graph.layers,
    learnSteps: graph.learnSteps,
    passes: passNames.filter(on),
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
