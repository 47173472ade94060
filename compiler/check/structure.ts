/**
 * What can be wrong with a model as a whole, once its parts are read: sizes that do not fit, unreachable layers,
 * zero-delay cycles, scores outside their phase.
 *
 * Works on a document, or on a draft of one with unknown parts (`undefined`), and locates everything by path, so the
 * checkers of .rff files and of model documents share it.
 */
import type { Severity } from '../../grammar/diagnostic.js';
import { fieldOver, patchGrid } from '../field.js';
import type {
  DataSpec,
  Embed,
  InputMode,
  LabelMode,
  Negatives,
  PatchField,
  Readout,
  Score,
} from '../model.js';
import { count } from './report.js';
import { dataSets } from './tables.js';

/** The parts of a model that are checked here. A `ModelDocument` is one. */
export interface Draft {
  readonly input:
    | { readonly name: string; readonly size: number | undefined; readonly embed: Embed | null | undefined }
    | undefined;
  /** null = none. */
  readonly label: { readonly name: string; readonly classes: number | undefined } | null | undefined;
  readonly layers: readonly { readonly name: string; readonly size: number | undefined }[];
  readonly connections: readonly DraftConnection[];
  readonly fast_weights: readonly DraftArrow[];
  /** Whether the model has one. */
  readonly decoder: object | null;
  readonly phases: readonly DraftPhase[];
  readonly score: Score | undefined;
  readonly negatives: Negatives | undefined;
  readonly readout?: Readout | null | undefined;
  readonly train: { readonly data: DataSpec | undefined } | undefined;
  readonly evaluate: { readonly data: DataSpec | null | undefined } | undefined;
}
/** A connection of either kind. */
export interface DraftArrow {
  readonly name: string;
  readonly target: string;
  readonly source: string;
  readonly delay: 0 | 1 | undefined;
}
export interface DraftConnection extends DraftArrow {
  readonly field: PatchField | null | undefined;
}
export interface DraftPhase {
  readonly name: string;
  readonly steps: number | undefined;
  readonly label: LabelMode | undefined;
  readonly input: InputMode | undefined;
  readonly learn: boolean | undefined;
}
/** What the checker knows to be unknown. */
export interface Gaps {
  /** Layers that an unknown node connects to. */
  readonly reached: ReadonlySet<string>;
  /** The target of a connection is unknown, or parts of the text are: nothing can be called unreachable or unused. */
  readonly connections: boolean;
}

export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  /** A path as in `ModelDocument.places`; without a location of its own, it has that of its parent. */
  readonly at: string;
  readonly message: string;
  readonly hint?: string;
}

type Say = (code: string, at: string, message: string, hint?: string) => void;

/** Reports everything wrong with the model's structure. */
export function findings(
  draft: Draft,
  gaps: Gaps = { reached: new Set(), connections: false },
): readonly Finding[] {
  const found: Finding[] = [];
  const sayAs =
    (severity: Severity): Say =>
    (code, at, message, hint) =>
      void found.push({ code, severity, at, message, ...(hint === undefined ? {} : { hint }) });
  const error = sayAs('error');
  const warning = sayAs('warning');
  targets(draft, error);
  fastSources(draft, error);
  cycles(draft, error);
  reach(draft, gaps, error, warning);
  embed(draft, error);
  patches(draft, error);
  hybrids(draft, error);
  data(draft, error);
  score(draft, error);
  labels(draft, error);
  decoder(draft, error);
  if (draft.readout && draft.label === null)
    error(
      'RFF324',
      'readout',
      'the readout has no classes: the model has no label',
      'declare them: `label NAME[classes]` (it needs no connections)',
    );
  return found;
}

/** Learned connections, then fast weights. */
const arrowsOf = ({ connections, fast_weights }: Draft): readonly DraftArrow[] => [
  ...connections,
  ...fast_weights,
];

function targets(draft: Draft, error: Say): void {
  const { input, label } = draft;
  for (const c of arrowsOf(draft)) {
    const what = c.target === input?.name ? 'input' : c.target === label?.name ? 'label' : undefined;
    if (what) {
      error(
        'RFF305',
        `connections/${c.name}/target`,
        `cannot connect into \`${c.target}\`: it is the model's ${what}`,
        'connect from it, into a layer',
      );
    }
  }
}

