/**
 * A run's report: one HTML file that needs nothing else, with what a run was, how it went, and what it learned. Every text
 * from a file is escaped, and the page's own policy forbids it to load anything.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ModelDocument } from '../../compiler/model.js';
import type { RunConfig } from '../run/folder.js';
import { type BatchLine, chosenAccuracy, type EpochLine } from '../run/metrics.js';
import type { Prediction } from '../train/evaluate.js';
import type { StageName } from '../train/train.js';
import { type ChartSection, chartSections } from './charts.js';
import { diagram } from './diagram.js';
import type { WrongSample } from './findings.js';
import { escapeHtml, scriptJson } from './html.js';
import { type Chart, page } from './page.js';
import { style } from './style.js';

export interface Report {
  readonly config: RunConfig;
  readonly document: ModelDocument;
  /** The data set's name. */
  readonly data: string;
  /** How many numbers the network has learned. */
  readonly parameters: number;
  readonly batches: readonly BatchLine[];
  readonly epochs: readonly EpochLine[];
  readonly mistakes: readonly Mistake[];
  readonly sheets: readonly Sheet[];
}

/** A test sample that is taken for another class; `picture` is a data URI, null where the input is no image. */
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
  const { config, document, batches, epochs } = report;
  const charts = chartSections(document, batches, epochs);
  const { script, css } = plotter();
  const [curves, norms] = [charts.filter(isCurve), charts.filter((section) => !isCurve(section))];
  const title = `${document.name} · rffc`;
  const policy = `default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(title)}</title>
<style>${css}${style}</style>
</head>
<body>
<main>
<header>
<h1>${escapeHtml(document.name)}</h1>
<p class="lead">${escapeHtml(lead(report))}</p>
</header>
<div class="tiles">${tiles(report)}</div>
<div class="grid">
${curves.map(chartSection).join('\n')}
${card('The network', 'Each arrow is a connection. A bar instead of a head: it inhibits.', diagram(document))}
${confusion(epochs)}${mistakes(report)}${sheets(report)}
${norms.map(chartSection).join('\n')}
${configuration(config, document)}
</div>
<footer>rffc ${escapeHtml(config.versions.rffc ?? '')} · drag over a chart to look closer, double-click to go back, click a name to hide its curve</footer>
</main>
<script>${script}</script>
<script type="application/json" id="charts">${scriptJson(charts.flatMap((section) => section.charts.map(plain)))}</script>
<script>(${page.toString()})(uPlot, JSON.parse(document.getElementById('charts').textContent))</script>
</body>
</html>
`;
}

/** What the library is: uPlot, as its package ships it. */
function plotter(): { readonly script: string; readonly css: string } {
  const folder = dirname(createRequire(import.meta.url).resolve('uplot'));
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { script: read('uPlot.iife.min.js'), css: read('uPlot.min.css') };
}

/** Accuracy, loss and goodness stand before the network, norms after it. */
function isCurve({ charts }: ChartSection): boolean {
  return /^(accuracy|loss|timesteps-|goodness-)/.test(charts[0]!.id);
}

function plain({ title: _, ...chart }: ChartSection['charts'][number]): Chart {
  return chart;
}

function card(title: string, text: string, content: string, width: 'half' | 'full' = 'full'): string {
  return `<section class="${width}"><h2>${escapeHtml(title)}</h2><p>${escapeHtml(text)}</p>${content}</section>`;
}

function chartSection({ title, text, width, charts }: ChartSection): string {
  const places = charts.map(({ id, title: name }) => {
    const heading = name === '' ? '' : `<h3>${escapeHtml(name)}</h3>`;
    return `<div>${heading}<div class="chart" id="${id}"></div></div>`;
  });
  const content = charts.length > 1 ? `<div class="layers">${places.join('')}</div>` : places.join('');
  return card(title, text, content, width);
}

