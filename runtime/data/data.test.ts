import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { dataSets } from '../../compiler/check/tables.js';
import { RffcError } from '../../grammar/diagnostic.js';
import { idxBytes, noMnist, realMnist } from '../../test/support/mnist-files.js';
import { describeUnless } from '../../test/support/needs.js';
import { type Tensor, writeSafetensors } from '../safetensors.js';
import { dataCodes } from './codes.js';
import { dataFolder } from './folders.js';
import { joinImagesAndLabels, parseIdx } from './idx.js';
import { datasetList } from './list.js';
import { describeDataset, loadDataset } from './load.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rffc-data-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** The diagnostic that work ends with. */
async function refusal(work: Promise<unknown>) {
  const error = await work.then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(RffcError);
  const diagnostic = (error as RffcError).diagnostics[0]!;
  expect(Object.keys(dataCodes)).toContain(diagnostic.code);
  return diagnostic;
}

/** Writes the four files of a tiny data set: images of 2 × 3, pixel p of image i being 10 i + p. */
async function writeIdxFolder(
  name: string,
  change: Partial<Record<string, Uint8Array>> = {},
): Promise<string> {
  const target = join(folder, name);
  await mkdir(target, { recursive: true });
  const pixels = (count: number) =>
    Array.from({ length: 6 * count }, (_, k) => 10 * Math.floor(k / 6) + (k % 6));
  const files: Record<string, Uint8Array> = {
    'train-images-idx3-ubyte': idxBytes([3, 2, 3], pixels(3)),
    'train-labels-idx1-ubyte.gz': gzipSync(idxBytes([3], [2, 0, 4])),
    't10k-images.idx3-ubyte': idxBytes([2, 2, 3], pixels(2)),
    't10k-labels.idx1-ubyte': idxBytes([2], [1, 3]),
  };
  for (const [file, bytes] of Object.entries({ ...files, ...change })) {
    if (bytes) await writeFile(join(target, file), bytes);
  }
  return target;
}
const idx = (dir: string) => ({ name: 'idx', options: { dir } });

