/**
 * The webgpu engine: a plan on a WebGPU device, in Node on Dawn and in a page on the browser's own. Everything is made
 * at load; a run is one encoder, one pass, one submit, and the small results come back with it.
 */

import { hostScalar } from '../../compiler/graph/tensors.js';
import { compiledArgument, isPlan } from '../../compiler/network.js';
import type { Launch, Plan, PlanTensor } from '../../compiler/plan/plan.js';
import { wrongArgument } from '../../grammar/arguments.js';
import { failure } from '../../grammar/diagnostic.js';
import { asyncDispose } from '../dispose.js';
import type { LaunchTime, ProgramName, RunArguments, Session, TensorInfo } from '../engine.js';
import { lengthOf, TensorTable } from '../tensors.js';
import { layOutChunks } from './chunks.js';
import {
  adapterName,
  largestChunk,
  noWebgpu,
  openAdapter,
  openDevice,
  type Precision,
  totalText,
  Watch,
} from './device.js';
import { Clock } from './profile.js';
import { encode, type Programs, preparePrograms } from './programs.js';
import { Layouts } from './shaders.js';
import { chooseTiles, type DeviceOptions, type TileCache } from './tiles.js';
import { Transfer } from './transfer.js';

export interface WebgpuOptions {
  /** `f32` by default; `f16` for products' operands where the adapter can. */
  readonly precision?: Precision;
  /** Time every launch. */
  readonly profile?: boolean;
  /** What is known of tiles; by default what this process has measured. */
  readonly tiles?: TileCache;
}

/** Tensors up to so many bytes come back with the run that wrote them; larger ones when they are asked for. */
const SMALL_RESULT = 64 * 1024;

const measured = new Map<string, string>();

/**
 * Opens a plan on a WebGPU adapter and plays its `load` program.
 *
 * @param gpu the page's `navigator.gpu` by default; in Node what `openDawn` gives
 * @throws RffcError RFF770 for what is no plan, RFF812 without WebGPU or an adapter, RFF830 to RFF833 where it cannot
 * hold or run the plan, RFF836 where its memory is not enough
 */
export async function openWebgpu(
  plan: Plan,
  gpu: GPU | undefined = globalThis.navigator?.gpu,
  choice: WebgpuOptions = {},
): Promise<WebgpuSession> {
  if (!isPlan(compiledArgument('openWebgpu', plan)))
    throw wrongArgument(
      'openWebgpu',
      'a plan',
      plan,
      '`const { plan } = await compile({ text, file })` makes one',
    );
  if (!gpu) throw noWebgpu();
  const { precision = 'f32', profile = false, tiles = measured } = choice;
  const adapter = await openAdapter(gpu);
  const layout = layOutChunks(plan, largestChunk(adapter));
  const device = await openDevice(adapter, layout.chunks, precision);
  const watch = new Watch(device);
  try {
    if (profile && !device.features.has('timestamp-query')) {
      throw failure(
        'RFF832',
        `the WebGPU adapter (${adapterName(adapter)}) has no \`timestamp-query\`, which \`--profile\` needs`,
        { hint: 'leave out `--profile`, or use `--backend cpu`' },
      );
    }
    const deviceOptions: DeviceOptions = {
      subgroups: device.features.has('subgroups'),
      f16: precision === 'f16',
      maxInvocations: device.limits.maxComputeInvocationsPerWorkgroup,
      maxWorkgroupStorage: device.limits.maxComputeWorkgroupStorageSize,
      maxWorkgroupsPerDimension: device.limits.maxComputeWorkgroupsPerDimension,
    };
    const layouts = new Layouts(device);
    const name = adapterName(adapter);
    // Measured before the plan's own memory is there: what is measured needs some for itself.
    const options = await watch.wait(chooseTiles(device, layouts, plan, deviceOptions, name, tiles));
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const { chunks, transfer } = await watch.guard(`${totalText(layout.chunks)} were allocated`, () => {
      const made = layout.chunks.map(({ arena, bytes }) =>
        device.createBuffer({ label: arena, size: bytes, usage }),
      );
      return { chunks: made, transfer: new Transfer(device, plan, layout, made) };
    });
    const programs = await preparePrograms(device, layouts, plan, layout, chunks, options);
    const longest = Math.max(...Object.values(programs.dispatches).map(({ length }) => length));
    const clock = profile ? new Clock(device, longest) : undefined;
    const session = new WebgpuSession(plan, watch, transfer, programs, name, clock);
    await session.play('load', { epoch: 0, batch: 0, trained: 0, rate: 1 });
    return session;
  } catch (error) {
    watch.close();
    throw error;
  }
}