function fastSources({ input, label, fast_weights }: Draft, error: Say): void {
  for (const c of fast_weights) {
    const what = c.source === input?.name ? 'input' : c.source === label?.name ? 'label' : undefined;
    if (what) {
      error(
        'RFF322',
        `connections/${c.name}/source`,
        `fast weights connect two layers, but \`${c.source}\` is the model's ${what}`,
        `connect \`${c.source}\` with a type without \`fast\``,
      );
    }
  }
}

/** Zero-delay cycles among the layers: one error for each group of layers that contains one. */
function cycles(draft: Draft, error: Say): void {
  const { layers } = draft;
  const connections = arrowsOf(draft);
  const names = new Set(layers.map((l) => l.name));
  const instant = connections.filter((c) => c.delay === 0 && names.has(c.source) && names.has(c.target));
  // Layers without an incoming zero-delay connection come first in a step; remove them until none is left (Kahn).
  const entering = new Map<string, DraftArrow[]>();
  const leaving = new Map<string, DraftArrow[]>();
  for (const c of instant) {
    entering.set(c.target, [...(entering.get(c.target) ?? []), c]);
    leaving.set(c.source, [...(leaving.get(c.source) ?? []), c]);
  }
  const waiting = new Map([...entering].map(([name, list]) => [name, list.length]));
  const remove = (start: readonly string[]): void => {
    const ready = [...start];
    for (let name = ready.pop(); name !== undefined; name = ready.pop()) {
      for (const { target } of leaving.get(name) ?? []) {
        const left = (waiting.get(target) ?? 0) - 1;
        if (!waiting.has(target)) continue;
        if (left > 0) waiting.set(target, left);
        else {
          waiting.delete(target);
          ready.push(target);
        }
      }
    }
  };
  remove([...names].filter((name) => !waiting.has(name)));
  while (waiting.size) {
    // Every remaining layer has a remaining source: walking backwards closes a cycle.
    const path: DraftArrow[] = [];
    const visited = new Set<string>();
    let at = waiting.keys().next().value!;
    while (!visited.has(at)) {
      visited.add(at);
      const into = entering.get(at)!.find((c) => waiting.has(c.source))!;
      path.unshift(into);
      at = into.source;
    }
    const cycle = path.slice(0, path.findLastIndex((c) => c.target === at) + 1);
    const last = connections.findLast((c) => cycle.includes(c))!;
    const around = [...cycle, cycle[0]!].map((c) => c.source).join(' -> ');
    error(
      'RFF306',
      `connections/${last.name}`,
      cycle.length === 1
        ? `zero-delay cycle: \`${last.target} -> ${last.target}\``
        : `zero-delay cycle: \`${around}\``,
      'set `delay: 1` on one of the connections',
    );
    const broken = [...visited];
    for (const name of broken) waiting.delete(name);
    remove(broken);
  }
}

/**
 * Reports layers that neither the input nor the label can influence, and an input or label that influences nothing.
 */
function reach(
  { input, label, layers, connections, fast_weights, negatives, readout }: Draft,
  gaps: Gaps,
  error: Say,
  warning: Say,
): void {
  if (gaps.connections) return;
  if (input && !connections.some((c) => c.source === input.name)) {
    warning(
      'RFF318',
      'input',
      `input \`${input.name}\` is connected to nothing`,
      `connect it: \`connect ${input.name} -> ${layers[0]?.name ?? '…'} as …\``,
    );
  }
  // An invalid `embed` may refer to this label; and with a readout, a label may only name the classes.
  const onlyNames = negatives?.name === 'hybrid_images' && readout !== null && readout !== undefined;
  if (label && !onlyNames && input?.embed === null && !connections.some((c) => c.source === label.name)) {
    const connect = `connect it: \`connect ${label.name} -> ${layers[0]?.name ?? '…'} as …\``;
    if (negatives?.name === 'hybrid_images')
      warning(
        'RFF318',
        'label',
        `label \`${label.name}\` is connected to nothing, so nothing predicts it`,
        `${connect}, or learn the classes from the activities: \`readout: softmax()\``,
      );
    else if (negatives)
      error(
        'RFF338',
        'label',
        `label \`${label.name}\` is connected to nothing, so positive and negative rows are identical`,
        `${connect}; or learn without labels: \`negatives: hybrid_images()\``,
      );
  }
  const next = new Map<string, string[]>();
  for (const c of connections) next.set(c.source, [...(next.get(c.source) ?? []), c.target]);
  const spread = (from: Iterable<string>): Set<string> => {
    const all = new Set(from);
    for (const name of all) for (const target of next.get(name) ?? []) all.add(target);
    return all;
  };
  const sources = [input?.name, label?.name].filter((name) => name !== undefined);
  const reached = spread([...sources, ...gaps.reached]);
  const lost = layers.filter((l) => !reached.has(l.name));
  const enters = (name: string) => connections.some((c) => c.target === name && c.source !== name);
  // Layers behind an unreachable layer are unreachable for the same reason: only the first is reported.
  for (const { name } of [...lost.filter((l) => !enters(l.name)), ...lost.filter((l) => enters(l.name))]) {
    if (reached.has(name)) continue;
    for (const follower of spread([name])) reached.add(follower);
    // Fast weights are made of the layer's own activity, which is zero in a layer at rest.
    const why =
      !enters(name) && fast_weights.some((c) => c.target === name)
        ? `only fast weights connect into layer \`${name}\`, and they start at zero: it stays at zero`
        : enters(name)
          ? `no path of connections leads from ${sources.map((s) => `\`${s}\``).join(' or ')} to layer \`${name}\``
          : `nothing connects into layer \`${name}\``;
    error('RFF307', `layers/${name}`, why, 'connect something to it, or delete it');
  }
}

