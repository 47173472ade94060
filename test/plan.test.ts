/**
 * The compiler's plans, executed plainly: parity with the reference program with all passes, with each one off, and
 * with none.
 */
import { describe, expect, test } from 'vitest';
import { buildPlan } from '../compiler/build.js';
import { passNames } from '../compiler/passes/pipeline.js';
import { itemsFor } from './support/effort.js';
import { replay, seedGraph } from './support/parity.js';
import { PlayerSession } from './support/player.js';
import { seedCases } from './support/seed.js';

describe.each(seedCases)('%s', (name) => {
  const choices: [string, readonly (typeof passNames)[number][]][] = [
    ['all passes', []],
    // Each case meets every kernel; each pass off, in the case that has a classifier too.
    ...itemsFor(passNames, () => name === 'dynamic-negatives').map(
      (p): [string, (typeof passNames)[number][]] => [`without ${p}`, [p]],
    ),
    ['without any pass', passNames],
  ];
  test.each(choices)('%s', async (_, without) => {
    const { plan } = buildPlan(seedGraph(name), { without });
    const { misses, labelsAgree } = await replay(name, new PlayerSession(plan));
    // Plain arithmetic in f64 with f32 storage: as close as exact arithmetic.
    const bound = name === 'rmsprop' ? 2e-2 : 1e-4;
    expect(misses.filter((m) => !(m.relative <= bound)).slice(0, 5)).toEqual([]);
    expect(labelsAgree).toBe(true);
  });
});
