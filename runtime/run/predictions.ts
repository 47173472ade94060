/**
 * Predictions for people and programs: the answers one by one, and files of them in the format that their names say.
 */

import { mkdirSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { RffcError } from '../../grammar/diagnostic.js';
import { npzBytes } from '../data/npz.js';
import { type Tensor, writeSafetensors } from '../safetensors.js';
import type { Prediction } from '../train/evaluate.js';
import { fileError, writeAtomically } from './files.js';

export const outputFormats = ['.csv', '.json', '.npz', '.safetensors'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Predictions with what belongs to their samples. */
export interface Answers {
  readonly model: string;
  readonly prediction: Prediction;
  readonly classes: number;
  /** Which goodness is the answer's. */
  readonly direction: 'min' | 'max';
  /** Files that the samples are, in their order. */
  readonly names?: readonly string[];
  /** True labels [samples]. */
  readonly truth?: Int32Array;
}

export interface Answer {
  readonly file?: string;
  readonly label: number;
  readonly true?: number;
  /**
   * How far the answer is ahead of the next best label, in goodness, or in probability where a classifier chose; null
   * where there is only one label.
   */
  readonly margin: number | null;
  /** A number for each label. */
  readonly goodness?: readonly number[];
  readonly softmax?: readonly number[];
}

/** The format of an output file, by its name. @throws RffcError RFF762, wrong usage, for a name of none. */
export function outputFormat(path: string): OutputFormat {
  const ending = extname(path).toLowerCase();
  const format = outputFormats.find((one) => one === ending);
  if (format) return format;
  const found = ending === '' ? 'no ending' : `the ending ${ending}`;
  throw new RffcError(
    [
      {
        code: 'RFF762',
        severity: 'error',
        message: `unknown output format: \`${path}\` has ${found}`,
        hint: `expected one of ${outputFormats.join(', ')}`,
      },
    ],
    2,
  );
}

/** Each sample's answer, in f32's shortest digits. */
export function answersOf({ prediction, classes, direction, names, truth }: Answers): Answer[] {
  const { labels, goodness, softmax, by } = prediction;
  const row = (values: Float32Array | null, sample: number) =>
    values && Array.from(values.subarray(sample * classes, (sample + 1) * classes), shortest);
  return Array.from(labels, (label, sample) => {
    const [good, soft] = [row(goodness, sample), row(softmax, sample)];
    const [chosen, sign] = by === 'goodness' ? [good!, direction === 'max' ? 1 : -1] : [soft!, 1];
    const others = chosen.filter((_, other) => other !== label).map((value) => sign * value);
    const margin = others.length === 0 ? null : sign * chosen[label]! - Math.max(...others);
    return {
      ...(names ? { file: names[sample]! } : {}),
      label,
      ...(truth ? { true: truth[sample]! } : {}),
      margin: margin === null ? null : shortest(Math.fround(margin)),
      ...(good ? { goodness: good } : {}),
      ...(soft ? { softmax: soft } : {}),
    };
  });
}

/** The fewest digits that are this f32 again: 0.1, not 0.10000000149011612. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

/** Labels from the best to the worst of one answer, with their numbers. */
export function ranked({ goodness, softmax }: Answer, direction: 'min' | 'max'): number[] {
  const [values, sign] = goodness ? [goodness, direction === 'max' ? -1 : 1] : [softmax!, -1];
  return [...values.keys()].sort((a, b) => sign * (values[a]! - values[b]!) || a - b);
}

/** Writes a file of predictions, whole or not at all. @throws RffcError RFF642, RFF701 to RFF703 */
export async function writePredictions(path: string, format: OutputFormat, answers: Answers): Promise<void> {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw fileError(error, dirname(path));
  }
  const { model, names } = answers;
  switch (format) {
    case '.csv':
      return writeAtomically(path, csvText(answers));
    case '.json':
      return writeAtomically(path, jsonText(answers));
    case '.npz':
      return writeAtomically(
        path,
        npzBytes(
          new Map<string, Tensor | readonly string[]>([
            ...tensorsOf(answers),
            ...(names ? [['file', names] as const] : []),
          ]),
        ),
      );
    case '.safetensors': {
      // A safetensors file has no tensors of text.
      const files = names ? { files: JSON.stringify(names) } : {};
      return writeSafetensors(path, tensorsOf(answers), { model, ...files });
    }
  }
}

function tensorsOf({ prediction, classes, truth }: Answers): Map<string, Tensor> {
  const { labels, goodness, softmax } = prediction;
  const count = labels.length;
  const integers = (data: Int32Array): Tensor => ({ dtype: 'I32', shape: [count], data });
  const rows = (data: Float32Array): Tensor => ({ dtype: 'F32', shape: [count, classes], data });
  return new Map([
    ['label', integers(labels)],
    ...(truth ? [['true', integers(truth)] as const] : []),
    ...(goodness ? [['goodness', rows(goodness)] as const] : []),
    ...(softmax ? [['softmax', rows(softmax)] as const] : []),
  ]);
}

/** An object with a line for each answer. */
function jsonText(answers: Answers): string {
  const lines = answersOf(answers).map((answer) => JSON.stringify(answer));
  return `{"model": ${JSON.stringify(answers.model)}, "predictions": [\n${lines.join(',\n')}\n]}\n`;
}

function csvText(answers: Answers): string {
  const { classes, names, truth, prediction } = answers;
  const each = (name: string) => Array.from({ length: classes }, (_, label) => `${name}_${label}`);
  const header = [
    names ? 'file' : 'sample',
    'label',
    ...(truth ? ['true'] : []),
    'margin',
    ...(prediction.goodness ? each('goodness') : []),
    ...(prediction.softmax ? each('softmax') : []),
  ];
  const rows = answersOf(answers).map((answer, sample) => [
    cell(answer.file ?? sample),
    answer.label,
    ...(truth ? [answer.true!] : []),
    answer.margin ?? '',
    ...(answer.goodness ?? []),
    ...(answer.softmax ?? []),
  ]);
  return [header, ...rows].map((row) => `${row.join(',')}\n`).join('');
}

function cell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
