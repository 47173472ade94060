/**
 * A plan with room between its values. The compiler lets a buffer take the memory of one that has just died, in the
 * order in which it wrote the launches down; on a GPU that very order is loosened, and then a layer waits for another
 * to be done with a place and nothing else. So here a dead buffer's memory rests for some launches before it is taken
 * again.
 */
import type { Buffer, Gemm, Launch, Plan, RowsLaunch, RowsView } from '../../compiler/plan/plan.js';

/** Arenas whose buffers hold something within a run only. */
const PASSING: readonly Buffer['arena'][] = ['activities', 'scratch'];

const align = (bytes: number): number => 256 * Math.ceil(bytes / 256);

/** A buffer's life in a program: from one launch to another, both included. */
interface Life {
  readonly buffer: number;
  readonly first: number;
  last: number;
}

/**
 * Launches that memory rests: about a step's. The longest way through a batch of mnist3x200 is then 60 kernels instead
 * of 117 (of 268), for twice the memory of activities; more gains nothing, and leaves the caches.
 */
const REST = 8;

/**
 * The same plan, its passing buffers laid out anew.
 *
 * @param most bytes that they may take in all; where they would take more, the plan comes back as it is
 * @param rest launches between a buffer's last use and the next use of its memory
 */
export function spread(plan: Plan, most: number, rest: number = REST): Plan {
  const offsets = new Map<number, number>();
  const bytes = new Map<string, number>(plan.arenas.map((arena) => [arena.name, arena.bytes]));
  for (const arena of PASSING) {
    const own = (index: number) => plan.buffers[index]!.arena === arena;
    // What several programs use keeps one place, in front of all others. A gradient lies there too, all in one place:
    // the engine stores it elsewhere.
    let front = 0;
    const gradients = new Set(Object.values(plan.programs).flat().flatMap(gradientOf).filter(own));
    for (const index of gradients) {
      offsets.set(index, 0);
      front = Math.max(front, align(plan.buffers[index]!.bytes));
    }
    const programs = Object.values(plan.programs).map((launches) =>
      livesOf(launches).filter((l) => own(l.buffer)),
    );
    const users = new Map<number, number>();
    for (const { buffer } of programs.flat()) users.set(buffer, (users.get(buffer) ?? 0) + 1);
    for (const [index, count] of users) {
      if (count === 1 || offsets.has(index)) continue;
      offsets.set(index, front);
      front += align(plan.buffers[index]!.bytes);
    }
    let end = front;
    for (const lives of programs) {
      const placed: { readonly start: number; readonly end: number; readonly free: number }[] = [];
      for (const { buffer, first, last } of lives) {
        if (offsets.has(buffer)) continue;
        const size = align(plan.buffers[buffer]!.bytes);
        const taken = placed.filter(({ free }) => free > first).sort((a, b) => a.start - b.start);
        // The first gap that is wide enough.
        let start = front;
        for (const other of taken) {
          if (other.start >= start + size) break;
          start = Math.max(start, other.end);
        }
        offsets.set(buffer, start);
        placed.push({ start, end: start + size, free: last + 1 + rest });
        end = Math.max(end, start + size);
      }
    }
    bytes.set(arena, end);
  }
  const total = PASSING.reduce((sum, arena) => sum + (bytes.get(arena) ?? 0), 0);
  if (total > most) return plan;
  return {
    ...plan,
    arenas: plan.arenas.map((arena) => ({ ...arena, bytes: bytes.get(arena.name)! })),
    buffers: plan.buffers.map((buffer, i) => ({ ...buffer, offset: offsets.get(i) ?? buffer.offset })),
  };
}

const gradientOf = (launch: Launch): number[] => (launch.kind === 'learn' ? [launch.gradient.buffer] : []);

/** The lives of the buffers that a program uses, by their beginning. */
function livesOf(launches: readonly Launch[]): Life[] {
  const lives = new Map<number, Life>();
  launches.forEach((launch, i) => {
    for (const buffer of buffersOf(launch)) {
      const life = lives.get(buffer);
      if (life) life.last = i;
      else lives.set(buffer, { buffer, first: i, last: i });
    }
  });
  return [...lives.values()];
}

/** The buffers that a launch touches. */
function buffersOf(launch: Launch): number[] {
  const view = (v: RowsView): number[] => [v.buffer, ...(v.lookup ? view(v.lookup.index) : [])];
  const rows = ({ inputs, outputs }: RowsLaunch) => [...inputs, ...outputs].flatMap(view);
  const gemm = ({ a, b, c }: Gemm) => [a.buffer, b.buffer, c.buffer];
  switch (launch.kind) {
    case 'gemm':
      return gemm(launch);
    case 'rows':
      return rows(launch);
    case 'learn':
      return [...launch.products.flatMap(gemm), ...rows(launch.update)];
    case 'patches':
    case 'mean':
    case 'total':
      return [launch.input.buffer, launch.output.buffer];
    case 'scatter':
      return [launch.input.buffer, launch.index.buffer, launch.output.buffer];
    case 'onehot':
      return [launch.index.buffer, launch.output.buffer];
    case 'draw':
      return [launch.probabilities, launch.truth, launch.uniform, launch.output].map(({ buffer }) => buffer);
    case 'dropout':
    case 'fill':
      return [launch.output.buffer];
    default:
      return launch satisfies never;
  }
}
