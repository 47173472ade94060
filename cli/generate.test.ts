/** `rffc generate`, on networks that were really trained on the built-in digits. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadDataset } from '../runtime/data/index.js';
import { meanFrame } from '../runtime/generate/generate.js';
import { callerIn } from '../test/support/calling.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-generate-'));
const rffc = callerIn(folder);
const text = readFileSync(new URL('../models/generative.rff', import.meta.url), 'utf8')
  .replace('h1[150], h2[150]', 'h1[80], h2[80]')
  .replace('train: 20000, test: 2000', 'train: 4000, test: 200')
  .replace('epochs:    6', 'epochs:    4');

beforeAll(async () => {
  writeFileSync(join(folder, 'digits.rff'), text);
  writeFileSync(join(folder, 'blind.rff'), text.replace(/ {2}decode image[\s\S]*?\n {2}\}\n/, ''));
  const quick = ['--quiet', '--backend', 'cpu'];
  expect(await rffc(['run', 'digits.rff', '--out', 'run', ...quick])).toMatchObject({ code: 0 });
  expect(
    await rffc(['run', 'blind.rff', '--out', 'blind', '--limit', '200', '--epochs', '1', ...quick]),
  ).toMatchObject({ code: 0 });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

const lastLine = (): Record<string, unknown> =>
  JSON.parse(
    readFileSync(join(folder, 'run', 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .at(-1)!,
  ) as Record<string, unknown>;

test('the decoder reconstructs better than the mean image', async () => {
  const { train, inputSize } = await loadDataset({
    name: 'digits',
    options: { train: 4000, test: 200, seed: 1 },
  });
  const mean = meanFrame(train, 1, inputSize);
  const x = new Float32Array(train.count * inputSize);
  train.gather(
    Array.from({ length: train.count }, (_, i) => i),
    x,
  );
  const byMean = x.reduce((sum, value, i) => sum + (value - mean[i % inputSize]!) ** 2, 0) / x.length;
  expect(lastLine().decode_loss).toBeLessThan(0.8 * byMean);
});

test('the report has the decoder’s curve', () => {
  expect(readFileSync(join(folder, 'run', 'report.html'), 'utf8')).toContain('decoder');
});

test('the network classifies generated images as their label, more often than chance', async () => {
  const made = await rffc(['generate', 'run', '--out', 'all', '--count', '4', '--json', '--backend', 'cpu']);
  expect(made).toMatchObject({ code: 0, err: '' });
  const { images, sheet } = JSON.parse(made.out) as {
    images: { file: string; label: number; number: number }[];
    sheet: string;
  };
  expect(images).toHaveLength(40);
  expect(images[13]).toEqual({ file: '3-1.png', label: 3, number: 1 });
  expect(readdirSync(join(folder, 'all')).sort()).toEqual([...images.map((i) => i.file), sheet].sort());
  expect(decode(readFileSync(join(folder, 'all', '3-1.png')))).toMatchObject({
    width: 28,
    height: 28,
    channels: 1,
  });
  // One line per label, a frame of two pixels around each image.
  expect(decode(readFileSync(join(folder, 'all', sheet)))).toMatchObject({
    width: 4 * 30 + 2,
    height: 10 * 30 + 2,
  });
  rmSync(join(folder, 'all', sheet));
  const told = await rffc(['predict', 'run', '--data', 'all', '--out', 'labels.safetensors', '--json']);
  const { files } = JSON.parse(told.out) as { files: { file: string; label: number }[] };
  const right = files.filter(({ file, label }) => file.split('/').at(-1)!.startsWith(`${label}-`)).length;
  // Chance is 4 of 40.
  expect(right).toBeGreaterThanOrEqual(12);
});

test('an image depends only on the seed, its label and its number', async () => {
  const bytes = (path: string) => readFileSync(join(folder, path));
  const call = (out: string, ...more: string[]) =>
    rffc(['generate', 'run', '--out', out, '--steps', '2', '--backend', 'cpu', ...more]);
  expect((await call('few', '--label', '3', '--count', '2')).out).toBe(
    '2 images of 1 label in few; contact sheet: few/sheet.png\n',
  );
  await call('many', '--count', '3');
  await call('other', '--label', '3', '--count', '2', '--seed', '7');
  expect(bytes('few/3-1.png')).toEqual(bytes('many/3-1.png'));
  expect(bytes('few/3-1.png')).not.toEqual(bytes('few/3-0.png'));
  expect(bytes('few/3-1.png')).not.toEqual(bytes('other/3-1.png'));
  await call('mean', '--start', 'mean');
  expect(readdirSync(join(folder, 'mean'))).toHaveLength(11);
});

test.each([
  ['RFF931', 'blind', ['--out', 'x'], 'add `decode image from h1`'],
  ['RFF932', 'run', ['--out', 'x', '--grid', '20x30'], '784 values'],
  ['RFF933', 'run', ['--out', 'x', '--label', '10'], 'from 0 to 9'],
  ['RFF708', 'run', ['--out', 'full'], 'another `--out`'],
  ['RFF713', 'run', ['--out', 'x', '--start', 'mean', '--count', '2'], 'drop `--count`'],
  ['RFF704', 'nothing', ['--out', 'x'], '`rffc run`'],
])('%s from %s %s', async (code, run, options, hint) => {
  mkdirSync(join(folder, 'full/of'), { recursive: true });
  mkdirSync(join(folder, 'nothing'), { recursive: true });
  const { err, code: exit } = await rffc(['generate', run, ...options]);
  expect(err).toContain(`error[${code}]`);
  expect(err).toContain(hint);
  expect(exit).toBeGreaterThan(0);
  expect(readdirSync(folder)).not.toContain('x');
});
