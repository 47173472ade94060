/**
 * The training loop with a fake session: it remembers each class's mean sample and uses the squared
 * distance to it a label's goodness. It learns, so accuracies mean something, and everything it is fed can be checked.
 */
import { expect, test } from 'vitest';
import { type Graph, lower } from '../../compiler/graph/index.js';
import type { Decay, ModelDocument, Negatives } from '../../compiler/model.js';
import { RffcError } from '../../grammar/diagnostic.js';
import { floatSplit } from '../data/dataset.js';
import type { RunArguments, Session } from '../engine.js';
import { checkDataset } from './batches.js';
import { START } from './progress.js';
import { type BatchReport, type EpochReport, train } from './train.js';

const D = 3;
const CLASSES = 4;

function document(
  changes: { epochs?: number; decay?: Decay; shuffle?: boolean; negatives?: Negatives; batch?: number } = {},
): ModelDocument {
  const connection = (target: string, source: string) => ({
    name: `${target}.${source}.forward`,
    target,
    source,
    type: 'forward',
    init: { name: 'zeros' as const },
    bias: null,
    sign: 1 as const,
    delay: 1 as const,
    dropout: 0,
    learn: true,
    lr_scale: 1,
    field: null,
  });
  const layer = {
    activation: 'z',
    normalize: 'h',
    damping: 1,
    objective: 0,
    peer_norm: null,
    optimizer: null,
  };
  return {
    rffc: 1,
    name: 'tiny',
    params: {},
    input: { name: 'x', size: D, normalize: null, embed: null },
    label: { name: 'y', classes: CLASSES },
    layers: [
      { name: 'h1', size: 2, ...layer },
      { name: 'h2', size: 2, ...layer },
    ],
    connections: [connection('h1', 'x'), connection('h2', 'h1'), connection('h2', 'y')],
    fast_weights: [],
    decoder: null,
    objectives: [
      {
        name: null,
        goodness: ['mean', ['mul', 'h', 'h']],
        positive: 'goodness',
        negative: ['neg', 'goodness'],
        pair: null,
        predict: 'min',
      },
    ],
    phases: [
      {
        name: 'learn',
        steps: 2,
        label: { name: 'given' },
        input: { name: 'frame', index: 't' },
        learn: true,
        damping: true,
      },
    ],
    score: { phase: 'learn', from: 0, to: 1, layers: ['h1', 'h2'] },
    negatives: changes.negatives ?? { name: 'random_label' },
    train: {
      data: { name: 'tensors', options: {} },
      epochs: changes.epochs ?? 2,
      batch: changes.batch ?? 8,
      optimizer: { name: 'rmsprop', lr: 0.1, alpha: 0.99, eps: 1e-8, momentum: 0 },
      decay: changes.decay ?? { name: 'constant' },
      seed: 7,
      shuffle: changes.shuffle ?? true,
      validation: 0,
    },
    evaluate: { batch: 5, data: null },
    places: {},
  };
}

/** `count` samples about four well separated points, the first value counting the samples up. */
function clusters(count: number, yNegative?: Int32Array) {
  const y = Int32Array.from({ length: count }, (_, i) => (i * 7) % CLASSES);
  const x = Float32Array.from({ length: count * D }, (_, k) => {
    const [i, column] = [Math.floor(k / D), k % D];
    return column === 0 ? i / 1000 : (y[i]! >> (column - 1)) & 1;
  });
  return floatSplit(x, y, yNegative, 1, D);
}

interface Fake extends Session {
  readonly runs: {
    readonly program: string;
    readonly args: RunArguments;
    readonly inputs: ReadonlyMap<string, number[]>;
  }[];
  readonly values: Map<string, Float32Array | Int32Array>;
}

