/**
 * Tensors between the host and the device. A batch's inputs go through pinned memory, two places in turn, and a stream
 * of their own into a place beside the plan's memory, so that they travel while a program still runs; when the next one
 * is played they are moved to where it reads them. Parameters are copied at once.
 */
import type { Plan, PlanTensor, Region } from '../../compiler/plan/plan.js';
import { lengthOf, partsOf } from '../tensors.js';
import type { CopyEnd, CudaDriver, CudaEvent, Stream } from './driver.js';

type Values = Float32Array | Int32Array;

/** Two places in pinned memory, used in turn, each with when it may be written again. */
interface Way {
  readonly staged: bigint;
  readonly turns: readonly { readonly host: Uint8Array<ArrayBuffer>; readonly free: CudaEvent }[];
  next: number;
}

const align = (bytes: number): number => 256 * Math.ceil(bytes / 256);
const bytesOf = (t: PlanTensor): number => 4 * lengthOf(t.shape);

const inputsOf = ({ tensors }: Pick<Plan, 'tensors'>): PlanTensor[] =>
  tensors.filter((t) => t.role === 'input');

/** Bytes of device memory that `Transfer` needs beside the plan's. */
export function inputBytes(plan: Pick<Plan, 'tensors'>): number {
  return inputsOf(plan).reduce((sum, t) => sum + align(bytesOf(t)), 0);
}

export class Transfer {
  private readonly ways = new Map<PlanTensor, Way>();
  private readonly pinned: Uint8Array[] = [];
  private readonly events: CudaEvent[] = [];
  /** Inputs that were written and not yet moved. */
  private readonly written = new Set<PlanTensor>();
  private readonly arrived: CudaEvent;
  private readonly moved: CudaEvent;
  private readonly stream: Stream;

  /**
   * @param main where programs run
   * @param staging `inputBytes` of device memory
   */
  constructor(
    private readonly driver: CudaDriver,
    plan: Pick<Plan, 'tensors'>,
    private readonly main: Stream,
    private readonly buffer: (index: number) => bigint,
    staging: bigint,
  ) {
    this.stream = driver.createStream();
    this.arrived = this.event();
    this.moved = this.event();
    const inputs = inputsOf(plan);
    const host = this.pin(2 * inputBytes(plan));
    let at = 0;
    for (const tensor of inputs) {
      const [bytes, room] = [bytesOf(tensor), align(bytesOf(tensor))];
      const turn = (i: number) => ({
        host: host.subarray(2 * at + i * room, 2 * at + i * room + bytes),
        free: this.event(),
      });
      this.ways.set(tensor, { staged: staging + BigInt(at), turns: [turn(0), turn(1)], next: 0 });
      at += room;
    }
  }

  /** Pinned memory that lives as long as this. */
  pin(bytes: number): Uint8Array<ArrayBuffer> {
    const memory = this.driver.allocateHost(Math.max(4, bytes));
    this.pinned.push(memory);
    return memory;
  }

  private event(): CudaEvent {
    const event = this.driver.createEvent();
    this.events.push(event);
    return event;
  }

  /** Where a region lies; rows begin `pitch` bytes apart. */
  private place({ buffer, offset, rows, cols, stride }: Region): CopyEnd {
    const pitch = 4 * (rows === 1 ? cols : stride);
    return { device: this.buffer(buffer) + 4n * BigInt(offset), pitch };
  }

  /** Writes a tensor: before the next program that is played, and after the one that runs. */
  write(tensor: PlanTensor, values: Values): void {
    const way = this.ways.get(tensor);
    const inMemory = laidOut(tensor, values);
    if (way) this.send(way, tensor, inMemory);
    else {
      for (const { region: r, at } of partsOf(tensor)) {
        const host = inMemory.subarray(at, at + r.rows * r.cols);
        const from = { host, pitch: 4 * r.cols };
        this.driver.copy({ from, to: this.place(r), width: 4 * r.cols, height: r.rows }, this.main);
      }
      // The values are the caller's, who may change them.
      this.driver.synchronize(this.main);
    }
  }

