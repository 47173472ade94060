/**
 * The operators of expressions: one table for the checker, the evaluator, the derivatives, the engines' printers and
 * the language reference.
 *
 * `element` operators work unit by unit; `reduce` operators turn a whole row into one number. The built-in functions of
 * the language (`relu`, `rms_norm`, …) are in `builtins.ts`, written in terms of these.
 */
export type ElementOperator =
  | 'neg'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'abs'
  | 'sign'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'sigmoid'
  | 'softplus'
  | 'erf'
  | 'floor'
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'pow'
  | 'max'
  | 'min'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'eq'
  | 'ne'
  /** select(c, a, b): a where c is not 0, else b. */
  | 'select'
  /** surrogate(value, slope, x): value; its derivative is slope · dx. */
  | 'surrogate';
export type ReduceOperator = 'mean' | 'sum' | 'amax';
export type Operator = ElementOperator | ReduceOperator;

export interface OperatorInfo {
  readonly kind: 'element' | 'reduce';
  readonly arity: 1 | 2 | 3;
  /** On one element (`element` operators only), in f64. */
  readonly apply?: (...x: number[]) => number;
}

const unary = (apply: (x: number) => number): OperatorInfo => ({
  kind: 'element',
  arity: 1,
  apply: apply as (...x: number[]) => number,
});
const binary = (apply: (x: number, y: number) => number): OperatorInfo => ({
  kind: 'element',
  arity: 2,
  apply: apply as (...x: number[]) => number,
});
const reduce: OperatorInfo = { kind: 'reduce', arity: 1 };

export const operators: Readonly<Record<Operator, OperatorInfo>> = {
  neg: unary((x) => -x),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  abs: unary(Math.abs),
  sign: unary(Math.sign),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tanh: unary(Math.tanh),
  sigmoid: unary((x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))),
  softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  erf: unary(erf),
  floor: unary(Math.floor),
  add: binary((x, y) => x + y),
  sub: binary((x, y) => x - y),
  mul: binary((x, y) => x * y),
  div: binary((x, y) => x / y),
  pow: binary((x, y) => x ** y),
  max: binary(Math.max),
  min: binary(Math.min),
  lt: binary((x, y) => Number(x < y)),
  le: binary((x, y) => Number(x <= y)),
  gt: binary((x, y) => Number(x > y)),
  ge: binary((x, y) => Number(x >= y)),
  eq: binary((x, y) => Number(x === y)),
  ne: binary((x, y) => Number(x !== y)),
  select: { kind: 'element', arity: 3, apply: (c, a, b) => (c !== 0 ? a! : b!) },
  surrogate: { kind: 'element', arity: 3, apply: (value) => value! },
  mean: reduce,
  sum: reduce,
  amax: reduce,
};

export function isOperator(name: string): name is Operator {
  return Object.hasOwn(operators, name);
}

/**
 * The error function, to about 1e-16: a Maclaurin series for small |x|, a continued fraction for the tail
 * (Abramowitz and Stegun 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 100 && Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  if (a > 6) return Math.sign(x);
  let fraction = a;
  for (let n = 60; n > 0; n--) fraction = a + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * fraction));
}
