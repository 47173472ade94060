/**
 * A plan's tensors by name, and how a tensor of the outside lies in memory: the part of writing and reading that
 * engines have in common.
 */
import type { TensorInfo } from '../compiler/graph/tensors.js';
import type { Plan, PlanTensor, Region } from '../compiler/plan/plan.js';
import { failure } from '../grammar/diagnostic.js';
import { sessionClosed } from './engine.js';

/** How many numbers a shape holds. */
export const lengthOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

export class TensorTable {
  /** As the outside sees them. */
  readonly infos: readonly TensorInfo[];
  /** The names of those that have been written. */
  readonly written = new Set<string>();
  private closed = false;
  private readonly byName: ReadonlyMap<string, PlanTensor>;

  constructor({ tensors }: Pick<Plan, 'tensors'>) {
    this.infos = tensors.map(({ name, shape, type, role }) => ({ name, shape, type, role }));
    this.byName = new Map(tensors.map((t) => [t.name, t]));
  }

  /** Called when the session is closed: nothing is found from then on. */
  close(): void {
    this.closed = true;
  }

  /** @throws RffcError RFF775 where the session is closed */
  check(): void {
    if (this.closed) throw sessionClosed();
  }

  /** @throws RffcError RFF801 for a name that is no tensor's, RFF775 */
  find(name: string): PlanTensor {
    this.check();
    const tensor = this.byName.get(name);
    if (!tensor) throw failure('RFF801', `this network has no tensor \`${name}\``);
    return tensor;
  }

  /** The tensor that values are written to. @throws RffcError RFF801, RFF802 for a wrong number of them, RFF775 */
  fitting(name: string, values: ArrayLike<number>): PlanTensor {
    const tensor = this.find(name);
    const size = lengthOf(tensor.shape);
    if (values.length === size) {
      this.written.add(name);
      return tensor;
    }
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
