/**
 * Which launches may run side by side: each is given a stream, and the launches of other streams that it must wait for.
 * Streams are joined by events, so a program that is captured becomes a graph whose branches are the layers.
 *
 * The rule is the one of every parallel schedule: two launches that touch the same bytes, one of them writing, keep
 * their order. A wait that another wait already implies is left out.
 */
import { conflicts, type Touch } from '../cpu/barriers.js';

/** Where a step runs, and after which steps of other streams (by index). */
export interface Slot {
  readonly stream: number;
  readonly waits: readonly number[];
  /** Whether a later step of another stream waits for this one. */
  readonly awaited: boolean;
}

/**
 * Gives every step a stream, up to `most` of them, numbered from 0.
 *
 * @param steps what each touches, in an order in which they may run one after the other; who touches it (`own`) is not
 * asked
 */
export function assignStreams(steps: readonly (readonly Touch[])[], most: number): Slot[] {
  const anybody = steps.map((touches) => touches.map((t): Touch => ({ ...t, own: false })));
  const streamOf: number[] = [];
  const waitsOf: number[][] = [];
  const awaited = new Set<number>();
  /** For each step, on each stream the last step (by index) that is certain to be done when it begins, or -1. */
  const done: number[][] = [];
  /** The last step of each stream. */
  const last: number[] = [];

  anybody.forEach((touches, i) => {
    const before = dependencies(anybody, touches, i);
    const stream = streamFor(before, last, streamOf, done, most);
    const known = new Array<number>(most).fill(-1);
    const learn = (step: number) => {
      known[streamOf[step]!] = Math.max(known[streamOf[step]!]!, step);
      done[step]!.forEach((d, s) => {
        known[s] = Math.max(known[s]!, d);
      });
    };
    const previous = last[stream];
    if (previous !== undefined) learn(previous);
    const waits: number[] = [];
    // The latest first: they imply the most.
    for (const d of before.toReversed()) {
      if (known[streamOf[d]!]! >= d) continue;
      waits.push(d);
      awaited.add(d);
      learn(d);
    }
    streamOf.push(stream);
    waitsOf.push(waits);
    done.push(known);
    last[stream] = i;
  });
  return streamOf.map((stream, i) => ({ stream, waits: waitsOf[i]!, awaited: awaited.has(i) }));
}

/** The steps before step i that touch what it touches, one of the two writing; in order. */
function dependencies(steps: readonly (readonly Touch[])[], touches: readonly Touch[], i: number): number[] {
  const found: number[] = [];
  for (let j = 0; j < i; j++)
    if (steps[j]!.some((earlier) => touches.some((t) => conflicts(earlier, t)))) found.push(j);
  return found;
}

/**
 * The stream of the first step that this one depends on and nothing has followed yet: so each layer keeps to a stream
 * of its own. Else one on which nothing runs that this step would not wait for anyway, a new one, or the one that has
 * been without a new step for the longest.
 */
function streamFor(
  before: readonly number[],
  last: readonly number[],
  streamOf: readonly number[],
  done: readonly (readonly number[])[],
  most: number,
): number {
  const followed = before.find((d) => last[streamOf[d]!] === d);
  if (followed !== undefined) return streamOf[followed]!;
  const idle = last.findIndex((l, s) => before.some((d) => done[d]![s]! >= l));
  if (idle >= 0) return idle;
  if (last.length < most) return last.length;
  return last.indexOf(Math.min(...last));
}
