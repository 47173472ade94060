/**
 * Habits from PyTorch, Keras, Python, YAML and JSON in a whole model: each is one error, at the right place, with what
 * to write instead; and what it says to write is right.
 */
import { describe, expect, test } from 'vitest';
import { tables } from '../compiler/check/tables.js';
import { diagnose } from '../compiler/compile.js';
import { calls, functions } from '../grammar/habits.js';
import { call } from '../grammar/translate.js';

const model = `connection forward { init: kaiming_uniform() }

model m {
  param theta = 1.5
  input image[784]
  label digit[10]
  layer h1[200], h2[200] {
    activation: relu(z)
    normalize: rms_norm(h)
    damping: 0.7
  }
  connect image -> h1 -> h2 as forward
  connect digit -> h1 as forward
  objective {
    goodness: mean(h^2)
    positive: softplus(goodness - theta)
    negative: softplus(theta - goodness)
    predict: min
  }
  schedule {
    phase settle[3] { label: uniform, learn: off }
    phase learn[4] { label: given }
    score learn[1..3]
  }
  negatives: random_label()
  train {
    data: digits()
    epochs: 10
    batch: 100
    optimizer: rmsprop(lr: 1e-4)
    decay: constant()
  }
}
`;

const check = async (text: string) => (await diagnose({ text, file: 'a.rff' })).diagnostics;

/**
 * `[part of the model, what others write there, what the hint says to write]`; the error begins at the `‸`, or at the
 * start. Written in the place of what is underlined, the hint makes the model sound, if there is no fourth entry: what
 * to write in the place of the second one (`{}` stands for the hint's).
 */
type Row = readonly [part: string, habit: string, hint: string, fixed?: string];

/** Many habits in the place of one value. */
const values = (part: string, rows: readonly (readonly [string, string])[]): Row[] => {
  const at = part.indexOf(': ') + 2;
  return rows.map(([habit, hint]) => [part, `${part.slice(0, at)}‸${habit}`, hint]);
};

