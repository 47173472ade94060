/**
 * Parity of the cpu backend with the reference program: with a system BLAS and without, with all passes, each one off,
 * and none.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { buildPlan } from '../compiler/build.js';
import { type PassName, passNames } from '../compiler/passes/pipeline.js';
import { findBlas } from '../runtime/cpu/blas.js';
import { openCpu } from '../runtime/cpu/session.js';
import { itemsFor } from './support/effort.js';
import { describeUnless, unlessRequired } from './support/needs.js';
import { expectParity, replay, seedGraph } from './support/parity.js';
import { seedCases } from './support/seed.js';

const chosen = process.env.RFFC_BLAS;
afterEach(() => {
  if (chosen === undefined) delete process.env.RFFC_BLAS;
  else process.env.RFFC_BLAS = chosen;
});

const blas = findBlas() !== null;
/** In `npm test` each pass is off in one case only. */
const choicesFor = (name: string): [string, readonly PassName[]][] => [
  ['all passes', []],
  ...itemsFor(passNames, () => name === 'dynamic-negatives').map((p): [string, PassName[]] => [
    `without ${p}`,
    [p],
  ]),
  ['without any pass', passNames],
];

for (const products of ['BLAS', 'WebAssembly'] as const) {
  const missing = products === 'BLAS' && !blas ? unlessRequired('no BLAS was found') : undefined;
  describeUnless(missing, `products by ${products}`, () => {
    describe.each(seedCases)('%s', (name) => {
      test.each(choicesFor(name))('%s', async (_, without) => {
        if (products === 'WebAssembly') process.env.RFFC_BLAS = 'off';
        else expect(blas, 'a BLAS').toBe(true);
        await expectParity(name, await openCpu(buildPlan(seedGraph(name), { without }).plan, { threads: 2 }));
      });
    });
  });
}

test.each([1, 2, 3])('with %i threads, the same bytes every time', async (threads) => {
  const once = async () => {
    const session = await openCpu(buildPlan(seedGraph('dynamic-negatives')).plan, { threads });
    const { misses } = await replay('dynamic-negatives', session);
    const tensors = await Promise.all(session.tensors.map((t) => session.read(t.name)));
    await session.dispose();
    return { misses, tensors };
  };
  expect(await once()).toEqual(await once());
});
