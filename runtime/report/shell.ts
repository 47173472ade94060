/**
 * The page layout of reports: header, tiles, cards with charts and tables, footer. One self-contained HTML file:
 * its policy forbids loading anything, and every text is escaped.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { escapeHtml, scriptJson } from './html.js';
import { type Chart, drawCharts, sortTables } from './page.js';
import { style } from './style.js';

/** A chart with its id in a page: charts of one section are side by side. */
export interface PlacedChart extends Chart {
  /** Above it; empty if the section's title is enough. */
  readonly title: string;
}

/** A card of a page: charts, or what is HTML already. */
export interface Section {
  readonly title: string;
  readonly text: string;
  readonly width: 'half' | 'full';
  readonly charts?: readonly PlacedChart[];
  readonly html?: string;
}

/** A headline number and its name. */
export interface Tile {
  readonly value: string;
  readonly name: string;
  readonly main?: true;
}

export interface Page {
  readonly title: string;
  readonly lead: string;
  readonly tiles: readonly Tile[];
  readonly sections: readonly Section[];
  readonly footer: string;
}

/** The whole page. */
export function renderPage({ title, lead, tiles, sections, footer }: Page): string {
  // A chart of a single point is printed as a number.
  const charts = sections.flatMap((section) => section.charts ?? []).filter(({ x }) => x.length > 1);
  const { script, css } = charts.length > 0 ? plotter() : { script: '', css: '' };
  const policy = `default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:`;
  const keys =
    charts.length > 0
      ? ' · drag across a chart to zoom in, double-click to zoom out, select a name to hide its curve'
      : '';
  const drawn = `<script>${script}</script>
<script type="application/json" id="charts">${scriptJson(charts.map(plain))}</script>
<script>(${drawCharts.toString()})(uPlot, JSON.parse(document.getElementById('charts').textContent))</script>`;
  const isSortable = sections.some(({ html }) => html?.includes('<table class="sortable"'));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(title)} · rffc</title>
<style>${css}${style}</style>
</head>
<body>
<main>
<header>
<h1>${escapeHtml(title)}</h1>
<p class="lead">${escapeHtml(lead)}</p>
</header>
<div class="tiles" style="--columns:${tiles.length > 7 ? Math.ceil(tiles.length / 2) : tiles.length}">
${tiles.map(tile).join('')}</div>
<div class="grid">
${paired(sections).map(card).join('\n')}
</div>
<footer>${escapeHtml(footer)}${keys}</footer>
</main>
${charts.length > 0 ? drawn : ''}
${isSortable ? `<script>(${sortTables.toString()})()</script>` : ''}
</body>
</html>
`;
}

/** uPlot's source, from its package. */
function plotter(): { readonly script: string; readonly css: string } {
  const folder = dirname(createRequire(import.meta.url).resolve('uplot'));
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { script: read('uPlot.iife.min.js'), css: read('uPlot.min.css') };
}

function plain({ title: _, ...chart }: PlacedChart): Chart {
  return chart;
}

function tile({ value, name, main }: Tile): string {
  return `<div class="tile${main ? ' main' : ''}"><b>${escapeHtml(value)}</b><span>${escapeHtml(name)}</span></div>`;
}

/** Halves are paired; a single one is as wide as the page. */
function paired(sections: readonly Section[]): Section[] {
  const placed: Section[] = [];
  let open = false;
  for (const section of sections) {
    if (section.width === 'full' && open) placed.push({ ...placed.pop()!, width: 'full' });
    open = section.width === 'half' && !open;
    placed.push(section);
  }
  if (open) placed.push({ ...placed.pop()!, width: 'full' });
  return placed;
}

function card({ title, text, width, charts = [], html = '' }: Section): string {
  const places = charts.map((chart) => {
    const heading = chart.title === '' ? '' : `<h3>${escapeHtml(chart.title)}</h3>`;
    return `<div>${heading}${place(title, chart)}</div>`;
  });
  const content =
    charts.length > 1
      ? `<div class="charts ${columns(charts.length)}">${places.join('')}</div>`
      : places.join('');
  const said = text === '' ? '' : `<p>${escapeHtml(text)}</p>`;
  return `<section class="${width}"><h2>${escapeHtml(title)}</h2>${said}${content}${html}</section>`;
}

/** The number of charts per line, avoiding a line with a single one. */
function columns(count: number): 'two' | 'three' {
  return count === 2 || count === 4 ? 'two' : 'three';
}

function place(section: string, chart: PlacedChart): string {
  const { id, x, title, curves, xLabel, percent } = chart;
  if (x.length > 1) {
    const name = [section, title].filter((part) => part !== '').join(', ');
    const said = `${name}: ${curves.map(({ label }) => label).join(', ')}, by ${xLabel}`;
    return `<div class="chart" id="${id}" role="group" aria-label="${escapeHtml(said)}"></div>`;
  }
  const rows = curves.map(({ label, colour, values }) => {
    const value = values[0] ?? null;
    const text = value === null ? '–' : percent ? `${Number((100 * value).toFixed(2))} %` : String(value);
    return `<tr><th><i style="background:var(${colour})"></i>${escapeHtml(label)}</th><td>${text}</td></tr>`;
  });
  const caption = `<caption>${escapeHtml(xLabel)} ${x[0]}</caption>`;
  return `<table class="readings">${caption}<tbody>${rows.join('')}</tbody></table>`;
}

/** 42 → `42 s`, 725 → `12 min`, 11275 → `3 h 8 min`. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
