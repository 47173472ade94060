/** The arguments of a `data:` call, read with their kinds checked: a model document may have been written by hand. */

import type { DataSpec } from '../../compiler/model.js';
import { isObject, wrongArgument } from '../../grammar/arguments.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import type { Normalization } from './dataset.js';

/** An argument that is not what it must be. */
export function wrongOption(spec: DataSpec, key: string, expected: string): RffcError {
  const value = spec.options[key];
  const found = value === undefined ? 'it is missing' : `not ${JSON.stringify(value)}`;
  return failure('RFF603', `${spec.name}: \`${key}\` must be ${expected}, ${found}`);
}

/** `normalize: [mean, std]`; without it, pixels are b / 255. @throws RffcError RFF603. */
export function normalization(spec: DataSpec): Normalization {
  const value = spec.options.normalize;
  if (value === undefined) return { mean: 0, std: 1 };
  const expected = '[mean, std], with std above 0';
  if (!Array.isArray(value) || value.length !== 2) throw wrongOption(spec, 'normalize', expected);
  const [mean, std] = value as readonly number[];
  if (!Number.isFinite(mean) || !Number.isFinite(std) || std! <= 0)
    throw wrongOption(spec, 'normalize', expected);
  return { mean: mean!, std: std! };
}

/** A whole number from `least` on. @throws RffcError RFF603. */
export function wholeNumber(spec: DataSpec, key: string, fallback: number, least: number): number {
  const value = spec.options[key] ?? fallback;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
    throw wrongOption(spec, key, `a whole number from ${least}`);
  }
  return value;
}

/** `transpose: on`; off without it. @throws RffcError RFF603. */
export function isOn(spec: DataSpec, key: string): boolean {
  const value = spec.options[key] ?? false;
  if (typeof value !== 'boolean') throw wrongOption(spec, key, '`on` or `off`');
  return value;
}

/** Checks what a program passes on as a model's data. @throws RffcError RFF770 */
export function checkDataSpec(spec: unknown): void {
  if (!isObject(spec) || typeof spec.name !== 'string')
    throw wrongArgument('loadDataset', "a model's data", spec, '`loadDataset(document.train.data)`');
}
