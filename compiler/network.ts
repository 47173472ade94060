/**
 * What those who train and judge a compiled network need to know of it, whatever form it was compiled to: a graph is
 * one, and so is a plan, which calls its document `model`.
 */
import { isObject, wrongArgument } from '../grammar/arguments.js';
import type { Graph } from './graph/graph.js';
import { scoreSeesLabel } from './influence.js';
import type { ModelDocument } from './model.js';
import type { Plan } from './plan/plan.js';

export type Network = Pick<
  Graph,
  'document' | 'purpose' | 'batch' | 'predictBatch' | 'frames' | 'classes' | 'layers' | 'learnSteps'
>;

export function isPlan(compiled: Network | Plan): compiled is Plan {
  return 'rffc' in compiled;
}

/**
 * A graph or a plan, as a function of the library is given it.
 * @throws RffcError RFF770 for anything else
 */
export function compiledArgument<T extends Network | Plan>(call: string, given: T): T {
  const it: unknown = given;
  const whole = isObject(it) && ('rffc' in it ? isObject(it.model) : isObject(it.document));
  if (whole && 'predictBatch' in it && Array.isArray(it.layers)) return given;
  const isCompilation = isObject(it) && isObject(it.plan) && isObject(it.graph);
  const isDocument = isObject(it) && it.rffc === 1;
  const hint = isCompilation
    ? 'pass the `plan` of what `compile` returned'
    : isDocument
      ? 'compile the model document first: `compile({ text: JSON.stringify(document), file })`'
      : '`const { plan } = await compile({ text, file })` makes one';
  throw wrongArgument(call, 'a plan', given, hint);
}

/** A graph or a plan as those who train it see it. */
export function networkOf(compiled: Network | Plan): Network {
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
 * The scored layers whose goodness prediction gives one by one, so that each can be scored without the others. None
 * where that would say nothing new: a single layer is scored, or no layer receives the label that is tried.
 */
export function layersAlone(document: ModelDocument): readonly string[] {
  const scored = document.layers
    .map(({ name }) => name)
    .filter((name) => document.score.layers.includes(name));
  return scored.length > 1 && connectsLabel(document) ? scored : [];
}
