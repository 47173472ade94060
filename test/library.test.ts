/** rffc as a library, as built and as a user imports it: `docs/examples/digits.ts` runs and does what it says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as rffc from 'rffc';
import { afterAll, describe, expect, test } from 'vitest';
import { learnDigits } from '../docs/examples/digits.js';
import { accuraciesOf, metricsOf } from '../runtime/folder/metrics.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-library-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** @param more properties of layer h1, and text after the objective */
const tiny = (optimizer = 'sgd(lr: 0.1)', layer = '', negatives = '') => `
connection plain { }
model tiny {
  input image[4]
  label digit[2]
  layer h1[6] { ${layer} }
  connect image -> h1, digit -> h1 as plain
  objective { goodness: mean(h^2), positive: softplus(1 - goodness), negative: softplus(goodness - 1), predict: max }
  schedule { phase learn[2] { label: given } }
  ${negatives}
  train { data: tensors("from memory"), epochs: 2, batch: 5, optimizer: ${optimizer} }
}`;
const compiled = (text: string) => rffc.compile({ text, file: 'tiny.rff' });

/** Two linearly separable kinds of samples. */
function sorted(count: number): rffc.Split {
  const values = Float32Array.from(
    { length: 4 * count },
    (_, i) => Math.sin(i) + (Math.floor(i / 4) % 2 ? 2 : -2),
  );
  return rffc.samples(
    values,
    { inputSize: 4 },
    Int32Array.from({ length: count }, (_, i) => i % 2),
  );
}
const data = { train: sorted(100), test: sorted(40) };

/** All parameters of a session after training, by name. */
async function weightsOf(session: rffc.Session): Promise<Map<string, Float32Array>> {
  const names = session.tensors.filter(({ role }) => role === 'parameter').map(({ name }) => name);
  return new Map(await Promise.all(names.map(async (name) => [name, await session.read(name)] as const)));
}

/** Trains a model from its initialization; `before` sees the new session. */
async function trained(
  backend: string,
  text: string,
  options: rffc.TrainOptions = {},
  before: (session: rffc.Session, plan: rffc.Plan) => Promise<void> | void = () => {},
) {
  const { plan } = await compiled(text);
  await using session = await rffc.openBackend(backend, plan);
  await before(session, plan);
  const losses: (readonly number[])[] = [];
  const result = await rffc.train(session, plan, data, options, {
    batch: ({ loss }) => void losses.push(loss),
  });
  return { losses, result, weights: await weightsOf(session) };
}

test('the example learns digits', async () => {
  const lines: string[] = [];
  const file = join(folder, 'digits.safetensors');
  const { test, again, label, truth } = await learnDigits((line) => lines.push(line), file);
  expect(lines.map((line) => line.split(':')[0])).toEqual(['epoch 1', 'epoch 2', 'epoch 3']);
  // Chance is one in ten.
  expect(test.accuracy).toBeGreaterThan(0.5);
  expect(again).toEqual(test);
  expect(label >= 0 && label < 10).toBe(true);
  expect(truth >= 0 && truth < 10).toBe(true);
  expect((await rffc.readSafetensors(file)).tensors.get('h2.h1.forward.weight')?.shape).toEqual([64, 64]);
});

test('supports data from memory, callbacks, saving and loading weights, and ONNX', async () => {
  const { graph } = await compiled(tiny());
  const session = await rffc.openBackend('tfjs-cpu', graph);
  let batches = 0;
  const { test } = await rffc.train(session, graph, data, {}, { batch: () => void batches++ });
  expect(batches).toBe(2 * 20);
  expect(test!.samples).toBe(40);
  const before = await rffc.predict(session, graph, data.test);
  const file = join(folder, 'tiny.safetensors');
  await rffc.saveWeights(session, file);
  rffc.initialize(session, graph);
  expect(await rffc.predict(session, graph, data.test)).not.toEqual(before);
  await rffc.loadWeights(session, file);
  expect(await rffc.predict(session, graph, data.test)).toEqual(before);
  const { tensors } = await rffc.readSafetensors(file);
  const weights = new Map([...tensors].map(([name, tensor]) => [name, rffc.toFloat32(tensor)]));
  expect(rffc.exportOnnx(graph, weights, { version: '0' }).bytes.length).toBeGreaterThan(500);
  await session.dispose();
});

