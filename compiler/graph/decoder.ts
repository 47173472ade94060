/**
 * The decoder: a linear map from the layers' activities back to the input that learns beside the network, locally. What
 * it reads are constants to it, and nothing of the network reads it.
 */
import {
  add,
  constant,
  derive,
  type Expr,
  fromJson,
  mul,
  substitute,
  variable,
  width,
} from '../expr/index.js';
import type { Decoder, ModelDocument } from '../model.js';
import type { Value } from './graph.js';
import type { LayerStep, Lowering } from './lowering.js';
import { z } from './rules.js';
import { parameterId, type TensorId } from './tensors.js';
import { type Step, timeline } from './timeline.js';

const x = variable('x', 'element');
const y = variable('y', 'element');

/** A layer's share of the decoder's parameters: `image.h1.decode`; the first has the bias. */
const shareOf = (input: string, layer: string): string => `${input}.${layer}.decode`;

/** The decoder's parameters, in order, each with the layer whose activities it multiplies; of a bias, null. */
export function decoderParameters(
  document: ModelDocument,
): readonly (TensorId & { readonly reads: string | null })[] {
  const { decoder, input } = document;
  if (!decoder) return [];
  return [
    ...decoder.layers.map((layer) => ({
      ...parameterId(`${shareOf(input.name, layer)}.weight`, 2),
      reads: layer,
    })),
    ...(decoder.bias
      ? [{ ...parameterId(`${shareOf(input.name, decoder.layers[0]!)}.bias`, 1), reads: null }]
      : []),
  ];
}

/** Whether the decoder learns in a step: it does where the network learns and a frame is shown. */
export const decodes = ({ phase }: Step): boolean => phase.learn && phase.input.name === 'frame';

/**
 * Σ s · Dᵀ + b, before the activation, [rows, input size].
 *
 * @param activityOf the normalized activity of a layer
 */
function preimage(low: Lowering, activityOf: (layer: string) => Value): Value {
  const { document, build } = low;
  const d = document.input.size;
  const bindings: Record<string, Value> = {};
  const terms = decoderParameters(document).map(({ reads, ...tensor }, i): Expr => {
    const s = reads === null ? undefined : activityOf(reads);
    bindings[`p${i}`] = s
      ? build.product(s, low.parameter(tensor, d, s.cols), shareOf(document.input.name, reads!))
      : low.parameter(tensor, 1, d);
    return variable(`p${i}`, 'element');
  });
  return build.map(terms.reduce(add), bindings, d, `${document.input.name}.decode.z`, d);
}

const activationOf = (decoder: Decoder): Expr =>
  fromJson(
    decoder.activation,
    new Map<string, Expr>([
      ['z', z],
      ['n', width],
    ]),
  );

/** The reconstruction y of what the layers do, [rows, input size]. */
export function decode(low: Lowering, decoder: Decoder, activityOf: (layer: string) => Value): Value {
  const d = low.document.input.size;
  const name = `${low.document.input.name}.decode`;
  return low.build.map(activationOf(decoder), { z: preimage(low, activityOf) }, d, name, d);
}

/**
 * One step of the decoder's learning, on the positive rows: the gradient of the mean loss over the batch.
 *
 * @param frame the step's frame as it comes
 * @param index of this step among those in which the decoder learns
 * @returns the mean loss, one number
 */
export function learnToDecode(
  low: Lowering,
  decoder: Decoder,
  frame: Value,
  layers: readonly LayerStep[],
  index: number,
): Value {
  const { build, document } = low;
  const { sample } = low.extents;
  const { input } = document;
  const d = input.size;
  const activityOf = (name: string): Value =>
    build.part(layers.find((at) => at.layer.name === name)!.s, 'positive');
  const bindings = { z: preimage(low, activityOf), x: build.part(frame, 'positive') };
  const loss = substitute(
    fromJson(
      decoder.loss,
      new Map<string, Expr>([
        ['x', x],
        ['y', y],
        ['n', width],
      ]),
    ),
    new Map([[y, activationOf(decoder)]]),
  );
  const slope = substitute(derive(mul(loss, constant(1 / sample)), z), new Map([[width, constant(d)]]));
  const dz = build.map(slope, bindings, d, `${input.name}.decode.dz`, d, 'z');
  // Where the slope reads no sample (a loss in y alone, of layers that hear no input), a row stands for all.
  const scale = dz.axes.includes('sample') ? 1 : sample;
  const perBatch = timeline(document).filter(decodes).length;
  const moves = decoderParameters(document).map(({ reads, ...tensor }) => ({
    tensor,
    gradient:
      reads === null
        ? build.total(dz, scale, `${tensor.name}.gradient`)
        : build.outer(dz, activityOf(reads), scale, `${tensor.name}.gradient`),
  }));
  const lossValue = build.mean(
    build.map(loss, bindings, d, `${input.name}.decode.loss`),
    'all',
    'decode_loss',
  );
  for (const { tensor, gradient } of moves)
    low.update(
      tensor,
      gradient,
      decoder.optimizer ?? document.train.optimizer,
      decoder.lr_scale,
      perBatch,
      index,
    );
  return lossValue;
}
