/**
 * Small models, their graphs and plans, for the tests of passes and plans: a model is given by what matters in a test,
 * the rest of its text is the same everywhere. And one plan that has everything, to be spoilt in one place.
 */
import { RffcError } from '../../grammar/diagnostic.js';
import { parse } from '../../grammar/parser.js';
import { buildPlan } from '../build.js';
import { check } from '../check/index.js';
import { type Graph, type LowerOptions, lower } from '../graph/index.js';
import type { Ir, IrValue } from '../passes/ir.js';
import type { ArenaName, Launch, Plan } from './plan.js';

/** Parts of a model's text. */
export interface ModelParts {
  /** Types of connections; the type `plain` is there in any case. */
  readonly types?: string;
  /** Layers and connections between `image[5]`, `digit[3]` and them. */
  readonly network: string;
  /** What stands behind `input image[5]`. */
  readonly input?: string;
  readonly schedule?: string;
  readonly negatives?: string;
  readonly optimizer?: string;
}

/** One step with the label given. */
const oneStep = 'phase learn[1] { label: given }';

/** The text of a model with these parts. */
export function modelText(parts: ModelParts): string {
  const { types = '', network, input = '', schedule = oneStep } = parts;
  return `
connection plain { }
${types}
model small {
  input image[5] ${input}
  label digit[3]
  ${network}
  objective { goodness: mean(h^2), positive: softplus(goodness - 1), negative: softplus(1 - goodness), predict: min }
  schedule { ${schedule} }
  negatives: ${parts.negatives ?? 'random_label()'}
  train { data: tensors("x.safetensors"), batch: 3, optimizer: ${parts.optimizer ?? 'sgd(lr: 0.1)'} }
}`;
}

/** The graph of a model's text or parts. @throws RffcError with what is wrong with the model */
export function graphOf(model: string | ModelParts, options: LowerOptions = {}): Graph {
  const { tree, diagnostics } = parse(typeof model === 'string' ? model : modelText(model));
  const checked = check(tree, { tolerant: true });
  const told = [...diagnostics, ...checked.diagnostics];
  if (!checked.document || told.some((d) => d.severity === 'error')) throw new RffcError(told);
  return lower(checked.document, options);
}

/**
 * Every kind of launch is in the plan of this model: patches and products in blocks, a tail, a lookup, dropout, a
 * classifier, moving averages.
 */
export const everyKind: ModelParts = {
  types: `
  connection noisy { dropout: 0.25 }
  connection local { field: patch([3, 2], size: 2, maps: 3) }`,
  network: `
  layer a[6], b[7] { normalize: rms_norm(h, 0.1) }
  connect image -> a -> b as plain
  connect b -> b as noisy
  connect digit -> a as plain
  connect a -> a as local`,
  schedule: 'phase settle[1] { label: uniform, learn: off }  phase learn[2] { label: given }',
  negatives: 'latent_classifier()',
  optimizer: 'adam(lr: 0.01)',
};

/** The shape of the seed's network, small: up, down, within, and the label at the top. */
export const chain: ModelParts = {
  network: `
  layer a[6], b[7], c[4] { damping: 0.7 }
  connect image -> a -> b -> c as plain
  connect c -> b -> a as plain
  connect a -> a, b -> b, c -> c as plain
  connect digit -> c as plain`,
  schedule: `
    phase settle[2] { label: uniform, learn: off }
    phase learn[3] { label: given }
    score learn[0..1]`,
};

/** The values of a step: `learn[0]`. */
export const within = (program: Ir, step: string): readonly IrValue[] =>
  program.values.filter((v) => v.step === step);

/** The values of one kind of operation. */
export const ofKind = (values: readonly IrValue[], kind: IrValue['op']['kind']): readonly IrValue[] =>
  values.filter((v) => v.op.kind === kind);

export type LaunchOf<K extends Launch['kind']> = Extract<Launch, { readonly kind: K }>;

/** A program's launches of one kind. */
export function launchesOf<K extends Launch['kind']>(launches: readonly Launch[], kind: K): LaunchOf<K>[] {
  return launches.filter((l): l is LaunchOf<K> => l.kind === kind);
}

type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;
/** A plan that can be changed. */
export type PlanDraft = Mutable<Plan>;
export type LaunchDraft<K extends Launch['kind']> = Mutable<LaunchOf<K>>;

const everyKindJson = JSON.stringify(buildPlan(graphOf(everyKind, { frames: 2 })).plan);

/** The plan of `everyKind` as it comes out of a file. */
export const planDraft = (): PlanDraft => JSON.parse(everyKindJson) as PlanDraft;

/** A way to be wrong: the code that tells it, its name, the change that makes it, and what must be said. */
export type Corruption = readonly [string, string, (plan: PlanDraft) => unknown, RegExp];

/** The plan with a change, as JSON has it. */
export function corrupted(change: Corruption[2]): unknown {
  const plan = planDraft();
  change(plan);
  return JSON.parse(JSON.stringify(plan)) as unknown;
}

/** The first launch of a kind, in training before others, perhaps one with more to it. */
export function first<K extends Launch['kind']>(
  { programs }: PlanDraft,
  kind: K,
  has: (launch: LaunchDraft<K>) => boolean = () => true,
): LaunchDraft<K> {
  const all = [...programs.train, ...programs.predict, ...programs.load] as LaunchDraft<K>[];
  return all.find((l) => l.kind === kind && has(l))!;
}

/** The first view that is looked up. */
export function lookedUp(plan: PlanDraft): LaunchDraft<'rows'>['inputs'][number] {
  const { inputs } = first(plan, 'rows', (l) => l.inputs.some((v) => v.lookup));
  return inputs.find((v) => v.lookup)!;
}

export const tensorOf = (plan: PlanDraft, name: string) => plan.tensors.find((t) => t.name === name)!;
/** The buffer that a tensor begins in. */
export const bufferOf = (plan: PlanDraft, name: string): number => tensorOf(plan, name).regions[0]!.buffer;
export const bufferIn = (plan: PlanDraft, arena: ArenaName): number =>
  plan.buffers.findIndex((b) => b.arena === arena);
