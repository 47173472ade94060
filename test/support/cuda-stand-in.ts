/**
 * A GPU in plain memory: what the cuda engine's host side asks of the driver and of cuBLAS is carried out, but as badly
 * as CUDA allows. Whatever is put on a stream waits until somebody waits for it, and of all that may run next (by the
 * order of streams, by events, by a graph's edges) any one is taken; fresh memory is full of NaN. Where the engine
 * forgot that one thing must come before another, numbers come out wrong; `races` finds such places by the bytes that
 * were really touched.
 *
 * Kernels are played launch by launch by the plain player, products as cuBLAS's own column-major arithmetic.
 */
import { launchOf } from '../../compiler/codegen/cuda/index.js';
import type { RunArguments } from '../../compiler/graph/index.js';
import type { Launch, Plan } from '../../compiler/plan/plan.js';
import { CONVERT } from '../../runtime/cuda/convert.js';
import { cublasConstants, dataTypes } from '../../runtime/cuda/declarations.js';
import type {
  Copy,
  CopyEnd,
  CudaDriver,
  CudaMachine,
  CudaPrecision,
  DeviceMatrix,
  KernelLaunch,
  Product,
} from '../../runtime/cuda/driver.js';
import { gemmArguments, outOfMemory } from '../../runtime/cuda/native.js';
import { packArguments } from '../../runtime/cuda/programs.js';
import { spread } from '../../runtime/cuda/spread.js';
import { stepsOf } from '../../runtime/cuda/steps.js';
import { uniforms } from '../../runtime/random/index.js';
import { PlayerSession } from './player.js';

/** Something put on a stream. */
export interface Operation {
  readonly label: string;
  /** What it comes after. */
  readonly after: readonly Operation[];
  readonly run: () => void;
  /** Whether what it touches is written down: of graphs, the first time that they run. */
  watched: boolean;
  /** Addresses of the words of four bytes that it read and wrote. */
  readonly read: Set<number>;
  readonly wrote: Set<number>;
}

/** Memory of the device, of NaN until it is written. */
interface Allocation {
  readonly start: number;
  readonly bytes: number;
  floats: Float32Array<ArrayBuffer> | undefined;
}

/** Memory of the device by address, in numbers of four bytes and as bytes. Whoever touches it is written down. */
interface DeviceBytes {
  readonly float: (at: number) => number;
  readonly setFloat: (at: number, value: number) => void;
  readonly view: (at: number, bytes: number, write: boolean) => DataView<ArrayBuffer>;
}

interface Graph {
  readonly operations: Operation[];
}
interface StreamState {
  frontier: readonly Operation[];
  /** While it is being captured: the graph, and what was on it before. */
  capture: { readonly graph: Graph; readonly before: readonly Operation[] } | undefined;
}
interface EventState {
  frontier: readonly Operation[];
  graph: Graph | undefined;
  asked: boolean;
}

export interface StandInOptions {
  readonly devices?: readonly { readonly name: string; readonly capability: number }[];
  readonly free?: number;
  readonly precision?: CudaPrecision;
  /** Of the order in which what may run runs; undefined: the latest first. */
  readonly seed?: number;
  /** Called with each call's name; may throw. */
  readonly before?: (call: string) => void;
}

export interface StandIn extends CudaMachine {
  readonly graphs: readonly Graph[];
  /** Operations of a graph that touch the same word, one writing, without an order between them. */
  readonly races: () => string[];
  /** What has not been given back, by kind. */
  readonly left: () => Record<string, number>;
  readonly streams: () => number;
  readonly calls: readonly string[];
}

const GIB = 2 ** 30;

