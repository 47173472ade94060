/**
 * Divergence: a loss or a goodness that is infinite or NaN, where it appeared first, and what most
 * likely caused it.
 *
 * The cause is searched where it can be proved: in the batch's samples, then in the layer's formulas, evaluated at a
 * row of zeros and far from zero. If these are finite, the model has diverged, nearly always by its learning rate.
 */
import { type Expr, evaluate, fromJson, type RowValue, show, variable } from '../../compiler/expr/index.js';
import type { TensorInfo } from '../../compiler/graph/tensors.js';
import type { ExpressionJson, Layer, ModelDocument, Optimizer } from '../../compiler/model.js';
import type { Network } from '../../compiler/network.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';

/** A batch's results: [learnSteps, layers] each, and the cross-entropy of the trained classifier, null without one. */
export interface BatchResults {
  readonly loss: Float32Array;
  readonly goodnessPositive: Float32Array;
  readonly goodnessNegative: Float32Array;
  readonly classifierLoss: number | null;
  /** The decoder's mean loss, null without one. */
  readonly decodeLoss: number | null;
}

/** The largest f32: larger values overflow in every engine. */
const LARGEST = 3.4028234663852886e38;
/** Where formulas are tested: larger than any activity of a network that learns, and its exp overflows. */
const FAR = 1000;

const finite = (value: number) => Math.abs(value) <= LARGEST;

/**
 * RFF712 for a batch with a non-finite result, naming the layer, the step and the likely cause; undefined for any
 * other.
 *
 * @param at the position before the batch
 * @param x the batch's samples, [frames, batch, d] or a part of the leading axes
 */
export function divergence(
  results: BatchResults,
  network: Network,
  at: { readonly epoch: number; readonly batch: number; readonly trained: number },
  x: ArrayLike<number>,
): RffcError | undefined {
  const { document, layers } = network;
  const place = `batch ${at.batch + 1}, epoch ${at.epoch + 1}`;
  const kinds = [
    ['loss', results.loss],
    ['goodness of positive data', results.goodnessPositive],
    ['goodness of negative data', results.goodnessNegative],
  ] as const;
  // In order of time: later ones are consequences.
  for (let k = 0; k < results.loss.length; k++) {
    const bad = kinds.find(([, values]) => !Number.isFinite(values[k]!));
    if (!bad) continue;
    const layer = document.layers.find(({ name }) => name === layers[k % layers.length])!;
    const step = Math.floor(k / layers.length);
    const value = bad[1][k]!;
    const message = `the ${bad[0]} of layer \`${layer.name}\` is ${value} at ${stepOf(document, step)}, ${place}`;
    const untouched = at.trained === 0 && step === 0;
    return failure('RFF712', message, { hint: likelyCause(document, layer, value, untouched, x) });
  }
  const { classifierLoss, decodeLoss } = results;
  if (decodeLoss !== null && !Number.isFinite(decodeLoss)) {
    return failure('RFF712', `the loss of the decoder is ${decodeLoss} at ${place}`, {
      hint: 'lower the learning rate of its own optimizer: `decode … { optimizer: … }`',
    });
  }
  if (classifierLoss !== null && !Number.isFinite(classifierLoss)) {
    const [what, call] =
      network.purpose === 'readout' ? ['readout', 'softmax'] : ['latent classifier', 'latent_classifier'];
    return failure('RFF712', `the loss of the ${what} is ${classifierLoss} at ${place}`, {
      hint: `lower the learning rate of its own optimizer: \`${call}(optimizer: …)\``,
    });
  }
  return undefined;
}

/**
 * RFF712 for a parameter or optimizer state with a value that is not finite, at a position between two batches;
 * undefined where all are finite. An activation such as relu takes NaN for 0, so the losses do not always tell.
 *
 * @param infos what the tensors are; one that is not among them belongs to no layer
 */
export function tensorDivergence(
  tensors: ReadonlyMap<string, { readonly data: ArrayBufferView }>,
  infos: readonly TensorInfo[],
  document: ModelDocument,
  { epoch, batch }: { readonly epoch: number; readonly batch: number },
): RffcError | undefined {
  for (const [name, { data }] of tensors) {
    const bad = data instanceof Float32Array ? data.find((value) => !Number.isFinite(value)) : undefined;
    if (bad === undefined) continue;
    const place = batch === 0 ? `after epoch ${epoch}` : `after batch ${batch} of epoch ${epoch + 1}`;
    const owner = infos.find((info) => info.name === name)?.layer;
    const layer = document.layers.find((one) => one.name === owner);
    const hint = layer ? likelyCause(document, layer, bad, false, []) : 'lower the learning rate';
    return failure('RFF712', `\`${name}\` holds ${bad} ${place}`, { hint });
  }
  return undefined;
}

/** The step and phase of a learning step, which counts from 0 over all phases that learn. */
function stepOf(document: ModelDocument, learningStep: number): string {
  let step = learningStep;
  for (const { name, steps, learn } of document.phases) {
    if (!learn) continue;
    if (step < steps) return `step ${step} of phase \`${name}\``;
    step -= steps;
  }
  return `learning step ${learningStep}`;
}

