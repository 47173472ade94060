/**
 * The pool of worker threads that plays programs over one shared memory. The main thread only posts messages and waits
 * for answers, so it stays free for progress and signals.
 *
 * Whatever ends one worker (an exception, a trap, a lack of memory, an exit) ends the pool: the rendezvous is broken,
 * the others stop where they next meet, and the run under way is rejected with one error that says what happened.
 */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { failure, RffcError } from '../../grammar/diagnostic.js';
import type { Variables } from './perform.js';
import { breakUp, createRendezvous } from './rendezvous.js';
import type { Setup } from './steps.js';
import type { Reply, Request, WorkerData } from './worker.js';

/** The compiled worker: beside this file, or, where this file is run from source, in `dist`. */
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
  /** Why no more programs can be played. */
  private ended: Error | undefined;
  private closing: Promise<void> | undefined;

  /**
   * Starts the workers, which come up while the caller prepares what `load` gives them.
   *
   * @param threads how many, from 1
   * @param file another worker than the pool's own
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

  /** Gives the workers their memory, code and programs. @throws RffcError RFF823 if a worker fails, or its own error */
  async load(setup: Setup): Promise<void> {
    await this.request({ kind: 'load', setup });
  }

  /**
   * Plays a program to its end; one at a time.
   *
   * @returns if the setup asked for a profile, for each step worker 0's milliseconds of waiting and of work
   * @throws RffcError RFF823 if a worker fails; the pool is then at its end
   */
  run(program: string, variables: Variables): Promise<Float64Array | undefined> {
    return this.request({ kind: 'run', program, variables });
  }

  /** Ends the workers; a run under way is rejected. */
  dispose(): Promise<void> {
    return this.end(failure('RFF823', 'the session was closed while its workers were at work'));
  }

  private request(request: Request): Promise<Float64Array | undefined> {
    if (this.ended) return Promise.reject(this.ended);
    if (this.pending) return Promise.reject(new Error('the pool plays one program at a time'));
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
      for (const worker of this.workers) {
        // Only a pool at work keeps the process alive.
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
