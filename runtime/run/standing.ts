/**
 * The position of a run: its beginning or its latest complete checkpoint; and how to bring a session there.
 */
import { stateAtStart } from '../../compiler/graph/tensors.js';
import type { ModelDocument } from '../../compiler/model.js';
import type { Diagnostic } from '../../grammar/diagnostic.js';
import type { Session } from '../engine.js';
import type { RunSettings } from '../folder/folder.js';
import type { Tensor } from '../safetensors.js';
import { initializeParameters, resetReadout, resetSession } from '../train/parameters.js';
import { START } from '../train/progress.js';
import { type CheckpointInfo, type LatestCheckpoint, readLatest, restore } from './checkpoint.js';
import { readInitialWeights } from './initial.js';
import { type Stage, tensorsOf } from './stages.js';

export type Reached = Pick<CheckpointInfo, 'position' | 'accuracy' | 'best' | 'soFar'>;

/**
 * Where a run resumes: the readout begins once the network has done all its epochs; if these have
 * been raised since, the network is trained further first, then its readout from the start.
 */
export function reachedIn(
  { position, accuracy, best, soFar }: CheckpointInfo,
  document: ModelDocument,
): Reached {
  const { epochs } = document.train;
  const { epoch, trained, network } = position;
  const anew = { accuracy: null, best: null, soFar: null };
  if (network && network.epoch < epochs)
    return { position: { epoch: network.epoch, batch: 0, trained: network.trained }, ...anew };
  if (!network && document.readout && epoch >= epochs)
    return { position: { ...START, network: { epoch, trained } }, ...anew };
  return { position, accuracy, best, soFar };
}

/** Where training starts or goes on; the session holds the parameters and optimizer state of that moment. */
export interface Standing extends Reached {
  /** What checkpoints hold beside the session's tensors: the state of the other stage. */
  readonly carried: ReadonlyMap<string, Tensor>;
  /** For example, that a damaged checkpoint was skipped. */
  readonly warnings: readonly Diagnostic[];
}

/** Initializes a session for a new run. @throws RffcError if the weights of `--init` do not match */
export async function begin(
  session: Session,
  stages: readonly Stage[],
  { init, initMissing }: RunSettings,
): Promise<Standing> {
  const { document } = stages[0]!.network;
  resetSession(session, initializeParameters(document));
  const initial = init ? await readInitialWeights(init, session.tensors, initMissing) : undefined;
  if (initial) restore(session, initial.checkpoint);
  const warnings = initial?.warnings ?? [];
  const own = new Set(session.tensors.map(({ name }) => name));
  const carried = new Map(
    tensorsOf(stages)
      .filter(({ name, role }) => role === 'state' && !own.has(name))
      .map((tensor): [string, Tensor] => {
        const { name, shape } = tensor;
        const length = shape.reduce((product, n) => product * n, 1);
        return [name, { dtype: 'F32', shape, data: new Float32Array(length).fill(stateAtStart(tensor)) }];
      }),
  );
  return { position: START, accuracy: null, best: null, soFar: null, carried, warnings };
}

/**
 * Restores a session from a run's latest complete checkpoint, or initializes it if there is none.
 * @param known the checkpoint, if already read
 * @throws RffcError if it cannot be resumed
 */
export async function takeUp(
  folder: string,
  session: Session,
  stages: readonly Stage[],
  settings: RunSettings,
  known?: LatestCheckpoint,
): Promise<Standing> {
  const latest = known ?? (await readLatest(folder, tensorsOf(stages)));
  if (!latest) return begin(session, stages, settings);
  const { document } = stages[0]!.network;
  const carried = restore(session, latest.checkpoint);
  const place = reachedIn(latest.info, document);
  // A readout is never gone on with on a network that has changed.
  if (place.position !== latest.info.position) resetReadout(session, document);
  return { ...place, carried, warnings: latest.warnings };
}
