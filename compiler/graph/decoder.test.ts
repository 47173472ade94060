/** The decoder against its gradient computed by hand; and that it does not affect the network. */
import { expect, test } from 'vitest';
import { openTfjs } from '../../runtime/tfjs/load.js';
import { initializeParameters, parametersOf } from '../../runtime/train/parameters.js';
import { documentOf } from '../../test/support/parity.js';
import { lower } from './index.js';

const [d, batch, lr, scale] = [6, 3, 0.4, 0.5];
const sizes = { h1: 4, h2: 5 } as const;

const text = (decode: string) => `
connection plain { }
model small {
  input image[${d}] { embed: digit(at: 1), normalize: 3 * h }
  label digit[2]
  layer h1[4], h2[5] { activation: tanh(z), normalize: h }
  connect image -> h1 -> h2 as plain
  connect h2 -> h1 as plain
  ${decode}
  objective { goodness: mean(h^2), positive: softplus(goodness - 0.5), negative: softplus(0.3 - goodness) }
  schedule {
    phase blind[1] { input: hidden }
    phase learn[1] { input: frame(1) }
  }
  negatives: given()
  train { data: tensors("none.safetensors"), batch: ${batch}, optimizer: sgd(lr: 0.2) }
}`;
const decode = `decode image from h2, h1 { activation: sigmoid(z), optimizer: sgd(lr: ${lr}), lr_scale: ${scale} }`;
const x = Float32Array.from({ length: 2 * batch * d }, (_, i) => Math.sin(2 * i + 1));

async function trained(model: string): Promise<(name: string) => Promise<Float32Array>> {
  const document = documentOf(model);
  const session = await openTfjs('tfjs-cpu', lower(document, { frames: 2, observe: true }));
  for (const [name, values] of initializeParameters(document)) session.write(name, values);
  session.write('x', x);
  session.write('y', Int32Array.of(0, 1, 1));
  session.write('y_negative', Int32Array.of(1, 0, 0));
  await session.run('train', { epoch: 0, batch: 0, trained: 0, rate: 1 });
  return (name) => session.read(name);
}

test('learns the unmodified frame from the positive rows, in steps that show one', async () => {
  const document = documentOf(text(decode));
  const before = new Map(initializeParameters(document));
  expect(
    parametersOf(document).flatMap((p) => (p.name.includes('decode') ? [[p.name, p.shape]] : [])),
  ).toEqual([
    ['image.h2.decode.weight', [d, 5]],
    ['image.h1.decode.weight', [d, 4]],
    ['image.h2.decode.bias', [d]],
  ]);
  // Nine units in total: the fan_in of both weights and of the bias.
  for (const [name, values] of before)
    if (name.includes('decode')) for (const w of values) expect(Math.abs(w)).toBeLessThanOrEqual(1 / 3);

  const after = await trained(text(decode));
  // normalize: h, so that s is the observed value; [polarity, sample, unit], the positive rows first.
  const s = { h1: await after('observe/learn[0]/h1.h'), h2: await after('observe/learn[0]/h2.h') };
  const expected = new Map([...before].map(([name, values]) => [name, Float64Array.from(values)]));
  let loss = 0;
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < d; i++) {
      let z = before.get('image.h2.decode.bias')![i]!;
      for (const layer of ['h1', 'h2'] as const) {
        const w = before.get(`image.${layer}.decode.weight`)!;
        for (let j = 0; j < sizes[layer]; j++)
          z += w[i * sizes[layer] + j]! * s[layer][b * sizes[layer] + j]!;
      }
      const y = 1 / (1 + Math.exp(-z));
      const target = x[batch * d + b * d + i]!;
      loss += (target - y) ** 2 / d / batch;
      const step = (lr * scale * (2 * (y - target) * y * (1 - y))) / d / batch;
      expected.get('image.h2.decode.bias')![i]! -= step;
      for (const layer of ['h1', 'h2'] as const) {
        const w = expected.get(`image.${layer}.decode.weight`)!;
        for (let j = 0; j < sizes[layer]; j++)
          w[i * sizes[layer] + j]! -= step * s[layer][b * sizes[layer] + j]!;
      }
    }
  }
  expect((await after('decode_loss'))[0]).toBeCloseTo(loss, 5);
  for (const [name, values] of expected) {
    if (!name.includes('decode')) continue;
    const ours = await after(name);
    values.forEach((value, i) => {
      expect(ours[i], `${name}[${i}]`).toBeCloseTo(value, 6);
    });
  }
});

test('does not change the network', async () => {
  const [one, other] = [await trained(text(decode)), await trained(text(''))];
  for (const { name } of parametersOf(documentOf(text(''))))
    expect(await one(name)).toEqual(await other(name));
});
