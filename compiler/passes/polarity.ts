/**
 * Polarity batching.
 *
 * Finds: products over the rows of both polarities, which are stored one after the other. Legal: always, as each row's
 * result is independent, and a gradient sums over both. Buys: one product of 2B rows instead of two of B, which is
 * faster for large products.
 */
import type { Schedule } from './schedule.js';

export function joinPolarities(schedule: Schedule): Schedule {
  return { ...schedule, split: new Set() };
}
