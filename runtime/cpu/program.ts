/**
 * A plan's launches as steps for the workers: addresses settled, argument blocks laid out, barriers placed.
 */
import { argumentWords, inputWord, SCRATCH_WORD } from '../../compiler/codegen/wat/arguments.js';
import { patchGrid } from '../../compiler/field.js';
import { eachBlock } from '../../compiler/plan/blocks.js';
import type { Gemm, Launch, Plan, Region, RowsLaunch } from '../../compiler/plan/plan.js';
import { barriersOf, touchesOf } from './barriers.js';
import { align } from './layout.js';
import { gemmSplit } from './shares.js';
import type { Matrix, Product, RowsCall, Step, Work } from './steps.js';

/**
 * Rows of a gradient that are made before they are used. More need more memory and leave the cache; fewer waste the
 * packing of every product (measured at 2000 × 6012: 64 rows cost a third more, 512 as little as a whole share).
 */
const BLOCK_ROWS = 512;

type LearnLaunch = Extract<Launch, { kind: 'learn' }>;

/**
 * What a private region holds, from its start: argument blocks and constants, the kernels' scratch, gradients,
 * products' scratch.
 */
export interface PrivateLayout {
  readonly words: number;
  readonly scratch: number;
  readonly gradient: number;
  readonly products: number;
  readonly bytes: number;
}

/** Rows in a block of a learning launch's gradient, for the worker with the most rows. */
export function blockRows(launch: LearnLaunch, workers: number): number {
  const share = Math.ceil(launch.gradient.rows / workers);
  // Blocks of about the same size, in whole strips of eight rows.
  return Math.min(share, Math.ceil(share / Math.ceil(share / BLOCK_ROWS) / 8) * 8);
}

const launchesOf = (plan: Pick<Plan, 'programs'>): Launch[] => Object.values(plan.programs).flat();

/** The words that a launch keeps in a private region: its argument block, or the numbers behind its last column. */
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
 * How much private memory a plan needs, and where what lies in it.
 *
 * @param kernelScratch the most that a row kernel needs, in bytes
 * @param productScratch what a product needs, in bytes
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
 * Makes the steps of all programs, and writes the argument blocks of all workers.
 *
 * @param buffers where each of the plan's buffers starts
 * @param privateAt where worker 0's private region starts
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
  const words = new Int32Array(memory.buffer);
  const address = (buffer: number) => buffers[buffer]!;
  const at = (r: Region): number => address(r.buffer) + 4 * r.offset;
  const matrix = (r: Region): Matrix => ({ address: at(r), step: r.stride });
  const product = (g: Gemm): Omit<Product, 'c'> => {
    const { m, n, k, transposeA, transposeB, alpha, beta } = g;
    return { m, n, k, a: matrix(g.a), transposeA, b: matrix(g.b), transposeB, alpha, beta };
  };
  let next = privateAt + layout.words;

  /** Puts words into every worker's region; returns where for worker 0. */
  const place = (block: Int32Array, change?: (block: Int32Array, mine: number) => void): number => {
    const start = next;
    next += block.byteLength;
    for (let w = 0; w < workers; w++) {
      const mine = w * layout.bytes;
      change?.(block, mine);
      words.set(block, (start + mine) >> 2);
    }
    return start;
  };
  const rowsCall = (l: RowsLaunch): RowsCall => ({
    kernel: l.kernel,
    rows: l.variants * l.samples,
    args: place(argumentWords(l, address), (block, mine) => {
      block[SCRATCH_WORD] = privateAt + layout.scratch + mine;
    }),
  });

  const learn = (l: LearnLaunch): Work => {
    const update = rowsCall(l.update);
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
      return { product: product(p), row, col: from - row * gradient.stride };
    });
    return {
      kind: 'learn',
      products,
      gradient: { address: privateAt + layout.gradient, step: gradient.stride },
      blockRows: blockRows(l, workers),
      update,
      moving,
    };
  };

  const seed = plan.model.train.seed;
  const work = (l: Launch): Work => {
    switch (l.kind) {
      case 'gemm':
        return {
          kind: 'gemm',
          products: eachBlock(l).map((g) => ({ ...product(g), c: matrix(g.c) })),
          split: gemmSplit(l, workers),
        };
      case 'rows':
        return { kind: 'rows', ...rowsCall(l) };
      case 'learn':
        return learn(l);
      case 'patches': {
        const { field, input, output } = l;
        const [down, across] = patchGrid(field);
        const numbers = field.size * field.channels;
        return {
          kind: 'call',
          name: 'patches',
          args: [
            ...[at(input), 4 * input.stride, at(output), 4 * output.stride, down, across, field.size],
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
          args: [at(l.input), 4 * l.input.stride, l.input.rows, at(l.output), l.scale],
          share: null,
        };
      case 'total':
        return {
          kind: 'call',
          name: 'total',
          args: [at(l.input), 4 * l.input.stride, l.input.rows, at(l.output), l.scale],
          share: { unit: 4, count: l.output.cols },
        };
      case 'scatter':
        return {
          kind: 'call',
          name: 'scatter',
          args: [
            ...[at(l.input), 4 * l.input.stride, l.input.rows, at(l.index), 4 * l.index.stride],
            ...[l.classes, at(l.output), 4 * l.output.stride, l.output.rows, l.scale],
          ],
          share: { unit: 4, count: l.output.cols },
        };
      case 'onehot': {
        const tail = place(new Int32Array(Float32Array.from(l.tail).buffer));
        return {
          kind: 'call',
          name: 'onehot',
          args: [
            ...[at(l.index), 4 * l.index.stride, at(l.output), 4 * l.output.stride, l.output.cols],
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
            ...[at(l.output), 4 * l.output.stride, l.output.cols, l.keep],
            ...[seed % 2 ** 32, Math.floor(seed / 2 ** 32), l.site, 'epoch' as const, 'batch' as const],
          ],
          share: { unit: 1, count: l.output.rows },
        };
      case 'draw':
        return {
          kind: 'call',
          name: 'draw',
          args: [
            ...[at(l.probabilities), 4 * l.probabilities.stride, l.probabilities.cols],
            ...[at(l.truth), 4 * l.truth.stride, at(l.uniform), 4 * l.uniform.stride],
            ...[at(l.output), 4 * l.output.stride],
          ],
          share: { unit: 1, count: l.output.rows },
        };
      case 'fill':
        return {
          kind: 'call',
          name: 'fill',
          args: [at(l.output), 4 * l.output.stride, l.output.cols, l.value],
          share: { unit: 1, count: l.output.rows },
        };
      default:
        return l satisfies never;
    }
  };

  const steps = (launches: readonly Launch[]): Step[] => {
    const sync = barriersOf(launches.map((l) => touchesOf(l, plan, address, workers)));
    return launches.map((l, i) => ({ ...work(l), sync: sync[i]! }));
  };
  return Object.fromEntries(Object.entries(plan.programs).map(([name, l]) => [name, steps(l)]));
}
