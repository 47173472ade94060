/** The layouts of copies of MNIST, Fashion-MNIST and EMNIST, and incomplete downloads. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  gathered,
  idxBytes,
  noMnist,
  npyBytes,
  npzBytes,
  realMnist,
  refusal,
} from '../../test/support/mnist-files.js';
import { testUnless, unlessRequired } from '../../test/support/needs.js';
import { findIdxFiles } from './folders.js';
import { describeDataset, loadDataset } from './load.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rffc-layouts-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), bytes);
}

const images = (count: number, rows = 2, columns = 3) =>
  idxBytes(
    [count, rows, columns],
    Array.from({ length: count * rows * columns }, (_, i) => i),
  );
const idx = (dir: string, options = {}) => ({ name: 'idx', options: { dir: join(folder, dir), ...options } });

/** Four files of 3 and 2 samples, whose names and folders `name` makes of MNIST's. */
async function four(dir: string, labels: readonly number[], name: (file: string) => string): Promise<void> {
  await write(join(dir, name('train-images-idx3-ubyte')), images(3));
  await write(join(dir, name('train-labels-idx1-ubyte')), idxBytes([3], labels));
  await write(join(dir, name('t10k-images-idx3-ubyte')), images(2));
  await write(join(dir, name('t10k-labels-idx1-ubyte')), idxBytes([2], labels.slice(0, 2)));
}

describe('layouts of idx("dir")', () => {
  it('reads Kaggle’s archive, where folders have the names of files', async () => {
    await four('kaggle', [0, 1, 2], (file) => join(file, file));
    const nested = await loadDataset(idx('kaggle'));
    expect([...nested.train.y, ...nested.test.y]).toEqual([0, 1, 2, 0, 1]);
    // The archive has each file twice: beside its folder, too.
    await four('kaggle', [2, 1, 0], (file) => file.replace(/-idx/, '.idx'));
    expect([...(await loadDataset(idx('kaggle'))).train.y]).toEqual([2, 1, 0]);
  });

  it('follows links, and leaves folders and broken links alone', async () => {
    await four('linked/elsewhere', [0, 1, 2], (file) => file);
    await four('linked/real', [2, 1, 0], (file) => file);
    const to = join(folder, 'linked', 'real');
    await rm(join(to, 'train-labels-idx1-ubyte'));
    await symlink(
      join(folder, 'linked/elsewhere/train-labels-idx1-ubyte'),
      join(to, 'train-labels-idx1-ubyte'),
    );
    await symlink(join(folder, 'nowhere'), join(to, 'train-labels-idx1-ubyte.gz'));
    expect([...(await loadDataset(idx('linked/real'))).train.y]).toEqual([0, 1, 2]);
  });

  it('reads the folder `raw` of torchvision', async () => {
    await four('torchvision/MNIST/raw', [0, 1, 2], (file) => file);
    expect([...(await loadDataset(idx('torchvision/MNIST'))).train.y]).toEqual([0, 1, 2]);
    expect(await describeDataset(idx('torchvision/MNIST'))).toEqual({ frames: 1, inputSize: 6 });
  });

  const emnist = (set: string) => (file: string) => `emnist-${set}-${file.replace('t10k', 'test')}`;

  it('reads EMNIST by its names, and says which sets there are', async () => {
    await four('letters', [1, 2, 3], emnist('letters'));
    const letters = await loadDataset(idx('letters', { first_label: 1 }));
    expect(letters).toMatchObject({ classes: 3, warnings: [] });
    expect([...letters.train.y]).toEqual([0, 1, 2]);

    await four('emnist', [1, 2, 3], emnist('letters'));
    await four('emnist', [0, 1, 2], emnist('digits'));
    const both = await refusal(() => loadDataset(idx('emnist')));
    expect(both.message).toMatch(/contains 2 sets of four files/);
    expect(both.hint).toContain(`idx("${join(folder, 'emnist', 'emnist-letters')}")`);
    expect([...(await loadDataset(idx('emnist/emnist-digits'))).train.y]).toEqual([0, 1, 2]);
    const partial = await refusal(() => loadDataset(idx('emnist/emnist-let')));
    expect(partial.code).toBe('RFF602');
  });

  it('names missing files in the naming scheme of the existing ones', async () => {
    await write('partial/emnist-mnist-train-images-idx3-ubyte', images(3));
    const { message } = await refusal(() => loadDataset(idx('partial')));
    expect(message).toMatch(/lacks emnist-mnist-train-labels-idx1-ubyte\[\.gz\], emnist-mnist-test-images/);
  });

  it('warns of labels that do not start at 0, and counts them from first_label', async () => {
    await four('from-1', [1, 3, 2], (file) => file);
    const { classes, warnings } = await loadDataset(idx('from-1'));
    expect(classes).toBe(4);
    expect(warnings).toMatchObject([
      { code: 'RFF617', severity: 'warning', hint: 'write `idx(…, first_label: 1)`' },
    ]);
    const below = await refusal(() => loadDataset(idx('from-1', { first_label: 2 })));
    expect(below).toMatchObject({ code: 'RFF616', hint: expect.stringContaining('first_label: 1') });
  });

  it('transposes images stored column by column, in memory and on disk', async () => {
    await four('turned', [0, 1, 0], (file) => file);
    for (const options of [{}, { memoryLimit: 1 }]) {
      const { train } = await loadDataset(
        idx('turned', { transpose: true, normalize: [0, 1 / 255] }),
        options,
      );
      expect(gathered(train, [1], 1, 6).map(Math.round)).toEqual([6, 9, 7, 10, 8, 11]);
      expect(train.grid).toMatchObject({ rows: 3, columns: 2 });
    }
  });

  it('suggests the call that reads a folder’s content', async () => {
    await write('keras/mnist.npz', npzBytes({ x: npyBytes('|u1', [1], [0]) }));
    expect((await refusal(() => loadDataset(idx('keras')))).hint).toMatch(/numpy\(".*mnist\.npz"\)/);
    await write('tables/train.csv.gz', '');
    expect((await refusal(() => loadDataset(idx('tables')))).hint).toMatch(/csv\(".*train\.csv\.gz"\)/);
    await write('pictures/0/a.JPG', '');
    expect((await refusal(() => loadDataset(idx('pictures')))).hint).toMatch(/image_folder\(".*pictures"\)/);
    expect((await refusal(() => loadDataset(idx('keras/mnist.npz')))).message).toMatch(
      /mnist\.npz is a file, not a folder/,
    );
  });
});

