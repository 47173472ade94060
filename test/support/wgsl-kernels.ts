/** For tests of printed WGSL: a device, on which dispatches run over a heap of the host. */

import type {
  AddressOf,
  GemmTile,
  PlanKernels,
  Shader,
  WgslOptions,
} from '../../compiler/codegen/wgsl/index.js';
import type { Launch, RowsKernel } from '../../compiler/plan/plan.js';
import { compileShaders, Layouts, WORDS_BLOCK } from '../../runtime/webgpu/shaders.js';
import { findGpu } from './adapter.js';
import type { Heap } from './wat-kernels.js';

const { gpu, missing } = await findGpu();

/** Why tests of the device are skipped; undefined where there is one. */
export const noDevice: string | undefined = missing;

/** Everything in one chunk, which is the heap. */
export const heapAddress: AddressOf = () => ({ binding: 0, offset: 0 });

/** The ways in which threads share work. */
export const ways = {
  'each alone': { workgroupMemory: false, subgroups: false },
  'through workgroup memory': { workgroupMemory: true, subgroups: false },
  'in subgroups': { workgroupMemory: true, subgroups: true },
} as const;

/** Options of a device that is as small as WebGPU allows. */
export const least: WgslOptions = {
  ...ways['each alone'],
  f16: false,
  tile: { name: 'least', thread: [4, 4], group: [1, 1], depth: 0, lanes: 1 } satisfies GemmTile,
  maxInvocations: 256,
  maxWorkgroupStorage: 16384,
  maxWorkgroupsPerDimension: 65535,
};

/** A plan of some kernels and launches, whose buffer 0 is the heap. */
export function planOf(kernels: readonly RowsKernel[], train: readonly Launch[], seed = 0): PlanKernels {
  return {
    buffers: [{ arena: 'activities', offset: 0, bytes: 2 ** 22, name: 'heap' }],
    kernels,
    programs: { train, predict: [], load: [] },
    model: { train: { seed } },
  };
}

export class Machine {
  private constructor(
    private readonly device: GPUDevice,
    private readonly layouts: Layouts,
  ) {}

  /** @throws Error where there is no adapter */
  static async open(): Promise<Machine> {
    const adapter = await gpu!.requestAdapter();
    const wanted: GPUFeatureName[] = ['subgroups', 'shader-f16'];
    const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupStorageSize } = adapter!.limits;
    const device = await adapter!.requestDevice({
      requiredFeatures: wanted.filter((feature) => adapter!.features.has(feature)),
      requiredLimits: { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupStorageSize },
    });
    return new Machine(device, new Layouts(device));
  }

  has(feature: GPUFeatureName): boolean {
    return this.device.features.has(feature);
  }

  /** What the device can of these options. */
  able(options: Partial<WgslOptions>): WgslOptions {
    const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupStorageSize } = this.device.limits;
    return {
      ...least,
      maxInvocations: maxComputeInvocationsPerWorkgroup,
      maxWorkgroupStorage: maxComputeWorkgroupStorageSize,
      ...options,
      subgroups: options.subgroups === true && this.has('subgroups'),
      f16: options.f16 === true && this.has('shader-f16'),
    };
  }

  /**
   * Runs dispatches in order over what the heap holds, and brings it back. @throws RffcError for one that does not
   * compile
   */
  async run(heap: Heap, shaders: readonly Shader[], { epoch = 0, batch = 0 } = {}): Promise<void> {
    const { device, layouts } = this;
    const pipelines = await compileShaders(device, layouts, shaders);
    // A guard behind all that was handed out is brought back too.
    const size = 4 * Math.min(heap.f32.length, heap.end + 64);
    const { COPY_DST, COPY_SRC, MAP_READ, STORAGE, UNIFORM } = GPUBufferUsage;
    const make = (bytes: number, usage: number) => device.createBuffer({ size: bytes, usage });
    const chunk = make(size, STORAGE | COPY_SRC | COPY_DST);
    const staging = make(size, MAP_READ | COPY_DST);
    const words = make(WORDS_BLOCK * (shaders.length + 1), UNIFORM | COPY_DST);
    device.queue.writeBuffer(chunk, 0, heap.f32.slice(0, size / 4));
    device.queue.writeBuffer(words, 0, Uint32Array.of(epoch, batch, 0, 0));
    const wordsGroup = device.createBindGroup({
      layout: layouts.words,
      entries: [
        { binding: 0, resource: { buffer: words, size: WORDS_BLOCK } },
        { binding: 1, resource: { buffer: words, size: 16 } },
      ],
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    shaders.forEach(({ key, bindings, params, workgroups }, i) => {
      const at = WORDS_BLOCK * (i + 1);
      device.queue.writeBuffer(words, at, params);
      const entries = [{ binding: 0, resource: { buffer: chunk } }];
      pass.setPipeline(pipelines.get(key)!);
      pass.setBindGroup(0, device.createBindGroup({ layout: layouts.of(bindings), entries }));
      pass.setBindGroup(1, wordsGroup, [at]);
      pass.dispatchWorkgroups(...workgroups);
    });
    pass.end();
    encoder.copyBufferToBuffer(chunk, 0, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    heap.f32.set(new Float32Array(staging.getMappedRange()));
    for (const buffer of [chunk, staging, words]) buffer.destroy();
  }

  close(): void {
    this.device.destroy();
  }
}

/** Kept: Dawn goes down with the object that it was made by. */
let nothing: GPU | undefined;

/** A device with every feature, which does nothing: it says what is valid. Undefined where the package is missing. */
export async function featured(): Promise<GPUDevice | undefined> {
  if (noDevice !== undefined) return undefined;
  const { create } = await import('webgpu');
  nothing = create(['backend=null']);
  const adapter = await nothing.requestAdapter();
  return adapter!.requestDevice({ requiredFeatures: ['shader-f16', 'subgroups'] });
}
