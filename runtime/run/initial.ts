/**
 * The weights of `--init`: those of another run, or any safetensors file with
 * the language's names. `missing: 'ok'` allows missing and unused ones.
 */
import { isStateEntry, type TensorInfo } from '../../compiler/graph/tensors.js';
import { type Diagnostic, failure } from '../../grammar/diagnostic.js';
import { readSafetensorsHeader } from '../safetensors.js';
import { type Checkpoint, readCheckpoint } from './checkpoint.js';

export interface InitialWeights {
  readonly checkpoint: Checkpoint;
  /** One warning for missing weights, one for unused ones. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * Reads the weights of `path` for a network with the tensors `expected`; optimizer state is ignored.
 * @param missing whether weights may be missing or unused, as long as some match
 * @throws RffcError RFF706 for weights that do not match, and the errors of reading a safetensors file
 */
export async function readInitialWeights(
  path: string,
  expected: readonly TensorInfo[],
  missing: 'ok' | 'error' = 'error',
): Promise<InitialWeights> {
  if (missing === 'error')
    return { checkpoint: await readCheckpoint(path, expected, { state: false }), warnings: [] };
  const { entries } = await readSafetensorsHeader(path);
  const parameters = expected.filter(({ role }) => role === 'parameter');
  const names = new Set(parameters.map(({ name }) => name));
  const shared = parameters.filter(({ name }) => entries.has(name));
  const absent = parameters.filter(({ name }) => !entries.has(name)).map(({ name }) => name);
  const unused = [...entries].filter(([name]) => !names.has(name) && !isStateEntry(name));
  if (shared.length === 0) {
    throw failure('RFF706', `\`${path}\` contains none of the model's ${parameters.length} tensors`, {
      file: path,
      hint: `expected ${listed([...names])}; found ${listed([...entries.keys()])}`,
    });
  }
  // Unused tensors are read too, to verify a checkpoint's checksum.
  const others = unused.map(
    ([name, { shape }]): TensorInfo => ({ name, shape, type: 'f32', role: 'parameter' }),
  );
  const { tensors, shapes, info } = await readCheckpoint(path, [...shared, ...others], { state: false });
  const used = new Map([...tensors].filter(([name]) => names.has(name)));
  const warning = (message: string): Diagnostic => ({
    code: 'RFF706',
    severity: 'warning',
    message,
    file: path,
  });
  return {
    checkpoint: { tensors: used, shapes, info },
    warnings: [
      ...(absent.length > 0
        ? [
            warning(
              `${absent.length} of the model's ${parameters.length} tensors are missing and initialized ` +
                `normally: ${listed(absent)}`,
            ),
          ]
        : []),
      ...(unused.length > 0
        ? [warning(`not used, as the model has no such tensor: ${listed(unused.map(([name]) => name))}`)]
        : []),
    ],
  };
}

/** Names in a line, abbreviated. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `\`${name}\``);
  return `${shown.join(', ') || 'none'}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`;
}
