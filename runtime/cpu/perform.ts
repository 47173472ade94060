/**
 * A worker's part of a step, made into a function once at load: its share, its addresses and the exports it calls are
 * all settled then, so that playing a program is calling functions in order.
 */
import { baseAddress, openBlas } from './blas.js';
import { shareStart } from './shares.js';
import type { Matrix, Product, RowsCall, Setup, Variable, Work } from './steps.js';

export type Variables = Readonly<Record<Variable, number>>;
type Task = (variables: Variables) => void;
type WasmFunction = (...args: number[]) => void;

/** Who does the work: worker `index` of `count`. */
export interface Position {
  readonly index: number;
  readonly count: number;
}

/** Makes the product of rows `from` to `to` and columns `left` to `right` of c, which is given apart, as a function. */
type PrepareProduct = (p: Omit<Product, 'c'>, part: Part, c: Matrix) => () => void;

interface Part {
  readonly from: number;
  readonly to: number;
  readonly left: number;
  readonly right: number;
}

/** Where a part's operands begin. */
function operands(p: Omit<Product, 'c'>, part: Part): { readonly a: number; readonly b: number } {
  return {
    a: p.a.address + 4 * part.from * (p.transposeA ? 1 : p.a.step),
    b: p.b.address + 4 * part.left * (p.transposeB ? p.b.step : 1),
  };
}

const inTurn = (tasks: readonly (() => void)[]) => () => {
  for (const task of tasks) task();
};

function throughBlas(path: string, memory: WebAssembly.Memory): PrepareProduct {
  const { sgemm } = openBlas(path);
  const base = baseAddress(memory);
  return (p, part, c) => {
    const at = operands(p, part);
    const [a, b, to] = [base + BigInt(at.a), base + BigInt(at.b), base + BigInt(c.address)];
    const [m, n] = [part.to - part.from, part.right - part.left];
    const { transposeA, transposeB, k, alpha, beta } = p;
    const [aStep, bStep, cStep] = [p.a.step, p.b.step, c.step];
    return () => sgemm(transposeA, transposeB, m, n, k, alpha, a, aStep, b, bStep, beta, to, cStep);
  };
}

function throughWasm(
  module: WebAssembly.Module,
  scratch: number,
  memory: WebAssembly.Memory,
): PrepareProduct {
  const gemm = new WebAssembly.Instance(module, { env: { memory } }).exports.gemm as WasmFunction;
  return (p, part, c) => {
    const { a, b } = operands(p, part);
    const [m, n] = [part.to - part.from, part.right - part.left];
    const [aRow, aCol] = p.transposeA ? [4, 4 * p.a.step] : [4 * p.a.step, 4];
    const [bRow, bCol] = p.transposeB ? [4, 4 * p.b.step] : [4 * p.b.step, 4];
    const { k, alpha, beta } = p;
    const [to, cRow] = [c.address, 4 * c.step];
    return () => gemm(m, n, k, alpha, a, aRow, aCol, b, bRow, bCol, beta, to, cRow, scratch);
  };
}

/**
 * What this worker does for each kind of work, as functions of the run's numbers; undefined where it has no share.
 *
 * @throws RffcError if the BLAS cannot be opened here
 */
export function prepare(setup: Setup, position: Position): (work: Work) => Task | undefined {
  const { memory } = setup;
  const mine = position.index * setup.privateBytes;
  const { exports } = new WebAssembly.Instance(setup.kernels, { env: { memory } });
  const words = new Int32Array(memory.buffer);
  const product =
    'blas' in setup.products
      ? throughBlas(setup.products.blas, memory)
      : throughWasm(setup.products.module, setup.products.scratch + mine, memory);

  const named = (name: string): WasmFunction => {
    const found = exports[name];
    if (typeof found !== 'function') throw new Error(`the kernels' module does not export ${name}`);
    return found as WasmFunction;
  };
  const share = (n: number): readonly [number, number] => [
    shareStart(n, position.index, position.count),
    shareStart(n, position.index + 1, position.count),
  ];
  const shareOfUnits = ({ count, unit }: { count: number; unit: number }): number[] =>
    share(Math.ceil(count / unit)).map((n) => Math.min(n * unit, count));
  const rowsKernel = (call: RowsCall): ((from: number, to: number) => void) => {
    const kernel = named(`rows_${call.kernel}`);
    const args = call.args + mine;
    return (from, to) => kernel(args, from, to);
  };

  return (work) => {
    switch (work.kind) {
      case 'gemm': {
        const { products, split } = work;
        const mine = split === 'blocks' ? products.slice(...share(products.length)) : products;
        const tasks = mine.flatMap((p) => {
          const [rows, cols] = [split === 'm' ? share(p.m) : [0, p.m], split === 'n' ? share(p.n) : [0, p.n]];
          const part: Part = { from: rows[0]!, to: rows[1]!, left: cols[0]!, right: cols[1]! };
          if (part.from === part.to || part.left === part.right) return [];
          const address = p.c.address + 4 * (part.from * p.c.step + part.left);
          return [product(p, part, { address, step: p.c.step })];
        });
        const [only] = tasks;
        return tasks.length > 1 ? inTurn(tasks) : only;
      }
      case 'rows': {
        const [first, end] = share(work.rows);
        if (first === end) return undefined;
        const kernel = rowsKernel(work);
        return () => kernel(first, end);
      }
      case 'learn': {
        const [first, end] = share(work.update.rows);
        const update = rowsKernel(work.update);
        const gradient = { address: work.gradient.address + mine, step: work.gradient.step };
        const moving = work.moving.map((w) => ({ index: (w.address + mine) >> 2, base: w.base }));
        const blocks: (() => void)[] = [];
        for (let from = first; from < end; from += work.blockRows) {
          const to = Math.min(end, from + work.blockRows);
          const products = work.products.flatMap(({ product: p, row, col }) => {
            const part = {
              from: Math.max(from - row, 0),
              to: Math.min(to - row, p.m),
              left: 0,
              right: p.n,
            };
            if (part.from >= part.to) return [];
            const address = gradient.address + 4 * ((part.from + row - from) * gradient.step + col);
            return [product(p, part, { address, step: gradient.step })];
          });
          // Where row 0 of the gradient would lie for row `from` to lie at its start; below 0 it wraps, as the kernel's
          // sums do.
          const origin = gradient.address - 4 * from * gradient.step;
          blocks.push(() => {
            for (const run of products) run();
            for (const { index, base } of moving) words[index] = (origin + base) | 0;
            update(from, to);
          });
        }
        return inTurn(blocks);
      }
      case 'call': {
        const call = named(work.name);
        if (work.share === null && position.index > 0) return undefined;
        const range = work.share === null ? [] : shareOfUnits(work.share);
        if (range.length === 2 && range[0] === range[1]) return undefined;
        const { args } = work;
        return (variables) => call(...args.map((a) => (typeof a === 'number' ? a : variables[a])), ...range);
      }
      default:
        return work satisfies never;
    }
  };
}