export function standIn(compiled: Plan, options: StandInOptions = {}): StandIn {
  const { devices = [{ name: 'NVIDIA Stand-in', capability: 90 }], precision = 'f32', before } = options;
  let free = options.free ?? 4 * GIB;
  const plan = spread(compiled, free / 2);
  let handles = 1n;
  const calls: string[] = [];
  const call = (name: string) => {
    calls.push(name);
    before?.(name);
  };

  // Memory of the device, and what touches it.
  const allocations = new Map<bigint, Allocation>();
  const allocated: bigint[] = [];
  let nextAddress = 0x7f00_0000_0000n;
  let current: Operation | undefined;
  let latest: Allocation | undefined;
  /** The memory at an address. @throws Error for what is not wholly inside an allocation */
  const memory = (at: number, bytes: number): Allocation & { floats: Float32Array<ArrayBuffer> } => {
    const holds = (a: Allocation) => at >= a.start && at + bytes <= a.start + a.bytes;
    if (!latest || !holds(latest)) {
      latest = [...allocations.values()].find(holds);
      if (!latest) throw new Error(`${bytes} bytes at ${at} are outside of all memory (${current?.label})`);
    }
    const found = latest;
    found.floats ??= new Float32Array(found.bytes / 4).fill(Number.NaN);
    return found as typeof found & { floats: Float32Array<ArrayBuffer> };
  };
  const touch = (at: number, bytes: number, write: boolean) => {
    if (!current?.watched) return;
    const set = write ? current.wrote : current.read;
    for (let word = at - (at % 4); word < at + bytes; word += 4) set.add(word);
  };
  const device: DeviceBytes = {
    float(at) {
      touch(at, 4, false);
      const { start, floats } = memory(at, 4);
      return floats[(at - start) / 4]!;
    },
    setFloat(at, value) {
      touch(at, 4, true);
      const { start, floats } = memory(at, 4);
      floats[(at - start) / 4] = value;
    },
    view(at, bytes, write) {
      touch(at, bytes, write);
      const { start, floats } = memory(at, bytes);
      return new DataView(floats.buffer, at - start, bytes);
    },
  };

  // Streams, events, graphs.
  const streams = new Map<bigint, StreamState>();
  const events = new Map<bigint, EventState>();
  const graphs = new Map<bigint, Graph>();
  const everyGraph: Graph[] = [];
  const capturing = new Set<Graph>();
  let waiting: Operation[] = [];
  const streamOf = (stream: bigint): StreamState => streams.get(stream) ?? fail(`no stream ${stream}`);
  const eventOf = (event: bigint): EventState => events.get(event) ?? fail(`no event ${event}`);

  const put = (label: string, stream: bigint, run: () => void): Operation => {
    const state = streamOf(stream);
    const operation: Operation = {
      ...{ label, after: state.frontier, run, watched: state.capture !== undefined },
      ...{ read: new Set<number>(), wrote: new Set<number>() },
    };
    state.frontier = [operation];
    (state.capture?.graph.operations ?? waiting).push(operation);
    return operation;
  };
  let draws = 0;
  /** Runs operations in an order that their edges allow. */
  const runAll = (operations: readonly Operation[]) => {
    const left = new Set(operations);
    while (left.size > 0) {
      const ready = [...left].filter((o) => !o.after.some((a) => left.has(a)));
      if (ready.length === 0) throw new Error('operations wait for each other');
      const { seed } = options;
      const [u] = seed === undefined ? [1 - 2 ** -24] : uniforms(seed, draws++, 0, 0, 1);
      const next = ready[Math.floor(u! * ready.length)]!;
      const outer = current;
      current = next;
      next.run();
      next.watched = false;
      current = outer;
      left.delete(next);
    }
  };
  const flush = () => {
    const now = waiting;
    waiting = [];
    runAll(now);
  };

  // Pinned memory is read and written when a copy runs; other memory of the host before the call returns.
  const pinned = new Map<ArrayBuffer, Uint8Array>();
  const bytesOf = (view: ArrayBufferView): Uint8Array =>
    new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);

  // Kernels by what they are launched with.
  const modules = new Map<bigint, string>();
  const functions = new Map<bigint, string>();
  const keyOf = (name: string, args: BigUint64Array) => `${name} ${args.join(' ')}`;
  let table: Map<string, { launch: Launch; address: (buffer: number) => bigint }> | undefined;
  const arenas = plan.arenas.filter(({ bytes }) => bytes > 0);
  const runAddress = () => allocated.at(-1)!;
  const known = () => {
    if (table) return table;
    table = new Map();
    const bases = new Map(arenas.map(({ name }, i) => [name, allocated[i]!]));
    const usual = (index: number): bigint => {
      const { arena, offset } = plan.buffers[index]!;
      return (bases.get(arena) ?? 0n) + BigInt(offset);
    };
    const { gradientBytes } = stepsOf(plan, precision);
    const gradients = allocated[arenas.length]!;
    for (const launch of Object.values(plan.programs).flat()) {
      const add = (kernel: Parameters<typeof launchOf>[0], address: (buffer: number) => bigint) => {
        const { function: name, args } = launchOf(kernel, plan, address);
        table!.set(keyOf(name, packArguments(args, runAddress())), { launch: kernel, address });
      };
      if (launch.kind === 'gemm') continue;
      if (launch.kind !== 'learn') add(launch, usual);
      else {
        const lanes = allocations.get(gradients)!.bytes / gradientBytes;
        for (let lane = 0; lane < Math.floor(lanes); lane++) {
          const own = gradients + BigInt(lane * gradientBytes);
          add(launch.update, (b) => (b === launch.gradient.buffer ? own : usual(b)));
        }
      }
    }
    return table;
  };
  const player = new DevicePlayer(plan, device);
  const runKernel = (name: string, args: BigUint64Array) => {
    if (name === CONVERT) return convert(args, device);
    const found = known().get(keyOf(name, args)) ?? fail(`no launch of the plan is ${keyOf(name, args)}`);
    const run = device.view(Number(runAddress()), 16, false);
    const { seed } = plan.model.train;
    const words = [0, 4, 8, 12].map((at) => run.getUint32(at, true));
    // The warming up runs before there are any.
    if (
      words.some((w) => w !== 0) &&
      (words[2] !== seed % 2 ** 32 || words[3] !== Math.floor(seed / 2 ** 32))
    )
      throw new Error('the run words do not hold the seed');
    player.launch(found.launch, found.address, { epoch: words[0]!, batch: words[1]!, trained: 0, rate: 1 });
  };

  const opened: number[] = [];
  let contexts = 0;
  const driver: CudaDriver = {
    version: 12040,
    deviceCount: () => devices.length,
    deviceName: (device) => devices[device]!.name,
    capability: (device) => devices[device]!.capability,
    open(device) {
      call('open');
      opened.push(device);
      return BigInt(++contexts);
    },
    close(device) {
      opened.splice(opened.indexOf(device), 1);
    },
    use: () => undefined,
    memory: () => ({ free, total: 8 * GIB }),
    allocate(bytes) {
      call('allocate');
      if (bytes > free) throw outOfMemory('cuMemAlloc_v2 found no more');
      free -= bytes;
      const address = nextAddress;
      // Far apart, so that what leaves one allocation does not end up in another.
      nextAddress += BigInt(2 ** 21 * Math.ceil((bytes + 1) / 2 ** 21));
      allocations.set(address, {
        start: Number(address),
        bytes: 4 * Math.ceil(bytes / 4),
        floats: undefined,
      });
      allocated.push(address);
      return address;
    },
    release(address) {
      flush();
      free += (allocations.get(address) ?? fail('released twice')).bytes;
      latest = undefined;
      allocations.delete(address);
    },
    allocateHost(bytes) {
      call('allocateHost');
      const host = new Uint8Array(bytes).fill(0xff);
      pinned.set(host.buffer, host);
      return host;
    },
    releaseHost(host) {
      if (!pinned.delete(host.buffer as ArrayBuffer)) fail('released twice');
    },
    fill(address, word, count, stream) {
      put('fill', stream, () => {
        const { buffer, byteOffset } = device.view(Number(address), 4 * count, true);
        new Uint32Array(buffer, byteOffset, count).fill(word);
      });
    },
    copy(copy, stream) {
      call('copy');
      runCopy(copy, stream);
    },
    loadModule(image) {
      modules.set(handles, new TextDecoder().decode(image));
      return handles++;
    },
    unloadModule: (module) => void modules.delete(module),
    functionOf(module, name) {
      if (!new RegExp(`__global__[^(]*(\\([^)]*\\))?\\s*${name}\\(`).test(modules.get(module)!))
        fail(`the module has no ${name}`);
      functions.set(handles, name);
      return handles++;
    },
    allowShared: () => undefined,
    launch({ function: fn, grid, block, args }: KernelLaunch, stream) {
      const name = functions.get(fn) ?? fail('no such function');
      call(`launch ${name}`);
      const limits = [2 ** 31 - 1, 65535, 65535];
      if (grid.some((n, i) => !(Number.isInteger(n) && n >= 1 && n <= limits[i]!))) fail(`grid ${grid}`);
      if (block.reduce((n, d) => n * d, 1) > 1024) fail(`block ${block}`);
      const own = args.slice();
      put(name, stream, () => runKernel(name, own));
    },
    createStream() {
      streams.set(handles, { frontier: [], capture: undefined });
      return handles++;
    },
    destroyStream: (stream) => void (streams.delete(stream) || fail('destroyed twice')),
    synchronize(stream) {
      if (streamOf(stream).capture) fail('CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED');
      flush();
    },
    createEvent() {
      events.set(handles, { frontier: [], graph: undefined, asked: false });
      return handles++;
    },
    destroyEvent: (event) => void (events.delete(event) || fail('destroyed twice')),
    record(event, stream) {
      const state = streamOf(stream);
      Object.assign(eventOf(event), { frontier: state.frontier, graph: state.capture?.graph, asked: false });
    },
    wait(stream, event) {
      const state = streamOf(stream);
      const { frontier, graph } = eventOf(event);
      if (graph && !capturing.has(graph)) fail('an event of a capture that is over');
      if (graph && !state.capture) {
        state.capture = { graph, before: state.frontier };
        state.frontier = [];
      } else if (state.capture && state.capture.graph !== graph && frontier.length > 0)
        fail('CUDA_ERROR_STREAM_CAPTURE_ISOLATION');
      state.frontier = [...new Set([...state.frontier, ...frontier])];
    },
    isDone(event) {
      const state = eventOf(event);
      if (!state.frontier.some((o) => waiting.includes(o))) return true;
      // Never at the first time of asking.
      if (state.asked) flush();
      const done = state.asked;
      state.asked = true;
      return done;
    },
    elapsed: () => 0.25,
    beginCapture(stream) {
      call('beginCapture');
      const state = streamOf(stream);
      const graph: Graph = { operations: [] };
      capturing.add(graph);
      state.capture = { graph, before: state.frontier };
      state.frontier = [];
    },
    endCapture(stream) {
      call('endCapture');
      const state = streamOf(stream);
      const { graph } = state.capture ?? fail('not capturing');
      const reached = ancestors(state.frontier);
      for (const operation of graph.operations)
        if (!reached.has(operation)) fail(`CUDA_ERROR_STREAM_CAPTURE_UNJOINED: ${operation.label}`);
      for (const s of streams.values()) {
        if (s.capture?.graph !== graph) continue;
        s.frontier = s.capture.before;
        s.capture = undefined;
      }
      capturing.delete(graph);
      everyGraph.push(graph);
      graphs.set(handles, graph);
      return handles++;
    },
    launchGraph(handle, stream) {
      call('launchGraph');
      const { operations } = graphs.get(handle) ?? fail('no such graph');
      put('graph', stream, () => runAll(operations));
    },
    destroyGraph: (graph) => void (graphs.delete(graph) || fail('destroyed twice')),
  };

  function runCopy({ from, to, width, height }: Copy, stream: bigint): void {
    for (const end of [from, to]) if (end.pitch < width) fail(`a pitch of ${end.pitch} for rows of ${width}`);
    const isPinned = (end: CopyEnd) => 'host' in end && pinned.has(end.host.buffer as ArrayBuffer);
    // The driver takes pageable memory's bytes before it returns.
    const source =
      'host' in from && !isPinned(from) ? { host: bytesOf(from.host).slice(), pitch: from.pitch } : from;
    put('copy', stream, () => {
      for (let row = 0; row < height; row++) {
        const rowOf = (end: CopyEnd, write: boolean): Uint8Array => {
          if ('host' in end) return bytesOf(end.host).subarray(row * end.pitch, row * end.pitch + width);
          return bytesOf(device.view(Number(end.device) + row * end.pitch, width, write));
        };
        const bytes = rowOf(source, false);
        if (bytes.length !== width) fail('a copy beyond the memory of the host');
        rowOf(to, true).set(bytes);
      }
    });
  }

  const handlesOfProducts = new Map<bigint, bigint>();
  return {
    driver,
    products: {
      version: '12.4.0',
      open(stream, workspace, bytes) {
        memory(Number(workspace), bytes);
        handlesOfProducts.set(handles, stream);
        return handles++;
      },
      close: (handle) => void (handlesOfProducts.delete(handle) || fail('closed twice')),
      multiply(handle, product) {
        call('multiply');
        const label = `product ${product.m}×${product.n}×${product.k}`;
        put(label, handlesOfProducts.get(handle)!, () => multiply(product, device));
      },
    },
    compiler: {
      name: 'stand-in',
      capabilities: devices.map(({ capability }) => capability),
      compile: (source) => new TextEncoder().encode(source),
    },
    get graphs() {
      return everyGraph;
    },
    races: () => everyGraph.flatMap(({ operations }) => racesOf(operations)),
    left: () => ({
      allocations: allocations.size,
      pinned: pinned.size,
      streams: streams.size,
      events: events.size,
      graphs: graphs.size,
      modules: modules.size,
      handles: handlesOfProducts.size,
      contexts: opened.length,
    }),
    streams: () => new Set(handlesOfProducts.values()).size,
    calls,
  };
}