const expressions: readonly Row[] = [
  ...values('activation: relu(z)', [
    ['ReLU', 'relu(z)'],
    ['GELU', 'gelu(z)'],
    ['relu', 'relu(z)'],
    ['"relu"', 'relu(z)'],
    ['relu()', 'relu(z)'],
    ['tanh', 'tanh(z)'],
    ['Sigmoid()', 'sigmoid(z)'],
    ['swish', 'silu(z)'],
    ['swish(z)', 'silu(z)'],
    ['softmax(z)', 'exp(z - amax(z)) / sum(exp(z - amax(z)))'],
    ['nn.ReLU()', 'relu(z)'],
    ['nn.ReLU', 'relu(z)'],
    ['nn.LeakyReLU(0.2)', 'leaky_relu(z, 0.2)'],
    ['nn.LeakyReLU(negative_slope=0.2)(z)', 'leaky_relu(z, 0.2)'],
    ['leaky_relu(z, negative_slope=0.2)', 'leaky_relu(z, 0.2)'],
    ['torch.relu(z)', 'relu(z)'],
    ['F.relu(z)', 'relu(z)'],
    ['torch.nn.functional.softplus(z)', 'softplus(z)'],
    ['np.maximum(z, 0)', 'max(z, 0)'],
    ['np.where(z > 0, z, 0)', 'if z > 0 then z else 0'],
    ['z.relu()', 'relu(z)'],
    ['z.clamp(0, 1)', 'clamp(z, 0, 1)'],
    ['relu6(z)', 'clamp(z, 0, 6)'],
    ['z > 0 ? z : 0', 'if z > 0 then z else 0'],
    ['z if z > 0 else 0', 'if z > 0 then z else 0'],
    ['lambda x: max(x, 0)', 'max(z, 0)'],
    ['x => max(x, 0)', 'max(z, 0)'],
    ['z * (z > 0 and z < 6)', 'z * ((z > 0) * (z < 6))'],
    ['z * (z < 0 || z > 6)', 'z * (max(z < 0, z > 6))'],
    ['z * (!z)', 'z * (1 - z)'],
    ['identity', 'z'],
    ['None', 'z'],
    ['Z', 'z'],
  ]),
  ['activation: relu(z)', 'activation: ‸RELU(z)', 'relu'],
  ['activation: relu(z)', 'activation: z ‸** 2', '^'],
  ['activation: relu(z)', 'activation: z‸²', '^2'],
  ['activation: relu(z)', 'activation: z ‸− 1', '-'],
  ['activation: relu(z)', 'activation: relu(z)‸;', ''],
  ...values('normalize: rms_norm(h)', [
    ['nn.LayerNorm(200)', 'layer_norm(h)'],
    ['batch_norm(h)', 'layer_norm(h)'],
    ['F.normalize(h)', 'l2_norm(h)'],
    ['h / h.norm(dim=1, keepdim=True)', 'h / sqrt(sum(h^2))'],
    ['none', 'h'],
    ['off', 'h'],
  ]),
  ...values('goodness: mean(h^2)', [
    ['h.pow(2).mean(1)', 'mean(h^2)'],
    ['h.pow(2).mean(dim=1)', 'mean(h^2)'],
    ['torch.mean(h ** 2, dim=1)', 'mean(h ^ 2)'],
    ['(h * h).sum(-1)', 'sum(h * h)'],
    ['torch.sum(torch.square(h - 1), 1)', 'sum((h - 1)^2)'],
    ['h.norm()', 'sqrt(sum(h^2))'],
    ['h.std()', 'sqrt(mean((h - mean(h))^2))'],
    ['sum(h^2, 1)', 'sum(h^2)'],
    ['mean(h^2, axis: 1)', 'mean(h^2)'],
    ['reduce_mean(h^2)', 'mean(h^2)'],
  ]),
  ...values('positive: softplus(goodness - theta)', [
    ['torch.log(1 + torch.exp(goodness - theta))', 'log(1 + exp(goodness - theta))'],
    ['softplus(self.goodness - self.theta)', 'softplus(goodness - theta)'],
    ['(goodness - theta).relu()', 'relu(goodness - theta)'],
  ]),
];

