/** From a model's `data:` to samples: one entry a data set. */

import type { DataSpec } from '../../compiler/model.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import { describeCsv, loadCsv } from './csv.js';
import type { DataOptions, Dataset, DatasetDescription } from './dataset.js';
import { describeDigits, loadDigits } from './digits.js';
import { describeImageFolder, loadImageFolder } from './image-folder.js';
import { describeImages, loadImages } from './images.js';
import { datasetList } from './list.js';
import { describeMoving, loadMoving } from './moving.js';
import { describeNumpy, loadNumpy } from './numpy.js';
import { checkDataSpec } from './options.js';
import { describeStrokes, loadStrokes } from './strokes.js';
import { describeTensors, loadTensors } from './tensors.js';

/** Reads or generates a data set. @throws RffcError RFF600 to RFF679, naming the file or folder and the fix. */
export async function loadDataset(spec: DataSpec, options: DataOptions = {}): Promise<Dataset> {
  checkDataSpec(spec);
  switch (spec.name) {
    case 'digits':
      return loadDigits(spec);
    case 'mnist':
    case 'fashion_mnist':
    case 'row_mnist':
    case 'idx':
      return loadImages(spec, options);
    case 'moving_mnist':
      return loadMoving(spec, options);
    case 'strokes':
      return loadStrokes(spec, options);
    case 'csv':
      return loadCsv(spec, options);
    case 'numpy':
      return loadNumpy(spec, options);
    case 'image_folder':
      return loadImageFolder(spec, options);
    case 'tensors':
      return loadTensors(spec, options);
    default:
      throw noSuchData(spec.name);
  }
}

/**
 * What can be known without reading samples: for compiling and for checking sizes. @throws RffcError as `loadDataset`.
 */
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
    case 'moving_mnist':
      return describeMoving(spec);
    case 'strokes':
      return describeStrokes(spec);
    case 'csv':
      return describeCsv(spec, options);
    case 'numpy':
      return describeNumpy(spec, options);
    case 'image_folder':
      return describeImageFolder(spec, options);
    case 'tensors':
      return describeTensors(spec, options);
    default:
      throw noSuchData(spec.name);
  }
}

function noSuchData(name: string): RffcError {
  return failure('RFF600', `there is no data set called "${name}"`, {
    hint: `data sets: ${datasetList.map((entry) => entry.name).join(', ')}`,
  });
}
