/** Reports of runs that have little to say. What a real run's report looks like, `test/report.test.ts` asks a browser. */
import { expect, test } from 'vitest';
import { loadModel } from '../../compiler/compile.js';
import { type RunConfig, sha256 } from '../run/folder.js';
import type { BatchLine } from '../run/metrics.js';
import { commandOf, type Report, renderReport } from './report.js';

const text = `connection forward { }
model plain {
  input x[784]
  label y[10]
  layer h1[4] { }
  connect x -> h1, y -> h1 as forward
  objective { goodness: mean(h^2), positive: goodness, negative: -goodness, predict: min }
  schedule { phase learn[2] { label: given } }
  negatives: given()
  train { data: tensors("x.safetensors"), batch: 2, optimizer: sgd(lr: 0.1) }
}`;
const config: RunConfig = {
  format: 1,
  created: '2026-01-02T03:04:05.000Z',
  model: { name: 'plain', file: '/models/plain.rff', sha256: sha256(text), text },
  settings: {},
  seed: 1,
  epochs: 3,
  batch: 2,
  backend: 'cpu',
  versions: { rffc: '0.1.0' },
  machine: { cores: 2 },
};

async function report(more: Partial<Report>): Promise<string> {
  const { document } = await loadModel({ text, file: 'plain.rff' });
  const nothing = { parameters: 5, batches: [], epochs: [], mistakes: [], sheets: [] };
  return renderReport({ config, document, data: 'tensors', ...nothing, ...more });
}

const titles = (html: string) => [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, title]) => title);

test('a run that was interrupted at once shows what it was to be', async () => {
  const html = await report({});
  expect(titles(html)).toEqual(['The network', 'Configuration']);
  expect(html).toContain('<b>0 / 3</b>');
  expect(html).toContain('id="charts">[]</script>');
});

test('one within its first epoch shows its batches', async () => {
  const line: BatchLine = {
    event: 'batch',
    epoch: 1,
    batch: 1,
    batches: 4,
    trained: 1,
    loss: { h1: 0.5 },
    goodness_positive: { h1: 1 },
    goodness_negative: { h1: 2 },
    lr: 0.1,
    test_accuracy: null,
    samples_per_second: 12,
    seconds: 7,
  };
  const html = await report({ batches: [line, { ...line, batch: 2, trained: 2, loss: { h1: Number.NaN } }] });
  expect(titles(html)).toEqual(['Loss', 'Goodness while training', 'The network', 'Configuration']);
  const [, json] = /id="charts">(.*?)<\/script>/.exec(html)!;
  const [loss] = JSON.parse(json!) as { id: string; x: number[]; curves: { values: number[] }[] }[];
  expect(loss).toMatchObject({ id: 'loss', x: [0.25, 0.5], curves: [{ values: [0.5, null] }] });
});

test('the command is what the run was started with, as a shell reads it', () => {
  const settings = { set: { theta: 1.25, beta: -1 }, epochs: 3, limit: 100, dataDir: "/it's here" };
  expect(commandOf({ ...config, settings })).toBe(
    `rffc run /models/plain.rff --backend cpu --epochs 3 --limit 100 --data-dir '/it'\\''s here' --set theta=1.25 --set beta=-1`,
  );
});
