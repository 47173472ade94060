/** What counts as silent, exploding or one class for everything, and what is said to be the cause. */
import { expect, test } from 'vitest';
import { loadModel } from '../../compiler/compile.js';
import { lower } from '../../compiler/graph/lower.js';
import type { Evaluation } from './evaluate.js';
import {
  type GoodnessScale,
  goodnessScale,
  isOutOfProportion,
  isSilent,
  LARGE_BATCHES,
  onlyClass,
  SILENT_BATCHES,
  watchHealth,
} from './health.js';
import type { Measures } from './progress.js';

interface Parts {
  readonly activation?: string;
  readonly init?: string;
  readonly objective?: string;
}

async function network({
  activation = 'leaky_relu(z)',
  init = 'init: kaiming_uniform()',
  objective,
}: Parts = {}) {
  const losses = 'positive: softplus(goodness - 1), negative: softplus(1 - goodness)';
  const text = `
connection c { ${init} }
model m {
  input image[4]
  label digit[3]
  layer h1[8], h2[8] { activation: ${activation} }
  connect image -> h1 -> h2, digit -> h1, digit -> h2 as c
  objective { ${objective ?? `goodness: mean(h^2), ${losses}`} }
  schedule { phase learn[2] { label: given } }
  train { data: tensors("x"), optimizer: sgd(lr: 0.5) }
}`;
  const { document } = await loadModel({ text, file: 'm.rff' });
  return lower(document, { batch: 4 });
}

/** A batch in which both layers have these goodnesses in both of their steps. */
function measures(h1: number, h2: number, negative: readonly [number, number] = [h1, h2]): Measures {
  return {
    loss: [1, 1],
    goodnessPositive: [h1, h2],
    goodnessNegative: negative,
    stepsPositive: [h1, h2, h1, h2],
    stepsNegative: [...negative, ...negative],
    classifierLoss: null,
    decodeLoss: null,
  };
}

/** Everything said in `batches`, and then of an evaluation after 60 batches. */
async function watched(parts: Parts, batches: readonly Measures[], evaluation?: Evaluation) {
  const watch = watchHealth(await network(parts));
  const said = batches.flatMap((batch, i) => watch.batch(batch, { epoch: 0, batch: i + 1, trained: i + 1 }));
  const evaluated = evaluation && watch.evaluated('test', evaluation, { epoch: 0, batch: 60, trained: 60 });
  return [...said, ...(evaluated ?? [])].map(({ code, severity, message, hint }) => {
    expect(severity).toBe('warning');
    return { code, message, hint };
  });
}

/** 100 samples of 3 classes: how many of each class are given each label. */
function evaluationOf(confusion: readonly (readonly number[])[]): Evaluation {
  const samples = confusion.flat().reduce((sum, n) => sum + n, 0);
  const correct = confusion.reduce((sum, row, k) => sum + row[k]!, 0);
  return { samples, correct, accuracy: correct / samples, confusion, softmax: null, perClass: [] };
}
const collapsed = evaluationOf([
  [0, 40, 0],
  [0, 30, 0],
  [1, 29, 0],
]);

test('a goodness has the scale of its formula', async () => {
  const scaleOf = async (goodness: string) => {
    const { document } = await network({
      objective: `goodness: ${goodness}, positive: softplus(goodness - 1), negative: softplus(1 - goodness)`,
    });
    return goodnessScale(document, document.layers[0]!);
  };
  expect(await scaleOf('mean(h^2)')).toEqual({ rest: 0, unit: 1 });
  expect(await scaleOf('sum(h^2)')).toEqual({ rest: 0, unit: 8 });
  expect(await scaleOf('mean(h)')).toEqual({ rest: 0, unit: 1 });
  expect(await scaleOf('sum(h^2) / n - mean(h)^2')).toEqual({ rest: 0, unit: 1 });
  expect((await scaleOf('sqrt(mean(h^2) + 0.25)')).rest).toBe(0.5);
});

const unit: GoodnessScale = { rest: 0, unit: 1 };

test('a layer is silent whose goodness is at rest in every step, for both kinds of rows', () => {
  const silent = [measures(0, 1), measures(0, 1)];
  expect([0, 1].map((layer) => isSilent(silent, layer, 2, unit))).toEqual([true, false]);
  expect(isSilent([...silent, measures(1e-9, 1)], 0, 2, unit)).toBe(false);
  expect(isSilent([measures(0, 1, [1e-9, 1])], 0, 2, unit)).toBe(false);
  // A goodness at rest comes rounded to f32.
  const rest = Math.sqrt(0.1);
  expect(isSilent([measures(Math.fround(rest), 1)], 0, 2, { rest, unit: 1 })).toBe(true);
});

test('a layer is out of proportion beside activities of 1, and beside what it began with', () => {
  const large = [measures(2000, 1)];
  expect([0, 1].map((layer) => isOutOfProportion(large, measures(1, 1), layer, 2, unit))).toEqual([
    true,
    false,
  ]);
  expect(isOutOfProportion([...large, measures(900, 1)], measures(1, 1), 0, 2, unit)).toBe(false);
  expect(isOutOfProportion(large, measures(1, 1), 0, 2, { rest: 0, unit: 8 })).toBe(false);
  // Data that was never scaled down is not an explosion.
  expect(isOutOfProportion(large, measures(1500, 1), 0, 2, unit)).toBe(false);
  // What the first batch comes to by its own learning is one.
  const first = { stepsPositive: [1, 1, 1900, 1], stepsNegative: [1, 1, 1900, 1] };
  expect(isOutOfProportion(large, first, 0, 2, unit)).toBe(true);
});

