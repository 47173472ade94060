/** From a model's `data:` to samples. */

import type { DataSpec } from '../../compiler/model.js';
import { failure } from '../../grammar/diagnostic.js';
import type { DataOptions, Dataset, DatasetDescription } from './dataset.js';
import { type DatasetSource, datasetList } from './list.js';
import { checkDataSpec } from './options.js';

/** Reads or generates a data set. @throws RffcError RFF600 to RFF679, naming the file or folder and the fix. */
export async function loadDataset(spec: DataSpec, options: DataOptions = {}): Promise<Dataset> {
  checkDataSpec(spec);
  return sourceOf(spec).load(spec, options);
}

/** What is known without reading samples, for compiling and checking sizes. @throws RffcError as `loadDataset`. */
export async function describeDataset(
  spec: DataSpec,
  options: DataOptions = {},
): Promise<DatasetDescription> {
  return sourceOf(spec).describe(spec, options);
}

function sourceOf({ name }: DataSpec): DatasetSource {
  const found = datasetList.find((entry) => entry.name === name);
  if (found) return found;
  throw failure('RFF600', `unknown data set \`${name}\``, {
    hint: `data sets: ${datasetList.map((entry) => entry.name).join(', ')}`,
  });
}
