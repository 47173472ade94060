import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gathered, npyBytes, npzBytes, refusal } from '../../test/support/mnist-files.js';
import { describeDataset, loadDataset } from './load.js';

const fixtures = fileURLToPath(new URL('../../test/fixtures/cases/numpy/', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rffc-numpy-'));
});
afterAll(() => rm(folder, { recursive: true }));

const numpy = (file: string, options = {}) => ({ name: 'numpy', options: { file, ...options } });
const counting = (count: number) => Array.from({ length: count }, (_, i) => i);
async function npz(name: string, arrays: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, npzBytes(arrays));
  return file;
}
async function npy(name: string, bytes: Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, bytes);
  return file;
}

/** Three pictures of 2 × 3 for training and one for testing, as Keras keeps MNIST. */
const keras = () => ({
  x_train: npyBytes('|u1', [3, 2, 3], counting(18)),
  y_train: npyBytes('|u1', [3], [2, 0, 1]),
  x_test: npyBytes('|u1', [1, 2, 3], [6, 5, 4, 3, 2, 1]),
  y_test: npyBytes('|u1', [1], [1]),
});

describe('numpy("file.npz")', () => {
  it('reads Keras’ mnist.npz as images', async () => {
    const spec = numpy(await npz('keras.npz', keras()), { normalize: [0, 255] });
    const data = await loadDataset(spec);
    expect(data).toMatchObject({ inputSize: 6, frames: 1, classes: 3, warnings: [] });
    expect([...data.train.y, ...data.test.y]).toEqual([2, 0, 1, 1]);
    expect(gathered(data.train, [1], 1, 6)).toEqual([6, 7, 8, 9, 10, 11].map((v) => Math.fround(v / 255)));
    expect(data.train.grid).toEqual({ planes: 1, rows: 2, columns: 3, background: 0 });
    expect(await describeDataset(spec)).toEqual({ frames: 1, inputSize: 6 });
    const turned = await loadDataset({
      ...spec,
      options: { ...spec.options, normalize: [0, 1], transpose: true },
    });
    expect(gathered(turned.train, [1], 1, 6)).toEqual([6, 9, 7, 10, 8, 11]);
    expect(turned.train.grid).toMatchObject({ rows: 3, columns: 2 });
  });

  it('warns of unscaled bytes', async () => {
    const { warnings, train } = await loadDataset(numpy(await npz('keras.npz', keras())));
    expect(warnings).toMatchObject([
      { code: 'RFF671', hint: expect.stringContaining('normalize: [0, 255]') },
    ]);
    expect(gathered(train, [0], 1, 6)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it.each([
    ['x', 'y'],
    ['X', 'Y'],
    ['X_train', 'y_train'],
    ['train_images', 'train_labels'],
    ['images', 'labels'],
    ['data', 'target'],
    ['arr_0', 'arr_1'],
  ])('finds the arrays `%s` and `%s`', async (x, y) => {
    const file = await npz('names.npz', {
      class_names: npyBytes('<U1', [0], []),
      [x]: npyBytes('<f4', [2, 1], [3, 4]),
      [y]: npyBytes('<i8', [2, 1], [0, 1]),
    });
    const { train, test } = await loadDataset(numpy(file));
    expect(gathered(train, [0, 1], 1, 1)).toEqual([3, 4]);
    expect([...train.y]).toEqual([0, 1]);
    expect(test.count).toBe(0);
  });

  it('reads .npy files with their labels and a test split', async () => {
    await npy('x.npy', npyBytes('<f8', [2, 2], [1, 2, 3, 4]));
    await npy('y.npy', npyBytes('>i2', [2], [1, 0]));
    const options = { labels: 'y.npy', test: 'x.npy', test_labels: 'y.npy', normalize: [1, 2] };
    const { train, test } = await loadDataset(numpy('x.npy', options), { baseDir: folder });
    expect(gathered(train, [1], 1, 2)).toEqual([1, 1.5]);
    expect([...train.y, ...test.y]).toEqual([1, 0, 1, 0]);
    const alone = await refusal(() => loadDataset(numpy('x.npy'), { baseDir: folder }));
    expect(alone).toMatchObject({ code: 'RFF618', hint: expect.stringContaining('labels: "y.npy"') });
  });

  it('reads sequences with frames, and one-hot labels', async () => {
    const file = await npz('frames.npz', {
      x: npyBytes('<f4', [2, 3, 2], counting(12)),
      y: npyBytes('<f4', [2, 3], [0, 0, 1, 1, 0, 0]),
    });
    const { train, frames, inputSize } = await loadDataset(numpy(file, { frames: true }));
    expect({ frames, inputSize }).toEqual({ frames: 3, inputSize: 2 });
    expect(gathered(train, [1], 3, 2)).toEqual([6, 7, 8, 9, 10, 11]);
    expect(train.grid).toBeUndefined();
    expect([...train.y]).toEqual([2, 0]);
  });

  it('counts labels from first_label', async () => {
    const file = await npz('letters.npz', {
      x: npyBytes('<f4', [2, 1], [0, 1]),
      y: npyBytes('|u1', [2], [1, 2]),
    });
    expect([...(await loadDataset(numpy(file, { first_label: 1 }))).train.y]).toEqual([0, 1]);
    expect((await loadDataset(numpy(file))).warnings).toMatchObject([{ code: 'RFF617' }]);
  });

  it('reads arrays from disk that do not fit in memory, with the same result', async () => {
    for (const descr of ['|u1', '<f4', '>f8']) {
      const x = npyBytes(descr, [3, 2, 3], counting(18));
      const file = await npz('large.npz', { x, y: npyBytes('|u1', [3], [2, 0, 1]) });
      const spec = numpy(file, { normalize: [1, 2], transpose: true });
      const held = await loadDataset(spec);
      const streamed = await loadDataset(spec, { memoryLimit: 1 });
      expect(gathered(streamed.train, [2, 0, 1], 1, 6)).toEqual(gathered(held.train, [2, 0, 1], 1, 6));
    }
    const deflated = await refusal(() =>
      loadDataset(numpy(join(fixtures, 'deflated.npz')), { memoryLimit: 1 }),
    );
    expect(deflated).toMatchObject({ code: 'RFF614', hint: expect.stringContaining('np.savez') });
  });

  it.each<[string, Readonly<Record<string, Uint8Array>>, RegExp, RegExp?]>([
    [
      'other names',
      { pixels: npyBytes('|u1', [2, 2], counting(4)) },
      /no arrays `x` and `y`: found `pixels` \[2, 2\]/,
      /np\.savez\(file, x=x, y=y\)/,
    ],
    [
      'too few labels',
      { x: npyBytes('|u1', [2, 2], counting(4)), y: npyBytes('|u1', [1], [0]) },
      /`y` is \[1\]/,
    ],
    ['no samples', { x: npyBytes('|u1', [0, 2], []), y: npyBytes('|u1', [0], []) }, /`x` has no samples/],
    ['scalars', { x: npyBytes('|u1', [2], [1, 2]), y: npyBytes('|u1', [2], [0, 1]) }, /expected \[N, d\]/],
    [
      'infinite values',
      { x: npyBytes('<f4', [2, 1], [0, Number.NaN]), y: npyBytes('|u1', [2], [0, 1]) },
      /`x` contains NaN in sample 1/,
      /nan_to_num/,
    ],
    [
      'labels of -1 and 1',
      { x: npyBytes('<f4', [2, 1], [0, 1]), y: npyBytes('<i4', [2], [-1, 1]) },
      /contains label -1/,
      /`-1` = 0, `1` = 1/,
    ],
    [
      'scores for labels',
      { x: npyBytes('<f4', [1, 1], [0]), y: npyBytes('<i4', [1, 2], [1, 1]) },
      /not one-hot in sample 0/,
    ],
    [
      'a test split of another shape',
      {
        x: npyBytes('<f4', [1, 1], [0]),
        y: npyBytes('<i4', [1], [0]),
        x_test: npyBytes('<f4', [1, 2], [0, 1]),
        y_test: npyBytes('<i4', [1], [0]),
      },
      /`x` is \[1, 1\], `x_test` is \[1, 2\]/,
    ],
  ])('rejects %s', async (_, arrays, message, hint = /./) => {
    const found = await refusal(async () => loadDataset(numpy(await npz('wrong.npz', arrays))));
    expect(found.code).toBe('RFF618');
    expect(found.message).toMatch(message);
    if (found.hint !== undefined) expect(found.hint).toMatch(hint);
  });

  it('rejects labels that are words, with a suggestion to number them', async () => {
    const file = await npz('words.npz', {
      x: npyBytes('<f4', [1, 1], [0]),
      y: npyBytes('<U3', [0], []),
    });
    const found = await refusal(() => loadDataset(numpy(file)));
    expect(found).toMatchObject({ code: 'RFF615', hint: expect.stringContaining('return_inverse=True') });
    expect(found.message).toMatch(/^`y` in .*words\.npz is not a valid NumPy file: text is not supported/);
  });

  it('is named by tensors("file.npz")', async () => {
    const file = await npz('keras.npz', keras());
    const found = await refusal(() => loadDataset({ name: 'tensors', options: { file } }));
    expect(found).toMatchObject({ code: 'RFF640', hint: `\`numpy("${file}")\` reads it` });
  });
});