function fake(
  graph: Graph,
  lossAt: (args: RunArguments) => Float32Array = () => Float32Array.of(1, 2, 3, 4),
): Fake {
  const values = new Map<string, Float32Array | Int32Array>([['means', new Float32Array(CLASSES * (D + 1))]]);
  const runs: Fake['runs'] = [];
  const mean = (label: number, column: number) => {
    const means = values.get('means')!;
    return means[label * (D + 1) + column]! / Math.max(1, means[label * (D + 1) + D]!);
  };
  return {
    backend: 'fake',
    tensors: [{ name: 'means', shape: [CLASSES, D + 1], type: 'f32', role: 'parameter' }],
    runs,
    values,
    write: (name, array) => void values.set(name, array),
    async run(program, args) {
      // Whatever the loop does between starting a run and its end must not reach into this run's inputs.
      await Promise.resolve();
      runs.push({ program, args, inputs: new Map([...values].map(([name, array]) => [name, [...array]])) });
      if (program === 'train') {
        const means = values.get('means')!;
        values.get('y')!.forEach((label, i) => {
          for (let column = 0; column < D; column++) {
            const at = label * (D + 1) + column;
            means[at] = means[at]! + args.rate * values.get('x')![i * D + column]!;
          }
          means[label * (D + 1) + D] = means[label * (D + 1) + D]! + args.rate;
        });
        values.set('loss', lossAt(args));
        values.set('goodness_positive', Float32Array.of(0, 1, 0, 3));
        values.set('goodness_negative', Float32Array.of(5, 5, 5, 5));
        values.set('classifier_loss', Float32Array.of(0.5));
      } else {
        const x = values.get('predict/x')!;
        const goodness = new Float32Array(graph.predictBatch * CLASSES);
        for (let k = 0; k < goodness.length; k++) {
          const [i, label] = [Math.floor(k / CLASSES), k % CLASSES];
          for (let column = 1; column < D; column++)
            goodness[k] = goodness[k]! + (x[i * D + column]! - mean(label, column)) ** 2;
        }
        values.set('predict/goodness', goodness);
      }
    },
    read: async (name) => Float32Array.from(values.get(name)!),
    written: new Set(),
    dispose: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

async function play(
  model: ModelDocument,
  count: number,
  options: Parameters<typeof train>[3] = {},
  session?: Fake,
) {
  const graph = lower(model, { predictBatch: 5 });
  const used = session ?? fake(graph);
  const batches: BatchReport[] = [];
  const epochs: EpochReport[] = [];
  const dataset = { train: clusters(count), test: clusters(13) };
  const result = await train(used, graph, dataset, options, {
    batch: (report) => void batches.push(report),
    epoch: (report) => void epochs.push(report),
  });
  const trained = used.runs.filter(({ program }) => program === 'train');
  return { graph, session: used, batches, epochs, result, trained };
}

/** Which samples a run was fed: the first column counts them. */
const samplesOf = (run: Fake['runs'][number]) => {
  const x = run.inputs.get('x')!;
  return x.filter((_, k) => k % D === 0).map((value) => Math.round(1000 * value));
};

test('an epoch is full batches of samples each seen once, in another order every epoch', async () => {
  const { trained, result } = await play(document(), 20);
  expect(trained.map(({ args }) => [args.epoch, args.batch, args.trained])).toEqual([
    [0, 0, 0],
    [0, 1, 1],
    [1, 0, 2],
    [1, 1, 3],
  ]);
  const [first, second] = [trained.slice(0, 2), trained.slice(2)].map((runs) => runs.flatMap(samplesOf));
  expect(new Set(first).size).toBe(16);
  expect(new Set(second).size).toBe(16);
  expect(first).not.toEqual(second);
  expect(result.position).toEqual({ epoch: 2, batch: 0, trained: 4 });
});

test('each sample goes with its own label and a negative one that differs', async () => {
  const { trained } = await play(document(), 20);
  const { y } = clusters(20);
  for (const run of trained) {
    const labels = run.inputs.get('y')!;
    expect(labels).toEqual(samplesOf(run).map((sample) => y[sample]));
    run.inputs.get('y_negative')!.forEach((label, i) => {
      expect(label).not.toBe(labels[i]);
    });
  }
});

test('without shuffling the order is the data’s', async () => {
  const { trained } = await play(document({ shuffle: false, epochs: 1 }), 20);
  expect(trained.flatMap(samplesOf)).toEqual(Array.from({ length: 16 }, (_, i) => i));
});

test('limit trains on the first samples only', async () => {
  const { trained, epochs } = await play(document({ epochs: 1 }), 40, { limit: 10 });
  expect(trained).toHaveLength(1);
  expect(Math.max(...trained.flatMap(samplesOf))).toBeLessThan(10);
  expect(epochs[0]!.test!.samples).toBe(10);
});

test('evaluates the test split after each epoch, and the session has learned', async () => {
  const { epochs, result } = await play(document(), 40);
  expect(epochs.map(({ test: found }) => [found!.samples, found!.accuracy])).toEqual([
    [13, 1],
    [13, 1],
  ]);
  expect(result.test!.correct).toBe(13);
});

test('evaluates every n epochs and after the last', async () => {
  const { epochs, result } = await play(document({ epochs: 5 }), 40, { evalEvery: 2 });
  expect(epochs.map(({ test: found }) => found?.samples ?? null)).toEqual([null, 13, null, 13, 13]);
  expect(result.test!.correct).toBe(13);
});

test('measures are means over steps for each layer, and an epoch’s are means over its batches', async () => {
  const model = document({ epochs: 1 });
  const session = fake(lower(model, { predictBatch: 5 }), ({ batch }) =>
    Float32Array.of(1 + batch, 2, 3 + batch, 4),
  );
  const { batches, epochs } = await play(model, 20, {}, session);
  expect(batches.map(({ loss }) => loss)).toEqual([
    [2, 3],
    [3, 3],
  ]);
  expect(epochs[0]).toMatchObject({
    loss: [2.5, 3],
    goodnessPositive: [0, 2],
    goodnessNegative: [5, 5],
    classifierLoss: null,
    decodeLoss: null,
    batches: 2,
  });
});

test('the decay’s factor of the epoch reaches the session', async () => {
  const { trained } = await play(document({ epochs: 3, decay: { name: 'step', every: 1, gamma: 0.5 } }), 8);
  expect(trained.map(({ args }) => args.rate)).toEqual([1, 0.5, 0.25]);
});

test('a latent classifier is fed uniform numbers, and its loss is read', async () => {
  const negatives: Negatives = {
    name: 'latent_classifier',
    features: 'raw',
    layers: ['h1', 'h2'],
    learn_from: 'positive',
    optimizer: { name: 'rmsprop', lr: 0.1, alpha: 0.99, eps: 1e-8, momentum: 0 },
  };
  const { trained, batches } = await play(document({ epochs: 1, negatives }), 16);
  const draws = trained.flatMap(({ inputs }) => inputs.get('negative_draw')!);
  expect(new Set(draws).size).toBeGreaterThan(12);
  expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  expect(trained[0]!.inputs.has('y_negative')).toBe(false);
  expect(batches[0]!.classifierLoss).toBe(0.5);
});

test('takes given negatives from the data, and rejects data without them', async () => {
  const model = document({ epochs: 1, negatives: { name: 'given' }, shuffle: false });
  const graph = lower(model, { predictBatch: 5 });
  const { y } = clusters(8);
  const session = fake(graph);
  await train(session, graph, {
    train: clusters(
      8,
      y.map((label) => (label + 1) % CLASSES),
    ),
    test: clusters(0),
  });
  expect(session.runs[0]!.inputs.get('y_negative')).toEqual([...y].map((label) => (label + 1) % CLASSES));
  await expect(train(fake(graph), graph, { train: clusters(8), test: clusters(0) })).rejects.toThrow(
    'RFF711',
  );
});

test('interrupted anywhere and resumed, it is fed the same batches', async () => {
  const model = document({ epochs: 3, batch: 4 });
  const lossAt = ({ trained }: RunArguments) => Float32Array.of(1 / (trained + 3), 2, 3, Math.sqrt(trained));
  const whole = await play(model, 20, {}, fake(lower(model, { predictBatch: 5 }), lossAt));
  for (const stopAfter of [1, 2, 3, 5, 8, 14]) {
    const stop = new AbortController();
    const graph = lower(model, { predictBatch: 5 });
    const session = fake(graph, lossAt);
    const losses: (readonly number[])[] = [];
    const dataset = { train: clusters(20), test: clusters(13) };
    const interrupted = await train(
      session,
      graph,
      dataset,
      { signal: stop.signal },
      {
        batch: ({ position }) => {
          if (position.trained === stopAfter) stop.abort();
        },
        epoch: ({ loss }) => void losses.push(loss),
      },
    );
    expect(interrupted.interrupted).toBe(true);
    expect(interrupted.position.trained).toBe(stopAfter);
    const { position: start, soFar } = interrupted;
    const resumed = await train(
      session,
      graph,
      dataset,
      { start, soFar },
      { epoch: ({ loss }) => void losses.push(loss) },
    );
    // An epoch's means, too, to the last bit.
    expect(losses).toEqual(whole.epochs.map(({ loss }) => loss));
    expect(resumed.interrupted).toBe(false);
    const fed = session.runs.filter(({ program }) => program === 'train');
    expect(fed.map(({ inputs }) => inputs.get('x'))).toEqual(
      whole.trained.map(({ inputs }) => inputs.get('x')),
    );
    expect(session.values.get('means')).toEqual(whole.session.values.get('means'));
    expect(resumed.test).toEqual(whole.result.test);
  }
});

test('a loss that is not finite stops the run and names the layer and the step', async () => {
  const model = document();
  const session = fake(lower(model, { predictBatch: 5 }), ({ batch }) =>
    Float32Array.of(1, 1, 1, batch === 1 ? Number.NaN : 1),
  );
  await expect(play(model, 20, {}, session)).rejects.toThrow(
    'the loss of layer `h2` is NaN at step 1 of phase `learn`, batch 2, epoch 1',
  );
});

test('rejects fewer samples than a batch, and suggests a smaller batch', async () => {
  const failure = await play(document(), 5).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(RffcError);
  expect((failure as RffcError).diagnostics[0]).toMatchObject({
    code: 'RFF732',
    hint: 'use `--batch 5` or less',
  });
});

test('accepts an empty test split', async () => {
  const model = document({ epochs: 1 });
  const graph = lower(model, { predictBatch: 5 });
  const result = await train(fake(graph), graph, { train: clusters(8), test: clusters(0) });
  expect(result).toEqual({
    position: { epoch: 1, batch: 0, trained: 1 },
    interrupted: false,
    soFar: null,
    validation: null,
    train: null,
    test: null,
  });
});

test('does nothing after the last epoch', async () => {
  const { trained, result } = await play(document({ epochs: 1 }), 20, {
    start: { ...START, epoch: 1, trained: 2 },
  });
  expect(trained).toEqual([]);
  expect(result.position.trained).toBe(2);
});

test('rejects data of another size or with too many classes', () => {
  const samples = clusters(4);
  const fits = { name: 'mine', inputSize: D, classes: CLASSES, train: samples };
  checkDataset(document(), fits);
  expect(() => checkDataset(document(), { ...fits, inputSize: 5 })).toThrow(
    '`mine` has 5 values per sample, but `input x[3]` takes 3',
  );
  expect(() => checkDataset(document(), { ...fits, classes: 5 })).toThrow('5 classes');
  expect(() => checkDataset(document(), { ...fits, train: clusters(0) })).toThrow('RFF710');
});
