/**
 * Symbolic derivatives of row values, by reverse accumulation over the graph of the expression.
 *
 * The result is an expression like any other: it is simplified, shares nodes with the original, and is compiled into
 * the same kernel. There is no tape, and nothing is differentiated at run time.
 */
import {
  type Application,
  add,
  apply,
  argumentsOf,
  constant,
  div,
  type Expr,
  mul,
  nodesOf,
  one,
  select,
  sub,
  width,
  zero,
} from './expr.js';

/**
 * d output / d x for every unit: an element expression if `x` is one.
 *
 * @param output a row value (a scalar per sample)
 * @param x the node to differentiate by; everything else in `output` is held constant
 * @throws Error if `output` is an element expression
 */
export function derive(output: Expr, x: Expr): Expr {
  if (output.kind !== 'row')
    throw new Error('only a row value can be differentiated: reduce it over the units first');
  const adjoints = new Map<Expr, Expr>([[output, one]]);
  const order = nodesOf(output);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    const adjoint = adjoints.get(node);
    // Nothing below x matters: x is the variable.
    if (!adjoint || node === x || node.op === 'const' || node.op === 'var') continue;
    const args = argumentsOf(node);
    partials(node as Application, adjoint).forEach((contribution, k) => {
      const arg = args[k]!;
      if (!contribution || contribution === zero || arg.op === 'const') return;
      // A row value that was broadcast over the units sums the adjoints of all of them.
      const gathered =
        arg.kind === 'row' && node.kind === 'element' ? apply('sum', contribution) : contribution;
      const before = adjoints.get(arg);
      adjoints.set(arg, before ? add(before, gathered) : gathered);
    });
  }
  return adjoints.get(x) ?? zero;
}

/** The adjoint of each argument of `e`, given that of `e`. */
function partials(e: Application, adjoint: Expr): (Expr | undefined)[] {
  const [a, b] = e.args as [Expr, Expr];
  const times = (x: Expr) => mul(adjoint, x);
  switch (e.op) {
    case 'neg':
      return [apply('neg', adjoint)];
    case 'exp':
      return [times(e)];
    case 'log':
      return [div(adjoint, a)];
    case 'sqrt':
      return [div(times(constant(0.5)), e)];
    case 'abs':
      return [times(apply('sign', a))];
    case 'sin':
      return [times(apply('cos', a))];
    case 'cos':
      return [apply('neg', times(apply('sin', a)))];
    case 'tanh':
      return [times(sub(one, mul(e, e)))];
    case 'sigmoid':
      return [times(mul(e, sub(one, e)))];
    case 'softplus':
      return [times(apply('sigmoid', a))];
    case 'erf':
      return [times(mul(apply('exp', apply('neg', mul(a, a))), constant(2 / Math.sqrt(Math.PI))))];
    case 'add':
      return [adjoint, adjoint];
    case 'sub':
      return [adjoint, apply('neg', adjoint)];
    case 'mul':
      return [times(b), times(a)];
    case 'div':
      return [div(adjoint, b), apply('neg', div(times(e), b))];
    case 'pow':
      return [
        times(mul(b, apply('pow', a, sub(b, one)))),
        // log(a) is needed only if the exponent varies, and then only for a positive base.
        b.op === 'const' ? undefined : times(mul(e, apply('log', a))),
      ];
    case 'max':
      return [times(select(apply('ge', a, b), one, zero)), times(select(apply('ge', a, b), zero, one))];
    case 'min':
      return [times(select(apply('le', a, b), one, zero)), times(select(apply('le', a, b), zero, one))];
    case 'select':
      // A choice between 1 and 0 is a factor, so that the slopes of both branches combine into one choice of constants.
      return [undefined, times(select(a, one, zero)), times(select(a, zero, one))];
    case 'surrogate':
      return [undefined, undefined, times(b)];
    case 'mean':
      return [div(adjoint, width)];
    case 'sum':
      return [adjoint];
    case 'amax': {
      // Units that share the maximum share its derivative, as in PyTorch's amax.
      const winners = apply('eq', a, e);
      return [div(mul(adjoint, winners), apply('sum', winners))];
    }
    case 'sign':
    case 'floor':
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
    case 'eq':
    case 'ne':
      return [];
    default:
      return e.op satisfies never;
  }
}
