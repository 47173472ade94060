import { expect, test } from 'vitest';
import { readSpace, trialsOf } from './space.js';
import { shareOut } from './sweep.js';

const params = ['theta'];

test('a grid is every combination, the last name fastest', () => {
  const space = readSpace(['theta=1,1.5', 'lr=1e-5, 5e-5,1e-5'], params);
  expect(trialsOf(space, 'grid', undefined, 1)).toEqual([
    { theta: 1, lr: 1e-5 },
    { theta: 1, lr: 5e-5 },
    { theta: 1.5, lr: 1e-5 },
    { theta: 1.5, lr: 5e-5 },
  ]);
  expect(trialsOf(space, 'grid', 3, 1)).toHaveLength(3);
});

test('random draws from a grid are different ones, the same for the same seed', () => {
  const space = readSpace(['theta=1,2,3', 'seed=1,2,3'], params);
  const drawn = trialsOf(space, 'random', 5, 7);
  expect(new Set(drawn.map((trial) => JSON.stringify(trial))).size).toBe(5);
  expect(trialsOf(space, 'random', 5, 7)).toEqual(drawn);
  expect(trialsOf(space, 'random', 5, 8)).not.toEqual(drawn);
  expect(trialsOf(space, 'random', undefined, 7)).toHaveLength(9);
});

test('a range is drawn from on a logarithmic scale, and whole numbers stay whole', () => {
  const space = readSpace(['lr=1e-6..1e-2', 'batch=10..12', 'theta=-1..1'], params);
  const drawn = trialsOf(space, 'random', 600, 3);
  const rates = drawn.map(({ lr }) => lr!);
  expect(Math.min(...rates)).toBeGreaterThanOrEqual(1e-6);
  expect(Math.max(...rates)).toBeLessThanOrEqual(1e-2);
  // Half of them lie below the geometric mean of the ends.
  const below = rates.filter((rate) => rate < 1e-4).length;
  expect(below).toBeGreaterThan(240);
  expect(below).toBeLessThan(360);
  expect(new Set(drawn.map(({ batch }) => batch))).toEqual(new Set([10, 11, 12]));
  expect(drawn.some(({ theta }) => theta! < -0.5) && drawn.some(({ theta }) => theta! > 0.5)).toBe(true);
});

test('a param of the model hides the option of its name', () => {
  expect(readSpace(['seed=0.5'], ['seed'])).toEqual([{ name: 'seed', choice: { values: [0.5] } }]);
});

test.each([
  ['theta', 'invalid `--set theta`: expected name=values'],
  ['thata=1', 'unknown param `thata`'],
  ['theta=1,high', 'invalid value `high` of `theta`: expected a number'],
  ['theta=1,,2', 'invalid value `` of `theta`: expected a number'],
  ['epochs=1.5', 'invalid value 1.5 of `epochs`'],
  ['batch=0', 'invalid value 0 of `batch`'],
  ['lr=0', 'invalid `lr`: expected a number above 0'],
  ['theta=2..1', 'invalid range `2..1` of `theta`'],
])('`--set %s` is wrong: %s', (text, message) => {
  expect(() => readSpace([text], params)).toThrow(`RFF901: ${message}`);
});

test('rejects a name set twice, and a range on a grid', () => {
  expect(() => readSpace(['lr=1', 'lr=2'], params)).toThrow('`lr` is set twice');
  const space = readSpace(['lr=1..2'], params);
  expect(() => trialsOf(space, 'grid', 4, 1)).toThrow('the grid sampler does not support the range of `lr`');
});

test('parallel runs share the cores, and a GPU gets one run at a time', () => {
  expect(shareOut(20, 'cpu', {}, 8)).toEqual({ jobs: 8, threads: 1 });
  expect(shareOut(3, 'auto', {}, 8)).toEqual({ jobs: 3, threads: 2 });
  expect(shareOut(20, 'cpu', { threads: 3 }, 8)).toEqual({ jobs: 2, threads: 3 });
  expect(shareOut(20, 'cpu', { threads: 16 }, 8)).toEqual({ jobs: 1, threads: 16 });
  expect(shareOut(20, 'cpu', { jobs: 2 }, 8)).toEqual({ jobs: 2, threads: 4 });
  expect(shareOut(20, 'cuda', {}, 8)).toEqual({ jobs: 1 });
});

test('with more cores than a run can use, a single run takes as many threads as it can', () => {
  expect(shareOut(1, 'cpu', {}, 96)).toEqual({ jobs: 1, threads: 64 });
  expect(shareOut(3, 'cpu', {}, 96)).toEqual({ jobs: 3, threads: 32 });
});
