/**
 * The dataflow graph: what a model computes for a training batch and for a prediction batch, with every step written
 * out.
 *
 * A program is a list of values, each computed once from earlier ones (static single assignment); a parameter that
 * learns is a new value after every update. Values record the axes they vary over, and nothing about kernels, memory or
 * order, which are the passes' concern. The oracle in `runtime/tfjs` interprets this graph directly.
 */
import type { Expr } from '../expr/index.js';
import type { Field } from '../field.js';
import type { ModelDocument } from '../model.js';
import type { HostScalar, ProgramName, TensorId, TensorInfo } from './tensors.js';

/**
 * What a value can vary over. `sample`, `polarity` (0 positive, 1 negative) and `candidate` (the candidate label) are
 * axes of rows: a value has one row for every combination of those it varies over, samples innermost. `frame` and
 * `parameters` record what else it depends on. The step is not an axis: steps are written out, and what does not change
 * between steps is the same computation repeated, which a pass detects.
 */
export type Axis = 'sample' | 'polarity' | 'candidate' | 'frame' | 'parameters';
export const rowAxes: readonly Axis[] = ['polarity', 'candidate', 'sample'];

export type ValueId = number;

export type Op =
  /** A tensor as it was before the program: a parameter or an optimizer state. */
  | { readonly kind: 'state'; readonly tensor: string }
  /** A batch's input tensor; for `x` one frame of it. */
  | { readonly kind: 'input'; readonly tensor: string; readonly frame: number }
  /** One row with the same number in every column. */
  | { readonly kind: 'fill'; readonly value: number }
  /** One number, computed by the host for each run. */
  | { readonly kind: 'scalar'; readonly scalar: HostScalar }
  /** 1 on positive rows, 0 on negative ones. */
  | { readonly kind: 'polarity' }
  /** Inputs: class indices, of positive and of negative rows. One-hot rows. */
  | { readonly kind: 'onehot' }
  /** One-hot rows of every class. */
  | { readonly kind: 'candidates' }
  /** Inputs x [rows, d], label [rows, c]: x with the label in its columns `at` … at + c - 1. */
  | { readonly kind: 'embed'; readonly at: number }
  /** Inputs a [rows, m], w [n, m]: a · wᵀ. */
  | { readonly kind: 'product' }
  /**
   * Inputs a [rows, n], b [rows, m]: scale · aᵀ · b [n, m], summed over the union of their rows (each broadcasts over
   * the axes it lacks).
   */
  | { readonly kind: 'outer'; readonly scale: number }
  /**
   * Inputs a [rows, source], w [units, numbers of a patch]: the product of each unit's weights with the patch that it
   * reads, [rows, units].
   */
  | { readonly kind: 'field product'; readonly field: Field }
  /**
   * Inputs a [rows, units], b [rows, source]: `outer` of each unit with the patch that it reads, [units, numbers of a
   * patch].
   */
  | { readonly kind: 'field outer'; readonly field: Field; readonly scale: number }
  /** Input [rows, n]: scale · the sum over its rows, as one row. */
  | { readonly kind: 'total'; readonly scale: number }
  /** Input [rows, 1]: one number, the mean over the rows of one polarity or over all rows. */
  | { readonly kind: 'mean'; readonly of: 'all' | 'positive' | 'negative' }
  /** The rows of one polarity. */
  | { readonly kind: 'part'; readonly of: 'positive' | 'negative' }
  /** The columns of the inputs, concatenated. */
  | { readonly kind: 'concat' }
  /**
   * An expression, row by row. `vars` names the inputs in it: a `row` variable is bound to a value of one column, an
   * `element` variable to one of `units` columns. Inputs broadcast over the row axes they lack.
   */
  | { readonly kind: 'map'; readonly expr: Expr; readonly vars: readonly string[]; readonly units: number }
  /** 1 / keep with probability keep, else 0: element i of the full rows, Philox at `site`. */
  | { readonly kind: 'dropout'; readonly site: number; readonly keep: number }
  /**
   * Inputs: probabilities [rows, classes], true class, uniform number. A class other than the true one, drawn by
   * probability.
   */
  | { readonly kind: 'draw' };

export interface Value {
  readonly id: ValueId;
  readonly op: Op;
  readonly inputs: readonly ValueId[];
  /** The number of rows of a matrix, or `batch`: one row per combination of its row axes. */
  readonly rows: number | 'batch';
  readonly cols: number;
  readonly axes: readonly Axis[];
  /** The step in which it is computed, `learn[3]`, or another part of the program; empty if it belongs to none. */
  readonly step: string;
  /** For people: `h1.z`. */
  readonly name: string;
  /** The parameter or optimizer state that this value is a version of. */
  readonly tensor?: TensorId;
}

/** A value's name for people, with its step: `learn[3]/h1.z`. */
export function fullName({ step, name }: Pick<Value, 'step' | 'name'>): string {
  return step === '' ? name : `${step}/${name}`;
}

/**
 * The destination of a program's result: `value`, with its row axes in the order of `axes` (broadcast over those it
 * lacks), is written to `tensor` from element `offset`.
 */
export interface Result {
  readonly tensor: string;
  readonly offset: number;
  readonly value: ValueId;
  readonly axes: readonly Axis[];
  /** The columns are an axis of the tensor even where there is only one. */
  readonly columns?: true;
}

export interface Program {
  readonly name: ProgramName;
  readonly values: readonly Value[];
  readonly results: readonly Result[];
  /** The new values of parameters and optimizer state. */
  readonly updates: readonly { readonly tensor: string; readonly value: ValueId }[];
  /** The length of each row axis. */
  readonly extents: Readonly<Record<'sample' | 'polarity' | 'candidate', number>>;
}

/** What a training program trains: the network, or the readout on a fixed network; with `generation`, nothing. */
export type Purpose = 'network' | 'readout' | 'generation';

export interface Graph {
  readonly document: ModelDocument;
  readonly purpose: Purpose;
  /** Samples per training batch; there are twice as many rows, positive and negative. */
  readonly batch: number;
  /** Samples per prediction chunk; every label is tried on each. */
  readonly predictBatch: number;
  readonly frames: number;
  readonly classes: number;
  /** The layers that learn in a training batch (all or none), and the steps in which they learn. */
  readonly layers: readonly string[];
  readonly learnSteps: number;
  readonly tensors: readonly TensorInfo[];
  readonly programs: Readonly<Record<ProgramName, Program>>;
}

/** What those who train and evaluate a network need to know of it, whatever form it was compiled to. */
export type Network = Pick<
  Graph,
  'document' | 'purpose' | 'batch' | 'predictBatch' | 'frames' | 'classes' | 'layers' | 'learnSteps'
>;

/** The tensor that a value of kind `state` is. */
export function tensorOf({ tensor, rows, cols, name }: Value): TensorInfo {
  if (!tensor) throw new Error(`${name} is not a parameter or a state`);
  const { rank, ...owned } = tensor;
  return {
    ...owned,
    shape: rank === 1 ? [cols] : [rows as number, cols],
    type: 'f32',
    role: tensor.state === undefined ? 'parameter' : 'state',
  };
}

/** The number of rows of a value in its program. */
export function rowCount(value: Pick<Value, 'rows' | 'axes'>, extents: Program['extents']): number {
  if (value.rows !== 'batch') return value.rows;
  let rows = 1;
  for (const axis of value.axes) if (axis !== 'frame' && axis !== 'parameters') rows *= extents[axis];
  return rows;
}
