/**
 * Checks a plan that was not just made by this compiler: first its shape, by the JSON schema, and the model in it, then
 * everything that an engine relies on. An untrusted plan must not be able to read or write outside its memory.
 */

import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Diagnostic } from '../../grammar/diagnostic.js';
import schema from '../../grammar/schema/plan.schema.json' with { type: 'json' };
import { validateDocument } from '../check/document.js';
import { isOperator, operators } from '../expr/operators.js';
import { fansOf } from '../field.js';
import { type Classifier, classifierOf, predictingClassifier } from '../graph/classifier.js';
import { decoderParameters } from '../graph/decoder.js';
import { biasOf, PREDICTED, parameterId, peerMean, stateId, weightOf } from '../graph/tensors.js';
import { layersAlone } from '../influence.js';
import { sizeOf } from '../model.js';
import { checkHostRegions, checkPrograms, type Say } from './bounds.js';
import type { ArenaName, Plan, PlanTensor, RowsKernel } from './plan.js';

export type ValidatedPlan =
  /** The diagnostics are warnings about the model. */
  | { readonly plan: Plan; readonly diagnostics: readonly Diagnostic[] }
  | { readonly diagnostics: readonly Diagnostic[] };

let compiled: ValidateFunction<Plan> | undefined;

/** Compiled on first use and without slow checks: the schema is our own, and a test checks it. */
function validator(): ValidateFunction<Plan> {
  if (compiled) return compiled;
  const ajv = new Ajv2020({
    discriminator: true,
    allowUnionTypes: true,
    strictTuples: false,
    validateSchema: false,
    meta: false,
    inlineRefs: false,
    code: { optimize: false },
  });
  // The model has its own validator, which reports more than a schema can.
  ajv.addSchema({ $id: 'rffc:model:1', type: 'object' });
  compiled = ajv.compile<Plan>(schema);
  return compiled;
}

/** Maximum number of errors about one plan. */
const mostErrors = 20;
const mostBytes = 2 ** 40;

/** A plan from JSON, or its diagnostics. Pure; never throws. */
export function validatePlan(json: unknown, file?: string): ValidatedPlan {
  const diagnostics: Diagnostic[] = [];
  const report = (code: string, message: string, hint = 'compile the model again: `rffc compile`'): void => {
    if (diagnostics.length < mostErrors)
      diagnostics.push({ code, severity: 'error', message, hint, ...(file === undefined ? {} : { file }) });
  };
  if (isObject(json) && json.rffc === 'plan' && json.version !== 2) {
    const version = typeof json.version === 'number' ? `version ${json.version}` : 'no version';
    report('RFF851', `unsupported plan: found ${version}, expected version 2`);
    return { diagnostics };
  }
  const validate = validator();
  if (!validate(json)) {
    for (const error of readable(validate.errors ?? []))
      report('RFF850', `${path(error.instancePath)} ${wording(error)}`);
    return { diagnostics };
  }
  const model = validateDocument(json.model, file);
  const about = model.diagnostics.map((d) => ({ ...d, message: `model: ${d.message}` }));
  if (!model.document) return { diagnostics: about };

  const say: Say = (code, at, message) => report(code, `${at}: ${message}`);
  checkMemory(json, say);
  json.kernels.forEach((kernel, i) => {
    checkKernel(`kernels/${i}`, kernel, say);
  });
  checkTensors(json, say);
  checkModel(json, say);
  checkPrograms(json, checkHostRegions(json, say), say);
  return diagnostics.length > 0 ? { diagnostics } : { plan: json, diagnostics: about };
}

const isObject = (json: unknown): json is Readonly<Record<string, unknown>> =>
  typeof json === 'object' && json !== null;

const path = (pointer: string): string => (pointer === '' ? 'the plan' : pointer.slice(1));

/**
 * In a choice of null or an object, keeps the errors about the object: the error that it is not null goes without
 * saying.
 */
function readable(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const choice = errors.find((e) => e.keyword === 'anyOf');
  if (!choice) return errors;
  return errors.filter((e) => e !== choice && !(e.keyword === 'type' && e.params.type === 'null'));
}

