/**
 * What goes in and out when samples of one's own are read: the network's side, how to read, and a source's own numbers.
 */

import type { DataSpec } from '../../compiler/model.js';
import type { Diagnostic } from '../../grammar/diagnostic.js';
import type { DataOptions, Normalization, Split } from './dataset.js';
import type { Layout, TrainedValues } from './measure.js';
import type { NumberType, ValueKind } from './scale.js';

export interface Samples {
  readonly frames: number;
  /** As the network sees them. */
  readonly samples: Pick<Split, 'count' | 'gather'>;
  /** What each sample is called, where it is a file of its own. */
  readonly names?: readonly string[];
  /** True labels [count], where the source has them: classes from 0. */
  readonly labels?: Int32Array;
  readonly source: 'images' | 'idx' | 'csv' | 'tensors';
  readonly part: 'train' | 'test';
  /** What the source's numbers were taken for. */
  readonly values: ValueKind;
  readonly warnings: readonly Diagnostic[];
}

/** The network's side: its input and classes, and the data it was trained on. */
export interface Wanted {
  readonly input: { readonly name: string; readonly size: number };
  readonly classes?: number;
  readonly data: DataSpec;
  /** Absent for a run of an rffc that did not measure its training data. */
  readonly trained?: TrainedValues;
}

export interface SampleOptions extends DataOptions {
  /** What the source's numbers are; by default inferred from their type and range. */
  readonly values?: ValueKind;
  /** The normalization of the pictures that the network was trained on; by default its data set's. */
  readonly normalize?: Normalization;
  /** Pictures as negatives; transparent parts are then white paper before. */
  readonly invert?: boolean;
  /** Fit pictures of another size into the network's. */
  readonly resize?: boolean;
  /** Which part of a source that has two. */
  readonly part?: 'train' | 'test';
}

/** A source's own numbers. */
export interface Raw extends Pick<Samples, 'frames' | 'names' | 'labels' | 'source' | 'part'> {
  readonly file: string;
  readonly split: Pick<Split, 'count' | 'gather'>;
  readonly type: NumberType;
  /** Known of pictures; values in a row may be one all the same. */
  readonly layout: Layout;
  /** Whether its reader has turned the pictures already. */
  readonly turned?: true;
  readonly warnings?: readonly Diagnostic[];
}

/** Labels counted from 0, as the training data's were. */
export function counted(labels: Int32Array, { options }: DataSpec): Int32Array {
  const first = options.first_label;
  return typeof first === 'number' ? labels.map((label) => label - first) : labels;
}
