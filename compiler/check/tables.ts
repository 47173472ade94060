/**
 * What can be called where: initializations, optimizers, decays, data sets, negatives and the schedule's modes.
 *
 * Declarative: the checker, suggestions and the language reference all use these tables. `field` is a parameter's name
 * in the model document if that differs.
 */

export interface NumberKind {
  readonly is: 'number';
  readonly integer?: true;
  /** At least. */
  readonly min?: number;
  /** More than. */
  readonly above?: number;
  /** At most. */
  readonly max?: number;
  /** Less than. */
  readonly below?: number;
  /** One of these. */
  readonly among?: readonly number[];
}
export type Kind =
  | NumberKind
  /** `on` or `off`. */
  | { readonly is: 'switch' }
  | { readonly is: 'word'; readonly among: readonly string[] }
  | { readonly is: 'text' }
  /** `[28, 28]`, one kind per item. */
  | { readonly is: 'list'; readonly items: readonly NumberKind[] }
  /** `all`, a layer, or a list of layers. */
  | { readonly is: 'layers' }
  | { readonly is: 'call'; readonly of: TableName };

export type Value = number | boolean | string | readonly number[] | readonly string[] | CallValue;
/** A call with its arguments by field, defaults filled in. */
export interface CallValue {
  readonly name: string;
  readonly [field: string]: Value;
}

export interface Parameter {
  readonly name: string;
  readonly field?: string;
  readonly kind: Kind;
  /** A parameter without one is required, unless it is `optional`. */
  readonly default?: Value;
  readonly optional?: true;
  readonly about: string;
}
/** Arguments that are valid individually, but not together. */
export interface Contradiction {
  readonly parameter: string;
  readonly message: string;
  readonly hint?: string;
}
export interface CallInfo {
  readonly about: string;
  readonly parameters: readonly Parameter[];
  /** Looks at the fields' values. */
  readonly contradiction?: (value: CallValue) => Contradiction | undefined;
}
export type CallTable = Readonly<Record<string, CallInfo>>;
export type TableName =
  | 'init'
  | 'optimizer'
  | 'decay'
  | 'data'
  | 'augment'
  | 'negatives'
  | 'readout'
  | 'field'
  | 'fast'
  | 'peer_norm'
  | 'embed';

/** Limits on sizes: what a 32-bit index and a fully written-out plan can handle. */
export const largest = { size: 2 ** 24, steps: 10_000, count: 2 ** 31 - 1, seed: 2 ** 32 - 1 } as const;

export const real: NumberKind = { is: 'number' };
const extent: NumberKind = { is: 'number', integer: true, min: 1, max: largest.size };
const positive: NumberKind = { is: 'number', above: 0 };
export const natural: NumberKind = { is: 'number', integer: true, min: 1, max: largest.count };
export const notNegative: NumberKind = { is: 'number', min: 0 };
/** [0, 1): a share that is kept from step to step. */
export const share: NumberKind = { is: 'number', min: 0, below: 1 };

const parameter = (
  name: string,
  kind: Kind,
  standard: Value | undefined,
  about: string,
  field?: string,
): Parameter => ({
  name,
  kind,
  about,
  ...(standard === undefined ? {} : { default: standard }),
  ...(field === undefined ? {} : { field }),
});
const gain = (standard: number, about: string): readonly Parameter[] => [
  parameter('gain', positive, standard, about),
];

