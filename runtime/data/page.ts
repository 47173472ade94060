/** From a model's `data:` to samples in a page, which has no files: what is drawn and not read. */
import type { DataSpec } from '../../compiler/model.js';
import { failure } from '../../grammar/diagnostic.js';
import type { Dataset } from './dataset.js';
import { loadDigits } from './digits.js';
import { checkDataSpec } from './options.js';

/** Draws a data set. @throws RffcError RFF776 for one that is read from files, RFF770 */
export async function loadDataset(spec: DataSpec): Promise<Dataset> {
  checkDataSpec(spec);
  if (spec.name === 'digits') return loadDigits(spec);
  throw failure('RFF776', `\`${spec.name}()\` is read from files, which a page does not have`, {
    hint:
      'fetch the numbers and pass them on: `train(session, plan, { train: samples(values, { inputSize }, ' +
      'labels) })`',
  });
}