test('distinguishes one class for all samples from good predictions and from too few samples', () => {
  expect(onlyClass(collapsed)).toEqual({ label: 1, count: 99 });
  expect(
    onlyClass(
      evaluationOf([
        [30, 0, 0],
        [0, 40, 0],
        [0, 0, 30],
      ]),
    ),
  ).toBeUndefined();
  expect(
    onlyClass(
      evaluationOf([
        [0, 2, 0],
        [0, 97, 0],
        [0, 1, 0],
      ]),
    ),
  ).toBeUndefined();
  expect(
    onlyClass(
      evaluationOf([
        [0, 10, 0],
        [0, 10, 0],
        [0, 10, 0],
      ]),
    ),
  ).toBeUndefined();
});

const steady = Array.from({ length: 40 }, (_, i) => measures(1 + i / 40, 1, [2, 2]));

test('does not warn of a network that learns', async () => {
  const good = evaluationOf([
    [30, 2, 1],
    [3, 30, 1],
    [1, 2, 30],
  ]);
  expect(await watched({}, steady, good)).toEqual([]);
});

test('warns once of a silent layer, after enough batches, with the cause', async () => {
  const silent = Array.from({ length: 3 * SILENT_BATCHES }, () => measures(0, 1));
  expect(await watched({ activation: 'relu(z)' }, silent.slice(0, SILENT_BATCHES - 1))).toEqual([]);
  const [only, ...more] = await watched({ activation: 'relu(z)' }, silent);
  expect(more).toEqual([]);
  expect(only).toMatchObject({
    code: 'RFF721',
    message: `layer \`h1\` is silent at batch ${SILENT_BATCHES}, epoch 1: no active unit for ${SILENT_BATCHES} batches`,
    hint: expect.stringMatching(/leaky_relu.*change `init`/),
  });
  const causes = async (parts: Parts, batches = silent) => (await watched(parts, batches))[0]?.hint;
  expect(await causes({ init: 'init: zeros(), bias: zeros()' })).toContain('starts at zero');
  expect(await causes({ init: 'init: zeros(), bias: off' })).toContain('`init: kaiming_uniform()`');
  expect(await causes({ activation: 'max(z - 3, 0)' })).toContain('threshold');
  // It has been active, so that it was learning that silenced it.
  const died = [measures(1, 1), ...silent];
  expect(await causes({ activation: 'relu(z)' }, died)).toContain('`optimizer: sgd(lr: 0.05)`');
});

test('warns once of an exploding layer, and says whether its loss is unbounded', async () => {
  const large = [measures(1, 1), ...Array.from({ length: 3 * LARGE_BATCHES }, () => measures(1, 5e4))];
  const [only, ...more] = await watched({}, large);
  expect(more).toEqual([]);
  expect(only).toMatchObject({
    code: 'RFF722',
    message: expect.stringContaining('layer `h2` is exploding at batch 11, epoch 1: goodness 5.0e+4'),
    hint: expect.stringContaining('`optimizer: sgd(lr: 0.05)`'),
  });
  const objective = 'goodness: mean(h^2), positive: goodness, negative: -goodness';
  expect((await watched({ objective }, large))[0]?.hint).toContain('`negative` decreases without bound');
});

test('explains why all samples are one class', async () => {
  const causes = async (batches: readonly Measures[], parts: Parts = {}) =>
    (await watched(parts, batches, collapsed)).map(({ code, hint }) => [code, hint]);
  expect(await watched({}, steady, collapsed)).toEqual([
    {
      code: 'RFF723',
      message: 'class 1 is predicted for 99 of 100 test samples after epoch 1',
      hint: expect.stringMatching(/^train for more epochs; or lower the learning rate/),
    },
  ]);
  const silent = Array.from({ length: 40 }, () => measures(0, 1));
  expect((await causes(silent))[1]).toEqual(['RFF723', 'a layer is silent: see the warning about it']);
  const equal = Array.from({ length: 40 }, () => measures(1, 1));
  expect(await causes(equal)).toEqual([['RFF723', expect.stringContaining('same goodness')]]);
  expect(await causes([measures(50, 1), ...steady])).toEqual([
    ['RFF723', expect.stringContaining('`h1` is large before training')],
  ]);
  expect(await causes([...steady, measures(1, 90), ...equal])).toEqual([
    ['RFF723', expect.stringContaining('`h2` rose to 90')],
  ]);
});

test('does not warn after too few batches, nor twice', async () => {
  const watch = watchHealth(await network());
  for (const batch of steady) watch.batch(batch, { epoch: 0, batch: 1, trained: 1 });
  expect(watch.evaluated('test', collapsed, { epoch: 0, batch: 10, trained: 10 })).toEqual([]);
  expect(watch.evaluated('test', collapsed, { epoch: 1, batch: 60, trained: 60 })).toHaveLength(1);
  expect(watch.evaluated('test', collapsed, { epoch: 2, batch: 60, trained: 120 })).toEqual([]);
});