export const inits: CallTable = {
  kaiming_uniform: {
    about:
      "U(-b, b) with b = gain · sqrt(3 / fan_in); the default gain sqrt(1/3) is that of PyTorch's " +
      'nn.Linear, U(±1 / sqrt(fan_in))',
    parameters: gain(Math.sqrt(1 / 3), 'the standard deviation is gain / sqrt(fan_in)'),
  },
  kaiming_normal: {
    about: 'N(0, std²) with std = gain / sqrt(fan_in); the default gain sqrt(2) is for ReLU (He et al. 2015)',
    parameters: gain(Math.SQRT2, 'the standard deviation is gain / sqrt(fan_in)'),
  },
  xavier_uniform: {
    about: 'U(-b, b) with b = gain · sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)',
    parameters: gain(1, 'the standard deviation is gain · sqrt(2 / (fan_in + fan_out))'),
  },
  xavier_normal: {
    about: 'N(0, std²) with std = gain · sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010)',
    parameters: gain(1, 'the standard deviation is gain · sqrt(2 / (fan_in + fan_out))'),
  },
  uniform: {
    about: 'U(a, b)',
    parameters: [
      parameter('a', real, 0, 'the lower bound', 'low'),
      parameter('b', real, 1, 'the upper bound', 'high'),
    ],
    contradiction: ({ low, high }) =>
      Number(low) > Number(high)
        ? {
            parameter: 'b',
            message: `empty range: the upper bound ${high} is below the lower bound ${low}`,
            hint: 'swap them',
          }
        : undefined,
  },
  normal: {
    about: 'N(mean, std²)',
    parameters: [
      parameter('mean', real, 0, 'the mean'),
      parameter('std', notNegative, 1, 'the standard deviation'),
    ],
  },
  orthogonal: {
    about: 'gain times a random matrix with orthonormal rows or columns (Saxe et al. 2013)',
    parameters: gain(1, 'the length of each row or column'),
  },
  identity: {
    about: 'gain on the diagonal, 0 elsewhere',
    parameters: [parameter('gain', real, 1, 'the value on the diagonal')],
  },
  zeros: { about: 'zeros', parameters: [] },
  constant: {
    about: 'the same number everywhere',
    parameters: [parameter('v', real, undefined, 'the number', 'value')],
  },
};

const rate = (standard?: number) => parameter('lr', positive, standard, 'the learning rate');
const weightDecay = (standard: number) =>
  parameter('weight_decay', notNegative, standard, 'weight decay (L2), of weights and biases');
const epsilon = (standard: number) => parameter('eps', notNegative, standard, 'added to the denominator');
const adam = (decay: number): readonly Parameter[] => [
  rate(1e-3),
  parameter('beta1', share, 0.9, 'decay of the mean gradient per step'),
  parameter('beta2', share, 0.999, 'decay of the mean squared gradient per step'),
  epsilon(1e-8),
  weightDecay(decay),
];

export const optimizers: CallTable = {
  sgd: {
    about: 'stochastic gradient descent, optionally with momentum',
    parameters: [
      rate(),
      parameter('momentum', share, 0, 'decay of the velocity per step'),
      parameter(
        'dampening',
        { is: 'number', min: 0, max: 1 },
        0,
        'the gradient enters the velocity with weight 1 - dampening',
      ),
      weightDecay(0),
      parameter('nesterov', { is: 'switch' }, false, "Nesterov's momentum"),
      parameter(
        'decoupled',
        { is: 'switch' },
        false,
        'apply weight decay to the weight directly, without momentum',
      ),
    ],
    contradiction: ({ nesterov, momentum, dampening }) =>
      nesterov === true && (momentum === 0 || dampening !== 0)
        ? {
            parameter: 'nesterov',
            message: 'Nesterov momentum needs a momentum above 0 and a dampening of 0',
            hint: 'write `momentum: 0.9, nesterov: on`',
          }
        : undefined,
  },
  rmsprop: {
    about: 'RMSprop',
    parameters: [
      rate(0.01),
      parameter('alpha', share, 0.99, 'decay of the mean squared gradient per step'),
      epsilon(1e-8),
      parameter('momentum', share, 0, 'decay of the velocity per step'),
    ],
  },
  adam: { about: 'Adam (Kingma and Ba 2014)', parameters: adam(0) },
  adamw: { about: 'Adam with decoupled weight decay (Loshchilov and Hutter 2017)', parameters: adam(0.01) },
  adadelta: {
    about: 'Adadelta (Zeiler 2012)',
    parameters: [rate(1), parameter('rho', share, 0.9, 'decay of the mean squares per step'), epsilon(1e-6)],
  },
};

