/**
 * Fast weights (Ba, Hinton, Mnih, Leibo and Ionescu 2016, "Using Fast Weights to Attend to the Recent Past", arXiv
 * 1610.06258): weights that every row makes of its own recent past, A(t) = decay · A(t − 1) + rate · a(t − 1) b(t −
 * 1)ᵀ, where a and b are the target's and the source's normalized activities at a step's end, and A is zero at the
 * first step.
 *
 * A is never made. Written out, A(t) · x = Σ over earlier steps τ of rate · decay^(t − 1 − τ) · (b(τ) · x) · a(τ) (the
 * paper's section 4.1): attention over the past, a row reduction and a weighted sum. For T steps of n units that is
 * T²/2 dot products of n numbers a row, where the matrix would take T · n² multiplications and n² numbers a row.
 */
import { add, apply, constant, type Expr, mul, variable } from '../expr/index.js';
import type { FastConnection } from '../model.js';
import type { ProgramBuilder } from './builder.js';
import type { Value } from './graph.js';

/** The normalized activities of a step's end, by layer. */
export type Activities = ReadonlyMap<string, { readonly s: Value }>;

const agreement = apply('sum', mul(variable('past', 'element'), variable('now', 'element')));

/**
 * A(t) · x of a connection, without its sign, [rows, target units]; undefined where A is zero.
 *
 * @param past the ends of the earlier steps of the timeline, in order
 * @param x what is read of the source in this step
 * @param units of the target
 */
export function fastTerm(
  build: ProgramBuilder,
  { name, target, source, decay, rate }: FastConnection,
  past: readonly Activities[],
  x: Value,
  units: number,
): Value | undefined {
  const bindings: Record<string, Value> = {};
  let sum: Expr = constant(0);
  past.forEach((activities, step) => {
    // 0⁰ = 1: with no memory at all, the last step counts.
    const strength = rate * decay ** (past.length - 1 - step);
    if (strength === 0) return;
    const then = { a: activities.get(target)!.s, b: activities.get(source)!.s };
    bindings[`a${step}`] = then.a;
    bindings[`r${step}`] = build.map(agreement, { past: then.b, now: x }, x.cols, `${name}.recall[${step}]`);
    const recalled = mul(variable(`a${step}`, 'element'), variable(`r${step}`, 'row'));
    sum = add(sum, mul(recalled, constant(strength)));
  });
  return sum.op === 'const' ? undefined : build.map(sum, bindings, units, name, units);
}
