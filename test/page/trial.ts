/** A few training batches on any session, with what came of them: the same in the page and in the test that judges it. */
import { type Compilation, compile } from '../../compiler/compile.js';
import { loadDigits } from '../../runtime/data/digits.js';
import type { Session } from '../../runtime/engine.js';
import { initializeParameters, resetSession } from '../../runtime/train/parameters.js';
import { train } from '../../runtime/train/train.js';

/** Per batch, the mean loss of each layer. */
export type Losses = readonly (readonly number[])[];

/** Compiles the text in the page. @throws RffcError with every diagnostic */
export function compileText(text: string): Promise<Compilation> {
  return compile({ text, file: 'page.rff' });
}

/**
 * Trains the model's epochs on its `digits`.
 *
 * @param report what is told after each batch
 */
export async function trial(
  { document, graph }: Compilation,
  session: Session,
  report: (losses: Losses) => void = () => {},
): Promise<Losses> {
  resetSession(session, initializeParameters(document));
  const losses: (readonly number[])[] = [];
  await train(
    session,
    graph,
    loadDigits(document.train.data),
    {},
    {
      batch({ loss }) {
        losses.push(loss);
        report(losses);
      },
    },
  );
  return losses;
}
