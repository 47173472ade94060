/**
 * Training on own data, as users do for the first time: what works, what is warned of, and the errors
 * instead.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { afterAll, expect, test } from 'vitest';
import { drawDigits } from '../runtime/data/digits.js';
import { callerIn } from '../test/support/calling.js';
import { idxBytes, npyBytes, npzBytes } from '../test/support/mnist-files.js';
import { testUnless } from '../test/support/needs.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-own-'));
afterAll(() => rmSync(folder, { recursive: true }));
const rffc = callerIn(folder);
const COUNT = 40;
const { pixels, labels } = drawDigits(COUNT, 5, 1);
const image = (i: number) => pixels.subarray(784 * i, 784 * (i + 1));
const write = (name: string, content: Uint8Array | string) => {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), content);
};

/** Trains a small network for an epoch on `data` with `classes` classes. */
async function run(data: string, classes = 10) {
  write(
    'm.rff',
    `connection forward { delay: 0 }
model m {
  input x[784]
  label y[${classes}]
  layer h[8] { activation: relu(z) }
  connect x -> h, y -> h as forward
  objective { goodness: mean(h^2), positive: softplus(1 - goodness), negative: softplus(goodness - 1), predict: max }
  schedule { phase learn[1] { label: given } }
  train { data: ${data}, epochs: 1, batch: 10, validation: 0.25, optimizer: adam(lr: 1e-3) }
}`,
  );
  return rffc([
    'run',
    'm.rff',
    '--backend',
    'tfjs-cpu',
    '--quiet',
    '--threads',
    '1',
    '--limit',
    '20',
    '--out',
    'out',
  ]);
}

/** Trains without an error, into `out`. */
async function trains(data: string): Promise<void> {
  rmSync(join(folder, 'out'), { recursive: true, force: true });
  const { code, err } = await run(data);
  expect({ data, code, err }).toEqual({ data, code: 0, err: expect.not.stringContaining('error') });
}

test('the same digits train the same network from every file format', async () => {
  const x = npyBytes('|u1', [COUNT, 28, 28], [...pixels]);
  const y = npyBytes('|u1', [COUNT], [...labels]);
  write('mnist.npz', npzBytes({ x_train: x, y_train: y, x_test: x, y_test: y }));
  write('x.npy', x);
  write('y.npy', y);
  const rows = [...labels].map((label, i) => `${label},${image(i).join(',')}\n`).join('');
  write('digits.csv', rows);
  write('digits.csv.gz', gzipSync(`label,${Array.from({ length: 784 }, (_, i) => `pixel${i}`)}\n${rows}`));
  for (const part of ['train', 't10k']) {
    write(`idx/${part}-images-idx3-ubyte`, idxBytes([COUNT, 28, 28], pixels));
    write(`idx/${part}-labels-idx1-ubyte`, idxBytes([COUNT], labels));
    const emnist = `emnist/emnist-digits-${part === 'train' ? part : 'test'}`;
    const turned = Uint8Array.from({ length: pixels.length }, (_, i) => {
      const [picture, at] = [Math.floor(i / 784), i % 784];
      return pixels[784 * picture + 28 * (at % 28) + Math.floor(at / 28)]!;
    });
    write(`${emnist}-images-idx3-ubyte.gz`, gzipSync(idxBytes([COUNT, 28, 28], turned)));
    write(
      `${emnist}-labels-idx1-ubyte.gz`,
      gzipSync(
        idxBytes(
          [COUNT],
          labels.map((label) => label + 1),
        ),
      ),
    );
  }
  const weights = async (data: string) => {
    await trains(data);
    return readFileSync(join(folder, 'out/best.safetensors')).subarray(-1000).toString('hex');
  };
  const expected = await weights('idx("idx")');
  for (const data of [
    'idx("emnist", first_label: 1, transpose: on)',
    'numpy("mnist.npz", normalize: [0, 255])',
    'numpy("x.npy", labels: "y.npy", normalize: [0, 255])',
    'csv("digits.csv", normalize: [0, 255])',
    'csv("digits.csv.gz", label: "label", normalize: [0, 255])',
  ]) {
    const found = await weights(data);
    expect({ data, same: found === expected }).toEqual({ data, same: true });
  }
});

