/** Runs with problems report them while training, each kind once, and only suggest commands that work. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { callerIn } from './support/calling.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-health-'));
afterAll(() => rmSync(folder, { recursive: true }));
const rffc = callerIn(folder);
const quickstart = readFileSync(fileURLToPath(new URL('../models/quickstart.rff', import.meta.url)), 'utf8')
  .replace(/digits\([^)]*\)/, 'digits(train: 1200, test: 200, normalize: [0.101, 0.249])')
  .replace(/batch: +100/, 'batch: 20')
  .replaceAll('[100]', '[40]');

/** The model with replacements, each of which must apply, in a file. */
function model(name: string, ...changes: readonly (readonly [string | RegExp, string])[]): string {
  const text = changes.reduce(
    (all, [from, to]) => {
      const next = all.replaceAll(from, to);
      expect(next).not.toBe(all);
      return next;
    },
    quickstart.replace('model quickstart', `model ${name}`),
  );
  writeFileSync(join(folder, `${name}.rff`), text);
  return `${name}.rff`;
}

const train = (file: string, ...more: readonly string[]) =>
  rffc(['run', file, '--threads', '1', '--out', file.replace('.rff', ''), ...more]);
const warnings = (err: string) => [...err.matchAll(/warning\[(RFF72\d)\]/g)].map(([, code]) => code);

describe('while it trains', () => {
  test('a run that learns gives no warnings', async () => {
    const { code, err } = await train(model('fine'), '--epochs', '2');
    expect([code, warnings(err)]).toEqual([0, []]);
  });

  test('silent layers are reported once, on stderr even with --json, and again when the run is resumed', async () => {
    const file = model('silent', [
      /^connection (\w+) .*$/gm,
      'connection $1 { init: zeros(), bias: zeros() }',
    ]);
    const { code, out, err } = await train(file, '--epochs', '3', '--json');
    expect([code, warnings(err)]).toEqual([0, ['RFF721', 'RFF723']]);
    expect(err).toContain('layers `h1` and `h2` are silent at batch 20, epoch 1');
    expect(err).toContain('`init: kaiming_uniform()`');
    for (const line of out.trimEnd().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    const resumed = await rffc(['run', '--resume', 'silent', '--epochs', '5', '--threads', '1']);
    expect(warnings(resumed.err)).toEqual(['RFF721', 'RFF723']);
  });

  test('an exploding layer is reported with a learning rate to try', async () => {
    const { err } = await train(model('large'), '--epochs', '1', '--lr', '5');
    expect(warnings(err)[0]).toBe('RFF722');
    expect(err).toContain('`optimizer: rmsprop(lr: 0.5)`');
  });

  test('a single predicted class is reported if the label drowns the image', async () => {
    const loud = model('loud', [
      /connection context .*/g,
      'connection context { init: normal(std: 300), learn: off }',
    ]);
    const { err } = await train(loud, '--epochs', '1');
    expect(warnings(err)).toEqual(['RFF723']);
    expect(err).toMatch(/class \d is predicted for \d+ of 200 test samples after epoch 1/);
    expect(err).toContain('is large before training');
  });
});

describe('what to try next', () => {
  /** Each suggested command of this run, as printed. */
  const suggested = (err: string) =>
    [...err.matchAll(/^ {2}rffc (eval .*?|run --resume .*?) {2,}/gm)].map(([, command]) =>
      command!.split(' '),
    );

  test.each([
    ['labelled', [], ['eval', 'run']],
    [
      'unlabelled',
      [
        [/ {2}label .*\n/g, ''],
        [/ {2}connect digit .*\n/g, ''],
        [/label: \w+,? ?/g, ''],
        ['random_label', 'hybrid_images'],
      ],
      ['run'],
    ],
    [
      'unconnected',
      [
        [/ {2}connect digit .*\n/g, ''],
        ['random_label', 'hybrid_images'],
      ],
      ['run'],
    ],
    [
      'read',
      [
        [/ {2}connect digit .*\n/g, ''],
        ['random_label()', 'hybrid_images()\n  readout: softmax(epochs: 1)'],
      ],
      ['eval', 'run'],
    ],
    [
      'unshown',
      [
        ['{ label: given }', '{ label: uniform }'],
        ['random_label', 'hybrid_images'],
      ],
      ['run'],
    ],
    [
      'drawn',
      [
        ['score learn[1..3]', 'score settle[0..1]'],
        ['random_label', 'latent_classifier'],
      ],
      ['eval', 'run'],
    ],
  ] as const)('every suggested command works for a model that is %s', async (name, changes, commands) => {
    const { code, err } = await train(model(name, ...changes), '--epochs', '1', '--limit', '200');
    expect(code).toBe(0);
    const found = suggested(err);
    expect(found.map(([command]) => command)).toEqual(commands);
    for (const argv of found)
      expect(await rffc([...argv, '--threads', '1']), argv.join(' ')).toMatchObject({ code: 0 });
  });

  test('a run on data without a test split is evaluated on the existing splits', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i % 2},${i % 2 ? 1 : 0},${i / 60},${1 - i / 60}`);
    writeFileSync(join(folder, 'rows.csv'), `label,a,b,c\n${rows.join('\n')}\n`);
    const changes = [
      ['image[784]', 'image[3]'],
      ['digit[10]', 'digit[2]'],
      [/digits\([^)]*\)/g, 'csv("rows.csv")'],
    ] as const;
    const kept = [['epochs:', 'validation: 0.5\n    epochs:']] as const;
    for (const [name, more, split] of [
      ['table', [], 'train'],
      ['kept', kept, 'validation'],
    ] as const) {
      const { code, err } = await train(model(name, ...changes, ...more), '--epochs', '1');
      expect(code, err).toBe(0);
      const [evaluation] = suggested(err);
      expect(evaluation).toEqual(['eval', name, '--split', split]);
      expect(await rffc([...evaluation!, '--threads', '1'])).toMatchObject({ code: 0 });
    }
  });
});

test('a run that cannot learn is rejected before it creates a folder', async () => {
  const { code, err } = await train(model('off', ['{ label: given }', '{ label: given, learn: off }']));
  expect(code).toBe(1);
  expect(err).toContain('error[RFF316]: nothing learns: every phase has `learn: off`');
  expect(await rffc(['eval', 'off'])).toMatchObject({ code: 1, err: expect.stringContaining('RFF701') });
});
