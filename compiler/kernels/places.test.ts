/** Homes: what is read side by side is written side by side, results where the host reads them, constants at load. */
import { expect, test } from 'vitest';
import { chain, everyKind, graphOf, launchesOf } from '../../test/support/small-plans.js';
import { buildPlan } from '../build.js';
import type { Launch, Plan } from '../plan/plan.js';
import { tailOf } from './places.js';

const { plan } = buildPlan(graphOf(chain, { predictBatch: 2 }));
const kernelNames = ({ kernels }: Plan, launches: readonly Launch[]) =>
  launchesOf(launches, 'rows').map((l) => kernels[l.kernel]!.name);

test('the columns of a slot are followed by a 1 and zeros up to a whole vector', () => {
  expect(tailOf({ offset: 0, cols: 3 })).toEqual([1]);
  expect(tailOf({ offset: 8, cols: 4 })).toEqual([1, 0, 0, 0]);
  expect(tailOf({ offset: 0, cols: 6 })).toEqual([1, 0]);
});

test('the kernel of a layer writes its normalized activity into its slot, followed by the 1', () => {
  const places = launchesOf(plan.programs.train, 'rows').flatMap((l) =>
    l.outputs.flatMap((v, i) =>
      plan.buffers[v.buffer]!.name === 'learn[2]/slots'
        ? [[l.variants, v.offset, v.sampleStride, plan.kernels[l.kernel]!.outputs[i]!.tail]]
        : [],
    ),
  );
  // b's and c's slots have rows of both polarities; the label does not reach a yet, which has a matrix of its own.
  expect(places).toEqual([
    [1, 0, 8, [1, 0]],
    [2, 0, 16, [1]],
    [2, 8, 16, [1, 0, 0, 0]],
  ]);
  expect(kernelNames(plan, plan.programs.train)).not.toContain('copy');
});

test('scalars per layer and step are written directly to the results', () => {
  const loss = plan.tensors.find((t) => t.name === 'loss')!.regions[0]!.buffer;
  const means = launchesOf(plan.programs.train, 'mean').filter((l) => l.output.buffer === loss);
  expect(means.map((l) => l.output.offset).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test('the goodness of a prediction is written by its kernel, labels innermost', () => {
  const goodness = plan.tensors.find((t) => t.name === 'predict/goodness')!.regions[0]!.buffer;
  const outputs = launchesOf(plan.programs.predict, 'rows')
    .filter((l) => l.variants === 3 && l.samples === 2)
    .flatMap((l) => l.outputs);
  const view = { offset: 0, variantStride: 1, sampleStride: 3 };
  expect(outputs).toContainEqual({ buffer: goodness, ...view });
  // Also the means of the individual layers: six numbers each, layer after layer.
  const layers = plan.tensors.find((t) => t.name === 'predict/goodness_layers')!.regions[0]!.buffer;
  const own = outputs.filter(({ buffer }) => buffer === layers).map(({ offset }) => offset);
  expect(own.toSorted((a, b) => a - b)).toEqual([0, 6, 12]);
});

test('rows of values that do not vary are read repeatedly, not copied', () => {
  const mixed = launchesOf(plan.programs.train, 'rows').filter(
    (l) => l.variants === 2 && l.inputs.some((v) => v.variantStride === 0 && v.sampleStride > 0 && !v.lookup),
  );
  expect(mixed.length).toBeGreaterThan(0);
});

test('the row of the label is looked up by the kernel of the layer', () => {
  const lookups = launchesOf(plan.programs.train, 'rows').flatMap((l) => l.inputs.filter((v) => v.lookup));
  expect(lookups).toHaveLength(3);
  const y = plan.tensors.find((t) => t.name === 'y')!.regions[0]!.buffer;
  for (const v of lookups)
    expect(v.lookup!.index).toEqual({ buffer: y, offset: 0, variantStride: 3, sampleStride: 1 });
});

test('constants are written at load, and by nothing later', () => {
  const constants = new Set(plan.buffers.flatMap((b, i) => (b.arena === 'constants' ? [i] : [])));
  expect(constants.size).toBeGreaterThan(0);
  const filled = launchesOf(plan.programs.load, 'fill').map((l) => l.output.buffer);
  for (const buffer of constants) expect(filled).toContain(buffer);
  for (const l of [...plan.programs.train, ...plan.programs.predict])
    if (l.kind === 'rows') for (const v of l.outputs) expect(constants.has(v.buffer)).toBe(false);
});

test('unaligned features are not concatenated', () => {
  const { plan: drawn } = buildPlan(graphOf(everyKind));
  expect(drawn.buffers.filter((b) => b.name.endsWith('features') && b.bytes >= 4 * 3 * 13)).toEqual([]);
  const aligned = {
    ...everyKind,
    network: everyKind.network.replace('a[6]', 'a[8]').replace('connect a -> a as local', ''),
  };
  const { plan: whole } = buildPlan(graphOf(aligned));
  const together = whole.buffers.find((b) => b.name === 'negatives/features')!;
  expect(together.bytes).toBe(4 * 3 * 16);
});
