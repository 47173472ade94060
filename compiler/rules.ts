/** What a layer computes and learns, as expressions. */
import {
  add,
  constant,
  derive,
  type Expr,
  fromJson,
  mul,
  select,
  substitute,
  variable,
  width,
} from './expr/index.js';
import type { Layer, Objective } from './model.js';

export const z = variable('z', 'element');
export const h = variable('h', 'element');
const previous = variable('previous', 'element');
const goodness = variable('goodness', 'row');
/** 1 in positive rows, 0 in negative ones. */
export const polarity = variable('polarity', 'row');
/** The goodness of a sample's positive and of its negative row. */
const pos = variable('pos', 'row');
const neg = variable('neg', 'row');

/** A layer's expressions, in `z` and `previous` (its activity in the previous step). */
export interface LayerRules {
  /** The new activity, with and without damping. */
  readonly activity: (damped: boolean) => Expr;
  readonly normalize: Expr;
  /** In `h`. */
  readonly goodness: Expr;
  /** For one row, in `goodness` and `polarity`; with `pair`, for both rows of a sample, in `pos` and `neg`. */
  readonly loss: Expr;
  readonly isPair: boolean;
}

/** The expressions of a layer under its objective, as defined in the section "Meaning" of LANGUAGE.md. */
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
  const inPair = new Map<string, Expr>([
    ['pos', pos],
    ['neg', neg],
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
    loss: objective.pair
      ? fromJson(objective.pair, inPair)
      : select(
          polarity,
          fromJson(objective.positive!, inGoodness),
          fromJson(objective.negative!, inGoodness),
        ),
    isPair: objective.pair !== null,
  };
}

/**
 * d (mean loss of the layer) / d z for one row, in `z`, `previous` and `polarity`; with `pair` in `pos` and `neg` too.
 *
 * @param pairs the number of pairs of a positive and a negative row in the mean
 */
export function slopeOf(rules: LayerRules, activity: Expr, size: number, pairs: number): Expr {
  const ofActivity = substitute(rules.goodness, new Map([[h, activity]]));
  // The loss of a pair affects each of its rows through that row's goodness. In both cases the loss is scaled by the
  // mean first: one product per row, not one per unit.
  const mean = rules.isPair
    ? mul(
        select(
          polarity,
          mul(derive(rules.loss, pos), constant(1 / pairs)),
          mul(derive(rules.loss, neg), constant(1 / pairs)),
        ),
        ofActivity,
      )
    : mul(substitute(rules.loss, new Map([[goodness, ofActivity]])), constant(1 / (2 * pairs)));
  return substitute(derive(mean, z), new Map([[width, constant(size)]]));
}
