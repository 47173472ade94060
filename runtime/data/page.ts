/** Loads a model's `data:` in a page, which has no files: generated data sets only. */
import type { DataSpec } from '../../compiler/model.js';
import { failure } from '../../grammar/diagnostic.js';
import type { Dataset } from './dataset.js';
import { loadDigits } from './digits.js';
import { checkDataSpec } from './options.js';

/** Generates a data set. @throws RffcError RFF776 for one that is read from files, RFF770 */
export async function loadDataset(spec: DataSpec): Promise<Dataset> {
  checkDataSpec(spec);
  if (spec.name === 'digits') return loadDigits(spec);
  throw failure('RFF776', `\`${spec.name}()\` is read from files, which are not available in a page`, {
    hint: 'fetch the values and pass them: `train(session, plan, { train: samples(values, { inputSize }, labels) })`',
  });
}
