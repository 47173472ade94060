/**
 * Checks a model document that did not come from the checker: first its shape, by the JSON schema, then what a schema
 * cannot express (names that resolve, expressions in scope, sizes that fit).
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Diagnostic, Severity } from '../../grammar/diagnostic.js';
import schema from '../../grammar/schema/model.schema.json' with { type: 'json' };
import type { Connection, ExpressionJson, FastConnection, LabelMode, ModelDocument } from '../model.js';
import { meaning } from './learning.js';
import { type Finding, findings } from './structure.js';
import { type CallValue, type TableName, tables } from './tables.js';
import { instantiate, limits, literal, mentions, symbol, type Typed } from './typing.js';

export type Validated =
  /** All diagnostics are warnings. */
  | { readonly document: ModelDocument; readonly diagnostics: readonly Diagnostic[] }
  | { readonly document?: undefined; readonly diagnostics: readonly Diagnostic[] };

let compiled: ValidateFunction<ModelDocument> | undefined;
/** Compiled on first use and without slow checks: the schema is our own, and a test checks it. */
const validator = (): ValidateFunction<ModelDocument> =>
  (compiled ??= new Ajv2020({
    allErrors: true,
    discriminator: true,
    allowUnionTypes: true,
    strictTuples: false,
    validateSchema: false,
    meta: false,
    inlineRefs: false,
    code: { optimize: false },
  }).compile<ModelDocument>(schema));

/** Maximum number of errors about the shape of a document. */
const mostErrors = 20;

/** A model document from JSON, or its diagnostics. Pure; never throws. */
export function validateDocument(json: unknown, file?: string): Validated {
  const diagnostics: Diagnostic[] = [];
  const say = (severity: Severity, code: string, message: string, hint?: string): undefined =>
    void diagnostics.push({
      code,
      severity,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(file === undefined ? {} : { file }),
    });

  if (typeof json === 'object' && json !== null && 'rffc' in json && json.rffc !== 1) {
    say('error', 'RFF332', `unsupported model document version ${JSON.stringify(json.rffc)}: expected 1`);
    return { diagnostics };
  }
  if (typeof json === 'object' && json !== null && !('rffc' in json)) {
    say(
      'error',
      'RFF330',
      'not a model document: the JSON has no property `rffc`',
      'pass a .rff file, or the JSON written by `rffc compile FILE --emit model`',
    );
    return { diagnostics };
  }
  if (isTooDeep(json)) {
    say('error', 'RFF330', 'invalid model document: nested too deeply');
    return { diagnostics };
  }
  const validate = validator();
  if (!validate(json)) {
    for (const error of readable(validate.errors ?? []).slice(0, mostErrors)) {
      say('error', 'RFF330', `${path(error.instancePath)} ${wording(error)}`, hintOf(error));
    }
    return { diagnostics };
  }
  const wrong = (code: string, at: string, message: string, hint?: string) =>
    say('error', code, `${at}: ${message}`, hint);
  checkNames(json, wrong);
  checkExpressions(json, wrong);
  checkCalls(json, wrong);
  const found = (list: readonly Finding[]) => {
    for (const f of list) say(f.severity, f.code, `${f.at}: ${f.message}`, f.hint);
  };
  const isWrong = () => diagnostics.some((d) => d.severity === 'error');
  found(findings(json));
  if (!isWrong()) found(meaning(json));
  return isWrong() ? { diagnostics } : { document: json, diagnostics };
}

type Say = (code: string, at: string, message: string, hint?: string) => undefined;

/** Whether brackets nest deeper than any model's. Iterative, since deep recursion would exhaust the stack. */
function isTooDeep(json: unknown): boolean {
  let level: unknown[] = [json];
  for (let depth = 0; level.length; depth++) {
    if (depth > limits.depth + 16) return true;
    const next: unknown[] = [];
    for (const item of level)
      if (typeof item === 'object' && item !== null)
        for (const value of Object.values(item)) next.push(value);
    level = next;
  }
  return false;
}

/** Removes errors about the branches of a choice that was not meant. */
function readable(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const choices = errors.filter((e) => e.keyword === 'anyOf');
  return errors.filter((e) => {
    if (e.keyword === 'anyOf')
      return !errors.some(
        (other) =>
          other !== e &&
          other.keyword !== 'type' &&
          other.schemaPath !== e.schemaPath &&
          other.instancePath.startsWith(e.instancePath),
      );
    // In a choice of null or an object: the error that it is not null.
    return !choices.some((c) => e.keyword === 'type' && e.instancePath === c.instancePath);
  });
}

