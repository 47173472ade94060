/**
 * The layout of the shared memory: the plan's arenas, then every worker's private region. Determined and
 * compared with the free memory before anything is allocated.
 */

import { totalmem } from 'node:os';
import { availableMemory } from 'node:process';
import type { Plan } from '../../compiler/plan/plan.js';
import { failure } from '../../grammar/diagnostic.js';

const PAGE = 65536;
/** The 32-bit address space without the last page. */
const REACH = 2 ** 32 - PAGE;

export interface Layout {
  /** Start of a buffer (an index into `plan.buffers`). */
  readonly buffers: readonly number[];
  /** The first worker's private region; `privateBytes` further the next one's. */
  readonly privateAt: number;
  readonly privateBytes: number;
  readonly pages: number;
}

export const align = (bytes: number, to = 256): number => Math.ceil(bytes / to) * to;

/** Bytes for people: `1.5 GiB`, `3.2 MiB`. */
export function bytesText(bytes: number): string {
  const [size, unit] = bytes >= 2 ** 30 ? [2 ** 30, 'GiB'] : [2 ** 20, 'MiB'];
  return `${(bytes / size).toFixed(1)} ${unit}`;
}

/** Available memory; all of it on macOS, which counts reclaimable memory as used. */
function machineMemory(): number {
  return process.platform === 'darwin' ? totalmem() : availableMemory();
}

const SMALLER = 'make `batch` smaller, or the layers';

/**
 * Lays out a plan for a number of workers.
 *
 * @param privateBytes what each worker needs for itself, a multiple of 256
 * @param available the bytes that the machine can give
 * @throws RffcError RFF824 with the figures if it does not fit
 */
export function layOut(
  plan: Pick<Plan, 'arenas' | 'buffers'>,
  workers: number,
  privateBytes: number,
  available: number = machineMemory(),
): Layout {
  const arenas = new Map<string, number>();
  let end = 0;
  for (const { name, bytes } of plan.arenas) {
    arenas.set(name, end);
    end = align(end + bytes);
  }
  const privateAt = end;
  const total = privateAt + workers * privateBytes;
  const limit = Math.min(available, REACH);
  if (total > limit) {
    const parts = plan.arenas.map((a) => `${a.name} ${bytesText(a.bytes)}`).join(', ');
    const bound = available < REACH ? 'free on this machine' : 'that the cpu backend can address';
    throw failure(
      'RFF824',
      `the model needs ${bytesText(total)} of memory (${parts}, ${workers} ` +
        `${workers === 1 ? 'worker' : 'workers'} ${bytesText(workers * privateBytes)}), more than the ` +
        `${bytesText(limit)} ${bound}`,
      { hint: SMALLER },
    );
  }
  return {
    buffers: plan.buffers.map((b) => arenas.get(b.arena)! + b.offset),
    privateAt,
    privateBytes,
    pages: Math.max(1, Math.ceil(total / PAGE)),
  };
}

/**
 * The shared memory of a layout.
 *
 * @throws RffcError RFF824 where the system refuses it, as under a limit on address space: an engine reserves gigabytes
 * of addresses for each WebAssembly memory, however small
 */
export function allocate({ pages }: Pick<Layout, 'pages'>): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw failure('RFF824', `the system refused ${bytesText(pages * PAGE)} of WebAssembly memory`, {
      hint: `raise the limit on address space (\`ulimit -v unlimited\`), or ${SMALLER}`,
    });
  }
}
