/**
 * Which tile a matrix product is computed in. Adapters differ by far (on a graphics card tiles go through workgroup
 * memory, on a software adapter that only costs, and takes seconds to compile), so it is measured: first what workgroup
 * memory is good for, once for each adapter; then the candidates, once for each class of shapes. Answers are
 * remembered.
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

/** Remembers what was measured. In Node it lies in the user's cache folder. */
export interface TileCache {
  get(key: string): string | undefined;
  set(key: string, answer: string): void;
}

/** What the code generator wants to know that a device says of itself. */
export type DeviceOptions = Omit<WgslOptions, 'tile' | 'workgroupMemory'>;

/** Products below this many operations are over before a tile matters. */
const SMALL = 2e6;
/** A product that shows what workgroup memory is good for. */
const PROBE: Shape = { m: 512, n: 512, k: 512, transposeA: false, transposeB: true };
/** So many times slower, and no tile with workgroup memory is worth trying. */
const WORTHLESS = 1.5;

const productsOf = (launch: Launch): readonly Gemm[] =>
  launch.kind === 'gemm' ? [launch] : launch.kind === 'learn' ? launch.products : [];

/**
 * What measurements add to what the device says of itself: whether workgroup memory pays, and the tile of each of a
 * plan's products. Products that are too small to matter get the first candidate.
 *
 * @param adapter its name: what was measured on one says nothing of another
 */
export async function chooseTiles(
  device: GPUDevice,
  layouts: Layouts,
  plan: Pick<Plan, 'programs'>,
  own: DeviceOptions,
  adapter: string,
  cache: TileCache,
): Promise<WgslOptions> {
  /** What is known by this key, or else finds out. */
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
    // Among other candidates the choice is another.
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
