import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Tensor, writeSafetensors } from '../safetensors.js';
import { readSamples, type Wanted } from './samples.js';
import { idxBytes, refusal } from './testing.js';

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
  /** What the network is given of all samples. */
  async function read(path: string, network: Wanted, options = {}) {
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

  it('that are images of another size are refused with the size that fits', async () => {
    const dir = join(folder, 'sizes');
    await mkdir(dir);
    const none = await refusal(() => readSamples(dir, wanted(784)));
    expect(none).toMatchObject({ code: 'RFF717', message: expect.stringContaining('no PNG images') });
    await writeFile(join(dir, 'a.png'), png(3, 2, new Uint8Array(6)));
    const found = await refusal(() => readSamples(dir, wanted(784)));
    expect(found.code).toBe('RFF717');
    expect(found.message).toMatch(/a\.png is 3 × 2, 6 pixels, but `input image\[784\]` takes 784/);
    expect(found.hint).toContain('28 × 28');
    await writeFile(join(dir, 'b.png'), png(2, 3, new Uint8Array(6)));
    const mixed = await refusal(() => readSamples(dir, wanted(6)));
    expect(mixed.message).toMatch(/b\.png is 2 × 3, the images before it are 3 × 2/);
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
    expect(await read(file, wanted(2))).toMatchObject({ frames: 2, count: 1, values: [1, 2, 3, 4] });
    await write([2, 2], Float32Array.of(1, 2, Number.NaN, 4));
    expect((await refusal(() => readSamples(file, wanted(2)))).message).toMatch(/NaN in sample 1/);
    expect((await refusal(() => readSamples(file, wanted(3)))).message).toMatch(
      /\[2, 2\], but `input image\[3\]`/,
    );
    await write([4], Float32Array.of(1, 2, 3, 4), 'y');
    expect((await refusal(() => readSamples(file, wanted(2)))).hint).toBe('it has y');
    expect((await refusal(() => readSamples(join(folder, 'absent'), wanted(2)))).code).toBe('RFF613');
  });
});