function likelyCause(
  document: ModelDocument,
  layer: Layer,
  value: number,
  untouched: boolean,
  x: ArrayLike<number>,
): string {
  return (
    causeInData(document, x) ??
    (Number.isNaN(value) ? causeInNormalize(document, layer) : undefined) ??
    causeInActivation(layer) ??
    causeInObjective(document, layer) ??
    (untouched
      ? 'no weight has been updated yet: use a smaller `init`, or scale the data down'
      : causeInRate(document, layer))
  );
}

/** A sample that is not finite, or whose normalization is not. */
function causeInData({ input }: ModelDocument, x: ArrayLike<number>): string | undefined {
  const formula = input.normalize === null ? undefined : elementwise(input.normalize, 'h');
  const row = new Float64Array(input.size);
  for (let start = 0; start < x.length; start += input.size) {
    for (let i = 0; i < input.size; i++) row[i] = x[start + i]!;
    const bad = row.find((value) => !Number.isFinite(value));
    if (bad !== undefined) return `the data contains ${bad}: fix or remove that sample`;
    // An embedded label fills some columns, so a row of zeros would not stay one.
    if (!formula || input.embed || fine(evaluate(formula, { h: row }, input.size))) continue;
    const what = row.every((value) => value === 0) ? 'that is all zeros' : 'of this batch';
    return (
      `\`normalize: ${show(formula)}\` of \`${input.name}\` divides by zero for a sample ${what}: add a ` +
      'small number to the divisor'
    );
  }
  return undefined;
}

/** A source layer whose normalization divides by zero when all of its units are silent. */
function causeInNormalize(
  { layers, connections, fast_weights }: ModelDocument,
  layer: Layer,
): string | undefined {
  for (const { source } of [...connections, ...fast_weights].filter(({ target }) => target === layer.name)) {
    const heard = layers.find(({ name }) => name === source);
    if (!heard) continue;
    const formula = elementwise(heard.normalize, 'h');
    if (fine(evaluate(formula, { h: new Float64Array(heard.size) }, heard.size))) continue;
    return (
      `\`normalize: ${show(formula)}\` of \`${heard.name}\` divides by zero if no unit is active, as before ` +
      'the first step: add a small number, as in `h / sqrt(mean(h^2) + 1e-8)`'
    );
  }
  return undefined;
}

function causeInActivation(layer: Layer): string | undefined {
  const formula = elementwise(layer.activation, 'z');
  for (const z of [0, FAR, -FAR]) {
    const found = evaluate(formula, { z: Float64Array.of(z) }, 1);
    if (!fine(found))
      return (
        `\`activation: ${show(formula)}\` of \`${layer.name}\` ${trouble(found)} at z = ${z}: bound it, for ` +
        'example with min(z, 20)'
      );
  }
  return undefined;
}

function causeInObjective({ objectives }: ModelDocument, layer: Layer): string | undefined {
  const objective = objectives[layer.objective]!;
  const goodness = elementwise(objective.goodness, 'h');
  for (const activity of [0, FAR, -FAR]) {
    const h = new Float64Array(layer.size).fill(activity);
    const reached = evaluate(goodness, { h }, layer.size);
    const where = `where each activity of \`${layer.name}\` is ${activity}`;
    if (!fine(reached)) return `\`goodness: ${show(goodness)}\` ${trouble(reached)} ${where}`;
    for (const [key, json] of [
      ['positive', objective.positive],
      ['negative', objective.negative],
    ] as const) {
      if (json === null) continue;
      const formula = fromJson(json, new Map([['goodness', variable('goodness', 'row')]]));
      const found = evaluate(formula, { goodness: reached });
      if (!fine(found))
        return `\`${key}: ${show(formula)}\` of the objective ${trouble(found)} ${where}: softplus grows only linearly`;
    }
  }
  return undefined;
}

/** A common initial learning rate per optimizer. */
const COMMON: Readonly<Record<Optimizer['name'], number>> = {
  sgd: 0.1,
  rmsprop: 1e-3,
  adam: 1e-3,
  adamw: 1e-3,
  adadelta: 1,
};

function causeInRate({ train }: ModelDocument, layer: Layer): string {
  const { name, lr } = layer.optimizer ?? train.optimizer;
  const call = (rate: number) => `\`optimizer: ${name}(lr: ${rateText(rate)})\``;
  const common = COMMON[name];
  // A tenth of 1e30 would be no help.
  if (lr > 10 * common)
    return `the learning rate of ${rateText(lr)} is far too high for ${name}: start from ${call(common)}`;
  return `the learning rate of ${rateText(lr)} is too high: try a tenth, ${call(lr / 10)}, or a smaller \`init\``;
}

/** As one writes it: `0.05`, `1e-3`, `1e30`. */
function rateText(rate: number): string {
  const short = Number(rate.toPrecision(3));
  return short >= 0.01 && short < 1e5 ? String(short) : short.toExponential().replace('e+', 'e');
}

/** A formula of one variable with a value per unit; `evaluate` knows `n`. */
function elementwise(json: ExpressionJson, name: string): Expr {
  const scope = new Map([
    [name, variable(name, 'element')],
    ['n', variable('n', 'row')],
  ]);
  return fromJson(json, scope);
}

function fine(value: RowValue): boolean {
  return typeof value === 'number' ? finite(value) : value.every(finite);
}

function trouble(value: RowValue): string {
  const bad = typeof value === 'number' ? value : (value.find((one) => !finite(one)) ?? Number.NaN);
  return Number.isNaN(bad) ? 'is not a number' : 'overflows';
}
