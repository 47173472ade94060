/**
 * A plan's launches as steps: what each touches, so that it can be given a stream, and what it does once memory is
 * there. A step is what runs on one stream in order: a kernel, a product, or a layer's whole learning, whose gradient
 * lies in memory of that stream's own, so that layers learn side by side.
 *
 * With bf16 every operand is converted by a step of its own, once for all products that read it until it changes.
 */
import { type KernelLaunch, launchOf } from '../../compiler/codegen/cuda/index.js';
import { areBeside, blockCount, blockStep, wholeMatrix } from '../../compiler/plan/blocks.js';
import type { Gemm, Launch, Plan, Region } from '../../compiler/plan/plan.js';
import { conflicts, type Touch, touchesOf } from '../cpu/barriers.js';
import { convertLaunch } from './convert.js';
import type { CudaPrecision, DeviceMatrix, Product } from './driver.js';

export type Work =
  | { readonly kind: 'kernel'; readonly kernel: KernelLaunch }
  | { readonly kind: 'product'; readonly product: Product };

export interface Step {
  /** Index into the program's launches. */
  readonly launch: number;
  /** In the addresses of `Areas`. */
  readonly touches: readonly Touch[];
  /** What it does, in order, on a stream whose gradients lie at `gradient`. */
  readonly work: (memory: DeviceMemory, gradient: bigint) => readonly Work[];
}

/** Where everything lies on the device, once it is allocated. */
export interface DeviceMemory {
  /** Where a plan's buffer starts. */
  readonly buffer: (index: number) => bigint;
  /** Operands as bf16. */
  readonly operands: bigint;
}

export interface Steps {
  readonly programs: Readonly<Record<string, readonly Step[]>>;
  /** Bytes of the operands as bf16, and of a stream's gradients. */
  readonly operandBytes: number;
  readonly gradientBytes: number;
}

/** What a product reads, all blocks of it. */
const operandsOf = (product: Gemm): Region[] => [wholeMatrix(product, 'a'), wholeMatrix(product, 'b')];

const align = (n: number, to: number): number => Math.ceil(n / to) * to;

/** Addresses before there are any: the arenas one behind the other, and behind them the converted operands. */
class Areas {
  private readonly arenas = new Map<string, number>();
  readonly operands: number;

  constructor(private readonly plan: Plan) {
    let next = 0;
    for (const { name, bytes } of plan.arenas) {
      this.arenas.set(name, next);
      next = align(next + bytes, 256);
    }
    this.operands = next;
  }
  readonly buffer = (index: number): number => {
    const { arena, offset } = this.plan.buffers[index]!;
    return this.arenas.get(arena)! + offset;
  };
  region(r: Region, write = false): Touch {
    return {
      write,
      address: this.buffer(r.buffer) + 4 * r.offset,
      rows: r.rows,
      width: 4 * r.cols,
      step: 4 * r.stride,
      own: false,
    };
  }
}

/** A bf16 copy of a matrix: where it lies among the operands, in bytes, and the numbers from one row to the next. */
interface Copied {
  readonly at: number;
  readonly step: number;
  readonly source: Touch;
  readonly touch: Touch;
}

/** The bf16 copies of all matrices that products read, each in a place of its own. */
class Operands {
  private readonly copies = new Map<string, Copied>();
  bytes = 0;

  constructor(private readonly areas: Areas) {}

  of(r: Region): Copied {
    const source = this.areas.region(r);
    // By its address: buffers of different lives in one place are one matrix here, too.
    const key = [source.address, r.rows, r.cols, r.rows === 1 ? 0 : r.stride].join(' ');
    const known = this.copies.get(key);
    if (known) return known;
    // Rows of whole 16 bytes, as tensor cores want them.
    const step = align(r.cols, 8);
    const at = this.bytes;
    this.bytes = align(at + 2 * step * r.rows, 256);
    const touch = {
      ...{ write: true, address: this.areas.operands + at },
      ...{ rows: r.rows, width: 2 * r.cols, step: 2 * step, own: false },
    };
    const made = { at, step, source, touch };
    this.copies.set(key, made);
    return made;
  }
}

/** The steps of all of a plan's programs. */
export function stepsOf(plan: Plan, precision: CudaPrecision): Steps {
  const areas = new Areas(plan);
  const operands = new Operands(areas);
  const programs = Object.entries(plan.programs).map(([name, launches]): [string, Step[]] => [
    name,
    programSteps(plan, launches, precision, areas, operands),
  ]);
  const gradients = Object.values(plan.programs)
    .flat()
    .map((launch) => (launch.kind === 'learn' ? plan.buffers[launch.gradient.buffer]!.bytes : 0));
  return {
    programs: Object.fromEntries(programs),
    operandBytes: operands.bytes,
    gradientBytes: gradients.reduce((most, bytes) => Math.max(most, bytes), 0),
  };
}

