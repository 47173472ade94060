/** When things happen: a model's steps in order, and its layers in the order of computation within a step. */
import type { Layer, ModelDocument, Phase } from '../model.js';

export interface Step {
  readonly phase: Phase;
  /** Within the phase, from 0. */
  readonly t: number;
  /** Among all steps, from 0. */
  readonly index: number;
  readonly scored: boolean;
}

/** Every step of a model's phases, in order. */
export function timeline(document: ModelDocument): Step[] {
  const { score, phases } = document;
  const steps: Step[] = [];
  for (const phase of phases) {
    for (let t = 0; t < phase.steps; t++) {
      steps.push({
        phase,
        t,
        index: steps.length,
        scored: phase.name === score.phase && t >= score.from && t <= score.to,
      });
    }
  }
  return steps;
}

/**
 * The layers in an order in which sources that are read in the same step (`delay: 0`) come first. The checker has
 * rejected cycles.
 */
export function inOrder(document: ModelDocument): Layer[] {
  const order: Layer[] = [];
  const visit = (layer: Layer): void => {
    if (order.includes(layer)) return;
    for (const c of [...document.connections, ...document.fast_weights]) {
      const source = document.layers.find((l) => l.name === c.source);
      if (c.target === layer.name && c.delay === 0 && source) visit(source);
    }
    order.push(layer);
  };
  document.layers.forEach(visit);
  return order;
}
