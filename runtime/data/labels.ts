/** Labels as files have them, and as networks count them: from 0, without a class that never occurs. */

import type { DataSpec } from '../../compiler/model.js';
import { type Diagnostic, failure } from '../../grammar/diagnostic.js';
import { wholeNumber } from './options.js';

/** Distinct labels that a message lists. */
const LISTED = 8;

/** `first_label: 1`: what the file calls the first class. @throws RffcError RFF603. */
export function firstLabel(spec: DataSpec): number {
  return wholeNumber(spec, 'first_label', 0, 0);
}

/**
 * Labels [count] counted from 0.
 * @param file where they are from.
 * @throws RffcError RFF616 for one below `first`.
 */
export function countedFrom(first: number, labels: Int32Array, file: string): Int32Array {
  if (first === 0) return labels;
  const at = labels.findIndex((label) => label < first);
  if (at >= 0) {
    const message = `label ${labels[at]} of sample ${at} is below \`first_label: ${first}\``;
    throw failure('RFF616', `${file}: ${message}`, {
      file,
      hint: `write \`first_label: ${Math.min(...distinct(labels))}\`, or leave it out where labels run from 0`,
    });
  }
  return labels.map((label) => label - first);
}

function distinct(labels: Int32Array): number[] {
  return [...new Set(labels)];
}

/** The lowest and the highest label of all splits; undefined where there are none. */
export function labelRange(...splits: readonly Int32Array[]): { low: number; high: number } | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const labels of splits) {
    for (const label of labels) {
      if (label < low) low = label;
      if (label > high) high = label;
    }
  }
  return high < low ? undefined : { low, high };
}

/** One more than the highest label of all splits. */
export function classCount(...splits: readonly Int32Array[]): number {
  return (labelRange(...splits)?.high ?? -1) + 1;
}

/** RFF617 where no label is 0 and the model does not say that it knows. */
export function labelWarnings(spec: DataSpec, ...splits: readonly Int32Array[]): Diagnostic[] {
  const range = labelRange(...splits);
  if (range === undefined || range.low === 0 || spec.options.first_label !== undefined) return [];
  return [
    {
      code: 'RFF617',
      severity: 'warning',
      message: `${labelsRun(spec.name, range)}, so class 0 never occurs`,
      hint: `write \`${spec.name}(…, first_label: ${range.low})\``,
    },
  ];
}

/** "the labels of `idx` run from 1 to 26: none is 0" */
export function labelsRun(
  name: string,
  { low, high }: { readonly low: number; readonly high: number },
): string {
  return `the labels of \`${name}\` run from ${low} to ${high}: none is 0`;
}

/**
 * How to number classes that a file calls by other names than 0, 1, 2, …: `number the classes from 0: cat = 0, dog =
 * 1`.
 */
export function numbering(names: ReadonlySet<string>): string {
  const sorted = [...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  // `numeric` takes no account of a minus sign.
  if (sorted.every((name) => name !== '' && Number.isFinite(Number(name))))
    sorted.sort((a, b) => Number(a) - Number(b));
  const listed = sorted.slice(0, LISTED).map((name, i) => `\`${name}\` = ${i}`);
  return `number the classes from 0: ${listed.join(', ')}${sorted.length > LISTED ? ', …' : ''}`;
}
