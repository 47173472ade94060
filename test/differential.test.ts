/**
 * Random models, each from its text, on everything that can run them: the oracle, the compiler's plans executed plainly
 * (with all passes and with some disabled), and the cpu backend with a BLAS and with its own products, against the same
 * graph in f64.
 *
 * `RFFC_FUZZ=2000` runs that many models from a new seed, `RFFC_FUZZ_SEED` from that seed; a failure is then shrunk.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildPlan } from '../compiler/build.js';
import { type Graph, lower, type TensorInfo } from '../compiler/graph/index.js';
import { type PassName, passNames } from '../compiler/passes/pipeline.js';
import type { Plan } from '../compiler/plan/plan.js';
import { validatePlan } from '../compiler/plan/validate.js';
import { RffcError } from '../grammar/diagnostic.js';
import { findBlas } from '../runtime/cpu/blas.js';
import { openCpu } from '../runtime/cpu/session.js';
import type { Session } from '../runtime/engine.js';
import { uniforms } from '../runtime/random/index.js';
import { openTfjs } from '../runtime/tfjs/load.js';
import { initializeParameters } from '../runtime/train/parameters.js';
import { findGpu } from './support/adapter.js';
import { effort } from './support/effort.js';
import { testUnless } from './support/needs.js';
import { documentOf } from './support/parity.js';
import { PlayerSession } from './support/player.js';
import { type RandomModel, randomModel } from './support/random-model.js';
import { ReferenceSession } from './support/reference.js';

const fuzz = Number(process.env.RFFC_FUZZ ?? 0);
const runs = (usual: number, campaign: number) => ({
  endOnFailure: true,
  numRuns: fuzz || effort(usual, campaign),
});
const patience = fuzz > 0 ? 24 * 3600_000 : effort(120_000, 1_800_000);

/** Relative to the largest magnitude of a tensor: the f32 error of a few steps, with some slack. */
const tolerance = 1e-4;
/**
 * Tensors with a smaller magnitude are compared as if they had this one: rounding errors of cancelled terms do not
 * shrink with it.
 */
const floorOf = (name: string) => (/(square_avg|exp_avg_sq|acc_delta)$/.test(name) ? 1e-3 : 1e-2);

const sizeOf = (t: TensorInfo) => t.shape.reduce((n, d) => n * d, 1);

/** f32 rounds to the nearest of numbers that are this far apart, relative to them. */
const ULP = 2 ** -23;
/**
 * A miss above the tolerance is the model's own sensitivity if it is at most this many times what the exact result
 * moves by when its first weights are rounded the other way: an engine rounds every result, not only the weights.
 */
const SENSITIVITY = 10;

/**
 * Two training batches and a prediction; every tensor that is read after each, by name.
 *
 * @param nudge by which share every first weight is larger or smaller, at random
 */
