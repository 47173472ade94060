/** The hand-written kernels on the host, against the plan played plainly, with guards around what they may write. */
import { expect } from 'vitest';
import { compilerFor, differences, HostSession, PlanDraft } from '../../../test/support/cuda-kernels.js';
import { testUnless } from '../../../test/support/needs.js';
import { PlayerSession } from '../../../test/support/player.js';
import { type Field, patchCount, patchSize, sourceSize } from '../../field.js';
import type { Region } from '../../plan/plan.js';

const gpp = compilerFor('CXX', 'g++');

/** A matrix of multiples of a quarter between guards; sums of them are exact in any order. */
function matrix(draft: PlanDraft, name: string, rows: number, cols: number): Region {
  const stride = cols + 3;
  const buffer = draft.buffer(name, rows * stride + 8);
  const region = { buffer, offset: 4, rows, cols, stride };
  draft.tensor(name, region);
  draft.guard(`${name}, before`, { buffer, offset: 0, rows: 1, cols: 4, stride: 4 });
  draft.guard(`${name}, behind`, { buffer, offset: 4 + cols, rows, cols: 3, stride });
  return region;
}

function classes(draft: PlanDraft, name: string, rows: number, role: 'input' | 'output' = 'input'): Region {
  const buffer = draft.indices(name, rows, role);
  return { buffer, offset: 0, rows, cols: 1, stride: 1 };
}

testUnless(gpp ? undefined : 'g++ was not found', 'agree with a plain evaluation on the host', async () => {
  const draft = new PlanDraft();
  for (const [rows, cols] of [
    [1, 1],
    [37, 5],
    [300, 64],
    [1000, 33],
  ] as const) {
    const input = matrix(draft, `input ${rows}`, rows, cols);
    const output = matrix(draft, `mean ${rows}`, 1, 1);
    draft.launches.push({ kind: 'mean', input: { ...input, cols: 1 }, output, scale: 0.25 });
    const sums = matrix(draft, `total ${rows}`, 1, cols);
    draft.launches.push({ kind: 'total', input, output: sums, scale: 0.5 });
    const index = classes(draft, `classes ${rows}`, rows);
    const byClass = matrix(draft, `scatter ${rows}`, 8, cols);
    draft.launches.push({ kind: 'scatter', input, index, classes: 5, output: byClass, scale: -2 });
    for (const tail of [[], [1, 0, -0.5]]) {
      const wide = matrix(draft, `onehot ${rows} ${tail}`, rows, 5 + tail.length);
      draft.launches.push({ kind: 'onehot', index, output: { ...wide, cols: 5 }, tail });
    }
    const filled = matrix(draft, `fill ${rows}`, rows, cols);
    draft.launches.push({ kind: 'fill', output: filled, value: 0.1 });
    [0.5, 0.9999999, 0.1].forEach((keep, i) => {
      const mask = matrix(draft, `dropout ${rows} ${keep}`, rows, cols);
      draft.launches.push({ kind: 'dropout', output: mask, site: 2 ** 32 * i + 0x100003, keep });
    });
  }
  const fields: readonly Field[] = [
    { grid: [3, 2], channels: 1, size: 2, stride: 5, maps: 1 },
    { grid: [9, 10], channels: 1, size: 5, stride: 2, maps: 1 },
    { grid: [4, 5], channels: 3, size: 3, stride: 1, maps: 1 },
  ];
  fields.forEach((field, i) => {
    const input = matrix(draft, `places ${i}`, 7, sourceSize(field));
    const width = 4 * Math.ceil(patchSize(field) / 4);
    const output = matrix(draft, `patches ${i}`, 7, patchCount(field) * width);
    draft.launches.push({ kind: 'patches', field, input, output });
  });
  const probabilities = { ...matrix(draft, 'probabilities', 300, 5) };
  const uniform = matrix(draft, 'uniform', 300, 1);
  const truth = classes(draft, 'truth', 300);
  // As where the classifier is sure: nothing is left to share.
  draft.put({ ...probabilities, rows: 40 }, 0);
  const drawn = classes(draft, 'drawn', 300, 'output');
  const output = { ...drawn };
  draft.launches.push({ kind: 'draw', probabilities, truth, uniform, output });

  const plan = draft.plan();
  const host = new HostSession(gpp!, plan);
  const player = new PlayerSession(plan);
  for (const session of [host, player]) {
    draft.fill(session, {
      uniform: (i) => ((i * 7919) % 1009) / 1009,
      probabilities: (i) => (i % 11) / 16,
    });
    await session.run('train', { epoch: 7, batch: 11, trained: 0, rate: 1 });
  }
  expect(await differences(host, player, 0)).toEqual([]);
});
