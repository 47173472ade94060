/**
 * What this version checks but cannot run yet: a table of constructs, each with where a document has it.
 */
import type { Diagnostic } from '../../grammar/diagnostic.js';
import type { ModelDocument } from '../model.js';
import { placeOf } from './structure.js';
import { uses } from './typing.js';

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
  { name: '`embed`', find: (d) => (d.input.embed ? ['input/embed'] : []) },
  {
    name: '`peer_norm`',
    find: (d) =>
      where(
        d.layers,
        (l) => `layers/${l.name}/peer_norm`,
        (l) => l.peer_norm !== null,
      ),
  },
  {
    name: "a layer's own `optimizer`",
    find: (d) =>
      where(
        d.layers,
        (l) => `layers/${l.name}/optimizer`,
        (l) => l.optimizer !== null,
      ),
  },
  {
    name: 'more than one `objective`',
    find: (d) =>
      where(
        d.layers,
        (l) => `layers/${l.name}/objective`,
        (l) => l.objective !== d.layers[0]?.objective,
      ),
  },
  {
    name: '`pair`',
    find: (d) =>
      where(
        d.objectives,
        (_, i) => `objectives/${i}/pair`,
        (o) => o.pair !== null,
      ),
  },
  {
    name: '`field`',
    find: (d) =>
      where(
        d.connections,
        (c) => `connections/${c.name}/field`,
        (c) => c.field !== null,
      ),
  },
  {
    name: '`delay: 0`',
    find: (d) =>
      where(
        d.connections,
        (c) => `connections/${c.name}/delay`,
        (c) => c.delay === 0,
      ),
  },
  {
    name: '`mix`',
    find: (d) =>
      where(
        d.phases,
        (p) => `phases/${p.name}/label`,
        (p) => p.label.name === 'mix',
      ),
  },
  {
    name: '`score … over` some layers',
    find: (d) => (d.score.layers.length < d.layers.length ? ['score/layers'] : []),
  },
  { name: '`derivative`', find: surrogates },
  {
    name: '`decay: linear` and `decay: cosine`',
    find: (d) => (d.train.decay.name === 'linear' || d.train.decay.name === 'cosine' ? ['train/decay'] : []),
  },
  { name: '`validation`', find: (d) => (d.train.validation > 0 ? ['train/validation'] : []) },
];

function surrogates(d: ModelDocument): readonly string[] {
  return [
    ...(d.input.normalize !== null && uses(d.input.normalize, 'surrogate') ? ['input/normalize'] : []),
    ...(['activation', 'normalize'] as const).flatMap((key) =>
      where(
        d.layers,
        (l) => `layers/${l.name}/${key}`,
        (l) => uses(l[key], 'surrogate'),
      ),
    ),
    ...(['goodness', 'positive', 'negative', 'pair'] as const).flatMap((key) =>
      where(
        d.objectives,
        (_, i) => `objectives/${i}/${key}`,
        (o) => {
          const expression = o[key];
          return expression !== null && uses(expression, 'surrogate');
        },
      ),
    ),
  ];
}

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