async function play(
  session: Session,
  graph: Graph,
  { seed, resumed }: RandomModel,
  nudge = 0,
): Promise<Map<string, Float32Array>> {
  const record = new Map<string, Float32Array>();
  let site = 0;
  const draw = (count: number, scale = 1) => uniforms(seed, site++, 0, 0, count).map((u) => scale * u);
  const classes = (count: number) => Int32Array.from(draw(count, graph.classes), Math.floor);
  const read = async (when: string, has: (t: TensorInfo) => boolean) => {
    for (const t of graph.tensors) if (has(t)) record.set(`${when} ${t.name}`, await session.read(t.name));
  };
  try {
    for (const [name, values] of initializeParameters(graph.document)) {
      if (!graph.tensors.some((t) => t.name === name)) continue;
      const signs = nudge === 0 ? undefined : uniforms(seed, 1, 1, 1, values.length);
      session.write(
        name,
        signs ? values.map((w, i) => w * (1 + (signs[i]! < 0.5 ? -nudge : nudge))) : values,
      );
    }
    if (resumed) {
      for (const t of graph.tensors) {
        if (t.role !== 'state') continue;
        const odd = /(momentum_buffer|exp_avg)$/.test(t.name);
        session.write(
          t.name,
          draw(sizeOf(t)).map((u) => (odd ? 0.1 * (u - 0.5) : 0.01 * u)),
        );
      }
    }
    await read('initially', (t) => t.role === 'parameter' || t.role === 'state');
    for (let b = 0; b < 2; b++) {
      for (const t of graph.tensors) {
        if (t.role !== 'input' || t.name.startsWith('predict/') || t.name === 'y_negative') continue;
        if (t.type === 'f32') {
          session.write(
            t.name,
            draw(sizeOf(t)).map((u) => (t.name.startsWith('x') ? 2 * u - 1 : u)),
          );
          continue;
        }
        const y = classes(sizeOf(t));
        session.write('y', y);
        const other = draw(y.length, graph.classes - 1).map(Math.floor);
        if (graph.tensors.some((t) => t.name === 'y_negative' && t.role === 'input'))
          session.write(
            'y_negative',
            y.map((k, i) => (k + 1 + other[i]!) % graph.classes),
          );
      }
      const trained = (resumed ? 3 : 0) + b;
      await session.run('train', { epoch: 1, batch: b, trained, rate: b === 0 ? 1 : 0.9 });
      await read(`batch ${b}`, (t) => t.role !== 'input' && !t.name.startsWith('predict/'));
    }
    const x = graph.tensors.find((t) => t.name === 'predict/x')!;
    session.write(
      'predict/x',
      draw(sizeOf(x)).map((u) => 2 * u - 1),
    );
    await session.run('predict', { epoch: 1, batch: 0, trained: 5, rate: 1 });
    await read('prediction', (t) => /^predict\/(goodness|goodness_layers|softmax)$/.test(t.name));
    // Prediction changes nothing.
    await read('after prediction', (t) => t.role === 'parameter' || t.role === 'state');
    return record;
  } finally {
    await session.dispose();
  }
}

interface Miss {
  readonly tensor: string;
  readonly relative: number;
  readonly at: number;
  readonly ours: number | undefined;
  readonly exact: number;
}

/** The tensors with errors beyond the tolerance, each with its worst element. */
function missesOf(
  ours: ReadonlyMap<string, Float32Array>,
  exact: ReadonlyMap<string, Float32Array>,
  allowed = tolerance,
): { misses: Miss[]; worst: number } {
  const misses: Miss[] = [];
  let worst = 0;
  for (const [tensor, truth] of exact) {
    const mine = ours.get(tensor)!;
    if (mine.length !== truth.length)
      throw new Error(`${tensor} has ${mine.length} numbers, not ${truth.length}`);
    const scale = truth.reduce((m, x) => Math.max(m, Math.abs(x)), floorOf(tensor));
    let at = -1;
    let most = 0;
    truth.forEach((x, i) => {
      const d = Math.abs(mine[i]! - x) / scale;
      if (!(d <= most)) [at, most] = [i, d];
    });
    worst = most <= worst ? worst : most;
    if (!(most <= allowed)) misses.push({ tensor, relative: most, at, ours: mine[at], exact: truth[at]! });
  }
  return { misses, worst };
}

const graphs = (model: RandomModel): Graph =>
  lower(documentOf(model.text), {
    frames: model.frames,
    predictBatch: model.predictBatch,
    purpose: model.purpose,
    observe: model.observe,
  });

/** A graph's plan after a round trip through JSON. @throws RffcError if it is not valid */
function planOf(graph: Graph, without: readonly PassName[] = []): Plan {
  const validated = validatePlan(JSON.parse(JSON.stringify(buildPlan(graph, { without }).plan)));
  if (!('plan' in validated)) throw new RffcError(validated.diagnostics);
  return validated.plan;
}

/** Whether the exact results move as much when the first weights are rounded the other way. */
async function isSensitive(
  model: RandomModel,
  graph: Graph,
  exact: ReadonlyMap<string, Float32Array>,
  misses: readonly Miss[],
): Promise<boolean> {
  const moved = missesOf(await play(new ReferenceSession(graph), graph, model, ULP), exact, 0).misses;
  const by = new Map(moved.map(({ tensor, relative }) => [tensor, relative]));
  if (process.env.RFFC_FUZZ_WORST !== undefined)
    for (const m of misses) console.log(`${m.tensor}: ${m.relative}, moved by ${by.get(m.tensor) ?? 0}`);
  return misses.every(({ tensor, relative }) => relative <= SENSITIVITY * (by.get(tensor) ?? 0));
}

