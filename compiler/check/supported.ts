/**
 * What this version checks but cannot run yet: a table of constructs, each with where a document has it.
 */
import type { Diagnostic } from '../../grammar/diagnostic.js';
import type { ModelDocument } from '../model.js';
import { placeOf } from './structure.js';

interface Construct {
  /** As it is written. */
  readonly name: string;
  /** The paths in the document that have it. */
  readonly find: (document: ModelDocument) => readonly string[];
}

/** The paths of the items for which `has` is true. */
function where<T>(
  items: readonly T[],
  path: (item: T, index: number) => string,
  has: (item: T) => boolean,
): readonly string[] {
  return items.flatMap((item, i) => (has(item) ? [path(item, i)] : []));
}

/** Shrinks as versions learn to run them. */
const notYet: readonly Construct[] = [
  {
    name: '`field`',
    find: (d) =>
      where(
        d.connections,
        (c) => `connections/${c.name}/field`,
        (c) => c.field !== null,
      ),
  },
];

/**
 * The constructs of a document that cannot be run yet, each an error (RFF390) that names its place; empty when it can.
 * A place that several layers or connections share is named once.
 */
export function unsupported(document: ModelDocument, file?: string): Diagnostic[] {
  const places = new Map(Object.entries(document.places));
  return notYet.flatMap(({ name, find }) => {
    const seen = new Set<string>();
    return find(document).flatMap((path): Diagnostic[] => {
      const place = placeOf(places, path);
      const at = place ? `line ${place[0]}, column ${place[1]}` : path;
      if (seen.has(at)) return [];
      seen.add(at);
      const message = `${name} (${at}, \`${path}\`) is checked, but this version cannot run it yet`;
      return [
        {
          code: 'RFF390',
          severity: 'error',
          message,
          hint: 'leave it out, or use a later version',
          ...(file === undefined ? {} : { file }),
        },
      ];
    });
  });
}

/** Those constructs as they are written, for the language reference. */
export const notYetNames: readonly string[] = notYet.map(({ name }) => name);
