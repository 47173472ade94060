/** `rffc data sample`: the picture holds the sample's own pixels, and is one that `predict` reads. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, expect, test } from 'vitest';
import { loadDataset } from '../runtime/data/index.js';
import { callerIn } from '../test/support/calling.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-sample-'));
afterAll(() => rmSync(folder, { recursive: true }));
const rffc = callerIn(folder);

test.each(['test', 'train'] as const)('a digit of the %s split, with its label', async (split) => {
  const called = await rffc([
    'data',
    'sample',
    'digits',
    '--index',
    '3',
    '--split',
    split,
    '--out',
    'a/d.png',
  ]);
  const dataset = await loadDataset({ name: 'digits', options: {} }, {});
  const values = new Float32Array(28 * 28);
  dataset[split].gather([3], values);
  expect(called).toEqual({
    code: 0,
    out: `wrote a/d.png: ${split} sample 3 of digits, label ${dataset[split].y[3]}\n`,
    err: '',
  });
  const { width, height, channels, data } = decode(readFileSync(join(folder, 'a/d.png')));
  expect([width, height, channels]).toEqual([28, 28, 1]);
  expect([...data]).toEqual([...values].map((value) => Math.round(255 * value)));
  expect(Math.max(...data)).toBeGreaterThan(150);
});

test.each([
  [['digits', '--index', '2000'], 1, 'RFF905', 'its 2000 test samples are numbered from 0 to 1999'],
  [['csv'], 2, 'RFF729', 'choose a data set without files'],
  [['digist'], 1, 'RFF600', 'did you mean `digits`?'],
])('%j is refused', async (argv, status, error, hint) => {
  const { code, err } = await rffc(['data', 'sample', ...argv, '--out', 'no.png']);
  expect(code).toBe(status);
  expect(err).toContain(`error[${error}]`);
  expect(err).toContain(hint);
  expect(existsSync(join(folder, 'no.png'))).toBe(false);
});
