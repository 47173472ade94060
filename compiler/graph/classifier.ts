/**
 * A linear softmax on a network's activities: how the latent classifier sees a sample, for drawing hard negatives, and
 * how a model's readout does; beside goodness, for prediction.
 */
import { constant, type Expr, fromJson, mul, sub, variable } from '../expr/index.js';
import type { ModelDocument, Optimizer } from '../model.js';
import type { Purpose, Value } from './graph.js';
import type { LayerStep, Lowering } from './lowering.js';
import { parameterId } from './tensors.js';
import type { Step } from './timeline.js';

/** What a softmax reads, what it is held in [classes, features], and what moves it. */
export interface Classifier {
  readonly weight: 'classifier.weight' | 'readout.weight';
  readonly layers: readonly string[];
  readonly features: 'raw' | 'normalized';
  readonly optimizer: Optimizer;
}

/** The classifier that a training program moves: the network's that of its negatives, the readout's itself. */
export function classifierOf(
  { negatives, readout }: ModelDocument,
  purpose: Purpose = 'network',
): Classifier | undefined {
  if (purpose === 'readout') return readout && { ...readout, weight: 'readout.weight' };
  return negatives.name === 'latent_classifier' ? { ...negatives, weight: 'classifier.weight' } : undefined;
}

/** The classifier that predicts: the readout, which is there for it, or else that of the negatives. */
export function predictingClassifier(document: ModelDocument): Classifier | undefined {
  return classifierOf(document, 'readout') ?? classifierOf(document, 'network');
}

/** Collects the activities that a classifier reads, at the score steps. */
export function collector({ layers: names, features }: Classifier) {
  const values = new Map<string, Value[]>(names.map((l) => [l, []]));
  const visit = (step: Step, layers: readonly LayerStep[]): void => {
    if (!step.scored) return;
    for (const at of layers) values.get(at.layer.name)?.push(features === 'raw' ? at.h : at.s);
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

/** Plays the timeline under the uniform label throughout, and gives the features that a classifier then reads. */
export function neutralFeatures(low: Lowering, classifier: Classifier, scope: string): Value {
  const collected = collector(classifier);
  low.play(undefined, false, 'neutral/', collected.visit);
  low.build.within(scope);
  return featuresOf(low, collected.values, 'features');
}

/** The classifier's probability of each class: the softmax of a linear map without bias. */
export function classify(low: Lowering, { weight }: Classifier, features: Value, classes: number): Value {
  const logits = low.build.product(
    features,
    low.parameter(parameterId(weight, 2), classes, features.cols),
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

/** One step of a classifier by its cross-entropy on a batch, whose mean is the result `classifier_loss`. */
export function learnClasses(
  low: Lowering,
  classifier: Classifier,
  features: Value,
  y: Value,
  classes: number,
): void {
  const { build, extents } = low;
  // Softmax cross-entropy: d loss / d logits = (p - truth) / batch.
  const p = variable('p', 'element');
  const truth = variable('truth', 'element');
  const probabilities = classify(low, classifier, features, classes);
  const onehot = build.onehotOf(y, classes);
  const slope = build.map(
    mul(sub(p, truth), constant(1 / extents.sample)),
    { p: probabilities, truth: onehot },
    classes,
    'dlogits',
  );
  const surprise = build.map(
    fromJson(
      ['neg', ['log', ['max', ['sum', ['mul', 'p', 'truth']], 1e-30]]],
      new Map<string, Expr>([
        ['p', p],
        ['truth', truth],
      ]),
    ),
    { p: probabilities, truth: onehot },
    classes,
    'loss',
  );
  build.result('classifier_loss', 0, build.mean(surprise, 'all', 'loss'));
  const { weight, optimizer } = classifier;
  low.update(
    parameterId(weight, 2),
    build.outer(slope, features, 1, `${weight}.gradient`),
    optimizer,
    1,
    1,
    0,
  );
}
