/**
 * Where workers meet: a barrier over a few shared words, which a failing worker (or the main thread, when one is gone)
 * can break so that nobody waits for ever.
 *
 * The last to arrive starts a new generation; the others watch the generation, first in a short loop, since most
 * meetings are over within microseconds, then asleep. Breaking sets a flag and starts a generation too: whoever reads
 * the generation before that wakes up, whoever reads it later sees the flag.
 */

const ARRIVED = 0;
const GENERATION = 1;
const BROKEN = 2;

/** How long a worker watches before it sleeps; waking a thread costs about as much. In milliseconds. */
const WATCH = 0.05;

/** The shared words, all zero. */
export function createRendezvous(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(3 * 4));
}

/** Thrown out of a wait when another worker failed; not an error of its own. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/**
 * Returns when all `workers` have called it. What each wrote before is seen by all after.
 * @throws Broken if the rendezvous is or gets broken
 */
export function meet(words: Int32Array, workers: number): void {
  const generation = Atomics.load(words, GENERATION);
  if (Atomics.load(words, BROKEN)) throw new Broken();
  if (workers === 1) return;
  if (Atomics.add(words, ARRIVED, 1) === workers - 1) {
    Atomics.store(words, ARRIVED, 0);
    Atomics.add(words, GENERATION, 1);
    Atomics.notify(words, GENERATION);
    return;
  }
  const over = () => Atomics.load(words, GENERATION) !== generation;
  // Again while it is not over: the last to arrive at the meeting before may have been held up before it woke its
  // sleepers, who had seen the generation by themselves, and so wakes them out of this one.
  if (!watch(over)) while (!over()) Atomics.wait(words, GENERATION, generation);
  if (Atomics.load(words, BROKEN)) throw new Broken();
}

/** Whether `over` comes true within `WATCH`. The clock costs more than a look, so it is read rarely. */
function watch(over: () => boolean): boolean {
  const end = performance.now() + WATCH;
  do {
    for (let i = 0; i < 100; i++) if (over()) return true;
  } while (performance.now() < end);
  return false;
}

/** Releases everyone who waits or will wait, with `Broken`. */
export function breakUp(words: Int32Array): void {
  Atomics.store(words, BROKEN, 1);
  Atomics.add(words, GENERATION, 1);
  Atomics.notify(words, GENERATION);
}
