/**
 * A run's report: one HTML file with its configuration, training, results, and what is missing. It uses
 * whatever the run has written so far.
 */
import type { ModelDocument } from '../../compiler/model.js';
import type { RunConfig } from '../folder/folder.js';
import { type BatchLine, chosenAccuracy, type EpochLine } from '../folder/metrics.js';
import type { Prediction } from '../train/evaluate.js';
import type { TrainedPurpose } from '../train/progress.js';
import { curveSections, type Lines } from './charts.js';
import { commandOf, configuration } from './configuration.js';
import { confusionSection } from './confusion.js';
import { diagram } from './diagram.js';
import type { WrongSample } from './findings.js';
import { escapeHtml } from './html.js';
import { missing } from './missing.js';
import { normSections } from './norm-charts.js';
import { duration, renderPage, type Section, type Tile } from './shell.js';

export { commandOf };

export interface Report extends Lines {
  readonly config: RunConfig;
  readonly document: ModelDocument;
  /** The data set's name. */
  readonly data: string;
  /** Samples of the test split; null where that is not known. */
  readonly tested: number | null;
  /** The number of parameters. */
  readonly parameters: number;
  /** The most confident first. */
  readonly mistakes: readonly Mistake[];
  readonly sheets: readonly Sheet[];
}

/** A misclassified test sample; `picture` is a data URI, null if the input is not an image. */
export interface Mistake extends WrongSample {
  readonly by: Prediction['by'];
  readonly picture: string | null;
}

/** Weights as pictures: a data URI, and the parameter's name. */
export interface Sheet {
  readonly name: string;
  readonly units: number;
  readonly picture: string;
}

/** The whole page. */
export function renderReport(report: Report): string {
  const { config, document, epochs } = report;
  const curves = curveSections(document, report);
  const norms = normSections(document, report);
  const metrics = config.settings.metrics ?? [];
  const absent = missing({ ...report, metrics, sections: [...curves, ...norms] });
  return renderPage({
    title: document.name,
    lead: lead(report),
    tiles: tiles(report),
    sections: [
      ...(absent.length > 0 ? [missingSection(absent)] : []),
      ...curves,
      {
        title: 'Network',
        text: 'Each arrow is a connection; one that ends in a bar inhibits.',
        width: 'full',
        html: diagram(document),
      },
      ...confusionSection(epochs),
      ...mistakesSection(report),
      ...weightsSection(report),
      ...norms,
      configuration(config, document),
    ],
    footer: `rffc ${config.versions.rffc ?? ''}`.trim(),
  });
}

function missingSection(absent: readonly string[]): Section {
  const items = absent.map((text) => `<li>${escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>')}</li>`);
  return {
    title: 'Not in this report',
    text: '',
    width: 'full',
    html: `<ul class="missing">${items.join('')}</ul>`,
  };
}

function lead({ config, document, data }: Report): string {
  const sizes = document.layers.map(({ size }) => size).join('-');
  const layers = document.layers.length === 1 ? '1 layer' : `${document.layers.length} layers`;
  const started = `${config.created.slice(0, 16).replace('T', ' ')} UTC`;
  return `${layers} (${sizes}) on ${data} · backend ${config.backend} · started ${started}`;
}

function tiles({ config, document, epochs, batches, parameters }: Report): Tile[] {
  const last = epochs.at(-1);
  const latest = latestOf(batches.at(-1), last);
  const stageEpochs = (stage: TrainedPurpose) => epochs.filter((line) => (line.stage ?? 'network') === stage);
  const [learned, readout] = [stageEpochs('network').at(-1), stageEpochs('readout').at(-1)];
  const evaluated = stageEpochs(last?.stage ?? 'network').filter((line) => chosenAccuracy(line) !== null);
  const best = evaluated.reduce<EpochLine | undefined>(
    (found, line) => (found && chosenAccuracy(found)! >= chosenAccuracy(line)! ? found : line),
    undefined,
  );
  const percent = (value: number | null | undefined, name: string, main?: true): Tile[] =>
    typeof value === 'number'
      ? [{ value: `${(100 * value).toFixed(2)} %`, name, ...(main ? { main } : {}) }]
      : [];
  const count = (value: number | undefined, name: string): Tile[] =>
    value !== undefined && Number.isFinite(value)
      ? [{ value: Math.round(value).toLocaleString('en'), name }]
      : [];
  const sampled = (last?.train_samples ?? 0).toLocaleString('en');
  return [
    ...percent(last?.test_accuracy, 'test accuracy', true),
    ...percent(last?.validation_accuracy, 'validation accuracy'),
    ...percent(last?.train_accuracy, `training accuracy (${sampled} samples)`),
    ...(best ? percent(chosenAccuracy(best), bestName(best)) : []),
    { value: `${learned?.epoch ?? 0} / ${config.epochs}`, name: 'epochs' },
    ...(readout
      ? [{ value: `${readout.epoch} / ${document.readout?.epochs ?? '?'}`, name: 'readout epochs' }]
      : []),
    ...(latest ? [{ value: duration(latest.seconds), name: 'training and evaluation' }] : []),
    ...count(latest?.samples_per_second, 'samples per second'),
    ...count(parameters, 'parameters'),
  ];
}

/** The measure of the best epoch. */
function bestName({ epoch, validation_accuracy }: EpochLine): string {
  return validation_accuracy === undefined ? `best, epoch ${epoch}` : `best on validation, epoch ${epoch}`;
}

function latestOf(
  batch: BatchLine | undefined,
  epoch: EpochLine | undefined,
): BatchLine | EpochLine | undefined {
  if (!batch || !epoch) return batch ?? epoch;
  if (batch.stage !== epoch.stage) return batch.stage === 'readout' ? batch : epoch;
  return batch.trained > epoch.trained ? batch : epoch;
}

function mistakesSection({ mistakes, epochs }: Report): Section[] {
  if (mistakes.length === 0) return [];
  const figures = mistakes.map(({ sample, truth, predicted, margin, picture }) => {
    const image = picture === null ? '' : `<img src="${picture}" alt="test sample ${sample}">`;
    return (
      `<figure title="test sample ${sample}">${image}<figcaption>${truth} as ` +
      `<b>${predicted}</b><small>${margin.toPrecision(3)}</small></figcaption></figure>`
    );
  });
  const matrix = epochs.findLast(({ confusion }) => confusion !== undefined)?.confusion ?? [];
  const all = matrix.reduce(
    (sum, row, truth) => sum + row.reduce((n, count, k) => n + (k === truth ? 0 : count), 0),
    0,
  );
  const shown = all > mistakes.length ? `${mistakes.length} of ${all.toLocaleString('en')}, most` : 'Most';
  const unit = mistakes[0]!.by === 'goodness' ? 'goodness' : 'probabilities';
  const text = `${shown} confident first: true class, predicted class, and the margin between their ${unit}.`;
  return [{ title: 'Mistakes', text, width: 'half', html: `<div class="samples">${figures.join('')}</div>` }];
}

function weightsSection({ sheets }: Report): Section[] {
  if (sheets.length === 0) return [];
  const images = sheets.map(
    ({ name, units, picture }) =>
      `<h3>${escapeHtml(name)}, ${units} units</h3><img class="sheet" src="${picture}" alt="Weights of ` +
      `${escapeHtml(name)}">`,
  );
  const text = 'Input weights of the first units as images: blue is positive, red negative, scaled per unit.';
  return [{ title: 'First-layer weights', text, width: 'full', html: images.join('') }];
}
