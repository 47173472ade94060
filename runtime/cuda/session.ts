/**
 * The cuda engine: a plan on an NVIDIA GPU. Its kernels are CUDA C compiled at load, its products cuBLAS's; each
 * program is captured once as a CUDA graph whose branches are the layers, and a run is a launch of that graph.
 */
import { cudaModule } from '../../compiler/codegen/cuda/index.js';
import { hostScalar } from '../../compiler/graph/tensors.js';
import type { Plan, PlanTensor } from '../../compiler/plan/plan.js';
import { failure } from '../../grammar/diagnostic.js';
import { asyncDispose } from '../dispose.js';
import type { LaunchTime, ProgramName, RunArguments, Session, TensorInfo } from '../engine.js';
import { lengthOf, TensorTable } from '../tensors.js';
import { architectureFor, compileCached } from './compiler.js';
import { CONVERT, convertSource } from './convert.js';
import type { CudaDriver, CudaEvent, CudaMachine, CudaPrecision, Stream } from './driver.js';
import { openMachine } from './machine.js';
import { allocateAreas, type DeviceAreas } from './memory.js';
import { Clock } from './profile.js';
import { capture, issue, type Lane, type Program, prepareProgram } from './programs.js';
import { spread } from './spread.js';
import { type Step, stepsOf } from './steps.js';
import { assignStreams, type Slot } from './streams.js';
import { asRead, inputBytes, Transfer } from './transfer.js';

export interface CudaOptions {
  /** CUDA device, from 0, in the driver's order; `CUDA_VISIBLE_DEVICES` hides and orders them. */
  readonly device?: number;
  /** Precision of matrix-product operands; default `f32`. */
  readonly precision?: CudaPrecision;
  /** Time every launch; they then run one after the other. */
  readonly profile?: boolean;
  /** Folder of compiled kernels; default: in the user's cache folder. */
  readonly cache?: string;
}

/** Most streams: this many layers fill a GPU. */
const MOST_STREAMS = 6;
/** cuBLAS's own advice for a workspace, from compute capability 9.0 on and before. */
const workspaceBytes = (capability: number): number => (capability >= 90 ? 32 : 4) * 2 ** 20;
/** Results up to this many bytes are returned with the run that wrote them. */
const SMALL_RESULT = 64 * 1024;
/** The run's words: epoch, batch, and the seed in two halves. */
const RUN_BYTES = 16;

const AT_LOAD: RunArguments = { epoch: 0, batch: 0, trained: 0, rate: 1 };

/**
 * Opens a plan on an NVIDIA GPU and runs its `load` program.
 *
 * @throws RffcError RFF840 to RFF842 if something is missing, RFF843 for an unknown device, RFF844 for a kernel that
 * does not compile, RFF845 where its memory is too small, RFF826 for a precision it does not have, RFF846 where a
 * call fails
 */
export async function openCuda(
  compiled: Plan,
  options: CudaOptions = {},
  machine: CudaMachine = openMachine(),
): Promise<CudaSession> {
  const { device = 0, precision = 'f32', profile = false } = options;
  const { driver } = machine;
  const name = describeDevice(driver, device);
  const capability = driver.capability(device);
  checkPrecision(name, capability, precision);
  const closers = new Closers();
  try {
    const context = driver.open(device);
    closers.add(() => driver.close(device));
    driver.use(context);
    const plan = spread(compiled, driver.memory().free / 2);
    const scheduled = scheduleSteps(plan, precision, profile);
    const areas = areasOf(driver, plan, scheduled, workspaceBytes(capability), name);
    closers.add(() => areas.release());
    const functions = loadKernels(machine, plan, capability, options.cache, closers);
    const lanes = openLanes(machine, scheduled, areas, workspaceBytes(capability), closers);
    const main = lanes[0]!.stream;
    const programs = new Map(
      scheduled.programs.map(({ program, steps, slots }) => [
        program,
        prepareProgram(machine, steps, slots, lanes, areas, functions, areas.run),
      ]),
    );
    warmUp(driver, programs, lanes, areas);
    const graphs = profile ? new Map<string, bigint>() : captureAll(driver, programs, lanes, closers);
    const transfer = new Transfer(driver, plan, main, areas.buffer, areas.inputs);
    closers.add(() => transfer.close());
    const session = new CudaSession(plan, driver, name, {
      ...{ context, areas, lanes, main, programs, graphs, transfer, profile, closers },
    });
    await session.play('load', AT_LOAD);
    return session;
  } catch (error) {
    closers.close();
    throw error;
  }
}

