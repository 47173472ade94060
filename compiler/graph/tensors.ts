/**
 * The tensors a compiled network shows to the outside: what the host writes before a program runs, reads after it,
 * and keeps in checkpoints. Everything else inside a program is nameless.
 */

import type { Connection } from '../model.js';

/**
 * `parameter` and `state` survive a run and go into checkpoints; `input` is written before, `output` read after one.
 */
export type TensorRole = 'parameter' | 'state' | 'input' | 'output';

/** What a parameter or optimizer state belongs to: what passes, checkpoints and reports go by, and never by a name. */
export interface TensorOwner {
  /** The parameter that it is, or whose optimizer state it is; absent for the state of a layer. */
  readonly parameter?: string;
  /** Which state, in PyTorch's terms (`exp_avg`); absent for parameters. */
  readonly state?: string;
  /** The layer whose objective moves it; absent for what belongs to the decoder, the classifier or the readout. */
  readonly layer?: string;
}

/** A parameter or optimizer state of a program. */
export interface TensorId extends TensorOwner {
  /** As checkpoints name it. */
  readonly name: string;
  /** 1 for a bias or one number per unit, kept as a matrix of one row. */
  readonly rank: 1 | 2;
}

export interface TensorInfo extends TensorOwner {
  readonly name: string;
  /** Row-major. */
  readonly shape: readonly number[];
  /** Class indices are `i32`; all else is `f32`. */
  readonly type: 'f32' | 'i32';
  readonly role: TensorRole;
}

/** A parameter, and the layer that it learns with. */
export function parameterId(name: string, rank: 1 | 2, layer?: string): TensorId {
  return { name, rank, parameter: name, ...(layer === undefined ? {} : { layer }) };
}

/** The weights of a connection. */
export const weightOf = ({ name, target }: Pick<Connection, 'name' | 'target'>): TensorId =>
  parameterId(`${name}.weight`, 2, target);

/** The biases of a connection. */
export const biasOf = ({ name, target }: Pick<Connection, 'name' | 'target'>): TensorId =>
  parameterId(`${name}.bias`, 1, target);

const STATE_PREFIX = 'optimizer/';

/** A state of a parameter's optimizer. */
export function stateId(parameter: TensorId, state: string): TensorId {
  return { ...parameter, name: `${STATE_PREFIX}${parameter.name}/${state}`, state };
}

const PEER_MEAN = 'peer_mean';

/** The state that holds each unit's mean activity on positive rows, for peer normalization: [units]. */
export function peerMean(layer: string): TensorId {
  return { name: `${STATE_PREFIX}${layer}/${PEER_MEAN}`, rank: 1, state: PEER_MEAN, layer };
}

/** Whether an entry of a file is optimizer state: of those that no model at hand has, the name is all there is. */
export const isStateEntry = (name: string): boolean => name.startsWith(STATE_PREFIX);

/**
 * What all of a state tensor is when training begins: half for the means of peer normalization (Hinton 2022), else 0.
 */
export const stateAtStart = ({ state }: TensorOwner): number => (state === PEER_MEAN ? 0.5 : 0);

export type ProgramName = 'train' | 'predict';

/** What a run of a program needs beside its tensors. */
export interface RunArguments {
  /** From 0; with `batch` and the model's seed it keys the random numbers. */
  readonly epoch: number;
  /** Within the epoch, from 0. */
  readonly batch: number;
  /** Batches trained since the parameters were initialized; counts optimizer steps (Adam's bias correction). */
  readonly trained: number;
  /** The decay's factor on every learning rate in this epoch. */
  readonly rate: number;
  /** A factor on the learning rate of the model's optimizer, none of a layer's own; 1 by default. */
  readonly lr?: number;
}

/**
 * A number that the host computes, in f64, before each run of a program. `perBatch` updates of a parameter happen in a
 * batch, and `index` says which of them this is, from 0: the update's number from 1 is trained · perBatch + index + 1.
 */
export type HostScalar =
  /** The factor on a learning rate; `own`: of an optimizer that is not the model's, but a layer's, say. */
  | { readonly name: 'rate'; readonly own?: true }
  /** 1 - beta^number: Adam's bias correction (Kingma and Ba 2014, algorithm 1). */
  | {
      readonly name: 'bias_correction';
      readonly beta: number;
      readonly perBatch: number;
      readonly index: number;
    }
  /** 1 in the very first update, else 0: PyTorch's SGD starts its momentum with the plain gradient. */
  | { readonly name: 'first'; readonly perBatch: number; readonly index: number };

export function hostScalar(scalar: HostScalar, args: RunArguments): number {
  if (scalar.name === 'rate') return scalar.own ? args.rate : args.rate * (args.lr ?? 1);
  const number = args.trained * scalar.perBatch + scalar.index + 1;
  switch (scalar.name) {
    case 'bias_correction':
      return 1 - scalar.beta ** number;
    case 'first':
      return number === 1 ? 1 : 0;
    default:
      return scalar satisfies never;
  }
}
