/**
 * The optimizers as elementwise expressions: the new parameter and state from parameter, gradient and state, by
 * PyTorch's formulas (see the torch.optim documentation of each). One table serves the oracle and every engine's update
 * kernel.
 */
import {
  add,
  apply,
  constant,
  div,
  type Expr,
  mul,
  select,
  sqrt,
  square,
  sub,
  variable,
} from '../expr/index.js';
import type { Optimizer } from '../model.js';
import type { HostScalar } from './tensors.js';

export interface UpdateRule {
  /** State tensors of each parameter, initially zero, by PyTorch's names. */
  readonly states: readonly string[];
  /** Scalars that the expressions use, by variable name. */
  readonly scalars: Readonly<Record<string, HostScalar>>;
  /** The new value of `w` and of every state. */
  readonly next: Readonly<Record<string, Expr>>;
}

const w = variable('w', 'element');
const g = variable('g', 'element');
const rate = variable('rate', 'row');
const number = constant;

/**
 * @param scale the connection's `lr_scale`
 * @param perBatch how many times a batch updates the parameter
 * @param index which of those this is
 * @param own whether the optimizer is not the model's
 */
export function updateRule(
  optimizer: Optimizer,
  scale: number,
  perBatch: number,
  index: number,
  own = false,
): UpdateRule {
  const lr = mul(rate, number(optimizer.lr * scale));
  const scalars: Record<string, HostScalar> = { rate: own ? { name: 'rate', own } : { name: 'rate' } };
  const state = (name: string) => variable(name, 'element');
  const smooth = (average: Expr, value: Expr, keep: number) =>
    add(mul(average, number(keep)), mul(value, number(1 - keep)));

  switch (optimizer.name) {
    case 'sgd': {
      const { momentum, dampening, weight_decay: decay, nesterov, decoupled } = optimizer;
      const gradient = decoupled ? g : add(g, mul(w, number(decay)));
      let direction = gradient;
      const next: Record<string, Expr> = {};
      if (momentum !== 0) {
        let buffer = add(
          mul(state('momentum_buffer'), number(momentum)),
          mul(gradient, number(1 - dampening)),
        );
        if (dampening !== 0) {
          scalars.first = { name: 'first', perBatch, index };
          buffer = select(variable('first', 'row'), gradient, buffer);
        }
        next.momentum_buffer = buffer;
        direction = nesterov ? add(gradient, mul(buffer, number(momentum))) : buffer;
      }
      if (decoupled) direction = add(direction, mul(w, number(decay)));
      return { states: Object.keys(next), scalars, next: { w: sub(w, mul(lr, direction)), ...next } };
    }
    case 'rmsprop': {
      const average = smooth(state('square_avg'), square(g), optimizer.alpha);
      const step = div(g, add(sqrt(average), number(optimizer.eps)));
      if (optimizer.momentum === 0) {
        return { states: ['square_avg'], scalars, next: { w: sub(w, mul(lr, step)), square_avg: average } };
      }
      const buffer = add(mul(state('momentum_buffer'), number(optimizer.momentum)), step);
      return {
        states: ['square_avg', 'momentum_buffer'],
        scalars,
        next: { w: sub(w, mul(lr, buffer)), square_avg: average, momentum_buffer: buffer },
      };
    }
    case 'adam':
    case 'adamw': {
      const { beta1, beta2, eps, weight_decay: decay } = optimizer;
      scalars.correction1 = { name: 'bias_correction', beta: beta1, perBatch, index };
      scalars.correction2 = { name: 'bias_correction', beta: beta2, perBatch, index };
      const gradient = optimizer.name === 'adam' ? add(g, mul(w, number(decay))) : g;
      const average = smooth(state('exp_avg'), gradient, beta1);
      const square_average = smooth(state('exp_avg_sq'), square(gradient), beta2);
      const denominator = add(div(sqrt(square_average), sqrt(variable('correction2', 'row'))), number(eps));
      const step = mul(div(lr, variable('correction1', 'row')), div(average, denominator));
      const decayed = optimizer.name === 'adamw' ? mul(w, sub(number(1), mul(lr, number(decay)))) : w;
      return {
        states: ['exp_avg', 'exp_avg_sq'],
        scalars,
        next: { w: sub(decayed, step), exp_avg: average, exp_avg_sq: square_average },
      };
    }
    case 'adadelta': {
      const average = smooth(state('square_avg'), square(g), optimizer.rho);
      const root = (e: Expr) => sqrt(add(e, number(optimizer.eps)));
      const step = mul(div(root(state('acc_delta')), root(average)), g);
      return {
        states: ['square_avg', 'acc_delta'],
        scalars,
        next: {
          w: sub(w, mul(lr, step)),
          square_avg: average,
          acc_delta: smooth(state('acc_delta'), apply('mul', step, step), optimizer.rho),
        },
      };
    }
    default:
      return optimizer satisfies never;
  }
}
