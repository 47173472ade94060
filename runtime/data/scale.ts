/**
 * What the numbers of a sample mean. A network sees its training data through a scale, `(value / top - mean) / std`;
 * numbers from anywhere else must come to it through the same one. Here is decided what they are, from their type and
 * their range.
 */

import type { DataSpec } from '../../compiler/model.js';
import type { Diagnostic } from '../../grammar/diagnostic.js';
import { failure } from '../../grammar/diagnostic.js';
import type { Split } from './dataset.js';
import type { Summary, TrainedValues } from './measure.js';
import { normalization } from './options.js';

/** How the training data's own numbers, the bytes of pictures or what stands in a table, are shown to the network. */
export interface Scale {
  /** 255 for pictures, whose white is then 1; 1 for values of one's own. */
  readonly top: number;
  readonly mean: number;
  readonly std: number;
}

/**
 * What a file's numbers are: `raw` as the training data's own, for pictures 0 to 255; `unit` brightness from 0 to 1;
 * `normalized` as the network is to see them.
 */
export const valueKinds = ['raw', 'unit', 'normalized'] as const;
export type ValueKind = (typeof valueKinds)[number];

/** Values of one's own: what they mean is the owner's to say. */
const OWN = ['tensors', 'csv', 'strokes', 'numpy'];

/** The scale of a data set. @throws RffcError RFF603 for a wrong `normalize`. */
export function scaleOf(data: DataSpec): Scale {
  return { top: OWN.includes(data.name) ? 1 : 255, ...normalization(data) };
}

/** What the network sees of raw values: for pictures, of black and of white. */
export function seen({ top, mean, std }: Scale, raw: number): number {
  return (raw / top - mean) / std;
}

/** Numbers of one type: of a file's dtype, or of text. */
export type NumberType = 'boolean' | 'integer' | 'real';

export interface Meaning {
  readonly kind: ValueKind;
  readonly warnings: readonly Diagnostic[];
}

/**
 * What a source's numbers are where nobody says it. For a network of pictures: integers are pixels; reals are
 * brightness where they stay within 0 and 1, pixels where they reach from 0 to as much as 255, and else taken as
 * normalized. For a network of values of one's own they are such values.
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
      throw failure('RFF761', `${file} has integers from ${min} to ${max}: expected pixels from 0 to 255`, {
        file,
        hint: 'scale them to 0 to 255, or to reals from 0 to 1; `--values normalized` takes them as they are',
      });
    case 'real':
      if (min >= 0 && max <= 1) return 'unit';
      return pixels && (whole || max > DIM) ? 'raw' : 'normalized';
  }
}

/** Reals up to here may be normalized values; pixels of which none is brighter are hardly a picture. */
const DIM = 16;

/** The map from a file's numbers to what the network sees. */
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

/** A split's samples through a map of their values. */
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
 * RFF761 where values, as the network sees them, are outside those it was trained on, or all in a small part of them:
 * the sign of another normalization.
 */
export function rangeWarnings(
  { min, max }: Pick<Summary, 'min' | 'max'>,
  trained: Pick<TrainedValues, 'min' | 'max'>,
  { scale, file }: { readonly scale: Scale; readonly file: string },
): Diagnostic[] {
  const span = trained.max - trained.min;
  // Pictures have exact ends; values of one's own may go further than those that were seen in training.
  const room = span * (scale.top === 255 ? 0.02 : 0.5);
  const outside = min < trained.min - room || max > trained.max + room;
  const flat = max > min && max - min < 0.02 * span;
  if (!outside && !flat) return [];
  const numbers = (low: number, high: number) => `${shown(low)} to ${shown(high)}`;
  const hint = flat
    ? '`--values unit` takes numbers from 0 to 1 as brightness'
    : scale.top === 255
      ? 'give pixels from 0 to 255 or brightness from 0 to 1, which are normalized as the training data were'
      : scale.mean !== 0 || scale.std !== 1
        ? '`--values normalized` takes them as they are'
        : 'scale them as the training data were; `--normalize 0,1` makes brightness from 0 to 1 of pixels';
  return [
    {
      code: 'RFF761',
      severity: 'warning',
      file,
      message:
        `the network sees values from ${numbers(min, max)}, and was trained on ` +
        `${numbers(trained.min, trained.max)}`,
      hint,
    },
  ];
}

/** A number in three digits. */
export function shown(value: number): string {
  return String(Number(value.toPrecision(3)));
}
