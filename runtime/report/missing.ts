/** What a report does not show, and why: a reader must not have to guess whether something is missing or forgotten. */

import { hearsLabel, layersAlone } from '../../compiler/influence.js';
import type { ModelDocument } from '../../compiler/model.js';
import type { MetricKind } from '../folder/metrics.js';
import { type ChartSection, type Lines, linesOf } from './charts.js';

export interface Shown extends Lines {
  readonly document: ModelDocument;
  /** Samples of the test split; null where that is not known. */
  readonly tested: number | null;
  /** What `--metrics` asked for. */
  readonly metrics: readonly MetricKind[];
  readonly sections: readonly ChartSection[];
}

/** One sentence for each thing that is missing. */
export function missing(shown: Shown): string[] {
  const { sections, metrics } = shown;
  const { epochs, batches } = linesOf('network', shown);
  const has = (id: string) => sections.some((section) => section.id === id);
  if (epochs.length === 0 && batches.length === 0)
    return ['Curves: the run stopped before its first metrics were written.'];
  const found: string[] = [];
  if (epochs.length === 0)
    found.push(
      'Accuracy, confusion matrix, mistakes and weights: the run stopped before the end of its first epoch.',
    );
  else found.push(...accuracy(shown, has));
  found.push(...finite(shown, has));
  const wanted: Readonly<Record<MetricKind, string>> = {
    norms: 'gradients',
    updates: 'batch-updates',
    angles: 'angles',
  };
  for (const kind of metrics)
    if (!has(wanted[kind])) found.push(`\`--metrics ${kind}\`: no batch was measured.`);
  return found;
}

/** Of a run with an epoch. */
function accuracy(shown: Shown, has: (id: string) => boolean): string[] {
  const { document, tested } = shown;
  const { label } = document;
  if (!label) return ['Accuracy: the model has no label.'];
  if (!hearsLabel(document))
    return document.readout
      ? has('accuracy-readout')
        ? []
        : ['Accuracy: the readout has not been trained yet.']
      : [
          `Accuracy: ${unseen(document, label.name)} label \`${label.name}\`, so there is nothing to predict.`,
        ];
  const { epochs } = linesOf('network', shown);
  if (!has('accuracy'))
    return [tested === 0 ? 'Accuracy: the data set has no test split.' : 'Accuracy: no epoch was evaluated.'];
  const found: string[] = [];
  if (tested === 0)
    found.push('Test accuracy, confusion matrix and mistakes: the data set has no test split.');
  else if (epochs.every(({ test_accuracy }) => test_accuracy === null))
    found.push('Test accuracy: no epoch was evaluated on the test split.');
  if (epochs.every(({ train_accuracy }) => train_accuracy === undefined))
    found.push(
      'Training accuracy: evaluating enough training samples would take more than 5 % of the time of an epoch.',
    );
  if (tested !== 0 && layersAlone(document).length > 0 && !has('layer-accuracy'))
    found.push('Accuracy of each layer alone: not in these metrics.');
  return found;
}

/** Why trying labels tells nothing. */
function unseen({ connections, input }: ModelDocument, label: string): string {
  const received = input.embed !== null || connections.some(({ source }) => source === label);
  return received ? 'the scored steps never see' : 'no layer receives';
}

/** Losses and goodness without values, and epochs without a line. */
function finite(shown: Shown, has: (id: string) => boolean): string[] {
  const { layers, phases } = shown.document;
  const { epochs, batches } = linesOf('network', shown);
  const lines = [...batches, ...epochs];
  const found: string[] = [];
  if (!phases.some(({ learn }) => learn)) found.push('Loss and goodness: no phase of the schedule learns.');
  else {
    const without = (key: 'loss' | 'goodness_positive' | 'goodness_negative') =>
      layers
        .filter(({ name }) => !lines.some((line) => Number.isFinite(line[key][name])))
        .map(({ name }) => name);
    const told = {
      Loss: 'loss',
      'Positive goodness': 'goodness_positive',
      'Negative goodness': 'goodness_negative',
    } as const;
    for (const [what, key] of Object.entries(told)) {
      const names = without(key);
      if (names.length > 0) found.push(`${what} of ${names.join(', ')}: no finite values.`);
    }
    const steps = phases.reduce((sum, { learn, steps: n }) => sum + (learn ? n : 0), 0);
    if (epochs.length > 0 && steps > 1 && !has('timesteps'))
      found.push('Goodness by learning step: no finite values.');
  }
  const gone = gaps(epochs.map(({ epoch }) => epoch));
  if (gone.length > 0) found.push(`Epochs missing in metrics.jsonl: ${gone.join(', ')}.`);
  return found;
}

/** What rising numbers from 1 on leave out: 1, 4, 6 → `2–3`, `5`. */
function gaps(numbers: readonly number[]): string[] {
  return numbers.flatMap((n, i) => {
    const [from, to] = [(numbers[i - 1] ?? 0) + 1, n - 1];
    if (to < from) return [];
    return [from === to ? `${from}` : `${from}–${to}`];
  });
}
