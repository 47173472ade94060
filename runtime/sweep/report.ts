/** What a sweep found, to look at: a table with bars for the terminal, and a page with a chart for each setting. */

import type { SweepState, Trial } from './folder.js';
import { bestOf, ranked } from './sweep.js';

const BAR = 20;

/** The trials from the best to the worst, a line each. */
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
  return `${line(head)}\n${rows.map(({ cells, tail }) => `${line(cells)}  ${tail}`.trimEnd().concat('\n')).join('')}${scale}`;
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

/** Beside the accuracy on what was kept aside, that of the same epoch on the test split. */
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

/** The page: one chart a setting, the trials as points, and the table under them. Everything in one file. */
export function sweepPage({ request, trials }: SweepState): string {
  const score = scoreOf(trials);
  const best = bestOf(trials);
  const charts = request.space.map(({ name }) => chart(name, trials, score, best)).join('\n');
  const names = request.space.map(({ name }) => name);
  const tests = testColumn(trials);
  const cell = (text: string, tag = 'td') => `<${tag}>${escaped(text)}</${tag}>`;
  const rows = ranked(trials).map((trial) => {
    const value = score.of(trial);
    const { outcome } = trial;
    const last =
      outcome?.status === 'done' ? `${outcome.seconds.toFixed(1)} s` : (outcome?.message ?? 'not finished');
    const cells = [
      String(trial.number),
      ...names.map((name) => String(trial.settings[name])),
      value === undefined ? '–' : score.text(value),
      ...tests.cell(trial),
      last,
    ];
    return `<tr${trial === best ? ' class="best"' : ''}>${cells.map((text) => cell(text)).join('')}</tr>`;
  });
  const head = ['trial', ...names, score.name, ...tests.head, 'time']
    .map((text) => cell(text, 'th'))
    .join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sweep of ${escaped(request.model.name)}</title>
<style>
:root { color-scheme: light dark; --ink: light-dark(#1d2330, #e6e9f0); --faint: light-dark(#c9cfdb, #3b4353); --dot: #4c7fd6; --best: #e0803a; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: light-dark(#fff, #14171e); max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
figure { display: inline-block; margin: 0 1.5rem 1.5rem 0; } figcaption { text-align: center; }
svg text { fill: var(--ink); font-size: 11px; } svg line { stroke: var(--faint); }
circle { fill: var(--dot); fill-opacity: .7; } circle.best { fill: var(--best); fill-opacity: 1; }
table { border-collapse: collapse; } td, th { text-align: right; padding: .2rem .8rem; border-bottom: 1px solid var(--faint); font-variant-numeric: tabular-nums; }
td:last-child { text-align: left; } .best td { font-weight: 600; color: var(--best); }
</style></head><body>
<h1>Sweep of ${escaped(request.model.name)}</h1>
${best ? `<p>Best: trial ${best.number}, ${escaped(settingsText(best))}, ${score.name} ${score.text(score.of(best) ?? Number.NaN)}.</p>` : ''}
${charts}
<table><tr>${head}</tr>
${rows.join('\n')}
</table></body></html>
`;
}

/** `lr=0.001 theta=1.5` */
export function settingsText({ settings }: Trial): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

/** The score over one setting's values. */
function chart(name: string, trials: readonly Trial[], score: Score, best: Trial | undefined): string {
  const points = trials.flatMap((trial) => {
    const [x, y] = [trial.settings[name], score.of(trial)];
    return x === undefined || y === undefined ? [] : [{ x, y, trial }];
  });
  if (points.length === 0) return '';
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const logarithmic = left > 0 && right / left >= 8;
  const along = (x: number) => (logarithmic ? Math.log(x) : x);
  const place = (value: number, from: number, to: number) => (to > from ? (value - from) / (to - from) : 0.5);
  const px = (x: number) => (64 + 280 * place(along(x), along(left), along(right))).toFixed(1);
  const py = (y: number) => (190 - 170 * place(y, low, high)).toFixed(1);
  const distinct = [...new Set(xs)].sort((a, b) => a - b);
  const ticks = distinct.length <= 6 ? distinct : [left, right];
  const dots = points.map(({ x, y, trial }) => {
    const title = `trial ${trial.number}: ${settingsText(trial)}, ${score.text(y)}`;
    return `<circle${trial === best ? ' class="best"' : ''} cx="${px(x)}" cy="${py(y)}" r="5"><title>${escaped(title)}</title></circle>`;
  });
  const levels = [...new Set([low, high])].map(
    (y) =>
      `<line x1="56" x2="352" y1="${py(y)}" y2="${py(y)}"/><text x="50" y="${Number(py(y)) + 4}" text-anchor="end">${score.text(y)}</text>`,
  );
  const marks = ticks.map((x) => `<text x="${px(x)}" y="214" text-anchor="middle">${x}</text>`);
  return `<figure><svg width="370" height="224" role="img" aria-label="${score.name} over ${escaped(name)}">${levels.join('')}${marks.join('')}${dots.join('')}</svg><figcaption>${escaped(name)}${logarithmic ? ' (logarithmic)' : ''}</figcaption></figure>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] ?? '&quot;');
}

/** 0.934 → `93.40 %` */
function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
