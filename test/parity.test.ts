/**
 * Parity with the seed: every recorded case, on every backend that runs here, from .rff text.
 *
 * The bound is 1e-4 of each tensor's largest magnitude, and where exact arithmetic itself misses the record by more,
 * three times that: see `expectParity`.
 */
import { describe, expect, test } from 'vitest';
import { listBackends, openBackend } from '../runtime/backends.js';
import { describeUnless, unlessRequired } from './support/needs.js';
import { parityBound as bound, exactMisses, expectParity, seedGraph } from './support/parity.js';
import { seedCases } from './support/seed.js';

test('the seed fixtures are here', () => {
  expect(seedCases.length).toBe(6);
});

describe('exact arithmetic', () => {
  test.each(seedCases.filter((name) => name !== 'rmsprop'))(
    '%s is within 1e-4 of the record',
    async (name) => {
      for (const [batch, miss] of await exactMisses(name)) expect(miss, `batch ${batch}`).toBeLessThan(bound);
    },
  );
  test('rmsprop is not: the record is one of f32 rounding', async () => {
    const truth = await exactMisses('rmsprop');
    expect(truth.get(0)).toBeGreaterThan(bound);
    expect(truth.get(0)).toBeLessThan(5e-4);
    expect(truth.get(1)).toBeLessThan(1e-2);
  });
});

const backends = await listBackends();
for (const name of ['tfjs-cpu', 'tfjs-wasm', 'tfjs-webgpu']) {
  const { available, detail } = backends.find((b) => b.name === name)!;
  const cases = name === 'tfjs-webgpu' ? ['rmsprop', 'one-layer'] : seedCases;
  describeUnless(available ? undefined : unlessRequired(detail), name, () => {
    test.each(cases)('%s', async (seedCase) => {
      await expectParity(seedCase, await openBackend(name, seedGraph(seedCase)));
    });
  });
}
