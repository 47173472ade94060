/**
 * The model document: a checked model as JSON, with every name resolved and every size, default and `param` a number.
 *
 * The checker makes it from a .rff file, `--emit model` prints it, and it is accepted wherever a .rff file is.
 * `grammar/schema/model.schema.json` describes the same shape for Ajv; keep the two in sync.
 */

/**
 * An expression as JSON: a number, a variable (`z`, `h`, `goodness`, `pos`, `neg`, `t`, …) or an operator with its
 * arguments, `["softplus", ["sub", "goodness", 1.5]]`. Operators are the primitives of `expr/operators.ts`; the
 * language's built-in functions (`rms_norm`, …), `fn`s and params are already expanded.
 */
export type ExpressionJson = number | string | readonly [string, ...ExpressionJson[]];

/** A call by name with its arguments resolved: `{ "name": "uniform", "low": -0.05, "high": 0.05 }`. */
export type Init =
  | { readonly name: 'kaiming_uniform'; readonly gain: number }
  | { readonly name: 'kaiming_normal'; readonly gain: number }
  | { readonly name: 'xavier_uniform'; readonly gain: number }
  | { readonly name: 'xavier_normal'; readonly gain: number }
  | { readonly name: 'uniform'; readonly low: number; readonly high: number }
  | { readonly name: 'normal'; readonly mean: number; readonly std: number }
  | { readonly name: 'orthogonal'; readonly gain: number }
  | { readonly name: 'identity'; readonly gain: number }
  | { readonly name: 'zeros' }
  | { readonly name: 'constant'; readonly value: number };

export type Optimizer =
  | {
      readonly name: 'sgd';
      readonly lr: number;
      readonly momentum: number;
      readonly dampening: number;
      readonly weight_decay: number;
      readonly nesterov: boolean;
      readonly decoupled: boolean;
    }
  | {
      readonly name: 'rmsprop';
      readonly lr: number;
      readonly alpha: number;
      readonly eps: number;
      readonly momentum: number;
    }
  | {
      readonly name: 'adam' | 'adamw';
      readonly lr: number;
      readonly beta1: number;
      readonly beta2: number;
      readonly eps: number;
      readonly weight_decay: number;
    }
  | { readonly name: 'adadelta'; readonly lr: number; readonly rho: number; readonly eps: number };

/** The learning-rate multiplier by epoch, from 0. */
export type Decay =
  | { readonly name: 'constant' }
  | { readonly name: 'step'; readonly every: number; readonly gamma: number }
  | { readonly name: 'linear'; readonly start: number; readonly end: number }
  | { readonly name: 'cosine'; readonly epochs: number };

export interface DataSpec {
  /** One of the data sets of `check/tables.ts`. */
  readonly name: string;
  /** The arguments of the call, defaults included: numbers, strings, booleans, lists of numbers. */
  readonly options: Readonly<Record<string, number | string | boolean | readonly number[]>>;
}

export interface Embed {
  /** The label, times `scale`, is written over columns `at` … `at + classes - 1`. */
  readonly at: number;
  readonly scale: number;
}
export interface InputNode {
  readonly name: string;
  readonly size: number;
  /** In `h`; null = unchanged. */
  readonly normalize: ExpressionJson | null;
  readonly embed: Embed | null;
}
export interface LabelNode {
  readonly name: string;
  readonly classes: number;
}
export interface Layer {
  readonly name: string;
  readonly size: number;
  /** In `z`. */
  readonly activation: ExpressionJson;
  /** In `h`. */
  readonly normalize: ExpressionJson;
  readonly damping: number;
  /** Index into `objectives`. */
  readonly objective: number;
  readonly peer_norm: { readonly strength: number; readonly momentum: number } | null;
  /** null = the model's. */
  readonly optimizer: Optimizer | null;
}
export interface PatchField {
  readonly name: 'patch';
  readonly grid: readonly [number, number];
  readonly size: number;
  readonly stride: number;
  readonly maps: number;
}
export interface Connection {
  /** `TARGET.SOURCE.TYPE`, unique; the prefix of its parameters' names. */
  readonly name: string;
  readonly target: string;
  readonly source: string;
  readonly type: string;
  readonly init: Init;
  /** null = no bias. */
  readonly bias: Init | null;
  readonly sign: 1 | -1;
  readonly delay: 0 | 1;
  readonly dropout: number;
  readonly learn: boolean;
  readonly lr_scale: number;
  readonly field: PatchField | null;
}
/**
 * Fast weights: A(t) = Σ over the earlier steps τ of rate · decay^(t − 1 − τ) · s_target(τ) · s_source(τ)ᵀ, separate
 * for each row, adds sign · A(t) · s_source(t − delay) to z (Ba et al. 2016, arXiv 1610.06258). They have no
 * parameters.
 */
