/**
 * Random row kernels for tests of any code generator: how they are made, laid out between guards, run by whatever is
 * under test, and compared with a plain evaluation of their nodes.
 */
import fc from 'fast-check';
import type { Overlaps } from '../../compiler/codegen/sweeps.js';
import { type Operator, operators } from '../../compiler/expr/operators.js';
import type { ExpressionNode, RowsKernel, RowsLaunch, RowsView } from '../../compiler/plan/plan.js';
import { GUARD, Heap, rowStart } from './wat-kernels.js';

type Row = Float64Array;
interface Evaluated {
  readonly values: readonly Row[];
  /** The largest magnitude met on the way: rounding errors are relative to it. */
  readonly scale: number;
}

/** A row's nodes; `round` is the precision: the identity for f64, `Math.fround` for f32. */
function evaluateRow(
  kernel: RowsKernel,
  inputs: ReadonlyMap<string, Row>,
  round: (x: number) => number,
): Evaluated {
  const { units } = kernel;
  const values: Row[] = [];
  let scale = 1;
  for (const node of kernel.nodes) {
    let value: Row;
    if (typeof node === 'number') value = Float64Array.of(round(node));
    else if (typeof node === 'string') value = inputs.get(node) ?? Float64Array.of(units);
    else {
      const [op, ...indices] = node as [Operator, ...number[]];
      const args = indices.map((a) => values[a]!);
      const at = (a: Row, i: number) => a[a.length === 1 ? 0 : i]!;
      const length = Math.max(...args.map((a) => a.length));
      if (operators[op].apply) {
        value = Float64Array.from({ length }, (_, i) =>
          round(operators[op].apply!(...args.map((a) => at(a, i)))),
        );
      } else {
        const all = Array.from({ length: units }, (_, i) => at(args[0]!, i));
        const sum = all.reduce((a, b) => round(a + b), 0);
        value = Float64Array.of(op === 'amax' ? Math.max(...all) : op === 'sum' ? sum : round(sum / units));
      }
    }
    for (const x of value) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
    values.push(value);
  }
  return { values, scale };
}

const view = (offset: number, variantStride: number, sampleStride: number): RowsView => ({
  buffer: 0,
  offset,
  variantStride,
  sampleStride,
});
const padded = (n: number) => 4 * Math.ceil(n / 4);

/** A launch of a kernel, to be laid out. */
export interface RowsCase {
  readonly kernel: RowsKernel;
  readonly variants: number;
  readonly samples: number;
  readonly modes: readonly ('plain' | 'by variant' | 'by sample' | 'one' | 'lookup')[];
  /** Which output runs in place of which input. */
  readonly inPlace: ReadonlyMap<number, number>;
  readonly overlaps?: Overlaps;
}

/** Runs a kernel's launch on a heap, in place; buffer 0 is the whole heap. */
export type PlayRows = (
  kernel: RowsKernel,
  launch: RowsLaunch,
  heap: Heap,
  overlaps: Overlaps | undefined,
) => Promise<void>;

