/** The training program: the negatives of a batch, the timeline on them, and the updates. */
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
 * A model's training program for one batch. Its inputs are `x` [frames, samples, input size], the labels and the values
 * from which negatives are drawn; its results are the losses and goodness [learning steps, layers] of the batch; its
 * updates are everything that learns.
 *
 * @param observe whether the activities of every step are also results
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
    // The network's response to the sample without its label determines which wrong label is the hardest.
    neutral = neutralFeatures(low, classifier!, 'negatives');
    const probabilities = classify(low, classifier!, neutral, classes);
    if (observe) {
      build.observe('features', neutral, ['sample']);
      build.observe('probabilities', probabilities, ['sample']);
    }
    const yNegative = build.draw(probabilities, y, build.input('negative_draw', 1, 0, 1));
    build.result('y_negative', 0, yNegative, ['sample']);
    build.within('');
    given = build.onehot(y, yNegative, classes);
  } else if (negatives.name === 'hybrid_images') {
    // A negative row has negative data: if a label is shown, it is the true one in both rows.
    if (document.label) given = build.onehotOf(y, classes);
  } else {
    given = build.onehot(y, build.input('y_negative', 1, 0, 1), classes);
  }

  build.within('');
  const positives = classifier && collector(classifier);
  let learned = 0;
  const decoded: Value[] = [];
  low.unroll(given, true, '', (step, layers) => {
    if (observe) {
      for (const at of layers)
        build.observe(`${step.phase.name}[${step.t}]/${at.layer.name}.h`, at.h, ['polarity', 'sample']);
    }
    positives?.visit(step, layers);
    if (!step.phase.learn) return;
    layers.forEach((at, i) => {
      const g = low.goodnessOf(at);
      const rules = low.rules.get(at.layer.name)!;
      const loss = build.map(
        // The loss is a scalar per row; its `n` is nevertheless the size of the layer.
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
