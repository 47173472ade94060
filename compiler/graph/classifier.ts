/**
 * The linear softmax on a network's activities: how the latent classifier sees a sample, for drawing hard negatives and,
 * beside goodness, for prediction.
 */
import { type Expr, fromJson, variable } from '../expr/index.js';
import type { ModelDocument } from '../model.js';
import type { Value } from './graph.js';
import type { LayerStep, Lowering } from './lowering.js';
import type { Step } from './timeline.js';

/** Collects the activities that the classifier reads, at the score steps. */
export function collector(negatives: Extract<ModelDocument['negatives'], { name: 'latent_classifier' }>) {
  const values = new Map<string, Value[]>(negatives.layers.map((l) => [l, []]));
  const visit = (step: Step, layers: readonly LayerStep[]): void => {
    if (!step.scored) return;
    for (const at of layers) values.get(at.layer.name)?.push(negatives.features === 'raw' ? at.h : at.s);
  };
  return { values, visit };
}

/** The classifier's features: the chosen activities at the score steps, averaged, side by side. */
export function featuresOf(
  low: Lowering,
  collected: ReadonlyMap<string, readonly Value[]>,
  name: string,
): Value {
  const parts = [...collected].map(([layer, values]) =>
    low.meanOf(values, values[0]!.cols, `${layer}.${name}`),
  );
  return low.build.concat(parts, name);
}

/** The classifier's probability of each class: the softmax of a linear map without bias. */
export function classify(low: Lowering, features: Value, classes: number): Value {
  const logits = low.build.product(
    features,
    low.parameter('classifier.weight', classes, features.cols),
    'logits',
  );
  const x = variable('x', 'element');
  const scope = new Map<string, Expr>([['x', x]]);
  const exponentials = ['exp', ['sub', 'x', ['amax', 'x']]];
  return low.build.map(
    fromJson(['div', exponentials, ['sum', exponentials]], scope),
    { x: logits },
    classes,
    'probabilities',
  );
}
