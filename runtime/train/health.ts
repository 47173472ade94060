/**
 * Warnings of training that fails although every number is finite: a silent layer, a layer whose goodness is out of
 * proportion, a network that gives every sample the same label. Each is reported once, with its likely cause.
 *
 * Only existing measurements are used. The expected goodness follows from the layer's formula: its
 * value when no unit is active, and how far activities of size 1 move it.
 */
import { derive, type Expr, evaluate, fromJson, variable } from '../../compiler/expr/index.js';
import type { ExpressionJson, Init, Layer, ModelDocument } from '../../compiler/model.js';
import type { Network } from '../../compiler/network.js';
import type { Diagnostic } from '../../grammar/diagnostic.js';
import type { Evaluation } from './evaluate.js';
import type { EvaluatedSplit, Measures, Position } from './progress.js';

/** Batches in a row that must agree: the first ones of a network are not typical. */
export const SILENT_BATCHES = 20;
export const LARGE_BATCHES = 10;
/** The goodness of activities thirty times as large as 1; if it is that large before training, this many times more. */
const OUT_OF_PROPORTION = 1e3;
const GROWN = 100;
/** Large enough to explain a constant prediction. */
const LARGE = 30;
/** Batches before which a constant prediction is normal. */
const EVALUATED_AFTER = 50;
const FEWEST_SAMPLES = 50;
const NEARLY_ALL = 0.99;

/** A layer's goodness at rest, and how far activities of size 1 move it. */
export interface GoodnessScale {
  readonly rest: number;
  readonly unit: number;
}

type Steps = Pick<Measures, 'stepsPositive' | 'stepsNegative'>;

/** The scale of a layer's goodness, from its formula. */
export function goodnessScale({ objectives }: ModelDocument, layer: Layer): GoodnessScale {
  const formula = inNames(objectives[layer.objective]!.goodness);
  const at = (activity: (i: number) => number) =>
    evaluate(
      formula,
      { h: Float64Array.from({ length: layer.size }, (_, i) => activity(i)) },
      layer.size,
    ) as number;
  const rest = at(() => 0);
  const unit = Math.max(Math.abs(at(() => 1) - rest), Math.abs(at((i) => (i % 2 ? -1 : 1)) - rest));
  return { rest, unit };
}

/** Whether a layer's goodness is at rest in every learning step of every batch; `layer` counts from 0. */
export function isSilent(
  batches: readonly Steps[],
  layer: number,
  layers: number,
  scale: GoodnessScale,
): boolean {
  // A nonzero goodness at rest is rounded to f32.
  const margin = Math.max(1e-12 * scale.unit, 1e-6 * Math.abs(scale.rest));
  return (
    Number.isFinite(scale.rest) &&
    batches.every((batch) => ofLayer(batch, layer, layers).every((g) => Math.abs(g - scale.rest) <= margin))
  );
}

/**
 * Whether a layer's goodness is out of proportion in all of the batches, and, if it was so in the `first`
 * batch before its first update, has grown far beyond that.
 */
export function isOutOfProportion(
  batches: readonly Steps[],
  first: Steps,
  layer: number,
  layers: number,
  scale: GoodnessScale,
): boolean {
  const size = (batch: Steps) => largest(batch, layer, layers, scale);
  const most = Math.max(OUT_OF_PROPORTION * scale.unit, GROWN * size(beforeLearning(first, layers)));
  return scale.unit > 0 && batches.every((batch) => size(batch) > most);
}

/** The first learning step of a batch, before any of its updates. */
function beforeLearning({ stepsPositive, stepsNegative }: Steps, layers: number): Steps {
  return { stepsPositive: stepsPositive.slice(0, layers), stepsNegative: stepsNegative.slice(0, layers) };
}

/** The largest distance of a layer's goodness from rest in a batch. */
function largest(batch: Steps, layer: number, layers: number, { rest }: GoodnessScale): number {
  return ofLayer(batch, layer, layers).reduce((most, g) => Math.max(most, Math.abs(g - rest)), 0);
}

/**
 * The class predicted for nearly all samples although most belong to others, and the count; undefined if there is
 * none.
 */
