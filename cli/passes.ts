/** The passes that `--no-pass` names. */
import { type PassName, passNames } from '../compiler/passes/pipeline.js';
import { closest } from '../grammar/suggest.js';
import { misuse } from './io.js';

/** @throws RffcError RFF713 for a name that is no pass's */
export function passesOf(names: readonly string[]): PassName[] {
  return names.map((name) => {
    const pass = passNames.find((known) => known === name);
    if (pass) return pass;
    const near = closest(name, passNames);
    const hint = near ? `did you mean \`${near}\`?` : `the passes are ${passNames.join(', ')}`;
    throw misuse(`there is no pass \`${name}\``, hint);
  });
}
