/**
 * What those who train and judge a compiled network need to know of it, whatever form it was compiled to: a graph is one,
 * and so is a plan, which calls its document `model`.
 */
import type { Graph } from './graph/graph.js';
import type { Plan } from './plan/plan.js';

export type Network = Pick<
  Graph,
  'document' | 'batch' | 'predictBatch' | 'frames' | 'classes' | 'layers' | 'learnSteps'
>;

export function isPlan(compiled: Graph | Plan): compiled is Plan {
  return 'rffc' in compiled;
}

/** A graph or a plan as those who train it see it. */
export function networkOf(compiled: Graph | Plan): Network {
  return isPlan(compiled) ? { ...compiled, document: compiled.model } : compiled;
}
