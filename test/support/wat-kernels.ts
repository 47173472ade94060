/** For tests of printed WebAssembly: assembles a module, and lays matrices out in its memory between guards. */
import wabt from 'wabt';
import type { ExpressionNode, RowsKernel, RowsView } from '../../compiler/plan/plan.js';

export type Functions = Readonly<Record<string, (...args: number[]) => void>>;

const assembler = wabt();

/** The functions of a module's text, on a fresh shared memory. */
export async function instantiate(text: string, memory: WebAssembly.Memory): Promise<Functions> {
  const parsed = (await assembler).parseWat('test.wat', text, {
    threads: true,
    simd: true,
    bulk_memory: true,
  });
  try {
    const bytes = parsed.toBinary({}).buffer as Uint8Array<ArrayBuffer>;
    const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(bytes), { env: { memory } });
    return exports as Functions;
  } finally {
    parsed.destroy();
  }
}

export const GUARD = -12345.678;

/** A bump allocator over a memory; what was never asked for holds `GUARD`. */
export class Heap {
  readonly memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  readonly f32 = new Float32Array(this.memory.buffer);
  readonly i32 = new Int32Array(this.memory.buffer);
  private top = 64;

  constructor() {
    this.f32.fill(GUARD);
  }

  /** How many numbers have been handed out; the next is behind a guard. */
  get end(): number {
    return this.top;
  }

  /** The index of the first of `count` numbers, at a multiple of 64 bytes. */
  allocate(count: number): number {
    const at = this.top;
    this.top = 16 * Math.ceil((at + count) / 16) + 16;
    if (this.top > this.f32.length) throw new Error('the test memory is full');
    return at;
  }

  floats(values: ArrayLike<number>): number {
    const at = this.allocate(values.length);
    this.f32.set(values, at);
    return at;
  }

  integers(values: ArrayLike<number>): number {
    const at = this.allocate(values.length);
    this.i32.set(values, at);
    return at;
  }

  clear(): void {
    this.f32.fill(GUARD);
    this.top = 64;
  }
}

/** The number a view's row starts at, as the plan defines it. */
export function rowStart(view: RowsView, variant: number, sample: number, i32: Int32Array): number {
  if (view.lookup) {
    const k = i32[rowStart(view.lookup.index, variant, sample, i32)]!;
    return view.offset + k * view.lookup.stride;
  }
  return view.offset + variant * view.variantStride + sample * view.sampleStride;
}

/** A learning layer's step, with h over the old activity and dz over z: what trains most of the time. */
export function layerStep(units: number): RowsKernel {
  const nodes: ExpressionNode[] = ['z', 'before', 'sign', 0, 0.01, 1, 0.3, 0.7, 1e-8, 1.5];
  const push = (...node: readonly [string, ...number[]]) => nodes.push(node) - 1;
  const slope = push('select', push('gt', 0, 3), 5, 4);
  const h = push('add', push('mul', 1, 6), push('mul', push('mul', 0, slope), 7));
  const goodness = push('mean', push('mul', h, h));
  const rms = push('sqrt', push('add', goodness, 8));
  const s = push('div', h, rms);
  const margin = push('mul', 2, push('sub', goodness, 9));
  const loss = push('softplus', margin);
  const dh = push('mul', h, push('mul', push('mul', 2, push('sigmoid', margin)), 7));
  const dz = push('mul', dh, slope);
  return {
    kind: 'rows',
    name: 'layer step',
    units,
    inputs: [
      { name: 'z', kind: 'element' },
      { name: 'before', kind: 'element' },
      { name: 'sign', kind: 'row' },
    ],
    nodes,
    outputs: [
      { node: h, kind: 'element', tail: [] },
      { node: s, kind: 'element', tail: [1, 0, 0, 0] },
      { node: dz, kind: 'element', tail: [] },
      { node: goodness, kind: 'row', tail: [] },
      { node: loss, kind: 'row', tail: [] },
    ],
  };
}
