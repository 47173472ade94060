/**
 * Tensors between the host, where they are dense and row-major, and the chunks, where their rows may lie apart,
 * transposed, or with their sign turned. What lies dense is copied; the rest goes through one dense buffer and a small
 * kernel.
 */
import type { Plan, PlanTensor, Region } from '../../compiler/plan/plan.js';
import { lengthOf, partsOf } from '../tensors.js';
import type { Layout } from './chunks.js';

/** A part of a tensor in a chunk; `at`, in numbers, from the tensor's start. */
interface Part {
  readonly chunk: number;
  /** In numbers, from the chunk's start. */
  readonly start: number;
  readonly at: number;
  readonly length: number;
  /** Offset of the kernel's argument block; undefined where the part lies as the host has it. */
  readonly block: number | undefined;
}

const BLOCK = 256;
const THREADS = 64;

/**
 * Arguments: where the part starts in the chunk and in the dense buffer, its steps there, its size, the bit that turns
 * the sign.
 */
const SHADER = `
struct Part {
  start: u32, stride: u32, at: u32, down: u32,
  across: u32, rows: u32, cols: u32, flip: u32,
}
@group(0) @binding(0) var<storage, read_write> chunk: array<u32>;
@group(0) @binding(1) var<storage, read_write> dense: array<u32>;
@group(0) @binding(2) var<uniform> part: Part;

@compute @workgroup_size(${THREADS})
fn put(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  if (id.x >= part.cols) { return; }
  for (var row = id.y; row < part.rows; row += groups.y) {
    chunk[part.start + row * part.stride + id.x] = dense[part.at + row * part.down + id.x * part.across] ^ part.flip;
  }
}

@compute @workgroup_size(${THREADS})
fn take(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  if (id.x >= part.cols) { return; }
  for (var row = id.y; row < part.rows; row += groups.y) {
    dense[part.at + row * part.down + id.x * part.across] = chunk[part.start + row * part.stride + id.x] ^ part.flip;
  }
}
`;

export class Transfer {
  private readonly parts = new Map<PlanTensor, readonly Part[]>();
  private readonly dense: GPUBuffer;
  private readonly groups: readonly GPUBindGroup[];
  private readonly putting: GPUComputePipeline;
  private readonly taking: GPUComputePipeline;