/** Runs a model on each session and compares with the truth. @throws Error that shows the model */
async function compare(
  model: RandomModel,
  graph: Graph,
  sessions: Readonly<Record<string, () => Session | Promise<Session>>>,
): Promise<void> {
  const exact = await play(new ReferenceSession(graph), graph, model);
  // A model that grows without bound would only show its own rounding errors.
  for (const values of exact.values()) fc.pre(values.every((x) => Math.abs(x) < 1e4));
  for (const [name, open] of Object.entries(sessions)) {
    let problem: string;
    try {
      const { misses, worst } = missesOf(await play(await open(), graph, model), exact);
      if (process.env.RFFC_FUZZ_WORST !== undefined) console.log(name, worst);
      if (misses.length === 0) continue;
      if (await isSensitive(model, graph, exact, misses)) continue;
      problem = misses
        .slice(0, 12)
        .map(
          (m) =>
            `  ${m.tensor}[${m.at}] is ${m.ours}, exactly ${m.exact}: off by ${m.relative.toExponential(2)}`,
        )
        .join('\n');
    } catch (error) {
      problem = error instanceof Error ? `${error.stack}` : String(error);
    }
    const { text, ...rest } = model;
    throw new Error(`${name} differs:\n${problem}\n${JSON.stringify(rest)}\n${text}`);
  }
}

/** One pass, or any subset. */
const somePasses: fc.Arbitrary<readonly PassName[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...passNames).map((p) => [p]) },
  { weight: 1, arbitrary: fc.subarray([...passNames]) },
);

describe('random models', async () => {
  test(
    'on the oracle, and their plans executed plainly',
    async () => {
      await fc.assert(
        fc.asyncProperty(randomModel, somePasses, async (model, without) => {
          const graph = graphs(model);
          await compare(model, graph, {
            'the oracle': () => openTfjs('tfjs-cpu', graph),
            'the plan': () => new PlayerSession(planOf(graph)),
            [`the plan without ${without.join(', ')}`]: () => new PlayerSession(planOf(graph, without)),
          });
        }),
        runs(30, 400),
      );
    },
    patience,
  );

  const blas = findBlas();
  const engines: [string, string | undefined][] = [
    ...(blas ? [[`cpu on ${blas.name}`, undefined] as [string, undefined]] : []),
    ['cpu without a BLAS', 'off'],
  ];
  test.each(engines)(
    'on %s',
    async (_, choice) => {
      const before = process.env.RFFC_BLAS;
      if (choice !== undefined) process.env.RFFC_BLAS = choice;
      try {
        await fc.assert(
          fc.asyncProperty(
            randomModel,
            fc.oneof(fc.constant([]), somePasses),
            fc.integer({ min: 1, max: 3 }),
            async (model, without, threads) => {
              const graph = graphs(model);
              await compare(model, graph, {
                [`cpu, ${threads} threads, without ${without.join(', ') || 'nothing'}`]: () =>
                  openCpu(planOf(graph, without), { threads }),
              });
            },
          ),
          runs(12, 150),
        );
      } finally {
        if (before === undefined) delete process.env.RFFC_BLAS;
        else process.env.RFFC_BLAS = before;
      }
    },
    patience,
  );

  const { gpu, missing } = await findGpu();
  testUnless(
    missing,
    'on webgpu',
    async () => {
      const { openWebgpu } = await import('../runtime/webgpu/session.js');
      await fc.assert(
        fc.asyncProperty(randomModel, fc.oneof(fc.constant([]), somePasses), async (model, without) => {
          const graph = graphs(model);
          await compare(model, graph, {
            [`webgpu, without ${without.join(', ') || 'nothing'}`]: () =>
              openWebgpu(planOf(graph, without), gpu!),
          });
        }),
        runs(8, 40),
      );
    },
    patience,
  );

  test('are reported as different where one differs', () => {
    const truth = new Map([['batch 0 w', Float32Array.of(1, 2)]]);
    const { misses } = missesOf(new Map([['batch 0 w', Float32Array.of(1, 2.001)]]), truth);
    expect(misses.map((m) => [m.tensor, m.at])).toEqual([['batch 0 w', 1]]);
    expect(missesOf(new Map([['batch 0 w', Float32Array.of(1, Number.NaN)]]), truth).misses).toHaveLength(1);
    expect(missesOf(truth, truth).misses).toEqual([]);
  });
});
