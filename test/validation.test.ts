/**
 * A run that keeps samples aside, as a user meets it: what it says of them, what it chooses by them, and that it keeps
 * them.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerIn } from '../cli/testing.js';
import { type EpochLine, parseMetrics } from '../runtime/run/metrics.js';
import { readSafetensors } from '../runtime/safetensors.js';
import { readProgress } from '../runtime/sweep/folder.js';
import { sweepTable } from '../runtime/sweep/report.js';

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

test('both accuracies are told, and the best epoch is the best on what was kept aside', async () => {
  const lines = epochsOf('whole');
  // 150 samples are left to train on, 7 batches of 20.
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

test('eval judges the very samples that the run kept aside, and says so where there are none', async () => {
  const judged = async (split: string) =>
    JSON.parse(
      (await rffc(['eval', 'whole', ...on, '--split', split, '--weights', 'last', '--json'])).out,
    ) as Record<string, unknown>;
  expect(await judged('validation')).toMatchObject({
    split: 'validation',
    samples: 50,
    accuracy: epochsOf('whole').at(-1)!.validation_accuracy,
  });
  expect(await judged('train')).toMatchObject({ samples: 150 });
  writeFileSync(join(folder, 'plain.rff'), small.replace(', validation: 0.25', ''));
  await rffc(['run', 'plain.rff', ...on, '--epochs', '1', '--out', 'plain', '--quiet']);
  const none = await rffc(['eval', 'plain', '--split', 'validation']);
  expect(none.code).toBe(2);
  expect(none.err).toMatch(/error\[RFF713\]: the run `.*plain` kept no samples aside/);
  const own = await rffc(['eval', 'whole', '--split', 'validation', '--data', 'x.csv']);
  expect(own.err).toContain('samples of one’s own have no validation split');
});

test('a run that goes on keeps the same samples aside', async () => {
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

test('a share that is no sample is an error that names the data', async () => {
  writeFileSync(join(folder, 'few.rff'), small.replace('validation: 0.25', 'validation: 0.001'));
  const { code, err } = await rffc(['run', 'few.rff', ...on, '--out', 'few']);
  expect(code).toBe(1);
  expect(err).toContain('error[RFF710]: `validation: 0.001` keeps nothing aside: `digits` has only 200');
});

test('a sweep compares by what was kept aside, and shows the test split beside it', () => {
  const { epochs, outcome } = readProgress(join(folder, 'whole'));
  const lines = epochsOf('whole');
  const best = lines.reduce((a, b) => (b.validation_accuracy! > a.validation_accuracy! ? b : a));
  expect(epochs).toEqual({ network: 4, readout: 0 });
  expect(outcome).toMatchObject({ accuracy: best.validation_accuracy, test: best.test_accuracy });
  const table = sweepTable([{ number: 1, settings: { lr: 0.1 }, outcome }]);
  expect(table.split('\n')[0]).toBe('trial   lr  validation accuracy  test accuracy');
  expect(table).toContain(`${(100 * best.test_accuracy!).toFixed(2)} %`);
});
