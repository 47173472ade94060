/**
 * docs/RESULTS.md: the logs of docs/results/*.jsonl as a table, with the papers' figures, and what is missing.
 *
 * A log's first line describes the run and the machine; each line after it is an epoch.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fillTemplate, table } from '../docs/template.js';
import { sha256 } from '../runtime/folder/folder.js';

/** The first line of a log. */
export interface ResultRun {
  readonly event: 'run';
  /** The file's name under `models/`, without its ending. */
  readonly model: string;
  /** `rffc run …`, as recorded in the run's folder. */
  readonly command: string;
  readonly created: string;
  readonly sha256: string;
  readonly backend: string;
  /** The backend's description; absent if unknown. */
  readonly engine?: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  /** Epochs given in the model. */
  readonly epochsAsked: number;
  /** Absent if all were used. */
  readonly samples?: number;
}
export interface ResultEpoch {
  readonly event: 'epoch';
  /** From 1. */
  readonly epoch: number;
  /** Whether of the readout, whose epochs count from 1 again. */
  readonly stage?: 'readout';
  /** By goodness, in [0, 1]; null if not evaluated by it. */
  readonly test_error: number | null;
  readonly test_error_softmax?: number;
  /** On the validation split, by the measure that chooses the network. */
  readonly validation_error?: number | null;
  /** This epoch's training, without evaluation. */
  readonly seconds: number;
}
export interface Result {
  readonly run: ResultRun;
  readonly epochs: readonly ResultEpoch[];
}

/** A published figure: in %, as it was published. */
interface Paper {
  /** Our model of it; null if there is none. */
  readonly model: string | null;
  readonly network: string;
  readonly error: string;
  readonly softmax?: string;
  readonly source: string;
}

/** @throws Error for a file that is not a log */
export function parseResult(text: string, file: string): Result {
  const [run, ...epochs] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly event?: unknown });
  if (run?.event !== 'run' || epochs.some(({ event }) => event !== 'epoch'))
    throw new Error(`${file} is not a run's log: delete it, and train the model again`);
  return { run: run as ResultRun, epochs: epochs as ResultEpoch[] };
}

/** Writes docs/RESULTS.md of the repository at `root`. */
export function writeResultsPage(root: string): void {
  const docs = join(root, 'docs');
  writeFileSync(
    join(docs, 'RESULTS.md'),
    resultsPage(root, readFileSync(join(docs, 'RESULTS.template.md'), 'utf8')),
  );
}

/** The page, of the repository at `root`. */
export function resultsPage(root: string, template: string): string {
  const folder = join(root, 'docs/results');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const results = names
    .filter((name) => name.endsWith('.jsonl'))
    .toSorted()
    .map((name) => parseResult(readFileSync(join(folder, name), 'utf8'), `docs/results/${name}`));
  const papersFile = join(folder, 'papers.json');
  const papers = existsSync(papersFile)
    ? (JSON.parse(readFileSync(papersFile, 'utf8')) as readonly Paper[])
    : [];
  const models = readdirSync(join(root, 'models'))
    .filter((name) => name.endsWith('.rff'))
    .map((name) => basename(name, '.rff'))
    .toSorted();
  const page = fillTemplate(
    template,
    {
      results: () => resultsTable(results, papers),
      papers: () => papersTable(papers),
      'not run': () => [...notRun(models, results, papers), ...changed(root, results)].join('\n'),
    },
    'docs/RESULTS.template.md',
  );
  return `<!-- Written by \`npm run results\`: change RESULTS.template.md, or train a model. -->\n\n${page}`;
}

function resultsTable(results: readonly Result[], papers: readonly Paper[]): string {
  if (results.length === 0) return 'None yet.';
  const head = [
    ...['model', 'published', 'last', 'best', 'softmax, last', 'softmax, best'],
    ...['epochs', 's an epoch', 'engine', 'command'],
  ];
  return table(
    head,
    results.map(({ run, epochs }) => {
      const ofNetwork = epochs.filter(({ stage }) => stage === undefined);
      const figures = papers.filter(({ model }) => model === run.model).map(({ error }) => error);
      const few = run.samples === undefined ? '' : `, on ${run.samples.toLocaleString('en')} samples`;
      const { cores, cpu } = run.machine;
      return [
        run.model,
        figures.join(', '),
        ...lastAndBest(epochs, ({ test_error }) => test_error),
        ...lastAndBest(epochs, ({ test_error_softmax }) => test_error_softmax ?? null),
        `${ofNetwork.length} of ${run.epochsAsked}${few}`,
        median(ofNetwork.map(({ seconds }) => seconds)),
        `${run.backend}${run.engine === undefined ? '' : ` (${run.engine})`} on ${cores} × ${cpu}`,
        `\`${run.command}\``,
      ];
    }),
  );
}

/**
 * An error in %, of the last epoch that has one, and of the best: by the validation split if there is one, else by
 * the error itself.
 */
function lastAndBest(
  epochs: readonly ResultEpoch[],
  errorOf: (epoch: ResultEpoch) => number | null,
): [last: string, best: string] {
  const evaluated = epochs.flatMap((epoch) => {
    const error = errorOf(epoch);
    return error === null ? [] : [{ error, by: epoch.validation_error ?? error }];
  });
  const last = evaluated.at(-1);
  if (!last) return ['', ''];
  const best = evaluated.reduce((least, next) => (next.by < least.by ? next : least));
  return [percent(last.error), percent(best.error)];
}

function percent(share: number): string {
  return (100 * share).toFixed(2);
}

function median(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return middle === undefined ? '' : middle >= 10 ? middle.toFixed(0) : middle.toPrecision(2);
}

function papersTable(papers: readonly Paper[]): string {
  return table(
    ['network', 'test error', 'by softmax', 'source', 'our model'],
    papers.map(({ network, error, softmax, source, model }) => [
      network,
      error,
      softmax ?? '',
      source,
      model === null ? 'none' : `\`${model}\``,
    ]),
  );
}

/** Published networks without a model, models that were never run, runs shorter than the model specifies. */
function notRun(models: readonly string[], results: readonly Result[], papers: readonly Paper[]): string[] {
  const ran = new Set(results.map(({ run }) => run.model));
  const idle = models.filter((model) => !ran.has(model)).map((model) => `\`${model}\``);
  const lines = [
    ...papers
      .filter(({ model }) => model === null || !models.includes(model))
      .map(({ network, error, source }) => `Not implemented: ${network} (${error} %, ${source}).`),
    ...(idle.length === 0 ? [] : [`Not trained for this page: ${idle.join(', ')}.`]),
    ...results
      .map(({ run, epochs }) => ({ run, count: epochs.filter(({ stage }) => stage === undefined).length }))
      .filter(({ run, count }) => count < run.epochsAsked || run.samples !== undefined)
      .map(({ run, count }) => {
        const few =
          run.samples === undefined ? '' : ` and on ${run.samples.toLocaleString('en')} training samples`;
        return `\`${run.model}\` was trained for ${count} of its ${run.epochsAsked} epochs${few}.`;
      }),
  ];
  return lines.map((line) => `- ${line}`);
}

/** Models whose text has changed since they were run. */
function changed(root: string, results: readonly Result[]): string[] {
  return results.flatMap(({ run }) => {
    const path = join(root, 'models', `${run.model}.rff`);
    const same = existsSync(path) && sha256(readFileSync(path, 'utf8')) === run.sha256;
    return same ? [] : [`- \`models/${run.model}.rff\` has changed since it was run.`];
  });
}