export const decays: CallTable = {
  constant: { about: 'constant learning rates', parameters: [] },
  step: {
    about: 'learning rates multiplied by gamma after every `every` epochs',
    parameters: [
      parameter('every', natural, undefined, 'epochs'),
      parameter('gamma', positive, undefined, 'the factor'),
    ],
  },
  linear: {
    about: 'learning rates falling linearly to zero between two epochs',
    parameters: [
      parameter('start', notNegative, undefined, 'the epoch at which they start to fall'),
      parameter('end', positive, undefined, 'the epoch at which they are zero'),
    ],
    contradiction: ({ start, end }) =>
      Number(start) >= Number(end)
        ? {
            parameter: 'end',
            message: `the decay ends at epoch ${end}, which is not after its start at epoch ${start}`,
          }
        : undefined,
  },
  cosine: {
    about: 'learning rates falling to zero along half a cosine (Loshchilov and Hutter 2016)',
    parameters: [parameter('epochs', natural, undefined, 'the length of the decay')],
  },
};

const normalize: Parameter = {
  name: 'normalize',
  kind: { is: 'list', items: [real, positive] },
  optional: true,
  about: '[mean, std]: pixels in 0..1 become (pixel - mean) / std',
};

const first_label: Parameter = {
  name: 'first_label',
  kind: { is: 'number', integer: true, min: 0, max: largest.count },
  optional: true,
  about: 'the lowest label in the data, which becomes class 0 (default: 0)',
};
const transpose: Parameter = {
  name: 'transpose',
  kind: { is: 'switch' },
  optional: true,
  about: 'swap rows and columns of images, which EMNIST stores column by column',
};

/** What is known about a data set before it is read. */
export interface DataInfo extends CallInfo {
  /** Values per frame. */
  readonly inputs?: number;
  readonly classes?: number;
}
export const dataSets: Readonly<Record<string, DataInfo>> = {
  digits: {
    about: 'procedurally generated handwritten-style digits, 28 × 28, built in',
    inputs: 784,
    classes: 10,
    parameters: [
      parameter('train', natural, 10_000, 'training samples'),
      parameter('test', natural, 2_000, 'test samples'),
      parameter('seed', { is: 'number', integer: true, min: 0, max: largest.seed }, 1, 'which digits'),
      normalize,
    ],
  },
  mnist: {
    about: 'MNIST: 60,000 + 10,000 handwritten digits, 28 × 28',
    inputs: 784,
    classes: 10,
    parameters: [normalize],
  },
  fashion_mnist: {
    about: 'Fashion-MNIST: 60,000 + 10,000 articles of clothing, 28 × 28',
    inputs: 784,
    classes: 10,
    parameters: [normalize],
  },
  moving_mnist: {
    about: 'a moving MNIST digit that bounces within 64 × 64 pixels',
    inputs: 4096,
    classes: 10,
    parameters: [
      normalize,
      parameter('frames', natural, 20, 'frames per sample'),
      parameter(
        'seed',
        { is: 'number', integer: true, min: 0, max: largest.seed },
        1,
        'seed of the movements',
      ),
    ],
  },
  row_mnist: {
    about: 'MNIST by rows: 28 frames of 28 pixels',
    inputs: 28,
    classes: 10,
    parameters: [normalize],
  },
  strokes: {
    about: 'MNIST digits as pen strokes, one movement of 4 values per frame',
    inputs: 4,
    classes: 10,
    parameters: [
      { name: 'dir', kind: { is: 'text' }, optional: true, about: 'the folder of the stroke files' },
      {
        name: 'frames',
        kind: natural,
        optional: true,
        about: 'length to which a digit is repeated (default: as many frames as the schedule reads)',
      },
    ],
  },
  idx: {
    about: 'four files in the format of MNIST or EMNIST, in a folder',
    parameters: [
      parameter(
        'dir',
        { is: 'text' },
        undefined,
        'the folder; if it has several sets, with the prefix of the file names: "emnist/emnist-letters"',
      ),
      normalize,
      first_label,
      transpose,
    ],
  },
  csv: {
    about: 'a comma-separated text file, one sample per line, one column the label; optionally gzipped',
    parameters: [
      parameter('file', { is: 'text' }, undefined, 'the file'),
      {
        name: 'label',
        kind: { is: 'text' },
        optional: true,
        about: 'name of the label column in the header (default: the first column)',
      },
      { name: 'test', kind: { is: 'text' }, optional: true, about: 'the file of the test split' },
      {
        name: 'header',
        kind: { is: 'switch' },
        optional: true,
        about: 'whether the first line names the columns (default: yes unless it is all numbers)',
      },
      { ...normalize, about: '[mean, std]: values become (value - mean) / std' },
      first_label,
      { ...transpose, about: 'swap rows and columns of square images, as EMNIST requires' },
    ],
  },
  numpy: {
    about:
      'a .npz file with x and y, and optionally x_test and y_test (as Keras keeps MNIST), or .npy files of ' +
      'one array each',
    parameters: [
      parameter('file', { is: 'text' }, undefined, 'the file'),
      {
        name: 'labels',
        kind: { is: 'text' },
        optional: true,
        about: 'the file of the labels, for a .npy file',
      },
      { name: 'test', kind: { is: 'text' }, optional: true, about: 'the file of the test split' },
      {
        name: 'test_labels',
        kind: { is: 'text' },
        optional: true,
        about: "the file of the test split's labels, for a .npy file",
      },
      {
        ...normalize,
        about: '[mean, std]: values become (value - mean) / std, so [0, 255] scales pixels to 0..1',
      },
      {
        name: 'frames',
        kind: { is: 'switch' },
        optional: true,
        about:
          'whether the second dimension counts frames; otherwise a sample is one frame of all its values',
      },
      first_label,
      transpose,
    ],
  },
  image_folder: {
    about: 'PNG and JPEG images of the same size, in a folder per class',
    parameters: [
      parameter(
        'dir',
        { is: 'text' },
        undefined,
        'the folder that contains a folder per class, or `train` and `test` with these',
      ),
      { name: 'test', kind: { is: 'text' }, optional: true, about: 'the folder of the test split' },
      normalize,
    ],
  },
  tensors: {
    about:
      'a safetensors file with x [N, d] or [N, frames, d], y [N], and optionally y_negative [N], test_x, test_y',
    parameters: [parameter('file', { is: 'text' }, undefined, 'the file')],
  },
};

