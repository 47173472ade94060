/**
 * What a program that trains by itself needs beside `compile`, `openBackend`, `train`, `evaluate` and `predict`: a
 * session at its beginning, samples from memory, and weights in and out. The command line is made of the same parts.
 */
import type { Network } from '../compiler/network.js';
import { failure } from '../grammar/diagnostic.js';
import { floatSplit, type Split } from './data/dataset.js';
import type { Session } from './engine.js';
import { collectTensors, restore } from './run/checkpoint.js';
import { readInitialWeights } from './run/initial.js';
import { writeSafetensors } from './safetensors.js';
import { initializeParameters, resetSession } from './train/parameters.js';

/** Puts a session at the beginning of training: parameters drawn from the model's seed, optimizer state at zero. */
export function initialize(session: Session, { document }: Pick<Network, 'document'>): void {
  resetSession(session, initializeParameters(document));
}

/**
 * Samples of one's own, to train on, to judge on, or to label.
 *
 * @param values [samples, inputSize], or with frames [samples, frames, inputSize], row-major, as the network is to see them
 * @param shape the model's input size; frames a sample, 1 by default
 * @param labels [samples], from 0; 0 for all by default, which `predict` does not look at
 * @throws RffcError RFF709 where the numbers do not come out even
 */
export function samples(
  values: Float32Array,
  { inputSize, frames = 1 }: { readonly inputSize: number; readonly frames?: number },
  labels?: Int32Array,
): Split {
  const count = values.length / (inputSize * frames);
  if (!Number.isInteger(count) || (labels && labels.length !== count)) {
    const named = labels ? `${labels.length} labels of ` : '';
    throw failure('RFF709', `${values.length} numbers are not ${named}samples of ${frames} × ${inputSize}`);
  }
  return floatSplit(values, labels ?? new Int32Array(count), undefined, frames, inputSize);
}

/** Writes a session's parameters and optimizer state to a safetensors file. @throws RffcError RFF642 */
export async function saveWeights(session: Session, path: string): Promise<void> {
  await writeSafetensors(path, await collectTensors(session));
}

/** Reads parameters from a safetensors file into a session. @throws RffcError RFF706 for those of another model, RFF640, RFF641 */
export async function loadWeights(session: Session, path: string): Promise<void> {
  restore(session, (await readInitialWeights(path, session.tensors)).checkpoint);
}