  private send(way: Way, tensor: PlanTensor, values: Values): void {
    const { driver, stream } = this;
    const { host, free } = way.turns[way.next++ % 2]!;
    // What was written here two times ago has left long since.
    if (!driver.isDone(free)) driver.synchronize(stream);
    host.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    // The place beside the plan's memory is read when a program begins.
    driver.wait(stream, this.moved);
    const width = host.byteLength;
    driver.copy(
      { from: { host, pitch: width }, to: { device: way.staged, pitch: width }, width, height: 1 },
      stream,
    );
    driver.record(free, stream);
    this.written.add(tensor);
  }

  /** Moves what was written to where programs read it. */
  flush(): void {
    if (this.written.size === 0) return;
    const { driver, main } = this;
    driver.record(this.arrived, this.stream);
    driver.wait(main, this.arrived);
    for (const tensor of this.written) {
      const { staged } = this.ways.get(tensor)!;
      for (const { region: r, at } of partsOf(tensor)) {
        const from = { device: staged + 4n * BigInt(at), pitch: 4 * r.cols };
        driver.copy({ from, to: this.place(r), width: 4 * r.cols, height: r.rows }, main);
      }
    }
    driver.record(this.moved, main);
    this.written.clear();
  }

  /** Copies a tensor as it lies in memory, dense, on the stream of programs: to be read when that has come so far. */
  fetch(tensor: PlanTensor, host: Uint8Array<ArrayBuffer>): void {
    for (const { region: r, at } of partsOf(tensor)) {
      const bytes = 4 * r.rows * r.cols;
      const to = { host: host.subarray(4 * at, 4 * at + bytes), pitch: 4 * r.cols };
      this.driver.copy({ from: this.place(r), to, width: 4 * r.cols, height: r.rows }, this.main);
    }
  }

  /**
   * Numbers from the host into a region, on the stream of programs; `host` may not change until that has come so far.
   */
  put(region: Region, host: Uint8Array<ArrayBuffer>): void {
    const { rows, cols } = region;
    const from = { host, pitch: 4 * cols };
    this.driver.copy({ from, to: this.place(region), width: 4 * cols, height: rows }, this.main);
  }

  close(): void {
    this.driver.synchronize(this.stream);
    for (const event of this.events) this.driver.destroyEvent(event);
    for (const memory of this.pinned) this.driver.releaseHost(memory);
    this.driver.destroyStream(this.stream);
  }
}

/**
 * A tensor's numbers as its regions hold them, one region after the other: in its own format, transposed, its sign
 * turned.
 */
function laidOut(tensor: PlanTensor, values: Values): Values {
  const right = tensor.type === 'i32' ? values instanceof Int32Array : values instanceof Float32Array;
  if (right && !tensor.transposed && tensor.sign === 1) return values;
  const out = tensor.type === 'i32' ? new Int32Array(values.length) : new Float32Array(values.length);
  eachNumber(tensor, (memory, outside) => {
    out[memory] = tensor.sign * values[outside]!;
  });
  return out;
}

/** What `fetch` brought, as the outside sees it. */
export function asRead(tensor: PlanTensor, bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const { buffer, byteOffset } = bytes;
  const length = lengthOf(tensor.shape);
  const values =
    tensor.type === 'i32'
      ? new Int32Array(buffer, byteOffset, length)
      : new Float32Array(buffer, byteOffset, length);
  if (!tensor.transposed && tensor.sign === 1) return Float32Array.from(values);
  const out = new Float32Array(length);
  eachNumber(tensor, (memory, outside) => {
    out[outside] = tensor.sign * values[memory]!;
  });
  return out;
}

/** Each number's place in memory, its regions dense and one behind the other, and in the row-major tensor. */
function eachNumber(tensor: PlanTensor, visit: (memory: number, outside: number) => void): void {
  for (const { region, at } of partsOf(tensor)) {
    const { rows, cols } = region;
    const [down, across] = tensor.transposed ? [1, rows] : [cols, 1];
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < cols; c++) visit(at + r * cols + c, at + r * down + c * across);
  }
}
