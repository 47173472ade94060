/** The commands suggested after a run, as far as they depend on its model and data: none that would fail. */
import type { ModelDocument } from '../compiler/model.js';
import { predictsBy } from '../runtime/train/evaluate.js';
import type { EvaluatedSplit } from '../runtime/train/progress.js';

export type Suggestion = readonly [command: string, what: string];

/**
 * How to evaluate a finished run; empty for a model that cannot predict.
 * @param folder of the run, quoted
 * @param evaluated whether it was evaluated on the test split and on the validation split
 */
export function evaluating(
  folder: string,
  document: ModelDocument,
  evaluated: { readonly [split in EvaluatedSplit]: boolean },
): readonly Suggestion[] {
  if (!predictsBy(document)) return [];
  // A split that was not evaluated has no samples.
  const split = evaluated.test ? '' : evaluated.validation ? ' --split validation' : ' --split train';
  return [[`eval ${folder}${split}`, 'show the confusion matrix']];
}
