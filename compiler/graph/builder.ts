/**
 * Builds the values of one program: derives shapes and axes, so that the lowering only states what is computed from
 * what.
 */
import { type Expr, variablesOf } from '../expr/index.js';
import { type Field, patchSize } from '../field.js';
import { type Axis, type Op, type Program, type Result, rowAxes, type Value } from './graph.js';
import type { ProgramName, TensorId } from './tensors.js';

const order: readonly Axis[] = [...rowAxes, 'frame', 'parameters'];

function union(...sets: readonly (readonly Axis[])[]): Axis[] {
  return order.filter((axis) => sets.some((s) => s.includes(axis)));
}

const without = (axes: readonly Axis[], dropped: readonly Axis[]) => axes.filter((a) => !dropped.includes(a));

export class ProgramBuilder {
  private readonly values: Value[] = [];
  private readonly results: Result[] = [];
  private readonly updates: { tensor: string; value: number }[] = [];
  private step = '';

  constructor(
    private readonly name: ProgramName,
    private readonly extents: Program['extents'],
  ) {}

  /** The step, or other part of the program, of the values that follow. */
  within(step: string): void {
    this.step = step;
  }

  private push(
    op: Op,
    inputs: readonly Value[],
    rows: number | 'batch',
    cols: number,
    axes: readonly Axis[],
    name: string,
    tensor?: TensorId,
  ): Value {
    const value: Value = {
      id: this.values.length,
      op,
      inputs: inputs.map((v) => v.id),
      rows,
      cols,
      axes,
      step: this.step,
      name,
      ...(tensor === undefined ? {} : { tensor }),
    };
    this.values.push(value);
    return value;
  }

  state(tensor: TensorId, rows: number, cols: number): Value {
    const { name } = tensor;
    return this.push({ kind: 'state', tensor: name }, [], rows, cols, ['parameters'], name, tensor);
  }

  input(tensor: string, cols: number, frame: number, frames: number): Value {
    return this.push(
      { kind: 'input', tensor, frame },
      [],
      'batch',
      cols,
      frames > 1 ? ['sample', 'frame'] : ['sample'],
      tensor,
    );
  }

  fill(value: number, cols: number): Value {
    return this.push({ kind: 'fill', value }, [], 'batch', cols, [], `${value}`);
  }

  scalar(scalar: Extract<Op, { kind: 'scalar' }>['scalar']): Value {
    return this.push({ kind: 'scalar', scalar }, [], 'batch', 1, [], scalar.name);
  }

  polarity(): Value {
    return this.push({ kind: 'polarity' }, [], 'batch', 1, ['polarity'], 'polarity');
  }

  onehot(positive: Value, negative: Value, classes: number): Value {
    return this.push(
      { kind: 'onehot' },
      [positive, negative],
      'batch',
      classes,
      union(positive.axes, negative.axes, ['polarity']),
      'label',
    );
  }

  /** One-hot rows, one class index per row. */
  onehotOf(index: Value, classes: number): Value {
    return this.push({ kind: 'onehot' }, [index], 'batch', classes, index.axes, 'label');
  }

  candidates(classes: number): Value {
    return this.push({ kind: 'candidates' }, [], 'batch', classes, ['candidate'], 'candidates');
  }

  embed(x: Value, label: Value, at: number, name: string): Value {
    const axes = union(x.axes, label.axes);
    return this.push({ kind: 'embed', at }, [x, label], 'batch', x.cols, axes, name);
  }

  /** @param field if each unit of w reads a patch of a instead of all of it */
  product(a: Value, w: Value, name: string, field?: Field): Value {
    const op: Op = field ? { kind: 'field product', field } : { kind: 'product' };
    return this.push(op, [a, w], 'batch', w.rows as number, union(a.axes, w.axes), name);
  }

  /** @param field if each unit of a reads a patch of b instead of all of it */
  outer(a: Value, b: Value, scale: number, name: string, field?: Field): Value {
    const op: Op = field ? { kind: 'field outer', field, scale } : { kind: 'outer', scale };
    const cols = field ? patchSize(field) : b.cols;
    return this.push(op, [a, b], a.cols, cols, without(union(a.axes, b.axes), rowAxes), name);
  }

  total(a: Value, scale: number, name: string): Value {
    return this.push({ kind: 'total', scale }, [a], 1, a.cols, without(a.axes, rowAxes), name);
  }

  mean(a: Value, of: 'all' | 'positive' | 'negative', name: string): Value {
    return this.push({ kind: 'mean', of }, [a], 'batch', 1, without(a.axes, rowAxes), name);
  }

  part(a: Value, of: 'positive' | 'negative'): Value {
    if (!a.axes.includes('polarity')) return a;
    return this.push(
      { kind: 'part', of },
      [a],
      'batch',
      a.cols,
      without(a.axes, ['polarity']),
      `${a.name} ${of}`,
    );
  }

  concat(values: readonly Value[], name: string): Value {
    const cols = values.reduce((n, v) => n + v.cols, 0);
    return this.push({ kind: 'concat' }, values, 'batch', cols, union(...values.map((v) => v.axes)), name);
  }

  /**
   * `expr` over named inputs; its `n` is `units`. A row expression makes one column, unless `cols` asks for it in each.
   * `anchor` names an input that is kept even if the expression does not read it: it says what the value belongs to.
   */
  map(
    expr: Expr,
    bindings: Readonly<Record<string, Value>>,
    units: number,
    name: string,
    cols = expr.kind === 'element' ? units : 1,
    anchor?: string,
  ): Value {
    // A derivative may have lost some of them, and must not get the rows of values that it does not read.
    const read = variablesOf(expr);
    const vars = Object.keys(bindings).filter((v) => read.has(v) || v === anchor);
    const inputs = vars.map((v) => bindings[v]!);
    const axes = union(...inputs.filter((_, i) => read.has(vars[i]!)).map((v) => v.axes));
    return this.push({ kind: 'map', expr, vars, units }, inputs, 'batch', cols, axes, name);
  }

  /** The next version of a parameter or of optimizer state: `expr` over matrices of its shape and numbers. */
  version(tensor: TensorId, expr: Expr, bindings: Readonly<Record<string, Value>>, before: Value): Value {
    const vars = Object.keys(bindings);
    const inputs = vars.map((v) => bindings[v]!);
    const op: Op = { kind: 'map', expr, vars, units: before.cols };
    return this.push(op, inputs, before.rows, before.cols, before.axes, tensor.name, tensor);
  }

  dropout(site: number, keep: number, cols: number): Value {
    return this.push({ kind: 'dropout', site, keep }, [], 'batch', cols, ['polarity', 'sample'], 'dropout');
  }

  draw(probabilities: Value, truth: Value, uniform: Value): Value {
    return this.push(
      { kind: 'draw' },
      [probabilities, truth, uniform],
      'batch',
      1,
      union(probabilities.axes, truth.axes),
      'negative',
    );
  }

  result(tensor: string, offset: number, value: Value, axes: readonly Axis[] = []): void {
    this.results.push({ tensor, offset, value: value.id, axes });
  }

  /** A result for those who look on: a whole matrix, its columns the last axis however many they are. */
  observe(name: string, value: Value, axes: readonly Axis[]): void {
    this.results.push({ tensor: `observe/${name}`, offset: 0, value: value.id, axes, columns: true });
  }

  update(tensor: string, value: Value): void {
    this.updates.push({ tensor, value: value.id });
  }

  finish(): Program {
    return {
      name: this.name,
      values: this.values,
      results: this.results,
      updates: this.updates,
      extents: this.extents,
    };
  }
}