export function onlyClass({ confusion, samples }: Evaluation): { label: number; count: number } | undefined {
  if (samples < FEWEST_SAMPLES) return undefined;
  const predicted = confusion.map((_, label) => confusion.reduce((sum, row) => sum + row[label]!, 0));
  const label = predicted.findIndex((count) => count >= NEARLY_ALL * samples);
  if (label < 0) return undefined;
  const own = confusion[label]!.reduce((sum, n) => sum + n, 0);
  return own > samples / 2 ? undefined : { label, count: predicted[label]! };
}

/** Goodness of both kinds of rows in a batch's learning steps. */
function ofLayer({ stepsPositive, stepsNegative }: Steps, layer: number, layers: number): number[] {
  return [...stepsPositive, ...stepsNegative].filter((_, i) => i % layers === layer);
}

export interface HealthWatch {
  /** After each batch: its warnings. */
  batch(measures: Measures, position: Position): readonly Diagnostic[];
  /** After each evaluation of a split. */
  evaluated(split: EvaluatedSplit, evaluation: Evaluation, position: Position): readonly Diagnostic[];
}

/** Watches a network train: RFF721 to RFF723, each at most once. */
export function watchHealth(network: Network): HealthWatch {
  const { document, layers, purpose } = network;
  const watched = layers.map((name) => document.layers.find((layer) => layer.name === name)!);
  const scales = watched.map((layer) => goodnessScale(document, layer));
  const told = new Set<string>();
  const recent: Measures[] = [];
  let first: Measures | undefined;
  const wasActive = new Set<string>();
  /** The largest distance from rest of each layer's goodness so far. */
  const most = layers.map(() => 0);
  const once = (
    code: string,
    find: () => Omit<Diagnostic, 'code' | 'severity'> | undefined,
  ): Diagnostic[] => {
    const found = told.has(code) ? undefined : find();
    if (!found) return [];
    told.add(code);
    return [{ code, severity: 'warning', ...found }];
  };

  return {
    batch(measures, position) {
      first ??= measures;
      recent.push(measures);
      if (recent.length > SILENT_BATCHES) recent.shift();
      const is = (test: (i: number) => boolean) => watched.filter((_, i) => test(i));
      for (const layer of is((i) => !isSilent([measures], i, layers.length, scales[i]!)))
        wasActive.add(layer.name);
      for (let i = 0; i < layers.length; i++)
        most[i] = Math.max(most[i]!, largest(measures, i, layers.length, scales[i]!));
      const place = `at batch ${position.batch}, epoch ${position.epoch + 1}`;
      const silent = once('RFF721', () => {
        if (recent.length < SILENT_BATCHES) return undefined;
        const dead = is((i) => isSilent(recent, i, layers.length, scales[i]!));
        if (dead.length === 0) return undefined;
        const message = `${namesOf(dead)} silent ${place}: no active unit for ${SILENT_BATCHES} batches`;
        return { message, hint: causeOfSilence(document, dead[0]!, wasActive.has(dead[0]!.name)) };
      });
      const large = once('RFF722', () => {
        const last = recent.slice(-LARGE_BATCHES);
        if (last.length < LARGE_BATCHES) return undefined;
        const found = is((i) => isOutOfProportion(last, first!, i, layers.length, scales[i]!));
        if (found.length === 0) return undefined;
        const index = watched.indexOf(found[0]!);
        const reached = Math.max(...ofLayer(measures, index, layers.length).map(Math.abs)).toExponential(1);
        const message =
          `${namesOf(found)} exploding ${place}: goodness ${reached}, while activities of 1 have ` +
          `${Number(scales[index]!.unit.toPrecision(3))}`;
        return { message, hint: causeOfExplosion(document, found[0]!, scales[index]!) };
      });
      return [...silent, ...large];
    },
    evaluated(split, evaluation, position) {
      if (position.trained < EVALUATED_AFTER) return [];
      return once('RFF723', () => {
        const only = onlyClass(evaluation);
        if (!only) return undefined;
        const message =
          `class ${only.label} is predicted for ${only.count} of ${evaluation.samples} ${split} samples ` +
          `after epoch ${position.epoch + 1}`;
        return { message, hint: causeOfOneClass() };
      });
    },
  };

  function causeOfOneClass(): string {
    const last = recent.at(-1);
    const broken = told.has('RFF721') ? 'is silent' : told.has('RFF722') ? 'explodes' : undefined;
    if (broken) return `a layer ${broken}: see the warning about it`;
    if (purpose === 'readout')
      return 'lower the learning rate of the readout, for example `readout: softmax(optimizer: sgd(lr: 0.01))`';
    const beyond = (times: number, size: (i: number) => number) =>
      watched.find((_, i) => scales[i]!.unit > 0 && size(i) > times * scales[i]!.unit);
    const large =
      first &&
      beyond(LARGE, (i) => largest(beforeLearning(first!, layers.length), i, layers.length, scales[i]!));
    if (large)
      return (
        `the goodness of \`${large.name}\` is large before training: use a smaller \`init\`, or scale the ` +
        'data down (`normalize`)'
      );
    const risen = beyond(LARGE, (i) => most[i]!);
    const rate = rateToTry(document, risen ?? watched[0]);
    if (risen)
      return `the goodness of \`${risen.name}\` rose to ${most[watched.indexOf(risen)]!.toPrecision(2)}: ${rate}`;
    const gap = (i: number) => Math.abs(last!.goodnessPositive[i]! - last!.goodnessNegative[i]!);
    return last && watched.every((_, i) => gap(i) <= 1e-3 * scales[i]!.unit)
      ? 'positive and negative rows have the same goodness, so the label has hardly any effect: use a ' +
          'larger `init` for its connections, or train for more epochs'
      : `train for more epochs; or ${rate}`;
  }
}

