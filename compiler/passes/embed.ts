/**
 * The label in the data.
 *
 * Finds: products with data that have the label written over some columns (`embed`), normalized by a factor a row or
 * not at all. x with the label in it is x without those columns plus the label in them, and a row's factor commutes
 * with a product, (r · x) · Wᵀ = r · (x · Wᵀ), so the product is the data's own plus the label's few columns', and the
 * same holds for the gradient. Legal: where `normalize` is `h` times a row expression. Buys: the data's part varies
 * over samples only. It is computed once for both polarities, for every label tried, and for the view without a label,
 * on as many rows as there are samples.
 */
import { apply, type Expr, fromJson, mul, one, variable, width } from '../expr/index.js';
import type { ModelDocument } from '../model.js';
import { type Ir, type IrValue, isRowAxis, Rewriter, unionAxes } from './ir.js';

/** The row expression that an element expression is `h` times; undefined where it is not of that form. */
export function factorOf(expr: Expr, h: Expr): Expr | undefined {
  if (expr === h) return one;
  if (expr.op === 'const' || expr.op === 'var') return undefined;
  const [a, b] = expr.args as [Expr, Expr];
  const factor = (e: Expr, by: (f: Expr) => Expr) => {
    const found = factorOf(e, h);
    return found && by(found);
  };
  switch (expr.op) {
    case 'neg':
      return factor(a, (f) => apply('neg', f));
    case 'mul':
      if (a.kind === 'row') return factor(b, (f) => mul(a, f));
      return b.kind === 'row' ? factor(a, (f) => mul(f, b)) : undefined;
    case 'div':
      return b.kind === 'row' ? factor(a, (f) => apply('div', f, b)) : undefined;
    default:
      return undefined;
  }
}

/** Data with a label in it: which, and the factor of each row. */
interface Embedded {
  readonly x: IrValue;
  readonly label: IrValue;
  readonly at: number;
  readonly factor: IrValue | undefined;
}

/** The pass: every product and gradient of embedded data, split where that is legal; anything else as it is. */
export function splitEmbeds(program: Ir, { model }: { readonly model: Pick<ModelDocument, 'input'> }): Ir {
  const { input } = model;
  if (!input.embed) return program;
  const out = new Rewriter(program);
  const found = new Map<number, Embedded | undefined>();

  const embeddedIn = (value: IrValue): Embedded | undefined => {
    if (found.has(value.id)) return found.get(value.id);
    const made = read(value);
    found.set(value.id, made);
    return made;
  };
  const read = (value: IrValue): Embedded | undefined => {
    const inputs = value.inputs.map((i) => program.values[i]!);
    if (value.op.kind === 'embed') {
      const [x, label] = inputs.map((v) => out.of(v.id)) as [IrValue, IrValue];
      const { at } = value.op;
      const op = { kind: 'blank', from: at, count: label.cols } as const;
      const rest = out.emit({ ...x, op, name: `${value.name} without its label` }, [x]);
      return { x: rest, label, at, factor: undefined };
    }
    const [embed] = inputs;
    if (value.op.kind !== 'map' || inputs.length !== 1 || embed?.op.kind !== 'embed') return undefined;
    const factor = factorOf(value.op.expr, variable(value.op.vars[0]!, 'element'));
    const bare = factor && embeddedIn(embed);
    if (!bare || factor === one) return bare;
    const op = { ...value.op, expr: factor };
    const axes = embed.axes;
    const { step } = value;
    const row = out.emit({ op, rows: 'batch', cols: 1, axes, step, name: `${value.name} factor` }, [
      out.of(embed.id),
    ]);
    return { ...bare, factor: row };
  };

  /** Rows times their factor. */
  const scaled = (
    sum: readonly IrValue[],
    factor: IrValue | undefined,
    { step, name }: Pick<IrValue, 'step' | 'name'>,
  ): IrValue => {
    const vars = sum.map((_, i) => `p${i}`);
    const whole = vars.map((v): Expr => variable(v, 'element')).reduce((a, b) => apply('add', a, b));
    const expr = factor ? mul(whole, variable('factor', 'row')) : whole;
    const inputs = factor ? [...sum, factor] : sum;
    const { cols } = sum[0]!;
    const op = { kind: 'map', expr, vars: factor ? [...vars, 'factor'] : vars, units: cols } as const;
    const axes = unionAxes(...inputs.map((v) => v.axes));
    return out.emit({ op, rows: 'batch', cols, axes, step, name }, inputs);
  };

  for (const value of program.values) {
    const { op, step, name, rows, cols } = value;
    if (op.kind === 'product') {
      const source = embeddedIn(program.values[value.inputs[0]!]!);
      if (source) {
        const w = out.of(value.inputs[1]!);
        const { x, label, at, factor } = source;
        const product = (a: IrValue, b: IrValue, of: string) =>
          out.emit({ op, rows, cols, axes: unionAxes(a.axes, b.axes), step, name: `${name} of ${of}` }, [
            a,
            b,
          ]);
        const columns = { op: { kind: 'window', from: at }, cols: label.cols } as const;
        const window = out.emit({ ...columns, rows: w.rows, axes: w.axes, step: w.step, name: w.name }, [w]);
        const sum = [product(x, w, 'the data'), product(label, window, 'the label')];
        out.replace(value, scaled(sum, factor, value));
        continue;
      }
    }
    if (op.kind === 'outer') {
      const source = embeddedIn(program.values[value.inputs[1]!]!);
      if (source) {
        const { x, label, at, factor } = source;
        const dz = out.of(value.inputs[0]!);
        const a = factor ? scaled([dz], factor, { step: dz.step, name: `${dz.name} scaled` }) : dz;
        // A part may have fewer rows than the whole had: each stands for so many.
        const all = unionAxes(...value.inputs.map((i) => program.values[i]!.axes));
        const scale = (part: IrValue) =>
          all
            .filter((axis) => isRowAxis(axis) && !unionAxes(a.axes, part.axes).includes(axis))
            .reduce((n, axis) => n * program.extents[axis as keyof Ir['extents']], op.scale);
        const gradient = { rows, cols, axes: value.axes, step, name };
        const data = out.emit({ ...gradient, op: { kind: 'outer', scale: scale(x) } }, [a, x]);
        const onto = { kind: 'outer', scale: scale(label), onto: at } as const;
        out.replace(value, out.emit({ ...gradient, op: onto }, [a, label, data]));
        continue;
      }
    }
    out.keep(value);
  }
  return out.finish();
}

/** Whether a model's data have a label in them that products can be split by. */
export function splitsEmbed({ input: { embed, normalize } }: Pick<ModelDocument, 'input'>): boolean {
  const h = variable('h', 'element');
  const scope = new Map<string, Expr>([
    ['h', h],
    ['n', width],
  ]);
  return embed !== null && (normalize === null || factorOf(fromJson(normalize, scope), h) !== undefined);
}