test('trains on one folder of images per class, with file names as written by a file manager', async () => {
  for (const [i, label] of [...labels].entries()) {
    const picture = encode({ width: 28, height: 28, channels: 1, data: image(i) });
    write(`pictures/${label}/ziffer ${i} – Kopie.png`, picture);
  }
  await trains('image_folder("pictures", normalize: [0.1, 0.25])');
});

test('warns once about unusual data', async () => {
  const rows = [...labels].map((label, i) => `${label},${image(i).join(',')}\n`).join('');
  write('pandas.csv', `${Array.from({ length: 785 }, (_, i) => i).join(',')}\n${rows}`);
  rmSync(join(folder, 'out'), { recursive: true, force: true });
  const { code, err } = await run('csv("pandas.csv")');
  expect(code).toBe(0);
  expect(err.match(/RFF673/g)).toHaveLength(1);
  expect(err.match(/RFF671/g)).toHaveLength(1);
});

test.each([
  [
    'csv("from-1.csv")',
    10,
    'run from 1 to 10: none is 0',
    'write `csv(…, first_label: 1)` for classes 0 to 9',
  ],
  ['tensors("own.npz")', 10, 'a NumPy archive', 'numpy("'],
  ['idx("own")', 10, 'lacks train-images', 'image_folder("'],
  ['csv("own.npz")', 10, 'a NumPy archive', 'numpy("'],
  ['numpy("own.csv")', 10, 'a table', 'csv("'],
  ['numpy("own")', 10, 'it is a folder', 'image_folder("'],
  ['csv("own")', 10, 'it is a folder', 'image_folder("'],
  ['image_folder("own.csv")', 10, 'is a file, not a folder', 'csv("'],
  ['image_folder("idx")', 10, 'has no folders of images', 'idx("'],
  ['tensors("own.csv")', 10, 'a table', 'csv("'],
  ['idx("own.npz")', 10, 'own.npz is a file', 'numpy("'],
  ['numpyy("own.npz")', 10, 'numpyy', 'did you mean `numpy`?'],
])('%s is answered with what to write instead', async (data, classes, message, hint) => {
  write(
    'from-1.csv',
    `label,x\n${Array.from({ length: 10 }, (_, i) => `${i + 1},${image(i).join(',')}\n`).join('')}`.replace(
      'label,x',
      `label,${Array.from({ length: 784 }, (_, i) => `p${i}`)}`,
    ),
  );
  write('own.npz', npzBytes({ x: npyBytes('|u1', [1, 784], [...image(0)]), y: npyBytes('|u1', [1], [0]) }));
  write('own.csv', '0,1,2,3\n0,4,5,6\n');
  write('own/0/a.png', '');
  rmSync(join(folder, 'out'), { recursive: true, force: true });
  const { code, err } = await run(data, classes);
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(message) });
  expect(err).toContain(hint);
});

test('data info describes data sets, and list names all', async () => {
  const list = await rffc(['data', 'list']);
  for (const name of ['numpy', 'image_folder', 'csv', 'idx']) {
    expect(list.out).toContain(`\n${name} `);
    expect((await rffc(['data', 'info', name])).out).toContain(`in a model:  data: ${name}("`);
  }
  const called = await rffc(['data', 'info', 'csv("table.csv")']);
  expect(called).toMatchObject({ code: 1, err: expect.stringContaining('did you mean `csv`?') });
});

/** As a user without an entry in passwd, whom only root can become, and who may not be let near Node or these files. */
const asNobody = (argv: readonly string[]) => {
  const { HOME: _, XDG_CACHE_HOME: __, RFFC_DATA: ___, ...env } = process.env;
  const user = ['--reuid=54321', '--regid=54321', '--clear-groups', process.execPath];
  return spawnSync('setpriv', [...user, ...argv], { env, encoding: 'utf8' });
};
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const canBecomeNobody = process.getuid?.() === 0 && asNobody([main, '--version']).status === 0;
testUnless(
  canBecomeNobody ? undefined : 'only root can become a user without a home folder',
  'no home folder: the cache is among the temporary files',
  () => {
    const info = asNobody([main, 'data', 'info', 'mnist']);
    expect(info).toMatchObject({ status: 0, stderr: '' });
    expect(info.stdout).toContain(join(tmpdir(), 'rffc-54321', 'mnist'));
    const backends = asNobody([main, 'backends']);
    expect(backends).toMatchObject({ status: 0, stdout: expect.stringContaining('cpu') });
  },
);
