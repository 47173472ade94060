/** What the graph computes, where only its meaning tells: every engine would reproduce a mistake made here. */
import { describe, expect, test } from 'vitest';
import { openTfjs } from '../../runtime/tfjs/load.js';
import { initializeParameters } from '../../runtime/train/parameters.js';
import { documentOf } from '../../test/support/parity.js';
import { lower } from './index.js';

const model = (connects: string, schedule: string) => `
connection plain { bias: uniform(-0.3, 0.3) }
connection silent { init: zeros(), bias: off, learn: off }
model small {
  input image[4]
  label digit[3]
  layer h1[5] { activation: tanh(z), normalize: h, damping: 1 }
  ${connects}
  objective {
    goodness: mean(h^2)
    positive: softplus(goodness - 0.5)
    negative: softplus(0.3 - goodness)
    predict: min
  }
  schedule { ${schedule} }
  negatives: given()
  train { data: tensors("none.safetensors"), batch: 4, optimizer: sgd(lr: 0.5) }
}`;

/** Tensors after one training batch. */
async function trained(
  text: string,
  names: readonly string[] = ['h1.digit.plain.weight', 'h1.digit.plain.bias'],
): Promise<readonly Float32Array[]> {
  const graph = lower(documentOf(text), { frames: 1 });
  const session = await openTfjs('tfjs-cpu', graph);
  try {
    for (const [name, values] of initializeParameters(graph.document)) session.write(name, values);
    session.write(
      'x',
      Float32Array.from({ length: 16 }, (_, i) => Math.sin(i)),
    );
    session.write('y', Int32Array.of(0, 1, 2, 0));
    session.write('y_negative', Int32Array.of(1, 2, 0, 2));
    await session.run('train', { epoch: 0, batch: 0, trained: 0, rate: 1 });
    const read: Float32Array[] = [];
    for (const name of names) read.push(await session.read(name));
    return read;
  } finally {
    await session.dispose();
  }
}

describe('a layer with the same input for all samples', () => {
  // The silent connection adds nothing to z, but makes it vary over samples.
  const alone = 'connect digit -> h1 as plain';
  const beside = `${alone}\n  connect image -> h1 as silent`;

  test.each([
    ['a hidden label', 'phase only[2] { label: hidden }'],
    [
      'a hidden label, then a shown one',
      'phase first[1] { label: uniform }\n phase last[2] { label: given }',
    ],
  ])('learns as if from all samples: %s', async (_, schedule) => {
    const [one, all] = [await trained(model(alone, schedule)), await trained(model(beside, schedule))];
    one.forEach((tensor, t) => {
      tensor.forEach((x, i) => {
        expect(x).toBeCloseTo(all[t]![i]!, 6);
      });
    });
  });
});

describe('a loss with a constant slope', () => {
  // A slope that does not vary over samples or polarity is one row, and stands for all of them.
  const linear = (positive: string, negative: string) =>
    model('connect image -> h1 as plain', 'phase only[1] { label: given }')
      .replace('tanh(z)', 'z')
      .replace('mean(h^2)', 'mean(h)')
      .replace('softplus(goodness - 0.5)', positive)
      .replace('softplus(0.3 - goodness)', negative);

  test.each([
    ['2 * goodness', '-goodness', 1],
    ['goodness', 'goodness', 2],
  ])('%s on positive rows, %s on negative ones', async (positive, negative, slopes) => {
    const text = linear(positive, negative);
    const document = documentOf(text);
    const graph = lower(document, { frames: 1 });
    const session = await openTfjs('tfjs-cpu', graph);
    try {
      const before = new Map(initializeParameters(document));
      for (const [name, values] of before) session.write(name, values);
      const x = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i));
      session.write('x', x);
      session.write('y', Int32Array.of(0, 1, 2, 0));
      session.write('y_negative', Int32Array.of(1, 2, 0, 2));
      await session.run('train', { epoch: 0, batch: 0, trained: 0, rate: 1 });
      // 4 samples, 8 rows, 5 units, a rate of 0.5.
      const move = (sum: number) => (-0.5 * slopes * sum) / (8 * 5);
      const weight = await session.read('h1.image.plain.weight');
      const sums = [0, 1, 2, 3].map((k) => x[k]! + x[k + 4]! + x[k + 8]! + x[k + 12]!);
      weight.forEach((w, i) => {
        expect(w - before.get('h1.image.plain.weight')![i]!).toBeCloseTo(move(sums[i % 4]!), 6);
      });
      const bias = await session.read('h1.image.plain.bias');
      bias.forEach((b, i) => {
        expect(b - before.get('h1.image.plain.bias')![i]!).toBeCloseTo(move(4), 6);
      });
    } finally {
      await session.dispose();
    }
  });
});

test('`n` in a loss is the size of the layer, both in the reported loss and in its gradient', async () => {
  const text = model('connect image -> h1, digit -> h1 as plain', 'phase only[2] { label: given }');
  const losses = (n: string) =>
    trained(
      text
        .replace('softplus(goodness - 0.5)', `softplus(${n} * goodness - 2)`)
        .replace('softplus(0.3 - goodness)', `softplus(${n} / 4 - goodness)`),
      ['loss', 'h1.digit.plain.weight'],
    );
  const [written, meant] = [await losses('n'), await losses('5')];
  expect(written).toEqual(meant);
});