const values_: readonly Row[] = [
  ...values('optimizer: rmsprop(lr: 1e-4)', [
    ['"adam"', 'adam()'],
    ['adam', 'adam()'],
    ['Adam', 'adam()'],
    ['sgd', 'sgd(lr: 0.1)'],
    ['Adam(lr=1e-3)', 'adam(lr: 1e-3)'],
    ['torch.optim.Adam(model.parameters(), lr=1e-3)', 'adam(lr: 1e-3)'],
    ['adam(1e-3, betas=(0.9, 0.99))', 'adam(1e-3, beta1: 0.9, beta2: 0.99)'],
    ['{ name: adam, lr: 1e-3 }', 'adam(lr: 1e-3)'],
    ['{"type": "sgd", "lr": 0.1}', 'sgd(lr: 0.1)'],
  ]),
  ['optimizer: rmsprop(lr: 1e-4)', 'optimizer: adam(‸learning_rate: 1e-3)', 'lr'],
  ['optimizer: rmsprop(lr: 1e-4)', 'optimizer: adam(‸betas: [0.9, 0.99])', 'beta1: 0.9, beta2: 0.99'],
  ['data: digits()', 'data: mnist(‸train: true)', ''],
  ['optimizer: rmsprop(lr: 1e-4)', 'optimizer: ‸Adam(lr: 1e-3)', 'adam'],
  ['optimizer: rmsprop(lr: 1e-4)', 'optimizer: ‸SGD(lr: 1e-3)', 'sgd'],
  ['optimizer: rmsprop(lr: 1e-4)', 'optimizer: rmsprop(lr: ‸1e-3f)', '1e-3'],
  ...values('decay: constant()', [
    ['cosine', 'cosine(epochs: 10)'],
    ['none', 'constant()'],
    ['exponential(0.9)', 'step(every: 1, gamma: 0.9)'],
    ['StepLR(optimizer, step_size=30, gamma=0.1)', 'step(every: 30, gamma: 0.1)'],
    ['CosineAnnealingLR(optimizer, T_max=10)', 'cosine(epochs: 10)'],
  ]),
  ...values('data: digits()', [
    ['"mnist"', 'mnist()'],
    ['mnist', 'mnist()'],
    ['MNIST', 'mnist()'],
    ['"Fashion-MNIST"', 'fashion_mnist()'],
    ['fashion-mnist', 'fashion_mnist()'],
    ['torchvision.datasets.MNIST(root="data", train=True, download=True)', 'mnist()'],
    ['mnist(normalize: (0.13, 0.3))', 'mnist(normalize: [0.13, 0.3])'],
    ['"train.csv"', 'csv("train.csv")'],
  ]),
  ['data: digits()', 'data: ‸MNIST()', 'mnist'],
  ['data: digits()', 'data: ‸FashionMNIST()', 'fashion_mnist'],
  [
    'data: digits()',
    'data: ‸CIFAR10()',
    'tensors("cifar10.safetensors")',
    'data: tensors("cifar10.safetensors")',
  ],
  ...values('init: kaiming_uniform()', [
    ['xavier', 'xavier_uniform()'],
    ['he', 'kaiming_normal()'],
    ['"kaiming"', 'kaiming_uniform()'],
    ['nn.init.kaiming_normal_(w)', 'kaiming_normal()'],
    ['normal(0, std=0.1)', 'normal(0, std: 0.1)'],
    ['ones()', 'constant(1)'],
    ['0', 'zeros()'],
  ]),
  ['init: kaiming_uniform()', 'init: ‸glorot_normal()', 'xavier_normal'],
  ['init: kaiming_uniform()', 'bias: ‸False', 'off'],
  ['init: kaiming_uniform()', 'sign: ‸negative', '-1'],
  ['init: kaiming_uniform()', '‸trainable: true', 'learn: on'],
  ...values('negatives: random_label()', [
    ['random', 'random_label()'],
    ['random_label', 'random_label()'],
    ['"Random_Label"', 'random_label()'],
  ]),
  ['damping: 0.7', 'damping: ‸0.7f', '0.7'],
  ['damping: 0.7', 'damping: ‸70%', '0.7'],
  ['damping: 0.7', 'damping: ‸0,7', '0.7'],
  ['damping: 0.7', 'damping: ‸.7', '0.7'],
  ['damping: 0.7', 'damping: ‸"0.7"', '0.7'],
  ['predict: min', 'predict: ‸argmin', 'min'],
  ['predict: min', 'predict: ‸"min"', 'min'],
  ['label: given', 'label: ‸one_hot', 'given'],
  ['label: given', 'label: ‸True', 'given'],
  ['label: uniform,', 'label: ‸neutral,', 'uniform'],
  ['learn: off', 'learn: ‸False', 'off'],
  ['learn: off', 'learn: ‸"no"', 'off'],
  ['batch: 100', 'batch: ‸"100"', '100'],
  ['batch: 100', 'batch: ‸1,000', '1000'],
  ['batch: 100', 'batch: 100, shuffle: ‸True', 'on'],
  ['batch: 100', 'batch: 100, shuffle: ‸0', 'off'],
];