function embed({ input, label }: Draft, error: Say): void {
  if (!input?.embed || label === undefined) return;
  if (label === null) {
    error('RFF313', 'input/embed', 'no label to embed', 'declare one: `label NAME[classes]`');
    return;
  }
  const { size } = input;
  const { classes } = label;
  if (size === undefined || classes === undefined) return;
  const end = input.embed.at + classes;
  if (end > size) {
    error(
      'RFF313',
      'input/embed',
      `the label takes columns ${input.embed.at} to ${end - 1}, but \`${input.name}\` has only columns 0 to ` +
        `${size - 1}`,
      size >= classes ? `\`at\` can be at most ${size - classes}` : undefined,
    );
  }
}

function patches({ input, label, layers, connections }: Draft, error: Say): void {
  const sizes = new Map(layers.map((l) => [l.name, l.size]));
  if (input) sizes.set(input.name, input.size);
  if (label) sizes.set(label.name, label.classes);
  for (const c of connections) {
    const { field } = c;
    if (!field) continue;
    const at = `connections/${c.name}/field`;
    const [rows, columns] = field.grid;
    const source = sizes.get(c.source);
    const target = sizes.get(c.target);
    if (c.source === label?.name) {
      error(
        'RFF312',
        at,
        `\`${c.source}\` is the label, which has no grid for patches`,
        'connect the label without `field`',
      );
    } else if (source !== undefined && !fieldOver(field, source)) {
      error(
        'RFF312',
        at,
        `\`${c.source}\` has ${source} units, which is not a multiple of the grid's ${rows * columns} ` +
          `positions (${rows} × ${columns})`,
        Number.isInteger(Math.sqrt(source))
          ? `a square grid is \`[${Math.sqrt(source)}, ${Math.sqrt(source)}]\``
          : `rows × columns must divide ${source}`,
      );
    } else if (field.size > Math.min(rows, columns)) {
      error(
        'RFF312',
        at,
        `a patch of ${field.size} × ${field.size} does not fit in a grid of ${rows} × ${columns}`,
      );
    } else {
      const [down, across] = patchGrid(field);
      const all = down * across;
      if (target !== undefined && target !== all * field.maps) {
        error(
          'RFF312',
          at,
          `${count(field.maps, 'map')} × ${down} × ${across} positions make ${all * field.maps} units, but ` +
            `layer \`${c.target}\` has ${target}`,
          `write \`${c.target}[${all * field.maps}]\``,
        );
      }
    }
  }
}

/** The grid of hybrid images. */
function hybrids({ input, negatives }: Draft, error: Say): void {
  if (negatives?.name !== 'hybrid_images' || input?.size === undefined) return;
  const [rows, columns] = negatives.grid;
  if (rows * columns === input.size) return;
  error(
    'RFF321',
    'negatives',
    `a grid of ${rows} × ${columns} has ${rows * columns} values, but \`${input.name}\` has ${input.size}`,
  );
}

