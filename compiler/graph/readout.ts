/**
 * The training program of a model's readout: the network as it is, seen under the uniform label, and one step of the
 * softmax on its activities. It is a program like any other, so engines need nothing for it.
 */
import type { ModelDocument } from '../model.js';
import { classifierOf, learnClasses, neutralFeatures } from './classifier.js';
import type { Program } from './graph.js';
import { Lowering } from './lowering.js';

/** @throws RangeError for a model without a readout or a label */
export function lowerReadout(document: ModelDocument, extents: Program['extents'], frames: number): Program {
  const { label, readout } = document;
  if (!readout || !label) throw new RangeError(`model ${document.name} has no readout to train`);
  const low = new Lowering(document, 'train', extents, frames, { plain: true });
  const classifier = classifierOf(document, 'readout')!;
  const y = low.build.input('y', 1, 0, 1);
  const features = neutralFeatures(low, classifier, 'readout');
  learnClasses(low, classifier, features, y, label.classes);
  return low.finish();
}
