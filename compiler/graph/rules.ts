/** What a layer computes and learns, as expressions. */
import { add, constant, type Expr, fromJson, mul, select, variable, width } from '../expr/index.js';
import type { Layer, Objective } from '../model.js';

export const z = variable('z', 'element');
export const h = variable('h', 'element');
const previous = variable('previous', 'element');
export const goodness = variable('goodness', 'row');
const polarity = variable('polarity', 'row');

/** A layer's expressions, in `z` and `previous` (its activity a step before). */
export interface LayerRules {
  /** The new activity, with and without damping. */
  readonly activity: (damped: boolean) => Expr;
  readonly normalize: Expr;
  /** In `h`. */
  readonly goodness: Expr;
  /** Of one row, in `goodness` and `polarity`. */
  readonly loss: Expr;
}

export function layerRules(layer: Layer, objective: Objective): LayerRules {
  const scope = (e: Expr) =>
    new Map<string, Expr>([
      ['h', e],
      ['z', e],
      ['n', width],
    ]);
  const inGoodness = new Map<string, Expr>([
    ['goodness', goodness],
    ['n', width],
  ]);
  const activation = fromJson(layer.activation, scope(z));
  return {
    activity: (damped) => {
      const d = damped ? layer.damping : 1;
      return add(mul(previous, constant(1 - d)), mul(activation, constant(d)));
    },
    normalize: fromJson(layer.normalize, scope(h)),
    goodness: fromJson(objective.goodness, scope(h)),
    loss: select(
      polarity,
      fromJson(objective.positive!, inGoodness),
      fromJson(objective.negative!, inGoodness),
    ),
  };
}
