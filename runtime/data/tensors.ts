/**
 * `tensors("file.safetensors")`: data of one's own. `x` [N, d] or [N, frames, d] and `y` [N]; `y_negative` [N] for
 * `negatives: given()`; `test_x`, `test_y`, without which the test split is empty. Any dtype; values are taken as they
 * are. A file that does not fit memory stays on disk and is read a sample at a time.
 */

import type { DataSpec } from '../../compiler/model.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import {
  readSafetensors,
  readSafetensorsHeader,
  type Tensor,
  type TensorEntry,
  toFloat32,
  toInt32,
} from '../safetensors.js';
import {
  type DataOptions,
  type Dataset,
  type DatasetDescription,
  floatSplit,
  imageSplit,
  type Split,
  type SplitShape,
  sampleSplit,
} from './dataset.js';
import { path } from './paths.js';
import { fileRecords, memoryLimit } from './records.js';

/** For `imageSplit`. */
export const BYTES_AS_THEY_ARE = Float32Array.from({ length: 256 }, (_, byte) => byte);

function misfit(file: string, what: string, hint?: string): RffcError {
  return failure('RFF630', `${file}: ${what}`, { file, ...(hint === undefined ? {} : { hint }) });
}

type Sizes = { count: number; frames: number; inputSize: number };

function sampleSizes(shape: readonly number[], name: string, file: string): Sizes {
  const [count, second, third] = shape;
  const sizes: Sizes | undefined =
    shape.length === 2
      ? { count: count!, frames: 1, inputSize: second! }
      : shape.length === 3
        ? { count: count!, frames: second!, inputSize: third! }
        : undefined;
  if (!sizes || sizes.frames === 0 || sizes.inputSize === 0) {
    throw misfit(file, `\`${name}\` is [${shape.join(', ')}], it must be [N, d] or [N, frames, d]`);
  }
  return sizes;
}

/** The file as it is read: its entries, and each one's bytes, whole or by position. */
export interface Source {
  readonly file: string;
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly whole: ReadonlyMap<string, Tensor> | undefined;
}

/** Opens a safetensors file, and reads it whole where it fits memory. @throws RffcError RFF640, RFF641. */
export async function openTensors(file: string, options: DataOptions): Promise<Source> {
  const { entries } = await readSafetensorsHeader(file);
  const bytes = [...entries.values()].reduce((most, { end }) => Math.max(most, end), 0);
  const whole = bytes > memoryLimit(options) ? undefined : (await readSafetensors(file)).tensors;
  return { file, entries, whole };
}

/**
 * Loads the file's splits. Classes are one more than the highest label. @throws RffcError RFF603, RFF630, RFF640 to
 * 643.
 */
export async function loadTensors(spec: DataSpec, options: DataOptions): Promise<Dataset> {
  const source = await openTensors(path(spec, 'file', options), options);
  const { file, entries } = source;
  const x = entries.get('x');
  if (!x) throw misfit(file, `there is no tensor \`x\` (it has ${listed(entries)})`);
  const { frames, inputSize } = sampleSizes(x.shape, 'x', file);
  const train = readSplit(source, '', frames, inputSize);
  const hasTest = entries.has('test_x') || entries.has('test_y');
  const test = hasTest
    ? readSplit(source, 'test_', frames, inputSize)
    : floatSplit(new Float32Array(0), new Int32Array(0), undefined, frames, inputSize);
  if (train.count === 0) throw misfit(file, '`x` has no samples');
  let classes = 0;
  for (const labels of [train.y, test.y, train.yNegative ?? []]) {
    for (const label of labels) classes = Math.max(classes, label + 1);
  }
  return { name: spec.name, inputSize, classes, frames, train, test };
}

function listed(tensors: ReadonlyMap<string, unknown>): string {
  return tensors.size === 0 ? 'none' : [...tensors.keys()].slice(0, 8).join(', ');
}

