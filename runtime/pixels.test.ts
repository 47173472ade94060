import { expect, it } from 'vitest';
import { compile } from '../compiler/compile.js';
import { refusal } from '../test/support/mnist-files.js';
import { pixelTable } from './data/dataset.js';
import { normalizeValues } from './pixels.js';

const compiled = (data: string) => {
  const text = `
connection forward { init: kaiming_uniform() }
model tiny {
  input image[784]
  label digit[10]
  layer h[4] { damping: 0.7 }
  connect image -> h, digit -> h as forward
  objective {
    goodness: mean(h^2), predict: min
    positive: softplus(goodness - 1.5), negative: softplus(1.5 - goodness)
  }
  schedule { phase learn[1] { label: given } }
  train { data: ${data}, epochs: 1, batch: 10, optimizer: rmsprop(lr: 1e-3) }
}`;
  return compile({ text, file: 'tiny.rff' });
};

it('normalizes pixels exactly like the training data', async () => {
  const table = pixelTable({ mean: 0.1, std: 0.25 });
  const { plan } = await compiled('digits(train: 60, test: 30, normalize: [0.1, 0.25])');
  expect(normalizeValues(Uint8Array.of(0, 100, 255), plan)).toEqual(
    Float32Array.of(table[0]!, table[100]!, table[255]!),
  );
  const tensors = (await compiled('tensors("x.safetensors")')).graph;
  expect(normalizeValues([1.5, -2], tensors)).toEqual(Float32Array.of(1.5, -2));
  expect(await refusal(() => normalizeValues([0.5, -2], plan))).toMatchObject({
    code: 'RFF761',
    message: 'value 1 is -2: expected pixels from 0 to 255',
  });
});
