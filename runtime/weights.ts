/** A session's weights in a file, and out of one. */
import { wrongArgument } from '../grammar/arguments.js';
import type { Session } from './engine.js';
import { restore } from './run/checkpoint.js';
import { readInitialWeights } from './run/initial.js';
import { writeSafetensors } from './safetensors.js';
import { requireWeights, sessionArgument } from './session-checks.js';
import { collectTensors } from './weight-bytes.js';

/**
 * Writes a session's parameters and optimizer state to a safetensors file.
 * @throws RffcError RFF642, RFF773 for a session without weights
 */
export async function saveWeights(session: Session, path: string): Promise<void> {
  sessionArgument('saveWeights', session);
  pathArgument('saveWeights', path);
  requireWeights('saveWeights', session);
  await writeSafetensors(path, await collectTensors(session));
}

/**
 * Reads parameters from a safetensors file into a session. @throws RffcError RFF706 for those of another model, RFF640,
 * RFF641
 */
export async function loadWeights(session: Session, path: string): Promise<void> {
  sessionArgument('loadWeights', session);
  pathArgument('loadWeights', path);
  restore(session, (await readInitialWeights(path, session.tensors)).checkpoint);
}

/** @throws RffcError RFF770 */
function pathArgument(call: string, path: unknown): void {
  if (typeof path !== 'string')
    throw wrongArgument(call, "a file's path", path, `\`${call}(session, 'weights.safetensors')\``);
}
