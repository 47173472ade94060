/**
 * Where the given label can make a difference: which layers' activities depend on it, step by step. A label moves
 * through the network one connection per step (`delay: 1`), stays in a damped layer, and is lost where nothing keeps
 * it.
 *
 * Prediction tries the labels one after another, so goodness distinguishes them only where the label has arrived; and
 * with negative labels, it is the only difference between positive and negative rows.
 */
import { constant, evaluate, fromJson } from './expr/index.js';
import type { LabelMode, ModelDocument } from './model.js';

/** A step of the schedule, and what the given label has reached by its end. */
export interface LabelStep {
  readonly phase: string;
  /** Within the phase, from 0. */
  readonly t: number;
  readonly learn: boolean;
  readonly scored: boolean;
  /** Whether the step shows the `given` label, alone or in a `mix`. */
  readonly shown: boolean;
  /** Names of the layers whose activity depends on the given label. */
  readonly reached: ReadonlySet<string>;
}

/** The parts of a model that determine how far a label gets. */
export type LabelFlow = Pick<
  ModelDocument,
  'label' | 'input' | 'layers' | 'connections' | 'fast_weights' | 'phases' | 'score'
>;

/** Every step of a model's schedule in order; in a model without a label, no layer is ever reached. */
export function labelSteps(model: LabelFlow): readonly LabelStep[] {
  const { label, input, layers, connections, fast_weights, phases, score } = model;
  const steps: LabelStep[] = [];
  let before: ReadonlySet<string> = new Set();
  // Fast weights remember the activities of all earlier steps.
  const remembered = new Set<string>();
  for (const phase of phases) {
    for (let t = 0; t < phase.steps; t++) {
      const shown = label !== null && shareOfGiven(phase.label, t) !== 0;
      const reached = new Set(
        layers.filter((l) => phase.damping && l.damping < 1 && before.has(l.name)).map((l) => l.name),
      );
      const carries = ({ source, delay }: { readonly source: string; readonly delay: 0 | 1 }): boolean =>
        source === label?.name
          ? shown
          : source === input.name
            ? shown && input.embed !== null
            : (delay === 0 ? reached : before).has(source);
      // To a fixed point: connections without delay pass it on within the step.
      for (let size = -1; size !== reached.size; ) {
        ({ size } = reached);
        for (const c of connections) if (carries(c)) reached.add(c.target);
        for (const c of fast_weights)
          if (carries(c) || remembered.has(c.source) || remembered.has(c.target)) reached.add(c.target);
      }
      for (const name of reached) remembered.add(name);
      // A long phase soon stops reaching more: its steps then share one set.
      const same = reached.size === before.size && [...reached].every((name) => before.has(name));
      if (!same) before = reached;
      const scored = phase.name === score.phase && t >= score.from && t <= score.to;
      steps.push({ phase: phase.name, t, learn: phase.learn, scored, shown, reached: before });
    }
  }
  return steps;
}

/** Whether the score sees the candidate label: it has reached a scored layer in a scored step. */
export function scoreSeesLabel(model: LabelFlow): boolean {
  const { layers } = model.score;
  return labelSteps(model).some((step) => step.scored && layers.some((name) => step.reached.has(name)));
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

/** How much of the given label a mode shows at step `t` of its phase. */
function shareOfGiven(mode: LabelMode, t: number): number {
  switch (mode.name) {
    case 'given':
      return 1;
    case 'uniform':
    case 'hidden':
      return 0;
    case 'mix': {
      const w = evaluate(fromJson(mode.w, new Map([['t', constant(t)]])), {}) as number;
      return (1 - w) * shareOfGiven(mode.a, t) + w * shareOfGiven(mode.b, t);
    }
    default:
      return mode satisfies never;
  }
}
