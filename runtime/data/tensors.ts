/**
 * `tensors("file.safetensors")`: data of one's own. `x` [N, d] or [N, frames, d] and `y` [N]; `y_negative` [N] for
 * `negatives: given()`; `test_x`, `test_y`, without which the test split is empty. Any dtype; values are taken as they are.
 */

import type { DataSpec } from '../../compiler/model.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import { readSafetensors, readSafetensorsHeader, type Tensor, toFloat32, toInt32 } from '../safetensors.js';
import {
  type DataOptions,
  type Dataset,
  type DatasetDescription,
  floatSplit,
  type Split,
} from './dataset.js';
import { path } from './paths.js';

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

/** Loads the file's splits. Classes are one more than the highest label. @throws RffcError RFF603, RFF630, RFF640 to 643. */
export async function loadTensors(spec: DataSpec, options: DataOptions): Promise<Dataset> {
  const file = path(spec, 'file', options);
  const { tensors } = await readSafetensors(file);
  const x = tensors.get('x');
  if (!x) throw misfit(file, `there is no tensor \`x\` (it has ${listed(tensors)})`);
  const { frames, inputSize } = sampleSizes(x.shape, 'x', file);
  const train = readSplit(tensors, '', frames, inputSize, file);
  const hasTest = tensors.has('test_x') || tensors.has('test_y');
  const test = hasTest
    ? readSplit(tensors, 'test_', frames, inputSize, file)
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

function readSplit(
  tensors: ReadonlyMap<string, Tensor>,
  prefix: string,
  frames: number,
  inputSize: number,
  file: string,
): Split {
  const x = tensors.get(`${prefix}x`);
  if (!x || !tensors.has(`${prefix}y`)) {
    throw misfit(file, `there is no tensor \`${prefix}${x ? 'y' : 'x'}\` (it has ${listed(tensors)})`);
  }
  const sizes = sampleSizes(x.shape, `${prefix}x`, file);
  if (sizes.frames !== frames || sizes.inputSize !== inputSize) {
    throw misfit(
      file,
      `\`x\` has samples of [${frames}, ${inputSize}], \`test_x\` of [${sizes.frames}, ${sizes.inputSize}]`,
    );
  }
  const values = toFloat32(x);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const sample = Math.floor(bad / (frames * inputSize));
    throw misfit(
      file,
      `\`${prefix}x\` holds ${values[bad]} in sample ${sample}`,
      'every value must be a finite number',
    );
  }
  const y = readLabels(tensors, `${prefix}y`, sizes.count, file)!;
  const yNegative = readLabels(tensors, `${prefix}y_negative`, sizes.count, file);
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
  return floatSplit(values, y, yNegative, frames, inputSize);
}

function readLabels(
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  count: number,
  file: string,
): Int32Array | undefined {
  const tensor = tensors.get(name);
  if (!tensor) return undefined;
  if (tensor.shape.length !== 1 || tensor.shape[0] !== count) {
    throw misfit(
      file,
      `\`${name}\` is [${tensor.shape.join(', ')}], it must be [${count}], one label a sample`,
    );
  }
  const labels = toInt32(tensor, `\`${name}\` in ${file}`);
  const negative = labels.findIndex((label) => label < 0);
  if (negative >= 0)
    throw misfit(file, `\`${name}\` holds ${labels[negative]} for sample ${negative}; labels count from 0`);
  return labels;
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
