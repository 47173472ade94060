/**
 * Programs on the device: steps made into calls once, put on their streams in order with the events that join them, and
 * captured as graphs. Playing a program is then launching its graph.
 */
import type { Arg } from '../../compiler/codegen/cuda/index.js';
import type { CudaDriver, CudaEvent, CudaMachine, KernelLaunch, Stream } from './driver.js';
import type { DeviceMemory, Step, Work } from './steps.js';
import type { Slot } from './streams.js';

/** A stream with what is its own. The first one is where runs begin and end. */
export interface Lane {
  readonly stream: Stream;
  /** cuBLAS's. */
  readonly handle: bigint;
  readonly gradient: bigint;
}

/** Every kernel's static and dynamic shared memory may be so large without asking. */
const USUAL_SHARED = 48 * 1024;

/** A step ready to be put on its stream. */
interface Call {
  readonly launch: number;
  readonly slot: Slot;
  readonly issue: () => void;
}

export type Program = readonly Call[];

/**
 * Makes a program's steps into calls. `functions` are the module's kernels by name, `run` the address of the run's
 * words.
 */
export function prepareProgram(
  { driver, products }: CudaMachine,
  steps: readonly Step[],
  slots: readonly Slot[],
  lanes: readonly Lane[],
  memory: DeviceMemory,
  functions: ReadonlyMap<string, bigint>,
  run: bigint,
): Program {
  const call = (work: Work, lane: Lane): (() => void) => {
    if (work.kind === 'product') return () => products.multiply(lane.handle, work.product);
    const { function: name, grid, block, sharedBytes, args } = work.kernel;
    const fn = functions.get(name);
    if (fn === undefined) throw new Error(`the kernels' module has no ${name}`);
    if (sharedBytes > USUAL_SHARED) driver.allowShared(fn, sharedBytes);
    const kernel: KernelLaunch = { function: fn, grid, block, sharedBytes, args: packArguments(args, run) };
    return () => driver.launch(kernel, lane.stream);
  };
  return steps.map(({ launch, work }, i) => {
    const slot = slots[i]!;
    const lane = lanes[slot.stream]!;
    const calls = work(memory, lane.gradient).map((w) => call(w, lane));
    return {
      launch,
      slot,
      issue: () => {
        for (const each of calls) each();
      },
    };
  });
}

/** A kernel's arguments, each in the first bytes of a word of its own, as the driver is given their addresses. */
export function packArguments(args: readonly Arg[], run: bigint): BigUint64Array {
  const words = new BigUint64Array(Math.max(1, args.length));
  const bytes = new DataView(words.buffer);
  args.forEach((arg, i) => {
    switch (arg.type) {
      case 'u64':
        bytes.setBigUint64(8 * i, arg.value === 'run' ? run : arg.value, true);
        return;
      case 'u32':
        bytes.setUint32(8 * i, arg.value, true);
        return;
      case 'i32':
        bytes.setInt32(8 * i, arg.value, true);
        return;
      case 'f32':
        bytes.setFloat32(8 * i, arg.value, true);
        return;
      default:
        arg satisfies never;
    }
  });
  return words;
}

/** Puts a program on its streams. What was on the first before comes before it, what is put there later after it. */
export function issue(driver: CudaDriver, program: Program, lanes: readonly Lane[]): void {
  const main = lanes[0]!.stream;
  const events: CudaEvent[] = [];
  const mark = (stream: Stream): CudaEvent => {
    const event = driver.createEvent();
    events.push(event);
    driver.record(event, stream);
    return event;
  };
  try {
    const others = [...new Set(program.map(({ slot }) => lanes[slot.stream]!.stream))].filter(
      (s) => s !== main,
    );
    if (others.length > 0) {
      const begin = mark(main);
      for (const stream of others) driver.wait(stream, begin);
    }
    const done = new Map<number, CudaEvent>();
    program.forEach(({ slot, issue: put }, i) => {
      const { stream } = lanes[slot.stream]!;
      for (const step of slot.waits) driver.wait(stream, done.get(step)!);
      put();
      if (slot.awaited) done.set(i, mark(stream));
    });
    for (const stream of others) driver.wait(main, mark(stream));
  } finally {
    for (const event of events) driver.destroyEvent(event);
  }
}

/** A program as a graph. */
export function capture(driver: CudaDriver, program: Program, lanes: readonly Lane[]): bigint {
  const main = lanes[0]!.stream;
  driver.beginCapture(main);
  try {
    issue(driver, program, lanes);
  } catch (error) {
    // A capture that is left open would refuse all else; what broke it is what is told.
    try {
      driver.destroyGraph(driver.endCapture(main));
    } catch {}
    throw error;
  }
  return driver.endCapture(main);
}
