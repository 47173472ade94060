/** Dead steps: what is left is what a result or an update follows from, and nothing else is. */
import { expect, test } from 'vitest';
import { chain, graphOf, within } from '../../test/support/small-plans.js';
import { dropDead } from './dead.js';
import type { Ir } from './ir.js';

const { train, predict }: { train: Ir; predict: Ir } = graphOf(chain).programs;

/** Values that no result and no update follows from. */
function idle({ values, results, updates }: Ir): string[] {
  const wanted = new Set<number>();
  const want = (id: number): void => {
    if (wanted.has(id)) return;
    wanted.add(id);
    values[id]!.inputs.forEach(want);
  };
  for (const { value } of [...results, ...updates]) want(value);
  return values.filter((v) => !wanted.has(v.id)).map((v) => v.name);
}

test('nothing is left that no result or update follows from', () => {
  for (const program of [train, predict]) {
    expect(idle(program)).not.toEqual([]);
    expect(idle(dropDead(program))).toEqual([]);
  }
});

test('prediction ends with the last scored step', () => {
  expect(within(predict, 'learn[2]')).not.toEqual([]);
  const alive = dropDead(predict);
  expect(within(alive, 'learn[2]')).toEqual([]);
  expect(within(alive, 'learn[1]').map((v) => v.name)).toContain('c.goodness');
});

test('in training the last step’s activities are not normalized: nobody reads them', () => {
  const names = (program: Ir, step: string) => within(program, step).map((v) => v.name);
  expect(names(train, 'learn[2]')).toContain('a.s');
  expect(names(dropDead(train), 'learn[2]')).not.toContain('a.s');
  expect(names(dropDead(train), 'learn[1]')).toContain('a.s');
});

test('results and updates stay, each of the same value', () => {
  for (const program of [train, predict]) {
    const alive = dropDead(program);
    const named = ({ values, results, updates }: Ir) =>
      [...results, ...updates].map((r) => [r.tensor, values[r.value]!.name]);
    expect(named(alive)).toEqual(named(program));
  }
});