function namesOf(layers: readonly Layer[]): string {
  const names = layers.map(({ name }) => `\`${name}\``);
  return names.length === 1
    ? `layer ${names[0]} is`
    : `layers ${names.slice(0, -1).join(', ')} and ${names.at(-1)} are`;
}

function causeOfSilence(document: ModelDocument, layer: Layer, wasActive: boolean): string {
  const into = document.connections.filter(({ target }) => target === layer.name);
  if (!wasActive && into.every(({ init, bias }) => isZero(init) && (bias === null || isZero(bias))))
    return (
      `every weight into \`${layer.name}\` starts at zero, where its goodness has no gradient: \`init: ` +
      'kaiming_uniform()`'
    );
  const activation = inNames(layer.activation);
  const at = (z: number) => (evaluate(activation, { z: Float64Array.of(z) }) as Float64Array)[0]!;
  const rate = rateToTry(document, layer);
  const leaky = '`activation: leaky_relu(z, 0.01)` lets units recover';
  if (at(-1) === 0 && at(1) === 0)
    return `no unit reaches the threshold of \`activation\`: lower it, or use a larger \`init\``;
  if (at(-1) === 0)
    return wasActive
      ? `units below zero are silent and learn nothing: ${leaky}; ${rate}`
      : `units below zero are silent and learn nothing: ${leaky}, or change \`init\` or \`bias\``;
  return `${rate}; or change the losses: both may drive goodness to zero`;
}

function causeOfExplosion(document: ModelDocument, layer: Layer, { rest, unit }: GoodnessScale): string {
  const { positive, negative } = document.objectives[layer.objective]!;
  const goodness = variable('goodness', 'row');
  for (const [key, json] of Object.entries({ positive, negative })) {
    if (json === null) continue;
    const slope = derive(inNames(json), goodness);
    // A loss that still decreases there is unbounded.
    if ((evaluate(slope, { goodness: rest + OUT_OF_PROPORTION * unit }, layer.size) as number) < -1e-6)
      return (
        `\`${key}\` decreases without bound as goodness grows: bound it, for example \`${key}: ` +
        'softplus(theta - goodness)`'
      );
  }
  return `${rateToTry(document, layer)}; or scale the data down (\`normalize\`)`;
}

/** The suggestion of a tenth of a layer's learning rate. */
function rateToTry({ train }: ModelDocument, layer: Layer | undefined): string {
  const { name, lr } = layer?.optimizer ?? train.optimizer;
  return (
    `lower the learning rate, for example to a tenth: \`optimizer: ${name}(lr: ` +
    `${Number((lr / 10).toPrecision(3))})\``
  );
}

function isZero(init: Init): boolean {
  return init.name === 'zeros' || (init.name === 'constant' && init.value === 0);
}

/** A formula in `z`, `h` and `goodness`. */
function inNames(json: ExpressionJson): Expr {
  return fromJson(
    json,
    new Map([
      ['z', variable('z', 'element')],
      ['h', variable('h', 'element')],
      ['goodness', variable('goodness', 'row')],
      ['n', variable('n', 'row')],
    ]),
  );
}
