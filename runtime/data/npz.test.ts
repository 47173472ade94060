import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { npyBytes } from '../../test/support/mnist-files.js';
import { testUnless } from '../../test/support/needs.js';
import { type Tensor, toFloat32, toInt32 } from '../safetensors.js';
import { openNumpy } from './npy.js';
import { npzBytes, storedZip } from './npz.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rffc-npz-'));
});
afterAll(() => rm(folder, { recursive: true }));

const arrays = new Map<string, Tensor>([
  ['label', { dtype: 'I32', shape: [3], data: Int32Array.of(7, -2, 9) }],
  ['goodness', { dtype: 'F32', shape: [3, 2], data: Float32Array.of(0.5, 1.5, -2, 3, 4, 1e-20) }],
]);
const npzFiles = ['x', 'größe', '\u{1d7d9}'];
const files = ['3/ä b.png', '', '\u{1d7d9}.png'];

it('writes an archive that the reader reads, whatever its files are called', async () => {
  const path = join(folder, 'names.npz');
  const files = npzFiles.map((name) => [`${name}.npy`, npyBytes('<f4', [1], [1])] as const);
  await writeFile(path, storedZip(files));
  expect([...(await openNumpy(path)).entries.keys()]).toEqual(npzFiles);
  expect(() => storedZip(Array.from({ length: 65_536 }, (_, i) => [`${i}`, new Uint8Array(0)]))).toThrow(
    RangeError,
  );
});

it('writes arrays that the reader reads, the same bytes each time', async () => {
  const path = join(folder, 'a.npz');
  await writeFile(path, npzBytes(arrays));
  expect(npzBytes(arrays)).toEqual(npzBytes(arrays));
  const found = await openNumpy(path);
  expect([...found.entries.keys()]).toEqual(['label', 'goodness']);
  expect([...toInt32(await found.read('label'))]).toEqual([7, -2, 9]);
  const goodness = await found.read('goodness');
  expect(goodness.shape).toEqual([3, 2]);
  expect([...toFloat32(goodness)]).toEqual([...(arrays.get('goodness')!.data as Float32Array)]);
});

const numpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;
testUnless(
  numpy ? undefined : 'python3 with numpy was not found',
  'writes what np.load opens, texts included',
  async () => {
    const path = join(folder, 'b.npz');
    await writeFile(
      path,
      npzBytes(new Map<string, Tensor | readonly string[]>([...arrays, ['file', files]])),
    );
    const script = `import numpy as np, json, sys
z = np.load(sys.argv[1])
print(json.dumps([z['label'].tolist(), str(z['label'].dtype), z['goodness'].shape, z['file'].tolist()]))`;
    const { stdout, stderr } = spawnSync('python3', ['-c', script, path], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([[7, -2, 9], 'int32', [3, 2], files]);
  },
);
