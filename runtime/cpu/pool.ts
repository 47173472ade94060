/**
 * The pool of worker threads that runs programs over one shared memory. The main thread only posts messages and waits
 * for answers, so it stays free for progress and signals.
 *
 * Whatever ends one worker (an exception, a trap, out of memory, an exit) ends the pool: the rendezvous is broken, the
 * others stop at their next meeting, and the current run is rejected with one error.
 */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { failure, RffcError } from '../../grammar/diagnostic.js';
import type { Variables } from './perform.js';
import { breakUp, createRendezvous } from './rendezvous.js';
import type { Setup } from './steps.js';
import type { Reply, Request, WorkerData } from './worker.js';

/** The compiled worker: beside this file, or in `dist` when run from source. */
function workerFile(): URL {
  const beside = new URL('./worker.js', import.meta.url);
  return existsSync(beside) ? beside : new URL('../../dist/runtime/cpu/worker.js', import.meta.url);
}

interface Pending {
  readonly resolve: (timings: Float64Array | undefined) => void;
  readonly reject: (error: Error) => void;
}

export class Pool {
  private readonly rendezvous = createRendezvous();
  private readonly workers: readonly Worker[];
  private pending: Pending | undefined;
  /** Why no more programs can be run. */
  private ended: Error | undefined;
  private closing: Promise<void> | undefined;

  /**
   * Starts the workers, while the caller prepares the arguments of `load`.
   *
   * @param threads how many, from 1
   * @param file replaces the pool's worker, for tests
   */
  constructor(
    readonly threads: number,
    file: URL = workerFile(),
  ) {
    this.workers = Array.from({ length: threads }, (_, index) => {
      const data: WorkerData = { index, count: threads, rendezvous: this.rendezvous };
      const worker = new Worker(file, { workerData: data, name: `rffc worker ${index}` });
      worker.on('message', (reply: Reply) => this.receive(index, reply));
      worker.on('error', (error) => this.fail(`worker ${index} failed: ${error.message}`));
      worker.on('exit', (code) => this.fail(`worker ${index} ended unexpectedly, with code ${code}`));
      worker.unref();
      return worker;
    });
  }

  /** Sends the workers their memory, code and programs. @throws RffcError RFF823 if a worker fails, or its own error */
  async load(setup: Setup): Promise<void> {
    await this.request({ kind: 'load', setup });
  }

  /**
   * Runs a program; one at a time.
   *
   * @returns if the setup asked for a profile, for each step worker 0's milliseconds of waiting and of work
   * @throws RffcError RFF823 if a worker fails; the pool is then unusable
   */
  run(program: string, variables: Variables): Promise<Float64Array | undefined> {
    return this.request({ kind: 'run', program, variables });
  }

  /** Ends the workers; a current run is rejected. */
  dispose(): Promise<void> {
    return this.end(failure('RFF823', 'the session was closed during a run'));
  }

  private request(request: Request): Promise<Float64Array | undefined> {
    if (this.ended) return Promise.reject(this.ended);
    if (this.pending) return Promise.reject(new Error('the pool runs one program at a time'));
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
      for (const worker of this.workers) {
        // Only a running pool keeps the process alive.
        worker.ref();
        worker.postMessage(request);
      }
    });
  }

  private receive(index: number, reply: Reply): void {
    switch (reply.kind) {
      case 'done': {
        const { pending } = this;
        this.pending = undefined;
        for (const worker of this.workers) worker.unref();
        pending?.resolve(reply.timings);
        return;
      }
      case 'failed':
        this.fail(`worker ${index} failed: ${reply.message}`, reply.diagnostics);
        return;
      case 'broken':
        return;
      default:
        reply satisfies never;
    }
  }

  private fail(message: string, diagnostics: RffcError['diagnostics'] = []): void {
    const error = diagnostics.length > 0 ? new RffcError(diagnostics) : failure('RFF823', message);
    void this.end(error);
  }

  private end(error: Error): Promise<void> {
    this.closing ??= this.close(error);
    return this.closing;
  }

  private async close(error: Error): Promise<void> {
    this.ended = error;
    breakUp(this.rendezvous);
    this.pending?.reject(error);
    this.pending = undefined;
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
