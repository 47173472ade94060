/**
 * The direction of an objective: whether its losses push the goodness of positive rows down and that of negative rows
 * up, or the reverse, and whether `predict` picks the label that they favour.
 *
 * The positive loss, the negative loss and `predict` each imply which goodness the true label should have. If two
 * agree, the third is the one that is wrong. Losses are followed over all goodnesses that a layer can have; a loss that
 * is not monotonic implies nothing.
 */
import { derive, type Expr, evaluate, fromJson, show, variable, width } from '../expr/index.js';
import type { ExpressionJson, ModelDocument, Objective } from '../model.js';
import type { Finding } from './structure.js';

type Predict = Objective['predict'];

const h = variable('h', 'element');
const goodness = variable('goodness', 'row');
const pos = variable('pos', 'row');
const neg = variable('neg', 'row');
const scope = new Map<string, Expr>([h, goodness, pos, neg, width].map((v) => [v.name, v]));

/** The maximum number of units per row on which a goodness is tried: the direction of a loss does not depend on it. */
const MOST_UNITS = 64;

/** Checks the directions of a model's objectives: RFF336, RFF337, RFF413. */
export function directions(document: ModelDocument): readonly Finding[] {
  const { layers, objectives } = document;
  const found = objectives.flatMap((objective, i) => {
    const layer = layers.find((l) => l.objective === i);
    if (!layer) return [];
    return pulls(objective, { document, at: `objectives/${i}`, units: Math.min(layer.size, MOST_UNITS) });
  });
  return found.length > 0 ? found : opposed(document);
}

/** Scored layers of which some favour the lowest goodness and some the highest: their mean is meaningless. */
function opposed({ layers, objectives, score, places }: ModelDocument): readonly Finding[] {
  const scored = (predict: Predict) =>
    layers.find((l) => score.layers.includes(l.name) && objectives[l.objective]!.predict === predict);
  const [least, greatest] = [scored('min'), scored('max')];
  if (!least || !greatest) return [];
  return [
    {
      code: 'RFF337',
      severity: 'error',
      at: places.score ? 'score' : `layers/${greatest.name}`,
      message:
        `scored layers disagree on \`predict\`: \`${least.name}\` predicts by the lowest goodness, ` +
        `\`${greatest.name}\` by the highest`,
      hint:
        `score layers with the same \`predict\`: \`score ${score.phase}[${score.from}..${score.to}] over ` +
        `${least.name}\``,
    },
  ];
}

/** The location of an objective, and the rows it is tried on. */
interface Site {
  readonly document: ModelDocument;
  readonly at: string;
  readonly units: number;
}

function pulls(objective: Objective, site: Site): readonly Finding[] {
  const { positive, negative, pair, predict } = objective;
  const { document, at, units } = site;
  const reached = reachableGoodness(objective.goodness, units);
  const isWritten = document.places[at] === undefined || document.places[`${at}/predict`] !== undefined;
  const asked = isWritten ? `\`predict: ${predict}\`` : `\`predict: ${predict}\`, the default`;
  const error = (code: string, key: string, message: string, hint: string): readonly Finding[] => [
    { code, severity: 'error', at: `${at}/${key}`, message, hint },
  ];
  const slopes =
    pair === null
      ? [slopeSign(parse(positive!), reached, units), slopeSign(parse(negative!), reached, units)]
      : [pos, neg].map((by) => pairSlope(parse(pair), by, reached, units));
  // Negative rows should do the opposite of what the true label's do.
  const [byPositive, byNegative] = [favoured(slopes[0]!), favoured(-slopes[1]!)];

  if (byPositive && byNegative && byPositive !== byNegative) {
    const goodness = byPositive === 'min' ? 'low' : 'high';
    const message = `positive and negative rows both learn a ${goodness} goodness, so nothing separates them`;
    if (pair !== null) {
      const [wrong, verb] =
        byPositive === predict
          ? ['neg', predict === 'min' ? 'fall' : 'rise']
          : ['pos', predict === 'min' ? 'rise' : 'fall'];
      const example = predict === 'min' ? 'softplus(pos - neg)' : 'softplus(neg - pos)';
      const hint = `for ${asked}, \`pair\` must ${verb} as \`${wrong}\` grows: for example \`${example}\``;
      return error('RFF336', 'pair', message, hint);
    }
    const fix = (key: 'positive' | 'negative') =>
      turned(key, key === 'positive' ? positive! : negative!, site, reached) ??
      `let \`${key}\` ${(key === 'positive' ? slopes[0]! : slopes[1]!) > 0 ? 'fall' : 'rise'} with goodness`;
    const wrong = byPositive === predict ? 'negative' : 'positive';
    const right = wrong === 'negative' ? 'positive' : 'negative';
    const other = isWritten || wrong === 'negative' ? '' : `; or, with \`predict: max\`, ${fix('negative')}`;
    const hint = `\`${right}\` agrees with ${asked}, so \`${wrong}\` is wrong: ${fix(wrong)}${other}`;
    return error('RFF336', wrong, message, hint);
  }
  if (pair === null && parse(positive!) === parse(negative!)) {
    const message =
      '`positive` and `negative` are the same loss, so nothing separates positive and negative rows';
    return error('RFF336', 'negative', message, `for example ${examples[predict]}`);
  }
  const meant = byPositive ?? byNegative;
  if (meant === undefined || meant === predict) return [];
  const [favours, takes] = meant === 'min' ? ['lowest', 'highest'] : ['highest', 'lowest'];
  const losses =
    pair !== null ? '`pair` gives' : byPositive && byNegative ? 'both losses give' : 'the loss gives';
  const message =
    `${losses} the true label the ${favours} goodness, but ${asked}${isWritten ? '' : ','} takes the ` +
    `${takes}`;
  const swap = pair === null ? 'swap `positive` and `negative`' : 'swap `pos` and `neg`';
  const write = `write \`predict: ${meant}\``;
  const hint =
    byPositive && byNegative
      ? `the losses agree with each other, so \`predict\` is wrong: ${write}; to keep \`${predict}\`, ${swap}`
      : `${write}, or ${swap}`;
  return error('RFF413', 'predict', message, hint);
}

