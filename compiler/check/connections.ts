/**
 * Reads connections: their types, with what each type extends, and the chains that join nodes by them.
 */
import type { ConnectDeclaration, ConnectionTypeDeclaration, Name, Property } from '../../grammar/ast.js';
import type { Span } from '../../grammar/diagnostic.js';
import { words } from '../../grammar/habits.js';
import { fansOf, fieldOver } from '../field.js';
import type { Connection, FastConnection, Init, PatchField } from '../model.js';
import {
  type Context,
  type PropertyMap,
  readProperties,
  suggestion,
  unknownName,
  warnUnused,
  whole,
} from './context.js';
import { numbers } from './expressions.js';
import { habit } from './habits.js';
import { mark } from './places.js';
import { propertyKinds } from './properties.js';
import { alternatives, spanning } from './report.js';
import type { DraftArrow, DraftConnection } from './structure.js';
import { literal, symbol, type Typed } from './typing.js';
import { numberProperty, readCall, readNumber, switchProperty } from './values.js';

/** Units at each end; undefined where not known. */
interface Ends {
  readonly source: number | undefined;
  readonly target: number | undefined;
}

export interface Connections {
  readonly drafts: readonly DraftConnection[];
  readonly fastDrafts: readonly DraftArrow[];
  /** Complete, in order; undefined where there is an error. */
  readonly list: readonly (Connection | undefined)[];
  readonly fast: readonly (FastConnection | undefined)[];
  /** Layers that an unknown node connects into. */
  readonly reached: ReadonlySet<string>;
  /** Some connection's target is unknown. */
  readonly lost: boolean;
}

/** Connection types by name, their own properties after those of what they extend. */
export interface ConnectionTypes {
  lookup(cx: Context, name: Name): PropertyMap | undefined;
  warnUnused(cx: Context): void;
}

export function readConnectionTypes(
  cx: Context,
  declarations: readonly ConnectionTypeDeclaration[],
): ConnectionTypes {
  const own = new Map<
    string,
    { readonly declaration: ConnectionTypeDeclaration; readonly properties: PropertyMap }
  >();
  const used = new Set<string>();
  for (const declaration of declarations) {
    const { text, span } = declaration.name;
    const properties = readProperties(cx, 'connection', 'a connection', declaration.properties);
    // Also of a type that nothing uses, and once for all that do.
    if (properties.has('fast')) readFastProperties(cx, properties, { source: undefined, target: undefined });
    else readConnectionProperties(cx, properties, { source: undefined, target: undefined });
    const first = own.get(text);
    if (first)
      cx.report.error(
        'RFF208',
        span,
        `connection \`${text}\` is declared twice`,
        `first on line ${first.declaration.name.span.line}`,
      );
    else own.set(text, { declaration, properties });
  }
  const names = [...own.keys()];
  const find = (name: Name): string | undefined => {
    if (own.has(name.text)) {
      used.add(name.text);
      return name.text;
    }
    const hint = suggestion(name.text, names) ?? `declare it: \`connection ${name.text} { }\``;
    return unknownName(cx, 'connection type', name.text, {
      code: 'RFF204',
      span: name.span,
      message: `there is no connection type \`${name.text}\``,
      hint,
    });
  };
  /** From a type to the last it extends; undefined when one is unknown. */
  const ancestry = (name: string): readonly string[] | undefined => {
    const chain = [name];
    for (;;) {
      const base = own.get(chain.at(-1)!)?.declaration.base;
      if (!base) return chain;
      const next = find(base);
      if (next === undefined) return undefined;
      if (chain.includes(next)) {
        // One error a circle: at its first member in the file.
        const circle = chain.slice(chain.indexOf(next));
        const first = declarations.find((d) => circle.includes(d.name.text));
        const start = circle.indexOf(first?.name.text ?? next);
        const around = [...circle.slice(start), ...circle.slice(0, start + 1)]
          .map((n) => `\`${n}\``)
          .join(' extends ');
        return cx.report.error(
          'RFF309',
          first?.base?.span ?? base.span,
          `${around}: a circle`,
          'remove one `extends`',
        );
      }
      chain.push(next);
    }
  };
  for (const name of names) ancestry(name);
  return {
    lookup: (_, name) => {
      const found = find(name);
      const chain = found === undefined ? undefined : ancestry(found);
      if (!chain) return undefined;
      return new Map(chain.toReversed().flatMap((type) => [...own.get(type)!.properties]));
    },
    warnUnused: () => {
      const unused = declarations.filter((d) => !used.has(d.name.text));
      warnUnused(
        cx,
        'connection type',
        'connection type',
        unused.map((d) => d.name),
      );
    },
  };
}