/** What was made is closed in the opposite order, whether opening fails or the session ends. */
class Closers {
  private readonly list: (() => void)[] = [];

  add(close: () => void): void {
    this.list.push(close);
  }

  close(): void {
    for (const close of this.list.splice(0).reverse()) {
      try {
        close();
      } catch {
        // A failed device fails here too; that was reported already.
      }
    }
  }
}

/** @throws RffcError RFF826 for a precision that the device does not have */
function checkPrecision(name: string, capability: number, precision: CudaPrecision): void {
  if (precision === 'f32' || capability >= 80) return;
  throw failure('RFF826', `${name} (compute capability ${capability / 10}) does not support ${precision}`, {
    hint: '`--precision tf32` and `bf16` need an NVIDIA GPU from Ampere (8.0) on: leave it out',
  });
}

/** A plan's steps, each on a stream. */
interface ScheduledSteps {
  readonly programs: readonly {
    readonly program: string;
    readonly steps: readonly Step[];
    readonly slots: readonly Slot[];
  }[];
  /** How many streams there are. */
  readonly streams: number;
  readonly operandBytes: number;
  /** Of a stream. */
  readonly gradientBytes: number;
}

function scheduleSteps(plan: Plan, precision: CudaPrecision, profile: boolean): ScheduledSteps {
  const { programs: steps, operandBytes, gradientBytes } = stepsOf(plan, precision);
  const programs = Object.entries(steps).map(([program, own]) => {
    const touches = own.map((step) => step.touches);
    return { program, steps: own, slots: assignStreams(touches, profile ? 1 : MOST_STREAMS) };
  });
  const streams = 1 + Math.max(0, ...programs.flatMap(({ slots }) => slots.map(({ stream }) => stream)));
  return { programs, streams, operandBytes, gradientBytes };
}

/** The device's memory: the plan's, and what the engine needs beside it. */
function areasOf(
  driver: CudaDriver,
  plan: Plan,
  { streams, operandBytes, gradientBytes }: ScheduledSteps,
  workspace: number,
  name: string,
): DeviceAreas {
  const extra = {
    gradients: streams * gradientBytes,
    workspaces: streams * workspace,
    operands: operandBytes,
    inputs: inputBytes(plan),
    run: RUN_BYTES,
  };
  return allocateAreas(driver, plan, extra, name);
}

/** The plan's kernels and the engine's own, compiled and loaded: the functions by name. */
function loadKernels(
  { driver, compiler }: CudaMachine,
  plan: Plan,
  capability: number,
  cache: string | undefined,
  closers: Closers,
): ReadonlyMap<string, bigint> {
  const { code, functions } = cudaModule(plan);
  const module = compileCached(
    compiler,
    code + convertSource,
    architectureFor(capability, compiler),
    (image) => driver.loadModule(image),
    cache,
  );
  closers.add(() => driver.unloadModule(module));
  return new Map([...functions, CONVERT].map((fn) => [fn, driver.functionOf(module, fn)]));
}

/** Each stream with a cuBLAS handle, its workspace and memory for gradients. */
function openLanes(
  { driver, products }: CudaMachine,
  { streams, gradientBytes }: ScheduledSteps,
  areas: DeviceAreas,
  workspace: number,
  closers: Closers,
): readonly Lane[] {
  return Array.from({ length: streams }, (_, i): Lane => {
    const stream = driver.createStream();
    closers.add(() => driver.destroyStream(stream));
    const handle = products.open(stream, areas.workspaces + BigInt(i * workspace), workspace);
    closers.add(() => products.close(handle));
    return { stream, handle, gradient: areas.gradients + BigInt(i * gradientBytes) };
  });
}

/** Once through everything, on zeros, so that libraries load what they need before a capture forbids it. */
function warmUp(
  driver: CudaDriver,
  programs: ReadonlyMap<string, Program>,
  lanes: readonly Lane[],
  areas: DeviceAreas,
): void {
  const main = lanes[0]!.stream;
  areas.clear(main);
  for (const program of programs.values()) issue(driver, program, lanes);
  areas.clear(main);
}