function readSplit(source: Source, prefix: string, frames: number, inputSize: number): Split {
  const { file, entries } = source;
  const x = entries.get(`${prefix}x`);
  if (!x || !entries.has(`${prefix}y`)) {
    throw misfit(file, `there is no tensor \`${prefix}${x ? 'y' : 'x'}\` (it has ${listed(entries)})`);
  }
  const sizes = sampleSizes(x.shape, `${prefix}x`, file);
  if (sizes.frames !== frames || sizes.inputSize !== inputSize) {
    throw misfit(
      file,
      `\`x\` has samples of [${frames}, ${inputSize}], \`test_x\` of [${sizes.frames}, ${sizes.inputSize}]`,
    );
  }
  const y = readLabels(source, `${prefix}y`, sizes.count)!;
  const yNegative = readLabels(source, `${prefix}y_negative`, sizes.count);
  if (yNegative) {
    const same = yNegative.findIndex((label, i) => label === y[i]);
    if (same >= 0) {
      throw misfit(
        file,
        `\`${prefix}y_negative\` gives sample ${same} its true label, ${y[same]}`,
        'a negative label is any other than the true one',
      );
    }
  }
  return valueSplit(source, `${prefix}x`, { y, yNegative, frames, inputSize });
}

/**
 * A tensor's samples as they are. Bytes stay bytes; other values are f32 in memory, or made so one sample at a time
 * where they stay on disk.
 * @throws RffcError RFF630 for a value that is not finite, here or from `gather`
 */
export function valueSplit({ file, entries, whole }: Source, name: string, shape: SplitShape): Split {
  const { dtype, begin, end } = entries.get(name)!;
  const { y, yNegative, frames, inputSize } = shape;
  const length = frames * inputSize;
  const held = whole?.get(name);
  const streamed = () => fileRecords(file, begin, y.length === 0 ? 0 : (end - begin) / y.length);
  if (dtype === 'U8') {
    const bytes = held
      ? new Uint8Array(held.data.buffer, held.data.byteOffset, held.data.byteLength)
      : streamed();
    return imageSplit(bytes, shape, BYTES_AS_THEY_ARE);
  }
  if (held) {
    const values = toFloat32(held);
    for (let sample = 0; sample < y.length; sample++)
      checkFinite(values.subarray(sample * length, (sample + 1) * length), name, sample, file);
    return floatSplit(values, y, yNegative, frames, inputSize);
  }
  return sampleSplit(shape, () => {
    const { read, close } = streamed().open();
    return {
      close,
      write(sample, out, at, stride) {
        const values = toFloat32({ dtype, shape: [length], data: read(sample) });
        checkFinite(values, name, sample, file);
        for (let f = 0; f < frames; f++)
          out.set(values.subarray(f * inputSize, (f + 1) * inputSize), at + f * stride);
      },
    };
  });
}

function checkFinite(values: Float32Array, name: string, sample: number, file: string): void {
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad === undefined) return;
  throw misfit(file, `\`${name}\` holds ${bad} in sample ${sample}`, 'every value must be a finite number');
}

/**
 * Labels [count], or undefined where there is no such tensor. They are read whole in any case: four bytes a sample.
 * @throws RffcError RFF630, RFF643.
 */
export function readLabels(
  { file, entries, whole }: Source,
  name: string,
  count: number,
): Int32Array | undefined {
  const entry = entries.get(name);
  if (!entry) return undefined;
  const { dtype, shape, begin, end } = entry;
  if (shape.length !== 1 || shape[0] !== count) {
    const hint = shape.length === 2 ? 'one-hot labels become numbers by `y.argmax(axis=1)`' : undefined;
    throw misfit(
      file,
      `\`${name}\` is [${shape.join(', ')}]: expected [${count}], one label per sample`,
      hint,
    );
  }
  const labels = toInt32(
    whole?.get(name) ?? { dtype, shape, data: readBytes(file, begin, end) },
    `\`${name}\` in ${file}`,
  );
  const negative = labels.findIndex((label) => label < 0);
  if (negative >= 0)
    throw misfit(file, `\`${name}\` holds ${labels[negative]} for sample ${negative}; labels count from 0`);
  return labels;
}

function readBytes(file: string, begin: number, end: number): Uint8Array {
  const source = fileRecords(file, begin, end - begin).open();
  try {
    return source.read(0);
  } finally {
    source.close();
  }
}

/** Frames and input size from the file's header alone. @throws RffcError as `loadTensors`. */
export async function describeTensors(spec: DataSpec, options: DataOptions): Promise<DatasetDescription> {
  const file = path(spec, 'file', options);
  const { entries } = await readSafetensorsHeader(file);
  const x = entries.get('x');
  if (!x) throw misfit(file, `there is no tensor \`x\` (it has ${listed(entries)})`);
  const { frames, inputSize } = sampleSizes(x.shape, 'x', file);
  return { frames, inputSize };
}
