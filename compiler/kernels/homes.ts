/**
 * Where values are stored: every value of a program gets a home, a buffer of its own or part of another's.
 *
 * Containers (`slots`, `columns`, `concat`) have a buffer, and the values in them are written straight into it; views
 * are part of what they view; inputs, constants, parameters and state have buffers that both programs share.
 */
import type { Axis, Program } from '../graph/graph.js';
import { type Ir, type IrValue, isRowAxis, isScalarRow } from '../passes/ir.js';
import type { ArenaName, Launch } from '../plan/plan.js';
import { pad4 } from '../vectors.js';

export interface BufferDraft {
  readonly name: string;
  readonly arena: ArenaName;
  /** In numbers. */
  readonly size: number;
}

/** Buffers get their numbers last. */
export type IndexOf = (buffer: BufferDraft) => number;

/** What a launch is once its buffers have numbers. */
export type PendingLaunch = (indexOf: IndexOf) => Launch;

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

/** The number of variants and of samples that a value's rows are. */
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

/** The strides of consecutive rows, `stride` apart, for the axes of a value. */
export function strides(v: Pick<IrValue, 'rows' | 'axes'>, stride: number, extents: Program['extents']) {
  if (v.rows !== 'batch') return { variantStride: 0, sampleStride: v.rows === 1 ? 0 : stride };
  const sample = v.axes.includes('sample');
  return {
    variantStride: variantOf(v.axes) ? (sample ? extents.sample : 1) * stride : 0,
    sampleStride: sample ? stride : 0,
  };
}

/** The number of values in a cache line of most CPUs. */
const LINE = 16;

/**
 * The distance between rows of a value in its own buffer. A product walks down the few columns of a patch: rows that
 * are an odd number of cache lines apart spread over all cache sets (a third faster for the product of 500 × 64 patches
 * of 49, measured).
 */
export function ownStride(v: IrValue): number {
  if (isScalarRow(v)) return 1;
  if (v.op.kind !== 'patches') return pad4(v.cols);
  const lines = Math.ceil(v.cols / LINE);
  return LINE * (lines + (lines % 2 === 0 ? 1 : 0));
}

/** Kernels that can write their result to any location. */
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

/** Values whose every number is known at compile time. */
export const isConstant = ({ op }: IrValue): boolean =>
  op.kind === 'fill' || op.kind === 'candidates' || op.kind === 'polarity';

/** Whether a value can be computed directly inside its container. */
export function canBePlaced(child: IrValue, container: IrValue): boolean {
  const rows = (v: IrValue) => (v.rows === 'batch' ? v.axes.filter(isRowAxis).join() : `${v.rows}`);
  return (
    writers.has(child.op.kind) &&
    child.tensor === undefined &&
    !isScalarRow(child) &&
    rows(child) === rows(container)
  );
}

/** The columns at which the inputs of a container start, and its width. */
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
