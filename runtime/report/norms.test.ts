/** The meter on a fake session: a parameter moved by hand, so that every norm is known. */
import { expect, test } from 'vitest';
import { loadModel } from '../../compiler/compile.js';
import { lower } from '../../compiler/graph/lower.js';
import { networkOf } from '../../compiler/network.js';
import type { Session } from '../engine.js';
import type { MetricKind } from '../folder/metrics.js';
import type { BatchReport } from '../train/train.js';
import { activityNorms, openNorms, updateCosines } from './norms.js';

const NAME = 'h1.x.forward.weight';

async function network(optimizer: string, goodness = 'mean(h^2)') {
  const text = `connection forward { bias: off }
    model tiny {
      input x[784]
      label y[10]
      layer h1[4] { }
      connect x -> h1 as forward
      connect y -> h1 as forward
      objective { goodness: ${goodness}, positive: goodness, negative: -goodness, predict: min }
      schedule { phase learn[3] { label: given } }
      train { data: digits(), batch: 2, optimizer: ${optimizer} }
    }`;
  const { document } = await loadModel({ text, file: 'tiny.rff' });
  return networkOf(lower(document, { batch: 2, frames: 1 }));
}

/** A session whose parameter and state are what `values` holds. */
function held(values: Map<string, Float32Array>): Session & { readonly reads: string[] } {
  const reads: string[] = [];
  return {
    backend: 'held',
    reads,
    tensors: [...values].map(([name, { length }]) => ({
      name,
      shape: [length],
      type: 'f32' as const,
      ...(name === NAME
        ? { role: 'parameter' as const, parameter: NAME }
        : { role: 'state' as const, parameter: NAME, state: name.slice(`optimizer/${NAME}/`.length) }),
    })),
    write: (name, array) => void values.set(name, Float32Array.from(array)),
    run: async () => {},
    async read(name) {
      reads.push(name);
      return Float32Array.from(values.get(name)!);
    },
    written: new Set(),
    dispose: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

function report(batch: number): BatchReport {
  const measures = {
    loss: [1],
    goodnessPositive: [4],
    goodnessNegative: [9],
    stepsPositive: [4, 4, 4],
    stepsNegative: [9, 9, 9],
    classifierLoss: null,
    decodeLoss: null,
  };
  const position = { epoch: 0, batch, trained: batch };
  const counts = { epoch: 1, batch, batches: 9 };
  return {
    ...measures,
    ...counts,
    position,
    soFar: measures,
    rate: 0.5,
    lr: 0.05,
    seconds: 1,
    samplesPerSecond: 1,
  };
}

/** Moves the parameter along `path`, a place a batch, and collects what is measured. */
async function walk(
  optimizer: string,
  kinds: readonly MetricKind[],
  every: number,
  path: readonly number[][],
) {
  const values = new Map([[NAME, Float32Array.from(path[0]!)]]);
  const session = held(values);
  const meter = await openNorms(session, await network(optimizer), kinds, every, { batch: 0, trained: 0 });
  const measured = [];
  for (const [i, place] of path.slice(1).entries()) {
    values.set(NAME, Float32Array.from(place));
    measured.push(await meter.batch(report(i + 1)));
  }
  return { measured, reads: session.reads.length };
}

test('reads nothing that is not requested', async () => {
  expect(await walk('sgd(lr: 0.5)', [], 1, [[0], [1], [2]])).toEqual({ measured: [{}, {}], reads: 0 });
});

test('norms of weights, and of gradients inferred from plain SGD', async () => {
  const { measured } = await walk('sgd(lr: 0.5)', ['norms'], 1, [
    [0, 0],
    [3, 4],
  ]);
  // The update is 5 long, and the learning rate 0.5 · 0.5.
  expect(measured[0]).toEqual({
    weight_norm: { [NAME]: 5 },
    gradient_norm: { [NAME]: 20 },
    activity_norm_positive: { h1: 4 },
    activity_norm_negative: { h1: 6 },
  });
});

test('gradients inferred from the state of RMSprop and Adam', async () => {
  for (const [optimizer, state, expected] of [
    ['rmsprop(lr: 1)', 'square_avg', 5],
    // Three learning steps a batch, one batch: 1 - 0.5^3 of the mean is there.
    ['adam(lr: 1, beta2: 0.5)', 'exp_avg_sq', 5 / Math.sqrt(1 - 0.5 ** 3)],
    ['sgd(lr: 1, momentum: 0.9)', 'momentum_buffer', Math.sqrt(9 ** 2 + 16 ** 2)],
  ] as const) {
    const session = held(
      new Map([
        [NAME, Float32Array.of(1, 1)],
        [`optimizer/${NAME}/${state}`, Float32Array.of(9, 16)],
      ]),
    );
    const meter = await openNorms(session, await network(optimizer), ['norms'], 1, { batch: 0, trained: 0 });
    expect((await meter.batch(report(1))).gradient_norm![NAME], optimizer).toBeCloseTo(expected, 10);
  }
});

test('updates and angles are those of successive batches, also where only some are measured', async () => {
  const path = [
    [0, 0],
    [1, 0],
    [1, 2],
    [1, 5],
    [1, 4],
    [4, 4],
  ];
  const all = await walk('rmsprop(lr: 1)', ['updates', 'angles'], 1, path);
  expect(all.measured.map(({ update_norm }) => update_norm?.[NAME])).toEqual([1, 2, 3, 1, 3]);
  expect(all.measured.map(({ update_angle }) => update_angle?.[NAME])).toEqual([undefined, 0, 1, -1, 0]);
  const some = await walk('rmsprop(lr: 1)', ['updates', 'angles'], 4, path);
  expect(some.measured).toEqual([{}, {}, {}, all.measured[3], {}]);
  // Batches 2, 3 and 4 are read, and no other.
  expect(some.reads).toBe(3);
});

test('parameters that did not change have no angle', () => {
  const at = (...values: number[]) => new Map([[NAME, Float32Array.from(values)]]);
  expect(updateCosines(at(0), at(0), at(1))).toEqual({});
});

test('activity norms are known if goodness is a mean or sum of squares', async () => {
  const norms = async (goodness: string) =>
    activityNorms((await network('sgd(lr: 1)', goodness)).document, report(1));
  expect(await norms('sum(h^2)')).toEqual({
    activity_norm_positive: { h1: 2 },
    activity_norm_negative: { h1: 3 },
  });
  expect(await norms('mean(h * h)')).toEqual(await norms('mean(h^2)'));
  expect(await norms('mean(abs(h))')).toEqual({ activity_norm_positive: {}, activity_norm_negative: {} });
});