/** Random transformations of training samples; a list of them is applied in order. */
export const augmentations: CallTable = {
  shift: {
    about: 'shifts the image by whole pixels in each direction, uniformly distributed',
    parameters: [
      parameter(
        'pixels',
        { is: 'number', integer: true, min: 0, max: largest.size },
        undefined,
        'the maximum distance',
      ),
    ],
  },
  rotate: {
    about: 'rotates the image about its centre in either direction, uniformly distributed',
    parameters: [parameter('degrees', { is: 'number', min: 0, max: 180 }, undefined, 'the maximum angle')],
  },
  noise: {
    about: 'adds normal noise to every value that the network receives',
    parameters: [parameter('std', notNegative, undefined, 'the standard deviation')],
  },
};

export const negatives: CallTable = {
  random_label: { about: 'a label other than the true one, uniformly distributed', parameters: [] },
  given: { about: "the data set's own negative labels", parameters: [] },
  latent_classifier: {
    about:
      "drawn from the probabilities of a linear softmax on the layers' activities, excluding the true label",
    parameters: [
      parameter(
        'features',
        { is: 'word', among: ['raw', 'normalized'] },
        'raw',
        'the activities h, or normalize(h)',
      ),
      parameter('layers', { is: 'layers' }, 'all', 'layers whose activities are used'),
      parameter(
        'learn_from',
        { is: 'word', among: ['positive', 'neutral'] },
        'positive',
        'which features the classifier learns from',
      ),
      parameter(
        'optimizer',
        { is: 'call', of: 'optimizer' },
        { name: 'adam', lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0 },
        'for the classifier',
      ),
    ],
  },
  hybrid_images: {
    about:
      'negative data instead of negative labels: each negative row mixes two samples of the batch, x_i ' +
      'where a mask is 1 and x_j where it is 0, ' +
      'the mask a blurred random bit image thresholded at 0.5 (Hinton 2022); a label that is shown is the ' +
      'true one in both rows',
    parameters: [
      parameter(
        'grid',
        { is: 'list', items: [extent, extent] },
        'square',
        '[rows, columns] of the input (default: a square)',
      ),
      parameter(
        'blur',
        { is: 'number', integer: true, min: 0, max: 1000 },
        6,
        'how often the mask is blurred by [1/4, 1/2, 1/4] in both directions',
      ),
    ],
  },
};

