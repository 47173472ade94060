/**
 * Checks a plan that did not come from this compiler just now: first its shape, by the JSON schema, and the model in
 * it, then everything that an engine relies on. A plan from a stranger must not be able to read or write outside its
 * memory.
 */

import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Diagnostic } from '../../grammar/diagnostic.js';
import schema from '../../grammar/schema/plan.schema.json' with { type: 'json' };
import { validateDocument } from '../check/document.js';
import { isOperator, operators } from '../expr/operators.js';
import { fansOf } from '../field.js';
import { classifierOf, predictingClassifier } from '../graph/classifier.js';
import { decoderParameters } from '../graph/decoder.js';
import { parameterId, peerMean, stateId } from '../graph/tensors.js';
import { sizeOf } from '../model.js';
import { layersAlone } from '../network.js';
import { checkHostRegions, checkPrograms, type Say } from './bounds.js';
import type { ArenaName, Plan, PlanTensor, RowsKernel } from './plan.js';

export type ValidatedPlan =
  /** The diagnostics are warnings about the model. */
  | { readonly plan: Plan; readonly diagnostics: readonly Diagnostic[] }
  | { readonly diagnostics: readonly Diagnostic[] };

let compiled: ValidateFunction<Plan> | undefined;

/** Compiled when first wanted, without what takes long: the schema is our own, and a test checks it. */
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
  // The model has a validator of its own, which says more than a schema can.
  ajv.addSchema({ $id: 'rffc:model:1', type: 'object' });
  compiled = ajv.compile<Plan>(schema);
  return compiled;
}

/** At most so many complaints about one plan. */
const mostErrors = 20;
const mostBytes = 2 ** 40;

/** A plan from JSON, or what is wrong with it. Pure; never throws. */
export function validatePlan(json: unknown, file?: string): ValidatedPlan {
  const diagnostics: Diagnostic[] = [];
  const report = (code: string, message: string, hint = 'compile the model again: `rffc compile`'): void => {
    if (diagnostics.length < mostErrors)
      diagnostics.push({ code, severity: 'error', message, hint, ...(file === undefined ? {} : { file }) });
  };
  if (isObject(json) && json.rffc === 'plan' && json.version !== 2) {
    const version = typeof json.version === 'number' ? `version ${json.version}` : 'no version';
    report('RFF851', `this plan has ${version}, and this rffc reads version 2`);
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

/** In a choice of null or an object, what is wrong with the object: that it is not null goes without saying. */
function readable(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const choice = errors.find((e) => e.keyword === 'anyOf');
  if (!choice) return errors;
  return errors.filter((e) => e !== choice && !(e.keyword === 'type' && e.params.type === 'null'));
}

function wording({ keyword, params, message }: ErrorObject): string {
  switch (keyword) {
    case 'additionalProperties':
      return `has no property \`${params.additionalProperty}\``;
    case 'required':
      return `needs the property \`${params.missingProperty}\``;
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).map((v) => JSON.stringify(v)).join(', ')}`;
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}`;
    case 'discriminator':
      return `has the unknown ${params.tag} ${JSON.stringify(params.tagValue)}`;
    default:
      return message ?? 'is wrong';
  }
}

const arenaNames: readonly ArenaName[] = ['constants', 'parameters', 'state', 'io', 'activities', 'scratch'];

function checkMemory({ arenas, buffers }: Plan, say: Say): void {
  const bytes = new Map<ArenaName, number>();
  let total = 0;
  arenas.forEach((a, i) => {
    if (bytes.has(a.name)) say('RFF852', `arenas/${i}`, `there are two arenas \`${a.name}\``);
    if (a.bytes % 256 !== 0) say('RFF852', `arenas/${i}`, `${a.bytes} bytes are no multiple of 256`);
    bytes.set(a.name, a.bytes);
    total += a.bytes;
  });
  for (const name of arenaNames)
    if (!bytes.has(name)) say('RFF852', 'arenas', `there is no arena \`${name}\``);
  if (total > mostBytes) say('RFF852', 'arenas', `${total} bytes are more than 2^40`);
  buffers.forEach((b, i) => {
    const at = `buffers/${i}`;
    if (b.offset % 256 !== 0) say('RFF852', at, `starts at byte ${b.offset}, which is no multiple of 256`);
    if (b.bytes % 4 !== 0) say('RFF852', at, `has ${b.bytes} bytes, which are no whole numbers`);
    const room = bytes.get(b.arena);
    if (room !== undefined && b.offset + b.bytes > room)
      say('RFF852', at, `ends at byte ${b.offset + b.bytes} of the arena \`${b.arena}\`, which has ${room}`);
  });
}

