/** `rffc eval` and `rffc predict` on samples of one's own: images, tables, and what they say of a network. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drawDigits } from '../runtime/data/digits.js';
import { openNumpy } from '../runtime/data/npy.js';
import { parseSafetensors, toFloat32 } from '../runtime/safetensors.js';
import { callerIn } from '../test/support/calling.js';
import { idxBytes } from '../test/support/mnist-files.js';

const model = `
connection forward { init: kaiming_uniform() }
connection context { init: normal(std: 1), sign: -1 }
model tiny {
  input image[784]
  label digit[10]
  layer h[8] { damping: 0.7 }
  connect image -> h as forward, connect digit -> h as context
  objective {
    goodness: mean(h^2), predict: min
    positive: softplus(goodness - 1.5), negative: softplus(1.5 - goodness)
  }
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

test('eval reports accuracy, accuracy per class, and margins', async () => {
  const told = JSON.parse((await rffc(['eval', 'run', ...backend, '--json'])).out) as Record<string, unknown>;
  expect(told).toMatchObject({ samples: 30, split: 'test', data: 'digits', perClass: expect.any(Array) });
  const margins = told.margins as Record<'mean' | 'p5' | 'median' | 'p95', number> & { perClass: number[] };
  expect(margins.perClass).toHaveLength(10);
  expect(margins.p5).toBeLessThanOrEqual(margins.median);
  expect(margins.median).toBeLessThanOrEqual(margins.p95);
  // Three samples per class: the mean of the classes' means is the mean.
  expect(margins.perClass.reduce((sum, m) => sum + m, 0) / 10).toBeCloseTo(margins.mean, 6);
  const table = (await rffc(['eval', 'run', ...backend])).out;
  expect(table).toMatch(/^accuracy \d+\.\d\d % \(\d+ of 30\): digits, test split/);
  expect(table).toMatch(/\nmargin {3}-?\d\S* mean, -?\d\S* median, 5th percentile /);
  expect(table).toMatch(/│ accuracy {3}margin\n/);
});

const write = (name: string, size: number, data: Uint8Array) =>
  writeFileSync(join(folder, name), encode({ width: size, height: size, channels: 1, data }));
const predict = (data: string, ...more: string[]) =>
  rffc(['predict', 'run', ...backend, '--data', data, ...more]);

test('predicts PNG images and the same images in IDX, and rejects other files', async () => {
  const { length: count } = labels;
  mkdirSync(join(folder, 'png'));
  labels.forEach((_, i) => {
    write(`png/d${i}.png`, 28, image(i));
  });
  writeFileSync(join(folder, 'all.idx'), idxBytes([count, 28, 28], pixels));
  const images = await predict('png', '--out', 'png.safetensors');
  const idx = await predict('all.idx', '--out', 'idx.safetensors');
  expect(idx).toMatchObject({ code: 0, out: '12 samples labelled in idx.safetensors\n', err: '' });
  const written = (name: string) => parseSafetensors(readFileSync(join(folder, `${name}.safetensors`)));
  for (const name of ['label', 'goodness'])
    expect(written('png').tensors.get(name)).toEqual(written('idx').tensors.get(name));
  expect(JSON.parse(written('png').metadata.files!)).toHaveLength(12);
  const answer = written('png').tensors.get('label')!;
  const found = new Int32Array(Uint8Array.from(answer.data as Uint8Array).buffer);
  const lines = images.out.split('\n');
  expect(lines[0]).toMatch(/^file +label +margin$/);
  expect(lines.slice(1, 13).map((line) => line.split(/ +/).slice(0, 2))).toEqual(
    [...found].map((label, i) => [`d${i}.png`, String(label)]),
  );
  const json = JSON.parse((await predict('png', '--out', 'p.csv', '--json')).out) as {
    files: { file: string; label: number }[];
  };
  expect(json.files[11]).toEqual({ file: 'd11.png', label: found[11] });

  write('png/d5.png', 8, new Uint8Array(64));
  const wrong = await predict('png');
  expect(wrong).toMatchObject({ code: 1, out: '' });
  expect(wrong.err).toContain('d5.png is 8 × 8: the images before it are 28 × 28');
  expect(wrong.err).toContain('`--resize`');
  const fitted = await predict('png', '--resize');
  expect(fitted).toMatchObject({ code: 0, err: expect.stringContaining('d5.png is blank') });
});

test('prints the answer for a single image, with the value of each label', async () => {
  write('three.png', 28, image(3));
  const { code, out, err } = await predict('three.png');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const [first, , head, ...rows] = out.trimEnd().split('\n');
  expect(head).toBe('label  goodness');
  expect(rows).toHaveLength(10);
  const told = JSON.parse((await predict('three.png', '--json')).out) as {
    predictions: { file: string; label: number; margin: number; goodness: number[] }[];
  };
  expect(told).toMatchObject({ samples: 1, classes: 10, values: 'raw' });
  const [{ label, margin, goodness, file }] = told.predictions as [(typeof told.predictions)[0]];
  expect(file).toBe('three.png');
  const sorted = goodness.toSorted((a, b) => a - b);
  expect(goodness[label]).toBe(sorted[0]);
  expect(margin).toBeCloseTo(sorted[1]! - sorted[0]!, 5);
  expect(first).toBe(`label ${label} (lowest goodness), margin ${Number(margin.toPrecision(4))}`);
  expect(rows[0]).toMatch(new RegExp(`^${label} `));
  expect(rows.map((row) => Number(row.split(/ +/)[1]))).toEqual(
    sorted.map((value) => Number(value.toPrecision(4))),
  );
});

test('the extension of an output file chooses its format', async () => {
  mkdirSync(join(folder, 'named/4'), { recursive: true });
  write('named/4/a, "b".png', 28, image(4));
  write('named/4/c.png', 28, image(5));
  const out = (name: string) => predict('named', '--out', `made/${name}`);
  for (const name of ['p.csv', 'p.json', 'p.npz', 'p.SAFETENSORS'])
    expect(await out(name)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\naccuracy \d+\.\d\d % \(\d of 2\)\n2 samples labelled in made/),
    });
  const { predictions } = JSON.parse(readFileSync(join(folder, 'made/p.json'), 'utf8')) as {
    predictions: { file: string; label: number; true: number; margin: number; goodness: number[] }[];
  };
  const [a, c] = predictions as [(typeof predictions)[0], (typeof predictions)[0]];
  expect([a, c]).toMatchObject([
    { file: join('4', 'a, "b".png'), true: 4 },
    { file: join('4', 'c.png'), true: 4 },
  ]);
  const csv = readFileSync(join(folder, 'made/p.csv'), 'utf8').split('\n');
  expect(csv[0]).toMatch(/^file,label,true,margin,goodness_0,.*,goodness_9$/);
  expect(csv[1]).toBe(`"${join('4', 'a, ""b"".png')}",${[a.label, 4, a.margin, ...a.goodness].join(',')}`);
  // Names are texts, which np.load reads (npz.test.ts); samples without a name give numbers alone.
  expect(readFileSync(join(folder, 'made/p.npz'), 'latin1')).toMatch(/^PK.*label\.npy/s);
  await predict('all.idx', '--out', 'made/q.npz');
  const npz = await openNumpy(join(folder, 'made/q.npz'));
  expect([...npz.entries.keys()]).toEqual(['label', 'goodness']);
  expect((await npz.read('goodness')).shape).toEqual([12, 10]);
  const tensors = parseSafetensors(readFileSync(join(folder, 'made/p.SAFETENSORS'))).tensors;
  expect(toFloat32(tensors.get('goodness')!)[12]).toBe(Math.fround(c.goodness[2]!));

  const unknown = await predict('named', '--out', 'p.xlsx');
  expect(unknown).toMatchObject({ code: 2, out: '' });
  expect(unknown.err).toContain('unknown output format: `p.xlsx` has the extension .xlsx');
  expect(unknown.err).toContain('.csv, .json, .npz, .safetensors');
});

test('warns of black on white, and --invert gives the same answer as white on black', async () => {
  write(
    'white.png',
    28,
    image(7).map((byte) => 255 - byte),
  );
  write('black.png', 28, image(7));
  const answer = async (...argv: [string, ...string[]]) => {
    const { out, err } = await predict(...argv, '--json');
    return {
      err,
      goodness: (JSON.parse(out) as { predictions: { goodness: number[] }[] }).predictions[0]!.goodness,
    };
  };
  const [black, white, inverted] = [
    await answer('black.png'),
    await answer('white.png'),
    await answer('white.png', '--invert'),
  ];
  expect(white.err).toContain('warning[RFF763]: white.png is mostly white, the training images mostly black');
  expect(white.err).toContain('`--invert`');
  expect(white.goodness).not.toEqual(black.goodness);
  expect(inverted).toEqual({ err: '', goodness: black.goodness });
  expect((await predict('black.png', '--invert')).err).toContain('drop `--invert`');
});

test('eval normalizes a folder of IDX files and a table like the training data', async () => {
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
  const evaluated = async (data: string) => {
    const { code, out, err } = await rffc(['eval', 'run', ...backend, '--data', data, '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return JSON.parse(out) as Record<string, unknown>;
  };
  const idx = await evaluated('idx');
  const table = await evaluated('table.csv');
  expect(idx).toMatchObject({ samples: 12, split: 'test', data: 'idx' });
  expect(table).toMatchObject({ samples: 12, split: 'train', data: 'csv' });
  expect(table.confusion).toEqual(idx.confusion);
  expect(table.margins).toEqual(idx.margins);
  // Pixels in a table, and pictures in folders of classes, are the same samples.
  const bytes = [...labels].map((label, i) => [label, ...image(i)].join(','));
  writeFileSync(join(folder, 'bytes.csv'), `${bytes.join('\n')}\n`);
  expect((await evaluated('bytes.csv')).margins).toEqual(idx.margins);
  labels.forEach((label, i) => {
    mkdirSync(join(folder, `classes/${label}`), { recursive: true });
    write(`classes/${label}/${i}.png`, 28, image(i));
  });
  expect(await evaluated('classes')).toMatchObject({ samples: 12, data: 'images', confusion: idx.confusion });

  const idle = await rffc(['eval', 'run', ...backend, '--invert']);
  expect(idle).toMatchObject({ code: 2, err: expect.stringContaining('requires `--data`') });
  const unlabelled = await rffc(['eval', 'run', ...backend, '--data', 'all.idx']);
  expect(unlabelled).toMatchObject({ code: 1, out: '' });
  expect(unlabelled.err).toContain('no labels in all.idx to evaluate against');
});
