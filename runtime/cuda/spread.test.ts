import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compile } from '../../compiler/compile.js';
import type { Launch, Plan } from '../../compiler/plan/plan.js';
import { validatePlan } from '../../compiler/plan/validate.js';
import { spread } from './spread.js';
import { stepsOf } from './steps.js';
import { assignStreams } from './streams.js';

const file = join(import.meta.dirname, '../../models/mnist3x200.rff');
const { plan } = await compile({ text: readFileSync(file, 'utf8'), file });

/** The longest way through a program that streams and their waits leave. */
function depth(of: Plan, program: 'train' | 'predict'): number {
  const steps = stepsOf(of, 'f32').programs[program]!;
  const depths: number[] = [];
  const last = new Map<number, number>();
  assignStreams(
    steps.map(({ touches }) => touches),
    6,
  ).forEach(({ stream, waits }, i) => {
    const before = [...waits, ...(last.has(stream) ? [last.get(stream)!] : [])];
    depths.push(1 + Math.max(0, ...before.map((b) => depths[b]!)));
    last.set(stream, i);
  });
  return Math.max(...depths);
}

/** All buffers of a launch. */
const buffersIn = (launch: Launch): number[] => {
  const found: number[] = [];
  JSON.stringify(launch, (key, value) => {
    if (key === 'buffer') found.push(value as number);
    return value as unknown;
  });
  return found;
};

describe('a plan with delayed memory reuse', () => {
  const wide = spread(plan, Number.POSITIVE_INFINITY);

  test('is a valid plan, with the same arenas', () => {
    expect('plan' in validatePlan(JSON.parse(JSON.stringify(wide)))).toBe(true);
    expect(wide.arenas.map(({ name }) => name)).toEqual(plan.arenas.map(({ name }) => name));
    const lasting = (p: Plan) =>
      p.buffers.filter(({ arena }) => arena !== 'activities' && arena !== 'scratch');
    expect(lasting(wide)).toEqual(lasting(plan));
  });

  test('never reuses memory that is in use or was recently', () => {
    for (const launches of Object.values(wide.programs)) {
      const lives = new Map<number, [first: number, last: number]>();
      launches.forEach((launch, i) => {
        // A gradient lives in memory of the engine's own.
        const own = launch.kind === 'learn' ? launch.gradient.buffer : -1;
        for (const b of buffersIn(launch))
          if (b !== own && /activities|scratch/.test(wide.buffers[b]!.arena))
            lives.set(b, [lives.get(b)?.[0] ?? i, i]);
      });
      for (const [a, [first, last]] of lives) {
        for (const [b, [begin]] of lives) {
          if (a === b || begin < first || begin > last + 8) continue;
          const [x, y] = [wide.buffers[a]!, wide.buffers[b]!];
          const apart =
            x.arena !== y.arena || x.offset + x.bytes <= y.offset || y.offset + y.bytes <= x.offset;
          expect(apart, `${x.name} and ${y.name}`).toBe(true);
        }
      }
    }
  });

  test('lets layers run in parallel', () => {
    expect(depth(wide, 'train')).toBeLessThan(0.6 * depth(plan, 'train'));
    expect(depth(wide, 'predict')).toBeLessThan(0.6 * depth(plan, 'predict'));
  });

  test('is the plan itself if memory is short', () => {
    expect(spread(plan, 2 ** 20)).toBe(plan);
    const size = wide.arenas.filter(({ name }) => /activities|scratch/.test(name));
    expect(
      spread(
        plan,
        size.reduce((sum, { bytes }) => sum + bytes, 0),
      ),
    ).toEqual(wide);
  });
});
