/** How far the given label gets, step by step, in networks small enough to count by hand. */
import { expect, test } from 'vitest';
import { parse } from '../grammar/parser.js';
import { check } from './check/check.js';
import { labelSteps, scoreSeesLabel } from './influence.js';
import type { ModelDocument } from './model.js';

interface Parts {
  readonly input?: string;
  readonly layer?: string;
  readonly connect?: string;
  readonly phases?: string;
}

/**
 * A chain h1 -> h2 -> h3 whose label enters at `h1`; with hybrid images, so that a label that is never seen is not an
 * error.
 */
function model({
  input = '',
  layer = '',
  connect = 'digit -> h1 -> h2 -> h3',
  phases,
}: Parts): ModelDocument {
  const { document, diagnostics } = check(
    parse(`
connection c { }
connection now { delay: 0 }
connection fast { fast: decay(0.9) }
model m {
  input image[4] ${input}
  label digit[2]
  layer h1[3], h2[3], h3[3] { ${layer} }
  connect image -> h1, image -> h2, image -> h3 as c
  connect ${connect} as c
  objective { goodness: mean(h^2), positive: goodness, negative: -goodness }
  schedule { ${phases ?? 'phase learn[4] { label: given }'} }
  negatives: hybrid_images()
  train { data: tensors("x") }
}`).tree,
  );
  expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  return document!;
}

const reached = (parts: Parts) => labelSteps(model(parts)).map((step) => [...step.reached].sort().join());

test('moves one connection per step, and through any number of connections without delay', () => {
  expect(reached({})).toEqual(['h1', 'h1,h2', 'h1,h2,h3', 'h1,h2,h3']);
  expect(reached({ connect: 'digit -> h1 as c, connect h1 -> h2 -> h3 as now, connect h1 -> h3' })).toEqual(
    Array(4).fill('h1,h2,h3'),
  );
});

test('is shown by `given`, and by a mix in the steps where given has a share', () => {
  const shown = (label: string) =>
    labelSteps(model({ phases: `phase learn[3] { label: ${label} }` })).map((step) => step.shown);
  expect(shown('given')).toEqual([true, true, true]);
  expect(shown('uniform')).toEqual([false, false, false]);
  expect(shown('mix(uniform, given, t / 2)')).toEqual([false, true, true]);
  expect(shown('mix(given, hidden, t / 2)')).toEqual([true, true, false]);
  expect(shown('mix(uniform, mix(given, hidden, 1), 0.5)')).toEqual([false, false, false]);
});

const fading = 'phase show[1] { label: given }, phase learn[2] { label: hidden }';

test('is lost where nothing keeps it, and stays in a damped layer and in fast weights', () => {
  expect(reached({ phases: fading })).toEqual(['h1', 'h2', 'h3']);
  expect(reached({ phases: fading, layer: 'damping: 0.5' })).toEqual(['h1', 'h1,h2', 'h1,h2,h3']);
  const undamped = fading.replaceAll(' }', ', damping: off }');
  expect(reached({ phases: undamped, layer: 'damping: 0.5' })).toEqual(['h1', 'h2', 'h3']);
  const fast = 'digit -> h1 as c, connect h1 -> h1 as fast, connect h1 -> h2';
  expect(reached({ phases: fading, connect: fast })).toEqual(['h1', 'h1,h2', 'h1,h2']);
});

test('is written over the input by `embed`, even if the frame is hidden', () => {
  const embed = { input: '{ embed: digit(at: 0) }', connect: 'h1 -> h2 -> h3' };
  expect(reached({ ...embed, phases: 'phase learn[1] { input: hidden }' })).toEqual(['h1,h2,h3']);
  expect(reached({ ...embed, phases: 'phase learn[1] { label: uniform }' })).toEqual(['']);
});

test('is seen by a score if it reaches one of its layers in one of its steps', () => {
  const scored = (score: string) => scoreSeesLabel(model({ phases: `phase learn[4] { }, score ${score}` }));
  expect(scored('learn[0..1]')).toBe(true);
  expect(scored('learn[0..1] over h3')).toBe(false);
  expect(scored('learn[1..2] over h3')).toBe(true);
});
