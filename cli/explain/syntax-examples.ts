/** Examples of the codes RFF1xx: how a file is written. */
import { type ExampleTable, model } from './example.js';

export const syntaxExamples: ExampleTable = {
  RFF101: model(
    { label: '# one of ten digits\nlabel digit[10]' },
    { label: '// one of ten digits\nlabel digit[10]' },
  ),
  RFF102: model({ train: 'train { data: idx("digits) }' }, { train: 'train { data: idx("digits") }' }),
  RFF103: model(
    `connection forward { }
model small { }
/* to do: layers`,
    { label: '/* one of ten digits */\nlabel digit[10]' },
  ),
  RFF104: model(
    { layers: 'layer h1[20], h2[20 { damping: 0.7 }' },
    { layers: 'layer h1[20], h2[20] { damping: 0.7 }' },
  ),
  RFF105: model(
    { layers: 'layer h1[20], h2[20] { damping: 0.7) }' },
    { layers: 'layer h1[20], h2[20] { damping: 0.7 }' },
  ),
  RFF106: model(
    { layers: 'layer h1[20], h2[20] { damping: .7 }' },
    { layers: 'layer h1[20], h2[20] { damping: 0.7 }' },
  ),
  RFF107: model(
    { train: 'train { data: idx("C:\\digits") }' },
    { train: 'train { data: idx("C:/digits") }' },
  ),
  RFF108: model(
    { layers: 'layer h1[20], h2[20] { damping: }' },
    { layers: 'layer h1[20], h2[20] { damping: 0.7 }' },
  ),
  RFF109: model(
    { layers: 'layer h1[20], h2[20] { damping: 0.7 0.8 }' },
    { layers: 'layer h1[20], h2[20] { damping: 0.7 }' },
  ),
  RFF110: model({ label: 'lable digit[10]' }, { label: 'label digit[10]' }),
  RFF111: model(
    { train: 'train { data: digits(train: 200, test: 100) epochs: 2 }' },
    { train: 'train { data: digits(train: 200, test: 100), epochs: 2 }' },
  ),
  RFF112: model(
    { layers: 'layer h1[20], h2[20] { activation: if 0 < z < 1 then z else 0.1 * z }' },
    { layers: 'layer h1[20], h2[20] { activation: if (0 < z) * (z < 1) then z else 0.1 * z }' },
  ),
  RFF113: model(
    { connect: 'connect image -> as forward\nconnect h1 -> h2, digit -> h1, digit -> h2 as forward' },
    { connect: 'connect image -> h1 as forward\nconnect h1 -> h2, digit -> h1, digit -> h2 as forward' },
  ),
  RFF114: model(
    { layers: 'layer h1, h2[20] { damping: 0.7 }' },
    { layers: 'layer h1[20], h2[20] { damping: 0.7 }' },
  ),
  RFF115: model(
    { layers: 'layer h1[20], h2[20] { damping = 0.7 }' },
    { layers: 'layer h1[20], h2[20] { damping: 0.7 }' },
  ),
  RFF116: model(
    { schedule: 'phase learn[4] { label: given }\nschedule { score learn[1..3] }' },
    { schedule: 'schedule {\n  phase learn[4] { label: given }\n  score learn[1..3]\n}' },
  ),
  RFF117: model(
    { layers: 'layer h1[20], h2[20] { normalize: rms_norm(eps: 1e-8, h) }' },
    { layers: 'layer h1[20], h2[20] { normalize: rms_norm(h, eps: 1e-8) }' },
  ),
  RFF118: model(
    { layers: `layer h1[20], h2[20] {\n  activation: ${'abs('.repeat(65)}z${')'.repeat(65)}\n}` },
    { layers: 'layer h1[20], h2[20] {\n  activation: abs(z)\n}' },
  ),
  RFF119: model('import torch\nmodel = torch.nn.Linear(784, 128)', {
    layers: 'layer h1[128], h2[20] { damping: 0.7 }',
  }),
  RFF120: model(
    { objective: 'objective { goodness: h.pow(2).mean(1), pair: softplus(pos - neg) }' },
    { objective: 'objective { goodness: mean(h^2), pair: softplus(pos - neg) }' },
  ),
  RFF121: model({ input: 'input image(784)' }, { input: 'input image[784]' }),
  RFF122: model(
    { functions: 'import numpy', layers: 'layer h1[20], h2[20] { activation: tanh(z) }' },
    { functions: '', layers: 'layer h1[20], h2[20] { activation: tanh(z) }' },
  ),
  RFF123: model(
    { train: 'train: { data: digits(), epochs: 2 }' },
    { train: 'train { data: digits(), epochs: 2 }' },
  ),
  RFF124: model(
    { connect: 'connect image > h1 -> h2, digit -> h1, digit -> h2 as forward' },
    { connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward' },
  ),
};
