/**
 * What a report does in the browser: it draws the charts with uPlot, in the page's colours, and draws them anew when the
 * window or the colours change. `page` is written into the page as its own text, so it uses nothing from outside itself.
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
  readonly curves: readonly Curve[];
  /** In percent of 1. */
  readonly percent?: true;
  /** A stretch of x to shade, and a height to mark. */
  readonly shaded?: readonly [from: number, to: number];
  readonly marked?: number;
  /** Fills the space between two curves, by their indices. */
  readonly between?: readonly [upper: number, lower: number];
  readonly height: number;
}

/** Draws every chart into the element of its name, and says in `data-drawn` how many curves it has. */
export function page(Plot: typeof uPlot, charts: readonly Chart[]): void {
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
    const shade = (plot: uPlot) => {
      const { ctx, bbox } = plot;
      ctx.save();
      if (chart.shaded) {
        const [from, to] = chart.shaded;
        const left = Math.max(bbox.left, plot.valToPos(from, 'x', true));
        const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, 'x', true));
        ctx.fillStyle = colour('--shade');
        ctx.fillRect(left, bbox.top, Math.max(right - left, 4), bbox.height);
      }
      if (chart.marked !== undefined) {
        const y = plot.valToPos(chart.marked, 'y', true);
        if (y >= bbox.top && y <= bbox.top + bbox.height) {
          ctx.strokeStyle = colour('--quiet');
          ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
          ctx.beginPath();
          ctx.moveTo(bbox.left, y);
          ctx.lineTo(bbox.left + bbox.width, y);
          ctx.stroke();
        }
      }
      ctx.restore();
    };
    const axis = {
      stroke: colour('--quiet'),
      font: '12px system-ui, sans-serif',
      grid: { stroke: colour('--grid'), width: 1 },
      ticks: { show: false },
    };
    const few = chart.x.length <= 24;
    const options: uPlot.Options = {
      width: Math.max(element.clientWidth, 120),
      height: chart.height,
      scales: {
        x: {
          time: false,
          ...(chart.x.length === 1 ? { range: [chart.x[0]! - 1, chart.x[0]! + 1] as [number, number] } : {}),
        },
      },
      axes: [
        {
          ...axis,
          label: chart.xLabel,
          labelSize: 22,
          labelFont: '12px system-ui, sans-serif',
          size: 28,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 1e4, 1e5, 1e6],
        },
        { ...axis, size: 58, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))) },
      ],
      series: [
        { label: chart.xLabel, value: (_, value) => number(value ?? chart.x.at(-1)!) },
        ...chart.curves.map((curve) => ({
          label: curve.label,
          stroke: colour(curve.colour, curve.faint ? 0.4 : 1),
          width: curve.faint ? 1.25 : 2,
          ...(curve.dashed ? { dash: [6, 4] } : {}),
          points: { show: few && !curve.faint, size: 5, fill: colour('--card') },
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
