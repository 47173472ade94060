/** Expressions in ONNX's operators, node by node. */
import { argumentsOf, type Expr, nodesOf } from '../../compiler/expr/index.js';
import type { Name, OnnxBuilder } from './builder.js';

/** Those that ONNX has under another name only. */
const plain = {
  neg: 'Neg',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  abs: 'Abs',
  sign: 'Sign',
  sin: 'Sin',
  cos: 'Cos',
  tanh: 'Tanh',
  sigmoid: 'Sigmoid',
  erf: 'Erf',
  floor: 'Floor',
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  pow: 'Pow',
  max: 'Max',
  min: 'Min',
} as const;

/** Comparisons, which give truth values there and numbers here. */
const comparisons = {
  lt: 'Less',
  le: 'LessOrEqual',
  gt: 'Greater',
  ge: 'GreaterOrEqual',
  eq: 'Equal',
} as const;

const has = <T extends object>(table: T, key: PropertyKey): key is keyof T => Object.hasOwn(table, key);

/** TensorProto.FLOAT, which Cast takes. */
const TO_FLOAT = [{ name: 'to', int: 1 }];

/**
 * Writes an expression.
 *
 * @param values each variable's tensor, its last axis over the units (one for row variables)
 * @param units what `n` stands for
 * @returns a tensor broadcast from the variables'; its last axis is 1 (or it has none) for a row expression
 */
export function writeExpression(
  build: OnnxBuilder,
  expr: Expr,
  values: ReadonlyMap<string, Name>,
  units: number,
  hint: string,
): Name {
  const done = new Map<Expr, Name>();
  for (const node of nodesOf(expr)) {
    const args = argumentsOf(node).map((arg) => done.get(arg)!);
    const name = node === expr ? hint : `${hint}/${node.op}`;
    done.set(node, write(build, node, args, values, units, name));
  }
  return done.get(expr)!;
}

function write(
  build: OnnxBuilder,
  expr: Expr,
  args: readonly Name[],
  values: ReadonlyMap<string, Name>,
  units: number,
  hint: string,
): Name {
  const { op } = expr;
  const [a, b, c] = args as [Name, Name, Name];
  if (has(plain, op)) return build.node(plain[op], args, hint);
  const truth = (comparison: string) => build.node(comparison, args, `${hint}/truth`);
  if (has(comparisons, op)) return build.node('Cast', [truth(comparisons[op])], hint, TO_FLOAT);
  switch (op) {
    case 'const':
      return build.number(expr.value);
    case 'var': {
      const value = values.get(expr.name);
      if (value !== undefined) return value;
      if (expr.name === 'n') return build.number(units);
      throw new Error(`\`${expr.name}\` has no value here`);
    }
    case 'softplus': {
      // max(a, 0) + log(1 + exp(-|a|)): ONNX's own Softplus overflows in its reference.
      const tail = build.node('Exp', [build.node('Neg', [build.node('Abs', [a], hint)], hint)], hint);
      const logarithm = build.node('Log', [build.node('Add', [tail, build.number(1)], hint)], hint);
      return build.node('Add', [build.node('Max', [a, build.number(0)], hint), logarithm], hint);
    }
    case 'ne':
      return build.node('Cast', [build.node('Not', [truth('Equal')], `${hint}/not`)], hint, TO_FLOAT);
    case 'select': {
      const no = build.node('Equal', [a, build.number(0)], `${hint}/no`);
      return build.node('Where', [no, c, b], hint);
    }
    case 'surrogate':
      return a;
    case 'mean':
    case 'amax':
      return build.node(op === 'mean' ? 'ReduceMean' : 'ReduceMax', [a], hint, [
        { name: 'axes', ints: [-1] },
        { name: 'keepdims', int: 1 },
      ]);
    case 'sum':
      return build.node('ReduceSum', [a, build.integers(-1)], hint, [{ name: 'keepdims', int: 1 }]);
    default:
      return op satisfies never;
  }
}