describe('incomplete downloads', () => {
  it('recognizes a web page saved instead of a file', async () => {
    await four('page', [0, 1, 2], (file) => file);
    const page = '<!DOCTYPE html><html><head><title>403 Forbidden</title></head></html>';
    await write('page/train-images-idx3-ubyte.gz', page);
    const found = await refusal(() => loadDataset(idx('page')));
    expect(found).toMatchObject({ code: 'RFF610', hint: expect.stringContaining('download the file again') });
    expect(found.message).toContain('a web page beginning with `<!DOCTYPE`');
  });

  it('asks to fetch truncated files again, compressed or not', async () => {
    await four('cut', [0, 1, 2], (file) => file);
    const whole = gzipSync(images(3));
    await write('cut/train-images-idx3-ubyte.gz', whole.subarray(0, whole.length - 12));
    const cut = await refusal(() => loadDataset(idx('cut')));
    expect(cut).toMatchObject({ code: 'RFF613', hint: expect.stringContaining('download or copy it again') });
    await write('cut/train-images-idx3-ubyte.gz', images(3).subarray(0, 30));
    const plain = await refusal(() => loadDataset(idx('cut')));
    expect(plain).toMatchObject({
      code: 'RFF610',
      hint: expect.stringContaining('download or copy it again'),
    });
  });
});

describe('layouts of the published data sets', () => {
  it.each([
    ['mnist', 'mnist/raw'],
    ['mnist', 'MNIST/raw'],
    ['mnist', 'raw'],
    ['fashion_mnist', 'FashionMNIST/raw'],
  ])('looks for %s in %s', async (name, dir) => {
    const dataDir = join(folder, `known-${name}-${dir.replace('/', '-')}`);
    await four(join(dataDir.slice(folder.length), dir), [0, 1, 2], (file) => file);
    // Found, with the wrong checksum.
    const wrong = await refusal(() => loadDataset({ name, options: {} }, { dataDir }));
    expect(wrong).toMatchObject({ code: 'RFF612' });
    expect(wrong.file).toContain(join(dataDir, dir));
  });

  const fashion = fileURLToPath(new URL('../../../shared/data/fashion_mnist', import.meta.url));
  const noFashion = existsSync(fashion) ? undefined : unlessRequired('Fashion-MNIST was not found');
  testUnless(noFashion, 'reads Fashion-MNIST as Debian packs it', async () => {
    const { train, test } = await loadDataset(
      { name: 'fashion_mnist', options: {} },
      { dataDir: join(fashion, '..') },
    );
    expect([train.count, test.count]).toEqual([60_000, 10_000]);
    expect([...train.y.subarray(0, 8)]).toEqual([9, 0, 0, 3, 0, 2, 7, 2]);
  });

  const mnist = realMnist();
  testUnless(noMnist, 'reads the real MNIST from folders of the files’ names', async () => {
    const files = (await findIdxFiles(mnist!)).get('')!.files;
    for (const path of Object.values(files)) {
      const name = path.split('/').at(-1)!.replace(/\.gz$/, '');
      await mkdir(join(folder, 'real', name), { recursive: true });
      await symlink(path, join(folder, 'real', name, name));
    }
    const { train } = await loadDataset({ name: 'mnist', options: {} }, { dataDir: join(folder, 'real') });
    expect([...train.y.subarray(0, 4)]).toEqual([5, 0, 4, 1]);
  });
});
