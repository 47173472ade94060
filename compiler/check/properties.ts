/**
 * What can stand in each block: the properties with their defaults and, where they are numbers, their ranges.
 *
 * Declarative, as `tables.ts` is: the checker knows properties by these, and so does the language reference.
 */
import { largest, type NumberKind, natural, notNegative, real, share } from './tables.js';

/** A property of a block. */
export interface PropertyInfo {
  readonly about: string;
  /** As it would be written; absent = none. */
  readonly default?: string;
  /** Whether leaving it out is an error, always or where others are left out too. */
  readonly required?: true | { readonly without: readonly string[] };
}
export type PropertyTable = Readonly<Record<string, PropertyInfo>>;

/** The ranges of properties and sizes that are numbers. */
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
    init: { default: 'kaiming_uniform()', about: 'how the weights start' },
    bias: { default: 'uniform(-1 / sqrt(fan_in), 1 / sqrt(fan_in))', about: 'how the biases start, or off' },
    sign: { default: '1', about: '1 adds, -1 subtracts' },
    delay: { default: '1', about: '1 reads the step before, 0 this step' },
    dropout: { default: '0', about: 'the share of values dropped while training, in [0, 1)' },
    learn: { default: 'on', about: 'whether training moves it' },
    lr_scale: { default: '1', about: 'a factor on the learning rate' },
    field: { about: 'patch([rows, columns], size, stride, maps): a local receptive field' },
    fast: { about: 'decay(lambda): fast weights in the place of learned ones' },
    rate: { default: '0.1 / fan_in', about: 'the factor on each outer product that fast weights take in' },
  },
  input: {
    normalize: { default: 'h', about: 'what the layers see of the values h' },
    embed: { about: 'LABEL(at, scale) writes the label over some columns, before normalize' },
  },
  layer: {
    activation: { default: 'leaky_relu(z, 0.01)', about: 'in z, the sum over the connections' },
    normalize: { default: 'rms_norm(h, 1e-8)', about: 'what the other layers see of the activity h' },
    damping: { default: '1', about: 'the share of the new activity in each step, in (0, 1]' },
    objective: { about: 'the name of the objective; without one, the objective without a name' },
    peer_norm: { default: '0', about: 'the strength, or peer_norm(strength, momentum)' },
    optimizer: { about: "this layer's own; without one, the model's" },
  },
  decode: {
    loss: { default: 'mean((x - y)^2)', about: 'of one row, in the frame x and its reconstruction y' },
    activation: { default: 'z', about: 'in z, the sum over the layers' },
    init: { default: 'kaiming_uniform()', about: 'how the weights start' },
    bias: { default: 'uniform(-1 / sqrt(fan_in), 1 / sqrt(fan_in))', about: 'how the bias starts, or off' },
    optimizer: { about: "the decoder's own; without one, the model's" },
    lr_scale: { default: '1', about: 'a factor on the learning rate' },
  },
  objective: {
    goodness: { required: true, about: 'a scalar per row, in h' },
    positive: { required: { without: ['pair'] }, about: 'the loss on positive rows, in goodness' },
    negative: { required: { without: ['pair'] }, about: 'the loss on negative rows, in goodness' },
    pair: {
      required: { without: ['positive', 'negative'] },
      about: 'instead of both: the loss in pos and neg',
    },
    predict: {
      default: 'min',
      about: 'whether the label of least (min) or greatest (max) goodness is predicted',
    },
  },
  phase: {
    label: { default: 'given', about: 'given, uniform, hidden or mix(a, b, w)' },
    input: { default: 'frame(t)', about: 'frame(index) or hidden' },
    learn: { default: 'on', about: 'whether the layers learn at each step' },
    damping: { default: 'on', about: 'off: each step takes the whole new activity' },
  },
  train: {
    data: { required: true, about: 'the data set' },
    epochs: { default: '10', about: 'passes over the training split' },
    batch: { default: '100', about: 'samples a step' },
    optimizer: { default: 'rmsprop(lr: 1e-4)', about: 'how the parameters move' },
    decay: { default: 'constant()', about: 'the factor on the rates, by epoch' },
    seed: { default: '0', about: 'of all random numbers' },
    shuffle: { default: 'on', about: 'a new order each epoch' },
    augment: {
      about:
        'small changes to the training samples, new in each epoch: shift, rotate, noise, or a list of them',
    },
    validation: { default: '0', about: 'the share of the training split kept aside, in [0, 1)' },
  },
  evaluate: {
    batch: { default: '1000', about: 'samples predicted at a time' },
    data: { about: "the data set; without one, train's" },
  },
  model: {
    negatives: { default: 'random_label()', about: 'where negative labels, or negative data, come from' },
    readout: { about: 'softmax(…): a classifier that is trained after the network, on its activities' },
  },
} as const satisfies Readonly<Record<string, PropertyTable>>;
export type Construct = keyof typeof properties;
