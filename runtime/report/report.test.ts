/**
 * Reports of runs that have little to say. What a real run's report looks like, `test/report.test.ts` asks a browser.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadModel } from '../../compiler/compile.js';
import { documentOf } from '../../test/support/parity.js';
import { type RunConfig, sha256 } from '../folder/folder.js';
import { type BatchLine, type EpochLine, parseMetrics } from '../folder/metrics.js';
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
  const nothing = { tested: 100, parameters: 5, batches: [], epochs: [], mistakes: [], sheets: [] };
  return renderReport({ config, document, data: 'tensors', ...nothing, ...more });
}

const titles = (html: string) => [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, title]) => title);

test('shows the configuration of a run interrupted at once, and what is missing', async () => {
  const html = await report({});
  expect(titles(html)).toEqual(['Not in this report', 'Network', 'Configuration']);
  expect(html).toContain('<b>0 / 3</b>');
  expect(html).toContain('the run stopped before its first metrics were written');
});

const batch: BatchLine = {
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
const epoch: EpochLine = {
  ...batch,
  event: 'epoch',
  batch: 4,
  trained: 4,
  goodness_steps_positive: { h1: [1, 1] },
  goodness_steps_negative: { h1: [2, 2] },
  weight_norm: { 'h1.x.forward.weight': 1 },
};

interface PageChart {
  readonly id: string;
  readonly x: readonly (number | null)[];
  readonly curves: readonly { readonly values: readonly (number | null)[] }[];
}
const chartsOf = (html: string): PageChart[] => {
  const json = /id="charts">(.*?)<\/script>/.exec(html)?.[1];
  return json === undefined ? [] : (JSON.parse(json) as PageChart[]);
};

test('shows the batches of an unfinished first epoch', async () => {
  const later = { ...batch, batch: 2, trained: 2, loss: { h1: Number.NaN } };
  const html = await report({ batches: [batch, later] });
  const absent = 'Not in this report';
  expect(titles(html)).toEqual([absent, 'Loss', 'Goodness over training', 'Network', 'Configuration']);
  expect(chartsOf(html)[0]).toMatchObject({ id: 'loss', x: [0.25, 0.5], curves: [{ values: [0.5, null] }] });
});

test('prints a single value instead of drawing it', async () => {
  const html = await report({ epochs: [{ ...epoch, test_accuracy: 0.5, train_accuracy: 0.75 }] });
  expect(chartsOf(html).map(({ id }) => id)).toEqual(['timesteps-0']);
  expect(html).toMatch(/<caption>epoch 1<\/caption>.*test<\/th><td>50 %<\/td>/);
});

test('a model of one learning step has no chart over the learning steps', async () => {
  const { document } = await loadModel({ text: text.replace('learn[2]', 'learn[1]'), file: 'plain.rff' });
  const steps = { goodness_steps_positive: { h1: [1] }, goodness_steps_negative: { h1: [2] } };
  const html = await report({ document, epochs: [epoch, { ...epoch, ...steps, epoch: 2 }] });
  expect(titles(html)).toContain('Goodness over training');
  expect(titles(html)).not.toContain('Goodness by learning step');
});

test.each([
  ['no test split', { tested: 0, epochs: [epoch] }, 'Accuracy: the data set has no test split.'],
  ['no evaluated epoch', { epochs: [epoch] }, 'Accuracy: no epoch was evaluated.'],
  [
    'no sample of the training split',
    { epochs: [{ ...epoch, test_accuracy: 0.5 }] },
    'Training accuracy: evaluating enough training samples would take more than 5 % of the time of an epoch.',
  ],
  ['no finite loss', { epochs: [{ ...epoch, loss: { h1: Number.NaN } }] }, 'Loss of h1: no finite values.'],
  ['epochs that are gone', { epochs: [{ ...epoch, epoch: 4 }] }, 'metrics.jsonl: 1–3.'],
  [
    'metrics that were not reached',
    { epochs: [epoch], config: { ...config, settings: { metrics: ['norms'] as const } } },
    '<code>--metrics norms</code>: no batch was measured.',
  ],
])('says what is missing: %s', async (_, more: Partial<Report>, expected) => {
  expect(await report(more)).toContain(expected);
});

test.each([
  ['a label that no layer receives', 'connect x -> h1', 'Accuracy: no layer receives label'],
  ['no learning', 'connect x -> h1, y -> h1', 'Loss and goodness: no phase of the schedule learns.'],
])('says what is missing of a model: %s', async (_, connect, expected) => {
  const still = expected.startsWith('Loss') ? 'label: given, learn: off' : 'label: given';
  const changed = text.replace('connect x -> h1, y -> h1', connect).replace('label: given', still);
  // Models that are refused today: runs of older versions may have them.
  const document = documentOf(changed);
  const nothing = { loss: { h1: Number.NaN }, goodness_steps_positive: {}, goodness_steps_negative: {} };
  expect(await report({ document, epochs: [{ ...epoch, ...nothing }] })).toContain(expected);
});

test('metrics with any gaps make a page without empty charts', async () => {
  const full: EpochLine = {
    ...epoch,
    stage: 'network',
    test_accuracy: 0.5,
    validation_accuracy: 0.25,
    train_accuracy: 0.75,
    train_samples: 100,
    test_accuracy_softmax: 0.5,
    layer_accuracy: { h1: 0.5 },
    goodness_histogram: { from: 0, to: 2, positive: [1, 2], negative: [2, 1] },
    update_norm: { 'h1.x.forward.weight': 1 },
    classifier_loss: 1,
    decode_loss: 1,
    confusion: [
      [1, 0],
      [2, 3],
    ],
  };
  const norms = { 'h1.x.forward.weight': 2 };
  const measured: BatchLine = {
    ...batch,
    weight_norm: norms,
    gradient_norm: norms,
    update_norm: norms,
    update_angle: norms,
    activity_norm_positive: { h1: 1 },
    activity_norm_negative: { h1: 1 },
  };
  const lines: object[] = [1, 2, 3].flatMap((n) => [
    ...[1, 2, 3].map((k) => ({ ...measured, epoch: n, batch: k })),
    { ...full, epoch: n },
    ...(n === 3 ? [{ ...full, stage: 'readout', epoch: 1 }] : []),
  ]);
  const nonsense = [null, Number.NaN, -1, 1e300, 'text', [], {}, [null], { h1: null }, { h1: [] }, true];
  const { document } = await loadModel({ text, file: 'plain.rff' });
  const nothing = { data: 'tensors', parameters: 5, mistakes: [], sheets: [] };
  const hole = fc.record({
    line: fc.nat(lines.length - 1),
    key: fc.constantFrom(...Object.keys({ ...measured, ...full })),
    value: fc.option(fc.constantFrom(...nonsense), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.array(hole, { maxLength: 30 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom(0, 100, null),
      (holes, cut, tested) => {
        const left = lines.map((line, i) => {
          const changes = holes.filter((one) => one.line === i).map(({ key, value }) => [key, value]);
          return JSON.stringify({ ...line, ...Object.fromEntries(changes) });
        });
        const whole = left.join('\n');
        const found = parseMetrics(whole.slice(0, Math.ceil(cut * whole.length)));
        const html = renderReport({
          ...nothing,
          config,
          document,
          tested,
          batches: found.filter((line) => line.event === 'batch'),
          epochs: found.filter((line) => line.event === 'epoch'),
        });
        const told = html.replace(/<(script|style)[\s\S]*?<\/\1>/g, '');
        expect(told).not.toMatch(/NaN|undefined|Infinity|\[object/);
        for (const { x, curves, id } of chartsOf(html)) {
          expect(x.length, id).toBeGreaterThan(1);
          expect(x, id).not.toContain(null);
          for (const { values } of curves) {
            expect(values).toHaveLength(x.length);
            expect(values.some((value) => value !== null)).toBe(true);
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('prints the command that started the run, quoted for a shell', () => {
  const settings = { set: { theta: 1.25, beta: -1 }, epochs: 3, limit: 100, dataDir: "/it's here" };
  expect(commandOf({ ...config, settings })).toBe(
    `rffc run /models/plain.rff --backend cpu --epochs 3 --limit 100 --data-dir '/it'\\''s here' --set ` +
      'theta=1.25 --set beta=-1',
  );
});

test('the command includes every option', () => {
  const settings = {
    metrics: ['norms', 'angles'],
    metricsEvery: 5,
    log: ['tensorboard'],
    evalEvery: 2,
    checkpointEvery: 100,
    seed: 0,
  } as const;
  expect(commandOf({ ...config, settings })).toBe(
    'rffc run /models/plain.rff --backend cpu --seed 0 --checkpoint-every 100 --eval-every 2 --metrics ' +
      'norms,angles --metrics-every 5 --log tensorboard',
  );
});

test('the command compiles a plan first, with its fixed settings', () => {
  const model = { ...config.model, text: JSON.stringify({ params: { theta: 2 } }) };
  const settings = { batch: 50, without: ['slots', 'fusion'], epochs: 4 } as const;
  expect(commandOf({ ...config, model, settings, compiled: true }).split('\n')).toEqual([
    'rffc compile /models/plain.rff --model plain --batch 50 --set theta=2 --no-pass slots --no-pass fusion ' +
      '--output plain.plan.json',
    'rffc run plain.plan.json --backend cpu --epochs 4',
  ]);
});

test('describes the machine', async () => {
  const machine = { os: 'linux 6.1', arch: 'x64', cpu: 'Xeon', cores: 1, memory_gib: 15.5 };
  expect(await report({ config: { ...config, machine } })).toContain(
    '<dt>Machine</dt><dd>Xeon, 1 core, 15.5 GiB of memory, Linux 6.1 (x64)</dd>',
  );
});
