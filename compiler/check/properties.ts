/**
 * What each block can contain: the properties with their defaults and, for numbers, their ranges.
 *
 * Declarative, like `tables.ts`: both the checker and the language reference use it.
 */
import { largest, type NumberKind, natural, notNegative, real, share } from './tables.js';

/** A property of a block. */
export interface PropertyInfo {
  readonly about: string;
  /** As it would be written; absent = none. */
  readonly default?: string;
  /** Whether omitting it is an error, always or if others are omitted too. */
  readonly required?: true | { readonly without: readonly string[] };
}
export type PropertyTable = Readonly<Record<string, PropertyInfo>>;

/** The ranges of numeric properties and sizes. */
export const propertyKinds = {
  damping: { is: 'number', above: 0, max: 1 },
  sign: { is: 'number', among: [1, -1] },
  delay: { is: 'number', among: [0, 1] },
  dropout: share,
  lr_scale: notNegative,
  rate: notNegative,
  size: { is: 'number', integer: true, min: 1, max: largest.size },
  classes: { is: 'number', integer: true, min: 2, max: largest.size },
  steps: { is: 'number', integer: true, min: 1, max: largest.steps },
  index: { is: 'number', integer: true, min: 0, max: largest.count },
  scale: real,
  real,
  epochs: natural,
  batch: { is: 'number', integer: true, min: 1, max: largest.size },
  seed: { is: 'number', integer: true, min: 0, max: largest.seed },
  validation: share,
} as const satisfies Readonly<Record<string, NumberKind>>;

export const properties = {
  connection: {
    init: { default: 'kaiming_uniform()', about: 'initialization of the weights' },
    bias: {
      default: 'uniform(-1 / sqrt(fan_in), 1 / sqrt(fan_in))',
      about: 'initialization of the biases, or off',
    },
    sign: { default: '1', about: '1 adds, -1 subtracts' },
    delay: { default: '1', about: '1 reads the previous step, 0 the current one' },
    dropout: { default: '0', about: 'fraction of values dropped in training, in [0, 1)' },
    learn: { default: 'on', about: 'whether it is trained' },
    lr_scale: { default: '1', about: 'multiplier of the learning rate' },
    field: { about: 'patch([rows, columns], size, stride, maps): a local receptive field' },
    fast: { about: 'decay(lambda): fast weights instead of learned ones' },
    rate: { default: '0.1 / fan_in', about: 'scale of each outer product added to the fast weights' },
  },
  input: {
    normalize: { default: 'h', about: 'what the layers receive, in the values h' },
    embed: { about: 'LABEL(at, scale) writes the label over some columns, before normalize' },
  },
  layer: {
    activation: { default: 'leaky_relu(z, 0.01)', about: 'in z, the sum over the connections' },
    normalize: { default: 'rms_norm(h, 1e-8)', about: 'what other layers receive, in the activity h' },
    damping: { default: '1', about: 'weight of the new activity in each step, in (0, 1]' },
    objective: { about: 'name of the objective (default: the unnamed one)' },
    peer_norm: { default: '0', about: 'the strength, or peer_norm(strength, momentum)' },
    optimizer: { about: "for this layer (default: the model's)" },
  },
  decode: {
    loss: { default: 'mean((x - y)^2)', about: 'of one row, in the frame x and its reconstruction y' },
    activation: { default: 'z', about: 'in z, the sum over the layers' },
    init: { default: 'kaiming_uniform()', about: 'initialization of the weights' },
    bias: {
      default: 'uniform(-1 / sqrt(fan_in), 1 / sqrt(fan_in))',
      about: 'initialization of the bias, or off',
    },
    optimizer: { about: "for the decoder (default: the model's)" },
    lr_scale: { default: '1', about: 'multiplier of the learning rate' },
  },
  objective: {
    goodness: { required: true, about: 'a scalar per sample, in h' },
    positive: { required: { without: ['pair'] }, about: 'the loss on positive rows, in goodness' },
    negative: { required: { without: ['pair'] }, about: 'the loss on negative rows, in goodness' },
    pair: {
      required: { without: ['positive', 'negative'] },
      about: 'instead of both: the loss in pos and neg',
    },
    predict: {
      default: 'min',
      about: 'whether the label with the lowest (min) or highest (max) goodness is predicted',
    },
  },
  phase: {
    label: { default: 'given', about: 'given, uniform, hidden or mix(a, b, w)' },
    input: { default: 'frame(t)', about: 'frame(index) or hidden' },
    learn: { default: 'on', about: 'whether the layers learn at each step' },
    damping: { default: 'on', about: 'off: each step uses the new activity alone' },
  },
  train: {
    data: { required: true, about: 'the data set' },
    epochs: { default: '10', about: 'passes over the training split' },
    batch: { default: '100', about: 'samples per batch' },
    optimizer: { default: 'rmsprop(lr: 1e-4)', about: 'update rule of the parameters' },
    decay: { default: 'constant()', about: 'multiplier of the learning rates, by epoch' },
    seed: { default: '0', about: 'seed of all random numbers' },
    shuffle: { default: 'on', about: 'reshuffle in each epoch' },
    augment: {
      about:
        'random transformations of the training samples, new in each epoch: shift, rotate, noise, or a list of them',
    },
    validation: { default: '0', about: 'fraction of the training split held out for validation, in [0, 1)' },
  },
  evaluate: {
    batch: { default: '1000', about: 'samples per prediction batch' },
    data: { about: 'the data set (default: that of train)' },
  },
  model: {
    negatives: { default: 'random_label()', about: 'source of the negative labels or the negative data' },
    readout: { about: 'softmax(…): a classifier trained after the network, on its activities' },
  },
} as const satisfies Readonly<Record<string, PropertyTable>>;
export type Construct = keyof typeof properties;
