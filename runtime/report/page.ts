/**
 * What a report does in the browser: it draws the charts with uPlot, in the page's colours, and draws them anew when
 * the window or the colours change; and it sorts tables. Both functions are written into the page as their own text, so
 * they use nothing from outside themselves.
 */
import type uPlot from 'uplot';

export interface Curve {
  readonly label: string;
  /** A variable of the page's style, for example `--positive`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly dashed?: true;
  readonly faint?: true;
}

export interface Chart {
  /** Of the element that it is drawn into. */
  readonly id: string;
  readonly x: readonly number[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly curves: readonly Curve[];
  /** In percent of 1. */
  readonly percent?: true;
  /** The curves are a histogram: a value holds from its x to the next. */
  readonly bars?: true;
  /** A stretch of x to shade, and a height and an x to mark. */
  readonly shaded?: readonly [from: number, to: number];
  readonly marked?: number;
  readonly markedX?: number;
  /** Fills the space between two curves, by their indices. */
  readonly between?: readonly [upper: number, lower: number];
  readonly height: number;
}

/** Draws every chart into the element of its name, and says in `data-drawn` how many curves it has. */
export function drawCharts(Plot: typeof uPlot, charts: readonly Chart[]): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const colour = (name: string, opacity = 1) => {
    const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    return opacity === 1 ? value : `color-mix(in srgb, ${value} ${100 * opacity}%, transparent)`;
  };
  const number = (value: number) => {
    const size = Math.abs(value);
    if (size === 0) return '0';
    return size >= 1e5 || size < 1e-3
      ? value.toExponential(1).replace('e+', 'e')
      : String(Number(value.toPrecision(4)));
  };
  let plots: uPlot[] = [];

