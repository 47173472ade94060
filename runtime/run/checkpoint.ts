/**
 * Checkpoints: parameters and optimizer state in a safetensors file, under the language's names, with the position
 * of training in its metadata. Other programs read the parameters as they are; rffc reads all of it back to go on.
 */
import type { TensorInfo } from '../../compiler/graph/tensors.js';
import { type Diagnostic, failure, RffcError } from '../../grammar/diagnostic.js';
import type { Session } from '../engine.js';
import { readSafetensors, type Tensor, toFloat32, writeSafetensors } from '../safetensors.js';
import type { Position } from '../train/train.js';

/** The version of the names and metadata, not of safetensors. */
const FORMAT = 'rffc-checkpoint-1';

export interface CheckpointInfo {
  readonly position: Position;
  /** On the test split, in [0, 1]; null before it was judged. */
  readonly accuracy: number | null;
  /** Of the model's text. */
  readonly sha256: string;
}
export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, Float32Array>;
  /** Null for a file of weights from elsewhere. */
  readonly info: CheckpointInfo | null;
}

/** Copies all parameters and optimizer state out of a session. */
export async function collectTensors(session: Session): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const { name, role, shape } of session.tensors) {
    if (role === 'parameter' || role === 'state')
      tensors.set(name, { dtype: 'F32', shape, data: await session.read(name) });
  }
  return tensors;
}

/** Writes a checkpoint atomically. @throws RffcError if the file cannot be written. */
export async function writeCheckpoint(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  info: CheckpointInfo,
): Promise<void> {
  const { epoch, batch, trained } = info.position;
  await writeSafetensors(path, tensors, {
    format: FORMAT,
    epoch: String(epoch),
    batch: String(batch),
    trained: String(trained),
    ...(info.accuracy === null ? {} : { accuracy: String(info.accuracy) }),
    model_sha256: info.sha256,
  });
}

/**
 * Reads weights for a model whose session has `expected` tensors: all its parameters, and with `state` its optimizer
 * state too. Without `state`, optimizer state in the file is passed over.
 * @throws RffcError RFF706 with one diagnostic for each tensor that is missing, too many, or of another shape, and
 * whatever reading a safetensors file can throw.
 */
export async function readCheckpoint(
  path: string,
  expected: readonly TensorInfo[],
  { state }: { readonly state: boolean },
): Promise<Checkpoint> {
  const file = await readSafetensors(path);
  const wanted = new Map(
    expected
      .filter(({ role }) => role === 'parameter' || (state && role === 'state'))
      .map((info) => [info.name, info]),
  );
  const problems: Diagnostic[] = [];
  const report = (message: string, hint?: string) =>
    problems.push({ code: 'RFF706', severity: 'error', message, file: path, ...(hint ? { hint } : {}) });

  for (const [name, { shape }] of wanted) {
    const tensor = file.tensors.get(name);
    if (!tensor) report(`\`${name}\` [${shape.join(', ')}] is missing`);
    else if (!sameShape(tensor.shape, shape)) {
      report(`\`${name}\` is [${tensor.shape.join(', ')}], but the model's is [${shape.join(', ')}]`);
    }
  }
  for (const name of file.tensors.keys()) {
    const passedOver = !state && name.startsWith('optimizer/');
    if (!wanted.has(name) && !passedOver) report(`\`${name}\` is no tensor of the model`);
  }
  if (problems.length > 0) throw new RffcError(firstFew(problems, path));

  const tensors = new Map(
    [...wanted.keys()].map((name) => [name, toFloat32(file.tensors.get(name)!)] as const),
  );
  return { tensors, info: parseInfo(file.metadata) };
}

/** A checkpoint's position. @throws RffcError RFF707 where the file does not say how far training was. */
export function resumable(checkpoint: Checkpoint, path: string): CheckpointInfo {
  if (checkpoint.info) return checkpoint.info;
  throw failure('RFF707', 'the file does not say at which epoch and batch it was written', {
    file: path,
    hint: 'resume from a folder that `rffc run` wrote, or start anew from these weights with `--init`',
  });
}

/** Writes a checkpoint's tensors into a session. */
export function restore(session: Session, checkpoint: Checkpoint): void {
  for (const [name, values] of checkpoint.tensors) session.write(name, values);
}

function parseInfo(metadata: Readonly<Record<string, string>>): CheckpointInfo | null {
  if (metadata.format !== FORMAT) return null;
  const whole = (text: string | undefined) =>
    text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  const [epoch, batch, trained] = [whole(metadata.epoch), whole(metadata.batch), whole(metadata.trained)];
  if (epoch === undefined || batch === undefined || trained === undefined) return null;
  const accuracy = Number(metadata.accuracy ?? Number.NaN);
  return {
    position: { epoch, batch, trained },
    accuracy: Number.isFinite(accuracy) ? accuracy : null,
    sha256: metadata.model_sha256 ?? '',
  };
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** A file for quite another model differs everywhere: ten lines say as much as a thousand. */
function firstFew(problems: readonly Diagnostic[], path: string): Diagnostic[] {
  if (problems.length <= 10) return [...problems];
  const more = `… and ${problems.length - 10} more differences`;
  return [
    ...problems.slice(0, 10),
    {
      code: 'RFF706',
      severity: 'error',
      message: more,
      file: path,
      hint: 'are these the weights of this model?',
    },
  ];
}
