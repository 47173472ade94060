/**
 * Reads what follows a `:` or is between the parentheses of a call, by the kinds of `tables.ts`: numbers in their
 * range, switches, words, text, lists, layers and calls.
 *
 * Each reader reports what is wrong and returns undefined; nothing is reported twice.
 */
import type { CallExpression, Expression, Property } from '../../grammar/ast.js';
import { predictions, words } from '../../grammar/habits.js';
import { writeExpression } from '../../grammar/write.js';
import { type Context, suggestion, unknownName } from './context.js';
import { bind, describe, numbers, type Scope, translate } from './expressions.js';
import { callMeant, habit } from './habits.js';
import { alternatives } from './report.js';
import {
  type CallInfo,
  type CallValue,
  type Kind,
  type NumberKind,
  type Parameter,
  type TableName,
  tableNouns,
  tables,
  type Value,
} from './tables.js';

/** A range in words: `above 0 and at most 1`. */
export function rangeText(kind: NumberKind): string {
  if (kind.among) return alternatives(kind.among.map(String));
  const ends = [
    ...(kind.min === undefined ? [] : [`at least ${kind.min}`]),
    ...(kind.above === undefined ? [] : [`above ${kind.above}`]),
    ...(kind.max === undefined ? [] : [`at most ${kind.max}`]),
    ...(kind.below === undefined ? [] : [`below ${kind.below}`]),
  ];
  return ends.join(' and ');
}

/** Whether a number is in the range of a kind (not whether it is an integer). */
export function inRange(kind: NumberKind, value: number): boolean {
  return (
    (kind.among === undefined || kind.among.includes(value)) &&
    value >= (kind.min ?? -Infinity) &&
    value > (kind.above ?? -Infinity) &&
    value <= (kind.max ?? Infinity) &&
    value < (kind.below ?? Infinity)
  );
}

function wrongKind(cx: Context, e: Expression, what: string, wanted: string, hint?: string): undefined {
  return cx.report.error('RFF503', e.span, `${what} takes ${wanted}, not ${describe(e)}`, hint);
}

/** A number: any expression of constants, params and variables of the scope. */
export function readNumber(
  cx: Context,
  e: Expression | undefined,
  kind: NumberKind,
  scope: Scope,
): number | undefined {
  if (!e) return undefined;
  if (
    e.kind === 'string' ||
    e.kind === 'list' ||
    (e.kind === 'name' && (e.name === 'on' || e.name === 'off'))
  ) {
    const number = e.kind === 'string' && e.value.trim() !== '' && Number.isFinite(Number(e.value));
    return wrongKind(cx, e, scope.what, 'a number', number ? `write \`${Number(e.value)}\`` : undefined);
  }
  const value = translate(cx, e, scope)?.value;
  if (value === undefined) return undefined;
  if (kind.integer && !Number.isInteger(value)) {
    return cx.report.error(
      'RFF511',
      e.span,
      `${scope.what} must be an integer, not ${value}`,
      `write ${alternatives([`${Math.floor(value)}`, `${Math.ceil(value)}`])}, or use \`floor(…)\``,
    );
  }
  if (!inRange(kind, value))
    return cx.report.error('RFF504', e.span, `${scope.what} must be ${rangeText(kind)}, not ${value}`);
  return value;
}

/** `on` or `off`. */
export function readSwitch(cx: Context, e: Expression | undefined, what: string): boolean | undefined {
  if (!e) return undefined;
  if (e.kind === 'name' && (e.name === 'on' || e.name === 'off')) return e.name === 'on';
  const meant = habit(words, wordOf(e) ?? '');
  return wrongKind(
    cx,
    e,
    what,
    'a switch',
    `write ${meant === undefined ? '`on` or `off`' : `\`${meant}\``}`,
  );
}

/** A name, text or number as the word that it may stand for. */
export function wordOf(e: Expression): string | undefined {
  return e.kind === 'name'
    ? e.name
    : e.kind === 'string'
      ? e.value
      : e.kind === 'number'
        ? e.text
        : undefined;
}

/** One of a few words. */
export function readWord<W extends string>(
  cx: Context,
  e: Expression | undefined,
  among: readonly W[],
  what: string,
): W | undefined {
  if (!e) return undefined;
  const list = alternatives(among.map((w) => `\`${w}\``));
  const written = wordOf(e) ?? '';
  const meant = among.find((w) => w === (habit(predictions, written) ?? written));
  const hint = meant === undefined ? suggestion(written, among) : `write \`${meant}\``;
  if (e.kind !== 'name') return wrongKind(cx, e, what, list, hint);
  const word = among.find((w) => w === e.name);
  if (word === undefined)
    cx.report.error('RFF512', e.span, `invalid ${what}: expected ${list}, found \`${e.name}\``, hint);
  return word;
}

/** The name of a layer, known or reported. */
export function resolveLayer(cx: Context, name: string, span: Expression['span']): string | undefined {
  if (cx.layers.includes(name)) return name;
  const hint = suggestion(name, cx.layers) ?? `layers are ${cx.layers.map((l) => `\`${l}\``).join(', ')}`;
  return unknownName(cx, 'node', name, {
    code: 'RFF203',
    span,
    message: `unknown layer \`${name}\``,
    hint,
  });
}

function readLayers(cx: Context, e: Expression, what: string): readonly string[] | undefined {
  if (e.kind === 'name' && e.name === 'all') return cx.layers;
  const items = e.kind === 'list' ? e.items : [e];
  const seen = new Set<string>();
  const found = items.map((item) => {
    if (item.kind !== 'name') return wrongKind(cx, item, what, '`all` or layers');
    if (seen.has(item.name)) return cx.report.error('RFF208', item.span, `\`${item.name}\` is listed twice`);
    seen.add(item.name);
    return resolveLayer(cx, item.name, item.span);
  });
  if (!found.length) return wrongKind(cx, e, what, '`all` or layers', 'name at least one');
  return found.every((layer) => layer !== undefined) ? found : undefined;
}

