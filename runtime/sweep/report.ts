/** A sweep's report: a table with bars for the terminal, and a page with a chart per setting. */

import { escapeHtml } from '../report/html.js';
import { duration, renderPage, type Section } from '../report/shell.js';
import { rffcVersion } from '../version.js';
import { type SweepState, type Trial, trialFolder } from './folder.js';
import { bestOf, ranked } from './sweep.js';

const BAR = 20;

/** The trials, best first, one per line. */
export function sweepTable(trials: readonly Trial[]): string {
  const order = ranked(trials);
  const names = Object.keys(trials[0]?.settings ?? {});
  const score = scoreOf(trials);
  const values = order.map(score.of).filter((value) => value !== undefined);
  const [worst, best] = [Math.min(...values), Math.max(...values)];
  const tests = testColumn(trials);
  const head = ['trial', ...names, score.name, ...tests.head];
  const rows = order.map((trial) => {
    const value = score.of(trial);
    const cells = [
      String(trial.number),
      ...names.map((name) => String(trial.settings[name])),
      value === undefined ? '–' : score.text(value),
      ...tests.cell(trial),
    ];
    const { outcome } = trial;
    if (value === undefined)
      return { cells, tail: outcome?.status === 'failed' ? outcome.message : 'not finished' };
    const share = best === worst ? 1 : (value - worst) / (best - worst);
    const filled = Math.max(1, Math.round(BAR * (score.most ? share : 1 - share)));
    return { cells, tail: '█'.repeat(filled) };
  });
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(({ cells }) => cells[i]!.length)));
  const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padStart(widths[i]!)).join('  ');
  const scale =
    values.length > 1 && best > worst
      ? `\nbars: ${score.text(score.most ? worst : best)} to ${score.text(score.most ? best : worst)}\n`
      : '';
  const lines = rows.map(({ cells, tail }) => `${`${line(cells)}  ${tail}`.trimEnd()}\n`);
  return `${line(head)}\n${lines.join('')}${scale}`;
}

/** What trials are compared by. */
interface Score {
  readonly name: string;
  /** Whether more is better. */
  readonly most: boolean;
  of(trial: Trial): number | undefined;
  text(value: number): string;
}

const done = ({ outcome }: Trial) => (outcome?.status === 'done' ? outcome : undefined);

function scoreOf(trials: readonly Trial[]): Score {
  const name = trials.some((trial) => done(trial)?.test !== undefined) ? 'validation accuracy' : 'accuracy';
  return trials.every((trial) => done(trial)?.accuracy !== null)
    ? { name, most: true, of: (trial) => done(trial)?.accuracy ?? undefined, text: percent }
    : {
        name: 'loss',
        most: false,
        of: (trial) => done(trial)?.loss ?? undefined,
        text: (value) => value.toFixed(4),
      };
}

/** Beside the validation accuracy, that of the same epoch on the test split. */
function testColumn(trials: readonly Trial[]) {
  const shown = trials.some((trial) => typeof done(trial)?.test === 'number');
  return {
    head: shown ? ['test accuracy'] : [],
    cell(trial: Trial): string[] {
      const test = done(trial)?.test ?? null;
      return shown ? [test === null ? '–' : percent(test)] : [];
    },
  };
}

/** The page: the score over each setting, and a sortable table of all trials. A single self-contained file. */
export function sweepPage({ request, trials }: SweepState): string {
  const score = scoreOf(trials);
  const best = bestOf(trials);
  const names = request.space.map(({ name }) => name);
  const ended = trials.filter(({ outcome }) => outcome?.status === 'done');
  const failed = trials.filter(({ outcome }) => outcome?.status === 'failed').length;
  const seconds = ended.reduce((sum, trial) => sum + (done(trial)?.seconds ?? 0), 0);
  const value = best && score.of(best);
  const test = best && done(best)?.test;
  return renderPage({
    title: `Sweep of ${request.model.name}`,
    lead:
      `${best ? `best: ${settingsText(best)} · ` : ''}${trials.length} trials over ${names.join(', ')} · ` +
      `${request.sampler} sampler · backend ${request.backend}`,
    tiles: [
      ...(best && value !== undefined
        ? [
            {
              value: score.text(value),
              name: `best ${score.name}, trial ${best.number}`,
              main: true as const,
            },
          ]
        : []),
      ...(typeof test === 'number' ? [{ value: percent(test), name: 'its test accuracy' }] : []),
      { value: `${ended.length} / ${trials.length}`, name: 'trials completed' },
      ...(failed > 0 ? [{ value: String(failed), name: 'trials failed' }] : []),
      { value: duration(seconds), name: 'training, all trials' },
    ],
    sections: [
      ...names.flatMap((name) => chart(name, trials, score, best)),
      tableSection(names, trials, score, best),
    ],
    footer: `rffc ${rffcVersion()}`,
  });
}

