/** The prediction program: every label tried on every sample. */
import type { ModelDocument } from '../model.js';
import type { Program, Value } from './graph.js';
import { Lowering } from './lowering.js';

export function lowerPrediction(
  document: ModelDocument,
  extents: Program['extents'],
  frames: number,
): Program {
  const low = new Lowering(document, 'predict', extents, frames);
  const given = low.build.candidates(extents.candidate);
  const scored: Value[] = [];
  low.play(given, false, '', (step, layers) => {
    if (!step.scored) return;
    for (const at of layers)
      if (document.score.layers.includes(at.layer.name)) scored.push(low.goodnessOf(at));
  });
  low.build.within('');
  low.build.result('predict/goodness', 0, low.meanOf(scored, 1, 'goodness'), ['sample', 'candidate']);
  return low.finish();
}