function fail(message: string): never {
  throw new Error(`the stand-in: ${message}`);
}

/** Operations and all that they come after. */
function ancestors(operations: readonly Operation[]): Set<Operation> {
  const found = new Set<Operation>();
  const visit = [...operations];
  for (let next = visit.pop(); next; next = visit.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    visit.push(...next.after);
  }
  return found;
}

/** Pairs of operations that touch one word, one of them writing, with no way of edges from the one to the other. */
export function racesOf(operations: readonly Operation[]): string[] {
  const before = new Map(operations.map((o) => [o, ancestors([o])]));
  const ordered = (a: Operation, b: Operation) => before.get(b)!.has(a) || before.get(a)!.has(b);
  const writers = new Map<number, Operation[]>();
  for (const o of operations)
    for (const word of o.wrote) writers.set(word, [...(writers.get(word) ?? []), o]);
  const found = new Set<string>();
  for (const o of operations) {
    const meets = new Set<Operation>();
    for (const word of [...o.read, ...o.wrote])
      for (const w of writers.get(word) ?? []) if (w !== o) meets.add(w);
    for (const w of meets) if (!ordered(o, w)) found.add(`${w.label} writes what ${o.label} touches`);
  }
  return [...found];
}

/** The plain player on memory of the device. */
class DevicePlayer extends PlayerSession {
  private address: (buffer: number) => bigint = () => 0n;
  private readonly starts = new Map<number, number>();
  /** Buffers that hold class indices, as i32. */
  private readonly indices: ReadonlySet<number>;