function lead({ config, document, data }: Report): string {
  const layers = document.layers.map(({ size }) => size).join(' · ');
  return `${document.layers.length === 1 ? '1 layer' : `${document.layers.length} layers`} (${layers}) on ${data}, by ${config.backend}, begun ${config.created.slice(0, 16).replace('T', ' ')} UTC`;
}

function tiles({ config, document, epochs, batches, parameters }: Report): string {
  const last = epochs.at(-1);
  const latest = latestOf(batches.at(-1), last);
  const stageEpochs = (stage: StageName) => epochs.filter((line) => (line.stage ?? 'network') === stage);
  const [learned, readout] = [stageEpochs('network').at(-1), stageEpochs('readout').at(-1)];
  const judged = stageEpochs(last?.stage ?? 'network').filter((line) => chosenAccuracy(line) !== null);
  const best = judged.reduce<EpochLine | undefined>(
    (found, line) => (found && chosenAccuracy(found)! >= chosenAccuracy(line)! ? found : line),
    undefined,
  );
  const validation = last?.validation_accuracy ?? null;
  const tile = (value: string, name: string, main = false) =>
    `<div class="tile${main ? ' main' : ''}"><b>${escapeHtml(value)}</b><span>${escapeHtml(name)}</span></div>`;
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  return [
    ...(last && last.test_accuracy !== null
      ? [tile(percent(last.test_accuracy), 'test accuracy', true)]
      : []),
    ...(validation === null ? [] : [tile(percent(validation), 'validation accuracy')]),
    ...(best ? [tile(percent(chosenAccuracy(best)!), bestName(best))] : []),
    tile(`${learned?.epoch ?? 0} / ${config.epochs}`, 'epochs'),
    ...(readout ? [tile(`${readout.epoch} / ${document.readout?.epochs}`, 'epochs of the readout')] : []),
    ...(latest ? [tile(duration(latest.seconds), 'training and testing')] : []),
    ...(latest ? [tile(Math.round(latest.samples_per_second).toLocaleString('en'), 'samples a second')] : []),
    tile(parameters.toLocaleString('en'), 'parameters'),
  ].join('');
}

/** What the best epoch was the best by. */
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

