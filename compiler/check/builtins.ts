/**
 * The functions of the language's expressions, each a template over the primitive operators of `expr/operators.ts`.
 *
 * A call is replaced by its template with the arguments inserted; a user's `fn` works the same way. The templates are
 * chosen so that their derivatives are right too: `relu` and `leaky_relu` use the left derivative at 0, as PyTorch
 * does, and no branch that is not taken overflows.
 */
import type { ExpressionJson } from '../model.js';

export interface FunctionParameter {
  readonly name: string;
  readonly default?: number;
}
export interface Builtin {
  readonly group: 'element' | 'row' | 'normalization';
  /** A line for the language reference. */
  readonly about: string;
  readonly parameters: readonly FunctionParameter[];
  /** The variables are the names of the parameters. */
  readonly body: ExpressionJson;
}

/** Names of constants. */
export const constants: Readonly<Record<string, { readonly value: number; readonly about: string }>> = {
  pi: { value: Math.PI, about: 'the ratio of a circle to its diameter' },
  e: { value: Math.E, about: 'the base of natural logarithms' },
};

/** Variables of expressions, and where they are available; a `param` cannot have one of these names. */
export const variableHomes: Readonly<Record<string, string>> = {
  z: '`activation`',
  h: '`normalize` and `goodness`',
  goodness: '`positive` and `negative`',
  x: '`loss`',
  y: '`loss`',
  pos: '`pair`',
  neg: '`pair`',
  t: '`mix` and `frame`',
  n: 'layers and objectives',
  fan_in: '`init`, `bias` and `rate`',
  fan_out: '`init`, `bias` and `rate`',
};

const primitive = (name: string, about: string): Builtin => ({
  group: 'element',
  about,
  parameters: [{ name: 'x' }],
  body: [name, 'x'],
});
const binary = (name: string, about: string): Builtin => ({
  group: 'element',
  about,
  parameters: [{ name: 'x' }, { name: 'y' }],
  body: [name, 'x', 'y'],
});
const reduction = (name: string, about: string): Builtin => ({
  group: 'row',
  about,
  parameters: [{ name: 'x' }],
  body: [name, 'x'],
});
const of = (
  parameter: string,
  about: string,
  body: ExpressionJson,
  ...more: FunctionParameter[]
): Builtin => ({
  group: 'element',
  about,
  parameters: [{ name: parameter }, ...more],
  body,
});
const normalization = (about: string, eps: number, body: ExpressionJson): Builtin => ({
  group: 'normalization',
  about,
  parameters: [{ name: 'h' }, { name: 'eps', default: eps }],
  body,
});

const centred: ExpressionJson = ['sub', 'h', ['mean', 'h']];

export const builtins: Readonly<Record<string, Builtin>> = {
  exp: primitive('exp', 'e to the power of x'),
  log: primitive('log', 'the natural logarithm'),
  sqrt: primitive('sqrt', 'the square root'),
  abs: primitive('abs', 'the magnitude'),
  sign: primitive('sign', '-1, 0 or 1'),
  sin: primitive('sin', 'the sine, x in radians'),
  cos: primitive('cos', 'the cosine, x in radians'),
  tanh: primitive('tanh', 'the hyperbolic tangent'),
  sigmoid: primitive('sigmoid', '1 / (1 + exp(-x))'),
  softplus: primitive('softplus', 'log(1 + exp(x)), without overflow'),
  floor: primitive('floor', 'the greatest integer not above x; its derivative is 0'),
  step: of('z', '1 where z > 0, else 0; its derivative is 0', ['gt', 'z', 0]),
  relu: of('z', 'z where z > 0, else 0', ['select', ['gt', 'z', 0], 'z', 0]),
  leaky_relu: of('z', 'z where z > 0, else a · z', ['select', ['gt', 'z', 0], 'z', ['mul', 'a', 'z']], {
    name: 'a',
    default: 0.01,
  }),
  elu: of(
    'z',
    'z where z > 0, else a · (exp(z) - 1)',
    ['select', ['gt', 'z', 0], 'z', ['mul', 'a', ['sub', ['exp', ['select', ['gt', 'z', 0], 0, 'z']], 1]]],
    { name: 'a', default: 1 },
  ),
  gelu: of('z', 'z · Φ(z), exact (with the error function)', [
    'mul',
    ['mul', 0.5, 'z'],
    ['add', 1, ['erf', ['mul', 'z', Math.SQRT1_2]]],
  ]),
  silu: of('z', 'z · sigmoid(z)', ['mul', 'z', ['sigmoid', 'z']]),
  max: binary('max', 'the larger of two'),
  min: binary('min', 'the smaller of two'),
  pow: binary('pow', 'x to the power of y, the same as x ^ y'),
  clamp: of(
    'x',
    'x limited to [low, high]',
    ['min', ['max', 'x', 'low'], 'high'],
    { name: 'low' },
    { name: 'high' },
  ),
  mean: reduction('mean', "the mean over a row's units"),
  sum: reduction('sum', "the sum over a row's units"),
  amax: reduction('amax', "the maximum over a row's units"),
  rms_norm: normalization('h / sqrt(mean(h^2) + eps)', 1e-8, [
    'div',
    'h',
    ['sqrt', ['add', ['mean', ['pow', 'h', 2]], 'eps']],
  ]),
  l2_norm: normalization('h / (sqrt(sum(h^2)) + eps)', 1e-8, [
    'div',
    'h',
    ['add', ['sqrt', ['sum', ['pow', 'h', 2]]], 'eps'],
  ]),
  layer_norm: normalization('(h - mean(h)) / sqrt(variance(h) + eps), the variance over n', 1e-5, [
    'div',
    centred,
    ['sqrt', ['add', ['mean', ['pow', centred, 2]], 'eps']],
  ]),
};
