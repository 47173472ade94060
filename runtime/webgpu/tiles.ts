/**
 * Chooses the tile of a matrix product. Adapters differ widely (on a GPU tiles use workgroup memory, on a software
 * adapter that is slower and takes seconds to compile), so it is measured: first whether workgroup memory pays, once
 * per adapter; then the candidates, once per class of shapes. Results are cached.
 */
import {
  type GemmTile,
  gemmTiles,
  probeTiles,
  shapeClass,
  type WgslOptions,
} from '../../compiler/codegen/wgsl/index.js';
import type { Gemm, Launch, Plan } from '../../compiler/plan/plan.js';
import { fastest, operations, type Shape, timesOf } from './measure.js';
import type { Layouts } from './shaders.js';

/** The cache of measurements; in Node it is in the user's cache folder. */
export interface TileCache {
  get(key: string): string | undefined;
  set(key: string, answer: string): void;
}

/** What the code generator wants to know that a device says of itself. */
export type DeviceOptions = Omit<WgslOptions, 'tile' | 'workgroupMemory'>;

/** Products below this many operations are too fast for the tile to matter. */
const SMALL = 2e6;
/** A product to measure whether workgroup memory pays. */
const PROBE: Shape = { m: 512, n: 512, k: 512, transposeA: false, transposeB: true };
/** If this many times slower, no tile with workgroup memory is tried. */
const WORTHLESS = 1.5;

const productsOf = (launch: Launch): readonly Gemm[] =>
  launch.kind === 'gemm' ? [launch] : launch.kind === 'learn' ? launch.products : [];

/**
 * What measurements add to what the device says of itself: whether workgroup memory pays, and the tile of each of a
 * plan's products. Products that are too small to matter get the first candidate.
 *
 * @param adapter its name: measurements apply to one adapter
 */
export async function chooseTiles(
  device: GPUDevice,
  layouts: Layouts,
  plan: Pick<Plan, 'programs'>,
  own: DeviceOptions,
  adapter: string,
  cache: TileCache,
): Promise<WgslOptions> {
  /** A cached answer, or measures it. */
  async function known<T extends string>(
    key: readonly string[],
    answers: readonly T[],
    find: () => Promise<T>,
  ): Promise<T> {
    const name = [adapter, own.f16 ? 'f16' : 'f32', ...key].join(' | ');
    const before = answers.find((answer) => answer === cache.get(name));
    if (before !== undefined) return before;
    const answer = await find();
    cache.set(name, answer);
    return answer;
  }

  const pays = await known(['workgroup memory'], ['pays', 'does not pay'], async () => {
    const options = { ...own, workgroupMemory: true };
    const [direct, shared] = await timesOf(device, layouts, options, PROBE, probeTiles);
    return shared! > WORTHLESS * direct! ? 'does not pay' : 'pays';
  });
  const options = { ...own, workgroupMemory: pays === 'pays' };

  const chosen = new Map<string, GemmTile>();
  for (const product of Object.values(plan.programs).flat().flatMap(productsOf)) {
    const shape = shapeClass(product);
    if (operations(product) < SMALL || chosen.has(shape)) continue;
    const tiles = gemmTiles(options, product);
    const names = tiles.map(({ name }) => name);
    // The choice depends on the candidates.
    const name = await known([shape, names.join(',')], names, async () => {
      return (await fastest(device, layouts, options, product, tiles)).name;
    });
    chosen.set(shape, tiles.find((tile) => tile.name === name)!);
  }
  return {
    ...options,
    tile: (product) => chosen.get(shapeClass(product)) ?? gemmTiles(options, product)[0]!,
  };
}
