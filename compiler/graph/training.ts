/** The training program: the negatives of a batch, the timeline on them, and what moves. */
import { constant, substitute, width } from '../expr/index.js';
import type { ModelDocument } from '../model.js';
import {
  classifierOf,
  classify,
  collector,
  featuresOf,
  learnClasses,
  neutralFeatures,
} from './classifier.js';
import { decodes, learnToDecode } from './decoder.js';
import type { Program, Value } from './graph.js';
import { Lowering } from './lowering.js';
import { timeline } from './timeline.js';

/**
 * A model's training program: one batch. Its inputs are `x` [frames, samples, input size], the labels and what the
 * negatives are drawn by; its results the losses and goodness [learning steps, layers] of the batch; its updates all
 * that learns.
 *
 * @param observe whether every step's activities are results too
 */
export function lowerTraining(
  document: ModelDocument,
  extents: Program['extents'],
  frames: number,
  observe: boolean,
): Program {
  const low = new Lowering(document, 'train', extents, frames);
  const { build } = low;
  const { negatives } = document;
  const classes = document.label?.classes ?? 0;
  const steps = timeline(document);
  const perBatch = steps.filter((s) => s.phase.learn).length;
  const layerNames = document.layers.map((l) => l.name);

  const classifier = classifierOf(document);

  const y = build.input('y', 1, 0, 1);
  let given: Value | undefined;
  let neutral: Value | undefined;
  if (negatives.name === 'latent_classifier') {
    // What the network makes of the sample without its label decides which wrong label is the hardest.
    neutral = neutralFeatures(low, classifier!, 'negatives');
    const probabilities = classify(low, classifier!, neutral, classes);
    if (observe) {
      build.result('observe/features', 0, neutral, ['sample']);
      build.result('observe/probabilities', 0, probabilities, ['sample']);
    }
    const yNegative = build.draw(probabilities, y, build.input('negative_draw', 1, 0, 1));
    build.result('y_negative', 0, yNegative, ['sample']);
    build.within('');
    given = build.onehot(y, yNegative, classes);
  } else if (negatives.name === 'hybrid_images') {
    // What is wrong about a negative row is its data: a label that is shown is the true one in both rows.
    if (document.label) given = build.onehotOf(y, classes);
  } else {
    given = build.onehot(y, build.input('y_negative', 1, 0, 1), classes);
  }

  build.within('');
  const positives = classifier && collector(classifier);
  let learned = 0;
  const decoded: Value[] = [];
  low.play(given, true, '', (step, layers) => {
    if (observe) {
      for (const at of layers)
        build.result(`observe/${step.phase.name}[${step.t}]/${at.layer.name}.h`, 0, at.h, [
          'polarity',
          'sample',
        ]);
    }
    positives?.visit(step, layers);
    if (!step.phase.learn) return;
    layers.forEach((at, i) => {
      const g = low.goodnessOf(at);
      const rules = low.rules.get(at.layer.name)!;
      const loss = build.map(
        // The loss is one number a row; its `n` is the layer's size all the same.
        substitute(rules.loss, new Map([[width, constant(at.layer.size)]])),
        rules.isPair ? low.pairOf(g) : { goodness: g, polarity: build.polarity() },
        1,
        `${at.layer.name}.loss`,
      );
      const offset = learned * layerNames.length + i;
      build.result('loss', offset, build.mean(loss, 'all', `${at.layer.name}.loss`));
      build.result('goodness_positive', offset, build.mean(g, 'positive', `${at.layer.name}.goodness+`));
      build.result('goodness_negative', offset, build.mean(g, 'negative', `${at.layer.name}.goodness-`));
    });
    low.learn(step, layers, perBatch, learned);
    learned++;
    if (document.decoder && decodes(step))
      decoded.push(learnToDecode(low, document.decoder, low.frame(step), layers, decoded.length));
  });

  if (decoded.length) {
    build.within('');
    build.result('decode_loss', 0, low.meanOf(decoded, 1, 'decode_loss'));
  }

  if (negatives.name === 'latent_classifier' && classifier) {
    build.within('classifier');
    const features =
      negatives.learn_from === 'neutral'
        ? neutral!
        : featuresOf(
            low,
            new Map(
              [...positives!.values].map(([name, values]) => [
                name,
                values.map((v) => build.part(v, 'positive')),
              ]),
            ),
            'features',
          );
    learnClasses(low, classifier, features, y, classes);
  }
  return low.finish();
}
