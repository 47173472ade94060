/** The prediction program: every label tried on every sample, and what a classifier makes of it without one. */

import { layersAlone } from '../influence.js';
import type { ModelDocument } from '../model.js';
import { classify, neutralFeatures, predictingClassifier } from './classifier.js';
import type { Program, Value } from './graph.js';
import { Lowering } from './lowering.js';

/**
 * A model's prediction program, without dropout or learning. Its input is `predict/x` [frames, samples, input size];
 * its results are the mean goodness [samples, classes], that of each layer alone [layers, samples, classes] (see
 * `layersAlone`) and, with a classifier or readout, probabilities [samples, classes].
 */
export function lowerPrediction(
  document: ModelDocument,
  extents: Program['extents'],
  frames: number,
): Program {
  const low = new Lowering(document, 'predict', extents, frames);
  const given = low.build.candidates(extents.candidate);
  const scored: { readonly layer: string; readonly goodness: Value }[] = [];
  low.unroll(given, false, '', (step, layers) => {
    if (!step.scored) return;
    for (const at of layers)
      if (document.score.layers.includes(at.layer.name))
        scored.push({ layer: at.layer.name, goodness: low.goodnessOf(at) });
  });
  const classifier = predictingClassifier(document);
  if (classifier) {
    const features = neutralFeatures(low, classifier, 'classifier');
    const probabilities = classify(low, classifier, features, extents.candidate);
    low.build.result('predict/softmax', 0, probabilities, ['sample']);
  }
  low.build.within('');
  const meanOf = (of: typeof scored, name: string) =>
    low.meanOf(
      of.map(({ goodness }) => goodness),
      1,
      name,
    );
  layersAlone(document).forEach((layer, i) => {
    const own = scored.filter((one) => one.layer === layer);
    const offset = i * extents.sample * extents.candidate;
    const goodness = meanOf(own, `${layer}.goodness`);
    low.build.result('predict/goodness_layers', offset, goodness, ['sample', 'candidate']);
  });
  low.build.result('predict/goodness', 0, meanOf(scored, 'goodness'), ['sample', 'candidate']);
  return low.finish();
}