/** A tensor that is asked for, until the device answers. */
interface Request {
  readonly tensor: PlanTensor;
  readonly resolve: (values: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/** A small result: where it lies in the staging buffer, in bytes. */
interface Result {
  readonly tensor: PlanTensor;
  readonly at: number;
}

export class WebgpuSession implements Session {
  readonly backend = 'webgpu';
  readonly tensors: readonly TensorInfo[];
  readonly written: ReadonlySet<string>;
  private readonly table: TensorTable;
  private readonly device: GPUDevice;
  private readonly results: readonly Result[];
  private readonly staging: GPUBuffer;
  /** Small results as the last run left them. */
  private readonly latest = new Map<PlanTensor, Float32Array>();
  private readonly requests: Request[] = [];
  private running = false;

  /**
   * @param adapter its name
   * @param clock times every launch
   */
  constructor(
    private readonly plan: Plan,
    private readonly watch: Watch,
    private readonly transfer: Transfer,
    private readonly programs: Programs,
    readonly adapter: string,
    private readonly clock: Clock | undefined,
  ) {
    this.table = new TensorTable(plan);
    this.tensors = this.table.infos;
    this.written = this.table.written;
    this.device = watch.device;
    let bytes = 0;
    this.results = plan.tensors.flatMap((tensor): Result[] => {
      const size = 4 * lengthOf(tensor.shape);
      if (tensor.role !== 'output' || size > SMALL_RESULT || !transfer.isInPlace(tensor)) return [];
      bytes += size;
      return [{ tensor, at: bytes - size }];
    });
    this.staging = this.makeStaging('results', bytes);
  }

  private makeStaging(label: string, bytes: number): GPUBuffer {
    return this.device.createBuffer({
      label,
      size: Math.max(4, bytes),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  write(name: string, values: Float32Array | Int32Array): void {
    const tensor = this.table.fitting(name, values);
    this.watch.check();
    this.latest.delete(tensor);
    this.transfer.write(tensor, values);
  }

  run(program: ProgramName, args: RunArguments): Promise<void> {
    return this.play(program, args);
  }

  /**
   * Plays any of the plan's programs.
   *
   * @throws RffcError RFF834 if the device is lost, RFF835 or RFF836 if it refuses something
   */
  async play(program: ProgramName | 'load', args: RunArguments): Promise<void> {
    this.table.check();
    if (this.running) throw new Error('a session plays one program at a time');
    this.watch.check();
    this.running = true;
    try {
      const dispatches = this.programs.dispatches[program]!;
      const { queue } = this.device;
      queue.writeBuffer(this.programs.run, 0, Uint32Array.of(args.epoch, args.batch, 0, 0));
      this.writeScalars(args);
      const encoder = this.device.createCommandEncoder({ label: program });
      if (this.clock) this.clock.encode(encoder, this.programs.words, dispatches);
      else {
        const pass = encoder.beginComputePass({ label: program });
        encode(pass, this.programs.words, dispatches);
        pass.end();
      }
      this.latest.clear();
      for (const { tensor, at } of this.results) this.transfer.read(encoder, tensor, this.staging, at);
      queue.submit([encoder.finish()]);
      await this.watch.wait(this.staging.mapAsync(GPUMapMode.READ));
      const bytes = this.staging.getMappedRange();
      for (const { tensor, at } of this.results) this.latest.set(tensor, valuesOf(tensor, bytes, at));
      this.staging.unmap();
      await this.clock?.collect(program, dispatches, this.plan.programs[program].length);
    } finally {
      this.running = false;
    }
  }

  /** The numbers that the host computes for each run, into their place in the io arena. */
  private writeScalars(args: RunArguments): void {
    const { values, region } = this.plan.scalars;
    if (!region) return;
    this.transfer.writeRegion(
      region,
      Float32Array.from(values, (scalar) => hostScalar(scalar, args)),
    );
  }

  /** A copy of a tensor; those asked for at the same time come in one journey. @throws RffcError as `run` does */
  async read(name: string): Promise<Float32Array> {
    const tensor = this.table.find(name);
    this.watch.check();
    const known = this.latest.get(tensor);
    if (known) return known.slice();
    return new Promise((resolve, reject) => {
      this.requests.push({ tensor, resolve, reject });
      if (this.requests.length === 1) queueMicrotask(() => this.answer(this.requests.splice(0)));
    });
  }

  private async answer(requests: readonly Request[]): Promise<void> {
    let staging: GPUBuffer | undefined;
    try {
      const starts: number[] = [];
      let bytes = 0;
      for (const { tensor } of requests) {
        starts.push(bytes);
        bytes += 4 * lengthOf(tensor.shape);
      }
      // More than a buffer holds comes in several journeys.
      if (bytes > this.device.limits.maxBufferSize && requests.length > 1) {
        const half = requests.length >> 1;
        await this.answer(requests.slice(0, half));
        await this.answer(requests.slice(half));
        return;
      }
      const target = await this.watch.guard('tensors were read', () => {
        const buffer = this.makeStaging('tensors read', bytes);
        const encoder = this.device.createCommandEncoder({ label: 'read' });
        requests.forEach(({ tensor }, i) => {
          this.transfer.read(encoder, tensor, buffer, starts[i]!);
        });
        this.device.queue.submit([encoder.finish()]);
        return buffer;
      });
      staging = target;
      await this.watch.wait(target.mapAsync(GPUMapMode.READ));
      const mapped = target.getMappedRange();
      requests.forEach(({ tensor, resolve }, i) => {
        resolve(valuesOf(tensor, mapped, starts[i]!));
      });
    } catch (error) {
      for (const { reject } of requests) reject(error);
    } finally {
      staging?.destroy();
    }
  }

  /** How many dispatches a run of a program takes. */
  dispatches(program: ProgramName): number {
    return this.programs.dispatches[program]!.length;
  }

  /** What the launches of a program took on the GPU; empty unless the session was opened with `profile`. */
  launchTimes(program: string): LaunchTime[] {
    const sum = this.clock?.nanoseconds(program);
    const launches: readonly Launch[] = this.plan.programs[program as ProgramName] ?? [];
    if (!sum) return [];
    return launches.map((_, launch) => ({
      launch,
      sync: true,
      waitSeconds: 0,
      workSeconds: sum[launch]! / 1e9,
    }));
  }

  async dispose(): Promise<void> {
    this.table.close();
    this.watch.close();
  }

  [asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** A tensor's numbers out of mapped memory, which goes away. */
function valuesOf(tensor: PlanTensor, bytes: ArrayBuffer, at: number): Float32Array {
  const length = lengthOf(tensor.shape);
  return tensor.type === 'i32'
    ? Float32Array.from(new Int32Array(bytes, at, length))
    : new Float32Array(bytes, at, length).slice();
}
