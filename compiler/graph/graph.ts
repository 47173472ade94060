/**
 * The dataflow graph: what a model computes in a training batch and in a predicted batch, every step written out.
 *
 * A program is a list of values, each made once from earlier ones (static single assignment); a parameter that learns
 * is a new value after every update. Values say over which axes they vary, and nothing about kernels, memory or order:
 * those are for the passes. The oracle in `runtime/tfjs` interprets this graph as it stands.
 */
import type { Expr } from '../expr/index.js';
import type { Field } from '../field.js';
import type { ModelDocument } from '../model.js';
import type { HostScalar, ProgramName, TensorId, TensorInfo } from './tensors.js';

/**
 * What a value can vary over. `sample`, `polarity` (0 positive, 1 negative) and `candidate` (the label tried) are axes
 * of rows: a value has one row for every combination of those that it varies over, samples innermost. `frame` and
 * `parameters` say what else it depends on. The step is no axis: steps are written out, and what does not change from
 * one to the next is the same computation twice, which a pass finds.
 */
export type Axis = 'sample' | 'polarity' | 'candidate' | 'frame' | 'parameters';
export const rowAxes: readonly Axis[] = ['polarity', 'candidate', 'sample'];

export type ValueId = number;

export type Op =
  /** A tensor as it was before the program: a parameter or optimizer state. */
  | { readonly kind: 'state'; readonly tensor: string }
  /** A batch's input tensor; for `x` one frame of it. */
  | { readonly kind: 'input'; readonly tensor: string; readonly frame: number }
  /** One row, every column the same number. */
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
   * Inputs a [rows, n], b [rows, m]: scale · aᵀ · b [n, m], the sum over the rows that either has (each broadcasts over
   * axes it lacks).
   */
  | { readonly kind: 'outer'; readonly scale: number }
  /**
   * Inputs a [rows, source], w [units, numbers of a patch]: each unit's weights times the patch that it reads, [rows,
   * units].
   */
  | { readonly kind: 'field product'; readonly field: Field }
  /**
   * Inputs a [rows, units], b [rows, source]: `outer` of each unit with the patch that it reads, [units, numbers of a
   * patch].
   */
  | { readonly kind: 'field outer'; readonly field: Field; readonly scale: number }
  /** Input [rows, n]: scale · the sum over its rows, as one row. */
  | { readonly kind: 'total'; readonly scale: number }
  /** Input [rows, 1]: one number, the mean over the rows of a polarity or over all. */
  | { readonly kind: 'mean'; readonly of: 'all' | 'positive' | 'negative' }
  /** The rows of one polarity. */
  | { readonly kind: 'part'; readonly of: 'positive' | 'negative' }
  /** The inputs' columns side by side. */
  | { readonly kind: 'concat' }
  /**
   * An expression, row by row. `vars` names the inputs in it: a `row` variable is bound to a value of one column, an
   * `element` variable to one of `units` columns. Inputs broadcast over row axes they lack.
   */
  | { readonly kind: 'map'; readonly expr: Expr; readonly vars: readonly string[]; readonly units: number }
  /** 1 / keep with probability keep, else 0: element i of the full rows, Philox at `site`. */
  | { readonly kind: 'dropout'; readonly site: number; readonly keep: number }
  /**
   * Inputs: probabilities [rows, classes], true class, uniform number: a class other than the true one, drawn by
   * probability.
   */
  | { readonly kind: 'draw' };

export interface Value {
  readonly id: ValueId;
  readonly op: Op;
  readonly inputs: readonly ValueId[];
  /** A matrix's own rows, or `batch`: as many as its row axes have combinations. */
  readonly rows: number | 'batch';
  readonly cols: number;
  readonly axes: readonly Axis[];
  /** The step that it is computed in, `learn[3]`, or another part of the program; empty for what belongs to none. */
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
 * Where a program's result goes: `value`, its row axes in the order of `axes` (broadcast over those it lacks), into
 * `tensor` from element `offset`.
 */
export interface Result {
  readonly tensor: string;
  readonly offset: number;
  readonly value: ValueId;
  readonly axes: readonly Axis[];
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

/**
 * What a training program trains: the network, or the readout on a network that stays as it is; with `generation`
 * nothing.
 */
export type Purpose = 'network' | 'readout' | 'generation';

export interface Graph {
  readonly document: ModelDocument;
  readonly purpose: Purpose;
  /** Samples in a training batch; positive and negative rows are twice as many. */
  readonly batch: number;
  /** Samples in a predicted chunk; every label is tried on each. */
  readonly predictBatch: number;
  readonly frames: number;
  readonly classes: number;
  /** Those that learn in a training batch, which is all or none; and the steps with learning in it. */
  readonly layers: readonly string[];
  readonly learnSteps: number;
  readonly tensors: readonly TensorInfo[];
  readonly programs: Readonly<Record<ProgramName, Program>>;
}

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

/** The rows a value has in its program. */
export function rowCount(value: Pick<Value, 'rows' | 'axes'>, extents: Program['extents']): number {
  if (value.rows !== 'batch') return value.rows;
  let rows = 1;
  for (const axis of value.axes) if (axis !== 'frame' && axis !== 'parameters') rows *= extents[axis];
  return rows;
}