/** Every program as a graph, but `load`, which runs once. */
function captureAll(
  driver: CudaDriver,
  programs: ReadonlyMap<string, Program>,
  lanes: readonly Lane[],
  closers: Closers,
): ReadonlyMap<string, bigint> {
  const graphs = new Map<string, bigint>();
  for (const [program, calls] of programs) {
    if (program === 'load' || calls.length === 0) continue;
    const graph = capture(driver, calls, lanes);
    closers.add(() => driver.destroyGraph(graph));
    graphs.set(program, graph);
  }
  return graphs;
}

/** A device's name. @throws RffcError RFF840 where there is none at all, RFF843 for a number that none has */
export function describeDevice(driver: CudaDriver, device: number): string {
  const count = driver.deviceCount();
  if (count === 0) {
    throw failure('RFF840', 'the NVIDIA driver found no GPU', {
      hint: '`nvidia-smi` lists them; CUDA_VISIBLE_DEVICES may hide them',
    });
  }
  if (Number.isInteger(device) && device >= 0 && device < count) return driver.deviceName(device);
  const all = Array.from({ length: count }, (_, i) => `${i} (${driver.deviceName(i)})`);
  throw failure('RFF843', `unknown NVIDIA GPU ${device}`, { hint: `choose from ${all.join(', ')}` });
}

/** What `openCuda` made. */
interface Made {
  readonly context: bigint;
  readonly areas: DeviceAreas;
  readonly lanes: readonly Lane[];
  readonly main: Stream;
  readonly programs: ReadonlyMap<string, Program>;
  readonly graphs: ReadonlyMap<string, bigint>;
  readonly transfer: Transfer;
  readonly profile: boolean;
  readonly closers: Closers;
}

/** A small result and its host memory. */
interface Result {
  readonly tensor: PlanTensor;
  readonly host: Uint8Array<ArrayBuffer>;
}

export class CudaSession implements Session {
  readonly backend = 'cuda';
  readonly writesAhead = true;
  readonly tensors: readonly TensorInfo[];
  readonly written: ReadonlySet<string>;
  private readonly table: TensorTable;
  private readonly words: Uint8Array<ArrayBuffer>;
  private readonly finished: CudaEvent;
  private readonly results: ReadonlyMap<string, readonly Result[]>;
  /** Small results of the last run that wrote them. */
  private readonly latest = new Map<PlanTensor, Float32Array>();
  private readonly clock: Clock | undefined;
  private running: Promise<void> | undefined;
  private closed = false;

  /** @param device its name */
  constructor(
    private readonly plan: Plan,
    private readonly driver: CudaDriver,
    readonly device: string,
    private readonly made: Made,
  ) {
    this.table = new TensorTable(plan);
    this.tensors = this.table.infos;
    this.written = this.table.written;
    const { transfer, main, closers } = made;
    this.finished = driver.createEvent();
    closers.add(() => driver.destroyEvent(this.finished));
    if (made.profile) {
      const clock = new Clock(driver, main);
      closers.add(() => clock.close());
      this.clock = clock;
    }
    const { region } = plan.scalars;
    this.words = transfer.pin(RUN_BYTES + (region ? 4 * region.rows * region.cols : 0));
    this.results = resultsOf(plan, (bytes) => transfer.pin(bytes));
    closers.add(() => this.enter());
  }

  write(name: string, values: Float32Array | Int32Array): void {
    const tensor = this.table.fitting(name, values);
    this.latest.delete(tensor);
    this.enter();
    this.made.transfer.write(tensor, values);
  }

  /** Another session of this thread may have another device. */
  private enter(): void {
    this.driver.use(this.made.context);
  }

  run(program: ProgramName, args: RunArguments): Promise<void> {
    return this.play(program, args);
  }

  /** Runs any of the plan's programs. @throws RffcError RFF846 if the device fails */
  async play(program: string, args: RunArguments): Promise<void> {
    this.table.check();
    if (this.running) throw new Error('a session runs one program at a time');
    this.running = this.launch(program, args);
    try {
      await this.running;
    } finally {
      this.running = undefined;
    }
  }

