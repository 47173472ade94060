import { expect, test } from 'vitest';
import { graphOf, launchesOf, type ModelParts } from '../../test/support/small-plans.js';
import { buildPlan } from '../build.js';
import { fromJson, show, variable, width } from '../expr/index.js';
import type { ExpressionJson } from '../model.js';
import { factorOf, splitsEmbed } from './embed.js';

const planOf = (parts: ModelParts, without: readonly 'embed'[] = []) =>
  buildPlan(graphOf(parts), { without }).plan;
const h = variable('h', 'element');
const factor = (json: ExpressionJson): string | undefined => {
  const found = factorOf(
    fromJson(
      json,
      new Map([
        ['h', h],
        ['n', width],
      ]),
    ),
    h,
  );
  return found && show(found);
};

test('the row factor is found if the expression is h times a factor', () => {
  const norm: ExpressionJson = ['sqrt', ['mean', ['mul', 'h', 'h']]];
  expect(factor('h')).toBe('1');
  expect(factor(['mul', 0.5, 'h'])).toBe('0.5');
  expect(factor(['div', 'h', norm])).toContain('mean');
  // Not if more than a factor is involved, such as a difference or a square.
  expect(factor(['sub', 'h', ['mean', 'h']])).toBeUndefined();
  expect(factor(['mul', 'h', 'h'])).toBeUndefined();
  expect(factor(['tanh', 'h'])).toBeUndefined();
});

const embedded = (normalize: string): ModelParts => ({
  input: `{ embed: digit(at: 1), normalize: ${normalize} }`,
  network: 'layer a[8] { }, connect image -> a as plain',
});
const rows = (parts: ModelParts, without: 'embed'[] = []) =>
  launchesOf(planOf(parts, without).programs.train, 'gemm').map((g) => g.m);

test('the product of the data has one row per sample, not two', () => {
  expect(Math.max(...rows(embedded('rms_norm(h, 0.1)'), ['embed']))).toBe(6);
  expect(rows(embedded('rms_norm(h, 0.1)'))).toContain(3);
  const learn = launchesOf(planOf(embedded('2 * h')).programs.train, 'learn');
  // The columns of the label are added to the gradient of the data, in its memory.
  expect(learn.map((l) => l.products.map((p) => [p.n, p.k, p.beta]))).toEqual([
    [
      [5, 3, 0],
      [3, 6, 1],
    ],
  ]);
});

test('data with another normalization are not split', () => {
  const whole = embedded('layer_norm(h, 0.1)');
  expect(rows(whole)).toEqual(rows(whole, ['embed']));
  expect(splitsEmbed(planOf(whole).model)).toBe(false);
  expect(splitsEmbed(planOf(embedded('2 * h')).model)).toBe(true);
});