const properties: readonly Row[] = [
  ['batch: 100', 'batch_size: 100', 'batch: 100'],
  ['batch: 100', 'BATCH: 100', 'batch', 'batch: 100'],
  ['batch: 100', 'batch_size = 100', 'batch: 100'],
  ['epochs: 10', 'num_epochs: 10', 'epochs: 10'],
  ['epochs: 10', '‸epoch: 10', 'epochs', 'epochs: 10'],
  ['data: digits()', 'dataset: MNIST', 'data: mnist()'],
  ['optimizer: rmsprop(lr: 1e-4)', 'learning_rate: 1e-3', 'optimizer: rmsprop(lr: 1e-3)'],
  ['optimizer: rmsprop(lr: 1e-4)', 'lr: 1e-3', 'optimizer: rmsprop(lr: 1e-3)'],
  ['optimizer: rmsprop(lr: 1e-4)', 'weight_decay: 1e-4', 'optimizer: adamw(weight_decay: 1e-4)'],
  [
    'optimizer: rmsprop(lr: 1e-4)',
    'lr: 1e-3\n    optimizer: adam(eps: 1e-6)',
    'optimizer: adam(lr: 1e-3, eps: 1e-6)',
    '{}',
  ],
  ['optimizer: rmsprop(lr: 1e-4)', 'optim: Adam(lr: 1e-3)', 'optimizer: adam(lr: 1e-3)'],
  ['decay: constant()', 'scheduler: StepLR(10, 0.1)', 'decay: step(10, 0.1)'],
  ['decay: constant()', 'lr_scheduler: "cosine"', 'decay: cosine(epochs: 10)'],
  ['decay: constant()', 'lr_decay: 0.9', 'decay: step(every: 1, gamma: 0.9)'],
  ['decay: constant()', 'validation_split: 0.1', 'validation: 0.1'],
  ['decay: constant()', 'random_seed: 3', 'seed: 3'],
  ['damping: 0.7', 'norm: layer_norm(h)', 'normalize: layer_norm(h)', ''],
  ['damping: 0.7', 'lr: 1e-3', 'optimizer: rmsprop(lr: 1e-3)'],
  ['damping: 0.7', 'Damping: 0.7', 'damping', 'damping: 0.7'],
  ['negatives: random_label()', 'negative: random_label()', 'negatives: random_label()'],
  ['negatives: random_label()', '‸layers: [200, 200]', '', ''],
  ['predict: min', 'threshold: 1.5', 'param theta = 1.5', ''],
  ['param theta = 1.5', 'theta: 1.5', 'param theta = 1.5'],
];

