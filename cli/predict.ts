/** `rffc predict`: labels for samples of one's own, on the terminal or in a file. */
import { openBackend } from '../runtime/backends.js';
import { readSamples, type SampleOptions } from '../runtime/data/samples.js';
import type { Precision } from '../runtime/engine.js';
import {
  type Answer,
  type Answers,
  answersOf,
  outputFormat,
  ranked,
  writePredictions,
} from '../runtime/run/predictions.js';
import { openTrained, readRun, wantedBy } from '../runtime/run/run.js';
import { predict, predictDirection } from '../runtime/train/evaluate.js';
import { type Io, pathOf, percent, plural, report } from './io.js';

interface PredictOptions extends Pick<SampleOptions, 'invert' | 'resize' | 'values' | 'normalize'> {
  readonly data: string;
  readonly out?: string;
  readonly backend: string;
  readonly weights: 'best' | 'last';
  readonly threads?: number;
  readonly precision?: Precision;
  readonly device?: number;
  readonly json?: true;
}

export async function predictCommand(io: Io, folder: string, options: PredictOptions): Promise<number> {
  const format = options.out === undefined ? undefined : outputFormat(options.out);
  const run = await readRun(pathOf(io, folder));
  const read = await readSamples(pathOf(io, options.data), wantedBy(run), options);
  const { frames, samples, names, labels: truth, values, warnings } = read;
  report(io, warnings);
  const { threads, precision, device, weights, backend } = options;
  const { network, session } = await openTrained(
    run,
    {
      weights,
      backend,
      frames,
      ...(threads === undefined ? {} : { threads }),
      ...(precision === undefined ? {} : { precision }),
      ...(device === undefined ? {} : { device }),
    },
    openBackend,
  );
  try {
    const prediction = (await predict(session, network, samples))!;
    const answers: Answers = {
      model: run.document.name,
      prediction,
      classes: network.classes,
      direction: predictDirection(run.document),
      ...(names ? { names } : {}),
      ...(truth ? { truth } : {}),
    };
    const { out } = options;
    if (format) await writePredictions(pathOf(io, out!), format, answers);
    if (options.json) io.out(`${JSON.stringify(jsonOf(answers, values, out && pathOf(io, out)))}\n`);
    else io.out(textOf(answers, out));
    return 0;
  } finally {
    await session.dispose();
  }
}

/** The result for programs: includes the answers if they are not written to a file. */
function jsonOf(answers: Answers, values: string, out: string | undefined): object {
  const { classes, names, prediction } = answers;
  const { labels } = prediction;
  const score = scored(answers);
  return {
    ...{ samples: labels.length, classes, values },
    ...(score ? { accuracy: score.correct / labels.length, correct: score.correct } : {}),
    ...(out === undefined
      ? { predictions: answersOf(answers) }
      : { out, ...(names ? { files: names.map((file, i) => ({ file, label: labels[i]! })) } : {}) }),
  };
}

function textOf(answers: Answers, out: string | undefined): string {
  const { prediction, names } = answers;
  const count = prediction.labels.length;
  const score = scored(answers);
  // Samples that are files are also listed by name when there is an output file.
  const listed = out === undefined || names ? answersOf(answers) : [];
  return [
    listed.length === 1 && out === undefined ? single(listed[0]!, answers) : table(listed),
    score ? `accuracy ${percent(score.correct / count)} (${score.correct} of ${count})\n` : '',
    out === undefined ? '' : `${plural(count, 'sample')} labelled in ${out}\n`,
  ].join('');
}

function scored({ truth, prediction }: Answers): { readonly correct: number } | undefined {
  return truth && { correct: prediction.labels.filter((label, i) => label === truth[i]).length };
}

/** One sample: the answer and the value of each label, best first. */
function single(answer: Answer, { direction, prediction }: Answers): string {
  const { goodness, softmax } = answer;
  const columns = [...(goodness ? ['goodness'] : []), ...(softmax ? ['softmax'] : [])];
  const by =
    prediction.by === 'softmax'
      ? 'highest softmax'
      : `${direction === 'max' ? 'highest' : 'lowest'} goodness`;
  const rows = ranked(answer, direction).map((label) => [
    String(label),
    ...[goodness, softmax].flatMap((values) => (values ? [short(values[label]!)] : [])),
  ]);
  return `label ${answer.label} (${by}), margin ${margin(answer)}\n\n${aligned([['label', ...columns], ...rows])}`;
}

/** Many samples: one line each. */
function table(answers: readonly Answer[]): string {
  const [first] = answers;
  if (!first) return '';
  const named = first.file !== undefined;
  const known = first.true !== undefined;
  const head = [named ? 'file' : 'sample', 'label', ...(known ? ['true'] : []), 'margin'];
  const rows = answers.map((answer, i) => [
    named ? answer.file! : String(i),
    String(answer.label),
    ...(known ? [String(answer.true)] : []),
    margin(answer),
  ]);
  return aligned([head, ...rows]);
}

/** Aligned columns: text to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) =>
    rows.reduce((most, row) => Math.max(most, row[column]!.length), 0),
  );
  return rows
    .map((row) => {
      const cells = row.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)));
      return `${cells.join('  ')}\n`;
    })
    .join('');
}

const short = (value: number) => String(Number(value.toPrecision(4)));

function margin({ margin }: Answer): string {
  return margin === null ? '–' : short(margin);
}