function path(pointer: string): string {
  return pointer === '' ? 'the document' : pointer.slice(1);
}

function wording(error: ErrorObject): string {
  switch (error.keyword) {
    case 'additionalProperties':
      return `has the unknown property \`${error.params.additionalProperty}\``;
    case 'required':
      return `lacks the property \`${error.params.missingProperty}\``;
    case 'enum':
      return `must be one of ${(error.params.allowedValues as unknown[]).map((v) => JSON.stringify(v)).join(', ')}`;
    case 'const':
      return `must be ${JSON.stringify(error.params.allowedValue)}`;
    case 'discriminator':
      return `has an unknown name ${JSON.stringify(error.params.tagValue)}`;
    case 'anyOf':
      return 'has the wrong type';
    default:
      return error.message ?? 'is invalid';
  }
}

function hintOf(error: ErrorObject): string | undefined {
  return error.instancePath === '' && error.keyword === 'type'
    ? 'a model document is what `rffc compile --emit model` prints'
    : undefined;
}

function checkNames(d: ModelDocument, wrong: Say): void {
  const unique = (names: readonly (readonly [string, string])[], what: string): void => {
    const seen = new Set<string>();
    for (const [name, at] of names) {
      if (seen.has(name)) wrong('RFF208', at, `duplicate ${what} \`${name}\``);
      seen.add(name);
    }
  };
  const layers = new Set(d.layers.map((l) => l.name));
  unique(
    [
      [d.input.name, 'input'],
      ...(d.label ? [[d.label.name, 'label'] as const] : []),
      ...d.layers.map((l, i) => [l.name, `layers/${i}`] as const),
    ],
    'node',
  );
  unique(
    [
      ...d.connections.map((c, i) => [c.name, `connections/${i}`] as const),
      ...d.fast_weights.map((c, i) => [c.name, `fast_weights/${i}`] as const),
    ],
    'connection',
  );
  unique(
    d.phases.map((p, i) => [p.name, `phases/${i}`]),
    'phase',
  );
  unique(
    d.objectives.map((o, i) => [o.name ?? '(no name)', `objectives/${i}`]),
    'objective',
  );

  const nodes = new Set([...layers, d.input.name, ...(d.label ? [d.label.name] : [])]);
  const arrow = (c: Connection | FastConnection, at: string): void => {
    for (const end of [c.source, c.target])
      if (!nodes.has(end)) wrong('RFF203', at, `unknown layer, input or label \`${end}\``);
    const name = `${c.target}.${c.source}.${c.type}`;
    if (c.name !== name)
      wrong('RFF331', at, `name \`${c.name}\` does not match target, source and type: expected \`${name}\``);
  };
  d.connections.forEach((c, i) => {
    arrow(c, `connections/${i}`);
  });
  d.fast_weights.forEach((c, i) => {
    arrow(c, `fast_weights/${i}`);
  });
  d.layers.forEach((l, i) => {
    if (l.objective >= d.objectives.length)
      wrong(
        'RFF205',
        `layers/${i}`,
        `unknown objective ${l.objective}: the last is ${d.objectives.length - 1}`,
      );
  });
  if (!d.phases.some((p) => p.name === d.score.phase))
    wrong('RFF206', 'score', `unknown phase \`${d.score.phase}\``);
  for (const [at, list] of [
    ['score', d.score.layers],
    ['negatives', d.negatives.name === 'latent_classifier' ? d.negatives.layers : []],
    ['decoder', d.decoder?.layers ?? []],
    ['readout', d.readout?.layers ?? []],
  ] as const) {
    for (const layer of list) if (!layers.has(layer)) wrong('RFF203', at, `unknown layer \`${layer}\``);
  }
}

