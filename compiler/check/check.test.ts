/** Every diagnostic of the checker: one change to a valid model, exactly one diagnostic, and what it underlines. */
import { describe, expect, it } from 'vitest';
import { parse } from '../../grammar/parser.js';
import { type CheckOptions, check, checkCodes, validateDocument } from './index.js';

const sound = `
fn sharp(z, b = 2) = z * sigmoid(b * z)
fn spike(z) = step(z) derivative 1 / (1 + abs(z))^2

connection forward  { init: kaiming_uniform() }
connection backward extends forward { init: uniform(-0.05, 0.05), sign: -1 }
connection lateral  { init: orthogonal(gain: sqrt(2)) }
connection context  { init: normal(std: 3 * sqrt(2 / fan_in)), sign: -1, bias: off }

model net {
  param theta = 1.5
  param units = 20

  input image[784] { normalize: h / 2 }
  label digit[10]

  layer h1[units], h2[30] {
    activation: sharp(z)
    normalize:  rms_norm(h, eps: 1e-8)
    damping:    0.7
  }
  layer h3[40] { activation: spike(z) + z }

  connect image -> h1 -> h2 -> h3 as forward
  connect h3 -> h2 -> h1 as backward
  connect digit -> h3 as context
  connect h1 -> h1, h2 -> h2 as lateral { dropout: 0.1 }

  objective {
    goodness: mean(h^2)
    positive: softplus(goodness - theta)
    negative: softplus(theta - goodness)
    predict: min
  }

  schedule {
    phase settle[3] { label: uniform, input: frame(0), learn: off, damping: off }
    phase learn[10] { label: given }
    score learn[4..6]
  }

  negatives: random_label()

  train {
    data: mnist(normalize: [0.1307, 0.3081])
    epochs: 60
    optimizer: rmsprop(lr: 5e-6)
    decay: step(every: 10, gamma: 0.9)
  }

  evaluate { batch: 5000 }
}
`;

function run(text: string, options: CheckOptions = {}) {
  const parsed = parse(text, 'net.rff');
  const checked = check(parsed.tree, { file: 'net.rff', syntax: parsed.diagnostics, ...options });
  return { ...checked, syntax: parsed.diagnostics };
}

/** `sound` with each `from` (which must occur once) replaced. */
function changed(...changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((text, [from, to]) => {
    expect(text.split(from).length, `occurrences of ${from}`).toBe(2);
    return text.replace(from, () => to);
  }, sound);
}

type Case = readonly [
  code: keyof typeof checkCodes,
  underlined: string,
  from: string,
  to: string,
  hint?: RegExp,
];