/** PyTorch's of `nn.Linear`. */
export const standardBias = (fanIn: number): Init => ({
  name: 'uniform',
  low: -1 / Math.sqrt(fanIn),
  high: 1 / Math.sqrt(fanIn),
});
export const standardInit: Init = { name: 'kaiming_uniform', gain: Math.sqrt(1 / 3) };

type ConnectionProperties = Pick<
  Connection,
  'init' | 'bias' | 'sign' | 'delay' | 'dropout' | 'learn' | 'lr_scale' | 'field'
>;

/** The properties of one connection; without its ends' sizes, checks what does not depend on them. */
function readConnectionProperties(
  cx: Context,
  properties: PropertyMap,
  ends: Ends,
): { readonly [K in keyof ConnectionProperties]: ConnectionProperties[K] | undefined } {
  const get = (key: string): Property | undefined => properties.get(key);
  const fieldProperty = get('field');
  const read = fieldProperty && readCall(cx, fieldProperty.value, 'field', numbers('`field`'));
  const field = fieldProperty ? (read as PatchField | undefined) : null;
  const fans = field === undefined ? undefined : fan(ends, field);
  const variables = fanVariables(fans);
  const init = get('init');
  const bias = get('bias');
  const off = bias?.value?.kind === 'name' && bias.value.name === 'off';
  return {
    init: init
      ? (readCall(cx, init.value, 'init', numbers('`init`', variables)) as Init | undefined)
      : standardInit,
    bias: off
      ? null
      : bias
        ? readBias(cx, bias.value, variables)
        : fans?.in === undefined
          ? undefined
          : standardBias(fans.in),
    sign: numberProperty(cx, get('sign'), propertyKinds.sign, 1) as 1 | -1 | undefined,
    delay: numberProperty(cx, get('delay'), propertyKinds.delay, 1) as 0 | 1 | undefined,
    dropout: numberProperty(cx, get('dropout'), propertyKinds.dropout, 0),
    learn: switchProperty(cx, get('learn'), true),
    lr_scale: numberProperty(cx, get('lr_scale'), propertyKinds.lr_scale, 1),
    field,
  };
}

/** How biases start; `false` and the like are told to be `off`. */
function readBias(
  cx: Context,
  e: Property['value'],
  variables: ReadonlyMap<string, Typed>,
): Init | undefined {
  if (e?.kind === 'name' && habit(words, e.name) === 'off')
    return cx.report.error(
      'RFF503',
      e.span,
      `\`bias\` takes a call or \`off\`, not \`${e.name}\``,
      'write `off`',
    );
  return readCall(cx, e, 'init', numbers('`bias`', variables)) as Init | undefined;
}

/** What is said of parameters, and so means nothing beside `fast`. */
const ofParameters = ['init', 'bias', 'learn', 'lr_scale', 'field', 'dropout'] as const;

type FastProperties = Pick<FastConnection, 'sign' | 'delay' | 'decay' | 'rate'>;

/**
 * What `rate` is where it is not written: rows normalized to a mean square of 1 agree by their cosine then, at any
 * size.
 */
const standardRate = (fanIn: number): number => 0.1 / fanIn;

/** The properties of a connection that has `fast`. */
function readFastProperties(
  cx: Context,
  properties: PropertyMap,
  ends: Ends,
): { readonly [K in keyof FastProperties]: FastProperties[K] | undefined } {
  const get = (key: string): Property | undefined => properties.get(key);
  const fast = get('fast')!;
  const rate = get('rate');
  const fans = fan(ends, null);
  const idle = ofParameters.filter((key) => properties.has(key)).map((key) => `\`${key}\``);
  if (idle.length)
    cx.report.error(
      'RFF514',
      fast.key.span,
      `fast weights have no parameters, so ${alternatives(idle, 'and')} can say nothing about them`,
      `leave out ${alternatives(idle, 'and')}, or \`fast\``,
    );
  const call = readCall(cx, fast.value, 'fast', numbers('`fast`'));
  return {
    sign: numberProperty(cx, get('sign'), propertyKinds.sign, 1) as 1 | -1 | undefined,
    delay: numberProperty(cx, get('delay'), propertyKinds.delay, 1) as 0 | 1 | undefined,
    decay: call?.decay as number | undefined,
    rate: rate
      ? readNumber(cx, rate.value, propertyKinds.rate, numbers('`rate`', fanVariables(fans)))
      : fans.in === undefined
        ? undefined
        : standardRate(fans.in),
  };
}

interface Fans {
  readonly in: number | undefined;
  readonly out: number | undefined;
}

