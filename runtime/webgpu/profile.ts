/** The GPU's clock: one pass per dispatch, with a timestamp before and after. */
import { type Dispatch, encode } from './programs.js';

/** Timestamps a query set can hold, by the specification. */
const MOST_QUERIES = 4096;

export class Clock {
  private readonly queries: GPUQuerySet;
  private readonly resolved: GPUBuffer;
  private readonly staging: GPUBuffer;
  /** Per program, the sum of each launch's nanoseconds. */
  private readonly sums = new Map<string, Float64Array>();

  /** @param most the dispatches of the longest program; those beyond the query set's size are not timed */
  constructor(device: GPUDevice, most: number) {
    const count = Math.min(MOST_QUERIES, 2 * Math.max(1, most));
    this.queries = device.createQuerySet({ type: 'timestamp', count });
    this.resolved = device.createBuffer({
      size: 8 * count,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    this.staging = device.createBuffer({
      size: 8 * count,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  /** Encodes a program with its timestamps. */
  encode(encoder: GPUCommandEncoder, words: GPUBindGroup, dispatches: readonly Dispatch[]): void {
    dispatches.forEach((dispatch, i) => {
      const [beginningOfPassWriteIndex, endOfPassWriteIndex] = [2 * i, 2 * i + 1];
      const timed = endOfPassWriteIndex < this.queries.count;
      const { queries: querySet } = this;
      const pass = encoder.beginComputePass(
        timed ? { timestampWrites: { querySet, beginningOfPassWriteIndex, endOfPassWriteIndex } } : {},
      );
      encode(pass, words, [dispatch]);
      pass.end();
    });
    const count = Math.min(2 * dispatches.length, this.queries.count);
    if (count === 0) return;
    encoder.resolveQuerySet(this.queries, 0, count, this.resolved, 0);
    encoder.copyBufferToBuffer(this.resolved, 0, this.staging, 0, 8 * count);
  }

  /** Adds the times of a finished run. */
  async collect(program: string, dispatches: readonly Dispatch[], launches: number): Promise<void> {
    await this.staging.mapAsync(GPUMapMode.READ);
    const stamps = new BigUint64Array(this.staging.getMappedRange());
    const sum = this.sums.get(program) ?? new Float64Array(launches);
    dispatches.forEach(({ launch }, i) => {
      const [from, to] = [stamps[2 * i], stamps[2 * i + 1]];
      // A clock may be set back between passes; such a pass counts as zero.
      if (from !== undefined && to !== undefined && to > from) sum[launch]! += Number(to - from);
    });
    this.sums.set(program, sum);
    this.staging.unmap();
  }

  /** Nanoseconds of each launch in all runs of a program so far; undefined if it has not run. */
  nanoseconds(program: string): Float64Array | undefined {
    return this.sums.get(program);
  }
}