function wording({ keyword, params, message }: ErrorObject): string {
  switch (keyword) {
    case 'additionalProperties':
      return `has the unknown property \`${params.additionalProperty}\``;
    case 'required':
      return `lacks the property \`${params.missingProperty}\``;
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).map((v) => JSON.stringify(v)).join(', ')}`;
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}`;
    case 'discriminator':
      return `has the unknown ${params.tag} ${JSON.stringify(params.tagValue)}`;
    default:
      return message ?? 'is invalid';
  }
}

const arenaNames: readonly ArenaName[] = ['constants', 'parameters', 'state', 'io', 'activities', 'scratch'];

function checkMemory({ arenas, buffers }: Plan, say: Say): void {
  const bytes = new Map<ArenaName, number>();
  let total = 0;
  arenas.forEach((a, i) => {
    if (bytes.has(a.name)) say('RFF852', `arenas/${i}`, `duplicate arena \`${a.name}\``);
    if (a.bytes % 256 !== 0)
      say('RFF852', `arenas/${i}`, `its size of ${a.bytes} bytes is not a multiple of 256`);
    bytes.set(a.name, a.bytes);
    total += a.bytes;
  });
  for (const name of arenaNames) if (!bytes.has(name)) say('RFF852', 'arenas', `missing arena \`${name}\``);
  if (total > mostBytes) say('RFF852', 'arenas', `${total} bytes exceed the maximum of 2^40`);
  buffers.forEach((b, i) => {
    const at = `buffers/${i}`;
    if (b.offset % 256 !== 0) say('RFF852', at, `starts at byte ${b.offset}, which is not a multiple of 256`);
    if (b.bytes % 4 !== 0) say('RFF852', at, `has ${b.bytes} bytes, which is not a multiple of 4`);
    const room = bytes.get(b.arena);
    if (room !== undefined && b.offset + b.bytes > room)
      say('RFF852', at, `ends at byte ${b.offset + b.bytes} of the arena \`${b.arena}\`, which has ${room}`);
  });
}

/** Code generators follow operators to their arguments recursively. */
const mostDepth = 2048;

/** Everything a kernel computes is defined, and a scalar per row depends only on scalars per row and reductions. */
function checkKernel(at: string, { inputs, nodes, outputs }: RowsKernel, say: Say): void {
  const kinds = new Map(inputs.map((input) => [input.name, input.kind]));
  if (kinds.size < inputs.length) say('RFF854', at, 'two of its inputs have the same name');
  const wide: boolean[] = [];
  const depth: number[] = [];
  nodes.forEach((node, n) => {
    const wrong = (message: string) => say('RFF854', `${at}/nodes/${n}`, message);
    wide[n] = false;
    depth[n] = 0;
    if (typeof node === 'number') return;
    if (typeof node === 'string') {
      if (!kinds.has(node)) wrong(`unknown input \`${node}\``);
      wide[n] = kinds.get(node) === 'element';
      return;
    }
    const [op, ...args] = node;
    if (!isOperator(op)) {
      wrong(`unknown operator \`${op}\``);
      return;
    }
    const { arity, kind } = operators[op];
    if (args.length !== arity) wrong(`\`${op}\` takes ${arity} arguments, not ${args.length}`);
    if (args.some((a) => a >= n)) wrong('an argument is not a node before it');
    depth[n] = 1 + args.reduce((most, a) => Math.max(most, depth[a] ?? 0), 0);
    if (depth[n] === mostDepth + 1) wrong(`nests more than ${mostDepth} operators`);
    const wideArguments = args.some((a) => wide[a]);
    if (kind === 'reduce' && !wideArguments) wrong(`\`${op}\` reduces a scalar per row`);
    wide[n] = kind === 'element' && wideArguments;
  });
  outputs.forEach(({ node, kind }, i) => {
    if (node >= nodes.length) say('RFF854', `${at}/outputs/${i}`, `unknown node ${node}`);
    else if (kind === 'row' && wide[node])
      say('RFF854', `${at}/outputs/${i}`, `is a scalar per row, but node ${node} is a value per unit`);
  });
}

/** The arena that holds the tensors of each role: host and programs meet there. */
const arenaOf: Readonly<Record<PlanTensor['role'], ArenaName>> = {
  parameter: 'parameters',
  state: 'state',
  input: 'io',
  output: 'io',
};

const count = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

