/** The products of a model as written: what the naive floor of `rffc bench` runs. */
import { expect, test } from 'vitest';
import { chain, graphOf } from '../../test/support/small-plans.js';
import { naiveProducts } from './naive.js';

test(
  '2B rows in every step, all gradients of a layer in one, every label from the start to the last scored ' +
    'step',
  () => {
    const { train, predict } = naiveProducts(graphOf(chain, { predictBatch: 4 }));
    // Layer a receives 5 inputs, a's 6 units and b's 7; b receives 6 + 7 + 4, c 7 + 4 and 3 classes. 2 + 3 steps, 3 of
    // them learn.
    expect(train).toEqual([
      [6, 6, 18, 5],
      [6, 18, 6, 3],
      [6, 7, 17, 5],
      [7, 17, 6, 3],
      [6, 4, 14, 5],
      [4, 14, 6, 3],
    ]);
    // The first two learning steps are scored.
    expect(predict).toEqual([
      [12, 6, 18, 4],
      [12, 7, 17, 4],
      [12, 4, 14, 4],
    ]);
  },
);
