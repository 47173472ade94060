/**
 * What those who train and judge a compiled network need to know of it, whatever form it was compiled to: a graph is one,
 * and so is a plan, which calls its document `model`.
 */
import type { Graph } from './graph/graph.js';
import type { ModelDocument } from './model.js';
import type { Plan } from './plan/plan.js';

export type Network = Pick<
  Graph,
  'document' | 'purpose' | 'batch' | 'predictBatch' | 'frames' | 'classes' | 'layers' | 'learnSteps'
>;

export function isPlan(compiled: Graph | Plan): compiled is Plan {
  return 'rffc' in compiled;
}

/** A graph or a plan as those who train it see it. */
export function networkOf(compiled: Graph | Plan): Network {
  return isPlan(compiled)
    ? { ...compiled, purpose: compiled.purpose ?? 'network', document: compiled.model }
    : compiled;
}

/** Whether trying one label after another can tell them apart: the network is shown the label somewhere. */
export function hearsLabel({ label, connections, input }: ModelDocument): boolean {
  return label !== null && (input.embed !== null || connections.some((c) => c.source === label.name));
}

/**
 * The scored layers whose goodness prediction gives one by one, so that each can be scored without the others. None where that
 * would say nothing new: a single layer is scored, or no layer hears of the label that is tried.
 */
export function layersAlone(document: ModelDocument): readonly string[] {
  const scored = document.layers
    .map(({ name }) => name)
    .filter((name) => document.score.layers.includes(name));
  return scored.length > 1 && hearsLabel(document) ? scored : [];
}
