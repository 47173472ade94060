/**
 * The cuda backend. Without a GPU its whole host side (memory, transfers, streams, graphs, arguments of products) runs
 * the reference cases and random models on a stand-in for the driver that reorders as much as CUDA allows; with a GPU,
 * the same cases run on it.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildPlan } from '../compiler/build.js';
import { type Graph, lower } from '../compiler/graph/index.js';
import { type PassName, passNames } from '../compiler/passes/pipeline.js';
import type { Launch, Plan } from '../compiler/plan/plan.js';
import { RffcError } from '../grammar/diagnostic.js';
import { floorOf, withFloors } from '../runtime/bench/floors.js';
import type { CudaPrecision } from '../runtime/cuda/driver.js';
import { openMachine } from '../runtime/cuda/machine.js';
import { describeDevice, openCuda } from '../runtime/cuda/session.js';
import { floatSplit } from '../runtime/data/dataset.js';
import type { Session } from '../runtime/engine.js';
import { uniforms } from '../runtime/random/index.js';
import { initializeParameters } from '../runtime/train/parameters.js';
import { train as trainLoop } from '../runtime/train/train.js';
import { type StandInOptions, standIn } from './support/cuda-stand-in.js';
import { effort, itemsFor } from './support/effort.js';
import { describeUnless } from './support/needs.js';
import { documentOf, expectParity, replay, seedGraph } from './support/parity.js';
import { PlayerSession } from './support/player.js';
import { type RandomModel, randomModel } from './support/random-model.js';
import { loadSeed, seedCases } from './support/seed.js';
import { graphOf } from './support/small-plans.js';

const NOW = { epoch: 0, batch: 0, trained: 0, rate: 1 };
const NOTHING = {
  ...{ allocations: 0, pinned: 0, streams: 0, events: 0, graphs: 0, modules: 0, handles: 0, contexts: 0 },
};
const seedPlan = (name: string, without: readonly PassName[] = []): Plan =>
  buildPlan(seedGraph(name), { without }).plan;

/** Compiled kernels are not cached: those of the stand-in are not machine code. */
const cache = '/dev/null/rffc';
async function open(plan: Plan, options: StandInOptions & { profile?: boolean } = {}) {
  const { precision = 'f32', profile = false } = options;
  const machine = standIn(plan, options);
  return { machine, session: await openCuda(plan, { precision, profile, cache }, machine) };
}

