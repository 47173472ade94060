/**
 * A session's weights as the bytes of a safetensors file, and out of them. Needs no host: a page can fetch and offer
 * them.
 */
import { type Diagnostic, RffcError } from '../grammar/diagnostic.js';
import type { Session } from './engine.js';
import { parseSafetensors, serializeSafetensors, type Tensor, toFloat32 } from './safetensors-format.js';
import { requireWeights, sessionArgument } from './session-checks.js';

/** Copies all parameters and optimizer state out of a session. */
export async function collectTensors(session: Session): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const { name, role, shape } of session.tensors) {
    if (role === 'parameter' || role === 'state')
      tensors.set(name, { dtype: 'F32', shape, data: await session.read(name) });
  }
  return tensors;
}

/**
 * A session's parameters and optimizer state as a safetensors file's bytes, which `importWeights` and `loadWeights`
 * read.
 * @throws RffcError RFF773 for a session without weights
 */
export async function exportWeights(session: Session): Promise<Uint8Array> {
  sessionArgument('exportWeights', session);
  requireWeights('exportWeights', session);
  return serializeSafetensors(await collectTensors(session));
}

/**
 * Puts the parameters of a safetensors file's bytes into a session: those of `exportWeights`, or of a run's
 * `best.safetensors`.
 * @throws RffcError RFF640 for other bytes, RFF706 for another model's weights
 */
export function importWeights(session: Session, bytes: Uint8Array): void {
  sessionArgument('importWeights', session);
  const { tensors } = parseSafetensors(bytes);
  const wrong: Diagnostic[] = [];
  const parameters = session.tensors.filter(({ role }) => role === 'parameter');
  for (const { name, shape } of parameters) {
    const found = tensors.get(name);
    const text = (of: readonly number[]) => `[${of.join(', ')}]`;
    if (found && text(found.shape) === text(shape)) continue;
    const what = found ? `is ${text(found.shape)}, but the model's is ${text(shape)}` : 'is missing';
    wrong.push({ code: 'RFF706', severity: 'error', message: `\`${name}\` ${what}` });
  }
  if (wrong.length > 0) throw new RffcError(wrong.slice(0, 10));
  for (const { name } of parameters) session.write(name, toFloat32(tensors.get(name)!));
}
