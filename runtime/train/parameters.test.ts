import { expect, test } from 'vitest';
import type { Connection, ModelDocument } from '../../compiler/model.js';
import { initializeParameters, parametersOf, resetSession } from './parameters.js';

function connection(target: string, source: string, bias: Connection['bias']): Connection {
  return {
    name: `${target}.${source}.forward`,
    target,
    source,
    type: 'forward',
    init: { name: 'kaiming_uniform', gain: Math.sqrt(1 / 3) },
    bias,
    sign: 1,
    delay: 1,
    dropout: 0,
    learn: true,
    lr_scale: 1,
    field: null,
  };
}
const uniform = { name: 'uniform', low: -0.5, high: 0.5 } as const;

function document(bias: Connection['bias'], seed = 1): ModelDocument {
  const layer = {
    activation: 'z',
    normalize: 'h',
    damping: 1,
    objective: 0,
    peer_norm: null,
    optimizer: null,
  };
  const optimizer = { name: 'rmsprop', lr: 0.1, alpha: 0.99, eps: 1e-8, momentum: 0 } as const;
  return {
    rffc: 1,
    name: 'tiny',
    params: {},
    input: { name: 'x', size: 30, normalize: null, embed: null },
    label: { name: 'y', classes: 4 },
    layers: [
      { name: 'h1', size: 20, ...layer },
      { name: 'h2', size: 10, ...layer },
    ],
    connections: [connection('h1', 'x', bias), connection('h2', 'h1', uniform), connection('h2', 'y', null)],
    fast_weights: [],
    decoder: null,
    objectives: [
      {
        name: null,
        goodness: ['mean', 'h'],
        positive: 'goodness',
        negative: 'goodness',
        pair: null,
        predict: 'min',
      },
    ],
    phases: [
      {
        name: 'learn',
        steps: 1,
        label: { name: 'given' },
        input: { name: 'hidden' },
        learn: true,
        damping: true,
      },
    ],
    score: { phase: 'learn', from: 0, to: 0, layers: ['h1', 'h2'] },
    negatives: {
      name: 'latent_classifier',
      features: 'raw',
      layers: ['h1', 'h2'],
      learn_from: 'positive',
      optimizer,
    },
    train: {
      data: { name: 'digits', options: {} },
      epochs: 1,
      batch: 1,
      optimizer,
      decay: { name: 'constant' },
      seed,
      shuffle: true,
      validation: 0,
    },
    evaluate: { batch: 1, data: null },
    places: {},
  };
}

test('parameters have the language’s names and shapes', () => {
  expect(parametersOf(document(uniform)).map(({ name, shape }) => [name, shape])).toEqual([
    ['h1.x.forward.weight', [20, 30]],
    ['h1.x.forward.bias', [20]],
    ['h2.h1.forward.weight', [10, 20]],
    ['h2.h1.forward.bias', [10]],
    ['h2.y.forward.weight', [10, 4]],
    ['classifier.weight', [4, 30]],
  ]);
});

test('values fill their ranges, and no two parameters share them', () => {
  const values = new Map(initializeParameters(document(uniform)));
  const weight = values.get('h1.x.forward.weight')!;
  expect(weight).toHaveLength(600);
  expect(Math.max(...weight)).toBeLessThanOrEqual(1 / Math.sqrt(30));
  expect(Math.max(...weight)).toBeGreaterThan(0.9 / Math.sqrt(30));
  expect(Math.max(...values.get('classifier.weight')!)).toBeLessThanOrEqual(1 / Math.sqrt(30));
  expect(values.get('h2.h1.forward.weight')![0]).not.toBe(weight[0]);
  expect(values.get('h1.x.forward.bias')![0]).not.toBe(values.get('h2.h1.forward.bias')![0]);
});

test('a bias drawn by fan-in has that of its connection', () => {
  const bias = new Map(
    initializeParameters(document({ name: 'kaiming_uniform', gain: Math.sqrt(1 / 3) })),
  ).get('h1.x.forward.bias')!;
  expect(Math.max(...bias.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(30));
});

test('the seed decides, and a bias switched off changes no other parameter', () => {
  const first = new Map(initializeParameters(document(uniform)));
  expect(new Map(initializeParameters(document(uniform)))).toEqual(first);
  expect(new Map(initializeParameters(document(uniform, 2))).get('h1.x.forward.weight')).not.toEqual(
    first.get('h1.x.forward.weight'),
  );
  const without = new Map(initializeParameters(document(null)));
  expect(without.has('h1.x.forward.bias')).toBe(false);
  for (const [name, values] of without) expect(values).toEqual(first.get(name));
});

test('a session is reset to the parameters, with optimizer state at zero', () => {
  const written = new Map<string, Float32Array | Int32Array>();
  resetSession(
    {
      backend: 'memory',
      tensors: [
        { name: 'w', shape: [2, 2], type: 'f32', role: 'parameter' },
        { name: 'optimizer/w/square_avg', shape: [2, 2], type: 'f32', role: 'state' },
        { name: 'x', shape: [1], type: 'f32', role: 'input' },
      ],
      write: (name, values) => void written.set(name, values),
      run: async () => {},
      read: async () => new Float32Array(),
      written: new Set(),
      dispose: async () => {},
      [Symbol.asyncDispose]: async () => {},
    },
    new Map([['w', Float32Array.of(1, 2, 3, 4)]]),
  );
  expect([...written]).toEqual([
    ['w', Float32Array.of(1, 2, 3, 4)],
    ['optimizer/w/square_avg', new Float32Array(4)],
  ]);
});
