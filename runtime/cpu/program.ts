/**
 * A plan's launches as steps for the workers, with addresses, argument blocks and barriers.
 */
import { argumentWords, inputWord, SCRATCH_WORD } from '../../compiler/codegen/wat/arguments.js';
import { patchGrid } from '../../compiler/field.js';
import { eachBlock } from '../../compiler/plan/blocks.js';
import type { Gemm, Launch, Plan, Region, RowsLaunch } from '../../compiler/plan/plan.js';
import { touchesOf } from '../../compiler/plan/touches.js';
import { barriersOf } from './barriers.js';
import { align } from './layout.js';
import { gemmSplit } from './shares.js';
import type { Matrix, Product, RowsCall, Step, Work } from './steps.js';

/**
 * Rows of a gradient computed before they are used. More need more memory and leave the cache; fewer waste the
 * packing of every product (measured at 2000 × 6012: 64 rows take a third longer, 512 no longer than a whole share).
 */
const BLOCK_ROWS = 512;

type LearnLaunch = Extract<Launch, { kind: 'learn' }>;

/**
 * The layout of a private region: argument blocks and constants, the kernels' scratch, gradients, products' scratch.
 */
export interface PrivateLayout {
  readonly words: number;
  readonly scratch: number;
  readonly gradient: number;
  readonly products: number;
  readonly bytes: number;
}

/** Rows per block of a learning launch's gradient, for the worker with the most rows. */
export function blockRows(launch: LearnLaunch, workers: number): number {
  const share = Math.ceil(launch.gradient.rows / workers);
  // Blocks of about the same size, in whole strips of eight rows.
  return Math.min(share, Math.ceil(share / Math.ceil(share / BLOCK_ROWS) / 8) * 8);
}

const launchesOf = (plan: Pick<Plan, 'programs'>): Launch[] => Object.values(plan.programs).flat();

/** A launch's words in a private region: its argument block, or the numbers beyond its last column. */
function wordsOf(launch: Launch): number {
  const block = (l: RowsLaunch) => argumentWords(l, () => 0).length;
  switch (launch.kind) {
    case 'rows':
      return block(launch);
    case 'learn':
      return block(launch.update);
    case 'onehot':
      return launch.tail.length;
    default:
      return 0;
  }
}

/**
 * The size and layout of a plan's private regions.
 *
 * @param kernelScratch the largest scratch of a row kernel, in bytes
 * @param productScratch the scratch of a product, in bytes
 */
export function privateLayout(
  plan: Pick<Plan, 'programs'>,
  workers: number,
  kernelScratch: number,
  productScratch: number,
): PrivateLayout {
  const launches = launchesOf(plan);
  const scratch = align(launches.reduce((sum, l) => sum + 4 * wordsOf(l), 0));
  const gradient = scratch + align(kernelScratch);
  const block = (l: Launch) => (l.kind === 'learn' ? 4 * blockRows(l, workers) * l.gradient.stride : 0);
  const products = gradient + align(launches.reduce((most, l) => Math.max(most, block(l)), 0));
  return { words: 0, scratch, gradient, products, bytes: products + align(productScratch) };
}

/**
 * Builds the steps of all programs, and writes the argument blocks of all workers.
 *
 * @param buffers the start of each of the plan's buffers
 * @param privateAt the start of worker 0's private region
 * @param memory the shared memory
 */
export function makeSteps(
  plan: Plan,
  workers: number,
  buffers: readonly number[],
  privateAt: number,
  layout: PrivateLayout,
  memory: WebAssembly.Memory,
): Record<string, Step[]> {
  const maker = new StepMaker(plan, workers, buffers, privateAt, layout, memory);
  return Object.fromEntries(
    Object.entries(plan.programs).map(([name, launches]) => [name, maker.steps(launches)]),
  );
}

class StepMaker {
  private readonly words: Int32Array;
  /** Where the next argument block goes, in worker 0's region. */
  private next: number;

  constructor(
    private readonly plan: Plan,
    private readonly workers: number,
    private readonly buffers: readonly number[],
    private readonly privateAt: number,
    private readonly layout: PrivateLayout,
    memory: WebAssembly.Memory,
  ) {
    this.words = new Int32Array(memory.buffer);
    this.next = privateAt + layout.words;
  }

  /** The launches of a program in order, each with whether the workers meet before it. */
  steps(launches: readonly Launch[]): Step[] {
    const sharesRows = (product: Gemm) => gemmSplit(product, this.workers) === 'm';
    const sync = barriersOf(launches.map((l) => touchesOf(l, this.plan, this.address, sharesRows)));
    return launches.map((l, i) => ({ ...this.work(l), sync: sync[i]! }));
  }

  private readonly address = (buffer: number): number => this.buffers[buffer]!;

  private at(r: Region): number {
    return this.address(r.buffer) + 4 * r.offset;
  }

  private matrix(r: Region): Matrix {
    return { address: this.at(r), step: r.stride };
  }

  private product(g: Gemm): Omit<Product, 'c'> {
    const { m, n, k, transposeA, transposeB, alpha, beta } = g;
    return { m, n, k, a: this.matrix(g.a), transposeA, b: this.matrix(g.b), transposeB, alpha, beta };
  }

  /** Puts words into every worker's region; returns where for worker 0. */
  private place(block: Int32Array, change?: (block: Int32Array, mine: number) => void): number {
    const start = this.next;
    this.next += block.byteLength;
    for (let w = 0; w < this.workers; w++) {
      const mine = w * this.layout.bytes;
      change?.(block, mine);
      this.words.set(block, (start + mine) >> 2);
    }
    return start;
  }

