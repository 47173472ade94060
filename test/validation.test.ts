/**
 * A run with held-out samples, as a user sees it: what it reports about them, what it chooses by them, and that they
 * stay the same.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EpochLine, parseMetrics } from '../runtime/folder/metrics.js';
import { readSafetensors } from '../runtime/safetensors.js';
import { readProgress } from '../runtime/sweep/folder.js';
import { sweepTable } from '../runtime/sweep/report.js';
import { callerIn } from './support/calling.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-validation-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const rffc = callerIn(folder);
const small = readFileSync(new URL('../models/smoke3x4.rff', import.meta.url), 'utf8')
  .replace('train: 200, test: 100', 'train: 200, test: 40')
  .replace('epochs:    2', 'epochs: 4, validation: 0.25');
writeFileSync(join(folder, 'small.rff'), small);
const on = ['--backend', 'cpu', '--threads', '1'];
const epochsOf = (run: string) =>
  parseMetrics(readFileSync(join(folder, run, 'metrics.jsonl'), 'utf8')).filter(
    (line): line is EpochLine => line.event === 'epoch',
  );
let printed: Record<string, unknown>[];
beforeAll(async () => {
  const { code, out } = await rffc(['run', 'small.rff', ...on, '--out', 'whole', '--json', '--quiet']);
  expect(code).toBe(0);
  printed = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
});

test('reports both accuracies, and chooses the best epoch on the validation samples', async () => {
  const lines = epochsOf('whole');
  // 150 samples remain for training, 7 batches of 20.
  expect(lines.map(({ epoch, batches }) => [epoch, batches])).toEqual(
    [1, 2, 3, 4].map((epoch) => [epoch, 7]),
  );
  for (const [i, line] of lines.entries()) {
    expect(line.validation_accuracy! * 50).toBeCloseTo(Math.round(line.validation_accuracy! * 50), 9);
    expect(line.test_accuracy! * 40).toBeCloseTo(Math.round(line.test_accuracy! * 40), 9);
    expect(printed[i]).toMatchObject({
      test_accuracy: line.test_accuracy,
      validation_accuracy: line.validation_accuracy,
    });
  }
  const best = Math.max(...lines.map((line) => line.validation_accuracy!));
  expect(printed.at(-1)).toMatchObject({
    event: 'done',
    best_accuracy: best,
    validation_accuracy: lines.at(-1)!.validation_accuracy,
  });
  const { metadata } = await readSafetensors(join(folder, 'whole', 'best.safetensors'));
  const { epoch } = JSON.parse(metadata.training!) as { epoch: number };
  expect(epoch).toBe(lines.findIndex((line) => line.validation_accuracy === best) + 1);
  const page = readFileSync(join(folder, 'whole', 'report.html'), 'utf8');
  expect(page).toContain('best on validation, epoch');
  expect(page).toContain('25 % of the training split');
});

test('eval uses exactly the samples that the run held out, and reports if there are none', async () => {
  const evaluated = async (split: string) =>
    JSON.parse(
      (await rffc(['eval', 'whole', ...on, '--split', split, '--weights', 'last', '--json'])).out,
    ) as Record<string, unknown>;
  expect(await evaluated('validation')).toMatchObject({
    split: 'validation',
    samples: 50,
    accuracy: epochsOf('whole').at(-1)!.validation_accuracy,
  });
  expect(await evaluated('train')).toMatchObject({ samples: 150 });
  writeFileSync(join(folder, 'plain.rff'), small.replace(', validation: 0.25', ''));
  await rffc(['run', 'plain.rff', ...on, '--epochs', '1', '--out', 'plain', '--quiet']);
  const none = await rffc(['eval', 'plain', '--split', 'validation']);
  expect(none.code).toBe(2);
  expect(none.err).toMatch(/error\[RFF730\]: run `.*plain` has no validation split/);
  const own = await rffc(['eval', 'whole', '--split', 'validation', '--data', 'x.csv']);
  expect(own.err).toContain('`--split validation` cannot be combined with `--data`');
});

test('a resumed run holds out the same samples', async () => {
  await rffc(['run', 'small.rff', ...on, '--epochs', '2', '--out', 'half', '--quiet']);
  await rffc(['run', '--resume', 'half', ...on, '--epochs', '4', '--quiet']);
  const said = (run: string) =>
    epochsOf(run).map(({ loss, validation_accuracy }) => ({ loss, validation_accuracy }));
  expect(said('half')).toEqual(said('whole'));
  const weights = async (run: string) =>
    [...(await readSafetensors(join(folder, run, 'checkpoint.safetensors'))).tensors].map(
      ([name, { data }]) => [
        name,
        Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
      ],
    );
  expect(await weights('half')).toEqual(await weights('whole'));
});

test('a fraction of less than one sample is an error that names the data', async () => {
  writeFileSync(join(folder, 'few.rff'), small.replace('validation: 0.25', 'validation: 0.001'));
  const { code, err } = await rffc(['run', 'few.rff', ...on, '--out', 'few']);
  expect(code).toBe(1);
  expect(err).toContain('error[RFF734]: `validation: 0.001` holds out none of the 200');
});

test('a sweep ranks trials on the validation samples, and also shows the test split', () => {
  const { epochs, outcome } = readProgress(join(folder, 'whole'));
  const lines = epochsOf('whole');
  const best = lines.reduce((a, b) => (b.validation_accuracy! > a.validation_accuracy! ? b : a));
  expect(epochs).toEqual({ network: 4, readout: 0 });
  expect(outcome).toMatchObject({ accuracy: best.validation_accuracy, test: best.test_accuracy });
  const table = sweepTable([{ number: 1, settings: { lr: 0.1 }, outcome }]);
  expect(table.split('\n')[0]).toBe('trial   lr  validation accuracy  test accuracy');
  expect(table).toContain(`${(100 * best.test_accuracy!).toFixed(2)} %`);
});
