/**
 * Networks that learn without labels, and the readout that is trained after them, as a user sees them: what a run
 * prints and saves, that it can be interrupted and resumed with the same bytes, and what can be done with the result.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EpochLine, parseMetrics } from '../runtime/folder/metrics.js';
import { readSafetensors } from '../runtime/safetensors.js';
import { readProgress } from '../runtime/sweep/folder.js';
import { callerIn } from './support/calling.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-readout-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const rffc = callerIn(folder);
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

const unsupervised = `
connection forward { init: normal(std: sqrt(1 / fan_in)), bias: zeros(), delay: 0 }
model unsupervised {
  input image[784] { normalize: h / sqrt(mean(h^2) + 1e-8) }
  label digit[10]
  layer h1[60], h2[40] { activation: relu(z), normalize: h / sqrt(mean(h^2) + 1e-8), peer_norm: 0.03 }
  connect image -> h1 -> h2 as forward
  objective { goodness: sum(h^2), positive: softplus(n - goodness), negative: softplus(goodness - n), predict: max }
  schedule { phase learn[1] { } }
  negatives: hybrid_images()
  readout: softmax(layers: [h1, h2], epochs: 3, optimizer: adam(lr: 0.05))
  train { data: digits(train: 420, test: 60), epochs: 2, batch: 20, seed: 4, validation: 1 / 7
    optimizer: sgd(lr: 0.01, momentum: 0.9, dampening: 0.9, weight_decay: 0.002, decoupled: on) }
}
`;
/** Its layers receive the label, so it can also predict by goodness. */
const supervised = unsupervised
  .replace('model unsupervised', 'model supervised')
  .replace('connect image -> h1', 'connect digit -> h1 as forward\n  connect image -> h1')
  .replace('hybrid_images()', 'latent_classifier()');
write('u.rff', unsupervised);
write('s.rff', supervised);

const on = ['--backend', 'cpu', '--threads', '1'];
const linesOf = (run: string) => parseMetrics(readFileSync(join(folder, run, 'metrics.jsonl'), 'utf8'));
const epochsIn = (run: string) => linesOf(run).filter((line): line is EpochLine => line.event === 'epoch');
const said = (run: string) =>
  linesOf(run).map(({ seconds: _, samples_per_second: _1, ...line }) => line as Record<string, unknown>);
async function tensorsIn(run: string, file = 'checkpoint.safetensors') {
  const { tensors, metadata } = await readSafetensors(join(folder, run, file));
  const bytes = [...tensors].map(([name, { data }]): [string, string] => [
    name,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  ]);
  return { tensors: new Map(bytes), position: JSON.parse(metadata.training!) as Record<string, unknown> };
}

let printed: Record<string, unknown>[];
beforeAll(async () => {
  const { code, out, err } = await rffc(['run', 'u.rff', ...on, '--out', 'whole', '--json']);
  expect({ code, err }).toMatchObject({ code: 0 });
  expect(err).toMatch(/epoch 2\/2 {2}loss h1 [\d.]+ h2 [\d.]+ {2}gap h1 +\S+ h2 +\S+ {2}/);
  expect(err).toMatch(/readout 3\/3 {2}loss [\d.]+ {2}accuracy +[\d.]+ %, validation +[\d.]+ % {2}/);
  printed = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
});

test('the network learns without labels, then the readout, which is evaluated', async () => {
  const lines = epochsIn('whole');
  expect(lines.map(({ stage, epoch }) => `${stage} ${epoch}`)).toEqual([
    'network 1',
    'network 2',
    'readout 1',
    'readout 2',
    'readout 3',
  ]);
  for (const line of lines.slice(0, 2)) {
    expect(line.test_accuracy).toBeNull();
    expect(line.loss.h1).toBeGreaterThan(0);
    expect(line.confusion).toBeUndefined();
  }
  expect(lines[1]!.goodness_positive.h1).toBeGreaterThan(lines[1]!.goodness_negative.h1!);
  for (const line of lines.slice(2)) {
    expect(line.loss).toEqual({});
    expect(line.lr).toBe(0.05);
    expect(line.confusion!.flat().reduce((a, b) => a + b)).toBe(60);
  }
  const losses = lines.slice(2).map((line) => line.classifier_loss!);
  expect(losses).toEqual(losses.toSorted((a, b) => b - a));
  expect(lines.at(-1)!.test_accuracy).toBeGreaterThan(0.4);
  expect(printed.at(-1)).toMatchObject({
    event: 'done',
    stage: 'readout',
    epochs: 3,
    test_accuracy: lines.at(-1)!.test_accuracy,
    best_accuracy: Math.max(...lines.slice(2).map((line) => line.validation_accuracy!)),
  });
  // The readout only changes itself: all its epochs have the network's final weights.
  const { tensors } = await tensorsIn('whole', 'best.safetensors');
  const last = (await tensorsIn('whole')).tensors;
  for (const [name, bytes] of tensors)
    if (!name.includes('readout.weight')) expect(bytes, name).toBe(last.get(name));
  const page = readFileSync(join(folder, 'whole', 'report.html'), 'utf8');
  expect(page).toContain('Accuracy of the readout');
  expect(page).toContain('epochs of the readout');
});