function checkTensors(plan: Plan, say: Say): void {
  const names = new Set<string>();
  plan.tensors.forEach((t, i) => {
    const at = `tensors/${i}`;
    const wrong = (message: string) => say('RFF856', at, `\`${t.name}\` ${message}`);
    if (names.has(t.name)) wrong('is a duplicate');
    names.add(t.name);
    const cols = t.shape.at(-1)!;
    const [first] = t.regions;
    const whole = t.regions.reduce((n, r) => n + r.rows * r.cols, 0) === count(t.shape);
    // A bias may be a column of its layer's packed weights.
    const isColumn = t.shape.length === 1 && t.regions.length === 1 && first?.cols === 1;
    const fits = t.transposed
      ? t.regions.length === 1 && t.shape.length === 2 && first?.rows === cols
      : isColumn || t.regions.every((r) => r.cols === cols && r.rows === first?.rows);
    if (!whole || !fits) wrong(`has shape [${t.shape.join(', ')}], which its regions do not match`);
    if (t.regions.some((r) => plan.buffers[r.buffer] && plan.buffers[r.buffer]!.arena !== arenaOf[t.role]))
      wrong(`has the role ${t.role}, but is outside the arena \`${arenaOf[t.role]}\``);
    if (t.type === 'i32' && (t.sign !== 1 || t.transposed || arenaOf[t.role] !== 'io'))
      wrong('has class indices, which cannot be negated, transposed, or parameters');
  });
  const { values, region } = plan.scalars;
  if ((region ? region.rows * region.cols : 0) !== values.length)
    say('RFF856', 'scalars', `${values.length} numbers do not fit their region`);
  if (region && plan.buffers[region.buffer]?.arena !== 'io')
    say('RFF856', 'scalars', 'is outside the arena `io`');
}

/** The plan matches its model: everything that the host writes, reads and counts by exists. */
function checkModel(plan: Plan, say: Say): void {
  checkCounts(plan, say);
  checkNaive(plan, say);
  const { purpose, model } = plan;
  const expected = new ExpectedTensors(plan, say);
  expected.ofConnections();
  expected.ofSamples();
  if (purpose === undefined) expected.ofLearning();
  expected.ofClassifiers(classifierOf(model, purpose), predictingClassifier(model));
  expected.ofPrediction();
  expected.checkOthers();
}

function checkCounts({ model, classes, layers, learnSteps, purpose }: Plan, say: Say): void {
  const wrong = (at: string, message: string) => say('RFF857', at, message);
  const labels = model.label?.classes ?? 1;
  if (classes !== labels) wrong('classes', `are ${classes}, but the model has ${labels}`);
  const isNetwork = purpose === undefined;
  const names = isNetwork ? model.layers.map((l) => l.name) : [];
  if (layers.join() !== names.join())
    wrong('layers', `are ${layers.join()}, but the model has ${names.join()}`);
  const learning = isNetwork ? model.phases.reduce((n, p) => n + (p.learn ? p.steps : 0), 0) : 0;
  if (learnSteps !== learning) wrong('learnSteps', `are ${learnSteps}, but the model has ${learning}`);
}

/** The tensors that a plan of its model has, each looked for as it is named. */
class ExpectedTensors {
  private readonly tensors: ReadonlyMap<string, PlanTensor>;
  private readonly expected = new Set<string>();

  constructor(
    private readonly plan: Plan,
    private readonly say: Say,
  ) {
    this.tensors = new Map(plan.tensors.map((t) => [t.name, t]));
  }

  private wrong(message: string): void {
    this.say('RFF857', 'tensors', message);
  }

  private expect(
    name: string,
    role: PlanTensor['role'],
    shape: readonly number[],
    type: PlanTensor['type'] = 'f32',
  ): void {
    const t = this.tensors.get(name);
    this.expected.add(name);
    const text = `${role} \`${name}\` [${shape.join(', ')}] of ${type}`;
    if (!t) this.wrong(`missing ${text}`);
    else if (t.role !== role || t.type !== type || t.shape.join() !== shape.join())
      this.wrong(`\`${name}\` is ${t.role} [${t.shape.join(', ')}] of ${t.type}, not ${text}`);
  }

  ofConnections(): void {
    const { model } = this.plan;
    for (const c of model.connections) {
      const units = sizeOf(model, c.target);
      const { in: fanIn } = fansOf(sizeOf(model, c.source), units, c.field);
      this.expect(weightOf(c).name, 'parameter', [units, fanIn]);
      if (c.bias) this.expect(biasOf(c).name, 'parameter', [units]);
    }
  }