/** The latest epoch's confusion matrix, a row a true class; the shade is a cell's share of its row. */
function confusion(epochs: readonly EpochLine[]): string {
  const line = epochs.findLast((epoch) => epoch.confusion !== undefined);
  if (!line) return '';
  const matrix = line.confusion!;
  const heads = matrix.map((_, label) => `<th>${label}</th>`).join('');
  const rows = matrix.map((row, truth) => {
    const total = row.reduce((sum, n) => sum + n, 0);
    const cells = row.map((count, predicted) => {
      if (count === 0) return '<td class="zero">0</td>';
      const share = count / total;
      // A few mistakes among a thousand must still be seen: the shade grows with the root.
      const strength = Math.round(
        100 * (predicted === truth ? 0.12 + 0.5 * share : 0.08 + 0.8 * Math.sqrt(share)),
      );
      const colour = predicted === truth ? 'positive' : 'negative';
      return `<td style="background:color-mix(in srgb,var(--${colour}) ${Math.min(strength, 70)}%,transparent)" title="${count} of class ${truth} taken for ${predicted}">${count}</td>`;
    });
    const right = total === 0 ? '–' : `${((100 * row[truth]!) / total).toFixed(1)} %`;
    return `<tr><th>${truth}</th>${cells.join('')}<td class="share">${right}</td></tr>`;
  });
  const table = `<div class="wide"><table class="confusion"><thead><tr><th></th>${heads}<th>right</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  return card(
    'Confusion',
    `Test split, epoch ${line.epoch}: a row a true class, a column a predicted one.`,
    table,
    'half',
  );
}

function mistakes({ mistakes: found }: Report): string {
  if (found.length === 0) return '';
  const figures = found.map(({ sample, truth, predicted, picture }) => {
    const image = picture === null ? '' : `<img src="${picture}" alt="">`;
    return `<figure title="sample ${sample} of the test split">${image}${truth} as <b>${predicted}</b></figure>`;
  });
  const text =
    'The first test samples that are taken for another class: what they are, and what they are taken for.';
  return card('Mistakes', text, `<div class="samples">${figures.join('')}</div>`, 'half');
}

function sheets({ sheets: all }: Report): string {
  if (all.length === 0) return '';
  const text =
    'What the first units look for in the image: blue where a weight is positive, red where it is negative.';
  const images = all.map(
    ({ name, units, picture }) =>
      `<h3>${escapeHtml(name)}, ${units} units</h3><img class="sheet" src="${picture}" alt="Weights of ${escapeHtml(name)}">`,
  );
  return card('First-layer weights', text, images.join(''));
}

function configuration(config: RunConfig, document: ModelDocument): string {
  const { optimizer, decay, data, validation } = document.train;
  const { readout } = document;
  const call = (name: string, options: object) => {
    const given = Object.entries(options).filter(([key]) => key !== 'name');
    return `${name}(${given.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ')})`;
  };
  const { machine, versions, settings } = config;
  const facts: readonly (readonly [string, string])[] = [
    ['Model', `${config.model.file} (SHA-256 ${config.model.sha256.slice(0, 16)}…)`],
    ['Data', call(data.name, data.options)],
    ['Training', `${config.epochs} epochs, batches of ${config.batch}, seed ${config.seed}`],
    ...(validation > 0 ? [['Kept aside', `${100 * validation} % of the training split`] as const] : []),
    ['Optimizer', call(optimizer.name, optimizer)],
    ['Decay', call(decay.name, decay)],
    ...(readout
      ? [['Readout', `${readout.epochs} epochs, ${call(readout.optimizer.name, readout.optimizer)}`] as const]
      : []),
    ['Schedule', document.phases.map(({ name, steps }) => `${name}[${steps}]`).join(', ')],
    ...(Object.keys(document.params).length > 0
      ? [
          [
            'Params',
            Object.entries(document.params)
              .map(([k, v]) => `${k} = ${v}`)
              .join(', '),
          ] as const,
        ]
      : []),
    ...(settings.without?.length ? [['Passes left out', settings.without.join(', ')] as const] : []),
    ['Backend', config.backend],
    [
      'Machine',
      Object.entries(machine)
        .map(([key, value]) => `${key.replace('_', ' ')} ${value}`)
        .join(', '),
    ],
    [
      'Versions',
      Object.entries(versions)
        .map(([key, value]) => `${key} ${value}`)
        .join(', '),
    ],
  ];
  const list = facts
    .map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`)
    .join('');
  const content = `<dl>${list}</dl><h3>The same again</h3><pre id="command">${escapeHtml(commandOf(config))}</pre><details><summary>The model’s text</summary><pre>${escapeHtml(config.model.text)}</pre></details>`;
  return card('Configuration', 'Same file, seed, backend and threads: the same bytes.', content);
}

/** The command that a run was started with, for a POSIX shell. */
export function commandOf({ model, settings, backend }: RunConfig): string {
  const { set, model: name, epochs, batch, seed, lr, limit, threads, precision, device, dataDir } = settings;
  const options: readonly (readonly [string, string | number | undefined])[] = [
    ['--model', name],
    ['--backend', backend],
    ['--epochs', epochs],
    ['--batch', batch],
    ['--seed', seed],
    ['--lr', lr],
    ['--limit', limit],
    ['--threads', threads],
    ['--precision', precision],
    ['--device', device],
    ['--data-dir', dataDir],
    ['--init', settings.init],
    ['--init-missing', settings.initMissing],
    ...Object.entries(set ?? {}).map(([key, value]) => ['--set', `${key}=${value}`] as const),
  ];
  const given = options.flatMap(([key, value]) => (value === undefined ? [] : [key, quoted(String(value))]));
  return ['rffc', 'run', quoted(model.file), ...given].join(' ');
}

/** A word as a POSIX shell reads it back. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** 42 → `42 s`, 725 → `12 min`, 11275 → `3 h 8 min`. */
function duration(seconds: number): string {
  if (seconds < 120) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