describe('on the stand-in', () => {
  const usual = ['dynamic-negatives', 'frames', 'one-layer'];
  test.each(itemsFor(seedCases, (name) => usual.includes(name)))(
    'agrees with the reference program: %s',
    async (name) => {
      const { machine, session } = await open(seedPlan(name));
      expect(machine.graphs.length).toBeGreaterThan(0);
      await expectParity(name, session);
      expect(machine.races()).toEqual([]);
      expect(machine.left()).toEqual(NOTHING);
    },
  );

  test.each(['dynamic-negatives', 'frames'])(
    'agrees with the reference program without any pass: %s',
    async (name) => {
      const { machine, session } = await open(seedPlan(name, passNames), { seed: 7 });
      await expectParity(name, session);
      expect(machine.races()).toEqual([]);
    },
  );

  test.each([
    ['tf32', 0.02],
    ['bf16', 0.1],
  ] as const)('%s rounds operands, and nothing else', async (precision, most) => {
    const { machine, session } = await open(seedPlan('one-layer'), { precision });
    const { misses } = await replay('one-layer', session);
    await session.dispose();
    const first = misses.filter(({ batch }) => batch === 0).map(({ relative }) => relative);
    expect(Math.max(...first)).toBeLessThan(most);
    // More than the error of f32: it was actually rounded.
    expect(Math.max(...first)).toBeGreaterThan(2e-5);
    expect(machine.races()).toEqual([]);
  });

  test('with bf16, every operand is converted once for all readers', async () => {
    const plan = seedPlan('dynamic-negatives');
    const { machine, session } = await open(plan, { precision: 'bf16' });
    const products = (launch: Launch) =>
      launch.kind === 'gemm' ? 1 : launch.kind === 'learn' ? launch.products.length : 0;
    const all = plan.programs.train.reduce((sum, launch) => sum + products(launch), 0);
    const [train] = machine.graphs;
    const count = (label: RegExp) => train!.operations.filter((o) => label.test(o.label)).length;
    expect(count(/^product/)).toBe(all);
    expect(count(/^to_bf16/)).toBeGreaterThan(0);
    expect(count(/^to_bf16/)).toBeLessThan(2 * all);
    await session.dispose();
  });

  test('bf16 copies of patches and of their weights are read block by block', async () => {
    const graph = graphOf({
      types: `
  connection first  { field: patch([5, 1], size: 1, stride: 2, maps: 3) }
  connection second { field: patch([3, 1], size: 1, maps: 2) }`,
      network: `
  layer a[9], b[6] { activation: tanh(z) }
  connect image -> a as first
  connect a -> b as second
  connect digit -> a as plain`,
      schedule: 'phase learn[3] { label: given }',
    });
    const { plan } = buildPlan(graph);
    const model = {
      ...{ text: '', batch: 3, predictBatch: 2, frames: 1, observe: false, resumed: false },
      seed: 5,
      purpose: 'network' as const,
    };
    const exact = await play(new PlayerSession(plan), graph, model);
    const { machine, session } = await open(plan, { precision: 'bf16' });
    const rounded = await play(session, graph, model);
    expect(machine.graphs[0]!.operations.some(({ label }) => label.startsWith('to_bf16'))).toBe(true);
    let most = 0;
    for (const [name, values] of exact) {
      const scale = values.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-2);
      values.forEach((x, i) => {
        most = Math.max(most, Math.abs(rounded.get(name)![i]! - x) / scale);
      });
    }
    expect(most).toBeLessThan(0.03);
    expect(most).toBeGreaterThan(1e-5);
    expect(machine.races()).toEqual([]);
  });

  test('layers run concurrently', async () => {
    const { machine, session } = await open(seedPlan('frames'));
    expect(machine.streams()).toBeGreaterThan(1);
    const [train] = machine.graphs;
    // If the longest path were as long as the graph, it would be a single stream.
    const depth = new Map<object, number>();
    for (const o of train!.operations)
      depth.set(o, 1 + Math.max(0, ...o.after.map((a) => depth.get(a) ?? 0)));
    expect(Math.max(...depth.values())).toBeLessThan(train!.operations.length);
    await session.dispose();
  });

  test('matches the plain player bit for bit on random models, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomModel,
        fc.oneof(fc.constant([]), fc.subarray([...passNames])),
        fc.integer({ min: 0, max: 1000 }),
        async (model, without, seed) => {
          const graph = lower(documentOf(model.text), model);
          const { plan } = buildPlan(graph, { without });
          const exact = await play(new PlayerSession(plan), graph, model);
          const { machine, session } = await open(plan, { seed });
          expect(await play(session, graph, model)).toEqual(exact);
          expect(machine.races()).toEqual([]);
        },
      ),
      { numRuns: effort(8, 200), seed: 20240611, endOnFailure: true },
    );
  }, 120_000);

  test('a batch can be written while the previous one is still running', async () => {
    const name = 'one-layer';
    const { tensors } = loadSeed(name);
    const inputs = (b: number) =>
      ['x', 'y', 'y_negative'].map((t) => [t, tensors.get(`batch${b}/${t}`)!.data] as const);
    const train = async (ahead: 'not' | 'once' | 'twice') => {
      const { session } = await open(seedPlan(name));
      for (const t of session.tensors.filter(({ role }) => role === 'parameter'))
        session.write(
          t.name,
          uniforms(
            5,
            0,
            0,
            0,
            t.shape.reduce((n, d) => n * d, 1),
          ),
        );
      for (const [t, values] of inputs(0)) session.write(t, values);
      for (let b = 0; b < 2; b++) {
        const running = session.run('train', { ...NOW, batch: b, trained: b });
        if (ahead === 'twice' && b === 0) {
          // So that the pinned memory of this run's batch is used again.
          const [name, x] = inputs(1)[0]!;
          session.write(
            name,
            (x as Float32Array).map((v) => 3 - v),
          );
        }
        if (ahead !== 'not' && b === 0) for (const [t, values] of inputs(1)) session.write(t, values);
        await running;
        if (ahead === 'not' && b === 0) for (const [t, values] of inputs(1)) session.write(t, values);
      }
      const read = await Promise.all(session.tensors.map((t) => session.read(t.name)));
      await session.dispose();
      return read;
    };
    const truth = await train('not');
    expect(await train('once')).toEqual(truth);
    expect(await train('twice')).toEqual(truth);
  });

  test('training with batches sent ahead gives the same results as writing each before it runs', async () => {
    const text = `connection plain {}
model tiny {
  input image[12]
  label digit[3]
  layer h[8] {}
  connect image -> h as plain
  connect digit -> h as plain
  objective {
    goodness: mean(h^2)
    positive: softplus(1 - goodness)
    negative: softplus(goodness - 1)
    predict: max
  }
  schedule { phase learn[2] { label: given } }
  train { data: tensors("t.safetensors"), epochs: 2, batch: 8, optimizer: sgd(lr: 0.05) }
}`;
    const graph = lower(documentOf(text), { predictBatch: 8 });
    const { plan } = buildPlan(graph);
    const split = (count: number) =>
      floatSplit(
        uniforms(1, 2, 0, 0, 12 * count),
        Int32Array.from({ length: count }, (_, i) => i % 3),
        undefined,
        1,
        12,
      );
    const [train, test] = [split(40), split(8)];
    const losses = async (session: Session) => {
      const seen: number[] = [];
      for (const [name, values] of initializeParameters(graph.document)) session.write(name, values);
      await trainLoop(session, graph, { train, test }, {}, { batch: ({ loss }) => void seen.push(...loss) });
      await session.dispose();
      return seen;
    };
    const { machine, session } = await open(plan);
    const ours = await losses(session);
    expect(ours).toHaveLength(10);
    expect(ours).toEqual(await losses(new PlayerSession(plan)));
    // The first batch of each epoch is written before it runs, the others while the previous one runs.
    const graphs = machine.calls.flatMap((c, i) => (c === 'launchGraph' ? [i] : []));
    expect(machine.calls.slice(graphs[0]! + 1, graphs[1]).filter((c) => c === 'copy').length).toBeGreaterThan(
      3,
    );
  });

  test('small results are returned with the run: reading them needs no device access', async () => {
    const { machine, session } = await open(seedPlan('one-layer'));
    await session.run('train', NOW);
    const before = machine.calls.length;
    const loss = await session.read('loss');
    expect(loss.length).toBeGreaterThan(0);
    expect(machine.calls.length).toBe(before);
    await session.read('h1.image.forward.weight');
    expect(machine.calls.length).toBeGreaterThan(before);
    await session.dispose();
  });

  test('a run is one graph, captured once', async () => {
    const { machine, session } = await open(seedPlan('dynamic-negatives'));
    const captured = () => machine.calls.filter((c) => c === 'beginCapture').length;
    expect(captured()).toBe(2);
    const before = machine.calls.length;
    await session.run('train', NOW);
    await session.run('train', NOW);
    expect(captured()).toBe(2);
    const after = machine.calls.slice(before);
    expect(after.filter((c) => c === 'launchGraph')).toHaveLength(2);
    expect(after.filter((c) => c.startsWith('launch ') || c === 'multiply')).toEqual([]);
    await session.dispose();
  });

  test('reports the time of each launch', async () => {
    const plan = seedPlan('one-layer');
    const { session } = await open(plan, { profile: true });
    expect(session.launchTimes('train')).toEqual([]);
    await session.run('train', NOW);
    const times = session.launchTimes('train');
    expect(times.map(({ launch }) => launch)).toEqual(plan.programs.train.map((_, i) => i));
    expect(times.every(({ workSeconds }) => workSeconds >= 0.25e-3)).toBe(true);
    await expectParity('one-layer', session);
  });

  test('runs the floors of `rffc bench`', async () => {
    const plan = withFloors(seedPlan('one-layer'));
    const { machine, session } = await open(plan);
    await session.play(floorOf('train'), NOW);
    expect(machine.races()).toEqual([]);
    await session.dispose();
  });

  test('rejects names that are not tensors', async () => {
    const { session } = await open(seedPlan('one-layer'));
    const bias = session.tensors.find(({ name }) => name === 'h1.image.forward.bias')!;
    expect(() => session.write('h9.x', new Float32Array(1))).toThrow('RFF801');
    expect(() => session.write(bias.name, new Float32Array(bias.shape[0]! + 1))).toThrow('RFF802');
    await expect(session.read('h9.x')).rejects.toThrow('RFF801');
    const values = Float32Array.from({ length: bias.shape[0]! }, (_, i) => i - 2);
    session.write(bias.name, values);
    expect(await session.read(bias.name)).toEqual(values);
    await session.dispose();
  });
});

