/**
 * What a model that is valid in all its parts cannot do as a whole: learn anything, show the label to what learns, or
 * show the candidate label to what is scored.
 *
 * Works on complete documents only: whether a label arrives depends on every connection and every step.
 */
import { zero } from '../expr/index.js';
import { type LabelStep, labelSteps } from '../influence.js';
import type { Layer, ModelDocument } from '../model.js';
import { layerRules, slopeOf } from '../rules.js';
import { directions } from './directions.js';
import { alternatives } from './report.js';
import type { Finding } from './structure.js';

/** Errors about a model's purpose: it could be compiled, but would learn or predict nothing. */
export const meaningless: ReadonlySet<string> = new Set(
  [316, 317, 333, 335, 336, 337, 338, 413].map((number) => `RFF${number}`),
);

/** Checks what a complete model learns and predicts. */
export function meaning(document: ModelDocument): readonly Finding[] {
  const learners = document.layers.filter((layer) => canMove(document, layer));
  return [...directions(document), ...nothingLearns(document, learners), ...label(document, learners)];
}

/** Whether training can change the weights into a layer. */
function canMove({ connections, objectives }: ModelDocument, layer: Layer): boolean {
  if (!connections.some((c) => c.target === layer.name && c.learn && c.lr_scale > 0)) return false;
  if (layer.peer_norm) return true;
  const rules = layerRules(layer, objectives[layer.objective]!);
  return slopeOf(rules, rules.activity(true), layer.size, 1) !== zero;
}

/** No layer can learn, and neither can anything besides the layers. */
function nothingLearns(document: ModelDocument, learners: readonly Layer[]): readonly Finding[] {
  const { connections, decoder, readout, negatives } = document;
  if (learners.length > 0 || decoder || readout || negatives.name === 'latent_classifier') return [];
  const frozen = connections.every((c) => !c.learn || c.lr_scale === 0);
  return [
    {
      code: 'RFF316',
      severity: 'error',
      at: 'model',
      message: frozen
        ? 'nothing learns: every connection has `learn: off` or `lr_scale: 0`'
        : 'nothing learns: no layer’s loss has a derivative that reaches a connection with `learn: on`',
      hint: frozen
        ? 'remove `learn: off` from at least one connection type, or learn from fixed layers: `readout: softmax()`'
        : 'define a surrogate for `step`, `sign` or `floor`: `fn f(z) = step(z) derivative 1 / (1 + abs(z))^2`',
    },
  ];
}

/** Where the label does not arrive: at layers that learn from negative labels, and at layers that are scored. */
function label(document: ModelDocument, learners: readonly Layer[]): readonly Finding[] {
  if (document.label === null) return [];
  const steps = labelSteps(document);
  const learned =
    document.negatives.name === 'hybrid_images' ? [] : labelWhileLearning(document, steps, learners);
  const scored = labelInScore(document, steps);
  // A layer that never sees it while learning is already reported.
  return [...learned, ...scored, ...(learned.length + scored.length > 0 ? [] : blindLayers(document, steps))];
}

/** Negative labels differ from positive ones only where the label is seen. */
function labelWhileLearning(
  document: ModelDocument,
  steps: readonly LabelStep[],
  learners: readonly Layer[],
): readonly Finding[] {
  const name = document.label!.name;
  const learning = steps.filter((step) => step.learn);
  const without = learners.filter((l) => !learning.some((step) => step.reached.has(l.name)));
  if (without.length === 0 || learning.length === 0) return [];
  const names = without.map((l) => `\`${l.name}\``);
  if (without.length === learners.length) {
    const shows = steps.find((step) => step.shown);
    return [
      {
        code: 'RFF335',
        severity: 'error',
        at: shows && !shows.learn ? `phases/${shows.phase}` : 'schedule',
        message: `no layer sees \`${name}\` in a learning step, so positive and negative rows are identical there`,
        hint: shows?.learn
          ? `\`${name}\` moves one connection per step (\`delay: 1\`): give \`${shows.phase}\` more steps, ` +
            `or connect \`${name}\` to a layer that learns`
          : 'set `label: given` in a phase that learns',
      },
    ];
  }
  const seeing = document.layers.find((l) => !without.includes(l));
  return [
    {
      code: 'RFF334',
      severity: 'warning',
      at: `layers/${without[0]!.name}`,
      message:
        `${without.length > 1 ? 'layers' : 'layer'} ${alternatives(names, 'and')} never ` +
        `${without.length > 1 ? 'see' : 'sees'} \`${name}\` while learning: positive and negative rows are ` +
        'identical there',
      hint:
        `connect \`${name} -> ${without[0]!.name}\`, or feed back from a layer that sees it: ` +
        `\`${seeing!.name} -> ${without[0]!.name}\``,
    },
  ];
}

