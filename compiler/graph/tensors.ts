/**
 * The tensors that a compiled network exposes: what the host writes before a program runs, reads after it, and keeps in
 * checkpoints. Everything else inside a program is internal.
 */

import type { Connection } from '../model.js';

/**
 * `parameter` and `state` outlive a run and are stored in checkpoints; `input` is written before a run, `output` read
 * after it.
 */
export type TensorRole = 'parameter' | 'state' | 'input' | 'output';

/** What a parameter or optimizer state belongs to. Passes, checkpoints and reports use this, never the name. */
export interface TensorOwner {
  /** The parameter that it is, or whose optimizer state it is; absent for the state of a layer. */
  readonly parameter?: string;
  /** Which state, in PyTorch's terms (`exp_avg`); absent for parameters. */
  readonly state?: string;
  /** The layer whose objective trains it; absent for parameters of the decoder, the classifier or the readout. */
  readonly layer?: string;
}

/** A parameter or optimizer state of a program. */
export interface TensorId extends TensorOwner {
  /** Its name in checkpoints. */
  readonly name: string;
  /** 1 for a bias or one number per unit, stored as a matrix of one row. */
  readonly rank: 1 | 2;
}

export interface TensorInfo extends TensorOwner {
  readonly name: string;
  /** Row-major. */
  readonly shape: readonly number[];
  /** Class indices are `i32`; everything else is `f32`. */
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

/** The running mean of each unit's activity on positive rows, for peer normalization: [units]. */
export function peerMean(layer: string): TensorId {
  return { name: `${STATE_PREFIX}${layer}/${PEER_MEAN}`, rank: 1, state: PEER_MEAN, layer };
}

/** Whether a file's entry is optimizer state; if no model at hand has it, its name is all there is to go by. */
export const isStateEntry = (name: string): boolean => name.startsWith(STATE_PREFIX);

/** The initial value of a state tensor: 0.5 for the means of peer normalization (Hinton 2022), otherwise 0. */
export const stateAtStart = ({ state }: TensorOwner): number => (state === PEER_MEAN ? 0.5 : 0);

export type ProgramName = 'train' | 'predict';

/** The input of prediction [frames, samples, input size]; every other input of a network is training's. */
export const PREDICTED = 'predict/x';

/** What a run of a program needs beside its tensors. */
export interface RunArguments {
  /** From 0; together with `batch` and the model's seed, the key of the random numbers. */
  readonly epoch: number;
  /** Within the epoch, from 0. */
  readonly batch: number;
  /** Batches trained since initialization; determines the number of optimizer steps (Adam's bias correction). */
  readonly trained: number;
  /** The decay's multiplier of all learning rates in this epoch. */
  readonly rate: number;
  /** A multiplier of the learning rate of the model's optimizer, but not of layers' own optimizers (default: 1). */
  readonly lr?: number;
}

/**
 * A number that the host computes in f64 before each run of a program. A batch updates a parameter `perBatch` times,
 * and `index`, from 0, tells which of these updates this is: the update's number, from 1, is trained · perBatch + index
 * + 1.
 */
export type HostScalar =
  /** The multiplier of a learning rate; `own`: for an optimizer that is not the model's, such as a layer's. */
  | { readonly name: 'rate'; readonly own?: true }
  /** 1 - beta^number: Adam's bias correction (Kingma and Ba 2014, algorithm 1). */
  | {
      readonly name: 'bias_correction';
      readonly beta: number;
      readonly perBatch: number;
      readonly index: number;
    }
  /** 1 in the very first update, otherwise 0: PyTorch's SGD initializes its momentum with the plain gradient. */
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