describe('IDX files', () => {
  it('load from a folder, gzipped or not, under either spelling, relative to the model', async () => {
    await writeIdxFolder('tiny');
    const data = await loadDataset(idx('tiny'), { baseDir: folder });
    expect(data).toMatchObject({ name: 'idx', inputSize: 6, classes: 5, frames: 1 });
    expect([...data.train.y, ...data.test.y]).toEqual([2, 0, 4, 1, 3]);
    const out = new Float32Array(12);
    data.train.gather(Int32Array.of(2, 0), out);
    expect([...out]).toEqual([20, 21, 22, 23, 24, 25, 0, 1, 2, 3, 4, 5].map((p) => Math.fround(p / 255)));
    expect(await describeDataset(idx('tiny'), { baseDir: folder })).toEqual({ frames: 1, inputSize: 6 });
  });

  it('normalizes pixels as (p / 255 - mean) / std', async () => {
    const target = await writeIdxFolder('tiny');
    const data = await loadDataset({ name: 'idx', options: { dir: target, normalize: [0.5, 0.25] } });
    const out = new Float32Array(6);
    data.test.gather([1], out);
    expect(out[3]).toBe(Math.fround((13 / 255 - 0.5) / 0.25));
  });

  it('reject indices out of range and batches of the wrong length', async () => {
    const { train } = await loadDataset(idx(await writeIdxFolder('tiny')));
    expect(() => train.gather([3], new Float32Array(6))).toThrow(RangeError);
    expect(() => train.gather([Number.NaN], new Float32Array(6))).toThrow(RangeError);
    expect(() => train.gather([0], new Float32Array(7))).toThrow(RangeError);
  });

  it.each<[string, Partial<Record<string, Uint8Array>>, string, RegExp]>([
    [
      'cut',
      { 'train-images-idx3-ubyte': idxBytes([3, 2, 3], [1, 2]) },
      'RFF610',
      /3 × 2 × 3 elements take 18 bytes.*found 2/,
    ],
    [
      'swapped',
      { 'train-images-idx3-ubyte': idxBytes([3], [1, 2, 3]) },
      'RFF610',
      /1 dimensions: expected 3 for images/,
    ],
    ['text', { 'train-images-idx3-ubyte': Buffer.from('hello') }, 'RFF610', /two zero bytes/],
    [
      'floats',
      { 'train-images-idx3-ubyte': Uint8Array.of(0, 0, 0x0d, 3) },
      'RFF610',
      /type 0x0d: expected unsigned bytes/,
    ],
    ['header', { 'train-images-idx3-ubyte': Uint8Array.of(0, 0, 8, 3, 0) }, 'RFF610', /truncated header/],
    ['empty', { 'train-images-idx3-ubyte': idxBytes([3, 0, 3], []) }, 'RFF610', /images of 0 × 3/],
    [
      'gzip',
      { 'train-labels-idx1-ubyte.gz': Uint8Array.of(0x1f, 0x8b, 8, 0, 0) },
      'RFF613',
      /cannot read .*train-labels/,
    ],
    ['counts', { 't10k-labels.idx1-ubyte': idxBytes([1], [1]) }, 'RFF611', /has 2 images, .* has 1 labels/],
    [
      'sizes',
      { 't10k-images.idx3-ubyte': idxBytes([2, 3, 2], new Uint8Array(12)) },
      'RFF611',
      /2 × 3, test images 3 × 2/,
    ],
  ])('that are damaged are refused by name: %s', async (name, change, code, message) => {
    const diagnostic = await refusal(loadDataset(idx(await writeIdxFolder(`damaged-${name}`, change))));
    expect(diagnostic.code).toBe(code);
    expect(diagnostic.message).toMatch(message);
    expect(diagnostic.file).toContain(`damaged-${name}`);
  });

  it('that are missing are named with their folder', async () => {
    const diagnostic = await refusal(loadDataset(idx(join(folder, 'nowhere'))));
    expect(diagnostic.code).toBe('RFF602');
    expect(diagnostic.message).toMatch(
      /nowhere lacks train-images-idx3-ubyte\[\.gz\], train-labels-idx1-ubyte/,
    );
    expect((await refusal(describeDataset({ name: 'idx', options: {} }))).message).toMatch(
      /invalid `dir`: expected a path/,
    );
  });

  it('never throw anything but RffcError, whatever their bytes', () => {
    const labels = idxBytes([3], [1, 2, 3]);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.boolean(),
        fc.constantFrom(1, 3),
        (noise, headed, rank) => {
          const bytes = headed ? Uint8Array.of(0, 0, 8, rank, ...noise) : noise;
          try {
            parseIdx(bytes, rank, 'f');
            joinImagesAndLabels(bytes, labels, 'images', 'labels');
          } catch (error) {
            if (!(error instanceof RffcError)) throw error;
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the data set directory', () => {
  it('is the option, else RFFC_DATA, else the cache folder', () => {
    vi.stubEnv('RFFC_DATA', join(folder, 'env'));
    vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
    expect(dataFolder(folder)).toBe(folder);
    expect(dataFolder()).toBe(join(folder, 'env'));
    vi.stubEnv('RFFC_DATA', '');
    expect(dataFolder()).toBe(join(folder, 'cache', 'rffc'));
  });

  it('is named if MNIST is missing, with the command that downloads it', async () => {
    const empty = join(folder, 'empty');
    const diagnostic = await refusal(loadDataset({ name: 'mnist', options: {} }, { dataDir: empty }));
    expect(diagnostic.code).toBe('RFF602');
    expect(diagnostic.message).toContain(
      `searched ${join(empty, 'mnist')}, ${join(empty, 'MNIST', 'raw')} and ${empty}`,
    );
    expect(diagnostic.hint).toContain('rffc data fetch mnist');
    const partial = join(folder, 'partial', 'mnist');
    await mkdir(partial, { recursive: true });
    await writeFile(join(partial, 'train-images-idx3-ubyte.gz'), '');
    const incomplete = await refusal(
      loadDataset({ name: 'row_mnist', options: {} }, { dataDir: join(folder, 'partial') }),
    );
    expect(incomplete.message).toMatch(/lacks train-labels-idx1-ubyte\[\.gz\], t10k-images/);
  });

  it('does not take other files for MNIST', async () => {
    const target = await writeIdxFolder('not-mnist');
    const diagnostic = await refusal(loadDataset({ name: 'mnist', options: {} }, { dataDir: target }));
    expect(diagnostic.code).toBe('RFF612');
    expect(diagnostic.message).toMatch(/bytes decompressed: expected \d+/);
    expect(diagnostic.hint).toContain(`idx("${target}")`);
  });
});

const mnist = realMnist();
describeUnless(noMnist, 'the real MNIST', () => {
  const dataDir = () => join(mnist!, '..');
  it('loads, checked, from its folder or the one above', async () => {
    const data = await loadDataset(
      { name: 'mnist', options: { normalize: [0.1307, 0.3081] } },
      { dataDir: dataDir() },
    );
    expect(data).toMatchObject({ inputSize: 784, classes: 10, frames: 1 });
    expect([data.train.count, data.test.count]).toEqual([60_000, 10_000]);
    expect([...data.train.y.subarray(0, 8)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3]);
    // Every seventh: MNIST's even and odd images come from writers of different pens.
    const batch = new Float32Array(8571 * 784);
    data.train.gather(
      Int32Array.from({ length: 8571 }, (_, i) => 7 * i),
      batch,
    );
    const mean = batch.reduce((a, b) => a + b, 0) / batch.length;
    const variance = batch.reduce((a, b) => a + (b - mean) ** 2, 0) / batch.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(variance).toBeCloseTo(1, 1);
    expect((await loadDataset({ name: 'mnist', options: {} }, { dataDir: mnist! })).train.count).toBe(60_000);
  });

  it('read by rows is 28 frames of the same pixels', async () => {
    const whole = await loadDataset({ name: 'mnist', options: {} }, { dataDir: dataDir() });
    const rows = await loadDataset({ name: 'row_mnist', options: {} }, { dataDir: dataDir() });
    expect(rows).toMatchObject({ frames: 28, inputSize: 28 });
    expect(await describeDataset({ name: 'row_mnist', options: {} })).toEqual({
      frames: 28,
      inputSize: 28,
      classes: 10,
    });
    const image = new Float32Array(2 * 784);
    const frames = new Float32Array(2 * 784);
    whole.test.gather([7, 9], image);
    rows.test.gather([7, 9], frames);
    for (let row = 0; row < 28; row++) {
      for (let b = 0; b < 2; b++) {
        const line = frames.subarray((row * 2 + b) * 28, (row * 2 + b + 1) * 28);
        expect(line).toEqual(image.subarray(b * 784 + row * 28, b * 784 + (row + 1) * 28));
      }
    }
  });

  it('is rejected if one byte is altered, and as fashion_mnist', async () => {
    const { readFile, symlink } = await import('node:fs/promises');
    const altered = join(folder, 'altered');
    await mkdir(altered);
    const labels = gunzipSync(await readFile(join(mnist!, 't10k-labels-idx1-ubyte.gz')));
    labels[20] = (labels[20]! + 1) % 10;
    await writeFile(join(altered, 't10k-labels-idx1-ubyte'), labels);
    for (const name of [
      'train-images-idx3-ubyte.gz',
      'train-labels-idx1-ubyte.gz',
      't10k-images-idx3-ubyte.gz',
    ]) {
      await symlink(join(mnist!, name), join(altered, name));
    }
    const diagnostic = await refusal(loadDataset({ name: 'mnist', options: {} }, { dataDir: altered }));
    expect(diagnostic.message).toMatch(/t10k-labels file: wrong SHA-256/);
    const wrong = await refusal(loadDataset({ name: 'fashion_mnist', options: {} }, { dataDir: mnist! }));
    expect(wrong.message).toMatch(/it is mnist's/);
  });
});

describe('tensors("file.safetensors")', () => {
  const spec = { name: 'tensors', options: { file: 'own.safetensors' } };
  const f32 = (shape: number[], fill = (i: number) => i): Tensor => ({
    dtype: 'F32',
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => fill(i)),
  });
  const i64 = (...labels: number[]): Tensor => ({
    dtype: 'I64',
    shape: [labels.length],
    data: BigInt64Array.from(labels.map(BigInt)),
  });
  let tensors: Map<string, Tensor>;
  beforeEach(() => {
    tensors = new Map([
      ['x', f32([3, 2, 4])],
      ['y', i64(0, 2, 1)],
    ]);
  });
  const load = async () => {
    await writeSafetensors(join(folder, 'own.safetensors'), tensors);
    return loadDataset(spec, { baseDir: folder });
  };

  it('gathers frames first, and has an empty test split without test_x', async () => {
    tensors.set('y_negative', i64(1, 3, 0));
    const data = await load();
    expect(data).toMatchObject({ inputSize: 4, frames: 2, classes: 4 });
    expect(data.test.count).toBe(0);
    expect([...data.train.yNegative!]).toEqual([1, 3, 0]);
    const out = new Float32Array(16);
    data.train.gather([2, 0], out);
    expect([...out]).toEqual([16, 17, 18, 19, 0, 1, 2, 3, 20, 21, 22, 23, 4, 5, 6, 7]);
    expect(await describeDataset(spec, { baseDir: folder })).toEqual({ frames: 2, inputSize: 4 });
  });

  it('reads still samples of other dtypes and a test split', async () => {
    tensors.set('x', { dtype: 'U8', shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 255) });
    tensors.set('y', { dtype: 'U8', shape: [2], data: Uint8Array.of(0, 1) });
    tensors.set('test_x', f32([1, 3])).set('test_y', i64(6));
    const data = await load();
    expect(data).toMatchObject({ inputSize: 3, frames: 1, classes: 7 });
    const out = new Float32Array(3);
    data.train.gather([1], out);
    expect([...out]).toEqual([4, 5, 255]);
    expect(data.test.count).toBe(1);
  });

  it.each<[string, (t: Map<string, Tensor>) => void, string, RegExp]>([
    ['no x', (t) => t.delete('x'), 'RFF630', /no tensor `x`: found y/],
    ['no y', (t) => t.delete('y'), 'RFF630', /no tensor `y`/],
    ['test_y alone', (t) => t.set('test_y', i64(1)), 'RFF630', /no tensor `test_x`/],
    ['x of rank 1', (t) => t.set('x', f32([3])), 'RFF630', /`x` is \[3\]/],
    ['too few labels', (t) => t.set('y', i64(0, 1)), 'RFF630', /`y` is \[2\]: expected \[3\]/],
    ['negative label', (t) => t.set('y', i64(0, -1, 1)), 'RFF630', /`y` contains -1 in sample 1/],
    [
      'fractional label',
      (t) =>
        t.set(
          'y',
          f32([3], (i) => i / 2),
        ),
      'RFF643',
      /element 1 of `y` in .* is 0\.5/,
    ],
    [
      'NaN',
      (t) =>
        t.set(
          'x',
          f32([3, 2, 4], (i) => (i === 9 ? Number.NaN : i)),
        ),
      'RFF630',
      /`x` contains NaN in sample 1/,
    ],
    [
      'true label as negative',
      (t) => t.set('y_negative', i64(1, 2, 0)),
      'RFF630',
      /gives sample 1 its true label, 2/,
    ],
    [
      'another size of test',
      (t) => t.set('test_x', f32([1, 4])).set('test_y', i64(1)),
      'RFF630',
      /samples of \[2, 4\], `test_x` of \[1, 4\]/,
    ],
    ['no samples', (t) => t.set('x', f32([0, 4])).set('y', i64()), 'RFF630', /has no samples/],
  ])('refuses %s', async (_, change, code, message) => {
    change(tensors);
    const diagnostic = await refusal(load());
    expect(diagnostic.code).toBe(code);
    expect(diagnostic.message).toMatch(message);
  });

  it('names a missing file', async () => {
    const missing = { name: 'tensors', options: { file: 'missing.safetensors' } };
    expect((await refusal(loadDataset(missing, { baseDir: folder }))).message).toMatch(
      /missing\.safetensors: no such file/,
    );
  });
});

describe('names of data sets', () => {
  it('are listed for an unknown one', async () => {
    for (const work of [loadDataset, describeDataset]) {
      expect(await refusal(work({ name: 'cifar', options: {} }))).toMatchObject({
        code: 'RFF600',
        hint: expect.stringContaining('moving_mnist'),
      });
    }
  });

  it('in the language are exactly those listed, and each is searched', async () => {
    expect(datasetList.map(({ name }) => name).sort()).toEqual(Object.keys(dataSets).sort());
    const empty = join(folder, 'empty');
    for (const { name } of datasetList) {
      if (name === 'digits') continue;
      const options =
        {
          idx: { dir: 'x' },
          csv: { file: 'x.csv' },
          numpy: { file: 'x.npz' },
          image_folder: { dir: 'x' },
          tensors: { file: 'x.safetensors' },
        }[name] ?? {};
      const { code } = await refusal(loadDataset({ name, options }, { dataDir: empty, baseDir: empty }));
      expect(code, name).toMatch(/^RFF(602|613|641)$/);
    }
  });
});
