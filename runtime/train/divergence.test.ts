/** The location and cause of values that are not finite, from results as reported by a session. */
import { expect, test } from 'vitest';
import { loadModel } from '../../compiler/compile.js';
import { lower } from '../../compiler/graph/index.js';
import { divergence, tensorDivergence } from './divergence.js';

interface Parts {
  readonly input?: string;
  readonly layer?: string;
  readonly positive?: string;
  readonly negatives?: string;
  readonly optimizer?: string;
}

async function network(parts: Parts = {}) {
  const { input = '', layer = '', positive = 'softplus(goodness - 1)', negatives = 'random_label()' } = parts;
  const { optimizer = 'sgd(lr: 0.5)' } = parts;
  const text = `
    connection forward { }
    model m {
      input image[3] { ${input} }
      label digit[2]
      layer h1[4] { ${layer} }
      layer h2[4] { }
      connect image -> h1 -> h2 as forward
      connect digit -> h2 as forward
      objective { goodness: mean(h^2), positive: ${positive}, negative: softplus(1 - goodness), predict: min }
      schedule {
        phase settle[3] { learn: off }
        phase learn[2]
        phase late[1]
      }
      negatives: ${negatives}
      train { data: tensors("x.safetensors"), epochs: 1, batch: 2, optimizer: ${optimizer} }
    }`;
  const { document } = await loadModel({ text, file: 'm.rff' });
  return lower(document);
}

/** Three learning steps of two layers, one place of one kind with a value of its own. */
async function diagnosed(
  parts: Parts,
  value: number,
  { at = 3, trained = 5, kind = 'loss', x = [1, 2, 3, 4, 5, 6] as readonly number[] } = {},
) {
  const results = {
    loss: new Float32Array(6),
    goodnessPositive: new Float32Array(6),
    goodnessNegative: new Float32Array(6),
    classifierLoss: null,
    decodeLoss: null,
  };
  results[kind as 'loss'][at] = value;
  // What comes of it later is not its place.
  results.loss[5] = Number.NaN;
  const graph = await network(parts);
  const error = divergence(results, graph, { epoch: 2, batch: 4, trained }, Float32Array.from(x));
  const [one, ...more] = error!.diagnostics;
  expect([one!.code, more]).toEqual(['RFF712', []]);
  return { message: one!.message, hint: one!.hint };
}

test('finite results are not a divergence', async () => {
  const zeros = new Float32Array(6);
  const results = {
    loss: zeros,
    goodnessPositive: zeros,
    goodnessNegative: zeros,
    classifierLoss: 0.5,
    decodeLoss: null,
  };
  const at = { epoch: 0, batch: 0, trained: 0 };
  expect(divergence(results, await network(), at, [Number.NaN])).toBeUndefined();
  const bad = divergence({ ...results, classifierLoss: Number.NaN }, await network(), at, []);
  expect(bad!.message).toContain('the loss of the latent classifier is NaN at batch 1, epoch 1');
  const decoder = divergence({ ...results, decodeLoss: Infinity }, await network(), at, []);
  expect(decoder!.message).toContain('the loss of the decoder is Infinity at batch 1, epoch 1');
});

test('names the first step in time, in terms of the schedule', async () => {
  expect((await diagnosed({}, Number.NaN, { at: 3 })).message).toBe(
    'the loss of layer `h2` is NaN at step 1 of phase `learn`, batch 5, epoch 3',
  );
  expect((await diagnosed({}, Number.NEGATIVE_INFINITY, { at: 4, kind: 'goodnessNegative' })).message).toBe(
    'the goodness of negative data of layer `h1` is -Infinity at step 0 of phase `late`, batch 5, epoch 3',
  );
});