function checkExpressions(d: ModelDocument, wrong: Say): void {
  const n = symbol('n', 'constant');
  const look = (
    at: string,
    json: ExpressionJson,
    kind: 'element' | 'row' | 'number',
    variables: readonly Typed[],
    on: readonly string[],
  ): void => {
    const scope = new Map(variables.map((v) => [v.json as string, v]));
    const typed = instantiate(json, scope, kind !== 'number', (code, message, hint) =>
      wrong(code, at, message, hint),
    );
    if (!typed) return;
    if (on.length && !on.some((v) => mentions(json, v)))
      wrong('RFF411', at, `does not depend on ${on.join(' or ')}`);
    else if (kind === 'row' && typed.kind === 'element')
      wrong('RFF402', at, 'must be a scalar per sample, and is a value per unit');
    else if (kind === 'element' && typed.kind !== 'element')
      wrong('RFF402', at, 'must be a value per unit, and is a scalar per sample');
  };
  const h = symbol('h', 'element');
  if (d.input.normalize !== null)
    look('input/normalize', d.input.normalize, 'element', [h, literalN(d.input.size)], ['h']);
  d.layers.forEach((l, i) => {
    look(
      `layers/${i}/activation`,
      l.activation,
      'element',
      [symbol('z', 'element'), literalN(l.size)],
      ['z'],
    );
    look(`layers/${i}/normalize`, l.normalize, 'element', [h, literalN(l.size)], ['h']);
  });
  d.objectives.forEach((o, i) => {
    const at = `objectives/${i}`;
    look(`${at}/goodness`, o.goodness, 'row', [h, n], ['h']);
    for (const key of ['positive', 'negative'] as const) {
      const loss = o[key];
      if (loss !== null) look(`${at}/${key}`, loss, 'number', [symbol('goodness', 'row'), n], ['goodness']);
    }
    if (o.pair !== null)
      look(`${at}/pair`, o.pair, 'number', [symbol('pos', 'row'), symbol('neg', 'row'), n], ['pos', 'neg']);
    const losses = [o.positive, o.negative].filter((loss) => loss !== null).length;
    if (o.pair === null ? losses < 2 : losses > 0)
      wrong('RFF319', at, 'an objective has `positive` and `negative`, or `pair`');
  });
  if (d.decoder) {
    const [x, y] = [symbol('x', 'element'), symbol('y', 'element')];
    const units = literalN(d.input.size);
    look('decoder/loss', d.decoder.loss, 'row', [x, y, units], ['y']);
    look('decoder/activation', d.decoder.activation, 'element', [symbol('z', 'element'), units], ['z']);
  }
  const t = symbol('t', 'constant');
  const mode = (at: string, label: LabelMode): void => {
    if (label.name !== 'mix') return;
    look(`${at}/w`, label.w, 'number', [t], []);
    mode(`${at}/a`, label.a);
    mode(`${at}/b`, label.b);
  };
  d.phases.forEach((p, i) => {
    mode(`phases/${i}/label`, p.label);
    if (p.input.name !== 'frame') return;
    const { index } = p.input;
    look(`phases/${i}/input`, index, 'number', [t], []);
    if (typeof index === 'number' && !(Number.isInteger(index) && index >= 0))
      wrong('RFF511', `phases/${i}/input`, `invalid frame index ${index}: expected an integer of at least 0`);
  });
}

/** `n` if the layer is known. */
function literalN(size: number): Typed {
  return { ...literal(size), json: 'n' };
}

/** Contradictory arguments. */
function checkCalls(d: ModelDocument, wrong: Say): void {
  const look = (at: string, table: TableName, call: { readonly name: string } | null): void => {
    const info = call && tables[table][call.name];
    const found = info?.contradiction?.(call as CallValue);
    if (found) wrong('RFF513', at, found.message, found.hint);
  };
  d.connections.forEach((c, i) => {
    look(`connections/${i}/init`, 'init', c.init);
    look(`connections/${i}/bias`, 'init', c.bias);
  });
  d.layers.forEach((l, i) => {
    look(`layers/${i}/optimizer`, 'optimizer', l.optimizer);
  });
  if (d.decoder) {
    look('decoder/init', 'init', d.decoder.init);
    look('decoder/bias', 'init', d.decoder.bias);
    look('decoder/optimizer', 'optimizer', d.decoder.optimizer);
  }
  look('train/optimizer', 'optimizer', d.train.optimizer);
  look('train/decay', 'decay', d.train.decay);
  if (d.negatives.name === 'latent_classifier')
    look('negatives/optimizer', 'optimizer', d.negatives.optimizer);
  if (d.readout) look('readout/optimizer', 'optimizer', d.readout.optimizer);
}
