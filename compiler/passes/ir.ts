/**
 * What the passes work on: the program of the dataflow graph, with a few more operations that state where values are
 * stored together.
 *
 * The additions are about placement, not meaning: `slots`, `columns` and `concat` put values side by side in one matrix
 * so that a product can read or write them at once; `window`, `rows of` and `lookup` are views of part of another
 * value.
 */

import type { Field } from '../field.js';
import type { Axis, Op, Program, Result, Value, ValueId } from '../graph/graph.js';
import { pad4 } from '../vectors.js';

/** A row of slots is `[ s | 1 | padding ]` for each input: the column of ones multiplies the bias. */
export interface Slot {
  /** The column the slot starts at; a multiple of 4. */
  readonly offset: number;
  /** Columns of the value itself, before the 1. */
  readonly cols: number;
}

export type IrOp =
  | Op
  /** Inputs side by side, each followed by a 1 and zeros up to a multiple of 4 columns. */
  | { readonly kind: 'slots'; readonly slots: readonly Slot[] }
  /** The input with zeros in `count` columns from `from` on. */
  | { readonly kind: 'blank'; readonly from: number; readonly count: number }
  /** Inputs a, b, c: as the graph's `outer` of a and b, added in c's own memory to its columns from `onto` on. */
  | { readonly kind: 'outer'; readonly scale: number; readonly onto: number }
  /** Columns of the input from `from` on. */
  | { readonly kind: 'window'; readonly from: number }
  /** Matrices with the same rows, side by side from the given columns on. */
  | { readonly kind: 'columns'; readonly offsets: readonly number[] }
  /** Input a [rows, k], t [k, n]: a · t. */
  | { readonly kind: 'product transposed' }
  /**
   * Input [rows, source]: the patches of a field side by side, each followed by zeros up to a multiple of 4 columns.
   */
  | { readonly kind: 'patches'; readonly field: Field }
  /** Inputs a (patches) and w [n, m]: each block of w's rows times a patch, the blocks' columns side by side. */
  | { readonly kind: 'block product'; readonly blocks: number }
  /**
   * Inputs a [rows, n] and b (patches): `outer` of each block of a's columns with a patch, the blocks' rows stacked.
   */
  | { readonly kind: 'block outer'; readonly blocks: number; readonly scale: number }
  /** Input t [k, n]: its first `classes` rows as rows over the candidates. */
  | { readonly kind: 'class rows'; readonly classes: number }
  /** Input t [k, n]: one row of it. */
  | { readonly kind: 'one row'; readonly row: number }
  /** Inputs: a value over the candidates, class indices of positive and of negative rows. The row of each index. */
  | { readonly kind: 'lookup' }
  /**
   * Inputs: rows [.., n], class indices of positive and of negative rows: [classes sums | all | zeros] · scale, [k, n].
   */
  | { readonly kind: 'scatter'; readonly classes: number; readonly scale: number };

export interface IrValue extends Omit<Value, 'op'> {
  readonly op: IrOp;
}

export interface Ir extends Omit<Program, 'values'> {
  readonly values: readonly IrValue[];
}

/** The columns of a slot with its 1 and its padding. */
export const slotWidth = (cols: number): number => pad4(cols + 1);

export const isRowAxis = (a: Axis): boolean => a === 'sample' || a === 'polarity' || a === 'candidate';

/** Whether an operation sums products of rows of two values into a matrix: a gradient. */
export const isOuter = (op: IrOp): op is Extract<IrOp, { kind: 'outer' | 'block outer' }> =>
  op.kind === 'outer' || op.kind === 'block outer';

/** Whether a value is a scalar per row, stored without padding. */
export function isScalarRow(v: IrValue): boolean {
  if (v.op.kind === 'map') return v.tensor === undefined && v.cols === 1 && v.op.expr.kind === 'row';
  return (
    v.op.kind === 'mean' ||
    v.op.kind === 'draw' ||
    v.op.kind === 'scalar' ||
    v.op.kind === 'polarity' ||
    ((v.op.kind === 'input' || v.op.kind === 'fill') && v.cols === 1)
  );
}

/** A value's row axes as a key: values with equal keys have the same rows. */
export const rowKey = (v: Pick<IrValue, 'axes' | 'rows'>): string =>
  v.rows === 'batch' ? v.axes.filter(isRowAxis).join() : `matrix ${v.rows}`;

const axisOrder: readonly Axis[] = ['polarity', 'candidate', 'sample', 'frame', 'parameters'];
export function unionAxes(...sets: readonly (readonly Axis[])[]): Axis[] {
  return axisOrder.filter((a) => sets.some((s) => s.includes(a)));
}

/** Rebuilds a program value by value: the visitor emits the replacement of each old value. */
export class Rewriter {
  private readonly made: IrValue[] = [];
  private readonly renamed = new Map<ValueId, IrValue>();

  constructor(readonly program: Ir) {}

  /** The new value that replaces an old one. */
  of(old: ValueId): IrValue {
    const found = this.renamed.get(old);
    if (!found) throw new Error(`value ${old} (${this.program.values[old]?.name}) was dropped but is used`);
    return found;
  }
  /** A new value by its own id. */
  at(id: ValueId): IrValue {
    return this.made[id]!;
  }
  has(old: ValueId): boolean {
    return this.renamed.has(old);
  }
  emit(value: Omit<IrValue, 'id' | 'inputs'>, inputs: readonly IrValue[]): IrValue {
    const made: IrValue = { ...value, id: this.made.length, inputs: inputs.map((v) => v.id) };
    this.made.push(made);
    return made;
  }
  /** The old value unchanged, except for renamed inputs. */
  keep(old: IrValue): IrValue {
    return this.replace(
      old,
      this.emit(
        old,
        old.inputs.map((i) => this.of(i)),
      ),
    );
  }
  replace(old: IrValue, by: IrValue): IrValue {
    this.renamed.set(old.id, by);
    return by;
  }
  finish(updates?: Ir['updates']): Ir {
    return {
      ...this.program,
      values: this.made,
      results: this.program.results.map((r): Result => ({ ...r, value: this.of(r.value).id })),
      updates: updates ?? this.program.updates.map((u) => ({ ...u, value: this.of(u.value).id })),
    };
  }
}