test.each<[string, Parts, Parameters<typeof diagnosed>[2] & { value?: number }, string]>([
  ['samples', {}, { x: [1, 2, 3, 4, Number.NaN, 6] }, 'the data contains NaN'],
  [
    'a sample of zeros',
    { input: 'normalize: h / sqrt(mean(h^2))' },
    { x: [1, 2, 3, 0, 0, 0] },
    'of `image` divides by zero for a sample that is all zeros',
  ],
  [
    'silent units',
    { layer: 'activation: relu(z), normalize: h / sum(h)' },
    {},
    '`normalize: h / sum(h)` of `h1` divides by zero if no unit is active',
  ],
  [
    'exp in the activation',
    { layer: 'activation: exp(z)' },
    { at: 2 },
    '`activation: exp(z)` of `h1` overflows at z = 1000',
  ],
  [
    'log in the activation',
    { layer: 'activation: log(z)' },
    { at: 2 },
    '`activation: log(z)` of `h1` overflows at z = 0',
  ],
  [
    'exp in the objective',
    { positive: 'exp(goodness)' },
    {},
    '`positive: exp(goodness)` of the objective overflows where each activity of `h2` is 1000',
  ],
  [
    'the learning rate',
    {},
    {},
    'the learning rate of 0.5 is too high: try a tenth, `optimizer: sgd(lr: 0.05)`',
  ],
  [
    'a learning rate out of all proportion',
    { optimizer: 'rmsprop(lr: 1e30)' },
    {},
    'the learning rate of 1e30 is far too high for rmsprop: start from `optimizer: rmsprop(lr: 1e-3)`',
  ],
  [
    'a small learning rate that is still too high',
    { optimizer: 'adam(lr: 0.005)' },
    {},
    'the learning rate of 5e-3 is too high: try a tenth, `optimizer: adam(lr: 5e-4)`',
  ],
  ['weights that never moved', {}, { at: 0, trained: 0 }, 'no weight has been updated yet'],
])('the likely cause: %s', async (_, parts, options, hint) => {
  expect((await diagnosed(parts, options.value ?? Number.NaN, options)).hint).toContain(hint);
});

test('a layer’s own learning rate is the one that is named', async () => {
  const graph = await network();
  const optimizer = { name: 'adadelta' as const, lr: 3, rho: 0.9, eps: 1e-6 };
  const document = {
    ...graph.document,
    layers: graph.document.layers.map((layer) => ({ ...layer, optimizer })),
  };
  const tensors = new Map([['h2.h1.forward.weight', { data: Float32Array.of(Number.NaN) }]]);
  const error = tensorDivergence(tensors, graph.tensors, document, { epoch: 0, batch: 1 });
  expect(error!.diagnostics[0]!.hint).toContain('try a tenth, `optimizer: adadelta(lr: 0.3)`');
});

test('distinguishes infinity from 0 / 0', async () => {
  const layer = 'activation: relu(z), normalize: h / sum(h)';
  expect((await diagnosed({ layer }, Number.POSITIVE_INFINITY)).hint).toContain('learning rate');
});

test('a tensor that is not finite is named with its place', async () => {
  const { document, tensors: parameters } = await network();
  const owner = parameters.find(({ name }) => name === 'h2.h1.forward.weight')!;
  const state = 'optimizer/h2.h1.forward.weight/momentum_buffer';
  const infos = [...parameters, { ...owner, name: state, role: 'state' as const, state: 'momentum_buffer' }];
  const tensors = (value: number) =>
    new Map([
      ['h1.image.forward.bias', { data: new Float32Array(4) }],
      [state, { data: Float32Array.of(1, value) }],
    ]);
  expect(tensorDivergence(tensors(2), infos, document, { epoch: 0, batch: 3 })).toBeUndefined();
  const during = tensorDivergence(tensors(Number.NaN), infos, document, { epoch: 0, batch: 3 });
  expect(during!.diagnostics[0]).toMatchObject({
    code: 'RFF712',
    message: '`optimizer/h2.h1.forward.weight/momentum_buffer` holds NaN after batch 3 of epoch 1',
    hint: expect.stringContaining('learning rate of 0.5'),
  });
  expect(
    tensorDivergence(tensors(Number.POSITIVE_INFINITY), infos, document, { epoch: 2, batch: 0 })!.message,
  ).toContain('holds Infinity after epoch 2');
});
