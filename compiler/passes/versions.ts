/** Versions of parameters and their states: which of them are made together, and what must wait for which. */
import type { Ir, IrValue } from './ir.js';

/** Of every value, those that read it, once for each time that they do. */
export function usersOf(program: Ir): readonly (readonly IrValue[])[] {
  const users = program.values.map((): IrValue[] => []);
  for (const v of program.values) for (const i of v.inputs) users[i]!.push(v);
  return users;
}

/** Values that are a part of another value's memory. */
export function isView({ op }: IrValue): boolean {
  return (
    op.kind === 'window' ||
    op.kind === 'part' ||
    op.kind === 'class rows' ||
    op.kind === 'one row' ||
    op.kind === 'lookup'
  );
}

/** Whether a value is the new version of a parameter or of a state. */
export function isUpdate(
  v: IrValue,
): v is IrValue & { readonly op: Extract<IrValue['op'], { kind: 'map' }> } {
  return v.op.kind === 'map' && v.tensor !== undefined;
}

/**
 * What the new versions that are made together share: the gradient, the parameter that they are of, and how many
 * versions of their tensor come before, as two steps may move a tensor by the very same gradient. Undefined where
 * nothing moves it.
 */
export function updateKey(program: Ir, v: IrValue): string | undefined {
  if (!isUpdate(v)) return undefined;
  const gradient = v.inputs[v.op.vars.indexOf('g')];
  if (gradient === undefined) return undefined;
  const { parameter, name } = v.tensor!;
  return `${gradient} ${parameter ?? name} ${versionOf(program, v)}`;
}

/** How many versions of its tensor come before a value. */
function versionOf(program: Ir, v: IrValue): number {
  let count = 0;
  for (let at: IrValue | undefined = v; at; count++) at = versionBefore(program, at);
  return count;
}

/** The version of its tensor that a new version is made from. */
export function versionBefore(program: Ir, { inputs, tensor }: IrValue): IrValue | undefined {
  return inputs.map((i) => program.values[i]!).find((input) => input.tensor?.name === tensor?.name && tensor);
}

/** All versions that one gradient makes of a parameter and its states. */
export function siblings(
  program: Ir,
  users: readonly (readonly IrValue[])[],
  v: IrValue,
): readonly IrValue[] {
  const key = updateKey(program, v);
  if (key === undefined || !isUpdate(v)) return [v];
  return users[v.inputs[v.op.vars.indexOf('g')]!]!.filter((u) => updateKey(program, u) === key);
}

/**
 * For every value those that must be computed before it: what it reads and, for a parameter's new version, all that
 * read the old one, since it is written in the old one's place.
 */
export function predecessorsOf(program: Ir): readonly (readonly number[])[] {
  const users = usersOf(program);
  const before = program.values.map((v) => [...v.inputs]);
  for (const v of program.values) {
    const old = isUpdate(v) ? versionBefore(program, v) : undefined;
    if (!old) continue;
    const together = siblings(program, users, v);
    // Readers of the old version, also through a view of it. Siblings made by kernels of their own write elsewhere
    // first.
    const readers = [...users[old.id]!];
    for (const reader of readers) {
      if (!together.includes(reader)) before[v.id]!.push(reader.id);
      if (isView(reader)) readers.push(...users[reader.id]!);
    }
    // The last sibling copies them all over the old versions: whoever else reads a new one waits for it.
    for (const user of users[v.id]!)
      if (!together.includes(user)) before[user.id]!.push(...together.map((s) => s.id));
  }
  return before;
}