function tableSection(
  names: readonly string[],
  trials: readonly Trial[],
  score: Score,
  best: Trial | undefined,
): Section {
  const tests = testColumn(trials);
  const cell = (text: string, value: number | string = text) =>
    `<td data-value="${escapeHtml(String(value))}">${escapeHtml(text)}</td>`;
  const linked = (trial: Trial) =>
    `<td data-value="${trial.number}"><a href="${trialFolder('.', trial)}/report.html">${trial.number}</a></td>`;
  const rows = ranked(trials).map((trial) => {
    const value = score.of(trial);
    const { outcome } = trial;
    const ended = done(trial);
    const cells = [
      ended ? linked(trial) : cell(String(trial.number)),
      ...names.map((name) => cell(String(trial.settings[name]))),
      value === undefined ? cell('–', '') : cell(score.text(value), value),
      ...tests.cell(trial).map((text) => cell(text, done(trial)?.test ?? '')),
      ended ? cell(duration(ended.seconds), ended.seconds) : cell('–', ''),
      cell(outcome?.status === 'failed' ? outcome.message : (outcome?.status ?? 'not finished')),
    ];
    return `<tr${trial === best ? ' class="best"' : ''}>${cells.join('')}</tr>`;
  });
  const heads = ['trial', ...names, score.name, ...tests.head, 'time', 'status'].map(
    (name) => `<th scope="col"><button type="button">${escapeHtml(name)}</button></th>`,
  );
  const html =
    '<div class="wide" tabindex="0" role="region" aria-label="Trials"><table ' +
    `class="sortable"><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  return {
    title: 'Trials',
    text: 'Select a column’s name to sort by it, or a trial to open its report.',
    width: 'full',
    html,
  };
}

/** `lr=0.001 theta=1.5` */
export function settingsText({ settings }: Trial): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

const WIDTH = 480;
const HEIGHT = 250;
const PLOT = { left: 74, right: WIDTH - 16, top: 14, bottom: HEIGHT - 46 } as const;

/** The score over one setting's values, one dot per trial; empty if no trial has a score. */
function chart(name: string, trials: readonly Trial[], score: Score, best: Trial | undefined): Section[] {
  const points = trials.flatMap((trial) => {
    const [x, y] = [trial.settings[name], score.of(trial)];
    return x === undefined || y === undefined || !Number.isFinite(y) ? [] : [{ x, y, trial }];
  });
  if (points.length === 0) return [];
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const logarithmic = left > 0 && right / left >= 8;
  const along = (x: number) => (logarithmic ? Math.log(x) : x);
  const place = (value: number, from: number, to: number) => (to > from ? (value - from) / (to - from) : 0.5);
  const inset = 10;
  const px = (x: number) =>
    (
      PLOT.left +
      inset +
      (PLOT.right - PLOT.left - 2 * inset) * place(along(x), along(left), along(right))
    ).toFixed(1);
  const py = (y: number) =>
    (PLOT.bottom - inset - (PLOT.bottom - PLOT.top - 2 * inset) * place(y, low, high)).toFixed(1);
  const distinct = [...new Set(xs)].sort((a, b) => a - b);
  const ticks = distinct.length <= 6 ? distinct : [left, right];
  const dots = points
    // The best one is never hidden.
    .toSorted((a, b) => Number(a.trial === best) - Number(b.trial === best))
    .map(({ x, y, trial }) => {
      const title = `trial ${trial.number}: ${settingsText(trial)}, ${score.name} ${score.text(y)}`;
      return (
        `<circle${trial === best ? ' class="best"' : ''} cx="${px(x)}" cy="${py(y)}" ` +
        `r="5"><title>${escapeHtml(title)}</title></circle>`
      );
    });
  const heights = high > low ? [low, (low + high) / 2, high] : [low];
  const levels = heights.map(
    (y) =>
      `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${py(y)}" y2="${py(y)}"/><text x="${PLOT.left - 6}" ` +
      `y="${Number(py(y)) + 4}" text-anchor="end">${score.text(y)}</text>`,
  );
  const marks = ticks.map(
    (x) =>
      `<text x="${px(x)}" y="${PLOT.bottom + 18}" text-anchor="middle">${Number(x.toPrecision(4))}</text>`,
  );
  const axis =
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 6}" ` +
    `text-anchor="middle">${escapeHtml(name)}${logarithmic ? ' (log scale)' : ''}</text>`;
  const middle = (PLOT.top + PLOT.bottom) / 2;
  const label =
    `<text x="12" y="${middle}" text-anchor="middle" transform="rotate(-90 12 ` +
    `${middle})">${score.name}</text>`;
  const described = `${score.name} over ${escapeHtml(name)}`;
  const html =
    `<svg class="scatter" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" ` +
    `aria-label="${described}">${levels.join('')}${marks.join('')}${axis}${label}${dots.join('')}</svg>`;
  const title = `${score.name[0]!.toUpperCase()}${score.name.slice(1)} over ${name}`;
  return [{ title, text: 'Each dot is a trial; the best one is blue.', width: 'half', html }];
}

/** 0.934 → `93.40 %` */
function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