function readValue(cx: Context, e: Expression, kind: Kind, scope: Scope): Value | undefined {
  const { what } = scope;
  switch (kind.is) {
    case 'number':
      return readNumber(cx, e, kind, scope);
    case 'switch':
      return readSwitch(cx, e, what);
    case 'word':
      return readWord(cx, e, kind.among, what);
    case 'text':
      return e.kind === 'string' ? e.value : wrongKind(cx, e, what, 'text in quotes');
    case 'list': {
      if (e.kind !== 'list' || e.items.length !== kind.items.length) {
        return wrongKind(cx, e, what, `a list of ${kind.items.length} numbers`);
      }
      const items = e.items.map((item, i) => readNumber(cx, item, kind.items[i]!, scope));
      return items.every((item) => item !== undefined) ? items : undefined;
    }
    case 'layers':
      return readLayers(cx, e, what);
    case 'call':
      return readCall(cx, e, kind.of, scope);
    default:
      return kind satisfies never;
  }
}

/**
 * A call of one of the tables, its arguments by field and defaults filled in.
 *
 * @param scope what the call is for (`\`init\``) and the variables of its arguments
 */
export function readCall(
  cx: Context,
  e: Expression | undefined,
  table: TableName,
  scope: Scope,
): CallValue | undefined {
  if (!e) return undefined;
  const calls = tables[table];
  const name = e.kind === 'call' ? e.callee.text : e.kind === 'name' ? e.name : undefined;
  const switched = e.kind === 'name' && (name === 'on' || name === 'off');
  const meant = switched ? undefined : callMeant(e, table);
  const write = meant === undefined ? undefined : `write \`${meant}\``;
  if (name === undefined || switched)
    return wrongKind(cx, e, scope.what, `a call, such as \`${example(table)}\``, write);
  const info = Object.hasOwn(calls, name) ? calls[name] : undefined;
  if (!info) {
    const names = Object.keys(calls);
    const list = `expected ${alternatives(
      names.map((n) => `\`${n}\``),
      'and',
    )}`;
    const message = `unknown ${tableNouns[table]} \`${name}\``;
    // If only the name is wrong, only the name is underlined.
    const callee = meant === undefined ? '' : meant.slice(0, meant.indexOf('('));
    if (
      e.kind === 'call' &&
      (meant === undefined || meant === writeExpression({ ...e, callee: { ...e.callee, text: callee } }))
    )
      return cx.report.error(
        'RFF505',
        e.callee.span,
        message,
        meant === undefined ? list : `did you mean \`${callee}\`?`,
      );
    return cx.report.error('RFF505', e.span, message, write ?? list);
  }
  if (e.kind !== 'call')
    return cx.report.error('RFF503', e.span, `missing parentheses: \`${name}\` is a call`, write);
  return readArguments(cx, e, info, scope);
}

function example(table: TableName): string {
  return {
    init: 'kaiming_uniform()',
    optimizer: 'rmsprop(lr: 1e-4)',
    decay: 'constant()',
    data: 'digits()',
    augment: 'shift(2)',
    negatives: 'random_label()',
    readout: 'softmax()',
    field: 'patch([28, 28], size: 7)',
    fast: 'decay(0.9)',
    peer_norm: 'peer_norm(0.03)',
    embed: 'digit(at: 0)',
  }[table];
}

function readArguments(cx: Context, e: CallExpression, info: CallInfo, scope: Scope): CallValue | undefined {
  const optional = (p: Parameter) => p.optional === true || p.default !== undefined;
  const bound = bind(
    cx,
    e,
    info.parameters.map((p) => ({ name: p.name, optional: optional(p) })),
  );
  // Even if one is unknown or missing, the others are checked.
  const given =
    bound ??
    new Map(
      e.arguments.flatMap((a, i) => {
        const p = a.name ? info.parameters.find((x) => x.name === a.name?.text) : info.parameters[i];
        return p ? [[p.name, a] as const] : [];
      }),
    );
  const value: Record<string, Value> & { name: string } = { name: e.callee.text };
  let ok = bound !== undefined;
  for (const p of info.parameters) {
    const argument = given.get(p.name);
    const read = argument
      ? readValue(cx, argument.value, p.kind, { ...scope, what: `\`${p.name}\` of \`${e.callee.text}\`` })
      : p.kind.is === 'layers' && p.default === 'all'
        ? cx.layers
        : p.default;
    if (read !== undefined) value[p.field ?? p.name] = read;
    else if (argument) ok = false;
  }
  if (!ok) return undefined;
  const contradiction = info.contradiction?.(value);
  if (contradiction) {
    const at = given.get(contradiction.parameter)?.span ?? e.span;
    return cx.report.error('RFF513', at, contradiction.message, contradiction.hint);
  }
  return value;
}

/** A property's number, or `standard` if it is not set; undefined if invalid. */
export function numberProperty(
  cx: Context,
  property: Property | undefined,
  kind: NumberKind,
  standard: number,
  variables: Scope['variables'] = new Map(),
): number | undefined {
  return property
    ? readNumber(cx, property.value, kind, numbers(`\`${property.key.text}\``, variables))
    : standard;
}

/** A property's switch, or `standard` if it is not set. */
export function switchProperty(
  cx: Context,
  property: Property | undefined,
  standard: boolean,
): boolean | undefined {
  return property ? readSwitch(cx, property.value, `\`${property.key.text}\``) : standard;
}
