/** Examples of the codes RFF2xx to RFF5xx: what a model says. Those of documents are made by commands. */
import { type ExampleTable, model, shell } from './example.js';

export const checkExamples: ExampleTable = {
  // names
  RFF201: model(
    { layers: 'layer h1[20], h2[20] { activation: relu(h) }' },
    { layers: 'layer h1[20], h2[20] { activation: relu(z) }' },
  ),
  RFF202: model(
    { layers: 'layer h1[20], h2[20] { activation: leaky_rely(z) }' },
    { layers: 'layer h1[20], h2[20] { activation: leaky_relu(z) }' },
  ),
  RFF203: model(
    { connect: 'connect image -> h1 -> h2, digt -> h1, digit -> h2 as forward' },
    { connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward' },
  ),
  RFF204: model(
    { connect: 'connect image -> h1 -> h2 as foward\nconnect digit -> h1, digit -> h2 as forward' },
    { connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward' },
  ),
  RFF205: model(
    { layers: 'layer h1[20], h2[20] { objective: main }' },
    {
      layers: 'layer h1[20], h2[20] { objective: main }',
      objective: `objective main {
  goodness: mean(h^2)
  positive: softplus(goodness - 1.5)
  negative: softplus(1.5 - goodness)
}`,
    },
  ),
  RFF206: model(
    { schedule: 'schedule { phase learn[4] { label: given }, score lern[1..3] }' },
    { schedule: 'schedule { phase learn[4] { label: given }, score learn[1..3] }' },
  ),
  RFF207: shell(['rffc check model.rff --set thetta=1.2'], ['rffc check model.rff --set theta=1.2']),
  RFF208: model(
    { layers: 'layer h1[20], h2[20], h2[10] { damping: 0.7 }' },
    { layers: 'layer h1[20], h2[20] { damping: 0.7 }' },
  ),
  RFF209: model(
    { functions: 'fn tanh(z) = z / (1 + abs(z))', layers: 'layer h1[20], h2[20] { activation: tanh(z) }' },
    {
      functions: 'fn soft_sign(z) = z / (1 + abs(z))',
      layers: 'layer h1[20], h2[20] { activation: soft_sign(z) }',
    },
  ),
  RFF210: model(
    { connections: 'connection forward { }\nconnection backward { sign: -1 }' },
    {
      connections: 'connection forward { }\nconnection backward { sign: -1 }',
      connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward\nconnect h2 -> h1 as backward',
    },
  ),
  RFF211: shell(['rffc check model.rff --model smal'], ['rffc check model.rff --model small']),
  // structure
  RFF301: shell(['head -n 1 model.rff > types.rff', 'rffc check types.rff'], ['rffc check model.rff']),
  RFF302: shell(
    ['(cat model.rff; sed "1d; s/small/large/" model.rff) > two.rff', 'rffc run two.rff'],
    ['(cat model.rff; sed "1d; s/small/large/" model.rff) > two.rff', 'rffc run two.rff --model large'],
  ),
  RFF303: model({ schedule: 'schedule { }' }, { schedule: 'schedule { phase learn[4] { label: given } }' }),
  RFF304: model({ input: 'input image[784]\ninput sound[784]' }, { input: 'input image[784]' }),
  RFF305: model(
    { connect: 'connect image -> h1 -> h2 -> digit as forward\nconnect digit -> h1, digit -> h2 as forward' },
    { connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward' },
  ),
  RFF306: model(
    {
      connections: 'connection forward { delay: 0 }\nconnection backward { delay: 0 }',
      connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward\nconnect h2 -> h1 as backward',
    },
    {
      connections: 'connection forward { delay: 0 }\nconnection backward { delay: 1 }',
      connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward\nconnect h2 -> h1 as backward',
    },
  ),
  RFF307: model(
    {
      layers: 'layer h1[20], h2[20], h3[20] { damping: 0.7 }',
      connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward',
    },
    {
      layers: 'layer h1[20], h2[20], h3[20] { damping: 0.7 }',
      connect: 'connect image -> h1 -> h2 -> h3, digit -> h1, digit -> h2 as forward',
    },
  ),
  RFF308: model(
    { connect: 'connect image -> h1 -> h2, image -> h1, digit -> h1, digit -> h2 as forward' },
    { connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward' },
  ),
  RFF309: model(
    { connections: 'connection forward extends forward { sign: 1 }' },
    { connections: 'connection forward { sign: 1 }' },
  ),
  RFF311: model({ input: 'input image[28]' }, { input: 'input image[784]' }),
  RFF312: model(
    {
      connections: 'connection forward { }\nconnection local { field: patch([28, 28], size: 7, stride: 7) }',
      layers: 'layer h1[20], h2[20] { damping: 0.7 }',
      connect: 'connect image -> h1 as local\nconnect h1 -> h2, digit -> h1, digit -> h2 as forward',
    },
    {
      connections: 'connection forward { }\nconnection local { field: patch([28, 28], size: 7, stride: 7) }',
      layers: 'layer h1[16], h2[20] { damping: 0.7 }',
      connect: 'connect image -> h1 as local\nconnect h1 -> h2, digit -> h1, digit -> h2 as forward',
    },
  ),
  RFF313: model(
    { input: 'input image[784] { embed: digit(at: 780) }' },
    { input: 'input image[784] { embed: digit(at: 774) }' },
  ),
  RFF314: model(
    { label: '', connect: 'connect image -> h1 -> h2 as forward' },
    { label: 'label digit[10]', connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward' },
  ),
  RFF315: model(
    { schedule: 'schedule { phase learn[4] { label: given }, score learn[1..4] }' },
    { schedule: 'schedule { phase learn[4] { label: given }, score learn[1..3] }' },
  ),
  RFF316: model(
    { schedule: 'schedule { phase learn[4] { label: given, learn: off }, score learn[1..3] }' },
    { schedule: 'schedule { phase learn[4] { label: given, learn: on }, score learn[1..3] }' },
  ),
  RFF317: model(
    { schedule: 'schedule { phase learn[4] { label: uniform }, score learn[1..3] }' },
    { schedule: 'schedule { phase learn[4] { label: given }, score learn[1..3] }' },
  ),
  RFF318: model(
    { connect: 'connect digit -> h1 -> h2 as forward' },
    { connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward' },
  ),
  RFF319: model(
    { objective: 'objective { goodness: mean(h^2), positive: softplus(goodness - 1.5) }' },
    {
      objective:
        'objective { goodness: mean(h^2), positive: softplus(goodness - 1.5), negative: softplus(1.5 - goodness) }',
    },
  ),
  RFF320: model(
    {
      layers: 'layer h1[20] { objective: low }\nlayer h2[20]',
      objective: 'objective low { goodness: mean(h^2), pair: softplus(pos - neg) }',
    },
    {
      layers: 'layer h1[20] { objective: low }\nlayer h2[20] { objective: low }',
      objective: 'objective low { goodness: mean(h^2), pair: softplus(pos - neg) }',
    },
  ),
  RFF321: model(
    { negatives: 'negatives: hybrid_images(grid: [28, 27])' },
    { negatives: 'negatives: hybrid_images(grid: [28, 28])' },
  ),
  RFF322: model(
    {
      connections: 'connection forward { }\nconnection fast { fast: decay(0.9) }',
      connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward\nconnect image -> h2 as fast',
    },
    {
      connections: 'connection forward { }\nconnection fast { fast: decay(0.9) }',
      connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward\nconnect h2 -> h2 as fast',
    },
  ),
  RFF323: model(
    {
      decode: 'decode image from h1',
      schedule: 'schedule { phase learn[4] { label: given, input: hidden }, score learn[1..3] }',
    },
    {
      decode: 'decode image from h1',
      schedule: 'schedule { phase learn[4] { label: given }, score learn[1..3] }',
    },
  ),
  RFF324: model(
    {
      label: '',
      connect: 'connect image -> h1 -> h2 as forward',
      schedule: 'schedule { phase learn[4], score learn[1..3] }',
      negatives: 'negatives: hybrid_images()\nreadout: softmax()',
    },
    {
      label: 'label digit[10]',
      connect: 'connect image -> h1 -> h2 as forward',
      schedule: 'schedule { phase learn[4], score learn[1..3] }',
      negatives: 'negatives: hybrid_images()\nreadout: softmax()',
    },
  ),
  RFF333: model(
    {
      schedule:
        'schedule {\n  phase settle[3] { label: uniform, learn: off }\n  phase learn[4]  { label: given }\n' +
        '  score settle[0..2]\n}',
    },
    {
      schedule:
        'schedule {\n  phase settle[3] { label: uniform, learn: off }\n  phase learn[4]  { label: given }\n' +
        '  score learn[1..3]\n}',
    },
  ),
  RFF334: model(
    { connect: 'connect image -> h1 -> h2, digit -> h2 as forward' },
    { connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward' },
  ),
  RFF335: model(
    {
      schedule:
        'schedule {\n  phase learn[4] { label: uniform }\n  phase show[4]  { label: given, learn: off }\n}',
    },
    {
      schedule:
        'schedule {\n  phase settle[4] { label: uniform, learn: off }\n  phase learn[4]  { label: given }\n}',
    },
  ),
  RFF336: model(
    {
      objective:
        'objective {\n  goodness: mean(h^2)\n  positive: softplus(goodness - 1.5)\n' +
        '  negative: softplus(goodness - 1.5)\n}',
    },
    {
      objective:
        'objective {\n  goodness: mean(h^2)\n  positive: softplus(goodness - 1.5)\n' +
        '  negative: softplus(1.5 - goodness)\n}',
    },
  ),
  RFF337: model(
    {
      layers: 'layer h1[20] { objective: low }\nlayer h2[20] { objective: high }',
      objective: `objective low  { goodness: mean(h^2), pair: softplus(pos - neg), predict: min }
objective high { goodness: mean(h^2), pair: softplus(neg - pos), predict: max }`,
      schedule: 'schedule { phase learn[4] { label: given }, score learn[1..3] }',
    },
    {
      layers: 'layer h1[20] { objective: low }\nlayer h2[20] { objective: high }',
      objective: `objective low  { goodness: mean(h^2), pair: softplus(pos - neg), predict: min }
objective high { goodness: mean(h^2), pair: softplus(neg - pos), predict: max }`,
      schedule: 'schedule { phase learn[4] { label: given }, score learn[1..3] over h1 }',
    },
  ),
  RFF338: model(
    { connect: 'connect image -> h1 -> h2 as forward' },
    { connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward' },
  ),
  RFF339: model(
    {
      connect: 'connect image -> h1 -> h2 -> h1, digit -> h1 as forward',
      schedule: 'schedule { phase learn[4] { label: given }, score learn[0..0] }',
    },
    {
      connect: 'connect image -> h1 -> h2 -> h1, digit -> h1 as forward',
      schedule: 'schedule { phase learn[4] { label: given }, score learn[1..3] }',
    },
  ),
  // model documents
  RFF330: shell(
    [
      'rffc compile model.rff --emit model -o model.json',
      'sed \'s/"size": 784/"size": 0/\' model.json > none.json',
      'rffc check none.json',
    ],
    ['rffc compile model.rff --emit model -o model.json', 'rffc check model.json'],
  ),
  RFF331: shell(
    [
      'rffc compile model.rff --emit model -o model.json',
      "sed 's/h1\\.image\\.forward/h1.image.first/' model.json > renamed.json",
      'rffc check renamed.json',
    ],
    ['rffc compile model.rff --emit model -o model.json', 'rffc check model.json'],
  ),
  RFF332: shell(
    [
      'rffc compile model.rff --emit model -o model.json',
      'sed \'s/"rffc": [0-9]*/"rffc": 0/\' model.json > old.json',
      'rffc check old.json',
    ],
    ['rffc compile model.rff --emit model -o model.json', 'rffc check model.json'],
  ),
  // expressions
  RFF402: model(
    { objective: 'objective { goodness: h^2, pair: softplus(pos - neg) }' },
    { objective: 'objective { goodness: mean(h^2), pair: softplus(pos - neg) }' },
  ),
  RFF403: model(
    { objective: 'objective { goodness: mean(h^2), pair: softplus(mean(pos - neg)) }' },
    { objective: 'objective { goodness: mean(h^2), pair: softplus(pos - neg) }' },
  ),
  RFF404: model(
    { params: 'param units = 2 * units', layers: 'layer h1[units], h2[units]' },
    { params: 'param units = 2 * 10', layers: 'layer h1[units], h2[units]' },
  ),
  RFF406: model(
    { layers: 'layer h1[20], h2[20] { activation: "relu" }' },
    { layers: 'layer h1[20], h2[20] { activation: relu(z) }' },
  ),
  RFF407: model(
    { layers: 'layer h1[20], h2[20] { normalize: h / (1 - 1) }' },
    { layers: 'layer h1[20], h2[20] { normalize: h / 2 }' },
  ),
  RFF408: model(
    { functions: 'fn half() = 0.5 derivative 0', layers: 'layer h1[20], h2[20] { activation: half() * z }' },
    { functions: 'fn half() = 0.5', layers: 'layer h1[20], h2[20] { activation: half() * z }' },
  ),
  RFF409: model(
    { objective: 'objective { goodness: mean(sum(h^2)), pair: softplus(pos - neg) }' },
    { objective: 'objective { goodness: sum(h^2), pair: softplus(pos - neg) }' },
  ),
  RFF410: model(
    {
      functions:
        `fn f1(z) = ${'z * '.repeat(40)}z\nfn f2(z) = ${'f1(z) + '.repeat(40)}z\n` +
        `fn f3(z) = ${'f2(z) + '.repeat(40)}z`,
      layers: 'layer h1[20], h2[20] { activation: f3(z) }',
    },
    {
      functions: 'fn f1(z) = z^41\nfn f2(z) = 40 * f1(z) + z\nfn f3(z) = 40 * f2(z) + z',
      layers: 'layer h1[20], h2[20] { activation: f3(z) }',
    },
  ),
  RFF411: model(
    { objective: 'objective { goodness: n, pair: softplus(pos - neg) }' },
    { objective: 'objective { goodness: sum(h^2) / n, pair: softplus(pos - neg) }' },
  ),
  RFF412: model(
    { layers: 'layer h1[20] { activation: step(z) }\nlayer h2[20]' },
    {
      functions: 'fn spike(z) = step(z) derivative 1 / (1 + abs(z))^2',
      layers: 'layer h1[20] { activation: spike(z) }\nlayer h2[20]',
    },
  ),
  RFF413: model(
    {
      objective:
        'objective {\n  goodness: mean(h^2)\n  positive: softplus(goodness - 1.5)\n' +
        '  negative: softplus(1.5 - goodness)\n  predict:  max\n}',
    },
    {
      objective:
        'objective {\n  goodness: mean(h^2)\n  positive: softplus(goodness - 1.5)\n' +
        '  negative: softplus(1.5 - goodness)\n  predict:  min\n}',
    },
  ),
  // properties and arguments
  RFF501: model(
    { layers: 'layer h1[20], h2[20] { dampign: 0.7 }' },
    { layers: 'layer h1[20], h2[20] { damping: 0.7 }' },
  ),
  RFF502: model(
    { layers: 'layer h1[20], h2[20] { damping: 0.7, damping: 0.8 }' },
    { layers: 'layer h1[20], h2[20] { damping: 0.8 }' },
  ),
  RFF503: model(
    { layers: 'layer h1[20], h2[20] { damping: on }' },
    { layers: 'layer h1[20], h2[20] { damping: 0.7 }' },
  ),
  RFF504: model(
    { layers: 'layer h1[20], h2[20] { damping: 1.7 }' },
    { layers: 'layer h1[20], h2[20] { damping: 0.7 }' },
  ),
  RFF505: model({ train: 'train { data: minst() }' }, { train: 'train { data: mnist() }' }),
  RFF506: model(
    { train: 'train { data: digits(), optimizer: adam(rate: 1e-3) }' },
    { train: 'train { data: digits(), optimizer: adam(lr: 1e-3) }' },
  ),
  RFF507: model(
    { layers: 'layer h1[20], h2[20] { activation: relu(z, 0.01) }' },
    { layers: 'layer h1[20], h2[20] { activation: leaky_relu(z, 0.01) }' },
  ),
  RFF508: model(
    { train: 'train { data: digits(), optimizer: sgd() }' },
    { train: 'train { data: digits(), optimizer: sgd(lr: 0.01) }' },
  ),
  RFF509: model(
    { layers: 'layer h1[20], h2[20] { activation: leaky_relu(z, z: 0.01) }' },
    { layers: 'layer h1[20], h2[20] { activation: leaky_relu(z, 0.01) }' },
  ),
  RFF510: model({ train: 'train { epochs: 2 }' }, { train: 'train { data: digits(), epochs: 2 }' }),
  RFF511: model({ layers: 'layer h1[20], h2[2.5]' }, { layers: 'layer h1[20], h2[3]' }),
  RFF512: model(
    { objective: 'objective { goodness: mean(h^2), pair: softplus(pos - neg), predict: least }' },
    { objective: 'objective { goodness: mean(h^2), pair: softplus(pos - neg), predict: min }' },
  ),
  RFF513: model(
    { train: 'train { data: digits(), optimizer: sgd(lr: 0.01, nesterov: on) }' },
    { train: 'train { data: digits(), optimizer: sgd(lr: 0.01, momentum: 0.9, nesterov: on) }' },
  ),
  RFF514: model(
    {
      connections: 'connection forward { }\nconnection fast { fast: decay(0.9), dropout: 0.1 }',
      connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward\nconnect h2 -> h2 as fast',
    },
    {
      connections: 'connection forward { }\nconnection fast { fast: decay(0.9) }',
      connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward\nconnect h2 -> h2 as fast',
    },
  ),
};