  const draw = (chart: Chart) => {
    const element = document.getElementById(chart.id)!;
    const format = (value: number | null) =>
      value === null ? '–' : chart.percent ? `${Number((100 * value).toFixed(2))} %` : number(value);
    const mark = ({ ctx }: uPlot, fromX: number, fromY: number, toX: number, toY: number) => {
      ctx.strokeStyle = colour('--quiet');
      ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(fromX, fromY);
      ctx.lineTo(toX, toY);
      ctx.stroke();
    };
    const shade = (plot: uPlot) => {
      const { ctx, bbox } = plot;
      const [right, bottom] = [bbox.left + bbox.width, bbox.top + bbox.height];
      ctx.save();
      if (chart.shaded) {
        const [from, to] = chart.shaded;
        const left = Math.max(bbox.left, plot.valToPos(from, 'x', true));
        const end = Math.min(right, plot.valToPos(to, 'x', true));
        ctx.fillStyle = colour('--shade');
        ctx.fillRect(left, bbox.top, Math.max(end - left, 4), bbox.height);
      }
      if (chart.marked !== undefined) {
        const y = plot.valToPos(chart.marked, 'y', true);
        if (y >= bbox.top && y <= bottom) mark(plot, bbox.left, y, right, y);
      }
      if (chart.markedX !== undefined) {
        const x = plot.valToPos(chart.markedX, 'x', true);
        if (x >= bbox.left && x <= right) mark(plot, x, bbox.top, x, bottom);
      }
      ctx.restore();
    };
    const axis = {
      stroke: colour('--quiet'),
      font: '12px system-ui, sans-serif',
      labelFont: '12px system-ui, sans-serif',
      grid: { stroke: colour('--grid'), width: 1 },
      ticks: { show: false },
    };
    const few = chart.x.length <= 24;
    const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 1e4, 1e5, 1e6];
    const between = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
    const options: uPlot.Options = {
      width: Math.max(element.clientWidth, 120),
      height: chart.height,
      scales: {
        x: { time: false },
        ...(chart.bars ? { y: { range: (_, _low, high) => [0, high * 1.05] } } : {}),
      },
      axes: [
        {
          ...axis,
          label: chart.xLabel,
          labelSize: 22,
          size: 28,
          incrs: chart.x.every(Number.isInteger) ? steps : [...between, ...steps],
        },
        {
          ...axis,
          label: chart.yLabel,
          labelSize: 20,
          size: 54,
          values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))),
        },
      ],
      series: [
        { label: chart.xLabel, value: (_, value) => number(value ?? chart.x.at(-1)!) },
        ...chart.curves.map((curve) => ({
          label: curve.label,
          stroke: colour(curve.colour, curve.faint ? 0.4 : 1),
          width: curve.faint ? 1.25 : 2,
          ...(curve.dashed ? { dash: [6, 4] } : {}),
          ...(chart.bars
            ? { paths: Plot.paths.stepped!({ align: 1 }), fill: colour(curve.colour, 0.2) }
            : {}),
          points: { show: few && !curve.faint && !chart.bars, size: 5, fill: colour('--card') },
          spanGaps: true,
          // Under no pointer a legend gives the latest values.
          value: (_: uPlot, value: number | null, _1: number, index: number | null) =>
            format(index === null ? (curve.values.at(-1) ?? null) : value),
        })),
      ],
      ...(chart.between
        ? { bands: [{ series: [chart.between[0] + 1, chart.between[1] + 1], fill: colour('--band') }] }
        : {}),
      legend: {
        // A histogram has no latest value.
        live: !chart.bars,
        markers: { width: 2, dash: (_, series) => (chart.curves[series - 1]?.dashed ? 'dashed' : 'solid') },
      },
      cursor: { points: { size: 7 }, drag: { x: true, y: false } },
      hooks: { drawClear: [shade] },
    };
    element.replaceChildren();
    const plot = new Plot(
      options,
      [chart.x, ...chart.curves.map(({ values }) => values)] as uPlot.AlignedData,
      element,
    );
    for (const name of element.querySelectorAll<HTMLElement>('.u-series:not(:first-child) th')) {
      name.tabIndex = 0;
      name.setAttribute('role', 'button');
      name.onkeydown = (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        name.click();
      };
    }
    // The arrow keys read a chart as the pointer does.
    element.tabIndex = 0;
    element.onkeydown = (event) => {
      const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
      if (by === 0 || event.target !== element) return;
      event.preventDefault();
      const at = plot.cursor.idx ?? (by > 0 ? -1 : chart.x.length);
      const next = Math.min(Math.max(at + by, 0), chart.x.length - 1);
      plot.setCursor({ left: plot.valToPos(chart.x[next]!, 'x'), top: plot.over.clientHeight / 2 });
    };
    element.onblur = () => plot.setCursor({ left: -10, top: -10 });
    element.dataset.drawn = String(chart.curves.length);
    return plot;
  };

  const drawAll = () => {
    for (const plot of plots) plot.destroy();
    plots = charts.map(draw);
  };
  drawAll();
  dark.addEventListener('change', drawAll);
  let waiting = 0;
  let width = innerWidth;
  addEventListener('resize', () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = window.setTimeout(drawAll, 100);
  });
}

/** Lets a table of class `sortable` be sorted by the buttons in its head; a cell's `data-value` is what counts. */
export function sortTables(): void {
  for (const table of document.querySelectorAll<HTMLTableElement>('table.sortable')) {
    const body = table.tBodies[0]!;
    const heads = [...table.tHead!.rows[0]!.cells];
    heads.forEach((head, column) => {
      head.querySelector('button')?.addEventListener('click', () => {
        const sign = head.ariaSort === 'ascending' ? -1 : 1;
        for (const other of heads) other.ariaSort = null;
        head.ariaSort = sign > 0 ? 'ascending' : 'descending';
        const value = (row: HTMLTableRowElement) => row.cells[column]!.dataset.value ?? '';
        const rows = [...body.rows].sort((a, b) => {
          const [x, y] = [value(a), value(b)];
          // What has no value stays at the end, whichever way the others go.
          if (x === '' || y === '') return Number(x === '') - Number(y === '');
          const [p, q] = [Number(x), Number(y)];
          return sign * (Number.isNaN(p) || Number.isNaN(q) ? x.localeCompare(y) : p - q);
        });
        body.append(...rows);
      });
    });
  }
}
