/** `rffc eval` and `rffc predict` on samples of one's own: images, tables, and what they say of a network. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drawDigits } from '../runtime/data/digits.js';
import { idxBytes } from '../runtime/data/testing.js';
import { parseSafetensors } from '../runtime/safetensors.js';
import { callerIn } from './testing.js';

const model = `
connection forward { init: kaiming_uniform() }
connection context { init: normal(std: 1), sign: -1 }
model tiny {
  input image[784]
  label digit[10]
  layer h[8] { damping: 0.7 }
  connect image -> h as forward, connect digit -> h as context
  objective { goodness: mean(h^2), positive: softplus(goodness - 1.5), negative: softplus(1.5 - goodness), predict: min }
  schedule {
    phase learn[3] { label: given }
    score learn[1..2]
  }
  train {
    data: digits(train: 60, test: 30, normalize: [0.1, 0.25])
    augment: [shift(2), rotate(10), noise(0.1)]
    epochs: 1
    batch: 20
    optimizer: rmsprop(lr: 1e-3)
  }
}`;
const folder = mkdtempSync(join(tmpdir(), 'rffc-eval-'));
const rffc = callerIn(folder);
const { pixels, labels } = drawDigits(12, 5, 1);
const image = (i: number) => pixels.subarray(784 * i, 784 * (i + 1));
const backend = ['--backend', 'tfjs-cpu'];

beforeAll(async () => {
  writeFileSync(join(folder, 'tiny.rff'), model);
  const run = await rffc(['run', 'tiny.rff', ...backend, '--out', 'run', '--quiet']);
  expect(run).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(folder, { recursive: true }));

test('eval tells accuracy, each class, and how close the calls were', async () => {
  const told = JSON.parse((await rffc(['eval', 'run', ...backend, '--json'])).out) as Record<string, unknown>;
  expect(told).toMatchObject({ samples: 30, split: 'test', data: 'digits', perClass: expect.any(Array) });
  const margins = told.margins as Record<'mean' | 'p5' | 'median' | 'p95', number> & { perClass: number[] };
  expect(margins.perClass).toHaveLength(10);
  expect(margins.p5).toBeLessThanOrEqual(margins.median);
  expect(margins.median).toBeLessThanOrEqual(margins.p95);
  // Three samples a class: the mean of the classes' means is the mean.
  expect(margins.perClass.reduce((sum, m) => sum + m, 0) / 10).toBeCloseTo(margins.mean, 6);
  const table = (await rffc(['eval', 'run', ...backend])).out;
  expect(table).toMatch(/^accuracy \d+\.\d\d % \(\d+ of 30\): digits, test split/);
  expect(table).toMatch(/\nmargin {3}-?\d\S* on average, median /);
  expect(table).toMatch(/│ accuracy {3}margin\n/);
});

test('predictions of PNG images, of the same images in IDX, and of neither', async () => {
  const { length: count } = labels;
  mkdirSync(join(folder, 'png'));
  labels.forEach((_, i) => {
    writeFileSync(
      join(folder, `png/d${i}.png`),
      encode({ width: 28, height: 28, channels: 1, data: image(i) }),
    );
  });
  writeFileSync(join(folder, 'all.idx'), idxBytes([count, 28, 28], pixels));
  const predict = (data: string, ...more: string[]) =>
    rffc(['predict', 'run', ...backend, '--data', data, '--out', `${data}.out`, ...more]);
  const images = await predict('png');
  const idx = await predict('all.idx');
  expect(idx).toMatchObject({ code: 0, out: '12 samples labelled in all.idx.out\n' });
  const written = (name: string) => readFileSync(join(folder, `${name}.out`));
  expect(written('png').equals(written('all.idx'))).toBe(true);
  const answer = parseSafetensors(written('png')).tensors.get('label')!;
  const found = new Int32Array(Uint8Array.from(answer.data as Uint8Array).buffer);
  expect(images.out.split('\n').slice(0, 12)).toEqual([...found].map((label, i) => `d${i}.png  ${label}`));
  const json = JSON.parse((await predict('png', '--json')).out) as {
    files: { file: string; label: number }[];
  };
  expect(json.files[11]).toEqual({ file: 'd11.png', label: found[11] });

  writeFileSync(
    join(folder, 'png/d5.png'),
    encode({ width: 8, height: 8, channels: 1, data: new Uint8Array(64) }),
  );
  const wrong = await predict('png');
  expect(wrong).toMatchObject({ code: 1, out: '' });
  expect(wrong.err).toContain('d5.png is 8 × 8, the images before it are 28 × 28');
});

test('eval judges a folder of IDX files and a table as the network saw its own data', async () => {
  const { length: count } = labels;
  mkdirSync(join(folder, 'idx'));
  for (const split of ['train', 't10k']) {
    writeFileSync(join(folder, `idx/${split}-images-idx3-ubyte`), idxBytes([count, 28, 28], pixels));
    writeFileSync(join(folder, `idx/${split}-labels-idx1-ubyte`), idxBytes([count], labels));
  }
  const lines = [...labels].map((label, i) =>
    [label, ...Array.from(image(i), (byte) => Math.fround((byte / 255 - 0.1) / 0.25))].join(','),
  );
  writeFileSync(join(folder, 'table.csv'), `${lines.join('\n')}\n`);
  const judged = async (data: string) => {
    const { code, out, err } = await rffc(['eval', 'run', ...backend, '--data', data, '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return JSON.parse(out) as Record<string, unknown>;
  };
  const idx = await judged('idx');
  const table = await judged('table.csv');
  expect(idx).toMatchObject({ samples: 12, split: 'test', data: 'idx' });
  expect(table).toMatchObject({ samples: 12, split: 'train', data: 'csv' });
  expect(table.confusion).toEqual(idx.confusion);
  expect(table.margins).toEqual(idx.margins);
});
