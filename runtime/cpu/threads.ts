/** How many worker threads the cpu engine takes. */
import { availableParallelism } from 'node:os';

/** More than any product here gains from. */
export const MOST_THREADS = 64;

/** One thread per core, up to `MOST_THREADS`. */
export function defaultThreads(cores: number = availableParallelism()): number {
  return Math.min(cores, MOST_THREADS);
}
