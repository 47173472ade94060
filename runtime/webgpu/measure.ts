/**
 * Times products in different tiles: on zeros, in buffers of their own, cut down to what the adapter does in
 * milliseconds.
 */
import { type GemmTile, gemmShader, type WgslOptions } from '../../compiler/codegen/wgsl/index.js';
import type { Gemm, Region } from '../../compiler/plan/plan.js';
import { compileShaders, type Layouts, WORDS_BLOCK } from './shaders.js';

export type Shape = Pick<Gemm, 'm' | 'n' | 'k' | 'transposeA' | 'transposeB'>;

type Untiled = Omit<WgslOptions, 'tile'>;

/** A candidate is timed for about so long, unless the adapter does the whole product in less. */
const TARGET_MS = 4;
const MOST_REPEATS = 32;
const ROUNDS = 3;
const FIRST_OPERATIONS = 4e6;

export const operations = ({ m, n, k }: Pick<Shape, 'm' | 'n' | 'k'>): number => 2 * m * n * k;

/** Times a shape in a tile, so many times in a row; milliseconds for all. */
type Timer = (shape: Shape, tile: GemmTile, repeats: number) => Promise<number>;

/** Milliseconds of a product in each of the tiles. */
export async function timesOf(
  device: GPUDevice,
  layouts: Layouts,
  options: Untiled,
  whole: Shape,
  tiles: readonly GemmTile[],
): Promise<number[]> {
  const operands = sizesOf(whole).map((numbers) =>
    device.createBuffer({ size: 4 * numbers, usage: GPUBufferUsage.STORAGE }),
  );
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  const words = device.createBuffer({ size: WORDS_BLOCK, usage });
  const time = timer(device, layouts, options, operands, words);
  try {
    // As much of the product as this adapter does in the time there is, found with the first candidate.
    const [first] = tiles as readonly [GemmTile];
    let shape = shrink(whole, FIRST_OPERATIONS);
    await time(shape, first, 1);
    for (;;) {
      const ms = await time(shape, first, 1);
      const larger = shrink(whole, Math.min(8, TARGET_MS / ms) * operations(shape));
      if (ms >= TARGET_MS / 2 || operations(larger) <= operations(shape)) break;
      shape = larger;
    }
    // In turn, so that whatever else the machine does meets all alike; the least of each is what it can do.
    for (const tile of tiles) await time(shape, tile, 1);
    let times = tiles.map(() => Number.POSITIVE_INFINITY);
    for (let round = 0; round < ROUNDS; round++) {
      const best = Math.min(...times);
      const next: number[] = [];
      for (const [i, tile] of tiles.entries()) {
        const before = times[i]!;
        // Several in a row where one is too short for the clock; none more where it has lost by far.
        const repeats = round === 0 ? 1 : Math.min(MOST_REPEATS, Math.ceil(TARGET_MS / best));
        const lost = round > 0 && before > 3 * best;
        next.push(lost ? before : Math.min(before, (await time(shape, tile, repeats)) / repeats));
      }
      times = next;
    }
    return times;
  } finally {
    for (const buffer of [...operands, words]) buffer.destroy();
  }
}

/** The fastest of the tiles for a product. */
export async function fastest(
  device: GPUDevice,
  layouts: Layouts,
  options: Untiled,
  product: Shape,
  tiles: readonly GemmTile[],
): Promise<GemmTile> {
  if (tiles.length === 1) return tiles[0]!;
  const times = await timesOf(device, layouts, options, product, tiles);
  return tiles[times.indexOf(Math.min(...times))]!;
}

/** @param operands a, b and c, large enough for every shape that is timed */
function timer(
  device: GPUDevice,
  layouts: Layouts,
  options: Untiled,
  operands: readonly GPUBuffer[],
  words: GPUBuffer,
): Timer {
  const place = (buffer: number) => ({ binding: buffer, offset: 0 });
  const wordsGroup = device.createBindGroup({
    layout: layouts.words,
    entries: [
      { binding: 0, resource: { buffer: words } },
      { binding: 1, resource: { buffer: words, size: 16 } },
    ],
  });
  return async (shape, tile, repeats) => {
    const shader = gemmShader(productAlone(shape), tile, place, options);
    const { bindings, key, params, workgroups } = shader;
    const pipeline = (await compileShaders(device, layouts, [shader])).get(key)!;
    const entries = bindings.map(({ binding }) => ({ binding, resource: { buffer: operands[binding]! } }));
    const group = device.createBindGroup({ layout: layouts.of(bindings), entries });
    device.queue.writeBuffer(words, 0, params);
    const encoder = device.createCommandEncoder({ label: tile.name });
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.setBindGroup(1, wordsGroup, [0]);
    for (let r = 0; r < repeats; r++) pass.dispatchWorkgroups(...workgroups);
    pass.end();
    const commands = encoder.finish();
    const began = performance.now();
    device.queue.submit([commands]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - began;
  };
}

const padded = (n: number): number => 4 * Math.ceil(n / 4);

/** How many numbers a, b and c hold, rows padded. */
function sizesOf({ m, n, k, transposeA, transposeB }: Shape): readonly number[] {
  return [
    transposeA ? k * padded(m) : m * padded(k),
    transposeB ? n * padded(k) : k * padded(n),
    m * padded(n),
  ];
}

/** A product of this shape, each operand in a buffer of its own: buffers 0, 1 and 2. */
function productAlone(shape: Shape): Gemm {
  const { m, n, k, transposeA, transposeB } = shape;
  const region = (buffer: number, rows: number, cols: number): Region => ({
    ...{ buffer, offset: 0, rows, cols, stride: padded(cols) },
  });
  return {
    ...{ m, n, k, transposeA, transposeB, alpha: 1, beta: 0 },
    a: transposeA ? region(0, k, m) : region(0, m, k),
    b: transposeB ? region(1, n, k) : region(1, k, n),
    c: region(2, m, n),
  };
}

/** The same shape with fewer rows, columns or terms, in that order, to come down to so many operations. */
function shrink(shape: Shape, target: number): Shape {
  let { m, n, k } = shape;
  const less = (x: number): number => {
    const factor = target / (2 * m * n * k);
    return factor >= 1 ? x : Math.max(Math.min(x, 64), padded(x * factor));
  };
  m = less(m);
  n = less(n);
  k = less(k);
  return { ...shape, m, n, k };
}