test('a sweep ranks trials by the accuracy of the readout', () => {
  const { epochs, outcome } = readProgress(join(folder, 'whole'));
  const lines = epochsIn('whole').slice(2);
  const best = lines.reduce((a, b) => (b.validation_accuracy! > a.validation_accuracy! ? b : a));
  expect(epochs).toEqual({ network: 2, readout: 3 });
  expect(outcome).toMatchObject({ accuracy: best.validation_accuracy, test: best.test_accuracy });
});

test('a run interrupted in either stage resumes to the same bytes', async () => {
  const whole = await tensorsIn('whole');
  expect(whole.position).toMatchObject({ epoch: 3, network: { epoch: 2, trained: 36 } });
  // Within the network's epochs, between the stages, and within the readout's.
  for (const epochs of [1, 2, 3]) {
    const name = `stopped${epochs}`;
    let interrupt = () => {};
    let told = 0;
    const stopped = await rffc(['run', 'u.rff', ...on, '--out', name, '--quiet', '--json'], {
      onInterrupt(listener) {
        interrupt = listener;
        return () => {};
      },
      out: () => {
        if (++told === epochs) interrupt();
      },
    });
    expect(stopped.code).toBe(130);
    expect(epochsIn(name)).toHaveLength(epochs);
    expect((await tensorsIn(name)).position.network).toEqual(
      epochs === 3 ? { epoch: 2, trained: 36 } : undefined,
    );
    expect((await rffc(['run', '--resume', name, ...on, '--quiet'])).code).toBe(0);
    expect((await tensorsIn(name)).tensors).toEqual(whole.tensors);
    expect(said(name)).toEqual(said('whole'));
  }
});

test('training further ends like an uninterrupted run, with a new readout', async () => {
  await rffc(['run', 'u.rff', ...on, '--epochs', '1', '--out', 'further', '--quiet']);
  expect((await tensorsIn('further')).position).toMatchObject({ epoch: 3, network: { epoch: 1 } });
  expect((await rffc(['run', '--resume', 'further', ...on, '--epochs', '2', '--quiet'])).code).toBe(0);
  expect((await tensorsIn('further')).tensors).toEqual((await tensorsIn('whole')).tensors);
  expect(said('further')).toEqual(said('whole'));
  const done = await rffc(['run', '--resume', 'further', ...on]);
  expect(done.err).toContain('error[RFF731]: ');
  expect(done.err).toContain('has finished all 2 epochs and its readout');
});

test('eval, predict and the plan work with the learned weights', async () => {
  const last = ['--weights', 'last', '--json'];
  const evaluated = JSON.parse((await rffc(['eval', 'whole', ...on, ...last])).out) as Record<
    string,
    unknown
  >;
  expect(evaluated).toMatchObject({
    accuracy: epochsIn('whole').at(-1)!.test_accuracy,
    softmax: null,
    margins: null,
  });
  const table = await rffc(['eval', 'whole', ...on]);
  expect(table.out).toMatch(/^accuracy [\d.]+ % \(\d+ of 60\) by softmax: digits, test split/);
  expect(table.out).not.toContain('margin');

  await rffc(['compile', 'u.rff', '-o', 'u.plan.json']);
  expect((await rffc(['run', 'u.plan.json', ...on, '--out', 'planned', '--quiet'])).code).toBe(0);
  expect((await tensorsIn('planned')).tensors).toEqual((await tensorsIn('whole')).tensors);
});

test('a network that receives its label is evaluated by goodness, and its readout by its softmax', async () => {
  expect((await rffc(['run', 's.rff', ...on, '--out', 'heard', '--quiet'])).code).toBe(0);
  const lines = epochsIn('heard');
  for (const line of lines.slice(0, 2)) {
    expect(line.test_accuracy).not.toBeNull();
    // The readout is not trained yet, and predicts nothing.
    expect(line.test_accuracy_softmax).toBeUndefined();
  }
  const evaluated = JSON.parse(
    (await rffc(['eval', 'heard', ...on, '--weights', 'last', '--json'])).out,
  ) as Record<string, unknown>;
  expect(evaluated.accuracy).toBe(lines[1]!.test_accuracy);
  expect(evaluated.softmax).toBe(lines.at(-1)!.test_accuracy);
});

test('without a readout, nothing can predict', async () => {
  write('blind.rff', unsupervised.replace(/ {2}readout.*\n/, ''));
  const { code, err } = await rffc(['run', 'blind.rff', ...on, '--epochs', '1', '--out', 'blind']);
  expect(code).toBe(0);
  expect(err).toContain('warning[RFF318]: label `digit` is connected to nothing');
  expect(err).toContain('readout: softmax()');
  const evaluated = await rffc(['eval', 'blind', ...on]);
  expect(evaluated.code).toBe(1);
  expect(evaluated.err).toContain(
    'error[RFF716]: model `unsupervised` has no layer that receives label `digit`',
  );
});
