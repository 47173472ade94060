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
import { stepsOf } from './steps.js';
import { assignStreams } from './streams.js';
import { asRead, inputBytes, Transfer } from './transfer.js';

export interface CudaOptions {
  /** Which GPU, from 0, in the driver's order; `CUDA_VISIBLE_DEVICES` hides and orders them. */
  readonly device?: number;
  /** Of products' operands; `f32` by default. */
  readonly precision?: CudaPrecision;
  /** Time every launch; they then run one after the other. */
  readonly profile?: boolean;
  /** Where compiled kernels are kept; by default in the user's cache folder. */
  readonly cache?: string;
}

/** Streams at most: more layers than these at once fill a GPU in any case. */
const MOST_STREAMS = 6;
/** cuBLAS's own advice for a workspace, from compute capability 9.0 on and before. */
const workspaceBytes = (capability: number): number => (capability >= 90 ? 32 : 4) * 2 ** 20;
/** Results up to so many bytes come back with the run that wrote them. */
const SMALL_RESULT = 64 * 1024;
/** The run's words: epoch, batch, and the seed in two halves. */
const RUN_BYTES = 16;

const AT_LOAD: RunArguments = { epoch: 0, batch: 0, trained: 0, rate: 1 };

/**
 * Opens a plan on an NVIDIA GPU and plays its `load` program.
 *
 * @throws RffcError RFF840 to RFF842 where something is missing, RFF843 for a device that is not there, RFF844 for a
 * kernel that does not compile, RFF845 where its memory is not enough, RFF826 for a precision it does not have, RFF846
 * where a call fails
 */
export async function openCuda(
  compiled: Plan,
  options: CudaOptions = {},
  machine: CudaMachine = openMachine(),
): Promise<CudaSession> {
  const { device = 0, precision = 'f32', profile = false } = options;
  const { driver, products, compiler } = machine;
  const name = describeDevice(driver, device);
  const capability = driver.capability(device);
  if (precision !== 'f32' && capability < 80) {
    throw failure('RFF826', `${name} (compute capability ${capability / 10}) has no ${precision}`, {
      hint: '`--precision tf32` and `bf16` need an NVIDIA GPU from Ampere (8.0) on: leave it out',
    });
  }
  // What was made is closed in the opposite order, whether opening fails or the session ends.
  const closers: (() => void)[] = [];
  const closing = (close: () => void) => closers.push(close);
  const closeAll = () => {
    for (const close of closers.splice(0).reverse()) {
      try {
        close();
      } catch {
        // A device that has failed fails here too; that has been told.
      }
    }
  };
  try {
    const context = driver.open(device);
    closing(() => driver.close(device));
    driver.use(context);

    const plan = spread(compiled, driver.memory().free / 2);
    const { programs: steps, operandBytes, gradientBytes } = stepsOf(plan, precision);
    const schedule = Object.entries(steps).map(([program, own]) => {
      const touches = own.map((step) => step.touches);
      return { program, steps: own, slots: assignStreams(touches, profile ? 1 : MOST_STREAMS) };
    });
    const streams = 1 + Math.max(0, ...schedule.flatMap(({ slots }) => slots.map(({ stream }) => stream)));
    const workspace = workspaceBytes(capability);
    const extra = {
      gradients: streams * gradientBytes,
      workspaces: streams * workspace,
      operands: operandBytes,
      inputs: inputBytes(plan),
      run: RUN_BYTES,
    };
    const areas = allocateAreas(driver, plan, extra, name);
    closing(() => areas.release());

    const { code, functions } = cudaModule(plan);
    const names = [...functions, CONVERT];
    const module = compileCached(
      compiler,
      code + convertSource,
      architectureFor(capability, compiler),
      (image) => driver.loadModule(image),
      options.cache,
    );
    closing(() => driver.unloadModule(module));
    const byName = new Map(names.map((fn) => [fn, driver.functionOf(module, fn)]));

    const lanes = Array.from({ length: streams }, (_, i): Lane => {
      const stream = driver.createStream();
      closing(() => driver.destroyStream(stream));
      const at = areas.workspaces + BigInt(i * workspace);
      const handle = products.open(stream, at, workspace);
      closing(() => products.close(handle));
      return { stream, handle, gradient: areas.gradients + BigInt(i * gradientBytes) };
    });
    const main = lanes[0]!.stream;
    const programs = new Map(
      schedule.map(({ program, steps: own, slots }) => [
        program,
        prepareProgram(machine, own, slots, lanes, areas, byName, areas.run),
      ]),
    );

    // Once through everything, on zeros, so that libraries load what they need before a capture forbids it.
    areas.clear(main);
    for (const program of programs.values()) issue(driver, program, lanes);
    areas.clear(main);
    const graphs = new Map<string, bigint>();
    if (!profile) {
      for (const [program, calls] of programs) {
        if (program === 'load' || calls.length === 0) continue;
        const graph = capture(driver, calls, lanes);
        closing(() => driver.destroyGraph(graph));
        graphs.set(program, graph);
      }
    }
    const transfer = new Transfer(driver, plan, main, areas.buffer, areas.inputs);
    closing(() => transfer.close());
    const session = new CudaSession(plan, driver, name, {
      ...{ context, areas, lanes, main, programs, graphs, transfer, profile, closing, closeAll },
    });
    await session.play('load', AT_LOAD);
    return session;
  } catch (error) {
    closeAll();
    throw error;
  }
}

/** A device's name. @throws RffcError RFF840 where there is none at all, RFF843 for a number that none has */
export function describeDevice(driver: CudaDriver, device: number): string {
  const count = driver.deviceCount();
  if (count === 0) {
    throw failure('RFF840', 'the NVIDIA driver has no GPU here', {
      hint: '`nvidia-smi` lists them; CUDA_VISIBLE_DEVICES may hide them',
    });
  }
  if (Number.isInteger(device) && device >= 0 && device < count) return driver.deviceName(device);
  const all = Array.from({ length: count }, (_, i) => `${i} (${driver.deviceName(i)})`);
  throw failure('RFF843', `there is no NVIDIA GPU ${device} here`, { hint: `choose from ${all.join(', ')}` });
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
  readonly closing: (close: () => void) => void;
  readonly closeAll: () => void;
}

/** A small result, and where it comes back to. */
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
  /** Small results as the last run that made them left them. */
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
    const { transfer, main, closing } = made;
    this.finished = driver.createEvent();
    closing(() => driver.destroyEvent(this.finished));
    if (made.profile) {
      const clock = new Clock(driver, main);
      closing(() => clock.close());
      this.clock = clock;
    }
    const { region } = plan.scalars;
    this.words = transfer.pin(RUN_BYTES + (region ? 4 * region.rows * region.cols : 0));
    this.results = resultsOf(plan, (bytes) => transfer.pin(bytes));
    closing(() => this.enter());
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

  /** Plays any of the plan's programs. @throws RffcError RFF846 if the device fails */
  async play(program: string, args: RunArguments): Promise<void> {
    this.table.check();
    if (this.running) throw new Error('a session plays one program at a time');
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

  /** Waits for all that was asked of the device, and lets progress and signals through meanwhile. */
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

  /** A copy of a tensor, after the program that runs. @throws RffcError as `run` does */
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

  /** What the launches of a program took on the GPU; empty unless the session was opened with `profile`. */
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
    this.made.closeAll();
  }

  [asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** The small results that each program makes, with places for them. */
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
