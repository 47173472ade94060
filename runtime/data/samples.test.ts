import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idxBytes, refusal } from '../../test/support/mnist-files.js';
import { type Tensor, writeSafetensors } from '../safetensors.js';
import { pixelTable } from './dataset.js';
import { npzBytes } from './npz.js';
import { readSamples, type SampleOptions, type Wanted } from './samples.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rffc-samples-'));
});
afterAll(() => rm(folder, { recursive: true }));

const wanted = (size: number, name = 'mnist', options: Wanted['data']['options'] = {}): Wanted => ({
  input: { name: 'image', size },
  data: { name, options },
});
const png = (
  width: number,
  height: number,
  data: Uint8Array | Uint16Array,
  channels = 1,
  depth: 8 | 16 = 8,
) => encode({ width, height, data, channels, depth });

describe('samples to predict', () => {
  /** The network's input for all samples. */
  async function read(path: string, network: Wanted, options: SampleOptions = {}) {
    const { frames, samples, names } = await readSamples(path, network, options);
    const out = new Float32Array(frames * samples.count * network.input.size);
    samples.gather(
      Array.from({ length: samples.count }, (_, i) => i),
      out,
    );
    return { frames, count: samples.count, names, values: [...out] };
  }

  it('are a folder of images in the order of their names, normalized as the training data', async () => {
    const dir = join(folder, 'images');
    await mkdir(dir);
    await writeFile(join(dir, 'digit10.png'), png(2, 2, Uint8Array.of(0, 51, 102, 255)));
    await writeFile(join(dir, 'digit9.PNG'), png(2, 2, new Uint8Array(4)));
    await writeFile(join(dir, 'notes.txt'), 'not an image');
    const found = await read(dir, wanted(4, 'mnist', { normalize: [0.5, 0.5] }));
    expect(found).toMatchObject({ frames: 1, count: 2, names: ['digit9.PNG', 'digit10.png'] });
    expect(found.values).toEqual([-1, -1, -1, -1, -1, -0.6, -0.2, 1].map(Math.fround));
    // Where the network reads rows, an image is its rows.
    const rows = await read(join(dir, 'digit10.png'), wanted(2, 'row_mnist'));
    expect(rows).toMatchObject({ frames: 2, count: 1, values: [0, 0.2, 0.4, 1].map(Math.fround) });
    // Tensors were taken as they are, and so are bytes for a network that learned from them.
    expect((await read(join(dir, 'digit10.png'), wanted(4, 'tensors'))).values).toEqual([0, 51, 102, 255]);
  });

  it('that are images of another size are rejected with the expected size', async () => {
    const dir = join(folder, 'sizes');
    await mkdir(dir);
    const none = await refusal(() => readSamples(dir, wanted(784)));
    expect(none).toMatchObject({
      code: 'RFF717',
      message: expect.stringContaining('neither PNG or JPEG images'),
    });
    await writeFile(join(dir, 'a.png'), png(3, 2, new Uint8Array(6)));
    const found = await refusal(() => readSamples(dir, wanted(784)));
    expect(found.code).toBe('RFF765');
    expect(found.message).toMatch(/a\.png is 3 × 2: the network takes 28 × 28/);
    expect(found.hint).toContain('`--resize`');
    await writeFile(join(dir, 'b.png'), png(2, 3, new Uint8Array(6)));
    const mixed = await refusal(() => readSamples(dir, wanted(6)));
    expect(mixed.message).toMatch(/b\.png is 2 × 3: the images before it are 3 × 2/);
    await writeFile(join(dir, 'b.png'), 'text');
    expect(await refusal(() => readSamples(dir, wanted(6)))).toMatchObject({ code: 'RFF670' });
  });

  it('are the images of an IDX file, compressed, in memory or on disk', async () => {
    const bytes = idxBytes([3, 2, 2], [0, 51, 102, 255, 1, 2, 3, 4, 5, 6, 7, 8]);
    const file = join(folder, 'my-images');
    await writeFile(file, bytes);
    await writeFile(`${file}.gz`, gzipSync(bytes));
    const held = await read(file, wanted(4));
    expect(held).toMatchObject({ frames: 1, count: 3, names: undefined });
    expect(held.values.slice(0, 4)).toEqual([0, 0.2, 0.4, 1].map(Math.fround));
    expect(await read(`${file}.gz`, wanted(4))).toEqual(held);
    expect(await read(file, wanted(4), { memoryLimit: 1 })).toEqual(held);
    expect((await refusal(() => readSamples(file, wanted(9)))).hint).toContain('3 × 3');
    await writeFile(file, bytes.subarray(0, 20));
    expect((await refusal(() => readSamples(file, wanted(4)))).code).toBe('RFF610');
  });

  it('are `x` of a safetensors file', async () => {
    const file = join(folder, 'own.safetensors');
    const write = (shape: number[], data: Float32Array, name = 'x') =>
      writeSafetensors(file, new Map<string, Tensor>([[name, { dtype: 'F32', shape, data }]]));
    await write([1, 2, 2], Float32Array.of(1, 2, 3, 4));
    const own = wanted(2, 'tensors');
    expect(await read(file, own)).toMatchObject({ frames: 2, count: 1, values: [1, 2, 3, 4] });
    await write([2, 2], Float32Array.of(1, 2, Number.NaN, 4));
    expect((await refusal(() => readSamples(file, own))).message).toMatch(/NaN in sample 1/);
    expect((await refusal(() => readSamples(file, wanted(3)))).message).toMatch(
      /\[2, 2\], but `input image\[3\]`/,
    );
    await write([4], Float32Array.of(1, 2, 3, 4), 'y');
    expect((await refusal(() => readSamples(file, wanted(2)))).hint).toBe('found y');
    expect((await refusal(() => readSamples(join(folder, 'absent'), wanted(2)))).code).toBe('RFF613');
  });

  it('are the same to the last bit from every kind of source, and to a rounding from brightness', async () => {
    const count = 5;
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 4 * count, maxLength: 4 * count }),
        fc.constantFrom<[number, number] | undefined>(undefined, [0.1307, 0.3081], [0.5, 0.5]),
        async (pixels, normalize) => {
          // Text alone does not say whether 0 and 1 are pixels.
          pixels[0] = 255;
          const network = wanted(4, 'mnist', normalize ? { normalize } : {});
          const dir = await mkdtemp(join(folder, 'same-'));
          await mkdir(join(dir, 'png'));
          for (let i = 0; i < count; i++)
            await writeFile(join(dir, `png/${i}.png`), png(2, 2, pixels.subarray(4 * i, 4 * i + 4)));
          await writeFile(join(dir, 'i'), idxBytes([count, 2, 2], pixels));
          const lines = Array.from({ length: count }, (_, i) => pixels.subarray(4 * i, 4 * i + 4).join(','));
          await writeFile(join(dir, 'v.csv'), `${lines.join('\n')}\n`);
          await writeFile(join(dir, 'l.csv'), lines.map((line, i) => `${i},${line}\n`).join(''));
          const tensor = (dtype: Tensor['dtype'], data: ArrayBufferView, shape = [count, 4]) =>
            new Map<string, Tensor>([['x', { dtype, shape, data }]]);
          const table = pixelTable({ mean: normalize?.[0] ?? 0, std: normalize?.[1] ?? 1 });
          const seen = Float32Array.from(pixels, (byte) => table[byte]!);
          const sources = {
            u8: tensor('U8', pixels),
            i64: tensor('I64', BigInt64Array.from(pixels, BigInt)),
            pictures: tensor('U8', pixels, [count, 2, 2]),
            channel: tensor('I32', Int32Array.from(pixels), [count, 1, 2, 2]),
            f32: tensor('F32', Float32Array.from(pixels)),
            unit: tensor(
              'F32',
              Float32Array.from(pixels, (byte) => byte / 255),
            ),
            normalized: tensor('F32', seen),
          };
          for (const [name, arrays] of Object.entries(sources)) {
            await writeSafetensors(join(dir, `${name}.safetensors`), arrays);
            await writeFile(join(dir, `${name}.npz`), npzBytes(arrays));
          }
          const expected = [...seen];
          for (const path of ['png', 'i', 'v.csv', 'l.csv'])
            expect((await read(join(dir, path), network)).values).toEqual(expected);
          for (const name of Object.keys(sources)) {
            for (const ending of ['safetensors', 'npz']) {
              const options: SampleOptions = name === 'normalized' ? { values: 'normalized' } : {};
              const { values } = await read(join(dir, `${name}.${ending}`), network, options);
              if (name !== 'unit') expect(values).toEqual(expected);
              values.forEach((value, i) => {
                expect(value).toBeCloseTo(expected[i]!, 5);
              });
            }
          }
          await rm(dir, { recursive: true });
        },
      ),
      { numRuns: 8 },
    );
  });

  it('are resized to the network’s size and inverted on request', async () => {
    const dir = join(folder, 'fit');
    await mkdir(dir);
    const pixels = Uint8Array.of(0, 0, 0, 0, 0, 40, 80, 0, 0, 80, 160, 0, 0, 0, 0, 0);
    const small = [10, 20, 20, 40].map((byte) => Math.fround(byte / 255));
    await writeFile(join(dir, 'a.png'), png(4, 4, pixels));
    await writeFile(join(dir, 'b.png'), png(2, 2, Uint8Array.of(10, 20, 20, 40)));
    await writeFile(join(folder, 'fit.idx'), idxBytes([1, 4, 4], pixels));
    await writeFile(join(folder, 'fit.npz'), npzBytes(new Map([['x', u8([1, 1, 4, 4], pixels)]])));
    expect((await read(dir, wanted(4), { resize: true })).values).toEqual([...small, ...small]);
    for (const file of ['fit.idx', 'fit.npz']) {
      expect((await refusal(() => readSamples(join(folder, file), wanted(4)))).code).toBe('RFF765');
      expect((await read(join(folder, file), wanted(4), { resize: true })).values).toEqual(small);
    }
    // A network that reads rows gets the rows of the picture in its size.
    const rows = await read(join(dir, 'a.png'), wanted(2, 'row_mnist'), { resize: true });
    expect(rows).toMatchObject({ frames: 2, count: 1, values: small });
    expect((await read(join(folder, 'fit.idx'), wanted(2, 'row_mnist'), { resize: true })).values).toEqual(
      small,
    );
    // Black ink on transparency is all black, unless the background is white.
    const ink = Uint8Array.of(0, 255, 0, 0, 0, 0, 0, 51);
    await writeFile(join(folder, 'ink.png'), png(2, 2, ink, 2));
    expect((await read(join(folder, 'ink.png'), wanted(4))).values).toEqual([0, 0, 0, 0]);
    expect((await read(join(folder, 'ink.png'), wanted(4), { invert: true })).values).toEqual(
      [1, 0, 0, 51 / 255].map(Math.fround),
    );
    const pair = await refusal(() => readSamples(dir, wanted(6), { resize: true }));
    expect(pair.message).toMatch(/cannot resize .*a\.png: `input image\[6\]` is not an image/);
  });

  it('have true labels from folders of classes, a column, a tensor', async () => {
    const dir = join(folder, 'classes');
    for (const [i, name] of ['0', '1', '10'].entries()) {
      await mkdir(join(dir, name), { recursive: true });
      await writeFile(join(dir, name, `ziffer 1 – Kopie ${i}.png`), png(2, 2, new Uint8Array(4).fill(i)));
    }
    await writeFile(join(dir, '1', 'notes.txt'), 'x');
    await writeFile(join(dir, '.DS_Store'), 'x');
    await writeFile(join(dir, 'a.gif'), 'GIF89a');
    const found = await readSamples(dir, wanted(4));
    expect([...found.labels!]).toEqual([0, 1, 10]);
    expect(found.names![2]).toBe(join('10', 'ziffer 1 – Kopie 2.png'));
    expect(found.warnings[0]).toMatchObject({
      code: 'RFF766',
      message: expect.stringContaining(
        `2 that are not PNG or JPEG images: a.gif (GIF), ${join('1', 'notes.txt')}`,
      ),
      hint: expect.stringContaining('magick a.gif a.png'),
    });
    const few = await refusal(() => readSamples(dir, { ...wanted(4), classes: 10 }));
    expect(few.message).toContain("label 10 of sample 2 exceeds the network's 10 classes");
    expect([...(await readSamples(dir, wanted(4, 'idx', { first_label: -1 }))).labels!]).toEqual([1, 2, 11]);

    for (const [i, path] of ['set/train/3', 'set/train/7', 'set/test/7'].entries()) {
      await mkdir(join(folder, path), { recursive: true });
      await writeFile(join(folder, path, 'a.png'), png(2, 2, new Uint8Array(4).fill(i)));
    }
    const split = await readSamples(join(folder, 'set'), wanted(4));
    expect(split).toMatchObject({ part: 'test', labels: Int32Array.of(7), names: [join('7', 'a.png')] });
    // A network that learned from such folders counts them in their order, where all of them are there.
    const learned = { ...wanted(4, 'image_folder'), classes: 2 };
    const ordered = await readSamples(join(folder, 'set'), learned, { part: 'train' });
    expect(ordered).toMatchObject({ part: 'train', labels: Int32Array.of(0, 1) });
    expect((await readSamples(join(folder, 'set'), learned)).labels).toBeUndefined();

    await mkdir(join(folder, 'words/cat'), { recursive: true });
    await writeFile(join(folder, 'words/cat/a.png'), png(2, 2, new Uint8Array(4)));
    expect((await readSamples(join(folder, 'words'), wanted(4))).labels).toBeUndefined();

    await writeFile(join(folder, 'l.csv'), 'a,b,c,d,class\n1,2,3,4,1\n5,6,7,255,0\n');
    expect([...(await readSamples(join(folder, 'l.csv'), wanted(4))).labels!]).toEqual([1, 0]);
    await writeFile(join(folder, 'short.csv'), '1,2,3\n');
    const short = await refusal(() => readSamples(join(folder, 'short.csv'), wanted(4)));
    expect(short).toMatchObject({ code: 'RFF717', hint: 'give 4 columns, or 5 with the label' });

    const keras = new Map<string, Tensor>([
      ['x_train', u8([1, 2, 2], new Uint8Array(4))],
      ['y_train', u8([1], Uint8Array.of(3))],
      ['x_test', u8([2, 2, 2], new Uint8Array(8))],
      ['y_test', u8([2], Uint8Array.of(4, 5))],
    ]);
    await writeFile(join(folder, 'keras.npz'), npzBytes(keras));
    const test = await readSamples(join(folder, 'keras.npz'), wanted(4));
    expect(test).toMatchObject({ part: 'test', labels: Int32Array.of(4, 5) });
    const train = await readSamples(join(folder, 'keras.npz'), wanted(4), { part: 'train' });
    expect(train).toMatchObject({ part: 'train', labels: Int32Array.of(3) });
  });

  it('are rejected with a clear error for another kind of file', async () => {
    const refused = async (name: string, content: string | Uint8Array) => {
      await writeFile(join(folder, name), content);
      return refusal(() => readSamples(join(folder, name), wanted(4)));
    };
    expect(await refused('none.png', '')).toMatchObject({
      code: 'RFF717',
      message: expect.stringMatching(/is empty$/),
    });
    expect(await refused('page.png', '<!DOCTYPE html>')).toMatchObject({ code: 'RFF670' });
    expect(await refused('photo.png', 'RIFF\x24\0\0\0WEBPVP8 ')).toMatchObject({ code: 'RFF760' });
    expect(await refused('a.npy', 'text')).toMatchObject({ code: 'RFF615' });
    expect(await refused('a.safetensors', 'text, but longer')).toMatchObject({ code: 'RFF640' });
    const text = await refused('notes.txt', 'hello');
    expect(text).toMatchObject({ code: 'RFF717', hint: expect.stringContaining('expected a PNG or JPEG') });
    const oneHot = new Map([
      ['x', u8([2, 4], new Uint8Array(8))],
      ['y', u8([2, 10], new Uint8Array(20))],
    ]);
    expect((await refused('hot.npz', npzBytes(oneHot))).hint).toContain('y.argmax(axis=1)');
  });

  it('are transposed like training data that is stored column by column', async () => {
    const pixels = Uint8Array.of(255, 51, 102, 0);
    await writeFile(join(folder, 'columns.idx'), idxBytes([1, 2, 2], pixels));
    await writeFile(join(folder, 'upright.png'), png(2, 2, pixels));
    const emnist = wanted(4, 'idx', { transpose: true });
    const [stored, turned] = [
      [1, 0.2, 0.4, 0],
      [1, 0.4, 0.2, 0],
    ].map((values) => values.map(Math.fround));
    expect((await read(join(folder, 'columns.idx'), emnist)).values).toEqual(turned);
    expect((await read(join(folder, 'upright.png'), emnist)).values).toEqual(stored);
    expect((await read(join(folder, 'columns.idx'), wanted(4, 'idx'))).values).toEqual(stored);
  });

  it('are warned of if they need a normalization unknown to a network of tensors, and take it', async () => {
    const file = join(folder, 'bytes.idx');
    await writeFile(file, idxBytes([2, 2, 2], [0, 255, 0, 51, 0, 102, 255, 0]));
    const network = { ...wanted(4, 'tensors'), trained: { min: 0, max: 1, mean: 0.1 } };
    const { warnings } = await readSamples(file, network);
    expect(warnings).toMatchObject([{ code: 'RFF761', hint: expect.stringContaining('`--normalize 0,1`') }]);
    const told = await readSamples(file, network, { normalize: { mean: 0, std: 1 } });
    expect(told.warnings).toEqual([]);
    expect((await read(file, network, { normalize: { mean: 0, std: 1 } })).values.slice(0, 4)).toEqual(
      [0, 1, 0, 0.2].map(Math.fround),
    );
  });
});

function u8(shape: number[], data: Uint8Array): Tensor {
  return { dtype: 'U8', shape, data };
}
