/**
 * Expressions on TensorFlow.js ops, node by node: the oracle's reading of them, which shares nothing with the code
 * generators. Only operations that every tfjs backend has are used.
 */
import * as tf from '@tensorflow/tfjs-core';
import { argumentsOf, type Expr, nodesOf } from '../../compiler/expr/index.js';

const number = (condition: tf.Tensor): tf.Tensor => tf.cast(condition, 'float32');

/**
 * @param e the expression
 * @param values each variable's tensor; the last axis runs over the units (one for row variables)
 * @param units what `n` stands for
 * @returns a tensor broadcast from its variables; its last axis is 1 (or it has none) for a row expression
 */
export function interpret(e: Expr, values: ReadonlyMap<string, tf.Tensor>, units: number): tf.Tensor {
  const done = new Map<Expr, tf.Tensor>();
  for (const node of nodesOf(e)) {
    const args = argumentsOf(node).map((a) => done.get(a)!);
    done.set(node, one(node, args, values, units));
  }
  return done.get(e)!;
}

function one(
  node: Expr,
  args: readonly tf.Tensor[],
  values: ReadonlyMap<string, tf.Tensor>,
  units: number,
): tf.Tensor {
  const [a, b, c] = args as [tf.Tensor, tf.Tensor, tf.Tensor];
  switch (node.op) {
    case 'const':
      return tf.scalar(node.value);
    case 'var': {
      const value = values.get(node.name);
      if (!value && node.name === 'n') return tf.scalar(units);
      if (!value) throw new Error(`\`${node.name}\` has no value here`);
      return value;
    }
    case 'neg':
      return tf.neg(a);
    case 'exp':
      return tf.exp(a);
    case 'log':
      return tf.log(a);
    case 'sqrt':
      return tf.sqrt(a);
    case 'abs':
      return tf.abs(a);
    case 'sign':
      return tf.sub(number(tf.greater(a, 0)), number(tf.less(a, 0)));
    case 'sin':
      return tf.sin(a);
    case 'cos':
      return tf.cos(a);
    case 'tanh':
      return tf.tanh(a);
    case 'sigmoid':
      return tf.sigmoid(a);
    case 'softplus':
      return tf.add(tf.maximum(a, 0), tf.log(tf.add(tf.exp(tf.neg(tf.abs(a))), 1)));
    case 'erf':
      return erf(a);
    case 'floor':
      return tf.floor(a);
    case 'add':
      return tf.add(a, b);
    case 'sub':
      return tf.sub(a, b);
    case 'mul':
      return tf.mul(a, b);
    case 'div':
      return tf.div(a, b);
    case 'pow':
      return tf.pow(a, b);
    case 'max':
      return tf.maximum(a, b);
    case 'min':
      return tf.minimum(a, b);
    case 'lt':
      return number(tf.less(a, b));
    case 'le':
      return number(tf.lessEqual(a, b));
    case 'gt':
      return number(tf.greater(a, b));
    case 'ge':
      return number(tf.greaterEqual(a, b));
    case 'eq':
      return number(tf.equal(a, b));
    case 'ne':
      return number(tf.notEqual(a, b));
    case 'select':
      return tf.where(tf.notEqual(a, 0), b, c);
    case 'surrogate':
      return tf.clone(a);
    case 'mean':
      return tf.mean(a, -1, true);
    case 'sum':
      return tf.sum(a, -1, true);
    case 'amax':
      return tf.max(a, -1, true);
    default:
      return node satisfies never;
  }
}

/** The error function to 1.5e-7 (Abramowitz and Stegun 7.1.26): not every tfjs backend has its own. */
function erf(x: tf.Tensor): tf.Tensor {
  const magnitude = tf.abs(x);
  const t = tf.div(1, tf.add(tf.mul(magnitude, 0.3275911), 1));
  const coefficients = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  let polynomial: tf.Tensor = tf.scalar(0);
  for (const k of coefficients) polynomial = tf.mul(tf.add(polynomial, k), t);
  const tail = tf.sub(1, tf.mul(polynomial, tf.exp(tf.neg(tf.square(x)))));
  return tf.mul(tail, tf.sub(number(tf.greater(x, 0)), number(tf.less(x, 0))));
}
