/** Paths in a `data:` call, apart from the other arguments because a page has none. */
import { resolve } from 'node:path';
import type { DataSpec } from '../../compiler/model.js';
import type { DataOptions } from './dataset.js';
import { wrongOption } from './options.js';

/** A path, relative to the model file's folder. @throws RffcError RFF603. */
export function path(spec: DataSpec, key: string, { baseDir }: DataOptions): string {
  const value = spec.options[key];
  if (typeof value !== 'string' || value === '') throw wrongOption(spec, key, 'a path in quotes');
  return resolve(baseDir ?? '.', value);
}
