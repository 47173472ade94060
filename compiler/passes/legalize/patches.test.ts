/** Patches side by side: gathered once for all readers, and multiplied in blocks. */
import { expect, test } from 'vitest';
import { graphOf, launchesOf, type ModelParts, ofKind } from '../../../test/support/small-plans.js';
import { buildPlan } from '../../build.js';
import { naiveProducts } from '../../plan/naive.js';
import { figuresOf } from '../../plan/summary.js';
import { passNames } from '../pipeline.js';
import { gatherPatches } from './patches.js';

const local: ModelParts = {
  types: `
  connection first  { field: patch([5, 1], size: 1, stride: 2, maps: 4) }
  connection second { field: patch([3, 1], size: 1, maps: 2) }`,
  network: `
  layer a[12], b[6] { }
  connect image -> a as first
  connect a -> b as second
  connect digit -> b as plain`,
  schedule: 'phase settle[2] { label: uniform, learn: off }  phase learn[3] { label: given }',
};
const graph = graphOf(local);

test('a product reads patches, and so does its gradient', () => {
  const program = gatherPatches(graph.programs.train);
  for (const kind of ['block product', 'block outer'] as const) {
    const products = ofKind(program.values, kind);
    expect(products.length).toBeGreaterThan(0);
    for (const { inputs } of products)
      expect(inputs.map((i) => program.values[i]!.op.kind)).toContain('patches');
  }
  // 3 places of one number each, in vectors of four; 3 places of 4 channels.
  const widths = ofKind(program.values, 'patches').map(({ cols }) => cols);
  expect(new Set(widths)).toEqual(new Set([12]));
});

test('the patches of a still image are gathered once per batch', () => {
  const gathered = (plan: ReturnType<typeof buildPlan>['plan']) =>
    launchesOf(plan.programs.train, 'patches').filter(({ input }) =>
      plan.buffers[input.buffer]!.name.startsWith('x['),
    ).length;
  expect(gathered(buildPlan(graph).plan)).toBe(1);
  // For the product of every step whose activities are read (not those of the first), and again for each gradient.
  expect(gathered(buildPlan(graph, { without: ['hoist'] }).plan)).toBe(4 + 3);
});

test('counts only existing weights', () => {
  const { plan } = buildPlan(graph, { without: passNames });
  const products = plan.programs.train.flatMap((l) => (l.kind === 'gemm' && l.blocks ? [l] : []));
  // For each layer 5 steps, and its gradient in 3: 6 rows, and a weight for each value of a unit's patch.
  const flops = 2 * 6 * (12 * 1 + 6 * 4) * (5 + 3);
  expect(figuresOf(plan, products).flops).toBe(flops);
  expect(buildPlan(graph).notes).toContain(
    'a.image.first is not packed: its units read patches, not all of image',
  );
  expect(naiveProducts(graph).train).toEqual([
    [6, 12, 1, 5],
    [12, 1, 6, 3],
    [6, 6, 4 + 3, 5],
    [6, 4 + 3, 6, 3],
  ]);
});
