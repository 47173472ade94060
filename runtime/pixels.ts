/** Pixels from memory for a program that predicts by itself. Nothing here needs a host: it runs in a page. */

import type { Graph } from '../compiler/graph/index.js';
import { networkOf } from '../compiler/network.js';
import type { Plan } from '../compiler/plan/plan.js';
import { failure } from '../grammar/diagnostic.js';
import { mapOf, scaleOf } from './data/scale.js';

/**
 * Values as the network saw them in its training data: pixels b of pictures become (b / 255 - mean) / std, values v of
 * tables (v - mean) / std, by the model's `normalize`; those of `tensors` stay as they are. What comes out is for
 * `samples`.
 *
 * @param values of any number of samples; pixels from 0, black, to 255
 * @param compiled the graph or plan of the network
 * @returns the same number of values
 * @throws RffcError RFF761 for a pixel that is not from 0 to 255
 */
export function normalizeValues(values: ArrayLike<number>, compiled: Graph | Plan): Float32Array {
  const scale = scaleOf(networkOf(compiled).document.train.data);
  const map = mapOf(scale, 'raw', false);
  return Float32Array.from(values, (value, i) => {
    if (scale.top === 255 && !(value >= 0 && value <= 255)) {
      throw failure('RFF761', `value ${i} is ${value}: expected pixels from 0 to 255`, {
        hint: 'values that the network is to see as they are need no `normalizeValues`',
      });
    }
    return map(value);
  });
}
