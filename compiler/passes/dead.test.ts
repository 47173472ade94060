/** Dead steps: everything that remains contributes to a result or an update. */
import { expect, test } from 'vitest';
import { chain, graphOf, within } from '../../test/support/small-plans.js';
import { dropDead } from './dead.js';
import type { Ir } from './ir.js';

const { train, predict }: { train: Ir; predict: Ir } = graphOf(chain).programs;

/** Values that contribute to no result and no update. */
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

test('every remaining value contributes to a result or an update', () => {
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

test('in training, the activities of the last step are not normalized, as nothing reads them', () => {
  const names = (program: Ir, step: string) => within(program, step).map((v) => v.name);
  expect(names(train, 'learn[2]')).toContain('a.s');
  expect(names(dropDead(train), 'learn[2]')).not.toContain('a.s');
  expect(names(dropDead(train), 'learn[1]')).toContain('a.s');
});

test('results and updates are kept, each with the same value', () => {
  for (const program of [train, predict]) {
    const alive = dropDead(program);
    const named = ({ values, results, updates }: Ir) =>
      [...results, ...updates].map((r) => [r.tensor, values[r.value]!.name]);
    expect(named(alive)).toEqual(named(program));
  }
});
