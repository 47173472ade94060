/**
 * A plan's tensors by name, and how a tensor of the outside lies in memory: the part of writing and reading that engines
 * have in common.
 */
import type { TensorInfo } from '../compiler/graph/tensors.js';
import type { Plan, PlanTensor, Region } from '../compiler/plan/plan.js';
import { failure } from '../grammar/diagnostic.js';

/** How many numbers a shape holds. */
export const lengthOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

export class TensorTable {
  /** As the outside sees them. */
  readonly infos: readonly TensorInfo[];
  private readonly byName: ReadonlyMap<string, PlanTensor>;

  constructor({ tensors }: Pick<Plan, 'tensors'>) {
    this.infos = tensors.map(({ name, shape, type, role }) => ({ name, shape, type, role }));
    this.byName = new Map(tensors.map((t) => [t.name, t]));
  }

  /** @throws RffcError RFF801 for a name that is no tensor's */
  find(name: string): PlanTensor {
    const tensor = this.byName.get(name);
    if (!tensor) throw failure('RFF801', `this network has no tensor \`${name}\``);
    return tensor;
  }

  /** The tensor that values are for. @throws RffcError RFF801, RFF802 for a wrong number of them */
  fitting(name: string, values: ArrayLike<number>): PlanTensor {
    const tensor = this.find(name);
    const size = lengthOf(tensor.shape);
    if (values.length === size) return tensor;
    throw failure(
      'RFF802',
      `\`${name}\` is [${tensor.shape.join(', ')}], ${size} numbers, but was given ${values.length}`,
    );
  }
}

/** A tensor's regions, each with the place of its first number in the row-major tensor. */
export function partsOf({ regions }: PlanTensor): { readonly region: Region; readonly at: number }[] {
  let next = 0;
  return regions.map((region) => {
    const at = next;
    next += region.rows * region.cols;
    return { region, at };
  });
}
