/**
 * From habit to .rff, as text: calls by the tables of `habits.ts`, and pieces of a text put in the place of others.
 */
import { argumentNames, calls, functions, type Habits, modules, sizes, variables } from './habits.js';
import { plain } from './suggest.js';

/** What to write in the place of a stretch of text. */
export interface Rewrite {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** An argument as text: `lr: 1e-3`. */
export interface Given {
  readonly name?: string | undefined;
  readonly value: string;
}

/** One link of `torch.nn.ReLU()(z)`: a name, a call of it, or a call of what stands before. */
export interface Link {
  readonly name?: string;
  readonly arguments?: readonly Given[];
}

/** Properties whose value is a call by a name of their own, not an expression. */
const callPlaces = new Set([
  ...['init', 'bias', 'optimizer', 'decay', 'data', 'augment', 'negatives', 'readout', 'field', 'fast'],
]);
const isClass = (name: string): boolean => /^[A-Z]/.test(name);

/** The text from `start` to `end` with the rewrites inside of it; a rewrite takes the place of those it holds. */
export function rewritten(text: string, start: number, end: number, rewrites: readonly Rewrite[]): string {
  const inside = rewrites.filter((r) => r.start >= start && r.end <= end);
  const outer = inside.filter(
    (r, i) => !inside.some((other, j) => j > i && other.start <= r.start && other.end >= r.end),
  );
  let out = '';
  let at = start;
  for (const { start: from, end: to, text: instead } of outer.toSorted((a, b) => a.start - b.start)) {
    out += text.slice(at, from);
    const alone = /(?:^|[([,:])\s*$/.test(out) && /^\s*(?:$|[)\],])/.test(text.slice(to, end));
    out += alone || isAtom(instead) || isSign(text.slice(from, to)) ? instead : `(${instead})`;
    at = to;
  }
  return out + text.slice(at, end);
}

/** A name, a number, a call or something in brackets: it needs none around it. */
function isAtom(text: string): boolean {
  if (/^[\w.]*$/.test(text)) return true;
  const open = /^\w*[([]/.exec(text)?.[0].length;
  if (open === undefined) return false;
  let depth = 1;
  for (let i = open; i < text.length - 1; i++) {
    if ('(['.includes(text[i]!)) depth++;
    if (')]'.includes(text[i]!)) depth--;
    if (depth === 0) return false;
  }
  return /[)\]]$/.test(text);
}
const isSign = (text: string): boolean => !/[\w"']/.test(text);
/** Without parentheses around all of it. */
const bare = (text: string): string => (/^\(.*\)$/s.test(text) && isAtom(text) ? text.slice(1, -1) : text);
const grouped = (text: string): string => (isAtom(text) ? text : `(${text})`);

/**
 * `object.name(…)`, `torch.nn.name(…)`, `name()(x)` in .rff. `place` is the property it stands in, and says what a
 * function without an argument is applied to.
 */
export function chain(links: readonly Link[], place: string): string {
  let result: string | undefined;
  /** A class that is not applied to anything yet, as `nn.ReLU()`. */
  let open: Link | undefined;
  const apply = (link: Link, first: readonly Given[]): string =>
    call(link.name ?? '', [...first, ...(link.arguments ?? [])], place);
  links.forEach((link, i) => {
    const { name, arguments: given } = link;
    const last = i === links.length - 1;
    if (name === undefined) {
      if (open !== undefined) result = apply(open, given ?? []);
      open = undefined;
    } else if (result !== undefined) {
      if (given !== undefined) result = apply(link, [{ value: result }]);
    } else if (
      given === undefined &&
      !last &&
      (i > 0 || isModule(name) || isModule(links[i + 1]?.name ?? ''))
    ) {
      // A module.
    } else if (given === undefined) {
      result = i > 0 && plain(name) in functions ? undefined : name;
      if (result === undefined) open = { name, arguments: [] };
    } else if (isClass(name) && !callPlaces.has(place)) open = link;
    else result = apply(link, []);
  });
  return open === undefined ? (result ?? '') : apply(open, [{ value: variables[place] ?? 'z' }]);
}
const isModule = (name: string): boolean => modules.includes(name);

/** `nn.Linear(784, 128)` alone on a line: the layer it would make, and how much of the line it is. */
export function layerOf(line: string): { readonly text: string; readonly length: number } | undefined {
  const found = /^(?:\w+\.)*(\w+)\(([^()]*)\)/.exec(line);
  const size =
    found &&
    sizeOf(
      found[1]!,
      found[2]!.split(',').map((value) => ({ value: value.trim() })),
    );
  return size ? { text: `layer h[${size}]`, length: found[0].length } : undefined;
}

/** The size that `Linear(784, 128)` gives a layer. */
export function sizeOf(name: string, given: readonly Given[]): string | undefined {
  const key = plain(name);
  if (!Object.hasOwn(sizes, key)) return undefined;
  const units = given.find((a) => /^(?:units|out_features|hidden_size)$/.test(a.name ?? ''));
  return units?.value ?? (sizes[key] === 'a' ? given[1] : given[0])?.value;
}

/** A call by its habitual name, in .rff. */
export function call(name: string, given: readonly Given[], place: string): string {
  const calling = callPlaces.has(place);
  const table: Habits = calling ? calls : functions;
  const template = Object.hasOwn(table, plain(name)) ? table[plain(name)] : undefined;
  const named = given.flatMap(renamed);
  if (calling) {
    // A text is a file or a folder of data; to anything else, what another library calls a mode or a device.
    const foreign = place === 'data' ? /\bparameters\(/ : /\bparameters\(|^(?:optimizer|params|w|".*")$/;
    const kept = named.filter((a) => a.name !== undefined || !foreign.test(a.value));
    const list = kept.map(written).join(', ');
    const first = named.find((a) => a.name === 'gamma' || a.name === undefined)?.value;
    return (template ?? `${name}(…)`).replace('…', list).replace(/\ba\b/, first ?? '0.9');
  }
  const values = named.length ? named : [{ value: variables[place] ?? 'z' }];
  return template === undefined ? `${name}(${values.map(written).join(', ')})` : filled(template, values);
}

/** An argument by the name that .rff has for it: none where it needs none, several where one is a pair. */
export function renamed({ name, value }: Given): readonly Given[] {
  const known =
    name !== undefined && Object.hasOwn(argumentNames, plain(name)) ? argumentNames[plain(name)]! : name;
  if (known === undefined) return [{ value }];
  if (known === '') return [];
  const items = value.replace(/^[([]|[)\]]$/g, '').split(',');
  const names = known.split(', ');
  if (names.length === 1) return [{ name: known, value }];
  return names.flatMap((part, i) => (items[i] === undefined ? [] : [{ name: part, value: items[i].trim() }]));
}
const written = ({ name, value }: Given): string => (name === undefined ? value : `${name}: ${value}`);

/** A template with its arguments; alone it is put between operators, so each stands in parentheses where it must. */
export function filled(template: string, given: readonly Given[]): string {
  const values = new Map(['x', 'a', 'b'].map((name, i) => [name, given[i]?.value]));
  for (const { name, value } of given) if (name !== undefined && values.has(name)) values.set(name, value);
  const known = (name: string) => values.get(name) !== undefined;
  const short = template.replace(/, ([ab])\b/g, (all, name: string) => (known(name) ? all : ''));
  return short.replace(/(?<![\w.])([xab])(?!\w)/g, (_, name: string, at: number) => {
    const value = values.get(name) ?? name;
    const before = short.slice(0, at);
    const after = short.slice(at + 1);
    const alone = /(?:^|[(,] ?|if |then |else )$/.test(before) && /^(?:$|[),]| then| else)/.test(after);
    return alone ? bare(value) : grouped(value);
  });
}
