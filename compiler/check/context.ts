/**
 * What the checker knows while it looks at one model: its report, its functions and params, its nodes, and source
 * locations.
 *
 * Throughout the checker, `undefined` means "unknown, because of an error that is already reported or a piece of text
 * that did not parse": whoever reads it stays silent.
 */
import type { Property } from '../../grammar/ast.js';
import type { Span } from '../../grammar/diagnostic.js';
import { closest } from '../../grammar/suggest.js';
import type { ExpressionJson } from '../model.js';
import { type Around, propertyMeant } from './habits.js';
import { type Construct, type PropertyTable, properties as propertyTables } from './properties.js';
import type { Report } from './report.js';
import type { Typed } from './typing.js';

/** A built-in function or a user's. */
export interface Callable {
  readonly parameters: readonly {
    readonly name: string;
    readonly optional: boolean;
    readonly default: Typed | undefined;
  }[];
  /** Over the parameters' names; undefined when it has an error. */
  readonly body: ExpressionJson | undefined;
  /** The parameters have an error: calls cannot be checked against them. */
  readonly broken?: boolean;
}
export interface Functions {
  readonly names: readonly string[];
  has(name: string): boolean;
  lookup(name: string): Callable | undefined;
  /** Checks every function's body, also of those never called. */
  checkAll(): void;
  warnUnused(cx: Context): void;
}
export interface Params {
  readonly names: readonly string[];
  lookup(name: string): { readonly value: Typed | undefined } | undefined;
  checkAll(): void;
  warnUnused(cx: Context): void;
  /** Those whose value is known. */
  values(): Readonly<Record<string, number>>;
}

/**
 * The kinds of names; unknown names of each kind are counted, so that nothing is reported as unused because of a
 * misspelling.
 */
export type NameKind = 'node' | 'connection type' | 'objective' | 'phase' | 'function' | 'value';

export interface Context {
  readonly report: Report;
  /** The text had syntax errors that may explain what is missing or unused. */
  readonly incomplete: boolean;
  readonly functions: Functions;
  readonly params: Params;
  /** The text had a syntax error: what seems unused may be used in what did not parse. */
  readonly broken: boolean;
  /** Sources of suggestions. */
  readonly around: Around;
  /** Names of the layers in order, without the input and the label. */
  readonly layers: readonly string[];
  /** Source locations: `places` of the document. */
  readonly spans: Map<string, Span>;
  readonly unknown: Map<NameKind, Set<string>>;
}

/** `did you mean …?`, if a candidate is close. */
export function suggestion(word: string, candidates: Iterable<string>): string | undefined {
  const found = closest(word, [...candidates]);
  return found === undefined ? undefined : `did you mean \`${found}\`?`;
}

/**
 * Reports an unknown name: each name of a kind once, at its first use, and not if its declaration may have been lost to
 * a syntax error.
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

/** Warns about unused `names`, unless a name of that kind is unknown: then one of them may be meant. */
export function warnUnused(
  cx: Context,
  kind: NameKind,
  noun: string,
  unused: Iterable<{ readonly text: string; readonly span: Span }>,
): void {
  if (cx.broken || (cx.unknown.get(kind)?.size ?? 0) > 0) return;
  for (const { text, span } of unused)
    cx.report.warning('RFF210', span, `unused ${noun} \`${text}\``, 'use it or delete it');
}

export type PropertyMap = ReadonlyMap<string, Property>;

/** A block's properties by key; reports unknown and duplicate ones. `where` is `a layer`, `\`train\``. */
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
        `expected ${Object.keys(table)
          .map((k) => `\`${k}\``)
          .join(', ')}`;
      const at = meant?.line ? property.span : span;
      cx.report.error('RFF501', at, `unknown property \`${text}\` in ${where}`, hint);
      // The property that it stands for is not missing.
      const key = meant?.key ?? closest(text, Object.keys(table));
      const { value: _, ...rest } = property;
      if (key !== undefined && !block.some((other) => other.key.text === key)) found.set(key, rest);
      const param = /`param (\w+)/.exec(hint)?.[1];
      if (param !== undefined) cx.unknown.set('value', new Set([...(cx.unknown.get('value') ?? []), param]));
    } else if (first) {
      cx.report.error(
        'RFF502',
        span,
        `duplicate property \`${text}\``,
        `first set on line ${first.key.span.line}: keep one of them`,
      );
    } else {
      found.set(text, property);
    }
  }
  return found;
}

/** For a property of another construct, says which. */
function elsewhere(key: string): string | undefined {
  const owners = Object.entries(propertyTables).flatMap(([construct, table]) =>
    Object.hasOwn(table, key) ? [`\`${construct}\``] : [],
  );
  return owners.length ? `\`${key}\` is a property of ${owners.join(' and ')}` : undefined;
}

/** Every value of `parts`, or undefined if one of them is undefined. */
export function whole<T extends object>(parts: { readonly [K in keyof T]: T[K] | undefined }): T | undefined {
  return Object.values(parts).every((part) => part !== undefined) ? (parts as T) : undefined;
}

/** Every item, or undefined if one of them is undefined. */
export function all<T>(items: readonly (T | undefined)[]): readonly T[] | undefined {
  return items.every((item) => item !== undefined) ? (items as readonly T[]) : undefined;
}
