import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gathered, idxBytes, refusal } from '../../test/support/mnist-files.js';
import { type Tensor, writeSafetensors } from '../safetensors.js';
import { loadDataset } from './load.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rffc-streaming-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Nothing fits: every image file stays on disk. */
const fromDisk = { memoryLimit: 1 };

const pixels = (count: number, salt: number) =>
  Array.from({ length: count * 12 }, (_, i) => (31 * i + salt) % 256);
async function idxFolder(name: string): Promise<string> {
  const dir = join(folder, name);
  await mkdir(dir);
  await writeFile(join(dir, 'train-images-idx3-ubyte'), idxBytes([7, 3, 4], pixels(7, 1)));
  await writeFile(join(dir, 'train-labels-idx1-ubyte'), idxBytes([7], [0, 1, 2, 3, 2, 1, 0]));
  await writeFile(join(dir, 't10k-images-idx3-ubyte'), idxBytes([2, 3, 4], pixels(2, 5)));
  await writeFile(join(dir, 't10k-labels-idx1-ubyte.gz'), gzipSync(idxBytes([2], [3, 3])));
  return dir;
}

describe('data that does not fit in memory', () => {
  it('reads the same from IDX files as in memory', async () => {
    const dir = await idxFolder('sound');
    const spec = { name: 'idx', options: { dir, normalize: [0.5, 0.25] } };
    const held = await loadDataset(spec);
    const streamed = await loadDataset(spec, fromDisk);
    expect({ ...streamed, train: 0, test: 0 }).toEqual({ ...held, train: 0, test: 0 });
    expect(streamed.train.grid).toEqual(held.train.grid);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 6 }), { maxLength: 9 }), (indices) => {
        expect(gathered(streamed.train, indices, 1, 12)).toEqual(gathered(held.train, indices, 1, 12));
      }),
    );
    expect(gathered(streamed.test, [1, 0], 1, 12)).toEqual(gathered(held.test, [1, 0], 1, 12));
    expect(() => streamed.train.gather([7], new Float32Array(12))).toThrow(RangeError);
  });

  it('is read anew for each batch, not kept', async () => {
    const dir = await idxFolder('changing');
    const { train } = await loadDataset({ name: 'idx', options: { dir } }, fromDisk);
    const before = gathered(train, [6], 1, 12);
    await writeFile(join(dir, 'train-images-idx3-ubyte'), idxBytes([7, 3, 4], pixels(7, 99)));
    expect(gathered(train, [6], 1, 12)).not.toEqual(before);
    await truncate(join(dir, 'train-images-idx3-ubyte'), 16 + 6 * 12 + 3);
    const cut = await refusal(() => gathered(train, [6], 1, 12));
    expect(cut).toMatchObject({ code: 'RFF613', message: expect.stringContaining('ends within sample 6') });
    await rm(join(dir, 'train-images-idx3-ubyte'));
    expect((await refusal(() => gathered(train, [0], 1, 12))).code).toBe('RFF613');
  });

  it('has to be complete and uncompressed', async () => {
    const dir = await idxFolder('wrong');
    const file = join(dir, 'train-images-idx3-ubyte');
    const load = () => loadDataset({ name: 'idx', options: { dir } }, fromDisk);
    await truncate(file, 50);
    expect((await refusal(load)).message).toMatch(/7 × 3 × 4 elements take 84 bytes.*found 34/);
    await rm(file);
    await writeFile(`${file}.gz`, gzipSync(idxBytes([7, 3, 4], pixels(7, 1))));
    const found = await refusal(load);
    expect(found).toMatchObject({ code: 'RFF614', hint: expect.stringContaining('gunzip') });
  });

  it.each(['F32', 'F64', 'U8', 'I32'] as const)(
    'is, in safetensors of %s, what it is in memory',
    async (dtype) => {
      const made = { F32: Float32Array, F64: Float64Array, U8: Uint8Array, I32: Int32Array }[dtype];
      const x = new made(Array.from({ length: 5 * 2 * 3 }, (_, i) => (37 * i) % 251));
      const tensors = new Map<string, Tensor>([
        ['x', { dtype, shape: [5, 2, 3], data: x }],
        ['y', { dtype: 'I64', shape: [5], data: BigInt64Array.of(0n, 1n, 2n, 1n, 0n) }],
        ['y_negative', { dtype: 'U8', shape: [5], data: Uint8Array.of(1, 2, 3, 0, 1) }],
        ['test_x', { dtype, shape: [2, 2, 3], data: x.slice(0, 12) }],
        ['test_y', { dtype: 'U8', shape: [2], data: Uint8Array.of(3, 0) }],
      ]);
      const file = join(folder, `${dtype}.safetensors`);
      await writeSafetensors(file, tensors);
      const spec = { name: 'tensors', options: { file } };
      const held = await loadDataset(spec);
      const streamed = await loadDataset(spec, fromDisk);
      for (const data of [held, streamed]) {
        expect(data).toMatchObject({ inputSize: 3, frames: 2, classes: 4 });
        expect([...data.train.y, ...data.train.yNegative!, ...data.test.y]).toEqual([
          0, 1, 2, 1, 0, 1, 2, 3, 0, 1, 3, 0,
        ]);
        const [second, fifth] = [[...x.subarray(6, 12)], [...x.subarray(24, 30)]];
        expect(gathered(data.train, [4, 1], 2, 3)).toEqual([
          ...fifth.slice(0, 3),
          ...second.slice(0, 3),
          ...fifth.slice(3),
          ...second.slice(3),
        ]);
        expect(gathered(data.test, [0], 2, 3)).toEqual([...x.subarray(0, 6)]);
      }
    },
  );

  it('is rejected at a sample that is not finite', async () => {
    const file = join(folder, 'nan.safetensors');
    const x = new Float32Array(6);
    x[5] = Number.NaN;
    await writeSafetensors(
      file,
      new Map<string, Tensor>([
        ['x', { dtype: 'F32', shape: [3, 2], data: x }],
        ['y', { dtype: 'U8', shape: [3], data: new Uint8Array(3) }],
      ]),
    );
    const { train } = await loadDataset({ name: 'tensors', options: { file } }, fromDisk);
    expect(gathered(train, [1], 1, 2)).toEqual([0, 0]);
    const found = await refusal(() => gathered(train, [0, 2], 1, 2));
    expect(found).toMatchObject({
      code: 'RFF630',
      message: expect.stringContaining('`x` contains NaN in sample 2'),
    });
  });
});
