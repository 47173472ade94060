/**
 * What a run trains, one stage after the other: the network, and then its readout where it has one. Each stage has a
 * program and a session of its own, and outlives the loss of its device.
 */
import type { Graph, Purpose } from '../../compiler/graph/graph.js';
import { lower } from '../../compiler/graph/lower.js';
import type { TensorInfo } from '../../compiler/graph/tensors.js';
import { type Network, networkOf } from '../../compiler/network.js';
import type { Plan } from '../../compiler/plan/plan.js';
import { RffcError } from '../../grammar/diagnostic.js';
import { isDeviceLost, type Session } from '../engine.js';

/** What a run trains, compiled for it. */
export interface Stage {
  readonly compiled: Graph | Plan;
  readonly network: Network;
}

/** What a run trains, one after the other: the network, and its readout where it has one. */
export function stagesOf(compiled: Graph | Plan): readonly Stage[] {
  const network = networkOf(compiled);
  const { document, batch, predictBatch, frames } = network;
  if (!document.readout) return [{ compiled, network }];
  const readout = lower(document, { purpose: 'readout', batch, predictBatch, frames });
  return [
    { compiled, network },
    { compiled: readout, network: readout },
  ];
}

/** All that a checkpoint of these stages holds, whichever of them is under way. */
export function tensorsOf(stages: readonly Stage[]): readonly TensorInfo[] {
  return [
    ...new Map(stages.flatMap(({ compiled }) => compiled.tensors.map((t) => [t.name, t] as const))).values(),
  ];
}

/**
 * Does the stages from one on, each with a session of its own that survives the loss of its device. Between two of them
 * everything goes through the run's folder, as it does where a run is resumed.
 */
export async function throughStages<T extends { readonly interrupted: boolean }>(
  stages: readonly Stage[],
  first: Purpose,
  open: (stage: Stage) => Promise<Session>,
  work: (stage: Stage, session: Session, lost: RffcError | undefined, isFirst: boolean) => Promise<T>,
): Promise<T> {
  const rest = stages.slice(stages.findIndex(({ network }) => network.purpose === first));
  let result: T | undefined;
  for (const [i, stage] of rest.entries()) {
    result = await throughLosses(
      () => open(stage),
      (session, lost) => work(stage, session, lost, i === 0),
    );
    if (result.interrupted) break;
  }
  return result!;
}

/** A device that is lost again within so many milliseconds would be lost forever. */
const LOSS_APART = 5 * 60_000;

/**
 * Does something with a session, and once more with a new one if its device is lost on the way.
 *
 * @param work gets the session, and from the second time on the loss it goes on from
 * @throws what `open` and `work` throw; the loss itself where it is the second within minutes or no new device can be
 * had
 */
async function throughLosses<T>(
  open: () => Promise<Session>,
  work: (session: Session, lost: RffcError | undefined) => Promise<T>,
): Promise<T> {
  let lost: RffcError | undefined;
  for (let last = Number.NEGATIVE_INFINITY; ; last = performance.now()) {
    const session = await open().catch((error: unknown) => {
      if (!lost || !(error instanceof RffcError)) throw error;
      throw new RffcError([...lost.diagnostics, ...error.diagnostics]);
    });
    try {
      return await work(session, lost);
    } catch (error) {
      if (!isDeviceLost(error) || performance.now() - last < LOSS_APART) throw error;
      lost = error;
    } finally {
      await session.dispose();
    }
  }
}
