/** A launch of a plan as the dispatches it takes. */
import { wholeMatrix } from '../../plan/blocks.js';
import type { Gemm, Launch, Region } from '../../plan/plan.js';
import { gemmShader } from './gemm.js';
import {
  drawShader,
  dropoutShader,
  fillShader,
  meanShader,
  onehotShader,
  patchesShader,
  scatterShader,
  totalShader,
} from './helpers.js';
import { isAligned } from './product.js';
import { rowsShader, type UpdatePrinter, updatePrinter } from './rows.js';
import type { AddressOf, PlanKernels, Shader, WgslOptions } from './shader.js';
import type { GemmTile } from './tiles.js';

/**
 * The dispatches of a launch, to be run in order.
 *
 * @param addressOf where each of the plan's buffers lies; offsets are multiples of 64 numbers
 * @throws Error for a launch that is not well formed, or that is more than a dispatch can have
 */
export function shaderFor(
  launch: Launch,
  plan: PlanKernels,
  addressOf: AddressOf,
  options: WgslOptions,
): Shader[] {
  switch (launch.kind) {
    case 'gemm':
      return [gemmShader(launch, tileOf(launch, options), addressOf, options)];
    case 'rows':
      return [rowsShader(launch, plan, addressOf, options)];
    case 'learn':
      return learnShaders(launch, plan, addressOf, options);
    case 'patches':
      return [patchesShader(launch, addressOf, options)];
    case 'mean':
      return [meanShader(launch, addressOf, options)];
    case 'total':
      return [totalShader(launch, addressOf, options)];
    case 'scatter':
      return [scatterShader(launch, addressOf, options)];
    case 'onehot':
      return [onehotShader(launch, addressOf, options)];
    case 'dropout':
      return [dropoutShader(launch, plan.model.train.seed, addressOf, options)];
    case 'draw':
      return [drawShader(launch, addressOf, options)];
    case 'fill':
      return [fillShader(launch, addressOf, options)];
    default:
      return launch satisfies never;
  }
}

const tileOf = (product: Gemm, { tile }: WgslOptions): GemmTile =>
  typeof tile === 'function' ? tile(product) : tile;

type Learn = Extract<Launch, { kind: 'learn' }>;

/** The products and then the update; both at once where one product makes the whole gradient. */
function learnShaders(
  launch: Learn,
  plan: PlanKernels,
  addressOf: AddressOf,
  options: WgslOptions,
): Shader[] {
  const { products, update } = launch;
  const [first] = products;
  const printer = first && products.length === 1 ? fusedUpdate(launch, first, plan, addressOf) : undefined;
  if (first && printer) return [gemmShader(first, tileOf(first, options), addressOf, options, printer)];
  return [
    ...products.map((p) => gemmShader(p, tileOf(p, options), addressOf, options)),
    rowsShader(update, plan, addressOf, options),
  ];
}

/** The update as the end of a product, if nothing of it stands in the way. */
function fusedUpdate(
  { gradient, update }: Learn,
  product: Gemm,
  plan: PlanKernels,
  addressOf: AddressOf,
): UpdatePrinter | undefined {
  const whole = wholeMatrix(product, 'c');
  if (!sameRegion(whole, gradient) || product.beta !== 0) return undefined;
  // Of blocks, each moves rows of its own.
  if (product.blocks && product.blocks.c !== product.m * product.c.stride) return undefined;
  if (update.variants !== 1 || update.samples !== gradient.rows) return undefined;
  const { units, inputs: kinds } = plan.kernels[update.kernel]!;
  if (units !== gradient.cols) return undefined;
  // Other threads still read the operands while this one updates.
  if (update.outputs.some((o) => o.buffer === product.a.buffer || o.buffer === product.b.buffer))
    return undefined;
  if (!(['a', 'b'] as const).every((side) => isAligned(product, side, addressOf))) return undefined;
  const inputs = new Set(update.inputs.flatMap((v, i) => (v.buffer === gradient.buffer ? [i] : [])));
  for (const i of inputs) {
    const view = update.inputs[i]!;
    const whole =
      view.offset === gradient.offset && (gradient.rows === 1 || view.sampleStride === gradient.stride);
    if (view.lookup || !whole || kinds[i]!.kind === 'row') return undefined;
  }
  return updatePrinter(update, plan, addressOf, inputs);
}

const sameRegion = (a: Region, b: Region): boolean =>
  a.buffer === b.buffer &&
  a.offset === b.offset &&
  a.rows === b.rows &&
  a.cols === b.cols &&
  (a.rows === 1 || a.stride === b.stride);
