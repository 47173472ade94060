/**
 * Dead steps.
 *
 * Finds: values that no result and no update depends on: in prediction everything after the last scored step and what
 * only that would have read, in training the normalized activities of the last step. Legal: always, as values have no
 * side effects. Buys: in the reference network's schedule, 3 of the 13 steps of a prediction.
 */
import { type Ir, Rewriter } from './ir.js';

export function dropDead(program: Ir): Ir {
  const alive = new Set<number>([
    ...program.results.map((r) => r.value),
    ...program.updates.map((u) => u.value),
  ]);
  for (let i = program.values.length - 1; i >= 0; i--) {
    if (alive.has(i)) for (const input of program.values[i]!.inputs) alive.add(input);
  }
  const out = new Rewriter(program);
  for (const value of program.values) if (alive.has(value.id)) out.keep(value);
  return out.finish();
}