  private rowsCall(l: RowsLaunch): RowsCall {
    return {
      kernel: l.kernel,
      rows: l.variants * l.samples,
      args: this.place(argumentWords(l, this.address), (block, mine) => {
        block[SCRATCH_WORD] = this.privateAt + this.layout.scratch + mine;
      }),
    };
  }

  private learn(l: LearnLaunch): Work {
    const update = this.rowsCall(l.update);
    const { gradient } = l;
    if (update.rows !== gradient.rows || l.update.variants !== 1)
      throw new Error('a learning launch updates other rows than those of its gradient');
    const moving = l.update.inputs.flatMap((view, i) => {
      if (view.buffer !== gradient.buffer) return [];
      if (view.lookup || (update.rows > 1 && view.sampleStride !== gradient.stride))
        throw new Error('an update reads its gradient in other rows than the products write');
      return [{ address: update.args + 4 * inputWord(i), base: 4 * (view.offset - gradient.offset) }];
    });
    const products = l.products.flatMap(eachBlock).map((p) => {
      const from = p.c.offset - gradient.offset;
      const row = Math.floor(from / gradient.stride);
      return { product: this.product(p), row, col: from - row * gradient.stride };
    });
    return {
      kind: 'learn',
      products,
      gradient: { address: this.privateAt + this.layout.gradient, step: gradient.stride },
      blockRows: blockRows(l, this.workers),
      update,
      moving,
    };
  }

  private work(l: Launch): Work {
    switch (l.kind) {
      case 'gemm':
        return {
          kind: 'gemm',
          products: eachBlock(l).map((g) => ({ ...this.product(g), c: this.matrix(g.c) })),
          split: gemmSplit(l, this.workers),
        };
      case 'rows':
        return { kind: 'rows', ...this.rowsCall(l) };
      case 'learn':
        return this.learn(l);
      default:
        return this.call(l);
    }
  }

  /** A kernel that is written by hand, with its arguments and how its work is shared. */
  private call(l: Exclude<Launch, { kind: 'gemm' | 'rows' | 'learn' }>): Work {
    const { seed } = this.plan.model.train;
    switch (l.kind) {
      case 'patches': {
        const { field, input, output } = l;
        const [down, across] = patchGrid(field);
        const numbers = field.size * field.channels;
        return {
          kind: 'call',
          name: 'patches',
          args: [
            ...[
              this.at(input),
              4 * input.stride,
              this.at(output),
              4 * output.stride,
              down,
              across,
              field.size,
            ],
            // Bytes of a patch's line, and from one to the next in the source: of the same patch, of the next to the
            // right and below.
            ...[4 * numbers, 4 * field.grid[1] * field.channels, 4 * field.stride * field.channels],
            ...[4 * field.stride * field.grid[1] * field.channels, 4 * (output.cols / (down * across))],
          ],
          share: { unit: 1, count: output.rows },
        };
      }
      case 'mean':
        return {
          kind: 'call',
          name: 'mean',
          args: [this.at(l.input), 4 * l.input.stride, l.input.rows, this.at(l.output), l.scale],
          share: null,
        };
      case 'total':
        return {
          kind: 'call',
          name: 'total',
          args: [this.at(l.input), 4 * l.input.stride, l.input.rows, this.at(l.output), l.scale],
          share: { unit: 4, count: l.output.cols },
        };
      case 'scatter':
        return {
          kind: 'call',
          name: 'scatter',
          args: [
            ...[this.at(l.input), 4 * l.input.stride, l.input.rows, this.at(l.index), 4 * l.index.stride],
            ...[l.classes, this.at(l.output), 4 * l.output.stride, l.output.rows, l.scale],
          ],
          share: { unit: 4, count: l.output.cols },
        };
      case 'onehot': {
        const tail = this.place(new Int32Array(Float32Array.from(l.tail).buffer));
        return {
          kind: 'call',
          name: 'onehot',
          args: [
            ...[this.at(l.index), 4 * l.index.stride, this.at(l.output), 4 * l.output.stride, l.output.cols],
            ...[tail, l.tail.length],
          ],
          share: { unit: 1, count: l.output.rows },
        };
      }
      case 'dropout':
        return {
          kind: 'call',
          name: 'dropout',
          args: [
            ...[this.at(l.output), 4 * l.output.stride, l.output.cols, l.keep],
            ...[seed % 2 ** 32, Math.floor(seed / 2 ** 32), l.site, 'epoch' as const, 'batch' as const],
          ],
          share: { unit: 1, count: l.output.rows },
        };
      case 'draw':
        return {
          kind: 'call',
          name: 'draw',
          args: [
            ...[this.at(l.probabilities), 4 * l.probabilities.stride, l.probabilities.cols],
            ...[this.at(l.truth), 4 * l.truth.stride, this.at(l.uniform), 4 * l.uniform.stride],
            ...[this.at(l.output), 4 * l.output.stride],
          ],
          share: { unit: 1, count: l.output.rows },
        };
      case 'fill':
        return {
          kind: 'call',
          name: 'fill',
          args: [this.at(l.output), 4 * l.output.stride, l.output.cols, l.value],
          share: { unit: 1, count: l.output.rows },
        };
      default:
        return l satisfies never;
    }
  }
}
