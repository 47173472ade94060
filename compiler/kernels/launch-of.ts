/** The launches of a value that is not an expression: a product, a sum over rows, a draw. */
import { type IrValue, isOuter } from '../passes/ir.js';
import { inBlocks } from '../plan/blocks.js';
import type { Gemm } from '../plan/plan.js';
import type { Addresses, RowRange, Step } from './addresses.js';
import type { Copies } from './copies.js';
import type { IndexOf } from './homes.js';
import { type Home, rowsOf, variantOf } from './homes.js';

/** @param split whether the rows of each polarity are a separate launch */
export function launchesOf(v: IrValue, at: Addresses, copies: Copies, split: boolean): Step[] {
  const inputs = at.inputsOf(v);
  const home = at.of(v);
  const homes = [home, ...inputs.map((i) => at.of(i))];
  const [a, b] = inputs as [IrValue, IrValue];
  const { op } = v;
  switch (op.kind) {
    case 'product':
    case 'product transposed':
    case 'block product':
      return products(v, at, homes, split);
    case 'outer':
    case 'block outer':
      return gradientOf(v, at, split).map((product) => ({
        homes,
        launch: (indexOf) => ({ kind: 'gemm', ...product(indexOf) }),
      }));
    case 'patches':
      return [
        {
          homes,
          launch: (indexOf) => ({
            kind: 'patches',
            field: op.field,
            input: at.region(a)(indexOf),
            output: at.region(v)(indexOf),
          }),
        },
      ];
    case 'blank':
      return [
        ...copies.copy(a, home, v),
        {
          homes: [home],
          launch: (indexOf) => {
            const whole = at.region(v)(indexOf);
            return {
              kind: 'fill',
              output: { ...whole, offset: whole.offset + op.from, cols: op.count },
              value: 0,
            };
          },
        },
      ];
    case 'embed':
      return [
        ...copies.copy(a, home, v),
        ...copies.overwrite(b, { ...home, offset: home.offset + op.at }, v),
      ];
    case 'total':
      return [
        {
          homes,
          launch: (indexOf) => ({
            kind: 'total',
            input: at.region(a)(indexOf),
            output: at.region(v)(indexOf),
            scale: op.scale,
          }),
        },
      ];
    case 'scatter': {
      const index = at.places.indexOf(v.inputs.slice(1));
      return [
        {
          homes: [...homes, index],
          launch: (indexOf) => ({
            kind: 'scatter',
            input: at.region(a)(indexOf),
            index: indices(index, rowsOf(a, at.extents), indexOf),
            classes: op.classes,
            output: at.region(v)(indexOf),
            scale: op.scale,
          }),
        },
      ];
    }
    case 'onehot': {
      const index = at.places.indexOf(v.inputs);
      return [
        {
          homes: [home, index],
          launch: (indexOf) => ({
            kind: 'onehot',
            index: indices(index, rowsOf(v, at.extents), indexOf),
            output: at.region(v)(indexOf),
            tail: at.places.tails.get(v.id) ?? [],
          }),
        },
      ];
    }
    case 'dropout':
      return [
        {
          homes,
          launch: (indexOf) => ({
            kind: 'dropout',
            output: at.region(v)(indexOf),
            site: op.site,
            keep: op.keep,
          }),
        },
      ];
    case 'draw':
      return [
        {
          homes,
          launch: (indexOf) => ({
            kind: 'draw',
            probabilities: at.region(a)(indexOf),
            truth: at.region(b)(indexOf),
            uniform: at.region(inputs[2]!)(indexOf),
            output: at.region(v)(indexOf),
          }),
        },
      ];
    case 'mean': {
      const rows = rowsOf(a, at.extents);
      const range =
        op.of !== 'all' && variantOf(a.axes) === 'polarity'
          ? { rows: rows / 2, from: op.of === 'positive' ? 0 : rows / 2 }
          : { rows, from: 0 };
      return [
        {
          homes,
          launch: (indexOf) => ({
            kind: 'mean',
            input: at.region(a, { range })(indexOf),
            output: at.region(v)(indexOf),
            scale: 1 / range.rows,
          }),
        },
      ];
    }
    default:
      throw new Error(`no kernel for ${op.kind} (${v.name})`);
  }
}

/** Class indices, one per row. */
function indices({ buffer, offset }: Home, rows: number, indexOf: IndexOf) {
  return { buffer: indexOf(buffer), offset, rows, cols: 1, stride: 1 };
}

function products(v: IrValue, at: Addresses, homes: readonly Home[], split: boolean): Step[] {
  const [a, b] = at.inputsOf(v) as [IrValue, IrValue];
  const { op } = v;
  const transposed = op.kind === 'product transposed';
  return halves(rowsOf(v, at.extents), split).map((range) => ({
    homes,
    launch: (indexOf) => {
      const product: Gemm = {
        m: range.rows,
        n: v.cols,
        k: transposed ? Math.min(a.cols, b.rows as number) : b.cols,
        a: at.region(a, { range })(indexOf),
        transposeA: false,
        b: at.region(b)(indexOf),
        transposeB: !transposed,
        c: at.region(v, { range })(indexOf),
        alpha: 1,
        beta: 0,
      };
      return { kind: 'gemm', ...(op.kind === 'block product' ? inBlocks(product, op.blocks) : product) };
    },
  }));
}

/** The products that make up a gradient: one, or one per polarity. */
export function gradientOf(v: IrValue, at: Addresses, split: boolean): ((indexOf: IndexOf) => Gemm)[] {
  if (!isOuter(v.op)) throw new Error(`${v.name} is not a gradient`);
  const { scale } = v.op;
  const onto = 'onto' in v.op ? v.op.onto : undefined;
  const blocks = v.op.kind === 'block outer' ? v.op.blocks : undefined;
  const [a, b] = at.inputsOf(v) as [IrValue, IrValue];
  const rows = Math.max(rowsOf(a, at.extents), rowsOf(b, at.extents));
  const { offset } = at.of(v);
  return halves(rows, split).map((range, i) => (indexOf) => {
    const whole = at.region(v)(indexOf);
    const product: Gemm = {
      m: a.cols,
      n: onto === undefined ? v.cols : b.cols,
      k: range.rows,
      a: at.region(a, { range })(indexOf),
      transposeA: true,
      b: at.region(b, { range })(indexOf),
      transposeB: false,
      c: onto === undefined ? whole : { ...whole, offset: offset + onto, cols: b.cols },
      alpha: scale,
      beta: i === 0 && onto === undefined ? 0 : 1,
    };
    return blocks === undefined ? product : inBlocks(product, blocks);
  });
}

/** All rows, or those of each polarity. */
function halves(rows: number, split: boolean): RowRange[] {
  if (!split) return [{ rows, from: 0 }];
  return [
    { rows: rows / 2, from: 0 },
    { rows: rows / 2, from: rows / 2 },
  ];
}