/** Sizes that differ from those of a known data set. */
function data({ input, label, train, evaluate }: Draft, error: Say): void {
  for (const spec of [train?.data, evaluate?.data]) {
    const info = spec && Object.hasOwn(dataSets, spec.name) ? dataSets[spec.name] : undefined;
    if (!spec || !info) continue;
    if (input?.size !== undefined && info.inputs !== undefined && input.size !== info.inputs) {
      error(
        'RFF311',
        'input/size',
        `input \`${input.name}\` has ${count(input.size, 'value')}, but a frame of \`${spec.name}\` has ${info.inputs}`,
        `write \`${input.name}[${info.inputs}]\``,
      );
    }
    if (label?.classes !== undefined && info.classes !== undefined && label.classes !== info.classes) {
      error(
        'RFF311',
        'label/classes',
        `label \`${label.name}\` has ${label.classes} classes, but \`${spec.name}\` has ${info.classes}`,
        `write \`${label.name}[${info.classes}]\``,
      );
    }
  }
}

function score({ score: range, phases }: Draft, error: Say): void {
  if (!range) return;
  const phase = phases.find((p) => p.name === range.phase);
  if (phase?.steps !== undefined && range.to >= phase.steps) {
    error(
      'RFF315',
      'score/to',
      `step ${range.to} is outside phase \`${phase.name}\`, which has ${count(phase.steps, 'step')} (0 to ` +
        `${phase.steps - 1})`,
      `write at most ${phase.steps - 1}`,
    );
  } else if (range.from > range.to) {
    error(
      'RFF315',
      'score/from',
      `empty score range: it starts at step ${range.from} and ends at step ${range.to}`,
      `write \`[${range.to}..${range.from}]\``,
    );
  }
}

function decoder({ decoder: declared, phases }: Draft, error: Say): void {
  // If no phase learns at all, that is already reported.
  if (!declared || phases.every((p) => p.learn === false)) return;
  if (phases.some((p) => p.learn !== false && p.input?.name !== 'hidden')) return;
  error(
    'RFF323',
    'decoder',
    'the decoder never learns: no phase that learns shows the input',
    'set `learn: on` and an `input` in a phase, or delete `decode`',
  );
}

/** The modes that a label mode is mixed from. */
export function plainModes(mode: LabelMode): readonly ('given' | 'uniform' | 'hidden')[] {
  return mode.name === 'mix' ? [...plainModes(mode.a), ...plainModes(mode.b)] : [mode.name];
}

function labels({ label, phases, negatives, readout }: Draft, error: Say): void {
  // Hybrid images differ in their data. Unknown negatives may be such.
  const byLabel = negatives !== undefined && negatives.name !== 'hybrid_images';
  if (phases.length && phases.every((p) => p.learn === false)) {
    error(
      'RFF316',
      'schedule',
      'nothing learns: every phase has `learn: off`',
      readout
        ? 'remove `learn: off` from one phase; to train the readout alone, set it in the connection types'
        : 'remove `learn: off` from at least one phase',
    );
  }
  if (label === undefined) return;
  if (label === null) {
    const showing = phases.filter((p) => p.label && plainModes(p.label).some((m) => m !== 'hidden'));
    for (const p of showing) {
      error(
        'RFF314',
        `phases/${p.name}/label`,
        `phase \`${p.name}\` shows a label, but the model has none`,
        'declare one: `label NAME[classes]`',
      );
    }
    if (byLabel && !showing.length && phases.length) {
      error(
        'RFF314',
        'negatives',
        'the model has no label, so positive and negative rows are identical',
        'declare one: `label NAME[classes]`; or use negative data instead: `negatives: hybrid_images()`',
      );
    }
    return;
  }
  const shown = (p: DraftPhase): boolean => p.label === undefined || plainModes(p.label).includes('given');
  if (byLabel && phases.length && !phases.some(shown)) {
    error(
      'RFF317',
      'schedule',
      'no phase shows the `given` label, so positive and negative rows are identical',
      'set `label: given` in the phase that learns',
    );
  }
}

/** The location of a path, or of its closest parent that has one. */
export function placeOf<T>(places: { get(path: string): T | undefined }, path: string): T | undefined {
  for (let at = path; at; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    const found = places.get(at);
    if (found !== undefined) return found;
  }
  return places.get('model');
}