describe('under failures', () => {
  const plan = seedPlan('one-layer');
  const opening = (options: StandInOptions & { device?: number }) => {
    const machine = standIn(plan, options);
    const { device = 0, precision = 'f32' } = options;
    return { machine, opened: openCuda(plan, { device, precision, cache }, machine) };
  };

  test('a plan that does not fit reports the memory it needs, and allocates nothing', async () => {
    const { machine, opened } = opening({ free: 2 ** 20 });
    await expect(opened).rejects.toThrow(
      /RFF845: .* the model needs \d+\.\d MiB \(.*workspaces \d+\.\d MiB.*\), but NVIDIA Stand-in has 1\.0 MiB free of 8\.0 GiB/,
    );
    expect(machine.calls).toEqual(['open']);
    expect(machine.left()).toEqual(NOTHING);
  });

  test('a missing device', async () => {
    const devices = [
      { name: 'NVIDIA One', capability: 90 },
      { name: 'NVIDIA Two', capability: 80 },
    ];
    const { opened } = opening({ devices, device: 2 });
    await expect(opened).rejects.toThrow('RFF843: unknown NVIDIA GPU 2');
    await opened.catch((error: RffcError) =>
      expect(error.diagnostics[0]!.hint).toBe('choose from 0 (NVIDIA One), 1 (NVIDIA Two)'),
    );
    await expect(opening({ devices: [] }).opened).rejects.toThrow('RFF840');
    const second = await opening({ devices, device: 1 }).opened;
    expect(second.device).toBe('NVIDIA Two');
    await second.dispose();
  });

  test.each<CudaPrecision>(['tf32', 'bf16'])('%s on a GPU without it', async (precision) => {
    const { opened } = opening({ devices: [{ name: 'NVIDIA Old', capability: 75 }], precision });
    await expect(opened).rejects.toThrow(
      `RFF826: NVIDIA Old (compute capability 7.5) does not support ${precision}`,
    );
  });

  test.each(['allocate', 'allocateHost', 'launch fill', 'multiply', 'beginCapture', 'endCapture'])(
    'a failure in %s while opening is reported, and leaks nothing',
    async (which) => {
      let count = 0;
      const before = (call: string) => {
        if (call === which && ++count === 2)
          throw new RffcError([{ code: 'RFF846', severity: 'error', message: which }]);
      };
      const { machine, opened } = opening({ before });
      await expect(opened).rejects.toThrow(`RFF846: ${which}`);
      const { graphs: _, ...left } = machine.left();
      const { graphs: __, ...nothing } = NOTHING;
      expect(left).toEqual(nothing);
    },
  );

  test('a failure in a run is reported by the run, and the session still closes', async () => {
    let broken = false;
    const { machine, opened } = opening({
      before: (call) => {
        if (broken && call === 'launchGraph')
          throw new RffcError([{ code: 'RFF846', severity: 'error', message: 'lost' }]);
      },
    });
    const session = await opened;
    broken = true;
    await expect(session.run('train', NOW)).rejects.toThrow('RFF846: lost');
    await session.dispose();
    await session.dispose();
    expect(machine.left()).toEqual(NOTHING);
  });

  test('two sessions on one device do not disturb each other', async () => {
    const [one, two] = [await open(plan), await open(plan)];
    await one.session.dispose();
    await expectParity('one-layer', two.session);
    expect(one.machine.left()).toEqual(NOTHING);
  });
});

