/**
 * The scale of a sample's numbers. A network sees its training data as `(value / top - mean) / std`; numbers
 * from elsewhere must be scaled the same way. What they are is inferred here, from their type and range.
 */

import type { DataSpec } from '../../compiler/model.js';
import type { Diagnostic } from '../../grammar/diagnostic.js';
import { failure } from '../../grammar/diagnostic.js';
import type { Split } from './dataset.js';
import type { Summary, TrainedValues } from './measure.js';
import { normalization } from './options.js';

/** The scale of the training data's raw numbers: bytes of images, or values of a table. */
export interface Scale {
  /** 255 for images, so that white is 1; 1 for other values. */
  readonly top: number;
  readonly mean: number;
  readonly std: number;
}

/**
 * What a file's numbers are: `raw` as in the training data, for images 0 to 255; `unit` brightness from 0 to 1;
 * `normalized` as the network sees them.
 */
export const valueKinds = ['raw', 'unit', 'normalized'] as const;
export type ValueKind = (typeof valueKinds)[number];

/** Data sets whose values are not pixels. */
const OWN = ['tensors', 'csv', 'strokes', 'numpy'];

/** The scale of a data set. @throws RffcError RFF603 for a wrong `normalize`. */
export function scaleOf(data: DataSpec): Scale {
  return { top: OWN.includes(data.name) ? 1 : 255, ...normalization(data) };
}

/** The network's values for black and white. */
export function seen({ top, mean, std }: Scale, raw: number): number {
  return (raw / top - mean) / std;
}

/** The type and range of numbers. */
export type NumberType = 'boolean' | 'integer' | 'real';

export interface Meaning {
  readonly kind: ValueKind;
  readonly warnings: readonly Diagnostic[];
}

/**
 * Infers what a source's numbers are. For a network of images: integers are pixels; reals are brightness if
 * they are within 0 and 1, pixels if they are within 0 and 255, otherwise normalized. For a network of
 * other values they are raw.
 * @throws RffcError RFF761 for integers that cannot be pixels
 */
export function kindOfValues(scale: Scale, type: NumberType, values: Summary, file: string): ValueKind {
  const { min, max, whole } = values;
  if (scale.top === 1) return 'raw';
  const pixels = min >= 0 && max <= 255;
  switch (type) {
    case 'boolean':
      return 'unit';
    case 'integer':
      if (pixels) return 'raw';
      throw failure('RFF761', `integers from ${min} to ${max} in ${file}: expected pixels from 0 to 255`, {
        file,
        hint: 'scale them to 0 to 255, or to reals from 0 to 1; `--values normalized` uses them unchanged',
      });
    case 'real':
      if (min >= 0 && max <= 1) return 'unit';
      return pixels && (whole || max > DIM) ? 'raw' : 'normalized';
  }
}

/** Reals up to here may be normalized values; pixels this dark are hardly an image. */
const DIM = 16;

/** The map from a file's numbers to the network's values. */
export function mapOf(scale: Scale, kind: ValueKind, invert: boolean): (value: number) => number {
  const { top } = scale;
  switch (kind) {
    case 'raw':
      return invert ? (value) => seen(scale, 255 - value) : (value) => seen(scale, value);
    case 'unit': {
      const white = 255 / top;
      const unit = { ...scale, top: 1 };
      return invert ? (value) => seen(unit, white * (1 - value)) : (value) => seen(unit, white * value);
    }
    case 'normalized': {
      const ends = seen(scale, 0) + seen(scale, 255);
      return invert ? (value) => ends - value : (value) => value;
    }
  }
}

/** A split with its values mapped. */
export function mapped<S extends Pick<Split, 'gather'>>(split: S, map: (value: number) => number): S {
  return {
    ...split,
    gather(indices, out) {
      split.gather(indices, out);
      for (let i = 0; i < out.length; i++) out[i] = map(out[i]!);
    },
  };
}

/**
 * RFF761 if the network's values are outside the range of the training data, or all in a small part of it: a sign
 * of a different normalization.
 */
export function rangeWarnings(
  { min, max }: Pick<Summary, 'min' | 'max'>,
  trained: Pick<TrainedValues, 'min' | 'max'>,
  { scale, file }: { readonly scale: Scale; readonly file: string },
): Diagnostic[] {
  const span = trained.max - trained.min;
  // Images have exact limits; other values may exceed those of the training data.
  const room = span * (scale.top === 255 ? 0.02 : 0.5);
  const outside = min < trained.min - room || max > trained.max + room;
  const flat = max > min && max - min < 0.02 * span;
  if (!outside && !flat) return [];
  const numbers = (low: number, high: number) => `${shown(low)} to ${shown(high)}`;
  const hint = flat
    ? 'for brightness from 0 to 1, use `--values unit`'
    : scale.top === 255
      ? 'give pixels from 0 to 255 or brightness from 0 to 1, which are normalized like the training data'
      : scale.mean !== 0 || scale.std !== 1
        ? 'if they are normalized already, use `--values normalized`'
        : 'scale them like the training data; `--normalize 0,1` maps pixels to 0..1';
  return [
    {
      code: 'RFF761',
      severity: 'warning',
      file,
      message:
        `values from ${numbers(min, max)} after normalization, but the network was trained on ` +
        `${numbers(trained.min, trained.max)}`,
      hint,
    },
  ];
}

/** A number with three digits. */
export function shown(value: number): string {
  return String(Number(value.toPrecision(3)));
}
