import { expect, test } from 'vitest';
import { loadModel } from '../../compiler/compile.js';
import { lower } from '../../compiler/graph/lower.js';
import type { Split } from '../data/dataset.js';
import { trainingSample } from './sample.js';

async function network(classes: number) {
  const text = `connection forward { }
    model tiny {
      input x[4]
      label y[${classes}]
      layer h1[3] { }
      connect x -> h1, y -> h1 as forward
      objective { goodness: mean(h^2), positive: goodness, negative: -goodness, predict: min }
      schedule { phase learn[4] { label: given } }
      train { data: tensors("x.safetensors"), batch: 10, optimizer: sgd(lr: 1) }
    }`;
  return lower((await loadModel({ text, file: 'tiny.rff' })).document, { batch: 10 });
}

/** Samples whose only value is their number, and whose label is its last digit. */
function numbered(count: number): Split {
  const y = Int32Array.from({ length: count }, (_, i) => i % 10);
  return { count, y, gather: (indices, out) => out.set(indices) };
}

const sampled = async (count: number, tested: readonly number[], classes = 10) =>
  trainingSample(await network(classes), numbered(count), count, tested);

test('evaluating the sample costs at most a twentieth of an epoch', async () => {
  const sample = (await sampled(60_000, [10_000]))!;
  // Two rows, four steps that each count three times; in prediction ten labels, four steps.
  const [training, prediction] = [2 * 4 * 3, 10 * 4];
  const epoch = 60_000 * training + 10_000 * prediction;
  expect(sample.count * prediction).toBeLessThanOrEqual(epoch / 20);
  expect((sample.count + 1) * prediction).toBeGreaterThan(epoch / 20);
});

test('the samples are the same ones each time, from all over the split, with their own labels', async () => {
  const [first, again] = [await sampled(6000, [5000]), await sampled(6000, [5000])];
  const seen = (split: Split) => {
    const out = new Float32Array(split.count);
    split.gather(
      Array.from({ length: split.count }, (_, i) => i),
      out,
    );
    return [...out];
  };
  const chosen = seen(first!);
  expect(seen(again!)).toEqual(chosen);
  expect(new Set(chosen).size).toBe(first!.count);
  expect(chosen.at(-1)! - chosen[0]!).toBeGreaterThan(5800);
  expect([...first!.y]).toEqual(chosen.map((sample) => sample % 10));
  // Labels that come in turn: every class is there.
  expect(new Set(first!.y).size).toBe(10);
});

test('no larger than the largest split that is tested, and than the training split', async () => {
  expect((await sampled(60_000, [0, 150]))!.count).toBe(150);
  expect((await sampled(60_000, [0, 0], 2))!.count).toBeGreaterThan(1000);
  expect((await sampled(110, [100_000]))!.count).toBe(110);
});

test('none where a hundred samples would cost more', async () => {
  expect(await sampled(500, [100])).toBeUndefined();
  // A hundred labels to try.
  expect(await sampled(10_000, [100], 100)).toBeUndefined();
});