export interface FastConnection {
  /** `TARGET.SOURCE.TYPE`, unique among all connections. */
  readonly name: string;
  readonly target: string;
  /** A layer. */
  readonly source: string;
  readonly type: string;
  readonly sign: 1 | -1;
  readonly delay: 0 | 1;
  /** The share of A that is kept from one step to the next, in [0, 1]. */
  readonly decay: number;
  readonly rate: number;
}
/**
 * A linear map from layers' normalized activities back to the input, y = activation(Σ s · Dᵀ + b), which learns beside
 * the network and never changes it. Parameters: `INPUT.LAYER.decode.weight` [input size, layer size] for each layer
 * and, under the first layer's name, `INPUT.LAYER.decode.bias` [input size].
 */
export interface Decoder {
  readonly layers: readonly string[];
  /** A row expression in `x`, the frame, and `y`, its reconstruction. */
  readonly loss: ExpressionJson;
  /** In `z`. */
  readonly activation: ExpressionJson;
  readonly init: Init;
  /** null = no bias. */
  readonly bias: Init | null;
  /** null = the model's. */
  readonly optimizer: Optimizer | null;
  readonly lr_scale: number;
}
export interface Objective {
  readonly name: string | null;
  /** A row expression in `h`. */
  readonly goodness: ExpressionJson;
  /** In `goodness`; both null where `pair` is given. */
  readonly positive: ExpressionJson | null;
  readonly negative: ExpressionJson | null;
  /** In `pos` and `neg`. */
  readonly pair: ExpressionJson | null;
  readonly predict: 'min' | 'max';
}
export type LabelMode =
  | { readonly name: 'given' | 'uniform' | 'hidden' }
  /** Weight `w` is an expression in `t`: (1 - w) · a + w · b, as GLSL's `mix`. */
  | { readonly name: 'mix'; readonly a: LabelMode; readonly b: LabelMode; readonly w: ExpressionJson };
export type InputMode =
  /** `index` is an expression in `t`; it wraps around at the number of frames. */
  { readonly name: 'frame'; readonly index: ExpressionJson } | { readonly name: 'hidden' };
export interface Phase {
  readonly name: string;
  readonly steps: number;
  readonly label: LabelMode;
  readonly input: InputMode;
  readonly learn: boolean;
  readonly damping: boolean;
}
export interface Score {
  readonly phase: string;
  /** Inclusive, from 0. */
  readonly from: number;
  readonly to: number;
  readonly layers: readonly string[];
}
export type Negatives =
  | { readonly name: 'random_label' }
  | { readonly name: 'given' }
  | {
      readonly name: 'latent_classifier';
      readonly features: 'raw' | 'normalized';
      readonly layers: readonly string[];
      readonly learn_from: 'positive' | 'neutral';
      readonly optimizer: Optimizer;
    }
  /** A mask of [rows, columns], whose product is the size of the input. */
  | { readonly name: 'hybrid_images'; readonly grid: readonly [number, number]; readonly blur: number };
/** A linear softmax classifier on the layers' activities, trained after the network, which then stays fixed. */
export interface Readout {
  readonly name: 'softmax';
  readonly features: 'raw' | 'normalized';
  readonly layers: readonly string[];
  readonly epochs: number;
  readonly optimizer: Optimizer;
}
/** A random transformation of training samples, drawn anew in each epoch. */
export type Augmentation =
  | { readonly name: 'shift'; readonly pixels: number }
  | { readonly name: 'rotate'; readonly degrees: number }
  | { readonly name: 'noise'; readonly std: number };
export interface Train {
  readonly data: DataSpec;
  /** In the order they are applied; absent = none. */
  readonly augment?: readonly Augmentation[];
  readonly epochs: number;
  readonly batch: number;
  readonly optimizer: Optimizer;
  readonly decay: Decay;
  readonly seed: number;
  readonly shuffle: boolean;
  /** The fraction of the training split that is held out, in [0, 1). */
  readonly validation: number;
}
export interface Evaluate {
  readonly batch: number;
  /** null = the test split of `train.data`. */
  readonly data: DataSpec | null;
}
export interface ModelDocument {
  /** The version of this format. */
  readonly rffc: 1;
  readonly name: string;
  /** The value of each `param`, already inserted everywhere. */
  readonly params: Readonly<Record<string, number>>;
  readonly input: InputNode;
  readonly label: LabelNode | null;
  readonly layers: readonly Layer[];
  readonly connections: readonly Connection[];
  readonly fast_weights: readonly FastConnection[];
  /** null = none. */
  readonly decoder: Decoder | null;
  readonly objectives: readonly Objective[];
  readonly phases: readonly Phase[];
  readonly score: Score;
  readonly negatives: Negatives;
  /** Absent = none. */
  readonly readout?: Readout;
  readonly train: Train;
  readonly evaluate: Evaluate;
  /** Source locations: a path (`layers/h1/peer_norm`, `connections/h2.h1.forward/delay`) to [line, column]. */
  readonly places: Readonly<Record<string, readonly [number, number]>>;
}

/** The size of a node: the columns of the input, the classes of the label, the units of a layer. */
export function sizeOf(model: ModelDocument, name: string): number {
  if (name === model.input.name) return model.input.size;
  if (name === model.label?.name) return model.label.classes;
  return model.layers.find((l) => l.name === name)!.size;
}
