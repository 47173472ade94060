/** `npm run results`, in a repository of its own: a model is trained, resumed, recorded and reported. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseResult, resultsPage } from '../bench/results-page.js';

const repository = join(import.meta.dirname, '..');
const root = mkdtempSync(join(tmpdir(), 'rffc-results-'));
afterAll(() => rmSync(root, { recursive: true }));

const tiny = `
connection plain { }
model tiny {
  input image[784]
  label digit[10]
  layer h1[12]
  connect image -> h1, digit -> h1 as plain
  objective { goodness: mean(h^2), positive: softplus(1 - goodness), negative: softplus(goodness - 1), predict: max }
  schedule { phase learn[2] { label: given } }
  negatives: latent_classifier()
  train { data: digits(train: 200, test: 100), epochs: 5, batch: 20, optimizer: adam(lr: 1e-3) }
}
`;

function results(...words: string[]) {
  const script = join(repository, 'dist/bench/results.js');
  return spawnSync(process.execPath, [script, ...words], { cwd: root, encoding: 'utf8' });
}
const read = (path: string) => readFileSync(join(root, path), 'utf8');
/** The table's row for a model, as cells. */
const row = (model: string) =>
  read('docs/RESULTS.md')
    .split('\n')
    .find((line) => line.startsWith(`| ${model} |`))
    ?.split(' | ');

beforeAll(() => {
  for (const folder of ['models', 'docs/results']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'models/tiny.rff'), tiny);
  writeFileSync(join(root, 'models/idle.rff'), tiny);
  for (const file of ['RESULTS.template.md', 'results/papers.json'])
    copyFileSync(join(repository, 'docs', file), join(root, 'docs', file));
});

test('trains a model and keeps its log', () => {
  const { status, stderr } = results('tiny', '--epochs', '2', '--limit', '60');
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const { run, epochs } = parseResult(read('docs/results/tiny.jsonl'), 'tiny.jsonl');
  expect(run).toMatchObject({ model: 'tiny', backend: 'cpu', epochsAsked: 5, samples: 60 });
  expect(run.command).toBe('rffc run models/tiny.rff --backend cpu --epochs 2 --limit 60');
  expect(run.engine).toContain('SIMD kernels');
  expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
  for (const epoch of epochs) {
    expect(epoch.test_error).toBeGreaterThanOrEqual(0);
    expect(epoch.test_error_softmax).toBeGreaterThanOrEqual(0);
    expect(epoch.seconds).toBeGreaterThan(0);
  }
  const lastAndBest = (errors: readonly number[]) =>
    [errors.at(-1)!, Math.min(...errors)].map((error) => (100 * error).toFixed(2));
  expect(row('tiny')?.slice(2, 7)).toEqual([
    ...lastAndBest(epochs.map(({ test_error }) => test_error!)),
    ...lastAndBest(epochs.map(({ test_error_softmax }) => test_error_softmax!)),
    '2 of 5, on 60 samples',
  ]);
});

test('resumes an unfinished run', () => {
  expect(results('tiny', '--epochs', '3').status).toBe(0);
  expect(parseResult(read('docs/results/tiny.jsonl'), 'tiny.jsonl').epochs).toHaveLength(3);
  expect(read('docs/RESULTS.md')).toContain(
    '- `tiny` was trained for 3 of its 5 epochs and on 60 training samples.',
  );
  expect(read('docs/RESULTS.md')).toContain('- Not trained for this page: `idle`.');
});

test('uses an existing run', () => {
  expect(results('idle', '--from', 'runs/results/tiny').status).toBe(0);
  const [idle, trained] = ['idle', 'tiny'].map((name) =>
    parseResult(read(`docs/results/${name}.jsonl`), name),
  );
  expect(idle!.epochs).toEqual(trained!.epochs);
  expect(idle!.run).toMatchObject({
    model: 'idle',
    sha256: trained!.run.sha256,
    machine: trained!.run.machine,
  });
  // The backend that computed it is unknown here.
  expect(idle!.run.engine).toBeUndefined();
});

test('without a name only the page is written, and a changed model is reported', () => {
  writeFileSync(join(root, 'models/tiny.rff'), tiny.replace('h1[12]', 'h1[13]'));
  rmSync(join(root, 'docs/RESULTS.md'));
  expect(results().status).toBe(0);
  expect(read('docs/RESULTS.md')).toContain('- `models/tiny.rff` has changed since it was run.');
  const again = results('tiny');
  expect(again.status).toBe(1);
  expect(again.stderr).toContain('is a run of an earlier models/tiny.rff: delete it to start over');
});

test.each([
  [['absent'], 'models/absent.rff does not exist'],
  [['--epochs', '3'], 'expected the name of a model'],
  [['idle', '--from', 'nowhere'], 'error[RFF701]'],
])('rejects %j with a one-line error', (words, message) => {
  const { status, stderr } = results(...words);
  expect(status).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test('the best epoch is chosen on the validation samples, and a readout has its own epochs', () => {
  const epoch = (number: number, test: number | null, validation: number, softmax?: number) => ({
    event: 'epoch',
    epoch: number,
    ...(softmax === undefined ? {} : { stage: 'readout', test_error_softmax: softmax }),
    test_error: test,
    validation_error: validation,
    seconds: 20,
  });
  const { run } = parseResult(read('docs/results/idle.jsonl'), 'idle.jsonl');
  const lines = [
    { ...run, model: 'made', samples: undefined, epochsAsked: 3 },
    ...[epoch(1, 0.05, 0.06), epoch(2, 0.03, 0.04), epoch(3, 0.02, 0.05)],
    ...[epoch(1, null, 0.03, 0.013), epoch(2, null, 0.02, 0.014)],
  ];
  writeFileSync(
    join(root, 'docs/results/made.jsonl'),
    lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
  expect(results().status).toBe(0);
  expect(row('made')?.slice(2, 8)).toEqual(['2.00', '3.00', '1.40', '1.40', '3 of 3', '20']);
  expect(read('docs/RESULTS.md')).not.toContain('`made` was trained for');
});

test('rejects a file that is not a log', () => {
  expect(() => parseResult('{"event":"epoch","epoch":1}\n', 'x.jsonl')).toThrow("x.jsonl is not a run's log");
});

test('docs/RESULTS.md is what `npm run results` writes', () => {
  const docs = (name: string) => readFileSync(join(repository, 'docs', name), 'utf8');
  const page = resultsPage(repository, docs('RESULTS.template.md'));
  expect(docs('RESULTS.md') === page, 'run `npm run results` and commit docs/RESULTS.md').toBe(true);
});