export const fields: CallTable = {
  patch: {
    about:
      'local receptive fields: unit (map, place) reads one square patch of its source; weights are not shared',
    parameters: [
      parameter(
        'grid',
        { is: 'list', items: [extent, extent] },
        undefined,
        '[rows, columns] of the source, with the same number of values at each place',
      ),
      parameter('size', extent, undefined, 'the side length of a patch'),
      parameter('stride', extent, 1, 'the distance from one patch to the next'),
      parameter('maps', extent, 1, 'units that read the same patch'),
    ],
  },
};

export const fastWeights: CallTable = {
  decay: {
    about:
      'weights that each row builds from its own activity, and that decay: A(t) = lambda · A(t - 1) + rate ' +
      '· s_target(t - 1) · s_source(t - 1)ᵀ (Ba et al. 2016)',
    parameters: [
      parameter(
        'lambda',
        { is: 'number', min: 0, max: 1 },
        undefined,
        'the share of the weights kept from one step to the next',
        'decay',
      ),
    ],
  },
};

/** What is trained when the network has been. */
export const readouts: CallTable = {
  softmax: {
    about:
      "a linear softmax classifier without bias on the layers' activities under the label `uniform`, " +
      'averaged over the score steps, ' +
      'trained after the network, which then stays fixed',
    parameters: [
      parameter('layers', { is: 'layers' }, 'all', 'layers whose activities are used'),
      parameter(
        'features',
        { is: 'word', among: ['raw', 'normalized'] },
        'normalized',
        'the activities h, or normalize(h)',
      ),
      parameter('epochs', natural, 10, "passes over the training split, after the network's"),
      parameter(
        'optimizer',
        { is: 'call', of: 'optimizer' },
        {
          name: 'sgd',
          lr: 0.1,
          momentum: 0,
          dampening: 0,
          weight_decay: 0,
          nesterov: false,
          decoupled: false,
        },
        'for the readout, at a constant rate',
      ),
    ],
  },
};

/** `peer_norm: 0.03` is short for `peer_norm(0.03)`. */
export const peerNorms: CallTable = {
  peer_norm: {
    about: "pulls each unit's mean activity towards the layer's (Hinton 2022)",
    parameters: [
      parameter('strength', notNegative, undefined, 'the strength of the pull; 0 = none'),
      parameter('momentum', share, 0.9, 'decay of the mean activity per step'),
    ],
  },
};

/** Called by the label's own name: `embed: digit(at: 0)`. */
export const embeds: CallTable = {
  embed: {
    about: 'writes the label over some columns of the input',
    parameters: [
      parameter('at', { is: 'number', integer: true, min: 0, max: largest.size }, 0, 'the first column'),
      parameter('scale', real, 1, 'the value written for the label'),
    ],
  },
};

export const tables: Readonly<Record<TableName, CallTable>> = {
  init: inits,
  optimizer: optimizers,
  decay: decays,
  data: dataSets,
  augment: augmentations,
  negatives,
  readout: readouts,
  field: fields,
  fast: fastWeights,
  peer_norm: peerNorms,
  embed: embeds,
};

/** What the calls of a table are called in messages. */
export const tableNouns: Readonly<Record<TableName, string>> = {
  init: 'initialization',
  optimizer: 'optimizer',
  decay: 'decay',
  data: 'data set',
  augment: 'augmentation',
  negatives: 'source of negatives',
  readout: 'readout',
  field: 'field',
  fast: 'form of fast weights',
  peer_norm: 'peer normalization',
  embed: 'label to embed',
};

/** `label:` in a phase. */
export const labelModes: Readonly<Record<string, string>> = {
  given: 'one-hot: the true, the negative or the candidate label',
  uniform: '1 / classes in every column',
  hidden: 'zeros',
  mix: 'mix(a, b, w): (1 - w) · a + w · b, with a and b such modes and w an expression in t',
};
/** `input:` in a phase. */
export const inputModes: Readonly<Record<string, string>> = {
  frame: 'frame(index), with index an expression in t; it wraps around at the number of frames',
  hidden: 'zeros',
};
