/**
 * Where values lie: every value of a program gets a place in some buffer, its own or a part of another's.
 *
 * Containers (`slots`, `columns`, `concat`) have a buffer, and what lies in them is written straight to its place;
 * views are a part of what they view; inputs, constants, parameters and state have buffers that both programs share.
 */
import type { Axis, Program } from '../graph/graph.js';
import { type Ir, type IrValue, isRowAxis, isScalarRow, pad4 } from '../passes/ir.js';
import type { ArenaName } from '../plan/plan.js';

export interface BufferDraft {
  readonly name: string;
  readonly arena: ArenaName;
  /** In numbers. */
  readonly size: number;
}

/** Rows of a value in a buffer: strides of 0 where it does not vary. In numbers. */
export interface Home {
  readonly buffer: BufferDraft;
  readonly offset: number;
  readonly variantStride: number;
  readonly sampleStride: number;
  readonly lookup?: { readonly stride: number; readonly index: Home };
}

export const variantOf = (axes: readonly Axis[]): 'polarity' | 'candidate' | undefined =>
  axes.includes('polarity') ? 'polarity' : axes.includes('candidate') ? 'candidate' : undefined;

/** How many variants and samples a value's rows are. */
export function extentsOf(
  v: Pick<IrValue, 'rows' | 'axes'>,
  extents: Program['extents'],
): { variants: number; samples: number } {
  if (v.rows !== 'batch') return { variants: 1, samples: v.rows };
  const variant = variantOf(v.axes);
  return {
    variants: variant ? extents[variant] : 1,
    samples: v.axes.includes('sample') ? extents.sample : 1,
  };
}

export function rowsOf(v: Pick<IrValue, 'rows' | 'axes'>, extents: Program['extents']): number {
  const { variants, samples } = extentsOf(v, extents);
  return variants * samples;
}

/** The strides of rows laid out one after another, `stride` apart, for a value's axes. */
export function strides(v: Pick<IrValue, 'rows' | 'axes'>, stride: number, extents: Program['extents']) {
  if (v.rows !== 'batch') return { variantStride: 0, sampleStride: v.rows === 1 ? 0 : stride };
  const sample = v.axes.includes('sample');
  return {
    variantStride: variantOf(v.axes) ? (sample ? extents.sample : 1) * stride : 0,
    sampleStride: sample ? stride : 0,
  };
}

/** Numbers in a line of most caches. */
const LINE = 16;

/**
 * The distance between rows of a value in a buffer of its own. A product walks down a patch's few columns: rows an odd
 * number of cache lines apart fall on all of a cache's sets (a third off the product of 500 × 64 patches of 49,
 * measured).
 */
export function ownStride(v: IrValue): number {
  if (isScalarRow(v)) return 1;
  if (v.op.kind !== 'patches') return pad4(v.cols);
  const lines = Math.ceil(v.cols / LINE);
  return LINE * (lines + (lines % 2 === 0 ? 1 : 0));
}

/** Kernels that can write their result anywhere. */
const writers: ReadonlySet<IrValue['op']['kind']> = new Set([
  'map',
  'product',
  'product transposed',
  'block product',
  'outer',
  'block outer',
  'onehot',
  'scatter',
  'dropout',
  'total',
  'draw',
]);

/** Values whose every number is known when the plan is made. */
export const isConstant = ({ op }: IrValue): boolean =>
  op.kind === 'fill' || op.kind === 'candidates' || op.kind === 'polarity';

/** Whether a value can be made right in its place inside a container. */
export function canBePlaced(child: IrValue, container: IrValue): boolean {
  const rows = (v: IrValue) => (v.rows === 'batch' ? v.axes.filter(isRowAxis).join() : `${v.rows}`);
  return (
    writers.has(child.op.kind) &&
    child.tensor === undefined &&
    !isScalarRow(child) &&
    rows(child) === rows(container)
  );
}

/** The columns at which a container's inputs lie, and its width. */
export function layoutOf(v: IrValue, program: Ir): { offsets: readonly number[]; width: number } | undefined {
  const inputs = v.inputs.map((i) => program.values[i]!);
  switch (v.op.kind) {
    case 'slots':
      return { offsets: v.op.slots.map((s) => s.offset), width: v.cols };
    case 'columns':
      return { offsets: v.op.offsets, width: pad4(v.cols) };
    case 'concat': {
      let at = 0;
      const offsets = inputs.map((input) => {
        const offset = at;
        at += input.cols;
        return offset;
      });
      return { offsets, width: pad4(v.cols) };
    }
    default:
      return undefined;
  }
}