function programSteps(
  plan: Plan,
  launches: readonly Launch[],
  precision: CudaPrecision,
  areas: Areas,
  operands: Operands,
): Step[] {
  const steps: Step[] = [];
  /** Copies that hold what their matrices hold now. */
  const valid = new Set<Copied>();

  /** Brings the copies up to date that these products read. */
  const convert = (launch: number, products: readonly Gemm[]): Touch[] => {
    if (precision !== 'bf16') return [];
    const read: Touch[] = [];
    for (const region of products.flatMap(operandsOf)) {
      const copy = operands.of(region);
      read.push({ ...copy.touch, write: false });
      if (valid.has(copy)) continue;
      valid.add(copy);
      steps.push({
        launch,
        touches: [copy.source, copy.touch],
        work: (memory) => {
          const from = matrixOf(region, memory.buffer);
          const to = { address: memory.operands + BigInt(copy.at), step: copy.step };
          return [{ kind: 'kernel', kernel: convertLaunch(from, to, region.rows, region.cols) }];
        },
      });
    }
    return read;
  };

  const product = (g: Gemm, memory: DeviceMemory, address = memory.buffer): Work => {
    /** An operand, and the numbers from one of its blocks to the next. */
    const operand = (side: 'a' | 'b'): { readonly matrix: DeviceMatrix; readonly block: number } => {
      const block = blockStep(g, side);
      if (precision !== 'bf16') return { matrix: matrixOf(g[side], memory.buffer), block };
      const { at, step } = operands.of(wholeMatrix(g, side));
      const matrix = { address: memory.operands + BigInt(at), step };
      // Of blocks one below the other, the copy's rows lie closer.
      const beside = areBeside(g[side], block, blockCount(g));
      return { matrix, block: beside ? block : (block / g[side].stride) * step };
    };
    const { m, n, k, alpha, beta, transposeA, transposeB } = g;
    const [a, b, c] = [operand('a'), operand('b'), matrixOf(g.c, address)];
    const product = { m, n, k, alpha, beta, transposeA, transposeB, a: a.matrix, b: b.matrix, c, precision };
    const blocks = g.blocks && { ...g.blocks, a: a.block, b: b.block };
    return { kind: 'product', product: blocks ? { ...product, blocks } : product };
  };

  launches.forEach((launch, index) => {
    const step = (touches: readonly Touch[], work: Step['work']) => {
      steps.push({ launch: index, touches, work });
      // A copy is stale as soon as anything writes into its matrix.
      for (const copy of valid)
        if (touches.some((t) => t.write && conflicts({ ...t, own: false }, copy.source))) valid.delete(copy);
    };
    switch (launch.kind) {
      case 'gemm': {
        const read = convert(index, [launch]);
        const own = precision === 'bf16' ? read : operandsOf(launch).map((r) => areas.region(r));
        step([...own, areas.region(wholeMatrix(launch, 'c'), true)], (memory) => [product(launch, memory)]);
        return;
      }
      case 'learn': {
        const { products, gradient, update } = launch;
        const read = convert(index, products);
        const own = precision === 'bf16' ? read : products.flatMap(operandsOf).map((r) => areas.region(r));
        // Of the gradient nothing is seen outside of the step.
        const others = touchesOf({ ...launch, products: [] }, plan, areas.buffer, 1);
        step([...own, ...others], (memory, mine) => {
          const address = (buffer: number) => (buffer === gradient.buffer ? mine : memory.buffer(buffer));
          return [
            ...products.map((p) => product(p, memory, address)),
            { kind: 'kernel', kernel: launchOf(update, plan, address) },
          ];
        });
        return;
      }
      default:
        step(touchesOf(launch, plan, areas.buffer, 1), (memory) => [
          { kind: 'kernel', kernel: launchOf(launch, plan, memory.buffer) },
        ]);
    }
  });
  return steps;
}

function matrixOf(r: Region, address: (buffer: number) => bigint): DeviceMatrix {
  // Of one row no second one is ever reached, but cuBLAS wants a step that a row fits into.
  const step = r.rows === 1 ? Math.max(r.stride, r.cols) : r.stride;
  return { address: address(r.buffer) + 4n * BigInt(r.offset), step };
}
