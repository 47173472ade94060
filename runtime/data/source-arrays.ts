/** Tables and arrays as samples: CSV, NumPy and safetensors files. */

import type { DataSpec } from '../../compiler/model.js';
import { failure } from '../../grammar/diagnostic.js';
import { type Dtype, elementCount, type Tensor } from '../safetensors.js';
import { cells, parseCsv } from './csv.js';
import { type DataOptions, floatSplit } from './dataset.js';
import { readMaybeGzip } from './idx.js';
import { openNumpy } from './npy.js';
import { TEST_NAMES, TRAIN_NAMES } from './numpy.js';
import type { Size } from './resize.js';
import type { NumberType } from './scale.js';
import { counted, type Raw, type SampleOptions, type Wanted } from './source.js';
import { fitted, framesOf, pictureSize } from './source-pictures.js';
import { openTensors, readLabels, type Source, valueSplit } from './tensors.js';

/** A table with or without a label column, depending on the number of columns. */
export async function readTable(file: string, wanted: Wanted): Promise<Raw> {
  const { input, data } = wanted;
  const text = new TextDecoder().decode(await readMaybeGzip(file));
  const names = cells(text.split('\n').find((line) => line.trim() !== '') ?? '');
  const frames = framesOfLength(names.length, wanted) ?? framesOfLength(names.length - 1, wanted);
  if (frames === undefined) {
    throw failure(
      'RFF717',
      `${file} has ${names.length} column${names.length === 1 ? '' : 's'}, but \`input ` +
        `${input.name}[${input.size}]\` takes ${input.size}`,
      {
        file,
        hint: `give ${input.size} columns, or ${input.size + 1} with the label`,
      },
    );
  }
  const labelled = names.length !== frames * input.size;
  const table = parseCsv(text, labelled ? labelColumn(names, data) : null, file);
  const count = table.labels.length;
  return {
    ...{ file, frames, type: 'real', source: 'csv', part: 'train', layout: null },
    split: floatSplit(table.values, new Int32Array(count), undefined, frames, input.size),
    ...(labelled ? { labels: counted(table.labels, data) } : {}),
  };
}

/** The label column of a header: as in the training data, or by its usual names; else the first. */
function labelColumn(names: readonly string[], { options }: DataSpec): string | undefined {
  return [options.label, 'label', 'class', 'target', 'y'].find(
    (name): name is string => typeof name === 'string' && names.includes(name),
  );
}

/** The number of frames that some values are: images are read row by row if the network reads rows. */
function framesOfLength(length: number, { input, data }: Wanted): number | undefined {
  if (length === input.size) return 1;
  return data.name === 'row_mnist' && length === input.size ** 2 ? input.size : undefined;
}

/** A file's arrays; `load` reads the required ones of a NumPy file. */
interface Arrays {
  readonly source: Source;
  load(names: readonly string[]): Promise<void>;
}

export async function openArrays(
  file: string,
  kind: 'numpy' | 'tensors',
  options: DataOptions,
): Promise<Arrays> {
  if (kind === 'tensors') return { source: await openTensors(file, options), load: async () => {} };
  const { entries, read } = await openNumpy(file);
  const whole = new Map<string, Tensor>();
  const described = Array.from(
    entries,
    ([name, { dtype, shape }]) => [name, { dtype, shape, begin: 0, end: 0 }] as const,
  );
  return {
    source: { file, entries: new Map(described), whole },
    async load(names) {
      for (const name of names) if (entries.has(name)) whole.set(name, await read(name));
    },
  };
}

/** Samples [N, d], [N, frames, d] or images [N, rows, columns]; N may be omitted for a single one. */
export async function readArrays(
  { source, load }: Arrays,
  wanted: Wanted,
  options: SampleOptions,
): Promise<Raw> {
  const { file, entries } = source;
  const { part, name, labelName } = arraysOf(source, options.part);
  const { dtype, shape } = entries.get(name)!;
  const { count, frames, picture } = shaped(name, shape, file, wanted, options);
  const type = numberType(dtype);
  const kind = { file, type, source: 'tensors', part } as const;
  const length = picture ? picture.rows * picture.columns : wanted.input.size;
  await load(labelName ? [name, labelName] : [name]);
  const y = new Int32Array(count);
  const split = valueSplit(source, name, { y, frames: picture ? 1 : frames, inputSize: length });
  const found = labelName && readLabels(source, labelName, count);
  const labels = found ? { labels: counted(found, wanted.data) } : {};
  if (picture) return { ...kind, ...labels, ...fitted(split, picture, type === 'integer', file, wanted) };
  return { ...kind, ...labels, frames, split, layout: null };
}

