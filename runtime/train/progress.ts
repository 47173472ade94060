/** Where a run stands, and what is measured as it goes. */
import type { Purpose } from '../../compiler/graph/graph.js';

/** How far a run is: what a checkpoint must remember to go on. Epochs and batches count from 0. */
export interface Position {
  /** The epoch under way. */
  readonly epoch: number;
  /** Batches of it that are trained. */
  readonly batch: number;
  /** Batches trained since the parameters were initialized. */
  readonly trained: number;
  /** While the readout is trained, with its own epochs and batches: where the network's own training ended. */
  readonly network?: { readonly epoch: number; readonly trained: number };
}
export const START: Position = { epoch: 0, batch: 0, trained: 0 };

/** A part of a run, with epochs of its own: what it trains. */
export type TrainedPurpose = Exclude<Purpose, 'generation'>;

/** What is trained at a position. */
export function stageOf({ network }: Position): TrainedPurpose {
  return network ? 'readout' : 'network';
}

/** What a batch, or an epoch on average, did; per layer in the document's order, means over rows and learning steps. */
export interface Measures {
  readonly loss: readonly number[];
  readonly goodnessPositive: readonly number[];
  readonly goodnessNegative: readonly number[];
  /** Goodness [learnSteps, layers], row-major; of an epoch, a mean that looks back over some twenty batches. */
  readonly stepsPositive: readonly number[];
  readonly stepsNegative: readonly number[];
  /** The cross-entropy of the latent classifier, or of the readout that is trained; null without one. */
  readonly classifierLoss: number | null;
  /** The decoder's mean loss over its steps of learning; null without one. */
  readonly decodeLoss: number | null;
}

/** What a network is evaluated on after each epoch, in this order. */
export type EvaluatedSplit = 'validation' | 'test';
