/**
 * What those who train and judge a compiled network need to know of it, whatever form it was compiled to: a graph is one,
 * and so is a plan, which calls its document `model`.
 */
import type { Graph } from './graph/graph.js';
import { scoreSeesLabel } from './influence.js';
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

/** Whether the label goes into the network at all: through a connection, or written over the input. */
export function connectsLabel({ label, connections, input }: ModelDocument): boolean {
  return label !== null && (input.embed !== null || connections.some((c) => c.source === label.name));
}

/** Whether trying one label after another can tell them apart: the scored layers see it in time. */
export function hearsLabel(document: ModelDocument): boolean {
  return connectsLabel(document) && scoreSeesLabel(document);
}

/**
 * The scored layers whose goodness prediction gives one by one, so that each can be scored without the others. None where that
 * would say nothing new: a single layer is scored, or no layer receives the label that is tried.
 */
export function layersAlone(document: ModelDocument): readonly string[] {
  const scored = document.layers
    .map(({ name }) => name)
    .filter((name) => document.score.layers.includes(name));
  return scored.length > 1 && connectsLabel(document) ? scored : [];
}
