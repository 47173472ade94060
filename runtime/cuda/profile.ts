/**
 * The device's own clock: a program with its steps one after the other on one stream, and an event between each two.
 */
import type { CudaDriver, CudaEvent, Stream } from './driver.js';
import type { Program } from './programs.js';

export class Clock {
  private readonly events: CudaEvent[] = [];
  /** Per program, the sum of each launch's milliseconds. */
  private readonly sums = new Map<string, Float64Array>();

  constructor(
    private readonly driver: CudaDriver,
    private readonly stream: Stream,
  ) {}

  private event(i: number): CudaEvent {
    this.events[i] ??= this.driver.createEvent(true);
    return this.events[i];
  }

  /** Plays a program whose steps all have the first stream. */
  play(program: Program): void {
    this.driver.record(this.event(0), this.stream);
    program.forEach(({ issue }, i) => {
      issue();
      this.driver.record(this.event(i + 1), this.stream);
    });
  }

  /** Adds what a program took that has run to its end. */
  collect(name: string, program: Program, launches: number): void {
    const sum = this.sums.get(name) ?? new Float64Array(launches);
    program.forEach(({ launch }, i) => {
      sum[launch]! += this.driver.elapsed(this.event(i), this.event(i + 1));
    });
    this.sums.set(name, sum);
  }

  /** Milliseconds of each launch in all runs of a program so far; undefined if it has not run. */
  milliseconds(name: string): Float64Array | undefined {
    return this.sums.get(name);
  }

  close(): void {
    for (const event of this.events) this.driver.destroyEvent(event);
    this.events.length = 0;
  }
}
