/**
 * What the checker knows while it looks at one model: its report, its functions and params, its nodes, and where
 * things stand.
 *
 * Everywhere in the checker `undefined` means "not known, because of an error that is already reported or a piece of
 * text that did not parse": whoever reads it stays silent.
 */
import type { Property } from '../../grammar/ast.js';
import type { Span } from '../../grammar/diagnostic.js';
import { closest } from '../../grammar/suggest.js';
import type { Functions, Params } from './definitions.js';
import { type Around, propertyMeant } from './habits.js';
import { type Construct, type PropertyTable, properties as propertyTables } from './properties.js';
import type { Report } from './report.js';

/**
 * What names can stand for; `unknown` names of each are counted, so that nothing is called unused for a misspelling.
 */
export type NameKind = 'node' | 'connection type' | 'objective' | 'phase' | 'function' | 'value';

export interface Context {
  readonly report: Report;
  /** The text had syntax errors: what is missing or unused may have been lost to them. */
  readonly incomplete: boolean;
  readonly functions: Functions;
  readonly params: Params;
  /** The text had any syntax error: what seems unused may be used in what did not parse. */
  readonly broken: boolean;
  /** What suggestions are made of. */
  readonly around: Around;
  /** Names of layers in order; those of the input and the label are not among them. */
  readonly layers: readonly string[];
  /** Where things stand: the document's `places`. */
  readonly spans: Map<string, Span>;
  readonly unknown: Map<NameKind, Set<string>>;
}

/** `did you mean …?`, where a candidate is close. */
export function suggestion(word: string, candidates: Iterable<string>): string | undefined {
  const found = closest(word, [...candidates]);
  return found === undefined ? undefined : `did you mean \`${found}\`?`;
}

/**
 * Reports a name that nothing has: each name of a kind once, at its first use; not where its declaration may have been
 * lost to a syntax error.
 */
export function unknownName(
  cx: Context,
  kind: NameKind,
  name: string,
  report: {
    readonly code: string;
    readonly span: Span;
    readonly message: string;
    readonly hint?: string | undefined;
  },
): undefined {
  const names = cx.unknown.get(kind) ?? new Set();
  cx.unknown.set(kind, names);
  if (names.has(name)) return;
  names.add(name);
  if (cx.incomplete) return;
  cx.report.error(report.code, report.span, report.message, report.hint);
}

/** Warns that `names` are used nowhere, unless a name of that kind is unknown: then one of them may be meant. */
export function warnUnused(
  cx: Context,
  kind: NameKind,
  noun: string,
  unused: Iterable<{ readonly text: string; readonly span: Span }>,
): void {
  if (cx.broken || (cx.unknown.get(kind)?.size ?? 0) > 0) return;
  for (const { text, span } of unused)
    cx.report.warning('RFF210', span, `${noun} \`${text}\` is used nowhere`, 'use it or delete it');
}

export type PropertyMap = ReadonlyMap<string, Property>;

/** A block's properties by key; reports unknown and repeated ones. `where` is `a layer`, `\`train\``. */
export function readProperties(
  cx: Context,
  construct: Construct,
  where: string,
  block: readonly Property[],
  name?: string,
): PropertyMap {
  const table: PropertyTable = propertyTables[construct];
  const found = new Map<string, Property>();
  for (const property of block) {
    const { text, span } = property.key;
    const first = found.get(text);
    if (!Object.hasOwn(table, text)) {
      const meant = propertyMeant(construct, property, block, { ...cx.around, name });
      const hint =
        meant?.hint ??
        suggestion(text, Object.keys(table)) ??
        elsewhere(text) ??
        `it has ${Object.keys(table)
          .map((k) => `\`${k}\``)
          .join(', ')}`;
      const at = meant?.line ? property.span : span;
      cx.report.error('RFF501', at, `${where} has no property \`${text}\``, hint);
      // What it stands for is not missing.
      const key = meant?.key ?? closest(text, Object.keys(table));
      const { value: _, ...rest } = property;
      if (key !== undefined && !block.some((other) => other.key.text === key)) found.set(key, rest);
      const param = /`param (\w+)/.exec(hint)?.[1];
      if (param !== undefined) cx.unknown.set('value', new Set([...(cx.unknown.get('value') ?? []), param]));
    } else if (first) {
      cx.report.error(
        'RFF502',
        span,
        `\`${text}\` is given twice`,
        `it is already given on line ${first.key.span.line}; keep one of them`,
      );
    } else {
      found.set(text, property);
    }
  }
  return found;
}

/** A property of another construct: say of which. */
function elsewhere(key: string): string | undefined {
  const owners = Object.entries(propertyTables).flatMap(([construct, table]) =>
    Object.hasOwn(table, key) ? [`\`${construct}\``] : [],
  );
  return owners.length ? `\`${key}\` is a property of ${owners.join(' and ')}` : undefined;
}

/** Every value of `parts`, or undefined if one of them is. */
export function whole<T extends object>(parts: { readonly [K in keyof T]: T[K] | undefined }): T | undefined {
  return Object.values(parts).every((part) => part !== undefined) ? (parts as T) : undefined;
}

/** Every item, or undefined if one of them is. */
export function all<T>(items: readonly (T | undefined)[]): readonly T[] | undefined {
  return items.every((item) => item !== undefined) ? (items as readonly T[]) : undefined;
}