/** Code generators follow operators to their arguments on the stack. */
const mostDepth = 2048;

/** What a kernel computes is defined, and a number a row is made of numbers a row and of reductions only. */
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
      if (!kinds.has(node)) wrong(`there is no input \`${node}\``);
      wide[n] = kinds.get(node) === 'element';
      return;
    }
    const [op, ...args] = node;
    if (!isOperator(op)) {
      wrong(`there is no operator \`${op}\``);
      return;
    }
    const { arity, kind } = operators[op];
    if (args.length !== arity) wrong(`\`${op}\` takes ${arity} arguments, not ${args.length}`);
    if (args.some((a) => a >= n)) wrong('an argument is not a node before it');
    depth[n] = 1 + args.reduce((most, a) => Math.max(most, depth[a] ?? 0), 0);
    if (depth[n] === mostDepth + 1) wrong(`nests more than ${mostDepth} operators`);
    const wideArguments = args.some((a) => wide[a]);
    if (kind === 'reduce' && !wideArguments) wrong(`\`${op}\` reduces what is one number a row`);
    wide[n] = kind === 'element' && wideArguments;
  });
  outputs.forEach(({ node, kind }, i) => {
    if (node >= nodes.length) say('RFF854', `${at}/outputs/${i}`, `there is no node ${node}`);
    else if (kind === 'row' && wide[node])
      say('RFF854', `${at}/outputs/${i}`, `is one number a row, but node ${node} is one for each unit`);
  });
}

/** The arena that each role's tensors live in: host and programs meet there. */
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
    if (names.has(t.name)) wrong('is there twice');
    names.add(t.name);
    const cols = t.shape.at(-1)!;
    const [first] = t.regions;
    const whole = t.regions.reduce((n, r) => n + r.rows * r.cols, 0) === count(t.shape);
    // A bias may be a column of its layer's packed weights.
    const isColumn = t.shape.length === 1 && t.regions.length === 1 && first?.cols === 1;
    const fits = t.transposed
      ? t.regions.length === 1 && t.shape.length === 2 && first?.rows === cols
      : isColumn || t.regions.every((r) => r.cols === cols && r.rows === first?.rows);
    if (!whole || !fits) wrong(`is [${t.shape.join(', ')}], and its regions are not`);
    if (t.regions.some((r) => plan.buffers[r.buffer] && plan.buffers[r.buffer]!.arena !== arenaOf[t.role]))
      wrong(`is ${t.role}, and lies outside of the arena \`${arenaOf[t.role]}\``);
    if (t.type === 'i32' && (t.sign !== 1 || t.transposed || arenaOf[t.role] !== 'io'))
      wrong('has class indices, which are not stored with a sign, transposed, or as parameters');
  });
  const { values, region } = plan.scalars;
  if ((region ? region.rows * region.cols : 0) !== values.length)
    say('RFF856', 'scalars', `${values.length} numbers do not fit their region`);
  if (region && plan.buffers[region.buffer]?.arena !== 'io')
    say('RFF856', 'scalars', 'lies outside of the arena `io`');
}