  constructor(
    private readonly whole: Plan,
    private readonly device: DeviceBytes,
  ) {
    super({ ...whole, arenas: [], programs: { ...whole.programs, load: [] } });
    const views = Object.values(whole.programs)
      .flat()
      .flatMap((launch): number[] => {
        switch (launch.kind) {
          case 'rows':
            return launch.inputs.flatMap(({ lookup }) => (lookup ? [lookup.index.buffer] : []));
          case 'onehot':
          case 'scatter':
            return [launch.index.buffer];
          case 'draw':
            return [launch.truth.buffer, launch.output.buffer];
          default:
            return [];
        }
      });
    const tensors = whole.tensors.flatMap(({ type, regions }) =>
      type === 'i32' ? regions.map(({ buffer }) => buffer) : [],
    );
    this.indices = new Set([...views, ...tensors]);
  }

  launch(launch: Launch, address: (buffer: number) => bigint, args: RunArguments): void {
    this.address = address;
    this.starts.clear();
    this.play(launch, args);
  }

  private place(buffer: number, at: number): number {
    const { bytes, name } = this.whole.buffers[buffer]!;
    if (!(at >= 0 && 4 * at < bytes)) throw new Error(`outside ${name} at ${at}`);
    return this.baseOf(buffer) + 4 * at;
  }
  private baseOf(buffer: number): number {
    const known = this.starts.get(buffer) ?? Number(this.address(buffer));
    this.starts.set(buffer, known);
    return known;
  }
  protected override get(buffer: number, at: number): number {
    const place = this.place(buffer, at);
    return this.indices.has(buffer)
      ? this.device.view(place, 4, false).getInt32(0, true)
      : this.device.float(place);
  }
  protected override set(buffer: number, at: number, value: number): void {
    const place = this.place(buffer, at);
    if (this.indices.has(buffer)) this.device.view(place, 4, true).setInt32(0, value, true);
    else this.device.setFloat(place, value);
  }
}

