/** The number of worker threads of the cpu engine. */
import { availableParallelism } from 'node:os';

/** Products gain nothing from more. */
export const MOST_THREADS = 64;

/** One thread per core, up to `MOST_THREADS`. */
export function defaultThreads(cores: number = availableParallelism()): number {
  return Math.min(cores, MOST_THREADS);
}
