/**
 * The matrix products of a model as it is written, for the naive floor of `rffc bench`: 2B rows in every step, one
 * product forward and one for the gradients of a layer (of a field the weights that there are), every label tried from
 * the start, up to the last scored step.
 */
import { fansOf } from '../field.js';
import type { Graph, ProgramName } from '../graph/index.js';
import { sizeOf } from '../model.js';
import type { Plan } from './plan.js';

export function naiveProducts({ document, batch, predictBatch, classes }: Graph): Plan['naive'] {
  const products: Record<ProgramName, [number, number, number, number][]> = { train: [], predict: [] };
  const steps = document.phases.reduce((n, p) => n + p.steps, 0);
  const learning = document.phases.reduce((n, p) => n + (p.learn ? p.steps : 0), 0);
  const scored = document.phases.findIndex((p) => p.name === document.score.phase);
  const untilScored =
    document.phases.slice(0, scored).reduce((n, p) => n + p.steps, 0) + document.score.to + 1;
  for (const layer of document.layers) {
    const heard = document.connections
      .filter((c) => c.target === layer.name)
      .reduce((n, c) => n + fansOf(sizeOf(document, c.source), layer.size, c.field).in, 0);
    products.train.push([2 * batch, layer.size, heard, steps], [layer.size, heard, 2 * batch, learning]);
    products.predict.push([classes * predictBatch, layer.size, heard, untilScored]);
  }
  return products;
}