/** Lays a case out, runs it, and compares every number of every output, tails and guards included. */
export async function checkRows(test: RowsCase, play: PlayRows): Promise<void> {
  const { kernel, variants, samples, modes, inPlace, overlaps } = test;
  const heap = new Heap();
  const rows = variants * samples;
  let state = 12345;
  /** Multiples of a quarter, so that comparisons of inputs are the same in every precision. */
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 8) % 33) / 4 - 4;
  };
  const matrix = (count: number, cols: number) => {
    const stride = padded(cols) + 4;
    const at = heap.allocate(count * stride);
    for (let r = 0; r < count; r++)
      for (let c = 0; c < stride; c++)
        // The padding is the worst that could lie there.
        heap.f32[at + r * stride + c] = c < cols ? random() : c % 2 ? Number.NaN : Number.POSITIVE_INFINITY;
    return { at, stride };
  };
  const inputs: RowsView[] = kernel.inputs.map((input, i) => {
    const cols = input.kind === 'row' ? 1 : kernel.units;
    const mode = [...inPlace.values()].includes(i) ? 'plain' : modes[i]!;
    const count = { plain: rows, 'by variant': variants, 'by sample': samples, one: 1, lookup: 5 }[mode];
    const { at, stride } = matrix(count, cols);
    if (mode === 'plain') return view(at, samples * stride, stride);
    if (mode === 'by variant') return view(at, stride, 0);
    if (mode === 'by sample') return view(at, 0, stride);
    if (mode === 'one') return view(at, 0, 0);
    const index = heap.integers(Array.from({ length: rows }, (_, r) => (3 * r + 1) % 5));
    return { ...view(at, 0, 0), lookup: { stride, index: view(index, samples, 1) } };
  });
  const outputs: RowsView[] = kernel.outputs.map((output, o) => {
    const shared = inPlace.get(o);
    if (shared !== undefined) return inputs[shared]!;
    const cols = (output.kind === 'row' ? 1 : kernel.units) + output.tail.length;
    const stride = padded(cols) + 4;
    return view(heap.allocate(rows * stride), samples * stride, stride);
  });
  const expected = Array.from({ length: rows }, (_, r) => {
    const values = new Map(
      kernel.inputs.map((input, i): [string, Row] => {
        const start = rowStart(inputs[i]!, Math.floor(r / samples), r % samples, heap.i32);
        const cols = input.kind === 'row' ? 1 : kernel.units;
        return [input.name, Float64Array.from(heap.f32.subarray(start, start + cols))];
      }),
    );
    return [evaluateRow(kernel, values, (x) => x), evaluateRow(kernel, values, Math.fround)] as const;
  });

  const launch: RowsLaunch = { kind: 'rows', kernel: 0, variants, samples, inputs, outputs };
  await play(kernel, launch, heap, overlaps);

  kernel.outputs.forEach((output, o) => {
    const cols = output.kind === 'row' ? 1 : kernel.units;
    for (let r = 0; r < rows; r++) {
      const start = rowStart(outputs[o]!, Math.floor(r / samples), r % samples, heap.i32);
      const [exact, rounded] = expected[r]!;
      const [want, want32] = [exact.values[output.node]!, rounded.values[output.node]!];
      for (let c = 0; c < cols; c++) {
        const k = want.length === 1 ? 0 : c;
        const got = heap.f32[start + c]!;
        const allowed = 2e-6 * exact.scale + 16 * Math.abs(want[k]! - want32[k]!);
        if (!(Math.abs(got - want[k]!) <= allowed))
          throw new Error(`output ${o}, row ${r}, column ${c}: ${got}, not ${want[k]}`);
      }
      output.tail.forEach((t, k) => {
        if (heap.f32[start + cols + k] !== Math.fround(t)) throw new Error(`output ${o}, row ${r}: no tail`);
      });
      const behind = heap.f32[start + padded(cols + output.tail.length)];
      if (!inPlace.has(o) && behind !== Math.fround(GUARD))
        throw new Error(`output ${o}, row ${r}: ${behind} was written behind it`);
    }
  });
}

/**
 * A recipe of numbers, and the kernel it describes: every number picks an operator or an argument among what is there.
 */
