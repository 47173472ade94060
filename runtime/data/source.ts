/** Types for reading new samples: what the network requires, how to read, and the result. */

import type { DataSpec } from '../../compiler/model.js';
import type { Diagnostic } from '../../grammar/diagnostic.js';
import type { DataOptions, Normalization, Split } from './dataset.js';
import type { Layout, TrainedValues } from './measure.js';
import type { NumberType, ValueKind } from './scale.js';

export interface Samples {
  readonly frames: number;
  /** As the network sees them. */
  readonly samples: Pick<Split, 'count' | 'gather'>;
  /** Names of samples that are files. */
  readonly names?: readonly string[];
  /** True labels [count], if the source has them: classes from 0. */
  readonly labels?: Int32Array;
  readonly source: 'images' | 'idx' | 'csv' | 'tensors';
  readonly part: 'train' | 'test';
  /** How the source's numbers were interpreted. */
  readonly values: ValueKind;
  readonly warnings: readonly Diagnostic[];
}

/** What the network requires: its input and classes, and the data it was trained on. */
export interface Wanted {
  readonly input: { readonly name: string; readonly size: number };
  readonly classes?: number;
  readonly data: DataSpec;
  /** Absent in older runs. */
  readonly trained?: TrainedValues;
}

export interface SampleOptions extends DataOptions {
  /** What the source's numbers are; by default inferred from their type and range. */
  readonly values?: ValueKind;
  /** The normalization of the training images; by default the data set's. */
  readonly normalize?: Normalization;
  /** Invert images; transparent parts become white first. */
  readonly invert?: boolean;
  /** Fit images of other sizes to the network's. */
  readonly resize?: boolean;
  /** The part of a source that has several. */
  readonly part?: 'train' | 'test';
}

/** A source's own numbers. */
export interface Raw extends Pick<Samples, 'frames' | 'names' | 'labels' | 'source' | 'part'> {
  readonly file: string;
  readonly split: Pick<Split, 'count' | 'gather'>;
  readonly type: NumberType;
  /** Known for images; plain rows of values may be images too. */
  readonly layout: Layout;
  /** Whether the images have been transposed already. */
  readonly turned?: true;
  readonly warnings?: readonly Diagnostic[];
}

/** Labels counted from 0, like the training data's. */
export function counted(labels: Int32Array, { options }: DataSpec): Int32Array {
  const first = options.first_label;
  return typeof first === 'number' ? labels.map((label) => label - first) : labels;
}
