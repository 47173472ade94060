/**
 * A plan's launches as dispatches: shaders compiled, argument words laid out in one buffer, bind groups made. Playing a
 * program is then encoding these in order, and nothing else.
 */
import { type Shader, shaderFor, type WgslOptions } from '../../compiler/codegen/wgsl/index.js';
import type { Plan } from '../../compiler/plan/plan.js';
import type { Layout } from './chunks.js';
import { bindingsKey, compileShaders, type Layouts, WORDS_BLOCK } from './shaders.js';

export interface Dispatch {
  /** Index into the program's launches: a launch may take several. */
  readonly launch: number;
  readonly pipeline: GPUComputePipeline;
  readonly storage: GPUBindGroup;
  /** Where its own words start, in bytes. */
  readonly words: readonly [number];
  readonly workgroups: Shader['workgroups'];
}

export interface Programs {
  readonly dispatches: Readonly<Record<string, readonly Dispatch[]>>;
  /** The bind group of all dispatches' words and the run's. */
  readonly words: GPUBindGroup;
  /** The run's words: epoch, batch. */
  readonly run: GPUBuffer;
}

/**
 * Prepares all of a plan's programs.
 *
 * @param chunks the layout's chunks, as buffers of the device
 * @throws RffcError RFF833 for a kernel that does not compile, RFF831 for one that binds too much
 */
export async function preparePrograms(
  device: GPUDevice,
  layouts: Layouts,
  plan: Plan,
  layout: Layout,
  chunks: readonly GPUBuffer[],
  options: WgslOptions,
): Promise<Programs> {
  const addressOf = (buffer: number) => layout.addresses[buffer]!;
  const drafts = Object.entries(plan.programs).map(([name, launches]) => ({
    name,
    shaders: launches.flatMap((launch, index) =>
      shaderFor(launch, plan, addressOf, options).map((shader) => ({ index, shader })),
    ),
  }));
  const shaders = drafts.flatMap((draft) => draft.shaders.map(({ shader }) => shader));
  const pipelines = await compileShaders(device, layouts, shaders);

  const widest = Math.max(4, ...shaders.map(({ params }) => params.byteLength));
  const block = WORDS_BLOCK * Math.ceil(widest / WORDS_BLOCK);
  const all = new Uint32Array((block / 4) * Math.max(1, shaders.length));
  shaders.forEach(({ params }, i) => {
    all.set(params, (i * block) / 4);
  });
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  const words = device.createBuffer({ label: 'words of launches', size: all.byteLength, usage });
  device.queue.writeBuffer(words, 0, all);
  const run = device.createBuffer({ label: 'words of the run', size: 16, usage });

  const groups = new Map<string, GPUBindGroup>();
  const groupOf = ({ bindings }: Shader): GPUBindGroup => {
    const key = bindingsKey(bindings);
    const known = groups.get(key);
    if (known) return known;
    const entries = bindings.map(({ binding }) => ({ binding, resource: { buffer: chunks[binding]! } }));
    const made = device.createBindGroup({ layout: layouts.of(bindings), entries });
    groups.set(key, made);
    return made;
  };
  let next = 0;
  const dispatches = drafts.map(({ name, shaders: own }) => [
    name,
    own.map(
      ({ index, shader }): Dispatch => ({
        launch: index,
        pipeline: pipelines.get(shader.key)!,
        storage: groupOf(shader),
        words: [next++ * block],
        workgroups: shader.workgroups,
      }),
    ),
  ]);
  return {
    dispatches: Object.fromEntries(dispatches) as Programs['dispatches'],
    words: device.createBindGroup({
      layout: layouts.words,
      entries: [
        { binding: 0, resource: { buffer: words, size: block } },
        { binding: 1, resource: { buffer: run } },
      ],
    }),
    run,
  };
}

/** Encodes dispatches into a pass, setting only what changes from one to the next. */
export function encode(
  pass: GPUComputePassEncoder,
  words: GPUBindGroup,
  dispatches: readonly Dispatch[],
): void {
  let pipeline: GPUComputePipeline | undefined;
  let storage: GPUBindGroup | undefined;
  for (const dispatch of dispatches) {
    if (dispatch.pipeline !== pipeline) pass.setPipeline(dispatch.pipeline);
    if (dispatch.storage !== storage) pass.setBindGroup(0, dispatch.storage);
    pass.setBindGroup(1, words, dispatch.words);
    pass.dispatchWorkgroups(...dispatch.workgroups);
    ({ pipeline, storage } = dispatch);
  }
}
