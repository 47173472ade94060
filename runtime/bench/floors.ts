/**
 * The floors of `rffc bench`, as programs of the plan's own: played by the same workers through the same BLAS, on
 * memory beside the plan's, they take what the matrix products take alone.
 *
 * The floor is the plan's products, those of learning included, in their places and order, and nothing else. The naive
 * floor is the products of the model as it is written (`plan.naive`), each on operands of its own.
 */
import type { Buffer, Gemm, Launch, Plan, Region } from '../../compiler/plan/plan.js';
import type { ProgramName } from '../engine.js';

/** The names of a program's floors. */
export const floorOf = (program: ProgramName): string => `${program} floor`;
export const naiveFloorOf = (program: ProgramName): string => `${program} naive floor`;

/** A plan with its floors among its programs. */
export function withFloors(plan: Plan): Plan {
  const operands = new Operands(plan);
  const programs: Record<string, readonly Launch[]> = {};
  const fills: Launch[] = [];
  for (const name of ['train', 'predict'] as const) {
    programs[floorOf(name)] = productsOf(plan.programs[name]);
    const naive = naiveProgram(plan.naive[name], name === 'train', operands);
    programs[naiveFloorOf(name)] = naive.launches;
    fills.push(...naive.fills);
    // Programs never run at once, so their operands may lie in the same bytes.
    operands.rewind();
  }
  return {
    ...plan,
    arenas: plan.arenas.map((a) => (a.name === 'scratch' ? { ...a, bytes: operands.end } : a)),
    buffers: operands.buffers,
    programs: { ...plan.programs, ...programs, load: [...plan.programs.load, ...fills] },
  };
}

/** A program's matrix products. */
function productsOf(launches: readonly Launch[]): Launch[] {
  return launches.flatMap((l): Launch[] => {
    if (l.kind === 'gemm') return [l];
    return l.kind === 'learn' ? l.products.map((p) => ({ kind: 'gemm', ...p })) : [];
  });
}

/** Matrices behind all that the plan has. */
class Operands {
  readonly buffers: Buffer[];
  private readonly start: number;
  private next: number;
  /** The scratch arena's bytes with them. */
  end: number;

  constructor(plan: Plan) {
    this.buffers = [...plan.buffers];
    this.start = align(plan.arenas.find(({ name }) => name === 'scratch')!.bytes);
    this.next = this.start;
    this.end = this.start;
  }

  matrix(name: string, rows: number, cols: number): Region {
    const stride = 4 * Math.ceil(cols / 4);
    const bytes = 4 * rows * stride;
    const buffer = this.buffers.push({ arena: 'scratch', offset: this.next, bytes, name }) - 1;
    this.next = align(this.next + bytes);
    this.end = Math.max(this.end, this.next);
    return { buffer, offset: 0, rows, cols, stride };
  }

  rewind(): void {
    this.next = this.start;
  }
}

const align = (bytes: number): number => Math.ceil(bytes / 256) * 256;

/**
 * Products [m, n, k, count] as a program, step by step: of those with fewer than all steps, the last ones. In training
 * a layer's two entries are its activity and its gradient, which multiplies by the transposed deltas.
 */
function naiveProgram(
  products: Plan['naive'][ProgramName],
  training: boolean,
  operands: Operands,
): { readonly launches: Launch[]; readonly fills: Launch[] } {
  const fills: Launch[] = [];
  const operand = (name: string, rows: number, cols: number): Region => {
    const output = operands.matrix(name, rows, cols);
    // Any numbers will do that are neither 0 nor subnormal: the time of a product does not depend on others.
    fills.push({ kind: 'fill', output, value: 0.5 });
    return output;
  };
  const entries = products.map(([m, n, k, count], i) => {
    const isGradient = training && i % 2 === 1;
    const name = `naive product ${i}`;
    const gemm: Gemm = {
      m,
      n,
      k,
      a: isGradient ? operand(name, k, m) : operand(name, m, k),
      transposeA: isGradient,
      b: isGradient ? operand(name, k, n) : operand(name, n, k),
      transposeB: !isGradient,
      c: operands.matrix(name, m, n),
      alpha: 1,
      beta: 0,
    };
    return { gemm, count, isGradient };
  });
  const steps = Math.max(0, ...entries.map(({ count }) => count));
  const launches = Array.from({ length: steps }, (_, step) => {
    const now = entries.filter(({ count }) => step >= steps - count);
    // All layers move before any learns.
    const ordered = [...now.filter((e) => !e.isGradient), ...now.filter((e) => e.isGradient)];
    return ordered.map(({ gemm }): Launch => ({ kind: 'gemm', ...gemm }));
  }).flat();
  return { launches, fills };
}
