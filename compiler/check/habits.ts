/**
 * Suggestions for what people write out of habit: the tables of `grammar/habits.ts` brought together with those of the
 * language. Each gives the text to write, or undefined where nothing is known.
 */
import type { Argument, Expression, Property } from '../../grammar/ast.js';
import {
  argumentNames,
  calls,
  dataFiles,
  elsewhere,
  functions,
  type Habits,
  propertyHabits,
} from '../../grammar/habits.js';
import { closest, plain } from '../../grammar/suggest.js';
import { call, type Given, renamed } from '../../grammar/translate.js';
import { writeExpression } from '../../grammar/write.js';
import type { Construct } from './properties.js';
import { properties } from './properties.js';
import { type TableName, tables } from './tables.js';

/** A habit by its word. */
export function habit(table: Habits, word: string): string | undefined {
  const key = plain(word);
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Arguments that a call cannot do without, as an example of them. */
const required: Habits = {
  sgd: 'lr: 0.1',
  step: 'every: 10, gamma: 0.5',
  linear: '5, 10',
  cosine: 'epochs: 10',
  constant: '0',
  idx: '"FOLDER"',
  csv: '"FILE.csv"',
  tensors: '"FILE.safetensors"',
  shift: '2',
  rotate: '10',
  noise: '0.1',
  patch: '[28, 28], size: 7',
  peer_norm: '0.03',
};

const given = (list: readonly Argument[]): Given[] =>
  list.map(({ name, value }) => ({
    ...(name === undefined ? {} : { name: name.text }),
    value: writeExpression(value),
  }));

/** The call of a table that an expression means: `Adam(lr: 1e-3)`, `MNIST`, `"mnist"`. */
export function callMeant(e: Expression, table: TableName): string | undefined {
  const names = Object.keys(tables[table]);
  const place = table === 'init' ? 'init' : table;
  if (e.kind === 'string' && table === 'data') {
    const file = dataFile(e.value);
    if (file !== undefined) return file;
  }
  const text =
    e.kind === 'call'
      ? e.callee.text
      : e.kind === 'name'
        ? e.name
        : e.kind === 'string'
          ? (e.value.split('/').at(-1) ?? '')
          : /^\w+( - \w+)+$/.test(writeExpression(e))
            ? writeExpression(e).replaceAll(' - ', '_')
            : undefined;
  if (e.kind === 'number' && table === 'init') return e.value === 0 ? 'zeros()' : `constant(${e.text})`;
  if (text === undefined || text === '') return undefined;
  const same = names.find((name) => plain(name) === plain(text));
  const arguments_ = e.kind === 'call' ? given(e.arguments) : [];
  if (same === undefined && table === 'data' && dataFiles.includes(plain(text)))
    return `tensors("${text.toLowerCase()}.safetensors")`;
  const habitual =
    same === undefined && habit(calls, text) !== undefined ? call(text, arguments_, place) : undefined;
  const written = habitual !== undefined && names.includes(headOf(habitual)) ? habitual : undefined;
  const name = written === undefined ? (same ?? closest(text, names)) : headOf(written);
  if (name === undefined) return undefined;
  const inside =
    written === undefined
      ? call(name, arguments_, place).slice(name.length + 1, -1)
      : written.slice(name.length + 1, -1);
  const needs = tables[table][name]?.parameters.some((p) => p.default === undefined && p.optional !== true);
  return `${name}(${inside === '' && needs === true ? (required[name] ?? '') : inside})`;
}
const headOf = (text: string): string => /^\w*/.exec(text)![0];

/** `data: "train.csv"` */
function dataFile(path: string): string | undefined {
  if (/\.csv$/i.test(path)) return `csv("${path}")`;
  if (/\.safetensors$/i.test(path)) return `tensors("${path}")`;
  return undefined;
}

/**
 * The expression that a function's name, or a call of it, means: `ReLU`, `swish(z)`. `variable` is what one without
 * arguments is applied to.
 */
export function functionMeant(
  e: Expression,
  names: readonly string[],
  variable: string | undefined,
): string | undefined {
  const name =
    e.kind === 'call' ? e.callee.text : e.kind === 'name' ? e.name : e.kind === 'string' ? e.value : '';
  const list = e.kind === 'call' ? given(e.arguments) : [];
  const values = list.length || variable === undefined ? list : [{ value: variable }];
  if (values.length === 0) return undefined;
  if (habit(functions, name) !== undefined) return call(name, values, '');
  const same = names.find((other) => plain(other) === plain(name));
  return same === undefined ? undefined : call(same, values, '');
}

/**
 * What an argument that a call has not is called there; undefined where nothing of `names` is meant. `whole`: the hint
 * is for all of it, not for its name.
 */
export function argumentMeant(
  { name, value }: Argument,
  names: readonly string[],
): { readonly hint: string; readonly whole: boolean } | undefined {
  const known = name === undefined ? undefined : habit(argumentNames, name.text);
  if (known === undefined) return undefined;
  if (known === '') return { hint: 'remove it', whole: true };
  const meant = renamed({ name: name!.text, value: writeExpression(value) });
  if (!meant.every((argument) => names.includes(argument.name ?? ''))) return undefined;
  if (meant.length === 1) return { hint: write(meant[0]!.name!), whole: false };
  return {
    hint: write(meant.map((argument) => `${argument.name}: ${argument.value}`).join(', ')),
    whole: true,
  };
}

/** What a block's property that it has not is called where it belongs. */
export interface Meant {
  readonly hint: string;
  /** The hint is a line to write in the place of this one. */
  readonly line?: true;
  /** The property of the same block that it stands for. */
  readonly key?: string;
}
export interface Around {
  /** What the block is of: a layer's name. */
  readonly name?: string | undefined;
  /** What the model's `train` says. */
  readonly train: readonly Property[];
  /** The first `connect` of the model, as written, and its type. */
  readonly connect?: string | undefined;
  readonly type?: string | undefined;
}

const write = (line: string, more = ''): string => `write \`${line}\`${more}`;
const called: readonly string[] = Object.keys(tables);

export function propertyMeant(
  construct: Construct,
  property: Property,
  block: readonly Property[],
  around: Around,
): Meant | undefined {
  const { text } = property.key;
  const value = property.value;
  const own = translated(construct, text, value, block, around);
  if (own !== undefined) return own;
  const same = Object.keys(properties[construct]).find((key) => plain(key) === plain(text));
  if (same !== undefined || value === undefined) return undefined;
  const away = habit(elsewhere, text)?.replaceAll('TYPE', around.type ?? 'TYPE');
  if (away !== undefined && (construct === 'model' || construct === 'train')) return { hint: away };
  for (const other of homes) {
    if (other === construct) continue;
    const written = Object.hasOwn(properties[other], text)
      ? `${text}: ${valueFor(text, value)}`
      : lineOf(translated(other, text, value, other === 'train' ? around.train : [], around)?.hint);
    if (written === undefined) continue;
    if (other === 'model' || /^(?:param|layer|connect) /.test(written))
      return { hint: write(written, ' in the model') };
    if (other === 'connection' && around.connect !== undefined)
      return { hint: write(`${around.connect} { ${written} }`) };
    return { hint: write(written, ` in \`${other} { … }\``) };
  }
  return away === undefined ? undefined : { hint: away };
}
/** Where a property may belong, the likelier first. */
const homes = ['train', 'connection', 'layer', 'objective', 'phase', 'decode', 'model', 'evaluate'] as const;
const lineOf = (hint: string | undefined): string | undefined => /^write `(.*)`/.exec(hint ?? '')?.[1];

/** A value as the property `key` takes it. */
function valueFor(key: string, value: Expression): string {
  const table = key === 'bias' ? 'init' : called.find((name) => name === key);
  if (key === 'bias' && value.kind === 'name' && /^(?:false|off|none)$/i.test(value.name)) return 'off';
  if (/^(?:learn|shuffle)$/.test(key) && value.kind === 'name')
    return /^(?:true|yes|on)$/i.test(value.name) ? 'on' : 'off';
  return (table === undefined ? undefined : callMeant(value, table as TableName)) ?? writeExpression(value);
}

function translated(
  construct: Construct,
  text: string,
  value: Expression | undefined,
  block: readonly Property[],
  around: Around,
): Meant | undefined {
  const table = propertyHabits[construct];
  const template = table && habit(table, text);
  if (template === undefined || value === undefined) return undefined;
  const argument = /^(\w+)\((\w+): \$\)$/.exec(template);
  if (argument !== null) {
    const [, key, name] = argument;
    const line = `${key}: ${withArgument(key as TableName, name!, value, block)}`;
    return {
      hint: write(line),
      line: true,
      ...(block.some((p) => p.key.text === argument[1]) ? {} : { key: argument[1]! }),
    };
  }
  const key = /^(\w+): /.exec(template)?.[1];
  const written = key === undefined ? writeExpression(value) : valueFor(key, value);
  const line = template
    .replace('$', () => written)
    .replaceAll('NAME', around.name ?? 'NAME')
    .replaceAll('TYPE', around.type ?? 'TYPE');
  return { hint: write(line), line: true, ...(key === undefined ? {} : { key }) };
}

/** The call of the property `key` with one more argument: of the call that the block has, else of one that takes it. */
function withArgument(key: TableName, name: string, value: Expression, block: readonly Property[]): string {
  const calls = tables[key];
  const takes = (callee: string) => calls[callee]?.parameters.some((p) => p.name === name) === true;
  const present = block.find((p) => p.key.text === key)?.value;
  const written = writeExpression(value);
  if (present?.kind === 'call' && takes(present.callee.text)) {
    const others = present.arguments.filter((a) => a.name !== undefined && a.name.text !== name);
    const positional = present.arguments.filter((a) => a.name === undefined);
    const [first, ...more] = given(positional);
    const replaces = name === 'lr' && first !== undefined;
    const list = [...(replaces ? more : given(positional)), ...given(others)].map((a) =>
      a.name === undefined ? a.value : `${a.name}: ${a.value}`,
    );
    const own = replaces ? written : `${name}: ${written}`;
    const at = replaces ? 0 : positional.length;
    return `${present.callee.text}(${[...list.slice(0, at), own, ...list.slice(at)].join(', ')})`;
  }
  const standard = key === 'optimizer' ? ['rmsprop', 'adamw', 'adam'] : ['step'];
  const callee = standard.find(takes) ?? Object.keys(calls).find(takes) ?? standard[0]!;
  const before = callee === 'step' && name === 'gamma' ? 'every: 1, ' : '';
  return `${callee}(${before}${name}: ${written})`;
}
