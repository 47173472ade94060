/** What the end of a run suggests to do next, where that depends on its model and data: no command that would fail. */
import type { ModelDocument } from '../compiler/model.js';
import { predictsBy } from '../runtime/train/evaluate.js';
import type { EvaluatedSplit } from '../runtime/train/progress.js';

export type Suggestion = readonly [command: string, what: string];

/**
 * How to evaluate a run that has ended; nothing for a model that predicts nothing.
 * @param folder the run's, quoted
 * @param judged whether it was judged on the test split, and on the one kept aside
 */
export function evaluating(
  folder: string,
  document: ModelDocument,
  judged: { readonly [split in EvaluatedSplit]: boolean },
): readonly Suggestion[] {
  if (!predictsBy(document)) return [];
  // What was not judged has no samples.
  const split = judged.test ? '' : judged.validation ? ' --split validation' : ' --split train';
  return [[`eval ${folder}${split}`, 'show the confusion matrix']];
}
