/**
 * Where barriers are needed: before a launch that touches memory also touched since the last barrier, one of
 * them writing, unless every worker touches only its own part.
 *
 * That exception covers most programs. Work is shared by rows, always by the same formula, so two launches which each
 * keep every worker to its own rows of the same matrix need no barrier between them: a forward product, the row
 * kernel after it, the next product. Everything else counts as touched by all workers.
 */
import { conflicts, type Touch } from '../../compiler/plan/touches.js';

/**
 * For each launch, whether it needs a barrier before it. The first one needs none.
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