const parse = (json: ExpressionJson): Expr => fromJson(json, scope);

const examples = {
  min: '`positive: softplus(goodness - 1)` and `negative: softplus(1 - goodness)`',
  max: '`positive: softplus(1 - goodness)` and `negative: softplus(goodness - 1)`',
} as const;

/**
 * What the slope of a positive row's loss favours: if the loss rises with goodness, the lowest goodness for the true
 * label.
 */
function favoured(sign: number): Predict | undefined {
  return sign > 0 ? 'min' : sign < 0 ? 'max' : undefined;
}

/** 1 if a loss rises with goodness, -1 if it falls, 0 if it is flat or not monotonic. */
function slopeSign(loss: Expr, reached: readonly number[], units: number): number {
  const slope = derive(loss, goodness);
  return signOf(reached.map((value) => evaluate(slope, { goodness: value }, units) as number));
}

/** Like `slopeSign`, for a pair's loss along one of its two goodnesses, whatever the other is. */
function pairSlope(loss: Expr, by: Expr, reached: readonly number[], units: number): number {
  const slope = derive(loss, by);
  const some = reached.filter((_, i) => i % 4 === 0);
  return signOf(some.flatMap((p) => some.map((n) => evaluate(slope, { pos: p, neg: n }, units) as number)));
}

function signOf(slopes: readonly number[]): number {
  const [rises, falls] = [slopes.some((s) => s > 0), slopes.some((s) => s < 0)];
  return rises === falls ? 0 : rises ? 1 : -1;
}

/** Goodnesses over the range that rows of small and large, equal and uneven activities have. */
function reachableGoodness(json: ExpressionJson, units: number): readonly number[] {
  const formula = fromJson(json, scope);
  const shapes: readonly ((i: number) => number)[] = [
    () => 1,
    () => -1,
    (i) => (i % 2 ? -1 : 1),
    (i) => (i === 0 ? 1 : 0),
    (i) => (i === 0 ? -1 : 0),
  ];
  const found = [evaluate(formula, { h: new Float64Array(units) }, units) as number];
  for (let power = -8; power <= 8; power++)
    for (const shape of shapes) {
      const row = Float64Array.from({ length: units }, (_, i) => shape(i) * 10 ** (power / 4));
      found.push(evaluate(formula, { h: row }, units) as number);
    }
  const finite = found.filter(Number.isFinite);
  const [least, most] = [Math.min(...finite), Math.max(...finite)];
  // Also between the samples: a loss may change direction within a small range.
  const magnitudes = Array.from({ length: 40 }, (_, k) => 10 ** (k / 8 - 2));
  const between = [...magnitudes, ...magnitudes.map((m) => -m)].filter((g) => g >= least && g <= most);
  return [...finite, ...between].sort((a, b) => a - b);
}

/** `write ...` with the loss reversed, if swapping a difference or changing a sign does it. */
function turned(
  key: 'positive' | 'negative',
  json: ExpressionJson,
  { document: { params }, units }: Site,
  reached: readonly number[],
): string | undefined {
  const other = mirror(json);
  if (other === undefined) return undefined;
  const sign = slopeSign(parse(json), reached, units);
  if (slopeSign(parse(other), reached, units) !== -sign) return undefined;
  const named = new Map(Object.keys(params).map((name) => [name, variable(name, 'row')]));
  return `write \`${key}: ${show(fromJson(withParams(other, params), new Map([...scope, ...named])))}\``;
}

/** Replaces numbers that only one param can have produced by its name, so that `--set` still changes them. */
function withParams(json: ExpressionJson, params: ModelDocument['params']): ExpressionJson {
  if (typeof json === 'number') {
    const names = Object.keys(params).filter((name) => params[name] === json);
    const isOrdinary = json === 0 || json === 1 || json === 2;
    return names.length === 1 && !isOrdinary ? names[0]! : json;
  }
  if (typeof json === 'string') return json;
  const [op, ...args] = json;
  return [op, ...args.map((arg) => withParams(arg, params))];
}

/** An expression in which goodness has the opposite sign, by swapping a difference or changing one sign. */
function mirror(json: ExpressionJson): ExpressionJson | undefined {
  if (json === 'goodness') return ['neg', json];
  if (typeof json === 'number' || typeof json === 'string') return undefined;
  const [op, ...args] = json;
  if (op === 'neg') return args[0];
  if (op === 'sub') return ['sub', args[1]!, args[0]!];
  const at = args.findIndex((arg) => mentionsGoodness(arg));
  const turned = at < 0 ? undefined : mirror(args[at]!);
  return turned === undefined ? undefined : [op, ...args.map((arg, i) => (i === at ? turned : arg))];
}

function mentionsGoodness(json: ExpressionJson): boolean {
  if (typeof json === 'number') return false;
  if (typeof json === 'string') return json === 'goodness';
  const [, ...args] = json;
  return args.some(mentionsGoodness);
}
