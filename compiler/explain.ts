/**
 * What each pass did to a plan: the plan is built with the passes switched on one after another, in their order, and
 * its figures are compared before and after each.
 */

import { buildPlan } from './build.js';
import type { Graph } from './graph/graph.js';
import { type PassName, passes } from './passes/pipeline.js';
import { bytesText, count, flopsText, type PlanFigures, planFigures } from './plan/summary.js';

export interface PassEffect {
  readonly pass: PassName;
  /** What it looks for and does, in a line. */
  readonly purpose: string;
  /** The plan's costs without this pass and all later ones, and with it. */
  readonly before: PlanFigures;
  readonly after: PlanFigures;
}

export interface Explanation {
  readonly effects: readonly PassEffect[];
  /** What passes of the finished plan say about where they could not act. */
  readonly notes: readonly string[];
  /** The passes left out. */
  readonly without: readonly PassName[];
}

/** Builds a graph's plan pass by pass; those of `without` stay off throughout. */
export function explain(graph: Graph, without: readonly PassName[] = []): Explanation {
  const acting = passes.filter(({ name }) => !without.includes(name));
  const build = (done: number) =>
    buildPlan(graph, { without: [...without, ...acting.slice(done).map(({ name }) => name)] });
  let before = planFigures(build(0).plan);
  let notes: readonly string[] = [];
  const effects = acting.map(({ name: pass, purpose }, i): PassEffect => {
    const built = build(i + 1);
    const effect = { pass, purpose, before, after: planFigures(built.plan) };
    before = effect.after;
    notes = built.notes;
    return effect;
  });
  return { effects, notes, without };
}

/** The table of `rffc compile --explain`: a row a pass, and under it what it did. */
export function explainText({ effects, notes, without }: Explanation): string {
  const columns: readonly (readonly [string, (f: PlanFigures) => string])[] = [
    ['kernels a step', (f) => f.kernelsPerStep.toFixed(1)],
    ['FLOPs a batch', (f) => flopsText(f.train.flops)],
    ['moved a batch', (f) => bytesText(f.train.bytes)],
    ['arenas', (f) => bytesText(f.memory)],
  ];
  const rows = [
    ['pass', ...columns.map(([title]) => title)],
    ...effects.map(({ pass, before, after }) => [
      pass,
      ...columns.map(([, text]) => change(text(before), text(after))),
    ]),
  ];
  const widths = columns.map((_, c) => Math.max(...rows.map((row) => row[c + 1]!.length)));
  const first = Math.max(...rows.map(([name]) => name!.length));
  const line = ([name, ...cells]: readonly string[]) =>
    `${name!.padEnd(first)}  ${cells.map((cell, c) => cell.padStart(widths[c]!)).join('  ')}\n`;
  return [
    line(rows[0]!),
    ...effects.flatMap((effect, i) => [line(rows[i + 1]!), `  ${effect.purpose}\n  ⇒ ${didText(effect)}\n`]),
    ...without.map((pass) => `${pass}: left out by --no-pass\n`),
    ...notes.map((note) => `note: ${note}\n`),
  ].join('');
}

const change = (before: string, after: string): string => (before === after ? after : `${before} → ${after}`);

/** What a pass changed, in words: shares of the table's figures, and what it has no columns for. */
function didText({ before, after }: PassEffect): string {
  const facts: string[] = [];
  const share = (what: string, from: number, to: number) => {
    const percent = (100 * Math.abs(to - from)) / from;
    if (percent >= 0.05) facts.push(`${percent.toFixed(1)} % ${to < from ? 'less' : 'more'} ${what}`);
  };
  const fact = (what: string, from: number, to: number, text: (n: number) => string) => {
    if (text(from) !== text(to)) facts.push(`${what} ${text(from)} → ${text(to)}`);
  };
  share('to compute', before.train.flops, after.train.flops);
  share('to move', before.train.bytes, after.train.bytes);
  share('memory', before.memory, after.memory);
  fact('products', before.train.products, after.train.products, count);
  fact('launches', before.train.kernels, after.train.kernels, count);
  fact('launches in prediction', before.predict.kernels, after.predict.kernels, count);
  fact('FLOPs in prediction', before.predict.flops, after.predict.flops, flopsText);
  return facts.join(', ') || 'nothing of the kind here';
}