/** The plan is one of its model: what the host will write, read and count by is there. */
function checkModel(plan: Plan, say: Say): void {
  const { model, batch, predictBatch, frames, classes, layers, learnSteps } = plan;
  const wrong = (at: string, message: string) => say('RFF857', at, message);
  const labels = model.label?.classes ?? 1;
  if (classes !== labels) wrong('classes', `are ${classes}, and the model's ${labels}`);
  const isNetwork = plan.purpose === undefined;
  const names = isNetwork ? model.layers.map((l) => l.name) : [];
  if (layers.join() !== names.join())
    wrong('layers', `are ${layers.join()}, and the model's ${names.join()}`);
  const learning = isNetwork ? model.phases.reduce((n, p) => n + (p.learn ? p.steps : 0), 0) : 0;
  if (learnSteps !== learning) wrong('learnSteps', `are ${learnSteps}, and the model's ${learning}`);

  checkNaive(plan, say);

  const tensors = new Map(plan.tensors.map((t) => [t.name, t]));
  const expected = new Set<string>();
  const expect = (
    name: string,
    role: PlanTensor['role'],
    shape: readonly number[],
    type: PlanTensor['type'] = 'f32',
  ) => {
    const t = tensors.get(name);
    expected.add(name);
    const text = `${role} \`${name}\` [${shape.join(', ')}] of ${type}`;
    if (!t) wrong('tensors', `there is no ${text}`);
    else if (t.role !== role || t.type !== type || t.shape.join() !== shape.join())
      wrong('tensors', `\`${name}\` is ${t.role} [${t.shape.join(', ')}] of ${t.type}, not ${text}`);
  };
  for (const c of model.connections) {
    const units = sizeOf(model, c.target);
    expect(`${c.name}.weight`, 'parameter', [units, fansOf(sizeOf(model, c.source), units, c.field).in]);
    if (c.bias) expect(`${c.name}.bias`, 'parameter', [units]);
  }
  expect('x', 'input', [frames, batch, model.input.size]);
  expect('y', 'input', [batch], 'i32');
  if (isNetwork) {
    if (model.negatives.name === 'latent_classifier') {
      expect('negative_draw', 'input', [batch]);
      expect('y_negative', 'output', [batch], 'i32');
    } else if (model.negatives.name === 'hybrid_images')
      expect('x_negative', 'input', [frames, batch, model.input.size]);
    else expect('y_negative', 'input', [batch], 'i32');
    for (const name of ['loss', 'goodness_positive', 'goodness_negative'])
      expect(name, 'output', [learnSteps, layers.length]);
    for (const { name, reads } of decoderParameters(model))
      expect(
        name,
        'parameter',
        reads === null ? [model.input.size] : [model.input.size, sizeOf(model, reads)],
      );
    if (model.decoder) expect('decode_loss', 'output', [1]);
  }
  const [trained, predicting] = [classifierOf(model, plan.purpose), predictingClassifier(model)];
  for (const classifier of new Set([trained, predicting])) {
    if (!classifier) continue;
    const features = classifier.layers.reduce((n, l) => n + sizeOf(model, l), 0);
    expect(classifier.weight, 'parameter', [classes, features]);
  }
  if (trained) expect('classifier_loss', 'output', [1]);
  expect('predict/x', 'input', [frames, predictBatch, model.input.size]);
  expect('predict/goodness', 'output', [predictBatch, classes]);
  // Plans of an older rffc do without.
  if (tensors.has('predict/goodness_layers'))
    expect('predict/goodness_layers', 'output', [layersAlone(model).length, predictBatch, classes]);
  if (predicting) expect('predict/softmax', 'output', [predictBatch, classes]);
  const ownerOf = ({ name, parameter, state }: PlanTensor) =>
    parameter !== undefined && state !== undefined && name === stateId(parameterId(parameter, 1), state).name
      ? tensors.get(parameter)
      : undefined;
  for (const t of plan.tensors) {
    if (t.role === 'parameter' && !(expected.has(t.name) && t.parameter === t.name))
      wrong('tensors', `\`${t.name}\` is a parameter, and none of the model's`);
    if (t.role !== 'state') continue;
    const peers = model.layers.find((l) => l.peer_norm && t.name === peerMean(l.name).name);
    const shape = peers ? [peers.size] : ownerOf(t)?.shape;
    if (shape?.join() !== t.shape.join()) wrong('tensors', `\`${t.name}\` is the state of no parameter`);
  }
}

/**
 * The products of the model as written are no larger and no more than the model can have: a benchmark allocates their
 * operands and makes a launch for each.
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
        `has ${naive[program].length} products, and the model ${model.layers.length} layers`,
      );
    naive[program].forEach(([m, n, k, times], i) => {
      if (times > steps || Math.max(m, n, k) > widest)
        say(
          'RFF857',
          `naive/${program}/${i}`,
          `${times} products of ${m} × ${n} × ${k} are more than the model has`,
        );
    });
  }
}