describe('weights', () => {
  test.each(['cpu', 'tfjs-cpu'])('train initializes a new session on %s', async (backend) => {
    const fresh = await trained(backend, tiny());
    const initialized = await trained(backend, tiny(), {}, rffc.initialize);
    expect(fresh.losses).toEqual(initialized.losses);
    expect(fresh.weights).toEqual(initialized.weights);
    // Zeros would give every sample a goodness of 0, and so a loss of softplus(±1).
    expect(fresh.losses[0]![0]).not.toBeCloseTo((Math.log1p(Math.E) + Math.log1p(1 / Math.E)) / 2, 3);
  });

  test('train keeps given weights, and initializes the rest', async () => {
    const [given, missing] = ['h1.image.plain.weight', 'h1.digit.plain.weight'];
    const still = tiny('sgd(lr: 1e-9)');
    const quarter = new Float32Array(24).fill(0.25);
    const { weights } = await trained('cpu', still, { epochs: 1 }, (s) => s.write(given, quarter));
    for (const value of weights.get(given)!) expect(value).toBeCloseTo(0.25, 5);
    const drawn = (await trained('cpu', still, { epochs: 1 })).weights;
    weights.get(missing)!.forEach((value, i) => {
      expect(value).toBeCloseTo(drawn.get(missing)![i]!, 5);
    });
  });

  test('optimizer state starts as in a run that only loaded weights', async () => {
    // The means of peer normalization start at a half.
    const peers = tiny('sgd(lr: 0.1)', 'peer_norm: 0.3');
    const file = join(folder, 'peers.safetensors');
    const fresh = await trained('cpu', peers, {}, async (session, plan) => {
      rffc.initialize(session, plan);
      await rffc.saveWeights(session, file);
    });
    const loaded = await trained('cpu', peers, {}, (session) => rffc.loadWeights(session, file));
    expect(loaded.weights).toEqual(fresh.weights);
  });

  test('a session without weights does not predict, evaluate or save', async () => {
    const { plan } = await compiled(tiny());
    await using session = await rffc.openBackend('cpu', plan);
    const calls = [
      () => rffc.predict(session, plan, data.test),
      () => rffc.evaluate(session, plan, data.test),
      () => rffc.saveWeights(session, join(folder, 'zeros.safetensors')),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow('RFF773');
    rffc.initialize(session, plan);
    for (const call of calls) await call();
  });
});

describe('epochs and lr', () => {
  test.each([
    ['cpu', 'sgd(lr: 0.1, momentum: 0.9)', 'sgd(lr: 0.03, momentum: 0.9)', '', ''],
    ['cpu', 'rmsprop(lr: 0.1)', 'rmsprop(lr: 0.03)', '', ''],
    ['cpu', 'adamw(lr: 0.1, weight_decay: 0.1)', 'adamw(lr: 0.03, weight_decay: 0.1)', '', ''],
    ['tfjs-cpu', 'adam(lr: 0.1)', 'adam(lr: 0.03)', '', ''],
    ['cpu', 'adam(lr: 0.1)', 'adam(lr: 0.03)', '', 'negatives: latent_classifier(optimizer: sgd(lr: 0.2))'],
    ['cpu', 'adam(lr: 0.1)', 'adam(lr: 0.03)', 'optimizer: sgd(lr: 0.05)', ''],
  ])('on %s, lr 0.03 with a plan of %s trains like %s', async (backend, one, other, layer, negatives) => {
    const scaled = await trained(backend, tiny(one, layer, negatives), { lr: 0.03, epochs: 1 });
    const written = await trained(backend, tiny(other, layer, negatives), { epochs: 1 });
    expect(scaled.losses.length).toBe(20);
    for (const [name, values] of written.weights) {
      const most = Math.max(...values.map(Math.abs));
      scaled.weights.get(name)!.forEach((value, i) => {
        expect(Math.abs(value - values[i]!) / most, `${name}[${i}]`).toBeLessThan(1e-5);
      });
    }
    if (layer === '') {
      const kept = await trained(backend, tiny(one, layer, negatives), { epochs: 1 });
      expect(kept.losses).not.toEqual(scaled.losses);
    }
  });

  test('training continues where it ended, for more epochs', async () => {
    const { plan } = await compiled(tiny());
    await using session = await rffc.openBackend('cpu', plan);
    const { position } = await rffc.train(session, plan, data, { epochs: 1 });
    await rffc.train(session, plan, data, { epochs: 3, start: position });
    expect(await weightsOf(session)).toEqual((await trained('cpu', tiny(), { epochs: 3 })).weights);
  });
});

test('callbacks count epochs and batches as metrics.jsonl and --json do', async () => {
  const { plan } = await compiled(tiny());
  const network = rffc.networkOf(plan);
  await using session = await rffc.openBackend('cpu', plan);
  const counted: string[] = [];
  const compare = (report: rffc.BatchReport) => {
    const { epoch, batch, batches, trained, lr } = metricsOf(report, network, accuraciesOf({}, network));
    const { position, ...own } = report;
    expect({ ...own, trained: position.trained }).toMatchObject({ epoch, batch, batches, trained, lr });
    return `${epoch}/${batch}`;
  };
  await rffc.train(
    session,
    plan,
    data,
    { lr: 0.2 },
    {
      batch(report) {
        counted.push(compare(report));
        expect(report.lr).toBe(0.2);
      },
      epoch: (report) => void counted.push(`epoch ${compare(report)}`),
    },
  );
  expect(counted.slice(0, 2)).toEqual(['1/1', '1/2']);
  expect(counted.slice(19, 22)).toEqual(['1/20', 'epoch 1/20', '2/1']);
  expect(counted.at(-1)).toBe('epoch 2/20');
});

test.each(['cpu', 'tfjs-cpu'])('a session of %s is closed at the end of its block', async (backend) => {
  const { plan } = await compiled(tiny());
  let kept: rffc.Session;
  {
    await using session = await rffc.openBackend(backend, plan);
    kept = session;
    rffc.initialize(session, plan);
  }
  expect(() => rffc.initialize(kept, plan)).toThrow('RFF775');
  await expect(kept.run('train', { epoch: 0, batch: 0, trained: 0, rate: 1 })).rejects.toThrow('RFF775');
  await expect(kept.read('loss')).rejects.toThrow('RFF775');
  await kept.dispose();
});

test('samples come from arrays of any kind', () => {
  const rows = [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ];
  const out = new Float32Array(8);
  for (const values of [
    rows,
    rows.flat(),
    Uint8Array.from(rows.flat()),
    rows.map((row) => Float64Array.from(row)),
  ]) {
    const split = rffc.samples(values, { inputSize: 4 }, [0, 1]);
    split.gather([0, 1], out.fill(0));
    expect([...out]).toEqual(rows.flat());
    expect([...split.y]).toEqual([0, 1]);
  }
});

test('reports errors as diagnostics', async () => {
  const wrong = await rffc
    .compile({ text: 'model m { layer h[3] { dampign: 1 } }', file: 'm.rff' })
    .catch((e) => e);
  expect(wrong).toBeInstanceOf(rffc.RffcError);
  for (const { code } of (wrong as rffc.RffcError).diagnostics)
    expect(rffc.diagnosticCodes.get(code)).toHaveProperty('explanation');
  expect(() => rffc.samples(new Float32Array(7), { inputSize: 4 })).toThrow('RFF709');
  writeFileSync(join(folder, 'none.safetensors'), 'no weights');
  const { graph } = await compiled(tiny());
  const session = await rffc.openBackend('tfjs-cpu', graph);
  await expect(rffc.loadWeights(session, join(folder, 'none.safetensors'))).rejects.toThrow('RFF640');
  await session.dispose();
});

describe('a wrong argument gives a readable error', async () => {
  const compilation = await compiled(tiny());
  const { plan, document } = compilation;
  const other = await compiled(tiny().replace('h1[6]', 'h1[7]'));
  const larger = await rffc.compile({ text: tiny(), file: 'tiny.rff' }, { batch: 10 });
  const session = await rffc.openBackend('cpu', plan);
  afterAll(() => session.dispose());
  const five = rffc.samples(new Float32Array(50), { inputSize: 5 });
  const classes = rffc.samples(new Float32Array(40), { inputSize: 4 }, new Int32Array(10).fill(2));
  const never = undefined as never;
  const as = (value: unknown) => value as never;

  const cases: [what: string, call: () => unknown, code: string, words: RegExp, hint: RegExp][] = [
    [
      'compile: a text alone',
      () => rffc.compile(as(tiny())),
      'RFF770',
      /expected a text and its file/,
      /\{ text: text, file/,
    ],
    [
      'compile: an unknown option',
      () => rffc.compile({ text: tiny(), file: 'a' }, as({ bacth: 3 })),
      'RFF771',
      /`bacth`/,
      /`batch`/,
    ],
    [
      'compile: lr',
      () => rffc.compile({ text: tiny(), file: 'a' }, as({ lr: 3 })),
      'RFF771',
      /`lr`/,
      /option of `train`/,
    ],
    [
      'compile: a batch of 0',
      () => rffc.compile({ text: tiny(), file: 'a' }, { batch: 0 }),
      'RFF772',
      /invalid batch 0/,
      /^$/,
    ],
    [
      'openBackend: no name',
      () => rffc.openBackend(as(plan), never),
      'RFF770',
      /name of a backend/,
      /openBackend/,
    ],
    [
      'openBackend: no plan',
      () => rffc.openBackend('cpu', never),
      'RFF770',
      /expected a plan, found undefined/,
      /compile/,
    ],
    [
      'openBackend: a compilation',
      () => rffc.openBackend('cpu', as(compilation)),
      'RFF770',
      /expected a plan/,
      /`plan` of what/,
    ],
    [
      'openBackend: threads in words',
      () => rffc.openBackend('cpu', plan, as({ threads: 'two' })),
      'RFF772',
      /"two"/,
      /^$/,
    ],
    [
      'initialize: a session alone',
      () => rffc.initialize(session, never),
      'RFF770',
      /expected a plan, found undefined/,
      /compile/,
    ],
    [
      'train: nothing',
      () => rffc.train(never, never, never),
      'RFF770',
      /expected a session, found undefined/,
      /openBackend/,
    ],
    [
      'train: a promise',
      () => rffc.train(as(Promise.resolve(session)), plan, data),
      'RFF770',
      /a Promise/,
      /`await` it/,
    ],
    [
      'train: no data',
      () => rffc.train(session, plan, never),
      'RFF770',
      /expected a data set, found undefined/,
      /samples/,
    ],
    [
      'train: a split',
      () => rffc.train(session, plan, as(data.train)),
      'RFF770',
      /expected a data set/,
      /\{ train: split \}/,
    ],
    [
      'train: a compilation',
      () => rffc.train(session, as(compilation), data),
      'RFF770',
      /expected a plan/,
      /`plan` of what/,
    ],
    [
      'train: a document',
      () => rffc.train(session, as(document), data),
      'RFF770',
      /expected a plan/,
      /compile the model/,
    ],
    [
      'train: data without samples',
      () => rffc.train(session, plan, as({ train: {} })),
      'RFF770',
      /samples as `train`/,
      /inputSize: 4/,
    ],
    [
      'train: options in words',
      () => rffc.train(session, plan, data, as('fast')),
      'RFF770',
      /object of options, found "fast"/,
      /^$/,
    ],
    [
      'train: an unknown option',
      () => rffc.train(session, plan, data, as({ epoch: 3 })),
      'RFF771',
      /`epoch`/,
      /fifth argument/,
    ],
    [
      'train: a near option',
      () => rffc.train(session, plan, data, as({ epoches: 3 })),
      'RFF771',
      /`epoches`/,
      /`epochs`/,
    ],
    [
      'train: learningRate',
      () => rffc.train(session, plan, data, as({ learningRate: 3 })),
      'RFF771',
      /`learningRate`/,
      /`lr`/,
    ],
    [
      'train: batch_size',
      () => rffc.train(session, plan, data, as({ batch_size: 3 })),
      'RFF771',
      /`batch_size`/,
      /\{ batch \}/,
    ],
    [
      'train: no epochs',
      () => rffc.train(session, plan, data, { epochs: 0 }),
      'RFF772',
      /invalid epochs 0/,
      /^$/,
    ],
    [
      'train: lr of text',
      () => rffc.train(session, plan, data, as({ lr: '1e-3' })),
      'RFF772',
      /invalid lr "1e-3"/,
      /^$/,
    ],
    [
      'train: an unknown callback',
      () => rffc.train(session, plan, data, {}, as({ onEpoch() {} })),
      'RFF771',
      /`onEpoch`/,
      /epoch/,
    ],
    [
      'train: lr as a callback',
      () => rffc.train(session, plan, data, {}, as({ lr: 1 })),
      'RFF771',
      /`lr`/,
      /fourth/,
    ],
    [
      'train: another network',
      () => rffc.train(session, other.plan, data),
      'RFF774',
      /\[6, 4\], the plan's is \[7, 4\]/,
      /opened with/,
    ],
    [
      'train: another batch',
      () => rffc.train(session, larger.plan, data),
      'RFF774',
      /`x` is \[1, 5, 4\]/,
      /opened with/,
    ],
    [
      'train: samples too long',
      () => rffc.train(session, plan, { train: five }),
      'RFF709',
      /takes 4 numbers/,
      /./,
    ],
    [
      'train: too many classes',
      () => rffc.train(session, plan, { train: classes }),
      'RFF709',
      /label 2 of sample 0/,
      /^$/,
    ],
    [
      'predict: bare numbers',
      () => rffc.predict(session, plan, as(new Float32Array(4))),
      'RFF770',
      /a Float32Array/,
      /samples\(values/,
    ],
    [
      'predict: a data set',
      () => rffc.predict(session, plan, as(data)),
      'RFF770',
      /expected samples/,
      /data\.test/,
    ],
    [
      'evaluate: nothing',
      () => rffc.evaluate(session, plan, never),
      'RFF770',
      /expected samples/,
      /samples\(values/,
    ],
    ['samples: no shape', () => rffc.samples([1, 2], never), 'RFF770', /shape/, /inputSize/],
    ['samples: a string', () => rffc.samples(as('12'), { inputSize: 2 }), 'RFF770', /array of numbers/, /^$/],
    [
      'samples: rows of unequal length',
      () => rffc.samples([[1, 2], [3]], { inputSize: 2 }),
      'RFF709',
      /sample 1 has 1 /,
      /^$/,
    ],
    [
      'samples: NaN',
      () => rffc.samples([1, 2, 3, Number.NaN], { inputSize: 2 }),
      'RFF709',
      /value 1 of sample 1 is NaN/,
      /^$/,
    ],
    [
      'samples: half a label',
      () => rffc.samples([1, 2], { inputSize: 2 }, [0.5]),
      'RFF709',
      /label 0 is 0\.5/,
      /^$/,
    ],
    [
      'saveWeights: no path',
      () => rffc.saveWeights(session, never),
      'RFF770',
      /a file's path, found undefined/,
      /saveWeights\(session/,
    ],
    [
      'loadWeights: no path',
      () => rffc.loadWeights(session, never),
      'RFF770',
      /a file's path, found undefined/,
      /loadWeights\(session/,
    ],
    [
      'loadDataset: nothing',
      () => rffc.loadDataset(never),
      'RFF770',
      /a model's data, found undefined/,
      /document\.train\.data/,
    ],
    [
      'exportOnnx: a plan',
      () => rffc.exportOnnx(as(plan), new Map(), { version: '0' }),
      'RFF770',
      /a graph/,
      /`compiled\.graph`/,
    ],
    [
      'exportOnnx: tensors',
      () => rffc.exportOnnx(compilation.graph, as(new Map([['w', {}]])), { version: '0' }),
      'RFF770',
      /Float32Arrays/,
      /toFloat32/,
    ],
    [
      'saveWeights: no session',
      () => rffc.saveWeights(never, 'a'),
      'RFF770',
      /expected a session/,
      /openBackend/,
    ],
  ];
  test.each(cases)('%s', async (_, call, code, words, hint) => {
    const error = await (async () => call())().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(rffc.RffcError);
    const [found] = (error as rffc.RffcError).diagnostics;
    expect(found).toMatchObject({ code, message: expect.stringMatching(words) });
    expect(found!.hint ?? '').toMatch(hint);
  });
});