  private async launch(program: string, args: RunArguments): Promise<void> {
    const { driver, clock } = this;
    const { transfer, main, lanes, programs, graphs } = this.made;
    const calls = programs.get(program);
    if (!calls) throw new Error(`the plan has no program \`${program}\``);
    this.enter();
    transfer.flush();
    this.sendWords(args);
    const graph = graphs.get(program);
    if (graph !== undefined) driver.launchGraph(graph, main);
    else if (clock) clock.play(calls);
    else issue(driver, calls, lanes);
    const results = this.results.get(program) ?? [];
    for (const { tensor, host } of results) transfer.fetch(tensor, host);
    driver.record(this.finished, main);
    await this.finish();
    for (const { tensor, host } of results) this.latest.set(tensor, asRead(tensor, host));
    clock?.collect(program, calls, this.plan.programs[program as ProgramName].length);
  }

  /** Waits for the device, while progress and signals are served. */
  private async finish(): Promise<void> {
    while (!this.driver.isDone(this.finished)) {
      await new Promise((resolve) => setImmediate(resolve));
      this.enter();
    }
  }

  /** The numbers that change from run to run, through pinned memory: the last run is over, so it may be written. */
  private sendWords(args: RunArguments): void {
    const { values, region } = this.plan.scalars;
    const { buffer, byteOffset } = this.words;
    const { seed } = this.plan.model.train;
    new Uint32Array(buffer, byteOffset, 4).set([args.epoch, args.batch, seed, Math.floor(seed / 2 ** 32)]);
    const words = { host: this.words.subarray(0, RUN_BYTES), pitch: RUN_BYTES };
    const to = { device: this.made.areas.run, pitch: RUN_BYTES };
    this.driver.copy({ from: words, to, width: RUN_BYTES, height: 1 }, this.made.main);
    if (!region) return;
    const numbers = new Float32Array(buffer, byteOffset + RUN_BYTES, region.rows * region.cols);
    values.forEach((scalar, i) => {
      numbers[i] = hostScalar(scalar, args);
    });
    this.made.transfer.put(region, this.words.subarray(RUN_BYTES));
  }

  /** A copy of a tensor, after the running program. @throws RffcError as `run` does */
  async read(name: string): Promise<Float32Array> {
    const tensor = this.table.find(name);
    await this.running;
    const known = this.latest.get(tensor);
    if (known) return known.slice();
    const { transfer, main } = this.made;
    this.enter();
    transfer.flush();
    const host = new Uint8Array(4 * lengthOf(tensor.shape));
    transfer.fetch(tensor, host);
    this.driver.synchronize(main);
    return asRead(tensor, host);
  }

  /** Time per launch of a program on the GPU; empty unless the session was opened with `profile`. */
  launchTimes(program: string): LaunchTime[] {
    const sum = this.clock?.milliseconds(program);
    if (!sum) return [];
    return Array.from(sum, (ms, launch) => ({ launch, sync: true, waitSeconds: 0, workSeconds: ms / 1000 }));
  }

  async dispose(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.table.close();
    await this.running?.catch(() => undefined);
    this.made.closers.close();
  }

  [asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** The small results of each program, with their host memory. */
function resultsOf(
  plan: Plan,
  pin: (bytes: number) => Uint8Array<ArrayBuffer>,
): ReadonlyMap<string, readonly Result[]> {
  const small = plan.tensors.filter((t) => t.role === 'output' && 4 * lengthOf(t.shape) <= SMALL_RESULT);
  const places = new Map<PlanTensor, Result>();
  let bytes = 0;
  const all = pin(small.reduce((sum, t) => sum + 4 * lengthOf(t.shape), 0));
  for (const tensor of small) {
    const size = 4 * lengthOf(tensor.shape);
    places.set(tensor, { tensor, host: all.subarray(bytes, bytes + size) });
    bytes += size;
  }
  const programs = Object.entries(plan.programs).map(([name, launches]): [string, Result[]] => {
    const written = new Set(launches.flatMap(writtenBuffers));
    const made = small.filter((t) => t.regions.some(({ buffer }) => written.has(buffer)));
    return [name, made.map((t) => places.get(t)!)];
  });
  return new Map(programs);
}

/** The buffers that a launch writes. */
function writtenBuffers(launch: Plan['programs']['load'][number]): number[] {
  switch (launch.kind) {
    case 'gemm':
      return [launch.c.buffer];
    case 'rows':
      return launch.outputs.map(({ buffer }) => buffer);
    case 'learn':
      return launch.update.outputs.map(({ buffer }) => buffer);
    default:
      return [launch.output.buffer];
  }
}
