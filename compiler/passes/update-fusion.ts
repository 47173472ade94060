/**
 * Update fusion.
 *
 * Finds: the new versions of a parameter and of its optimizer's states, which read the same gradient; and the gradient
 * itself, where nothing else reads it. Legal: all of them read the versions before, and are written over them at the
 * end. Buys: one pass over the parameters, and a gradient that is kept nowhere: the launch computes it into scratch and
 * moves by it.
 */
import { type Ir, type IrValue, isOuter } from './ir.js';
import type { GradientProducts, Group, Schedule } from './schedule.js';
import { siblings, updateKey, usersOf } from './versions.js';

export function fuseUpdates(schedule: Schedule): Schedule {
  const { program } = schedule;
  const users = usersOf(program);
  const groups: Group[] = [];
  const byKey = new Map<string, number>();
  for (const group of schedule.groups) {
    const key = group.kind === 'update' ? updateKey(program, group.values[0]!) : undefined;
    const at = key === undefined ? undefined : byKey.get(key);
    if (at !== undefined) {
      const known = groups[at]!;
      groups[at] = { ...known, values: [...known.values, ...group.values] };
      continue;
    }
    if (key !== undefined) byKey.set(key, groups.length);
    groups.push(group);
  }
  const learns = new Map<number, GradientProducts>();
  for (const { kind, values } of groups) {
    const first = values[0]!;
    if (kind !== 'update' || siblings(program, users, first).length !== values.length) continue;
    const own = gradientProducts(program, users, values);
    if (own) learns.set(first.id, own);
  }
  return { ...schedule, groups, learns };
}

/** The products behind the gradient of updates, if nothing but these reads it. */
function gradientProducts(
  program: Ir,
  users: readonly (readonly IrValue[])[],
  updates: readonly IrValue[],
): GradientProducts | undefined {
  const { op, inputs } = updates[0]!;
  const gradientAt = op.kind === 'map' ? op.vars.indexOf('g') : -1;
  if (gradientAt < 0) return undefined;
  const gradient = program.values[inputs[gradientAt]!]!;
  if (users[gradient.id]!.some((u) => !updates.includes(u))) return undefined;
  const products = partsOf(program, gradient);
  const isOwn = (p: IrValue) => isOuter(p.op) && (p === gradient || users[p.id]!.length === 1);
  return products.every(isOwn) ? { gradient, products } : undefined;
}

/** The products that a gradient is made of, in one memory; of anything else, itself. */
function partsOf(program: Ir, { id, op, inputs }: IrValue): readonly IrValue[] {
  const value = program.values[id]!;
  if (op.kind === 'columns') return inputs.map((i) => program.values[i]!);
  if (op.kind === 'outer' && 'onto' in op) return [program.values[inputs.at(-1)!]!, value];
  return [value];
}
