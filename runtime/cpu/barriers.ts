/**
 * Where workers must meet: before a launch that touches memory which a launch since the last meeting touches too, one of
 * them writing, unless every worker finds there only what it did itself.
 *
 * That exception carries most programs. Work is shared by rows, always by the same formula, so two launches which each keep
 * every worker to its own rows of a same matrix need no meeting between them: a forward product, the row kernel behind it,
 * the next product. All else is taken for touched by everybody.
 */
import { conflicts, type Touch } from '../../compiler/plan/touches.js';

/**
 * For each launch whether all workers must meet before it. The workers have met before the first one.
 *
 * @param launches what each launch touches, in order
 */
export function barriersOf(launches: readonly (readonly Touch[])[]): boolean[] {
  let since: Touch[] = [];
  return launches.map((touches) => {
    const sync = touches.some((t) => since.some((earlier) => conflicts(earlier, t)));
    since = sync ? [...touches] : [...since, ...touches];
    return sync;
  });
}
