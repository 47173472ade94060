/** Reads objectives: the goodness of a layer, the losses on it, and which label it predicts. */
import type { ObjectiveDeclaration, Property } from '../../grammar/ast.js';
import type { ExpressionJson, Objective } from '../model.js';
import { type Context, readProperties, suggestion, unknownName, warnUnused, whole } from './context.js';
import { readExpression, type Scope } from './expressions.js';
import { keyword, mark } from './places.js';
import { symbol } from './typing.js';
import { readWord } from './values.js';

/** The objectives in order, and how layers find theirs. */
export interface ObjectiveIndex {
  readonly names: readonly string[];
  /** Complete objectives; undefined for those with an error. */
  readonly list: readonly (Objective | undefined)[];
  /**
   * The index of the objective that a layer's `objective:` refers to; null if there is none, undefined if that is
   * already reported.
   */
  resolve(cx: Context, property: Property | undefined): number | null | undefined;
  /** Drops objectives that no layer uses, with a warning. */
  warnUnused(cx: Context): void;
}

export function readObjectives(cx: Context, declarations: readonly ObjectiveDeclaration[]): ObjectiveIndex {
  const byName = new Map<string | null, number>();
  const used = new Set<number>();
  const list = declarations.map((declaration, i) => {
    const name = declaration.name?.text ?? null;
    const span = declaration.name?.span ?? keyword(declaration.span, 'objective');
    const first = byName.get(name);
    if (first === undefined) byName.set(name, i);
    else if (name === null)
      cx.report.error(
        'RFF304',
        span,
        'a model has only one objective without a name',
        'name this one, and refer to it in layers: `objective: NAME`',
      );
    else
      cx.report.error(
        'RFF208',
        span,
        `objective \`${name}\` is declared twice`,
        `first declared on line ${declarations[first]?.span.line}`,
      );
    cx.spans.set(`objectives/${i}`, span);
    return readObjective(cx, declaration, i);
  });
  const names = [...byName.keys()].filter((name) => name !== null);
  return {
    names,
    list,
    resolve: (_, property) => {
      let index: number | undefined;
      if (!property) {
        index = byName.get(null);
        // If there is no objective at all, only that is reported.
        if (index === undefined) return list.length && !cx.incomplete ? null : undefined;
      } else {
        const e = property.value;
        if (!e) return undefined;
        if (e.kind !== 'name')
          return cx.report.error('RFF503', e.span, '`objective` takes the name of an objective');
        index = byName.get(e.name);
        if (index === undefined) {
          const hint =
            suggestion(e.name, names) ??
            (names.length
              ? `objectives are ${names.map((n) => `\`${n}\``).join(', ')}`
              : `declare it: \`objective ${e.name} { … }\``);
          return unknownName(cx, 'objective', e.name, {
            code: 'RFF205',
            span: e.span,
            message: `unknown objective \`${e.name}\``,
            hint,
          });
        }
      }
      used.add(index);
      return index;
    },
    warnUnused: () => {
      const unused = declarations.filter((_, i) => !used.has(i));
      warnUnused(
        cx,
        'objective',
        'objective',
        unused.map((d) => d.name ?? { text: 'without a name', span: keyword(d.span, 'objective') }),
      );
    },
  };
}

function readObjective(cx: Context, declaration: ObjectiveDeclaration, index: number): Objective | undefined {
  const properties = readProperties(cx, 'objective', 'an objective', declaration.properties);
  mark(cx, `objectives/${index}`, properties);
  const scope = (key: string, names: readonly string[], kind: 'row' | 'element'): Scope => ({
    what: `\`${key}\``,
    variables: new Map([
      ...names.map((v) => [v, symbol(v, kind)] as const),
      ['n', symbol('n', 'constant')] as const,
    ]),
    reductions: kind === 'element',
  });
  const loss = (
    key: 'positive' | 'negative' | 'pair',
    names: readonly string[],
  ): ExpressionJson | null | undefined => {
    const property = properties.get(key);
    return property
      ? readExpression(cx, property.value, scope(key, names, 'row'), 'number', names, true)
      : null;
  };
  const goodness = readExpression(
    cx,
    properties.get('goodness')?.value,
    scope('goodness', ['h'], 'element'),
    'row',
    ['h'],
    true,
  );
  const positive = loss('positive', ['goodness']);
  const negative = loss('negative', ['goodness']);
  const pair = loss('pair', ['pos', 'neg']);
  const word = properties.get('predict');
  const predict = word ? readWord(cx, word.value, ['min', 'max'] as const, '`predict`') : 'min';
  const complete = checkForm(cx, declaration, new Set(properties.keys()));
  return complete
    ? whole<Objective>({ name: declaration.name?.text ?? null, goodness, positive, negative, pair, predict })
    : undefined;
}

/** `goodness` with `positive` and `negative`, or with `pair`. */
function checkForm(cx: Context, declaration: ObjectiveDeclaration, keys: ReadonlySet<string>): boolean {
  const span = declaration.name?.span ?? keyword(declaration.span, 'objective');
  const before = cx.report.diagnostics.length;
  if (!keys.has('goodness') && !cx.incomplete) {
    cx.report.error('RFF510', span, 'an objective needs a `goodness`', 'for example `goodness: mean(h^2)`');
  }
  const both = (['positive', 'negative'] as const).filter((key) => keys.has(key));
  if (keys.has('pair') && both.length) {
    const property = declaration.properties.find((p) => p.key.text === 'pair');
    cx.report.error(
      'RFF319',
      property?.key.span ?? span,
      `an objective has \`pair\`, or \`positive\` and \`negative\`, not \`pair\` and \`${both[0]}\``,
      'keep one of the two forms',
    );
  } else if (!keys.has('pair') && both.length === 1 && !cx.incomplete) {
    const other = both[0] === 'positive' ? 'negative' : 'positive';
    const property = declaration.properties.find((p) => p.key.text === both[0]);
    cx.report.error(
      'RFF319',
      property?.key.span ?? span,
      `an objective with \`${both[0]}\` needs \`${other}\` too`,
      `add the loss on ${other} rows: \`${other}: …\``,
    );
  } else if (!keys.has('pair') && !both.length && !cx.incomplete) {
    cx.report.error(
      'RFF319',
      span,
      'an objective needs `positive` and `negative`, or `pair`',
      'for example `positive: softplus(goodness - 1)` and `negative: softplus(1 - goodness)`',
    );
  }
  return cx.report.diagnostics.length === before;
}
