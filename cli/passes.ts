/** The passes that `--no-pass` names. */
import { type PassName, passNames } from '../compiler/passes/pipeline.js';
import { closest } from '../grammar/suggest.js';
import { misuse } from './io.js';

/** @throws RffcError RFF727 for a name that is not a pass. */
export function passesOf(names: readonly string[]): PassName[] {
  return names.map((name) => {
    const pass = passNames.find((known) => known === name);
    if (pass) return pass;
    const near = closest(name, passNames);
    const hint = near ? `did you mean \`${near}\`?` : `passes: ${passNames.join(', ')}`;
    throw misuse(`unknown pass \`${name}\``, hint, 'RFF727');
  });
}
