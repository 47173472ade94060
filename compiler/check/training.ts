/** Reads how a model is trained and evaluated: `negatives`, `train` and `evaluate`. */
import type { EvaluateDeclaration, Property, TrainDeclaration } from '../../grammar/ast.js';
import { evaluate } from '../expr/evaluate.js';
import { constant, fromJson } from '../expr/index.js';
import type {
  Augmentation,
  DataSpec,
  Decay,
  Evaluate,
  Negatives,
  Optimizer,
  Phase,
  Readout,
  Train,
} from '../model.js';
import { all, type Context, readProperties, whole } from './context.js';
import { numbers } from './expressions.js';
import { keyword, mark } from './places.js';
import { propertyKinds } from './properties.js';
import { type CallValue, largest } from './tables.js';
import { numberProperty, readCall, switchProperty } from './values.js';

/** The table's fields are the document's; the default grid is the square of `inputSize` values. */
export function readNegatives(
  cx: Context,
  property: Property | undefined,
  inputSize: number | undefined,
): Negatives | undefined {
  if (!property) return { name: 'random_label' };
  const span = property.value?.span ?? property.span;
  cx.spans.set('negatives', span);
  const call = readCall(cx, property.value, 'negatives', numbers('`negatives`'));
  if (call?.name !== 'hybrid_images' || call.grid !== 'square') return call as Negatives | undefined;
  if (inputSize === undefined) return undefined;
  const side = Math.sqrt(inputSize);
  if (!Number.isInteger(side))
    return cx.report.error(
      'RFF321',
      span,
      `\`hybrid_images\` needs a grid: ${inputSize} values do not make a square image`,
      'write `hybrid_images(grid: [rows, columns])`',
    );
  return { ...call, grid: [side, side] } as unknown as Negatives;
}

/** The readout of a model; null without one, undefined if it has an error. */
export function readReadout(cx: Context, property: Property | undefined): Readout | null | undefined {
  if (!property) return null;
  cx.spans.set('readout', property.value?.span ?? property.span);
  return readCall(cx, property.value, 'readout', numbers('`readout`')) as Readout | undefined;
}

type Partial<T> = { readonly [K in keyof T]: T[K] | undefined };

/** What is known about the schedule, for data that is cut to its length. */
export type Phases = readonly { readonly [K in keyof Phase]?: Phase[K] | undefined }[];

/** What is known about `train`; undefined without one. */
export function readTrain(cx: Context, declaration: TrainDeclaration, phases: Phases): Partial<Train> {
  const head = keyword(declaration.span, 'train');
  cx.spans.set('train', head);
  const properties = readProperties(cx, 'train', '`train`', declaration.properties);
  mark(cx, 'train', properties);
  const get = (key: string) => properties.get(key);
  const data = get('data');
  if (!data && !cx.incomplete)
    cx.report.error(
      'RFF510',
      head,
      '`train` requires `data`',
      'for example `data: digits()`, which is built in',
    );
  const optimizer = get('optimizer');
  const decay = get('decay');
  return {
    data: readData(cx, data, phases),
    ...augmented(cx, get('augment')),
    epochs: numberProperty(cx, get('epochs'), propertyKinds.epochs, 10),
    batch: numberProperty(cx, get('batch'), propertyKinds.batch, 100),
    optimizer: optimizer
      ? (readCall(cx, optimizer.value, 'optimizer', numbers('`optimizer`')) as Optimizer | undefined)
      : { name: 'rmsprop', lr: 1e-4, alpha: 0.99, eps: 1e-8, momentum: 0 },
    decay: decay
      ? (readCall(cx, decay.value, 'decay', numbers('`decay`')) as Decay | undefined)
      : { name: 'constant' },
    seed: numberProperty(cx, get('seed'), propertyKinds.seed, 0),
    shuffle: switchProperty(cx, get('shuffle'), true),
    validation: numberProperty(cx, get('validation'), propertyKinds.validation, 0),
  };
}

/** What is known about `evaluate`; its defaults without one. */
export function readEvaluate(
  cx: Context,
  declaration: EvaluateDeclaration | undefined,
  phases: Phases,
): Partial<Evaluate> {
  if (!declaration) return { batch: 1000, data: null };
  cx.spans.set('evaluate', keyword(declaration.span, 'evaluate'));
  const properties = readProperties(cx, 'evaluate', '`evaluate`', declaration.properties);
  mark(cx, 'evaluate', properties);
  const data = properties.get('data');
  return {
    batch: numberProperty(cx, properties.get('batch'), propertyKinds.batch, 1000),
    data: data ? readData(cx, data, phases) : null,
  };
}

function readData(cx: Context, property: Property | undefined, phases: Phases): DataSpec | undefined {
  const call: CallValue | undefined = readCall(cx, property?.value, 'data', numbers('`data`'));
  if (!call) return undefined;
  const { name, ...given } = call;
  const options = name === 'strokes' ? { frames: framesRead(phases), ...given } : given;
  return whole<DataSpec>({ name, options: options as DataSpec['options'] });
}

/** The number of frames that a schedule reads: one more than the highest index in any step. */
function framesRead(phases: Phases): number {
  let frames = 1;
  for (const { steps, input } of phases) {
    if (input?.name !== 'frame') continue;
    for (let t = 0; t < (steps ?? 0); t++) {
      const index = evaluate(fromJson(input.index, new Map([['t', constant(t)]])), {}) as number;
      if (Number.isFinite(index)) frames = Math.max(frames, Math.floor(index) + 1);
    }
  }
  return Math.min(frames, largest.steps);
}

/** `augment`: one call or a list of calls; absent if there are none. */
function augmented(cx: Context, property: Property | undefined): Partial<Pick<Train, 'augment'>> | object {
  const value = property?.value;
  if (!value) return {};
  const calls = value.kind === 'list' ? value.items : [value];
  if (calls.length === 0) {
    cx.report.error(
      'RFF503',
      value.span,
      '`augment` takes a call or a list of calls, not an empty list',
      'delete it, or write for example `augment: shift(2)`',
    );
    return { augment: undefined };
  }
  const scope = numbers('`augment`');
  return {
    augment: all(calls.map((call) => readCall(cx, call, 'augment', scope) as Augmentation | undefined)),
  };
}