/** The candidate label must have reached a scored layer by the last scored step. */
function labelInScore(document: ModelDocument, steps: readonly LabelStep[]): readonly Finding[] {
  const { score, places, negatives, readout } = document;
  const name = document.label!.name;
  const isConnected = document.input.embed !== null || document.connections.some((c) => c.source === name);
  if (!isConnected) return [];
  const sees = (step: LabelStep) => score.layers.some((layer) => step.reached.has(layer));
  if (steps.some((step) => step.scored && sees(step))) return [];
  // Hybrid images with a readout need a label only for its classes.
  if (negatives.name === 'hybrid_images' && readout) return [];
  const last = steps.findLastIndex((step) => step.scored);
  const scored = alternatives(
    score.layers.map((layer) => `\`${layer}\``),
    'and',
  );
  const shown = steps.slice(0, last + 1).some((step) => step.shown);
  const first = steps.find((step) => (step.phase !== score.phase || step.t > score.to ? sees(step) : false));
  const range = `${score.phase}[${score.from}..${score.to}]`;
  const message = shown
    ? `the score never sees the candidate label: \`${name}\` has not reached ${scored} by the end of \`${range}\``
    : `the score never sees the candidate label: no step up to the end of \`${range}\` shows \`label: given\``;
  const longer = first || !shown ? undefined : stepsNeeded(document);
  const others = document.layers.map((l) => l.name).filter((l) => steps[last]!.reached.has(l));
  const hint = first
    ? `it is visible from step ${first.t} of \`${first.phase}\`: \`score ` +
      `${first.phase}[${first.t}..${stepsOf(document, first.phase) - 1}]\``
    : !shown
      ? `set \`label: given\` in phase \`${score.phase}\`, or learn the classes from the activities: ` +
        '`readout: softmax()`'
      : longer !== undefined
        ? `it moves one connection per step, so give \`${score.phase}\` more steps: \`phase ` +
          `${score.phase}[${longer}]\` and \`score ${score.phase}[${longer - 1}..${longer - 1}]\``
        : others.length > 0
          ? `score a layer that it has reached, \`score ${range} over ${others.join(', ')}\`, or connect ` +
            `\`${name} -> ${score.layers[0]}\``
          : `connect \`${name} -> ${score.layers[0]}\``;
  const instead = readout ? 'readout' : negatives.name === 'latent_classifier' ? 'classifier' : undefined;
  return [
    {
      code: 'RFF333',
      severity: instead || negatives.name === 'hybrid_images' ? 'warning' : 'error',
      at: places.score ? 'score' : `phases/${score.phase}`,
      message: instead
        ? `${message}, so only the ${instead} predicts`
        : `${message}, so every label gets the same goodness`,
      hint,
    },
  ];
}

/** Scored layers that the label does not reach in any scored step, although it does reach others. */
function blindLayers(document: ModelDocument, steps: readonly LabelStep[]): readonly Finding[] {
  const { score, places } = document;
  const scored = steps.filter((step) => step.scored);
  const [seeing, blind] = [true, false].map((reached) =>
    score.layers.filter((layer) => scored.some((step) => step.reached.has(layer)) === reached),
  );
  if (seeing!.length === 0 || blind!.length === 0) return [];
  const name = document.label!.name;
  const range = `${score.phase}[${score.from}..${score.to}]`;
  const names = alternatives(
    blind!.map((layer) => `\`${layer}\``),
    'and',
  );
  const later = steps.find(
    (step) => step.phase === score.phase && score.layers.every((layer) => step.reached.has(layer)),
  );
  return [
    {
      code: 'RFF339',
      severity: 'warning',
      at: places.score ? 'score' : `phases/${score.phase}`,
      message:
        `${names} ${blind!.length > 1 ? 'are' : 'is'} scored in \`${range}\` and ` +
        `${blind!.length > 1 ? 'do' : 'does'} not see \`${name}\` by then, so the goodness is the same for ` +
        'every label',
      hint: later
        ? `all scored layers see it from step ${later.t}: \`score ` +
          `${score.phase}[${later.t}..${stepsOf(document, score.phase) - 1}]\``
        : `score the others: \`score ${range} over ${seeing!.join(', ')}\``,
    },
  ];
}

function stepsOf({ phases }: ModelDocument, name: string): number {
  return phases.find((phase) => phase.name === name)!.steps;
}

/**
 * The number of steps that the scored phase needs for the label to reach a scored layer; undefined if no number is
 * enough.
 */
function stepsNeeded(document: ModelDocument): number | undefined {
  const { score, phases, layers } = document;
  const most = stepsOf(document, score.phase) + layers.length;
  const longer = phases.map((phase) => (phase.name === score.phase ? { ...phase, steps: most } : phase));
  const sees = labelSteps({ ...document, phases: longer }).find(
    (step) => step.phase === score.phase && score.layers.some((layer) => step.reached.has(layer)),
  );
  return sees && sees.t + 1;
}
