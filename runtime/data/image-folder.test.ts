import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gathered, refusal } from '../../test/support/mnist-files.js';
import { describeDataset, loadDataset } from './load.js';

const pictures = fileURLToPath(new URL('../../test/fixtures/pictures/', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rffc-image-folder-'));
});
afterAll(() => rm(folder, { recursive: true }));

const images = (dir: string, options = {}) => ({
  name: 'image_folder',
  options: { dir: join(folder, dir), normalize: [0, 1 / 255], ...options },
});

/** A PNG picture of 3 × 2 pixels, all of one grey. */
async function png(path: string, grey: number, width = 3, height = 2): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  const data = new Uint8Array(width * height).fill(grey);
  await writeFile(join(folder, path), encode({ width, height, data, channels: 1 }));
}
/** The grey of each sample. */
const greys = (split: { count: number } & Parameters<typeof gathered>[0], size = 6) =>
  Array.from({ length: split.count }, (_, i) => Math.round(gathered(split, [i], 1, size)[0]!));

describe('image_folder("dir")', () => {
  it('reads a folder per class in the order of their names, whatever the files are called', async () => {
    await png('classes/10/a.png', 100);
    await png('classes/2/ziffer 1 – Kopie.png', 20);
    await png('classes/2/ziffer 10.PNG', 22);
    await png('classes/2/ziffer 2.png', 21);
    await png('classes/0/x.png', 1);
    await mkdir(join(folder, 'classes/.ipynb_checkpoints'));
    await writeFile(join(folder, 'classes/README.txt'), 'my digits');
    const data = await loadDataset(images('classes'));
    expect(data).toMatchObject({ name: 'image_folder', inputSize: 6, classes: 3, frames: 1 });
    expect([...data.train.y]).toEqual([0, 1, 1, 1, 2]);
    expect(greys(data.train)).toEqual([1, 20, 21, 22, 100]);
    expect(data.train.grid).toEqual({ planes: 1, rows: 2, columns: 3, background: 0 });
    expect(data.test.count).toBe(0);
    expect(await describeDataset(images('classes'))).toEqual({ frames: 1, inputSize: 6, classes: 3 });
  });

  it('reads `train` and `test`, or the folder that `test` names', async () => {
    await png('split/train/cat/a.png', 1);
    await png('split/train/dog/a.png', 2);
    await png('split/test/dog/b.png', 3);
    const { train, test } = await loadDataset(images('split'));
    expect([...train.y, ...test.y]).toEqual([0, 1, 1]);
    expect(greys(test)).toEqual([3]);
    const named = await loadDataset(images('split/train', { test: join(folder, 'split/test') }));
    expect([...named.test.y]).toEqual([1]);
    await png('split/test/bird/c.png', 3);
    const other = await refusal(() => loadDataset(images('split')));
    expect(other.code).toBe('RFF619');
    expect(other.message).toMatch(/class `bird` is not in the training split, which has cat, dog/);
  });

  it('reads JPEG images, and decodes them per batch if they do not fit in memory', async () => {
    const bytes = await readFile(join(pictures, 'grey.jpg'));
    for (const name of ['a/1.jpg', 'b/1.jpeg']) {
      await mkdir(join(folder, 'jpeg', dirname(name)), { recursive: true });
      await writeFile(join(folder, 'jpeg', name), bytes);
    }
    const held = await loadDataset(images('jpeg'));
    const streamed = await loadDataset(images('jpeg'), { memoryLimit: 1 });
    const all = gathered(held.train, [1, 0], 1, held.inputSize);
    expect(all.some((value) => value > 0)).toBe(true);
    expect(gathered(streamed.train, [1, 0], 1, held.inputSize)).toEqual(all);
    await writeFile(join(folder, 'jpeg/b/1.jpeg'), '');
    expect((await refusal(() => gathered(streamed.train, [1], 1, held.inputSize))).code).toBe('RFF670');
  });

  it('names an image of another size, and how to resize it', async () => {
    await png('sizes/0/a.png', 1);
    await png('sizes/1/b.png', 1, 4, 5);
    const found = await refusal(() => loadDataset(images('sizes')));
    expect(found).toMatchObject({ code: 'RFF619', file: join(folder, 'sizes/1/b.png') });
    expect(found.message).toMatch(/b\.png is 4 × 5, the first image is 3 × 2/);
    expect(found.hint).toMatch(/resize .*-resize 3x2!/);
  });

  it.each<[string, string[], string, RegExp]>([
    ['flat', ['flat/a.png'], 'RFF602', /has images, but no folder per class/],
    ['bare', ['bare/notes/../b'], 'RFF602', /has no folders of images/],
    ['formats', ['formats/0/a.png', 'formats/0/b.webp'], 'RFF760', /b\.webp is a WEBP image/],
  ])('rejects what is no such folder: %s', async (dir, files, code, message) => {
    for (const file of files) await png(file, 1);
    const found = await refusal(() => loadDataset(images(dir)));
    expect(found.code).toBe(code);
    expect(found.message).toMatch(message);
  });

  it('rejects an empty class and a missing folder', async () => {
    await png('empty/0/a.png', 1);
    await mkdir(join(folder, 'empty/1'));
    expect((await refusal(() => loadDataset(images('empty')))).message).toMatch(/empty.1 has no images/);
    expect((await refusal(() => loadDataset(images('nowhere')))).code).toBe('RFF613');
  });
});
