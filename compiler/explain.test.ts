import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildPlan } from './build.js';
import { loadModel } from './compile.js';
import { explain, explainText } from './explain.js';
import { lower } from './graph/lower.js';
import { passNames } from './passes/pipeline.js';
import { planFigures } from './plan/summary.js';

const text = readFileSync(new URL('../models/smoke3x4.rff', import.meta.url), 'utf8');
const { document } = await loadModel({ text, file: 'smoke3x4.rff' });
const graph = lower(document, { frames: 1 });

test('each pass starts from the result of the previous one, and the last ends with the finished plan', () => {
  const { effects } = explain(graph);
  expect(effects.map(({ pass }) => pass)).toEqual(passNames);
  expect(effects[0]!.before).toEqual(planFigures(buildPlan(graph, { without: passNames }).plan));
  for (const [i, { before }] of effects.entries()) if (i > 0) expect(before).toEqual(effects[i - 1]!.after);
  expect(effects.at(-1)!.after).toEqual(planFigures(buildPlan(graph).plan));
});

test('each pass changes the figures that it is meant to change', () => {
  const effects = new Map(explain(graph).effects.map((effect) => [effect.pass, effect]));
  const changed = (pass: (typeof passNames)[number]) => effects.get(pass)!;
  expect(changed('hoist').after.train.flops).toBeLessThan(changed('hoist').before.train.flops);
  expect(changed('dead').after.predict.kernels).toBeLessThan(changed('dead').before.predict.kernels);
  expect(changed('slots').after.train.products).toBeLessThan(changed('slots').before.train.products);
  expect(changed('fusion').after.train.kernels).toBeLessThan(changed('fusion').before.train.kernels);
  expect(changed('update-fusion').after.train.bytes).toBeLessThan(
    changed('update-fusion').before.train.bytes,
  );
  expect(changed('memory').after.memory).toBeLessThan(changed('memory').before.memory);
  expect(changed('memory').after.train).toEqual(changed('memory').before.train);
});

test('disabled passes stay disabled, and notes are printed', () => {
  const { effects, without } = explain(graph, ['hoist', 'memory']);
  expect(effects.map(({ pass }) => pass)).toEqual(passNames.filter((p) => p !== 'hoist' && p !== 'memory'));
  expect(effects.at(-1)!.after).toEqual(planFigures(buildPlan(graph, { without: ['hoist', 'memory'] }).plan));
  const shown = explainText({ effects, without, notes: ['slots: not h1'] });
  expect(shown).toMatch(/^hoist: disabled by --no-pass$/m);
  expect(shown).toMatch(/^note: slots: not h1$/m);
});