const declarations: readonly Row[] = [
  ['param theta = 1.5', 'theta = 1.5', 'param theta = 1.5'],
  ['param theta = 1.5', 'theta := 1.5', 'param theta = 1.5'],
  ['param theta = 1.5', '‸const theta = 1.5', 'param'],
  ['param theta = 1.5', 'param theta ‸== 1.5', '='],
  ['param theta = 1.5', 'param theta‸: 1.5', '='],
  ['input image[784]', 'input ‸image(784)', 'image[784]'],
  ['input image[784]', 'input ‸image[28,28]', 'image[28 * 28]'],
  ['input image[784]', 'input ‸image(28, 28)', 'image[28 * 28]'],
  ['input image[784]', 'input ‸image: 784', 'image[784]'],
  ['input image[784]', 'input image[‸28x28]', '28 * 28'],
  ['input image[784]', 'image = Input(784)', 'input image[784]'],
  ['input image[784]', 'input‸: image[784]', ''],
  ['layer h1[200], h2[200]', 'layer h2[200]\n  layer ‸h1 = nn.Linear(784, 200)', 'h1[200]'],
  ['layer h1[200], h2[200]', 'layer h2[200]\n  ‸h1 = nn.Linear(784, 200)', 'layer h1[200]'],
  [
    'layer h1[200], h2[200]',
    'layer h2[200]\n  self.‸h1 = nn.Linear(784, 200)',
    'layer h1[200]',
    'layer h2[200]\n  {}',
  ],
  ['layer h1[200], h2[200]', 'layer h2[200]\n  layer ‸h1: Dense(200)', 'h1[200]'],
  ['layer h1[200], h2[200]', '‸dense h1[200], h2[200]', 'layer'],
  ['layer h1[200], h2[200]', '‸Layer h1[200], h2[200]', 'layer'],
  [
    'negatives: random_label()',
    'nn.Linear(784, 128)',
    'layer h[128]',
    'layer h[128]\n  connect image -> h as forward',
  ],
  ['connect digit -> h1 as forward', 'connect ‸digit > h1 as forward', 'digit -> h1 as forward'],
  ['connect digit -> h1 as forward', 'connect ‸digit --> h1 as forward', 'digit -> h1 as forward'],
  ['connect digit -> h1 as forward', 'connect digit ‸→ h1 as forward', '->'],
  ['connect digit -> h1 as forward', 'connect digit ‸=> h1 as forward', '->'],
  ['connect digit -> h1 as forward', 'connect ‸h1 <- digit as forward', 'digit -> h1 as forward'],
  ['connect digit -> h1 as forward', 'connect ‸digit to h1 as forward', 'digit -> h1 as forward'],
  ['connect digit -> h1 as forward', 'connect ‸digit, h1 as forward', 'digit -> h1 as forward'],
  ['connect digit -> h1 as forward', 'connect ‸digit -> h1: forward', 'digit -> h1 as forward'],
  ['connect digit -> h1 as forward', 'connect ‸digit -> h1 (forward)', 'digit -> h1 as forward'],
  ['connect digit -> h1 as forward', '‸digit -> h1 as forward', 'connect digit -> h1 as forward'],
  ['connect digit -> h1 as forward', 'connect ‸Digit -> h1 as forward', 'digit'],
  ['connect digit -> h1 as forward', 'connect digit -> h1 as ‸FORWARD', 'forward'],
  ['phase learn[4]', 'phase ‸learn(4)', 'learn[4]'],
  ['phase learn[4]', 'phase ‸learn: 4', 'learn[4]'],
  ['score learn[1..3]', 'score ‸learn(1..3)', 'learn[1..3]'],
  ['score learn[1..3]', 'score ‸learn[1:3]', 'learn[1..3]'],
  ['score learn[1..3]', 'score ‸learn[1, 2, 3]', 'learn[1..3]'],
  ['score learn[1..3]', 'score ‸learn[3]', 'learn[3..3]'],
  ['score learn[1..3]', 'score ‸learn[range(1, 4)]', 'learn[1..3]'],
  ['score learn[1..3]', 'score learn[1‸...3]', '..'],
  ['score learn[1..3]', 'score‸: learn[1..3]', ''],
  ['train {', 'train‸: {', ''],
  ['objective {', 'objective ‸= {', ''],
  ['connection forward {', 'connection forward‸: {', ''],
  ['model m {', 'model m‸: {', ''],
  ['model m {', 'model m‸() {', 'model m', 'model m {'],
  ['model m {', '‸network m {', 'model'],
  ['train {', '‸fit {', 'train'],
  ['epochs: 10', '‸"epochs": 10', 'epochs'],
  ['epochs: 10', "‸'epochs': 10", 'epochs'],
  ['epochs: 10', '‸- epochs: 10', ''],
  ['epochs: 10', '‸print("x")', '', 'epochs: 10'],
  ['model m {', '‸import torch.nn as nn\nmodel m {', '', 'model m {'],
  ['model m {', '‸from torch import nn, optim\nmodel m {', '', 'model m {'],
];

const fns: readonly Row[] = [
  'def f(x): return x * x',
  'def f(x):\n  return x * x',
  'function f(x) { return x * x }',
  'fn f(x) => x * x',
]
  .map((text): Row => ['model m {', `‸${text}\nmodel m {`, 'fn f(x) = x * x'])
  .concat([['model m {', '‸func f(x) = x * x\nmodel m {', 'fn f(x) = x * x']]);

