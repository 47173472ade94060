import { expect, test } from 'vitest';
import { loadModel } from '../../compiler/compile.js';
import { lower } from '../../compiler/graph/lower.js';
import { networkOf } from '../../compiler/network.js';
import { loadDataset } from '../data/index.js';
import { batchMaker, sampleOrder } from './batches.js';

const text = (train: string, negatives = 'random_label()') => `
connection forward { init: kaiming_uniform() }
model m {
  input image[784]
  label digit[10]
  layer h[4]
  connect image -> h as forward, connect digit -> h as forward
  objective { goodness: mean(h^2), positive: softplus(goodness), negative: softplus(-goodness) }
  schedule { phase learn[2] }
  negatives: ${negatives}
  train { data: digits(train: 30, test: 1), batch: 10, seed: 5, ${train} }
}`;

async function maker(train: string, negatives?: string, size = 10) {
  const { document } = await loadModel({ text: text(train, negatives), file: 'm.rff' }, {});
  const { train: split } = await loadDataset(document.train.data);
  const make = batchMaker(networkOf(lower(document, { batch: size, frames: 1 })), split);
  return (epoch: number, batch: number) => {
    const made = make(sampleOrder(document, 30, epoch), epoch, batch);
    return Object.fromEntries([...made].map(([name, values]) => [name, [...values]]));
  };
}

test('augmentation changes the samples and nothing else, anew in each epoch and reproducibly', async () => {
  const plain = (await maker('epochs: 2'))(1, 2);
  const augmented = await maker('epochs: 2, augment: [shift(2), rotate(10), noise(0.01)], shuffle: on');
  const first = augmented(1, 2);
  expect(first.x).not.toEqual(plain.x);
  expect({ ...first, x: 0 }).toEqual({ ...plain, x: 0 });
  // A run that resumes here has made no batch before.
  const resumed = await maker('epochs: 2, augment: [shift(2), rotate(10), noise(0.01)]');
  expect(resumed(1, 2)).toEqual(first);

  const still = await maker('augment: shift(2), shuffle: off');
  const [one, two] = [still(0, 0), still(1, 0)];
  expect(two.y).toEqual(one.y);
  expect(two.x).not.toEqual(one.x);
  // Ink is moved, hardly lost.
  const ink = (x: readonly number[] = []) => x.reduce((sum, value) => sum + value, 0);
  const unmoved = (await maker('shuffle: off'))(0, 0);
  expect(Math.abs(ink(one.x) / ink(unmoved.x) - 1)).toBeLessThan(0.1);
});

test('hybrid images are made of augmented samples, the same when made again, and need two samples', async () => {
  const train = 'augment: [shift(2), noise(0.01)]';
  const make = await maker(train, 'hybrid_images()');
  const { x, x_negative: hybrid, y, ...rest } = make(1, 2);
  expect(rest).toEqual({});
  expect(y).toHaveLength(10);
  const cells = 784;
  // With noise on every value, a value tells which sample it is from.
  const partners = Array.from({ length: 10 }, (_, sample) => {
    const others = new Set<number>();
    for (let cell = 0; cell < cells; cell++) {
      const value = hybrid![sample * cells + cell]!;
      const from = Array.from({ length: 10 }, (_, i) => i).find((i) => x![i * cells + cell] === value)!;
      if (from !== sample) others.add(from);
    }
    return [...others];
  });
  for (const others of partners) expect(others).toHaveLength(1);
  make(0, 0);
  expect(make(1, 2).x_negative).toEqual(hybrid);
  expect(make(1, 1).x_negative).not.toEqual(hybrid);
  await expect(maker('', 'hybrid_images()', 1)).rejects.toThrow(
    'a hybrid image mixes two samples of a batch, and a batch has only one',
  );
});
