/** Typed access to the arguments of a `data:` call, as a model document may be written by hand. */

import type { DataSpec } from '../../compiler/model.js';
import { isObject, wrongArgument } from '../../grammar/arguments.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import type { Normalization } from './dataset.js';

/** RFF603 for an invalid argument. */
export function wrongOption(spec: DataSpec, key: string, expected: string): RffcError {
  const value = spec.options[key];
  const found = value === undefined ? 'missing' : JSON.stringify(value);
  return failure('RFF603', `${spec.name}: invalid \`${key}\`: expected ${expected}, found ${found}`);
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

/** An integer from `least` on. @throws RffcError RFF603. */
export function wholeNumber(spec: DataSpec, key: string, fallback: number, least: number): number {
  const value = spec.options[key] ?? fallback;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
    throw wrongOption(spec, key, `an integer from ${least}`);
  }
  return value;
}

/** `transpose: on`; default off. @throws RffcError RFF603. */
export function isOn(spec: DataSpec, key: string): boolean {
  const value = spec.options[key] ?? false;
  if (typeof value !== 'boolean') throw wrongOption(spec, key, '`on` or `off`');
  return value;
}

/** Checks a data specification passed by a program. @throws RffcError RFF770 */
export function checkDataSpec(spec: unknown): void {
  if (!isObject(spec) || typeof spec.name !== 'string')
    throw wrongArgument('loadDataset', "a model's data", spec, '`loadDataset(document.train.data)`');
}
