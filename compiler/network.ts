/**
 * What training and evaluation need to know about a compiled network, whatever form it was compiled to: a graph is one,
 * and so is a plan, which calls its document `model`.
 */
import { isObject, wrongArgument } from '../grammar/arguments.js';
import type { Network } from './graph/graph.js';
import type { Plan } from './plan/plan.js';

export type { Network } from './graph/graph.js';

export function isPlan(compiled: Network | Plan): compiled is Plan {
  return 'rffc' in compiled;
}

/**
 * A graph or a plan, as passed to a library function.
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

/** A graph or a plan as training sees it. */
export function networkOf(compiled: Network | Plan): Network {
  return isPlan(compiled)
    ? { ...compiled, purpose: compiled.purpose ?? 'network', document: compiled.model }
    : compiled;
}
