/**
 * From the model document to the dataflow graph: the section "Meaning" of LANGUAGE.md, written out step by step.
 *
 * Nothing is optimized here and nothing is shared between steps: the graph states what a model means as plainly as
 * possible, so that testing against the oracle that interprets it is meaningful.
 */

import { connectsLabel, layersAlone } from '../influence.js';
import type { ModelDocument } from '../model.js';
import { predictingClassifier } from './classifier.js';
import { type Axis, type Graph, type Network, type Program, type Purpose, tensorOf } from './graph.js';
import { lowerPrediction } from './prediction.js';
import { lowerReadout } from './readout.js';
import { PREDICTED, type TensorInfo } from './tensors.js';
import { timeline } from './timeline.js';
import { lowerTraining } from './training.js';

export interface LowerOptions {
  /** Samples per training batch (default: the document's). */
  readonly batch?: number;
  /** Samples per prediction chunk (default: as many as need no more rows than training). */
  readonly predictBatch?: number;
  /** Frames per sample (default: 1). */
  readonly frames?: number;
  /** What the training program trains (default: the network). */
  readonly purpose?: Purpose;
  /** Adds outputs `observe/PHASE[T]/LAYER.h` [2, batch, n] to the training program, one per step and layer. */
  readonly observe?: boolean;
}

/**
 * The dataflow graph of a model: its training program and its prediction program, and the tensors they share.
 *
 * @throws RangeError for a batch or number of frames below 1, or a purpose that the model does not have
 */
export function lower(document: ModelDocument, options: LowerOptions = {}): Graph {
  const batch = options.batch ?? document.train.batch;
  const frames = options.frames ?? 1;
  const purpose = options.purpose ?? 'network';
  const classes = document.label?.classes ?? 1;
  const tried = connectsLabel(document) ? classes : 1;
  const predictBatch =
    options.predictBatch ?? Math.max(1, Math.min(document.evaluate.batch, Math.floor((2 * batch) / tried)));
  for (const n of [batch, frames, predictBatch])
    if (!(Number.isInteger(n) && n >= 1)) throw new RangeError(`invalid number of samples or frames: ${n}`);

  const extents = { sample: batch, polarity: 2, candidate: classes };
  const train =
    purpose === 'network'
      ? lowerTraining(document, extents, frames, options.observe ?? false)
      : lowerReadout(document, extents, frames);
  const predict = lowerPrediction(document, { ...extents, sample: predictBatch }, frames);
  const learns = purpose === 'network';
  const network = {
    document,
    purpose,
    batch,
    predictBatch,
    frames,
    classes,
    layers: learns ? document.layers.map((l) => l.name) : [],
    learnSteps: learns ? timeline(document).filter((s) => s.phase.learn).length : 0,
  };
  return { ...network, tensors: tensorsOf(network, train, predict), programs: { train, predict } };
}

function tensorsOf(
  { document, purpose, batch, predictBatch, frames, classes, layers, learnSteps }: Network,
  train: Program,
  predict: Program,
): TensorInfo[] {
  const d = document.input.size;
  const tensors = new Map<string, TensorInfo>();
  const declare = (
    name: string,
    role: TensorInfo['role'],
    shape: readonly number[],
    type: TensorInfo['type'] = 'f32',
  ) => {
    if (!tensors.has(name)) tensors.set(name, { name, shape, type, role });
  };
  for (const program of [train, predict]) {
    for (const v of program.values) if (v.op.kind === 'state') tensors.set(v.op.tensor, tensorOf(v));
  }
  declare('x', 'input', [frames, batch, d]);
  declare('y', 'input', [batch], 'i32');
  if (purpose === 'network') {
    if (document.negatives.name === 'latent_classifier') declare('negative_draw', 'input', [batch]);
    else if (document.negatives.name === 'hybrid_images') declare('x_negative', 'input', [frames, batch, d]);
    else declare('y_negative', 'input', [batch], 'i32');
    for (const name of ['loss', 'goodness_positive', 'goodness_negative'])
      declare(name, 'output', [learnSteps, layers.length]);
  }
  declare(PREDICTED, 'input', [frames, predictBatch, d]);
  declare('predict/goodness', 'output', [predictBatch, classes]);
  const alone = layersAlone(document).length;
  if (alone > 0) declare('predict/goodness_layers', 'output', [alone, predictBatch, classes]);
  if (predictingClassifier(document)) declare('predict/softmax', 'output', [predictBatch, classes]);
  const extent = (axis: Axis) => train.extents[axis as keyof Program['extents']];
  for (const r of train.results) {
    const value = train.values[r.value]!;
    declare(
      r.tensor,
      'output',
      [
        ...r.axes.map(extent),
        ...(value.cols === 1 && !r.columns ? (r.axes.length ? [] : [1]) : [value.cols]),
      ],
      r.tensor === 'y_negative' ? 'i32' : 'f32',
    );
  }
  return [...tensors.values()];
}
