/**
 * The parts of docs/LANGUAGE.md that are generated from the compiler's tables: properties, calls, functions, names and
 * limits; and the glossary, which `rffc explain` also prints. A property or call added to a table appears on the page
 * after `npm run docs`.
 *
 * docs/LANGUAGE.template.md contains the rest; a line `<!-- NAME -->` stands for the part of that name.
 */
import { excerptOf } from '../cli/explain/example.js';
import { terms } from '../cli/explain/terms.js';
import { builtins, constants, variableHomes } from '../compiler/check/builtins.js';
import { type PropertyInfo, properties, propertyKinds } from '../compiler/check/properties.js';
import {
  type CallInfo,
  type CallTable,
  type CallValue,
  inputModes,
  type Kind,
  labelModes,
  largest,
  type NumberKind,
  type Parameter,
  type TableName,
  tableNouns,
  tables,
  type Value,
} from '../compiler/check/tables.js';
import { allowed } from '../grammar/words.js';
import { documentPart } from './schema.js';
import { fillTemplate, table } from './template.js';

/** The parts by their names in the template. */
const parts: Readonly<Record<string, () => string>> = {
  declarations: declarationsPart,
  properties: propertiesPart,
  calls: callsPart,
  functions: functionsPart,
  names: namesPart,
  'label modes': () => modesPart(labelModes),
  'input modes': () => modesPart(inputModes),
  limits: limitsPart,
  glossary: glossaryPart,
  document: documentPart,
};

/**
 * The page, from its template.
 *
 * @throws Error for a part that the template names and nothing generates, or vice versa
 */
export function languageReference(template: string): string {
  const page = fillTemplate(template, parts, 'docs/LANGUAGE.template.md');
  return (
    "<!-- Written by `npm run docs`, from LANGUAGE.template.md and the compiler's tables: change those. " +
    `-->\n\n${page}`
  );
}

const code = (text: string) => `\`${text}\``;

/** Which declarations are allowed where. */
function declarationsPart(): string {
  const places = { file: 'a file', model: '`model { }`', schedule: '`schedule { }`' } as const;
  const rows = Object.entries(places).map(([place, name]) => [
    name,
    allowed[place as keyof typeof places]
      .filter((kind) => kind !== 'property')
      .map(code)
      .join(', '),
  ]);
  return table(['in', 'declarations'], rows);
}

function propertiesPart(): string {
  return Object.entries(properties)
    .map(([construct, block]) => {
      const rows = Object.entries(block).map(([key, info]: [string, PropertyInfo]) => [
        code(key),
        takes(key, info.default),
        requirement(info),
        info.about,
      ]);
      return `### ${code(construct)}\n\n${table(['property', 'takes', 'default', 'meaning'], rows)}`;
    })
    .join('\n');
}

/** A property's default, or that it is required. */
function requirement({ required, default: standard }: PropertyInfo): string {
  if (required === true) return '**required**';
  if (required) return `**required** without ${required.without.map(code).join(' and ')}`;
  return standard === undefined ? '' : code(standard);
}

/** What a property accepts, as far as a table says so. */
function takes(key: string, standard: string | undefined): string {
  if (standard === 'on' || standard === 'off') return '`on` or `off`';
  const name = key === 'bias' ? 'init' : key;
  if (Object.hasOwn(tables, name)) {
    const noun = tableNouns[name as TableName];
    return `[${noun}](#${noun.replaceAll(' ', '-')})`;
  }
  if (Object.hasOwn(propertyKinds, key)) return kindText(propertyKinds[key as keyof typeof propertyKinds]);
  const seen = Object.entries(variableHomes).flatMap(([v, home]) =>
    home.includes(code(key)) ? [code(v)] : [],
  );
  return seen.length > 0 ? `an expression in ${seen.join(' and ')}` : '';
}

function callsPart(): string {
  return Object.entries(tables)
    .map(([name, calls]) => {
      const rows = Object.entries(calls).map(([call, info]) => [
        // A label is embedded by a call of its name.
        code(signature(call === 'embed' ? 'LABEL' : call, info)),
        info.about,
        info.parameters.map(argumentText).join('; '),
      ]);
      return `### ${tableNouns[name as TableName]}\n\n${table(['call', 'meaning', 'arguments'], rows)}`;
    })
    .join('\n');
}

/**
 * `rmsprop(lr: 0.01, momentum: 0)`: arguments with their defaults; optional ones without a default are in brackets.
 */
function signature(name: string, { parameters }: CallInfo): string {
  const list = parameters.map((p) =>
    p.optional === true
      ? `[${p.name}]`
      : p.default === undefined
        ? p.name
        : `${p.name}: ${valueText(p.default, p.kind)}`,
  );
  return `${name}(${list.join(', ')})`;
}

function argumentText({ name, kind, about, default: standard, optional }: Parameter): string {
  const required = standard === undefined && optional !== true ? '**required**' : '';
  const notes = [required, kindText(kind)].filter((note) => note !== '').join(', ');
  return `${code(name)} ${about}${notes === '' ? '' : ` (${notes})`}`;
}