/** cuBLAS's arithmetic, by its own description: matrices column by column, op(A)[m, k] · op(B)[k, n]. */
function multiply(product: Product, device: DeviceBytes): void {
  const { blocks, ...alone } = product;
  if (blocks) {
    // Behind the handle: …, A, Atype, lda, strideA, B, Btype, ldb, strideB, beta, C, Ctype, ldc, strideC, batchCount, …
    const batched = gemmArguments(product);
    const [strideA, strideB, strideC, count] = [9, 13, 18, 19].map((i) => batched[i] as number) as [
      ...[number, number, number, number],
    ];
    const bytes = product.precision === 'bf16' ? 2 : 4;
    const moved = (m: DeviceMatrix, by: number) => ({ ...m, address: m.address + BigInt(by) });
    for (let i = 0; i < count; i++)
      multiply(
        {
          ...alone,
          // cuBLAS's A is our b.
          ...{ b: moved(alone.b, bytes * i * strideA), a: moved(alone.a, bytes * i * strideB) },
          c: moved(alone.c, 4 * i * strideC),
        },
        device,
      );
    return;
  }
  const [transA, transB, m, n, k, alpha, a, typeA, lda, b, typeB, ldb, beta, c, typeC, ldc, compute] =
    gemmArguments(product) as [
      ...[number, number, number, number, number, Float32Array, bigint, number, number],
      ...[bigint, number, number, Float32Array, bigint, number, number, number],
    ];
  const { CUBLAS_OP_N, CUBLAS_COMPUTE_32F_FAST_TF32 } = cublasConstants;
  if (typeC !== dataTypes.CUDA_R_32F || typeA !== typeB) fail('types that cublasGemmEx does not have');
  // "lda: leading dimension of the array that stores A", at least its rows.
  if (lda < (transA === CUBLAS_OP_N ? m : k) || ldb < (transB === CUBLAS_OP_N ? k : n) || ldc < m)
    fail('a leading dimension that is too small');
  const round = compute === CUBLAS_COMPUTE_32F_FAST_TF32 ? tf32 : (x: number) => x;
  const read = (base: number, type: number, at: number): number => {
    if (type !== dataTypes.CUDA_R_16BF) return round(device.float(base + 4 * at));
    return fromBits(device.view(base + 2 * at, 2, false).getUint16(0, true) * 2 ** 16);
  };
  /** op(matrix) as lines of k numbers. */
  const lines = (base: bigint, type: number, ld: number, count: number, along: boolean): Float64Array[] =>
    Array.from({ length: count }, (_, i) =>
      Float64Array.from({ length: k }, (_, l) => read(Number(base), type, along ? l + i * ld : i + l * ld)),
    );
  const rows = lines(a, typeA, lda, m, transA !== CUBLAS_OP_N);
  const cols = lines(b, typeB, ldb, n, transB === CUBLAS_OP_N);
  const to = Number(c);
  for (let j = 0; j < n; j++) {
    const y = cols[j]!;
    for (let i = 0; i < m; i++) {
      const x = rows[i]!;
      let sum = 0;
      for (let l = 0; l < k; l++) sum += x[l]! * y[l]!;
      const at = to + 4 * (i + j * ldc);
      device.setFloat(at, alpha[0]! * sum + (beta[0] === 0 ? 0 : beta[0]! * device.float(at)));
    }
  }
}

const bits = new DataView(new ArrayBuffer(4));
const toBits = (x: number): number => {
  bits.setFloat32(0, x);
  return bits.getUint32(0);
};
const fromBits = (word: number): number => {
  bits.setUint32(0, word);
  return bits.getFloat32(0);
};
/** To 10 bits of mantissa, nearest, ties away. */
const tf32 = (x: number): number => fromBits((toBits(x) + 0x1000) & 0xffffe000);
/** To 7 bits of mantissa, nearest, ties to even. */
const bf16 = (x: number): number => {
  const [below, rest] = [Math.floor(toBits(x) / 2 ** 16), toBits(x) % 2 ** 16];
  return below + Number(rest > 0x8000 || (rest === 0x8000 && below % 2 === 1));
};

/** The engine's own kernel. */
function convert(args: BigUint64Array, device: DeviceBytes): void {
  const [from, fromStep, to, toStep, rows, cols] = Array.from(args, Number) as [
    ...[number, number, number, number, number, number],
  ];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const x = device.float(from + 4 * (r * fromStep + c));
      device.view(to + 2 * (r * toStep + c), 2, true).setUint16(0, bf16(x), true);
    }
  }
}