  /** @param chunks the layout's chunks, as buffers of the device */
  constructor(
    private readonly device: GPUDevice,
    plan: Pick<Plan, 'tensors'>,
    private readonly layout: Layout,
    private readonly chunks: readonly GPUBuffer[],
  ) {
    const blocks: Uint32Array[] = [];
    let largest = 4;
    for (const tensor of plan.tensors) {
      const parts = partsOf(tensor).map(({ region, at }): Part => {
        const { rows, cols, stride } = region;
        const { binding, offset } = layout.places[region.buffer]!;
        const start = offset + region.offset;
        const asIs = tensor.sign === 1 && (rows === 1 || stride === cols);
        const inOrder = !tensor.transposed || rows === 1 || cols === 1;
        const part = { chunk: binding, start, at, length: rows * cols };
        if (asIs && inOrder) return { ...part, block: undefined };
        largest = Math.max(largest, lengthOf(tensor.shape));
        const [down, across] = tensor.transposed ? [1, rows] : [cols, 1];
        const flip = tensor.sign === 1 ? 0 : 2 ** 31;
        blocks.push(Uint32Array.of(start, stride, at, down, across, rows, cols, flip));
        return { ...part, block: (blocks.length - 1) * BLOCK };
      });
      this.parts.set(tensor, parts);
    }
    this.dense = device.createBuffer({
      label: 'tensors on their way',
      size: 4 * largest,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const words = device.createBuffer({
      label: 'where tensors lie',
      size: Math.max(1, blocks.length) * BLOCK,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    blocks.forEach((block, i) => {
      device.queue.writeBuffer(words, i * BLOCK, block as Uint32Array<ArrayBuffer>);
    });
    const entry = (binding: number, buffer: GPUBufferBindingLayout): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer,
    });
    const bindings = device.createBindGroupLayout({
      entries: [
        entry(0, { type: 'storage' }),
        entry(1, { type: 'storage' }),
        entry(2, { type: 'uniform', hasDynamicOffset: true }),
      ],
    });
    this.groups = chunks.map((chunk) =>
      device.createBindGroup({
        layout: bindings,
        entries: [
          { binding: 0, resource: { buffer: chunk } },
          { binding: 1, resource: { buffer: this.dense } },
          { binding: 2, resource: { buffer: words, size: 32 } },
        ],
      }),
    );
    const module = device.createShaderModule({ label: 'tensors', code: SHADER });
    const layoutOf = device.createPipelineLayout({ bindGroupLayouts: [bindings] });
    const pipeline = (entryPoint: string) =>
      device.createComputePipeline({ label: entryPoint, layout: layoutOf, compute: { module, entryPoint } });
    this.putting = pipeline('put');
    this.taking = pipeline('take');
  }

  /** Whether a tensor lies in its chunks as the host has it, so that reading it is copying. */
  isInPlace(tensor: PlanTensor): boolean {
    return this.parts.get(tensor)!.every(({ block }) => block === undefined);
  }

  /** Writes numbers into a region of one row. */
  writeRegion({ buffer, offset, rows }: Region, values: Float32Array<ArrayBuffer>): void {
    if (rows !== 1) throw new Error('a region of several rows is written as a tensor');
    const place = this.layout.places[buffer]!;
    this.device.queue.writeBuffer(this.chunks[place.binding]!, 4 * (place.offset + offset), values);
  }

  /** Writes a tensor, before whatever is submitted next. */
  write(tensor: PlanTensor, values: Float32Array | Int32Array): void {
    const { queue } = this.device;
    const host = hostValues(tensor, values);
    const parts = this.parts.get(tensor)!;
    for (const { chunk, start, at, length, block } of parts)
      if (block === undefined) queue.writeBuffer(this.chunks[chunk]!, 4 * start, host, at, length);
    if (this.isInPlace(tensor)) return;
    queue.writeBuffer(this.dense, 0, host);
    const encoder = this.device.createCommandEncoder({ label: `write ${tensor.name}` });
    this.move(encoder, this.putting, tensor);
    queue.submit([encoder.finish()]);
  }

  /** Encodes the copying of a tensor, dense, to a buffer at `to`, in bytes. */
  read(encoder: GPUCommandEncoder, tensor: PlanTensor, target: GPUBuffer, to: number): void {
    this.move(encoder, this.taking, tensor);
    for (const { chunk, start, at, length, block } of this.parts.get(tensor)!) {
      const [from, offset] = block === undefined ? [this.chunks[chunk]!, start] : [this.dense, at];
      encoder.copyBufferToBuffer(from, 4 * offset, target, to + 4 * at, 4 * length);
    }
  }

  private move(encoder: GPUCommandEncoder, pipeline: GPUComputePipeline, tensor: PlanTensor): void {
    if (this.isInPlace(tensor)) return;
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    tensor.regions.forEach(({ rows, cols }, i) => {
      const { chunk, block } = this.parts.get(tensor)![i]!;
      if (block === undefined) return;
      pass.setBindGroup(0, this.groups[chunk]!, [block]);
      pass.dispatchWorkgroups(Math.ceil(cols / THREADS), Math.min(rows, 65535));
    });
    pass.end();
  }
}

/** A tensor's values in its own number format, in memory that is not shared. */
function hostValues(
  { type }: PlanTensor,
  values: Float32Array | Int32Array,
): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  const right = type === 'i32' ? values instanceof Int32Array : values instanceof Float32Array;
  if (right && values.buffer instanceof ArrayBuffer)
    return values as Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
  return type === 'i32' ? Int32Array.from(values) : Float32Array.from(values);
}