const cases: readonly Case[] = [
  // names
  [
    'RFF201',
    'thetta',
    'softplus(goodness - theta)',
    'softplus(goodness - thetta * theta)',
    /did you mean `theta`/,
  ],
  ['RFF201', 'z', 'rms_norm(h, eps: 1e-8)', 'h + z', /`z` is only available in `activation`/],
  ['RFF201', 'h', 'softplus(goodness - theta)', 'softplus(goodness - h)'],
  ['RFF201', 'fan_in', 'batch: 5000', 'batch: fan_in', /`init`/],
  ['RFF201', 'n', 'dropout: 0.1', 'dropout: 1 / n'],
  ['RFF201', 'relu', 'spike(z) + z', 'spike(z) + relu', /write `relu\(z\)`/],
  ['RFF201', 'theta', 'z * sigmoid(b * z)', 'z * sigmoid(b * z) + theta', /parameter/],
  ['RFF201', 't', 'dropout: 0.1', 'dropout: t / 100', /`mix` and `frame`/],
  ['RFF202', 'softmax(z)', 'spike(z) + z', 'spike(z) + softmax(z)', /exp\(z - amax\(z\)\)/],
  ['RFF202', 'leaky_rely', 'spike(z) + z', 'spike(z) + leaky_rely(z)', /leaky_relu/],
  ['RFF202', 'kaiming_uniform', 'spike(z) + z', 'spike(z) + kaiming_uniform()'],
  ['RFF203', 'h44', 'h1 -> h1, h2 -> h2', 'h1 -> h1, h44 -> h2', /h\d/],
  ['RFF203', 'digt', 'connect digit -> h3', 'connect digit -> h3 as forward, connect digt -> h3', /digit/],
  ['RFF203', 'h9', 'score learn[4..6]', 'score learn[4..6] over h2, h9'],
  ['RFF203', 'image', 'score learn[4..6]', 'score learn[4..6] over image'],
  ['RFF203', 'letter', '{ normalize: h / 2 }', '{ embed: letter(at: 0) }', /digit/],
  ['RFF203', 'h7', 'random_label()', 'latent_classifier(layers: [h1, h7])'],
  [
    'RFF204',
    'foward',
    'connect image -> h1 -> h2 -> h3 as forward',
    'connect image -> h1 -> h2 -> h3 as foward',
    /forward/,
  ],
  ['RFF204', 'base', 'connection lateral ', 'connection lateral extends base '],
  ['RFF205', 'main', 'layer h3[40] {', 'layer h3[40] { objective: main,'],
  ['RFF206', 'lern', 'score learn[4..6]', 'score lern[4..6]', /learn/],
  ['RFF208', 'h2', 'layer h3[40]', 'layer h2[30], h3[40]'],
  ['RFF208', 'image', 'layer h3[40]', 'layer image[30], h3[40]', /input on line/],
  ['RFF208', 'theta', 'param units', 'param theta = 2, param units'],
  ['RFF208', 'spike', 'connection forward ', 'fn spike(z) = z\nconnection forward '],
  ['RFF208', 'z', 'fn spike(z)', 'fn spike(z, z)'],
  ['RFF208', 'lateral', 'connection context ', 'connection lateral { }\nconnection context '],
  ['RFF208', 'learn', 'score learn', 'phase learn[2] { label: given }, score learn'],
  ['RFF208', 'h2', 'score learn[4..6]', 'score learn[4..6] over h2, h2'],
  ['RFF209', 'exp', 'connection forward ', 'fn exp(z) = z\nconnection forward '],
  ['RFF209', 'h', 'param units', 'param h = 2, param units'],
  ['RFF209', 'pi', 'param units', 'param pi = 3, param units'],
  ['RFF209', 'all', 'layer h3[40]', 'layer all[30], h3[40]'],
  ['RFF209', 'e', 'fn spike(z)', 'fn spike(z, e)'],
  ['RFF210', 'spare', 'connection forward ', 'fn spare(z) = z\nconnection forward '],
  ['RFF210', 'spare', 'param units', 'param spare = 2, param units'],
  ['RFF210', 'spare', 'connection forward ', 'connection spare { }\nconnection forward '],
  [
    'RFF210',
    'spare',
    '  schedule {',
    '  objective spare { goodness: sum(h^2), positive: goodness, negative: -goodness }\n  schedule {',
  ],
  // structure
  ['RFF303', 'net', '  input image[784] { normalize: h / 2 }\n', ''],
  [
    'RFF303',
    'schedule',
    '    phase settle[3] { label: uniform, input: frame(0), learn: off, damping: off }\n' +
      '    phase learn[10] { label: given }\n    score learn[4..6]\n',
    '',
  ],
  ['RFF304', 'input', '  label digit[10]', '  label digit[10]\n  input other[784]'],
  [
    'RFF304',
    'objective',
    '  schedule {',
    '  objective { goodness: sum(h^2), positive: goodness, negative: -goodness }\n  schedule {',
  ],
  ['RFF304', 'score', 'score learn[4..6]', 'score learn[4..6], score learn[4..6]'],
  ['RFF304', 'evaluate', '  evaluate', '  evaluate { }\n  evaluate'],
  ['RFF305', 'image', 'h3 -> h2 -> h1 as backward', 'h3 -> h2 -> h1 -> image as backward'],
  ['RFF305', 'digit', 'h1 -> h1, h2 -> h2', 'h1 -> h1, h2 -> h2, h3 -> digit'],
  [
    'RFF306',
    'h2 -> h2',
    'h1 -> h1, h2 -> h2 as lateral { dropout: 0.1 }',
    'h1 -> h1 as lateral, connect h2 -> h2 as lateral { delay: 0 }',
  ],
  ['RFF306', 'h2 -> h1', 'connection forward  {', 'connection forward  { delay: 0,', /delay: 1/],
  ['RFF307', 'h4', 'layer h3[40]', 'layer h4[10], h3[40]'],
  ['RFF308', 'h1 -> h1', 'h1 -> h1, h2 -> h2', 'h1 -> h1, h2 -> h2, h1 -> h1'],
  ['RFF309', 'backward', 'connection forward  {', 'connection forward extends backward {'],
  ['RFF309', 'lateral', 'connection lateral  {', 'connection lateral extends lateral {'],
  ['RFF311', '783', 'image[784]', 'image[783]', /image\[784\]/],
  ['RFF311', '12', 'digit[10]', 'digit[12]', /digit\[10\]/],
  ['RFF311', '784', 'batch: 5000', 'batch: 5000, data: row_mnist()'],
  [
    'RFF312',
    'patch([28, 28], size: 7, stride: 3, maps: 8)',
    '{ dropout: 0.1 }',
    '{ dropout: 0.1 }\n connection local { field: patch([28, 28], size: 7, stride: 3, maps: 8) }\n' +
      ' connect image -> h3 as local',
    /h3\[512\]/,
  ],
  [
    'RFF312',
    'patch([15, 14], size: 7)',
    '{ dropout: 0.1 }',
    '{ dropout: 0.1 }\n connection local { field: patch([15, 14], size: 7) }\n connect image -> h3 as local',
    /\[28, 28\]/,
  ],
  [
    'RFF312',
    'patch([5, 2], size: 1, maps: 4)',
    '{ dropout: 0.1 }',
    '{ dropout: 0.1 }\n connection local { field: patch([5, 2], size: 1, maps: 4) }\n connect digit -> h3 as local',
    /without `field`/,
  ],
  [
    'RFF312',
    'patch([28, 28], size: 29)',
    '{ dropout: 0.1 }',
    '{ dropout: 0.1 }\n connection local { field: patch([28, 28], size: 29) }\n connect image -> h3 as local',
  ],
  ['RFF313', 'digit(at: 780)', '{ normalize: h / 2 }', '{ embed: digit(at: 780) }', /774/],
  ['RFF321', 'hybrid_images(grid: [28, 27])', 'random_label()', 'hybrid_images(grid: [28, 27])'],
  ['RFF504', '-1', 'random_label()', 'hybrid_images(blur: -1)'],
  ['RFF315', '10', 'learn[4..6]', 'learn[4..10]', /9/],
  ['RFF315', '6..4', 'learn[4..6]', 'learn[6..4]'],
  ['RFF316', 'schedule', 'phase learn[10] { label: given }', 'phase learn[10] { label: given, learn: off }'],
  ['RFF317', 'schedule', '{ label: given }', '{ label: uniform }'],
  [
    'RFF338',
    'digit',
    '  connect digit -> h3 as context\n',
    '  connect h1 -> h3 as context\n',
    /connect digit -> h1 as .*hybrid_images/,
  ],
  ['RFF318', 'image', 'connect image -> h1 ->', 'connect digit -> h1 ->'],
  ['RFF319', 'pair', 'predict: min', 'predict: min, pair: softplus(pos - neg)'],
  ['RFF319', 'positive', '    negative: softplus(theta - goodness)\n', ''],
  [
    'RFF319',
    'objective',
    '    positive: softplus(goodness - theta)\n    negative: softplus(theta - goodness)\n',
    '',
  ],
  // expressions
  ['RFF402', 'h^2', 'mean(h^2)', 'h^2', /mean/],
  ['RFF402', 'mean(z)', 'spike(z) + z', 'mean(z)'],
  ['RFF402', 'sum(h)', 'rms_norm(h, eps: 1e-8)', 'sum(h)'],
  ['RFF403', 'mean(goodness)', 'softplus(goodness - theta)', 'mean(goodness) - theta'],
  ['RFF403', 'sum(2)', 'units = 20', 'units = sum(2)'],
  ['RFF404', 'loop', 'connection forward ', 'fn loop(z) = loop(z)\nconnection forward '],
  ['RFF404', 'theta', 'theta = 1.5', 'theta = theta + 1'],
  ['RFF406', '"relu"', 'spike(z) + z', '"relu"'],
  ['RFF406', 'off', 'rms_norm(h, eps: 1e-8)', 'off'],
  ['RFF407', '1 / 0', 'theta = 1.5', 'theta = 1 / 0'],
  ['RFF407', 'sqrt(-1)', 'theta = 1.5', 'theta = sqrt(-1)'],
  ['RFF407', 'z / (units - 20)', 'spike(z) + z', 'spike(z) + z / (units - 20)'],
  ['RFF407', '10 ^ 400', 'theta = 1.5', 'theta = 10 ^ 400'],
  ['RFF408', 'pi', 'connection forward ', 'fn f() = 1 derivative pi\nconnection forward '],
  ['RFF409', 'mean(mean(h^2))', 'goodness: mean(h^2)', 'goodness: mean(mean(h^2))'],
  ['RFF409', 'sum(1)', 'goodness: mean(h^2)', 'goodness: mean(h^2) + sum(1)', /`n`/],
  ['RFF411', 'theta', 'softplus(theta - goodness)', 'theta'],
  ['RFF411', 'n', 'goodness: mean(h^2)', 'goodness: n'],
  ['RFF411', '0', 'spike(z) + z', '0'],
  ['RFF412', 'step(z)', 'spike(z) + z', 'step(z)', /derivative/],
  ['RFF413', 'max', 'predict: min', 'predict: max', /`predict` is wrong: write `predict: min`/],
  ['RFF333', '0..2', 'score learn[4..6]', 'score settle[0..2]', /score learn\[0\.\.9\]/],
  ['RFF334', 'h1', 'connect h3 -> h2 -> h1 as backward', 'connect h3 -> h2 as backward', /h2 -> h1/],
  ['RFF339', '0..0', 'score learn[4..6]', 'score learn[0..0]', /score learn\[2\.\.9\]/],
  ['RFF336', 'goodness', 'softplus(theta - goodness)', 'goodness', /`negative` is wrong/],
  [
    'RFF337',
    '4..6',
    'layer h3[40] { activation: spike(z) + z }',
    'layer h3[40] { activation: spike(z) + z, objective: other }\n  objective other { goodness: sum(h^2), ' +
      'positive: -goodness, negative: goodness, predict: max }',
    /over h1/,
  ],
  // properties and arguments
  ['RFF501', 'dampng', 'damping:    0.7', 'dampng: 0.7', /damping/],
  ['RFF501', 'dropout', 'damping:    0.7', 'dropout: 0.7', /`connect .* \{ dropout: 0.7 \}`/],
  ['RFF501', 'epoch', 'epochs: 60', 'epoch: 60', /epochs/],
  [
    'RFF501',
    'negative: random_label()',
    'negatives: random_label()',
    'negative: random_label()',
    /negatives/,
  ],
  ['RFF502', 'damping', 'damping:    0.7', 'damping: 0.7, damping: 0.6'],
  ['RFF502', 'negatives', 'negatives: random_label()', 'negatives: random_label(), negatives: given()'],
  ['RFF503', 'on', 'damping:    0.7', 'damping: on'],
  ['RFF503', '"mnist"', 'mnist(normalize: [0.1307, 0.3081])', '"mnist"'],
  ['RFF503', '1', 'learn: off', 'learn: 1', /write `on`/],
  ['RFF503', 'random_label', 'random_label()', 'random_label', /random_label\(\)/],
  ['RFF503', 'rmsprop', 'rmsprop(lr: 5e-6)', 'rmsprop', /write `rmsprop\(\)`/],
  ['RFF503', '[0.5]', '[0.1307, 0.3081]', '[0.5]'],
  ['RFF503', 'given()', 'label: given', 'label: given()'],
  ['RFF503', 'frame', 'frame(0)', 'frame', /frame\(t\)/],
  ['RFF503', 'mix', 'label: given', 'label: mix', /mix\(/],
  ['RFF503', '1', 'layer h3[40] {', 'layer h3[40] { objective: 1,'],
  ['RFF503', '0', '{ normalize: h / 2 }', '{ embed: 0 }', /digit\(at: 0\)/],
  ['RFF504', '1.2', 'damping:    0.7', 'damping: 1.2'],
  ['RFF504', '0', 'damping:    0.7', 'damping: 0'],
  ['RFF504', '1', 'dropout: 0.1', 'dropout: 1'],
  ['RFF504', '-1', 'dropout: 0.1', 'lr_scale: -1'],
  ['RFF504', '2', 'sign: -1, bias: off', 'sign: 2, bias: off'],
  ['RFF504', '2', 'dropout: 0.1', 'delay: 2'],
  ['RFF504', '-5e-6', 'rmsprop(lr: 5e-6)', 'rmsprop(lr: -5e-6)'],
  ['RFF504', '0', 'h3[40]', 'h3[0]'],
  ['RFF504', '-3', 'h3[40]', 'h3[-3]'],
  ['RFF504', '1e9', 'h3[40]', 'h3[1e9]'],
  ['RFF504', '0', 'settle[3]', 'settle[0]'],
  ['RFF504', '0', 'every: 10', 'every: 0'],
  ['RFF504', '1', 'epochs: 60', 'validation: 1'],
  ['RFF504', '-1', 'epochs: 60', 'augment: shift(-1)'],
  ['RFF504', '181', 'epochs: 60', 'augment: [shift(2), rotate(181)]'],
  ['RFF511', '1.5', 'epochs: 60', 'augment: shift(1.5)'],
  ['RFF503', '[]', 'epochs: 60', 'augment: []', /shift\(2\)/],
  ['RFF503', 'noise', 'epochs: 60', 'augment: noise', /write `noise\(0.1\)`/],
  ['RFF505', 'rotat', 'epochs: 60', 'augment: [shift(2), rotat(10)]', /rotate/],
  ['RFF508', 'noise()', 'epochs: 60', 'augment: noise()', /std/],
  ['RFF504', '-1', 'frame(0)', 'frame(-1)'],
  ['RFF504', '1', 'digit[10]', 'digit[1]'],
  ['RFF504', '0', '0.1307, 0.3081', '0.1307, 0'],
  ['RFF504', '0', 'batch: 5000', 'batch: 0'],
  ['RFF505', 'minst', 'mnist(', 'minst(', /mnist/],
  ['RFF505', 'xavier', 'orthogonal(gain: sqrt(2))', 'xavier()'],
  ['RFF505', 'rms', 'rmsprop(lr: 5e-6)', 'rms(lr: 5e-6)'],
  ['RFF506', 'learning_rate', 'rmsprop(lr: 5e-6)', 'rmsprop(learning_rate: 5e-6)', /`lr`/],
  ['RFF506', 'epsilon', 'rms_norm(h, eps: 1e-8)', 'rms_norm(h, epsilon: 1e-8)'],
  ['RFF507', '3', 'uniform(-0.05, 0.05)', 'uniform(-0.05, 0.05, 3)'],
  ['RFF507', 'z', 'sharp(z)', 'sharp(z, 1, z)'],
  ['RFF508', 'step(every: 10)', 'step(every: 10, gamma: 0.9)', 'step(every: 10)', /gamma/],
  ['RFF508', 'sharp()', 'sharp(z)', 'sharp()'],
  ['RFF508', 'c', 'fn spike(z)', 'fn spike(z, b = 1, c)'],
  ['RFF509', 'a: 1', 'uniform(-0.05, 0.05)', 'uniform(-0.05, a: 1)'],
  ['RFF510', 'train', '    data: mnist(normalize: [0.1307, 0.3081])\n', ''],
  ['RFF510', 'objective', '    goodness: mean(h^2)\n', ''],
  ['RFF511', '2.5', 'settle[3]', 'settle[2.5]'],
  ['RFF511', 'units / 3', 'h3[40]', 'h3[units / 3]'],
  ['RFF511', '0.5', 'frame(0)', 'frame(0.5)'],
  ['RFF512', 'least', 'predict: min', 'predict: least'],
  ['RFF512', 'givn', 'label: given', 'label: givn', /given/],
  ['RFF512', 'fram', 'frame(0)', 'fram(0)', /frame/],
  ['RFF512', 'raws', 'random_label()', 'latent_classifier(features: raws)', /raw/],
  ['RFF513', '-0.05', 'uniform(-0.05, 0.05)', 'uniform(0.05, -0.05)'],
  ['RFF513', 'nesterov: on', 'rmsprop(lr: 5e-6)', 'sgd(lr: 0.1, nesterov: on)'],
  ['RFF513', '5', 'step(every: 10, gamma: 0.9)', 'linear(5, 5)'],
  // decoders
  [
    'RFF203',
    'imag',
    '  connect digit -> h3 as context\n',
    '  connect digit -> h3 as context\n  decode imag from h1\n',
    /image/,
  ],
  [
    'RFF203',
    'h9',
    '  connect digit -> h3 as context\n',
    '  connect digit -> h3 as context\n  decode image from h1, h9\n',
  ],
  [
    'RFF208',
    'h1',
    '  connect digit -> h3 as context\n',
    '  connect digit -> h3 as context\n  decode image from h1, h1\n',
  ],
  [
    'RFF304',
    'decode',
    '  connect digit -> h3 as context\n',
    '  connect digit -> h3 as context\n  decode image from h1\n  decode image from h2\n',
  ],
  [
    'RFF402',
    'x - y',
    '  connect digit -> h3 as context\n',
    '  connect digit -> h3 as context\n  decode image from h1 { loss: x - y }\n',
  ],
  [
    'RFF411',
    'mean(x)',
    '  connect digit -> h3 as context\n',
    '  connect digit -> h3 as context\n  decode image from h1 { loss: mean(x) }\n',
  ],
  [
    'RFF402',
    'mean(z)',
    '  connect digit -> h3 as context\n',
    '  connect digit -> h3 as context\n  decode image from h1 { activation: mean(z) }\n',
  ],
  [
    'RFF201',
    'h',
    '  connect digit -> h3 as context\n',
    '  connect digit -> h3 as context\n  decode image from h1 { loss: mean(h - y) }\n',
  ],
  [
    'RFF501',
    'normalize',
    '  connect digit -> h3 as context\n',
    '  connect digit -> h3 as context\n  decode image from h1 { normalize: z }\n',
  ],
  // fast weights
  ['RFF514', 'fast', 'dropout: 0.1', 'fast: decay(0.9)', /remove `init`, or `fast`/],
  ['RFF514', 'rate', 'dropout: 0.1', 'rate: 0.5', /fast: decay\(0\.9\)/],
  [
    'RFF514',
    'fast',
    'connection context ',
    'connection quick { fast: decay(0.9), bias: off, dropout: 0.1 }\nconnection context ',
    /`bias` and `dropout`/,
  ],
  ['RFF503', 'decay', 'connection context ', 'connection quick { fast: decay }\nconnection context '],
  ['RFF508', 'decay()', 'connection context ', 'connection quick { fast: decay() }\nconnection context '],
  ['RFF504', '1.5', 'connection context ', 'connection quick { fast: decay(1.5) }\nconnection context '],
  [
    'RFF504',
    '-1',
    'connection context ',
    'connection quick { fast: decay(1), rate: -1 }\nconnection context ',
  ],
  [
    'RFF307',
    'h4',
    'layer h3[40]',
    'layer h4[10]\n connection quick { fast: decay(0.9) }\n connect h1 -> h4, h4 -> h4 as quick\n layer h3[40]',
    /connect something/,
  ],
  [
    'RFF322',
    'image',
    '{ dropout: 0.1 }',
    '{ dropout: 0.1 }\n connection quick { fast: decay(0.9) }\n connect image -> h3 as quick',
    /without `fast`/,
  ],
  [
    'RFF306',
    'h1 -> h1',
    '{ dropout: 0.1 }',
    '{ dropout: 0.1 }\n connection quick { fast: decay(0.9), delay: 0 }\n connect h1 -> h1 as quick',
  ],
];

/** Cases that need more than one change, an option, or another file. */
/** Functions d1 … dN, each twice the one before: an expression that grows beyond all bounds. */
const doubled = (n: number) =>
  Array.from({ length: n }, (_, i) => `fn d${i + 1}(z) = d${i}(z) + d${i}(z)\n`).join('');

const others: readonly {
  code: keyof typeof checkCodes;
  text: () => string;
  options?: CheckOptions;
  underlined?: string;
}[] = [
  { code: 'RFF207', text: () => sound, options: { set: { theat: 1 } } },
  { code: 'RFF504', text: () => sound, options: { set: { theta: Number.NaN } } },
  { code: 'RFF211', text: () => sound, options: { model: 'nett' } },
  {
    code: 'RFF208',
    text: () => `${sound}\n${sound.slice(sound.indexOf('model'))}`,
    options: { model: 'net' },
  },
  { code: 'RFF301', text: () => 'fn f(z) = z' },
  { code: 'RFF301', text: () => '' },
  {
    code: 'RFF302',
    text: () => `${sound}\n${sound.slice(sound.indexOf('model')).replace('model net', 'model net2')}`,
  },
  {
    code: 'RFF303',
    underlined: 'net',
    text: () => sound.replace(/ {2}schedule \{[\s\S]*\n {2}\}\n(?=\n {2}neg)/, ''),
  },
  {
    code: 'RFF303',
    underlined: 'net',
    text: () =>
      sound
        .replace(/ {2}objective \{[\s\S]*?\n {2}\}/, '')
        .replaceAll('units', 'theta')
        .replace('1.5', '20')
        .replace(/ param theta = 20\n/, ''),
  },
  { code: 'RFF303', underlined: 'net', text: () => sound.replace(/ {2}train \{[\s\S]*?\n {2}\}/, '') },
  {
    code: 'RFF307',
    underlined: 'h4',
    text: () =>
      changed(
        ['layer h3[40]', 'layer h4[10], h5[10], h6[10], h3[40]'],
        ['h2 -> h2 as', 'h2 -> h2, h4 -> h5 -> h6 -> h4 as'],
      ),
  },
  {
    code: 'RFF307',
    underlined: 'h4',
    text: () =>
      changed(
        ['layer h3[40]', 'layer h6[1], h4[1], h5[1], h3[40]'],
        ['h2 -> h2 as', 'h2 -> h2, h4 -> h4, h4 -> h5 -> h6 as'],
      ),
  },
  {
    code: 'RFF314',
    underlined: 'given',
    text: () =>
      changed(
        ['  label digit[10]\n', ''],
        ['  connect digit -> h3 as context\n', '  connect h1 -> h3 as context\n'],
        ['label: uniform, ', ''],
      ),
  },
  {
    code: 'RFF314',
    underlined: 'random_label()',
    text: () =>
      changed(
        ['  label digit[10]\n', ''],
        ['  connect digit -> h3 as context\n', '  connect h1 -> h3 as context\n'],
        ['label: uniform, ', ''],
        ['{ label: given }', ''],
      ),
  },
  {
    code: 'RFF324',
    underlined: 'softmax()',
    text: () =>
      changed(
        ['  label digit[10]\n', ''],
        ['  connect digit -> h3 as context\n', '  connect h1 -> h3 as context\n'],
        ['label: uniform, ', ''],
        ['{ label: given }', ''],
        ['random_label()', 'hybrid_images()\n  readout: softmax()'],
      ),
  },
  {
    code: 'RFF203',
    underlined: 'h9',
    text: () => changed(['random_label()', 'random_label()\n  readout: softmax(layers: [h1, h9])']),
  },
  {
    code: 'RFF321',
    underlined: 'hybrid_images()',
    text: () =>
      changed(
        ['random_label()', 'hybrid_images()'],
        ['image[784]', 'image[783]'],
        ['mnist(normalize: [0.1307, 0.3081])', 'tensors("x.safetensors")'],
      ),
  },
  {
    code: 'RFF320',
    underlined: 'h3',
    text: () =>
      changed(['  objective {', '  objective main {'], ['damping:    0.7', 'damping: 0.7, objective: main']),
  },
  {
    code: 'RFF335',
    underlined: 'show',
    text: () =>
      changed(
        ['{ label: given }', '{ label: uniform }\n    phase show[2] { label: given, learn: off }'],
        ['score learn[4..6]', 'score show[0..1]'],
      ),
  },
  {
    code: 'RFF323',
    underlined: 'decode',
    text: () =>
      changed(
        ['{ label: given }', '{ label: given, input: hidden }'],
        ['  objective {', '  decode image from h1\n  objective {'],
      ),
  },
  {
    code: 'RFF410',
    text: () => changed(['connection forward ', `fn d0(z) = z * z\n${doubled(20)}connection forward `]),
  },
  { code: 'RFF410', text: () => changed(['spike(z) + z', `spike(z) + z${' + z'.repeat(500)}`]) },
];

function underlined(text: string, span: { start: number; end: number } | undefined): string | undefined {
  return span && text.slice(span.start, span.end);
}

describe('check', () => {
  it('reports nothing about a valid model', () => {
    const { document, diagnostics, syntax } = run(sound);
    expect([...syntax, ...diagnostics]).toEqual([]);
    expect(document).toBeDefined();
  });

  it.each(cases.map((c) => [c[0], c[1], c[2], c[3], c] as const))(
    '%s underlines %s: %s => %s',
    (code, expected, from, to, [, , , , hint]) => {
      const text = changed([from, to]);
      const { diagnostics, syntax, document } = run(text);
      expect(syntax).toEqual([]);
      // The replaced text may have been the only use of something.
      const said = diagnostics.filter((d) => code === 'RFF210' || d.code !== 'RFF210');
      expect(said.map((d) => [d.code, underlined(text, d.span)])).toEqual([[code, expected]]);
      expect(document === undefined).toBe(said.some((d) => d.severity === 'error'));
      if (hint) expect(said[0]?.hint).toMatch(hint);
      for (const d of diagnostics) {
        expect(d.file).toBe('net.rff');
        expect(d.message).not.toContain('\n');
      }
    },
  );

  it.each(others)('$code, case %#', ({ code, text, options, underlined: expected }) => {
    const source = text();
    const { diagnostics, syntax } = run(source, options);
    expect(syntax).toEqual([]);
    const said = diagnostics.filter((d) => d.code !== 'RFF210');
    expect(said.map((d) => d.code)).toEqual([code]);
    if (expected) expect(underlined(source, said[0]?.span)).toBe(expected);
  });

  it('has a case for each code', () => {
    const tested = new Set<string>([...cases.map(([code]) => code), ...others.map(({ code }) => code)]);
    // Only for documents: tested in document.test.ts.
    const ofDocuments = ['RFF330', 'RFF331', 'RFF332'];
    const untested = Object.keys(checkCodes).filter(
      (code) => !tested.has(code) && !ofDocuments.includes(code),
    );
    expect(untested).toEqual([]);
  });

  it('lists everything that an empty model lacks', () => {
    const { diagnostics } = run('model m { }');
    expect(diagnostics.map((d) => d.code)).toEqual(Array(5).fill('RFF303'));
    expect(diagnostics.map((d) => d.message.replace(/.* has no /, '')).sort()).toEqual([
      '`train`',
      'input',
      'layer',
      'objective',
      'schedule',
    ]);
  });

  it('reports a mistake shared by many layers once', () => {
    const text = changed(
      ['damping:    0.7', 'damping: 2 * n'],
      ['orthogonal(gain: sqrt(2))', 'orthogonal(gain: -fan_in)'],
    );
    expect(run(text).diagnostics.map((d) => d.code)).toEqual(['RFF504', 'RFF504']);
  });

  it('reports five mistakes as five', () => {
    const text = changed(
      ['damping:    0.7', 'dampng: 0.7'],
      ['mean(h^2)', 'h^2'],
      ['learn[4..6]', 'learn[4..60]'],
      ['rmsprop(lr: 5e-6)', 'rmsprop(lr: 0)'],
      ['h3 -> h2 -> h1 as backward', 'h3 -> h2 -> h11 as backward'],
    );
    expect(run(text).diagnostics.map((d) => d.code)).toEqual([
      'RFF501',
      'RFF203',
      'RFF402',
      'RFF315',
      'RFF504',
    ]);
  });

  it('does not report consequences of a syntax error', () => {
    for (const [from, to] of [
      ['label digit[10]', 'label [10]'],
      ['input image[784]', 'input image[784'],
      ['layer h3[40]', 'layer h3[]'],
      ['param theta = 1.5', 'param theta 1.5'],
      ['  schedule {', '  schedul {'],
      ['connect digit -> h3 as context', 'connect digit -> as context'],
      ['connect digit -> h3 as context', 'connect digit -> h3'],
      ['goodness: mean(h^2)', 'goodness: mean(h^2'],
      ['goodness: mean(h^2)', 'goodness mean(h^2)'],
      ['data: mnist', 'data: = mnist'],
      ['data: mnist(normalize: [0.1307, 0.3081])', 'data:'],
      ['phase learn[10]', 'phase learn[]'],
      ['fn sharp(z, b = 2) = z * sigmoid(b * z)', 'fn sharp(z, b = 2) = z * * sigmoid(b * z)'],
    ] as const) {
      const { syntax, diagnostics, document } = run(changed([from, to]));
      expect(syntax.length, to).toBeGreaterThan(0);
      expect(
        diagnostics.filter((d) => d.severity === 'error'),
        to,
      ).toEqual([]);
      expect(document).toBeUndefined();
    }
  });

  it('never throws, whatever is removed', () => {
    const tokens = sound.match(/\s+|\w+|[^\s\w]/g) ?? [];
    for (let i = 0; i < tokens.length; i += 3) {
      const text = [...tokens.slice(0, i), ...tokens.slice(i + 1 + (i % 4))].join('');
      const { document, diagnostics, syntax } = run(text);
      const wrong = [...syntax, ...diagnostics].some((d) => d.severity === 'error');
      expect(document === undefined, text).toBe(wrong);
      if (document)
        expect(validateDocument(JSON.parse(JSON.stringify(document))).document, text).toBeDefined();
    }
  });

  it('uses params set from outside, also in values computed from them', () => {
    const text = changed(['param units = 20', 'param units = theta * 10 + 5']);
    const { document } = run(text, { set: { theta: 2.5 } });
    expect(document?.params).toEqual({ theta: 2.5, units: 30 });
    expect(document?.layers[0]?.size).toBe(30);
    expect(document?.objectives[0]?.positive).toEqual(['softplus', ['sub', 'goodness', 2.5]]);
  });

  it('accepts names that are built-in properties of JavaScript objects', () => {
    const text = changed(
      ['param units', 'param toString = 2, param __proto__ = 3, param units'],
      ['spike(z) + z', 'spike(z) * toString + z * __proto__'],
      ['damping:    0.7', 'valueOf: 0.7'],
      ['random_label()', 'constructor()'],
    );
    expect(run(text).diagnostics.map((d) => d.code)).toEqual(['RFF501', 'RFF505']);
    const fine = changed(
      ['layer h3[40]', 'layer constructor[2], h3[40]'],
      ['h2 -> h2 as', 'h2 -> h2, h1 -> constructor as'],
    );
    expect(run(fine).document?.layers[2]?.name).toBe('constructor');
  });

  it('picks one of several models', () => {
    const two = `${sound}\nmodel other { }`;
    expect(run(two, { model: 'net' }).document?.name).toBe('net');
    expect(run(two).diagnostics.map((d) => d.code)).toContain('RFF302');
  });
});

describe('the document', () => {
  const { document } = run(sound);
  it('has sizes, defaults and inherited properties', () => {
    expect(document?.layers.map((l) => [l.name, l.size, l.damping, l.objective])).toEqual([
      ['h1', 20, 0.7, 0],
      ['h2', 30, 0.7, 0],
      ['h3', 40, 1, 0],
    ]);
    const connection = (name: string) => document?.connections.find((c) => c.name === name);
    expect(document?.connections.map((c) => c.name)).toEqual([
      'h1.image.forward',
      'h2.h1.forward',
      'h3.h2.forward',
      'h2.h3.backward',
      'h1.h2.backward',
      'h3.digit.context',
      'h1.h1.lateral',
      'h2.h2.lateral',
    ]);
    expect(connection('h2.h1.forward')).toMatchObject({
      sign: 1,
      delay: 1,
      dropout: 0,
      learn: true,
      lr_scale: 1,
      field: null,
    });
    expect(connection('h2.h1.forward')?.init).toEqual({ name: 'kaiming_uniform', gain: Math.sqrt(1 / 3) });
    expect(connection('h2.h1.forward')?.bias).toEqual({
      name: 'uniform',
      low: -1 / Math.sqrt(20),
      high: 1 / Math.sqrt(20),
    });
    expect(connection('h2.h3.backward')).toMatchObject({
      sign: -1,
      init: { name: 'uniform', low: -0.05, high: 0.05 },
    });
    expect(connection('h3.digit.context')).toMatchObject({
      bias: null,
      init: { name: 'normal', mean: 0, std: 3 * Math.sqrt(2 / 10) },
    });
    expect(connection('h1.h1.lateral')).toMatchObject({
      dropout: 0.1,
      init: { name: 'orthogonal', gain: Math.SQRT2 },
    });
    expect(document?.train).toEqual({
      data: { name: 'mnist', options: { normalize: [0.1307, 0.3081] } },
      epochs: 60,
      batch: 100,
      seed: 0,
      shuffle: true,
      validation: 0,
      optimizer: { name: 'rmsprop', lr: 5e-6, alpha: 0.99, eps: 1e-8, momentum: 0 },
      decay: { name: 'step', every: 10, gamma: 0.9 },
    });
    expect(document?.score).toEqual({ phase: 'learn', from: 4, to: 6, layers: ['h1', 'h2', 'h3'] });
    expect(document?.phases[0]).toEqual({
      name: 'settle',
      steps: 3,
      label: { name: 'uniform' },
      input: { name: 'frame', index: 0 },
      learn: false,
      damping: false,
    });
  });

  it('lists augmentations in order: a single call is a list of one, and without `augment` there is none', () => {
    const augmented = (property: string) =>
      run(sound.replace('epochs: 60', `epochs: 60, ${property}`)).document?.train.augment;
    expect(augmented('augment: shift(theta + 0.5)')).toEqual([{ name: 'shift', pixels: 2 }]);
    expect(augmented('augment: [noise(0.1), rotate(degrees: 10)]')).toEqual([
      { name: 'noise', std: 0.1 },
      { name: 'rotate', degrees: 10 },
    ]);
    expect(Object.hasOwn(document?.train ?? {}, 'augment')).toBe(false);
  });

  it('repeats strokes up to the frames that the schedule reads, unless set', () => {
    const strokes = (call: string, input = 'label: given') =>
      run(
        sound
          .replace('image[784]', 'image[4]')
          .replace('mnist(normalize: [0.1307, 0.3081])', call)
          .replace('label: given', input),
      ).document?.train.data.options;
    expect(strokes('strokes()')).toEqual({ frames: 10 });
    expect(strokes('strokes("there")', 'label: given, input: frame(2 * t + 3)')).toEqual({
      dir: 'there',
      frames: 22,
    });
    expect(strokes('strokes()', 'label: given, input: hidden')).toEqual({ frames: 1 });
    expect(strokes('strokes(frames: 150)')).toEqual({ frames: 150 });
  });

  it('has expressions in primitive operators', () => {
    expect(document?.layers[0]?.activation).toEqual(['mul', 'z', ['sigmoid', ['mul', 2, 'z']]]);
    expect(document?.layers[0]?.normalize).toEqual([
      'div',
      'h',
      ['sqrt', ['add', ['mean', ['pow', 'h', 2]], 1e-8]],
    ]);
    expect(document?.layers[2]?.activation).toEqual([
      'add',
      ['surrogate', ['gt', 'z', 0], ['div', 1, ['pow', ['add', 1, ['abs', 'z']], 2]], 'z'],
      'z',
    ]);
    expect(document?.input.normalize).toEqual(['div', 'h', 2]);
  });

  it('has source locations', () => {
    const lines = sound.split('\n');
    const at = (path: string): string => {
      const [line, column] = document!.places[path]!;
      return lines[line - 1]!.slice(column - 1);
    };
    expect(at('layers/h2')).toMatch(/^h2\[30\]/);
    expect(at('layers/h2/damping')).toMatch(/^0\.7/);
    expect(at('connections/h2.h3.backward')).toMatch(/^h3 -> h2/);
    expect(at('connections/h1.h1.lateral/dropout')).toMatch(/^0\.1/);
    expect(at('objectives/0/goodness')).toMatch(/^mean/);
    expect(at('phases/learn/label')).toMatch(/^given/);
    expect(at('score')).toMatch(/^4\.\.6/);
    expect(at('train/optimizer')).toMatch(/^rmsprop/);
    expect(at('negatives')).toMatch(/^random_label/);
  });
});

describe('hybrid images', () => {
  const unlabelled = () =>
    changed(
      ['  label digit[10]\n', ''],
      ['  connect digit -> h3 as context\n', '  connect h1 -> h3 as context\n'],
      ['label: uniform, ', ''],
      ['{ label: given }', ''],
      ['random_label()', 'hybrid_images()'],
    );

  it('need no label, and default to a square grid', () => {
    const { document, diagnostics } = run(unlabelled());
    expect(diagnostics).toEqual([]);
    expect(document?.negatives).toEqual({ name: 'hybrid_images', grid: [28, 28], blur: 6 });
    expect(document?.label).toBeNull();
  });

  it('accept a label that only names the classes of a readout', () => {
    const only = ['  connect digit -> h3 as context\n', '  connect h1 -> h3 as context\n'] as const;
    const named = (readout: string) =>
      run(changed(only, ['random_label()', `hybrid_images()\n${readout}`])).diagnostics.map((d) => [
        d.code,
        d.hint,
      ]);
    expect(named('readout: softmax(layers: [h2], epochs: 4)')).toEqual([]);
    expect(named('')).toEqual([['RFF318', expect.stringContaining('readout: softmax()')]]);
    const { document } = run(
      changed(['random_label()', 'random_label()\n  readout: softmax(layers: [h2], epochs: 4)']),
    );
    expect(document?.readout).toMatchObject({
      name: 'softmax',
      features: 'normalized',
      layers: ['h2'],
      epochs: 4,
    });
  });

  it('accept a grid that is not square, and a label that is never `given`', () => {
    const text = changed(
      ['random_label()', 'hybrid_images(grid: [14, 56], blur: 2)'],
      ['{ label: given }', '{ label: uniform }'],
    );
    const { document, diagnostics } = run(text);
    expect(diagnostics.map((d) => [d.code, d.severity])).toEqual([['RFF333', 'warning']]);
    expect(document?.negatives).toEqual({ name: 'hybrid_images', grid: [14, 56], blur: 2 });
  });
});