  ofSamples(): void {
    const { model, batch, frames } = this.plan;
    this.expect('x', 'input', [frames, batch, model.input.size]);
    this.expect('y', 'input', [batch], 'i32');
  }

  /** What the network's own training reads and tells. */
  ofLearning(): void {
    const { model, batch, frames, layers, learnSteps } = this.plan;
    if (model.negatives.name === 'latent_classifier') {
      this.expect('negative_draw', 'input', [batch]);
      this.expect('y_negative', 'output', [batch], 'i32');
    } else if (model.negatives.name === 'hybrid_images')
      this.expect('x_negative', 'input', [frames, batch, model.input.size]);
    else this.expect('y_negative', 'input', [batch], 'i32');
    for (const name of ['loss', 'goodness_positive', 'goodness_negative'])
      this.expect(name, 'output', [learnSteps, layers.length]);
    for (const { name, reads } of decoderParameters(model)) {
      const shape = reads === null ? [model.input.size] : [model.input.size, sizeOf(model, reads)];
      this.expect(name, 'parameter', shape);
    }
    if (model.decoder) this.expect('decode_loss', 'output', [1]);
  }

  ofClassifiers(trained: Classifier | undefined, predicting: Classifier | undefined): void {
    const { model, classes, predictBatch } = this.plan;
    for (const classifier of new Set([trained, predicting])) {
      if (!classifier) continue;
      const features = classifier.layers.reduce((n, l) => n + sizeOf(model, l), 0);
      this.expect(classifier.weight, 'parameter', [classes, features]);
    }
    if (trained) this.expect('classifier_loss', 'output', [1]);
    if (predicting) this.expect('predict/softmax', 'output', [predictBatch, classes]);
  }

  ofPrediction(): void {
    const { model, classes, frames, predictBatch } = this.plan;
    this.expect(PREDICTED, 'input', [frames, predictBatch, model.input.size]);
    this.expect('predict/goodness', 'output', [predictBatch, classes]);
    // Plans of an older rffc do without.
    if (this.tensors.has('predict/goodness_layers'))
      this.expect('predict/goodness_layers', 'output', [layersAlone(model).length, predictBatch, classes]);
  }

  /** Parameters are the model's and states those of its parameters: there are no others. */
  checkOthers(): void {
    const { layers } = this.plan.model;
    for (const t of this.plan.tensors) {
      if (t.role === 'parameter' && !(this.expected.has(t.name) && t.parameter === t.name))
        this.wrong(`\`${t.name}\` is not a parameter of the model`);
      if (t.role !== 'state') continue;
      const peers = layers.find((l) => l.peer_norm && t.name === peerMean(l.name).name);
      const shape = peers ? [peers.size] : this.ownerOf(t)?.shape;
      if (shape?.join() !== t.shape.join()) this.wrong(`\`${t.name}\` is a state without a parameter`);
    }
  }

  private ownerOf({ name, parameter, state }: PlanTensor): PlanTensor | undefined {
    if (parameter === undefined || state === undefined) return undefined;
    return name === stateId(parameterId(parameter, 1), state).name ? this.tensors.get(parameter) : undefined;
  }
}

/**
 * The products of the model as written are not larger or more numerous than the model allows: a benchmark allocates
 * their operands and makes a launch for each.
 */
function checkNaive({ model, batch, predictBatch, classes, naive }: Plan, say: Say): void {
  const steps = model.phases.reduce((n, p) => n + p.steps, 0);
  const heard = model.connections.reduce((n, c) => n + sizeOf(model, c.source), 0);
  const widest = Math.max(2 * batch, classes * predictBatch, heard, ...model.layers.map((l) => l.size));
  for (const program of ['train', 'predict'] as const) {
    const each = program === 'train' ? 2 : 1;
    if (naive[program].length !== each * model.layers.length)
      say(
        'RFF857',
        `naive/${program}`,
        `has ${naive[program].length} products, but the model has ${model.layers.length} layers`,
      );
    naive[program].forEach(([m, n, k, times], i) => {
      if (times > steps || Math.max(m, n, k) > widest)
        say(
          'RFF857',
          `naive/${program}/${i}`,
          `${times} products of ${m} × ${n} × ${k} exceed those of the model`,
        );
    });
  }
}