/** A default as it would be written. */
function valueText(value: Value, kind: Kind): string {
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'string') return value;
  if ('name' in value) return callText(value, kind.is === 'call' ? tables[kind.of] : {});
  return `[${value.join(', ')}]`;
}

function numberText(value: number): string {
  const short = Number(value.toPrecision(4));
  return short !== 0 && Math.abs(short) < 1e-3 ? short.toExponential() : String(short);
}

/** A call, without arguments that equal their defaults. */
function callText(value: CallValue, calls: CallTable): string {
  const given = (calls[value.name]?.parameters ?? []).flatMap((p) => {
    const argument = value[p.field ?? p.name];
    return argument === undefined || argument === p.default
      ? []
      : [`${p.name}: ${valueText(argument, p.kind)}`];
  });
  return `${value.name}(${given.join(', ')})`;
}

/** The allowed values, in words; empty if anything of the kind is allowed. */
function kindText(kind: Kind): string {
  switch (kind.is) {
    case 'number':
      return rangeText(kind);
    case 'switch':
      return '`on` or `off`';
    case 'word':
      return kind.among.map(code).join(' or ');
    case 'text':
      return 'text';
    case 'list':
      return `a list of ${kind.items.length}`;
    case 'layers':
      return '`all`, a layer, or a list of layers';
    case 'call':
      return tableNouns[kind.of];
    default:
      return kind satisfies never;
  }
}

/** The general limits (`largest`) are stated once, not for every number. */
function rangeText({ integer, min, above, max, below, among }: NumberKind): string {
  if (among) return among.join(' or ');
  const what = integer ? 'integer, ' : '';
  const high = max !== undefined && !Object.values<number>(largest).includes(max) ? max : undefined;
  if ((min ?? above) !== undefined && (high ?? below) !== undefined)
    return (
      `${what}in ${min === undefined ? '(' : '['}${min ?? above}, ` +
      `${high ?? below}${high === undefined ? ')' : ']'}`
    );
  if (min !== undefined) return `${what}at least ${min}`;
  return above === undefined ? '' : `${what}above ${above}`;
}

function functionsPart(): string {
  const groups = {
    element: 'Unit by unit',
    row: "Over a row's units",
    normalization: 'Built-in forms, also over a row',
  } as const;
  return Object.entries(groups)
    .map(([group, title]) => {
      const rows = Object.entries(builtins)
        .filter(([, info]) => info.group === group)
        .map(([name, { parameters, about }]) => {
          const list = parameters.map((p) =>
            p.default === undefined ? p.name : `${p.name}: ${numberText(p.default)}`,
          );
          return [code(`${name}(${list.join(', ')})`), about];
        });
      return `${title}:\n\n${table(['function', 'value'], rows)}`;
    })
    .join('\n');
}

function namesPart(): string {
  const numbers = Object.entries(constants).map(([name, { about }]) => [code(name), 'everywhere', about]);
  const given = Object.entries(variableHomes).map(([name, home]) => [
    code(name),
    home,
    variables[name] ?? '',
  ]);
  return table(['name', 'in', 'is'], [...numbers, ...given]);
}

/** The meaning of the variables; the checker defines where they are available. */
const variables: Readonly<Record<string, string>> = {
  z: "the sum over a layer's connections",
  h: 'an activity, or the values of the input',
  goodness: "the row's goodness",
  pos: "the goodness of a sample's positive row",
  neg: "the goodness of the same sample's negative row",
  x: 'a frame of the input, unmodified',
  y: 'its reconstruction by the decoder',
  t: 'the step within the phase, from 0',
  n: "the layer's size",
  fan_in: 'weights into a unit of the target',
  fan_out: 'weights out of a unit of the source',
};

function modesPart(modes: Readonly<Record<string, string>>): string {
  return table(
    ['mode', 'the layers see'],
    Object.entries(modes).map(([name, about]) => [code(name), about]),
  );
}

function limitsPart(): string {
  const about: Readonly<Record<keyof typeof largest, string>> = {
    size: 'units of a node, classes, a batch, columns and patches',
    steps: 'steps of a phase',
    count: 'epochs, frames, samples and other counts',
    seed: 'seeds',
  };
  return table(
    ['at most', 'of'],
    Object.entries(about).map(([key, what]) => [
      largest[key as keyof typeof largest].toLocaleString('en'),
      what,
    ]),
  );
}

/** The terms in alphabetical order. */
function glossaryPart(): string {
  const rows = [...terms]
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))
    .map(({ name, also, about, model, command, see: [page, heading] }) => {
      const lines = model ? excerptOf(model).split('\n') : command === undefined ? [] : [`rffc ${command}`];
      const link = `${page === 'README.md' ? '../README.md' : ''}#${anchorOf(heading)}`;
      return [
        `**${name}**${also.length > 0 ? `<br>${also.join(', ')}` : ''}`,
        about,
        lines.map((line) => code(line.trim())).join('<br>'),
        `[${heading}](${link})`,
      ];
    });
  return table(['term', 'in rffc', 'to write', 'see'], rows);
}

/** The anchor of a heading within its page, as GitHub generates it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}
