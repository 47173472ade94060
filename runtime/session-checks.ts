/** Checks of the session given to a library function. */
import type { Network } from '../compiler/network.js';
import { isObject, wrongArgument } from '../grammar/arguments.js';
import { failure } from '../grammar/diagnostic.js';
import type { Session } from './engine.js';
import { parametersOf } from './train/parameters.js';

/** @throws RffcError RFF770 if it is not a session */
export function sessionArgument(call: string, session: Session): void {
  const it: unknown = session;
  if (isObject(it) && typeof it.write === 'function' && Array.isArray(it.tensors)) return;
  const hint =
    it instanceof Promise
      ? '`await` it: `const session = await openBackend(…)`'
      : "`const session = await openBackend('auto', plan)` opens one";
  throw wrongArgument(call, 'a session', session, hint);
}

/** @throws RffcError RFF774 for a session that was opened with another plan */
export function sameNetwork(call: string, session: Session, network: Network): void {
  const { document, batch, predictBatch, frames } = network;
  const d = document.input.size;
  const expected = new Map<string, readonly number[]>([
    ...parametersOf(document).map(({ name, shape }) => [name, shape] as const),
    ['x', [frames, batch, d]],
    ['predict/x', [frames, predictBatch, d]],
  ]);
  const other = (what: string) =>
    failure('RFF774', `\`${call}\`: session of another network: ${what}`, {
      hint: 'pass the plan that the session was opened with',
    });
  let shared = 0;
  for (const { name, role, shape } of session.tensors) {
    const own = expected.get(name);
    if (own === undefined) {
      if (role === 'parameter') throw other(`\`${document.name}\` has no \`${name}\``);
      continue;
    }
    if (role === 'parameter') shared++;
    if (own.length !== shape.length || own.some((n, i) => n !== shape[i]))
      throw other(`its \`${name}\` is [${shape.join(', ')}], the plan's is [${own.join(', ')}]`);
  }
  if (shared === 0) throw other(`it has no parameter of \`${document.name}\``);
}

/** @throws RffcError RFF773 for a session some of whose parameters were never written */
export function requireWeights(call: string, session: Session): void {
  const missing = session.tensors.filter(
    ({ name, role }) => role === 'parameter' && !session.written.has(name),
  );
  if (missing.length === 0) return;
  const which = missing.length === 1 ? `\`${missing[0]!.name}\` was` : `${missing.length} parameters were`;
  throw failure('RFF773', `\`${call}\` requires weights: ${which} never written`, {
    hint: 'call `train`, `initialize(session, plan)` or `loadWeights(session, file)` first',
  });
}
