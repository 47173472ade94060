/** From a model's `data:` to samples: one entry a data set. */

import type { DataSpec } from '../../compiler/model.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import type { DataOptions, Dataset, DatasetDescription } from './dataset.js';
import { describeDigits, loadDigits } from './digits.js';
import { describeImages, loadImages } from './images.js';
import { datasetList } from './list.js';
import { describeTensors, loadTensors } from './tensors.js';

/** Reads or generates a data set. @throws RffcError RFF600 to RFF643, naming the file or folder and the mend. */
export async function loadDataset(spec: DataSpec, options: DataOptions = {}): Promise<Dataset> {
  switch (spec.name) {
    case 'digits':
      return loadDigits(spec);
    case 'mnist':
    case 'fashion_mnist':
    case 'row_mnist':
    case 'idx':
      return loadImages(spec, options);
    case 'tensors':
      return loadTensors(spec, options);
    default:
      throw noSuchData(spec.name);
  }
}

/** What can be known without reading samples: for compiling and for checking sizes. @throws RffcError as `loadDataset`. */
export async function describeDataset(
  spec: DataSpec,
  options: DataOptions = {},
): Promise<DatasetDescription> {
  switch (spec.name) {
    case 'digits':
      return describeDigits();
    case 'mnist':
    case 'fashion_mnist':
    case 'row_mnist':
    case 'idx':
      return describeImages(spec, options);
    case 'tensors':
      return describeTensors(spec, options);
    default:
      throw noSuchData(spec.name);
  }
}

function noSuchData(name: string): RffcError {
  const known = datasetList.find((entry) => entry.name === name);
  const ready = datasetList.filter((entry) => entry.available).map((entry) => entry.name);
  const hint = `data sets: ${ready.join(', ')}`;
  return known
    ? failure('RFF601', `the data set ${name} is not available yet`, { hint })
    : failure('RFF600', `there is no data set called "${name}"`, { hint });
}
