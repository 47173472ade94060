/**
 * The weights that a run starts from where `--init` names a file: those of another run, or any safetensors file with
 * the language's names. With `missing: 'ok'` it may lack some, and have others.
 */
import type { TensorInfo } from '../../compiler/graph/tensors.js';
import { type Diagnostic, failure } from '../../grammar/diagnostic.js';
import { readSafetensorsHeader } from '../safetensors.js';
import { type Checkpoint, readCheckpoint } from './checkpoint.js';

export interface InitialWeights {
  readonly checkpoint: Checkpoint;
  /** What the file lacks, and what it has that the model does not; each in one warning. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * Reads the weights of `path` for a network with the tensors `expected`; its optimizer state is passed over.
 * @param missing whether the file may hold other weights than the network's, as long as some are the same
 * @throws RffcError RFF706 for weights that do not fit, and whatever reading a safetensors file can throw
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
  const unused = [...entries].filter(([name]) => !names.has(name) && !name.startsWith('optimizer/'));
  if (shared.length === 0) {
    throw failure('RFF706', `\`${path}\` has none of the model's ${parameters.length} tensors`, {
      file: path,
      hint: `the model's are ${listed([...names])}; the file's are ${listed([...entries.keys()])}`,
    });
  }
  // What is not used is read with the rest, so that a checkpoint's checksum is seen to be right.
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
              `${absent.length} of the model's ${parameters.length} tensors are missing and start anew: ` +
                `${listed(absent)}`,
            ),
          ]
        : []),
      ...(unused.length > 0
        ? [warning(`not used, for the model has no such tensor: ${listed(unused.map(([name]) => name))}`)]
        : []),
    ],
  };
}

/** Names in a line, the first few of many. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `\`${name}\``);
  return `${shown.join(', ') || 'none'}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`;
}
