/** The memory plan: buffers that live at the same time do not overlap, and the arenas get smaller. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomModel } from '../../test/support/random-model.js';
import { chain, everyKind, graphOf } from '../../test/support/small-plans.js';
import { buildPlan } from '../build.js';
import type { ArenaName, Launch, Plan, Region, RowsLaunch, RowsView } from '../plan/plan.js';
import { align, type Lifetime, separate, share } from './memory.js';

const lifetimes = fc.array(
  fc
    .record({
      bytes: fc.integer({ min: 1, max: 5000 }),
      from: fc.nat({ max: 30 }),
      lasts: fc.nat({ max: 10 }),
    })
    .map(({ bytes, from, lasts }): Lifetime => ({ bytes, from, to: from + lasts })),
  { maxLength: 25 },
);

/** The bytes from the start to the end of the last buffer. */
const bytesIn = (lives: readonly Lifetime[], offsets: readonly number[]) =>
  Math.max(0, ...lives.map((life, i) => offsets[i]! + align(life.bytes)));

describe('offsets', () => {
  test('does not overlap buffers that live at the same time, and aligns them to blocks', () => {
    fc.assert(
      fc.property(lifetimes, (lives) => {
        const offsets = share(lives);
        lives.forEach((a, i) => {
          expect(offsets[i]! % 256).toBe(0);
          for (let j = 0; j < i; j++) {
            const b = lives[j]!;
            const together = a.from <= b.to && b.from <= a.to;
            const apart = offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!;
            expect(apart || !together).toBe(true);
          }
        });
      }),
    );
  });

  test('needs no more than separate buffers, and no less than what is live at once', () => {
    fc.assert(
      fc.property(lifetimes, (lives) => {
        const all = bytesIn(lives, separate(lives));
        expect(all).toBe(lives.reduce((sum, l) => sum + align(l.bytes), 0));
        const shared = bytesIn(lives, share(lives));
        expect(shared).toBeLessThanOrEqual(all);
        for (let at = 0; at <= 40; at++) {
          const living = lives.filter((l) => l.from <= at && at <= l.to);
          expect(shared).toBeGreaterThanOrEqual(living.reduce((sum, l) => sum + align(l.bytes), 0));
        }
      }),
    );
  });

  test('reuses memory as soon as its buffer is dead', () => {
    const chainOf = [0, 1, 2, 3].map((at): Lifetime => ({ bytes: 1000, from: at, to: at + 1 }));
    expect(share(chainOf)).toEqual([0, 1024, 0, 1024]);
    expect(separate(chainOf)).toEqual([0, 1024, 2048, 3072]);
  });
});

/** All buffers that a launch refers to. */
function buffersOf(launch: Launch): number[] {
  const found: number[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('buffer' in value) found.push((value as Region | RowsView).buffer);
    for (const item of Object.values(value as Launch | RowsLaunch)) look(item);
  };
  look(launch);
  return found;
}

/** Pairs of buffers of a plan that share bytes while both may still be accessed. */
function collisions(plan: Plan): string[] {
  const found: string[] = [];
  for (const launches of [plan.programs.train, plan.programs.predict]) {
    const lives = new Map<number, { from: number; to: number }>();
    launches.forEach((launch, at) => {
      for (const buffer of buffersOf(launch))
        lives.set(buffer, { from: lives.get(buffer)?.from ?? at, to: at });
    });
    const all = [...lives].map(([buffer, life]) => ({ ...life, ...plan.buffers[buffer]! }));
    all.forEach((a, i) => {
      for (const b of all.slice(i + 1)) {
        const shares = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
        if (a.arena === b.arena && shares && a.from <= b.to && b.from <= a.to)
          found.push(`${a.name} and ${b.name}`);
      }
    });
  }
  return found;
}

const bytesOf = (plan: Plan, arena: ArenaName) => plan.arenas.find((a) => a.name === arena)!.bytes;

describe('a plan’s buffers', () => {
  test.each([
    ['the seed’s shape', chain],
    ['every kind of launch', everyKind],
  ])('live at the same time share no byte: %s', (_, model) => {
    const graph = graphOf(model);
    const { plan } = buildPlan(graph);
    expect(collisions(plan)).toEqual([]);
    // Activities of a step overlap those of the previous one.
    const roomy = buildPlan(graph, { without: ['memory'] }).plan;
    expect(bytesOf(plan, 'activities')).toBeLessThan(bytesOf(roomy, 'activities') / 2);
    expect(bytesOf(plan, 'scratch')).toBeLessThan(bytesOf(roomy, 'scratch'));
    expect(bytesOf(plan, 'parameters')).toBe(bytesOf(roomy, 'parameters'));
  });

  test('do not share bytes in random models', () => {
    fc.assert(
      fc.property(randomModel, ({ text, frames, predictBatch, observe }) => {
        const { plan } = buildPlan(graphOf(text, { frames, predictBatch, observe }));
        expect(collisions(plan)).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });

  test('are detected as overlapping if all start at 0', () => {
    const { plan } = buildPlan(graphOf(chain));
    const heaped = { ...plan, buffers: plan.buffers.map((b) => ({ ...b, offset: 0 })) };
    expect(collisions(heaped)).not.toEqual([]);
  });
});