function buildKernel(
  recipe: readonly number[],
  outputPicks: readonly number[],
): Pick<RowsKernel, 'nodes' | 'outputs' | 'inputs'> {
  const inputs = [
    { name: 'a', kind: 'element' },
    { name: 'b', kind: 'element' },
    { name: 'c', kind: 'element' },
    { name: 'r', kind: 'row' },
    { name: 'q', kind: 'row' },
  ] as const;
  const nodes: ExpressionNode[] = ['a', 'b', 'c', 'r', 'q', 0.5, 0, -1.25, 'n'];
  const element = nodes.map((n) => n === 'a' || n === 'b' || n === 'c');
  /** Nested reductions, at most three deep. */
  const depth = nodes.map(() => 0);
  const leaves = nodes.length;
  const push = (op: Operator, ...args: number[]): number => {
    const reduces = operators[op].kind === 'reduce';
    nodes.push([op, ...args]);
    element.push(!reduces && args.some((a) => element[a]));
    depth.push(Math.max(...args.map((a) => depth[a]!)) + (reduces ? 1 : 0));
    return nodes.length - 1;
  };
  for (let i = 0; i + 3 < recipe.length; i += 4) {
    const [code, x, y, z] = recipe.slice(i, i + 4) as [number, number, number, number];
    // Among the newest more often than not, so that expressions grow deep.
    const pick = (k: number) =>
      k % 3 ? nodes.length - 1 - (k % Math.min(nodes.length, 6)) : k % nodes.length;
    const leaf = (k: number) => k % (leaves - 1);
    const [p, q, s] = [pick(x), pick(y), pick(z)];
    const unary: Operator[] = ['tanh', 'sigmoid', 'softplus', 'abs', 'neg'];
    const binary: Operator[] = ['add', 'sub', 'max', 'min'];
    const comparisons: Operator[] = ['lt', 'le', 'gt', 'ge', 'eq', 'ne'];
    switch (code % 9) {
      case 0:
        push(unary[y % unary.length]!, p);
        break;
      case 1:
        push(binary[z % binary.length]!, p, q);
        break;
      case 2:
        push('mul', p, push('tanh', q));
        break;
      case 3:
        push('select', push(comparisons[z % 6]!, leaf(x), leaf(y)), q, s);
        break;
      case 4:
        push('add', push(comparisons[z % 6]!, leaf(x), leaf(y)), p);
        break;
      case 5:
        push('div', p, push('add', push('sqrt', push('abs', q)), 5));
        break;
      case 6:
        push('select', push('max', leaf(x), leaf(y)), p, s);
        break;
      default:
        if (depth[p]! < 3) push((['mean', 'sum', 'amax'] as const)[y % 3]!, p);
    }
  }
  const outputs = outputPicks.map((k, o) => {
    const node = nodes.length - 1 - (k % Math.min(nodes.length, 9));
    const kind = element[node] || k % 2 ? ('element' as const) : ('row' as const);
    return { node, kind, tail: o === 0 ? [1, 0, -0.5] : [] };
  });
  return { inputs, nodes, outputs };
}

const mode = fc.constantFrom('plain', 'by variant', 'by sample', 'one', 'lookup');
const ingredients = fc.record({
  units: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 31, 66, 200)),
  recipe: fc.array(fc.nat({ max: 999 }), { minLength: 40, maxLength: 120 }),
  picks: fc.array(fc.nat({ max: 999 }), { minLength: 1, maxLength: 4 }),
  variants: fc.integer({ min: 1, max: 3 }),
  samples: fc.integer({ min: 1, max: 3 }),
  modes: fc.array(mode, { minLength: 5, maxLength: 5 }),
});

/** A random kernel and its launch, whose outputs have memory of their own. */
export const apart: fc.Arbitrary<RowsCase> = ingredients.map(
  ({ units, recipe, picks, variants, samples, modes }) => ({
    kernel: { kind: 'rows', name: 'random', units, ...buildKernel(recipe, picks) },
    ...{ variants, samples, modes, inPlace: new Map<number, number>(), overlaps: () => false },
  }),
);

/** A random kernel some of whose element outputs lie where element inputs do. */
export const inPlace: fc.Arbitrary<RowsCase> = apart.map(({ kernel, overlaps: _, ...test }) => {
  const wide = kernel.outputs.flatMap((o, k) => (o.kind === 'element' ? [k] : []));
  const outputs = kernel.outputs.map((o) => ({ ...o, tail: [] }));
  return {
    ...test,
    kernel: { ...kernel, outputs },
    inPlace: new Map(wide.slice(0, 3).map((k, i) => [k, i])),
  };
});