/** Two training batches and a prediction of a random model; every readable tensor after each. */
async function play(
  session: Session,
  graph: Graph,
  { seed }: RandomModel,
): Promise<Map<string, Float32Array>> {
  const record = new Map<string, Float32Array>();
  let site = 0;
  const length = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);
  const fill = (predict: boolean) => {
    for (const { name, role, shape, type } of graph.tensors) {
      if (role !== 'input' || name.startsWith('predict/') !== predict) continue;
      const u = uniforms(seed, site++, 0, 0, length(shape));
      session.write(name, type === 'i32' ? Int32Array.from(u, (x) => Math.floor(graph.classes * x)) : u);
    }
  };
  const read = async (when: string, roles: readonly string[]) => {
    for (const t of graph.tensors)
      if (roles.includes(t.role)) record.set(`${when} ${t.name}`, await session.read(t.name));
  };
  for (const [name, values] of initializeParameters(graph.document))
    if (graph.tensors.some((t) => t.name === name)) session.write(name, values);
  for (const t of graph.tensors)
    if (t.role === 'state') session.write(t.name, new Float32Array(length(t.shape)));
  for (let b = 0; b < 2; b++) {
    fill(false);
    await session.run('train', { epoch: 1, batch: b, trained: b, rate: 1 - 0.1 * b });
    await read(`batch ${b}`, ['parameter', 'state', 'output']);
  }
  fill(true);
  await session.run('predict', { epoch: 1, batch: 0, trained: 2, rate: 1 });
  await read('prediction', ['output']);
  await session.dispose();
  return record;
}

