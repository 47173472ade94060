/**
 * Checkpoints: parameters and optimizer state in a safetensors file, under the language's names, with the position
 * of training and a checksum in its metadata. Other programs can read the parameters; rffc reads everything back
 * to resume. A run's folder keeps the latest and the previous one, so that one of them is always complete.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isStateEntry, type TensorInfo } from '../../compiler/graph/tensors.js';
import { type Diagnostic, failure, RffcError } from '../../grammar/diagnostic.js';
import type { Session } from '../engine.js';
import { fileError, syncFolder } from '../files.js';
import { CHECKPOINT, DAMAGED, PREVIOUS } from '../folder/folder.js';
import { readSafetensors, type Tensor, toFloat32, writeSafetensors } from '../safetensors.js';
import type { Measures, Position } from '../train/progress.js';

export { collectTensors } from '../weight-bytes.js';

/** The version of the names and metadata, not of safetensors. */
const FORMAT = 'rffc-checkpoint-2';

export interface CheckpointInfo {
  readonly position: Position;
  /**
   * Accuracy in [0, 1] on the validation split if there is one, else on the test split: after the latest epoch, and the
   * best so far; null before the first evaluation.
   */
  readonly accuracy: number | null;
  readonly best: number | null;
  /** Means over the current epoch so far; null at its beginning. */
  readonly soFar: Measures | null;
  /** SHA-256 of the model's text. */
  readonly sha256: string;
}
export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, Float32Array>;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Null for weights from elsewhere. */
  readonly info: CheckpointInfo | null;
}

/**
 * Writes a checkpoint atomically.
 * @throws RffcError RFF642 if the file cannot be written.
 */
export async function writeCheckpoint(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  info: CheckpointInfo,
): Promise<void> {
  const { position, accuracy, best, soFar, sha256 } = info;
  const training = { ...position, accuracy, best, so_far: soFar };
  const metadata = { format: FORMAT, training: JSON.stringify(training), model_sha256: sha256 };
  await writeSafetensors(path, tensors, { ...metadata, checksum: checksumOf(tensors, metadata) });
  syncFolder(dirname(path));
}

/**
 * Writes a run's latest checkpoint, and keeps the previous one. @throws RffcError as `writeCheckpoint` does, RFF703.
 */
export async function writeLatest(
  folder: string,
  tensors: ReadonlyMap<string, Tensor>,
  info: CheckpointInfo,
): Promise<void> {
  const path = join(folder, CHECKPOINT);
  if (existsSync(path)) keepAs(path, join(folder, PREVIOUS));
  await writeCheckpoint(path, tensors, info);
}

/** Gives a file a second name, replacing that name; both names always refer to complete files. */
function keepAs(path: string, other: string): void {
  const temporary = `${other}.${process.pid}.tmp`;
  try {
    rmSync(temporary, { force: true });
    try {
      linkSync(path, temporary);
    } catch {
      // Some file systems have no hard links.
      copyFileSync(path, temporary);
    }
    renameSync(temporary, other);
    // Renaming is a no-op if both names are already one file, as a kill can leave them.
    rmSync(temporary, { force: true });
  } catch (error) {
    throw fileError(error, other);
  }
}

/** A run's latest complete checkpoint. */
export interface LatestCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly info: CheckpointInfo;
  /** Warns that the latest was damaged and this is the previous one. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * Reads the checkpoint to resume from: the latest, or the previous one if that is damaged; the damaged one
 * is kept under another name. Undefined for a run that stopped before its first checkpoint.
 * @throws RffcError RFF706, RFF707 as `readCheckpoint` and `resumable` do, RFF720 if none is complete.
 */
export async function readLatest(
  folder: string,
  expected: readonly TensorInfo[],
): Promise<LatestCheckpoint | undefined> {
  const damage: Diagnostic[] = [];
  for (const name of [CHECKPOINT, PREVIOUS]) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    try {
      const checkpoint = await readCheckpoint(path, expected, { state: true });
      const info = resumable(checkpoint, path);
      if (damage.length === 0) return { checkpoint, info, warnings: [] };
      renameSync(join(folder, CHECKPOINT), join(folder, DAMAGED));
      const { epoch, batch } = info.position;
      const message = `${damage[0]!.message}: resuming from the previous one, after epoch ${epoch}, batch ${batch}`;
      const hint = `the damaged file is kept as ${DAMAGED}; check the disk`;
      return {
        checkpoint,
        info,
        warnings: [{ code: 'RFF720', severity: 'warning', message, file: path, hint }],
      };
    } catch (error) {
      if (!(error instanceof RffcError) || !isDamage(error)) throw error;
      damage.push(...error.diagnostics);
    }
  }
  if (damage.length === 0) return undefined;
  throw new RffcError(
    damage.map((one) => ({
      ...one,
      hint:
        `no undamaged checkpoint in \`${folder}\`: start a new run, for example with \`--init ` +
        `${folder}/best.safetensors\``,
    })),
  );
}

/** Whether a file differs from what was written, by its header or checksum. */
function isDamage({ diagnostics }: RffcError): boolean {
  return diagnostics.every(({ code }) => code === 'RFF640' || code === 'RFF720');
}

