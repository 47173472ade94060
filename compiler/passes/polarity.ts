/**
 * Polarity batching.
 *
 * Finds: products over the rows of both polarities, which lie one behind the other. Legal: always, each row's result is
 * its own, and a gradient sums over both. Buys: one product of 2B rows for two of B, which large products do faster.
 */
import type { Schedule } from './schedule.js';

export function joinPolarities(schedule: Schedule): Schedule {
  return { ...schedule, split: new Set() };
}