/** Why there is no GPU on this machine. CI has none either, so its tests may be skipped there. */
function reasonForNoGpu(): string | undefined {
  try {
    describeDevice(openMachine().driver, 0);
    return undefined;
  } catch (error) {
    if (error instanceof RffcError) return error.diagnostics[0]!.message;
    throw error;
  }
}

const missing = reasonForNoGpu();
describeUnless(missing, 'on an NVIDIA GPU', () => {
  test.each(seedCases)('agrees with the reference program: %s', async (name) => {
    await expectParity(name, await openCuda(seedPlan(name)));
  });
  test.each(['dynamic-negatives', 'frames'])(
    'agrees with the reference program without any pass: %s',
    async (name) => {
      await expectParity(name, await openCuda(seedPlan(name, passNames)));
    },
  );
  test('gives the same bytes every time', async () => {
    const once = async () => {
      const session = await openCuda(seedPlan('dynamic-negatives'));
      const { misses } = await replay('dynamic-negatives', session);
      const tensors = await Promise.all(session.tensors.map((t) => session.read(t.name)));
      await session.dispose();
      return { misses, tensors };
    };
    expect(await once()).toEqual(await once());
  });
  test('matches the plain player on random models', async () => {
    await fc.assert(
      fc.asyncProperty(randomModel, fc.subarray([...passNames]), async (model, without) => {
        const graph = lower(documentOf(model.text), model);
        const { plan } = buildPlan(graph, { without });
        const exact = await play(new PlayerSession(plan), graph, model);
        const ours = await play(await openCuda(plan), graph, model);
        for (const [name, truth] of exact) {
          const scale = truth.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-2);
          const miss = truth.reduce((m, x, i) => Math.max(m, Math.abs(ours.get(name)![i]! - x)), 0);
          expect({ name, miss: miss / scale < 1e-4 }).toEqual({ name, miss: true });
        }
      }),
      { numRuns: 30 },
    );
  }, 300_000);
  test.each(['tf32', 'bf16'] as const)('%s stays close to the reference program', async (precision) => {
    const session = await openCuda(seedPlan('one-layer'), { precision });
    const { misses } = await replay('one-layer', session);
    await session.dispose();
    const first = misses.filter(({ batch }) => batch === 0).map(({ relative }) => relative);
    expect(Math.max(...first)).toBeLessThan(precision === 'tf32' ? 0.02 : 0.1);
  });
});
