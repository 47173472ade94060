/**
 * A worker thread: loads its setup once, then runs programs. At the end all meet, and the
 * first reports completion, since each message takes a core from the workers. A worker breaks the rendezvous
 * before it reports a failure, so that none waits for it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Diagnostic, RffcError } from '../../grammar/diagnostic.js';
import { type Member, prepare, type Variables } from './perform.js';
import { Broken, breakUp, meet } from './rendezvous.js';
import type { Setup } from './steps.js';

export type Request =
  | { readonly kind: 'load'; readonly setup: Setup }
  | { readonly kind: 'run'; readonly program: string; readonly variables: Variables };

export type Reply =
  /** `timings`: for each step of the program milliseconds of waiting and of work, one after the other. */
  | { readonly kind: 'done'; readonly timings?: Float64Array }
  | { readonly kind: 'failed'; readonly message: string; readonly diagnostics: readonly Diagnostic[] }
  /** Another worker failed. */
  | { readonly kind: 'broken' };

export interface WorkerData extends Member {
  readonly rendezvous: Int32Array;
}

interface Task {
  readonly sync: boolean;
  readonly run: ((variables: Variables) => void) | undefined;
}

const port = parentPort!;
const { rendezvous, index, count } = workerData as WorkerData;
let programs: Readonly<Record<string, readonly Task[]>> = {};
let timed = false;

function load(setup: Setup): void {
  const task = prepare(setup, { index, count });
  programs = Object.fromEntries(
    Object.entries(setup.programs).map(([name, steps]) => [
      name,
      steps.map((step): Task => ({ sync: step.sync, run: task(step) })),
    ]),
  );
  timed = setup.profile && index === 0;
}

function play(tasks: readonly Task[], variables: Variables): void {
  for (const { sync, run } of tasks) {
    if (sync) meet(rendezvous, count);
    run?.(variables);
  }
}

function playTimed(tasks: readonly Task[], variables: Variables): Float64Array {
  const timings = new Float64Array(2 * tasks.length);
  let last = performance.now();
  tasks.forEach(({ sync, run }, i) => {
    if (sync) meet(rendezvous, count);
    const start = performance.now();
    run?.(variables);
    const end = performance.now();
    timings[2 * i] = start - last;
    timings[2 * i + 1] = end - start;
    last = end;
  });
  return timings;
}

function answer(request: Request): Reply {
  switch (request.kind) {
    case 'load':
      load(request.setup);
      return { kind: 'done' };
    case 'run': {
      const tasks = programs[request.program]!;
      if (timed) return { kind: 'done', timings: playTimed(tasks, request.variables) };
      play(tasks, request.variables);
      return { kind: 'done' };
    }
    default:
      return request satisfies never;
  }
}

port.on('message', (request: Request) => {
  let reply: Reply | undefined;
  try {
    const done = answer(request);
    meet(rendezvous, count);
    if (index === 0) reply = done;
  } catch (error) {
    breakUp(rendezvous);
    reply =
      error instanceof Broken
        ? { kind: 'broken' }
        : {
            kind: 'failed',
            message: error instanceof Error ? error.message : String(error),
            diagnostics: error instanceof RffcError ? error.diagnostics : [],
          };
  }
  if (reply) port.postMessage(reply);
});