describe.each([
  ['expressions', expressions],
  ['values', values_],
  ['properties', properties],
  ['declarations', declarations],
  ['functions', fns],
])('%s', (_, rows) => {
  test.each(rows.map((row) => [row[0], row[1], row] as const))('%s: %s', async (_part, _habit, row) => {
    const [part, marked, line, fixed] = row;
    const habit = marked.replace('‸', '');
    expect(model.split(part)).toHaveLength(2);
    const text = model.replace(part, () => habit);
    const start = model.indexOf(part) + Math.max(0, marked.indexOf('‸'));
    const before = text.slice(0, start).split('\n');

    const diagnostics = await check(text);
    expect(diagnostics.map(({ code, message, hint }) => `${code} ${message}: ${hint}`)).toHaveLength(1);
    const { span, hint = '', severity } = diagnostics[0]!;
    expect(severity).toBe('error');
    expect(`${span?.line}:${span?.column}`).toBe(`${before.length}:${before.at(-1)!.length + 1}`);
    if (line !== '') expect(hint).toContain(`\`${line}\``);

    const whole = fixed === undefined ? undefined : model.replace(part, () => fixed.replace('{}', line));
    const instead = text.slice(0, span!.start) + line + text.slice(span!.end);
    const after = await check(whole ?? instead);
    // A function that is only declared is used nowhere.
    expect(
      after.map(({ code, message }) => `${code} ${message}`).filter((d) => !d.startsWith('RFF210')),
    ).toEqual([]);
  });
});

test('what belongs elsewhere is told where', async () => {
  const hintOf = async (part: string, habit: string) => {
    const diagnostics = await check(model.replace(part, () => `${habit}\n${part}`));
    expect(diagnostics.map(({ code }) => code)).toEqual(['RFF501']);
    return diagnostics[0]?.hint;
  };
  const dropout = 'write `connect image -> h1 -> h2 as forward { dropout: 0.1 }`';
  expect(await hintOf('damping: 0.7', 'dropout: 0.1')).toBe(dropout);
  const line = 'connect image -> h1 -> h2 as forward';
  expect(await check(model.replace(line, `${line} { dropout: 0.1 }`))).toEqual([]);
  expect(await hintOf('damping: 0.7', 'units: 300')).toBe('write `layer h1[300]`');
  expect(await hintOf('damping: 0.7', 'lateral: true')).toBe('write `connect h1 -> h1 as forward`');
  expect(await hintOf('damping: 0.7', 'bias: false')).toContain(
    '`connect image -> h1 -> h2 as forward { bias: off }`',
  );
  expect(await hintOf('negatives: random_label()', 'batch_size: 64')).toBe(
    'write `batch: 64` in `train { … }`',
  );
  expect(await hintOf('negatives: random_label()', 'lr: 0.1')).toContain(
    '`optimizer: rmsprop(lr: 0.1)` in `train',
  );
  expect(await hintOf('data: digits()', 'device: "cuda"')).toContain('--backend cuda');
  expect(await hintOf('data: digits()', 'loss: "cross_entropy"')).toContain(
    '`positive` and `negative` in `objective',
  );
});

test('what a file defines itself is no habit', async () => {
  const own = model.replace('model m {', 'fn swish(z, beta = 1) = z * sigmoid(beta * z)\nmodel m {');
  expect(await check(own.replace('relu(z)', 'swish(z, beta: 2)'))).toEqual([]);
});

describe('the tables', () => {
  test.each(Object.keys(functions))('%s is a function of the language', async (name) => {
    const text = call(name, [{ value: 'z' }, { value: '2' }, { value: '3' }], '');
    const diagnostics = await check(model.replace('activation: relu(z)', () => `activation: z + (${text})`));
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
  test.each(Object.keys(calls))('%s is a call of the language', (name) => {
    const text = call(name, [], 'optimizer');
    expect(Object.values(tables).flatMap((table) => Object.keys(table))).toContain(/^\w+/.exec(text)?.[0]);
  });
});