interface Chosen {
  readonly part: 'train' | 'test';
  readonly name: string;
  /** Name of the labels, if any. */
  readonly labelName: string | undefined;
}

/**
 * The arrays of samples and labels. By default `x`, then the test samples: these
 * are preferred to possible training samples.
 */
function arraysOf({ file, entries }: Source, asked: 'train' | 'test' | undefined): Chosen {
  const names = [...entries.keys()];
  const find = (wanted: string) => names.find((name) => name.toLowerCase() === wanted);
  const parts = [
    ...(asked === 'test' ? [] : [['train', asked ? TRAIN_NAMES : TRAIN_NAMES.slice(0, 1)] as const]),
    ...(asked === 'train' ? [] : [['test', TEST_NAMES] as const]),
    ...(asked ? [] : [['train', TRAIN_NAMES] as const]),
  ];
  for (const [part, pairs] of parts) {
    for (const [x, y] of pairs) {
      const name = find(x);
      if (name !== undefined) return { part, name, labelName: find(y) };
    }
  }
  const [only] = names;
  if (names.length === 1 && asked !== 'test' && !/^(y|label)/i.test(only!))
    return { part: 'train', name: only!, labelName: undefined };
  throw failure('RFF717', `\`${file}\` has no tensor \`${asked === 'test' ? 'test_x' : 'x'}\``, {
    file,
    hint: `found ${names.slice(0, 8).join(', ') || 'none'}`,
  });
}

interface Shaped {
  readonly count: number;
  readonly frames: number;
  /** Rows and columns, if samples have them. */
  readonly picture?: Size;
}

/** How an array's dimensions form samples. @throws RffcError RFF717, RFF765. */
function shaped(
  name: string,
  shape: readonly number[],
  file: string,
  wanted: Wanted,
  { resize = false }: SampleOptions,
): Shaped {
  const { size } = wanted.input;
  const last = shape.at(-1)!;
  if (elementCount(shape) > 0) {
    if (shape.length === 2 && last === size) return { count: shape[0]!, frames: 1 };
    if (shape.length === 3 && last === size) return { count: shape[0]!, frames: shape[1]! };
    if (shape.length === 1 && framesOfLength(last, wanted))
      return { count: 1, frames: framesOfLength(last, wanted)! };
    if (shape.length === 2 && framesOfLength(last, wanted))
      return { count: shape[0]!, frames: framesOfLength(last, wanted)! };
    // Channels of one, first as in PyTorch or last as in Keras.
    const [count, rows, columns] =
      shape.length === 2
        ? [1, ...shape]
        : shape.length === 4 && shape[1] === 1
          ? [shape[0], shape[2], shape[3]]
          : shape.length === 4 && last === 1
            ? shape
            : shape.length === 3
              ? shape
              : [];
    if (count !== undefined) {
      const picture = { rows: rows!, columns: columns! };
      if ((resize && shape.length > 2) || rows! * columns! === size) return { count, frames: 1, picture };
      if (shape.length > 2 && pictureSize(wanted)) framesOf(picture, file, wanted);
    }
  }
  const { name: input } = wanted.input;
  const expected = `\`input ${input}[${size}]\` takes [N, ${size}] or [N, frames, ${size}], with at least one sample`;
  throw failure('RFF717', `\`${name}\` is [${shape.join(', ')}], but ${expected}`, { file });
}

function numberType(dtype: Dtype): NumberType {
  if (dtype === 'BOOL') return 'boolean';
  return /^(B?F)/.test(dtype) ? 'real' : 'integer';
}
