/**
 * Generation: the network runs with a label held on and its own reconstruction for an input, x(t) = decode(s(t − 1)),
 * from a given image on. The graph has no training; what is run is its program `predict`, so that engines need nothing
 * new.
 */
import type { ModelDocument, Phase } from '../model.js';
import { decode } from './decoder.js';
import { type Graph, type Program, tensorOf } from './graph.js';
import { type LayerStep, Lowering } from './lowering.js';
import type { TensorInfo } from './tensors.js';
import type { Step } from './timeline.js';

/** One phase: the label is shown from the first step to the last, with damping, and nothing learns. */
function generationSteps(steps: number): Step[] {
  const phase: Phase = {
    name: 'generate',
    steps,
    label: { name: 'given' },
    input: { name: 'frame', index: 0 },
    learn: false,
    damping: true,
  };
  return Array.from({ length: steps }, (_, t) => ({ phase, t, index: t, scored: false }));
}

/**
 * The graph of a model's generation. Its inputs are `predict/x` [1, batch, input size], the images to start from, as
 * the network sees data before `embed` and `normalize`, and `predict/label` [1, batch, classes], one-hot; its output is
 * `predict/image` [batch, input size], what the decoder makes of the last step.
 *
 * @param batch images made at a time
 * @throws RangeError for a model without a decoder or a label, or fewer than one image or step
 */
export function lowerGeneration(document: ModelDocument, batch: number, steps: number): Graph {
  const { decoder, input, label } = document;
  if (!decoder || !label) throw new RangeError(`model \`${document.name}\` has no decoder, or no label`);
  for (const n of [batch, steps])
    if (!(Number.isInteger(n) && n >= 1)) throw new RangeError(`there are no ${n} images or steps`);
  const { classes } = label;
  const extents = { sample: batch, polarity: 2, candidate: classes };
  const low = new Lowering(document, 'predict', extents, 1);
  const { build } = low;
  const start = build.input('predict/x', input.size, 0, 1);
  const given = build.input('predict/label', classes, 0, 1);
  let last: readonly LayerStep[] = [];
  const visit = (_: Step, layers: readonly LayerStep[]) => {
    last = layers;
  };
  low.play(given, false, '', visit, {
    steps: generationSteps(steps),
    frame: ({ index }, activityOf) => (index === 0 ? start : decode(low, decoder, activityOf)),
  });
  build.within('');
  const image = decode(low, decoder, (name) => last.find((at) => at.layer.name === name)!.s);
  build.result('predict/image', 0, image, ['sample']);
  const predict = low.finish();
  const train: Program = { name: 'train', values: [], results: [], updates: [], extents };
  const parameters = predict.values.flatMap((v): TensorInfo[] => {
    if (v.op.kind !== 'state') return [];
    return [tensorOf(v)];
  });
  return {
    document,
    purpose: 'generation',
    batch,
    predictBatch: batch,
    frames: 1,
    classes,
    layers: document.layers.map((l) => l.name),
    learnSteps: 0,
    tensors: [
      ...parameters,
      { name: 'predict/x', shape: [1, batch, input.size], type: 'f32', role: 'input' },
      { name: 'predict/label', shape: [1, batch, classes], type: 'f32', role: 'input' },
      { name: 'predict/image', shape: [batch, input.size], type: 'f32', role: 'output' },
    ],
    programs: { train, predict },
  };
}