/** `fan_in` and `fan_out`, where they are known. */
export const fanVariables = (fans: Fans | undefined): ReadonlyMap<string, Typed> =>
  new Map([
    ['fan_in', fans?.in === undefined ? symbol('fan_in', 'constant') : literal(fans.in)],
    ['fan_out', fans?.out === undefined ? symbol('fan_out', 'constant') : literal(fans.out)],
  ]);

/** Weights into a unit, and on average out of one. */
function fan(ends: Ends, field: PatchField | null): Fans {
  const { source, target } = ends;
  if (!field) return { in: source, out: target };
  if (source === undefined || !fieldOver(field, source)) return { in: undefined, out: undefined };
  const fans = fansOf(source, target ?? 0, field);
  return target === undefined ? { in: fans.in, out: undefined } : fans;
}

/** The connections of a model's chains. `sizes` has every node's size. */
export function readConnections(
  cx: Context,
  declarations: readonly ConnectDeclaration[],
  types: ConnectionTypes,
  sizes: ReadonlyMap<string, number | undefined>,
  hasInput: boolean,
): Connections {
  const drafts: DraftConnection[] = [];
  const list: (Connection | undefined)[] = [];
  const fastDrafts: DraftArrow[] = [];
  const fast: (FastConnection | undefined)[] = [];
  const reached = new Set<string>();
  const arrows = new Map<string, Span>();
  const targets = new Set(
    declarations.flatMap((d) => d.chains.flatMap((chain) => chain.slice(1).map((name) => name.text))),
  );
  let lost = false;
  // What only gives, where no input is declared, is the input: that it is missing is reported already.
  const unknowns = declarations
    .flatMap((d) => d.chains.flat())
    .filter((name) => !sizes.has(name.text) && !targets.has(name.text));
  const missingInput = hasInput ? undefined : unknowns[0]?.text;

  const resolve = (name: Name): string | undefined => {
    if (sizes.has(name.text)) return name.text;
    if (name.text === missingInput) return undefined;
    const hint = suggestion(name.text, sizes.keys()) ?? `declare it: \`layer ${name.text}[100]\``;
    return unknownName(cx, 'node', name.text, {
      code: 'RFF203',
      span: name.span,
      message: `there is no layer, input or label \`${name.text}\``,
      hint,
    });
  };

  for (const declaration of declarations) {
    const type = declaration.type && types.lookup(cx, declaration.type);
    const overrides = readProperties(cx, 'connection', 'a connection', declaration.properties);
    if (!type) readConnectionProperties(cx, overrides, { source: undefined, target: undefined });
    const properties = type && new Map([...type, ...overrides]);
    for (const chain of declaration.chains) {
      const names = chain.map(resolve);
      for (let i = 1; i < chain.length; i++) {
        const source = names[i - 1];
        const target = names[i];
        if (target === undefined) lost = true;
        else if (source === undefined) reached.add(target);
        if (target === undefined || source === undefined) continue;
        const name = `${target}.${source}.${declaration.type?.text ?? '?'}`;
        const arrow = spanning(chain[i - 1]!.span, chain[i]!.span);
        const first = arrows.get(name);
        if (first && declaration.type) {
          cx.report.error(
            'RFF308',
            arrow,
            `\`${source} -> ${target}\` is connected as \`${declaration.type.text}\` twice`,
            `it is already on line ${first.line}; a second connection needs another type`,
          );
          continue;
        }
        arrows.set(name, arrow);
        const path = `connections/${name}`;
        cx.spans.set(path, arrow);
        cx.spans.set(`${path}/source`, chain[i - 1]!.span);
        cx.spans.set(`${path}/target`, chain[i]!.span);
        if (properties) mark(cx, path, properties);
        const ends = { name, target, source, type: declaration.type?.text };
        if (properties?.has('fast')) {
          const read = readFastProperties(cx, properties, {
            source: sizes.get(source),
            target: sizes.get(target),
          });
          fastDrafts.push({ name, target, source, delay: read.delay });
          fast.push(whole<FastConnection>({ ...ends, ...read }));
          continue;
        }
        const rate = properties?.get('rate');
        if (rate)
          cx.report.error(
            'RFF514',
            rate.key.span,
            '`rate` is that of fast weights, and this connection has none',
            'leave it out, or add `fast: decay(0.9)`; how fast a connection learns is its `lr_scale`',
          );
        const read =
          properties &&
          readConnectionProperties(cx, properties, { source: sizes.get(source), target: sizes.get(target) });
        drafts.push({ name, target, source, delay: read?.delay, field: read?.field });
        list.push(read && whole<Connection>({ ...ends, ...read }));
      }
    }
  }
  return { drafts, fastDrafts, list, fast, reached, lost };
}