/**
 * The SHA-256, in hexadecimal, of a checkpoint's content: its metadata and every tensor's name, type, shape and
 * bytes, sorted by name.
 */
function checksumOf(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): string {
  const hash = createHash('sha256');
  const byName = (a: readonly [string, unknown], b: readonly [string, unknown]) => (a[0] < b[0] ? -1 : 1);
  hash.update(JSON.stringify(Object.entries(metadata).sort(byName)));
  for (const [name, { dtype, shape, data }] of [...tensors].sort(byName)) {
    hash.update(JSON.stringify([name, dtype, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/**
 * Reads weights for a model whose session has `expected` tensors: all its parameters, and with `state` its optimizer
 * state too. Without `state`, optimizer state in the file is ignored.
 * @throws RffcError RFF720 for a damaged checkpoint, RFF706 with one diagnostic per missing, extra or differently
 * shaped tensor, and the errors of reading a safetensors file.
 */
export async function readCheckpoint(
  path: string,
  expected: readonly TensorInfo[],
  { state }: { readonly state: boolean },
): Promise<Checkpoint> {
  const file = await readSafetensors(path);
  const { checksum, ...said } = file.metadata;
  // Weights of other programs have no checksum.
  if (checksum === undefined ? said.format === FORMAT : checksum !== checksumOf(file.tensors, said)) {
    throw failure('RFF720', `\`${path}\` is damaged: its content does not match its checksum`, {
      file: path,
      hint: 'it changed after it was written: a failing disk, or an incomplete copy',
    });
  }
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
      report(`\`${name}\` is [${tensor.shape.join(', ')}]: the model expects [${shape.join(', ')}]`);
    }
  }
  for (const name of file.tensors.keys()) {
    const passedOver = !state && isStateEntry(name);
    if (!wanted.has(name) && !passedOver) report(`\`${name}\` is not a tensor of the model`);
  }
  if (problems.length > 0) throw new RffcError(firstFew(problems, path));

  const tensors = new Map(
    [...wanted.keys()].map((name) => [name, toFloat32(file.tensors.get(name)!)] as const),
  );
  const shapes = new Map([...wanted].map(([name, { shape }]) => [name, shape] as const));
  return { tensors, shapes, info: parseInfo(file.metadata) };
}

/** A checkpoint's position. @throws RffcError RFF707 if the file has none. */
export function resumable(checkpoint: Checkpoint, path: string): CheckpointInfo {
  if (checkpoint.info) return checkpoint.info;
  throw failure('RFF707', 'not a checkpoint: the file has no epoch and batch to resume at', {
    file: path,
    hint: 'resume a folder written by `rffc run`, or start from these weights with `--init`',
  });
}

/**
 * Writes a checkpoint's tensors into a session; returns those that the session does not have, such as the state of
 * another back.
 */
export function restore(session: Session, checkpoint: Checkpoint): Map<string, Tensor> {
  const known = new Set(session.tensors.map(({ name }) => name));
  const carried = new Map<string, Tensor>();
  for (const [name, data] of checkpoint.tensors) {
    if (known.has(name)) session.write(name, data);
    else carried.set(name, { dtype: 'F32', shape: checkpoint.shapes.get(name)!, data });
  }
  return carried;
}

function parseInfo(metadata: Readonly<Record<string, string>>): CheckpointInfo | null {
  if (metadata.format !== FORMAT) return null;
  let json: unknown;
  try {
    json = JSON.parse(metadata.training ?? '');
  } catch {
    return null;
  }
  if (typeof json !== 'object' || json === null) return null;
  const { epoch, batch, trained, network, accuracy, best, so_far } = json as Readonly<
    Record<string, unknown>
  >;
  const whole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  const share = (value: unknown): value is number | null => value === null || typeof value === 'number';
  if (!whole(epoch) || !whole(batch) || !whole(trained)) return null;
  const ended = network as { readonly epoch?: unknown; readonly trained?: unknown } | undefined;
  if (ended !== undefined && !(whole(ended?.epoch) && whole(ended.trained))) return null;
  if (!share(accuracy) || !share(best) || !isMeasures(so_far)) return null;
  const sha256 = metadata.model_sha256 ?? '';
  const position = {
    epoch,
    batch,
    trained,
    ...(ended ? { network: ended as Position['network'] & {} } : {}),
  };
  return { position, accuracy, best, soFar: so_far, sha256 };
}

function isMeasures(value: unknown): value is Measures | null {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  const {
    loss,
    goodnessPositive,
    goodnessNegative,
    stepsPositive,
    stepsNegative,
    classifierLoss,
    decodeLoss,
  } = value as Partial<Record<keyof Measures, unknown>>;
  const numbers = (list: unknown) => Array.isArray(list) && list.every((one) => typeof one === 'number');
  return (
    [loss, goodnessPositive, goodnessNegative, stepsPositive, stepsNegative].every(numbers) &&
    [classifierLoss, decodeLoss].every((one) => one === null || typeof one === 'number')
  );
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
