/**
 * Times a compiled network: a training batch and a prediction, in turn with the floors that their matrix products set,
 * so that whatever else the machine does meets all of them alike. Only ratios within one run are worth comparing.
 */

import { buildPlan } from '../../compiler/build.js';
import type { Graph } from '../../compiler/graph/graph.js';
import { stateAtStart } from '../../compiler/graph/tensors.js';
import { isPlan, type Network, networkOf } from '../../compiler/network.js';
import type { PassName } from '../../compiler/passes/pipeline.js';
import type { Launch, Plan } from '../../compiler/plan/plan.js';
import { blasText, type Precision } from '../backends.js';
import type { CpuSession } from '../cpu/session.js';
import type { CudaSession } from '../cuda/session.js';
import type { ProgramName, Session } from '../engine.js';
import { uniforms } from '../random/philox.js';
import type { OpenSession } from '../run/run.js';
import { lengthOf } from '../tensors.js';
import { floorOf, naiveFloorOf, withFloors } from './floors.js';

export interface BenchOptions {
  readonly backend: string;
  /** Rounds to time; by default as many as `SECONDS` have room for. */
  readonly batches?: number;
  readonly threads?: number;
  readonly precision?: Precision;
  /** Which GPU, from 0, on cuda. */
  readonly device?: number;
  readonly without?: readonly PassName[];
  /** What each kernel took; on engines of our own. */
  readonly profile?: boolean;
}

/** Medians, in seconds. */
export interface Timing {
  readonly samples: number;
  /** Inputs written, program played, result read. */
  readonly seconds: number;
  /** The plan's own matrix products alone; on the cpu and cuda backends. */
  readonly floorSeconds?: number;
  /** The matrix products of the model as it is written. */
  readonly naiveFloorSeconds?: number;
  /** How many were timed. */
  readonly rounds: number;
}

/** What kernels of one name took in a run of a program, on the first worker. */
export interface KernelTime {
  readonly kernel: string;
  readonly launches: number;
  readonly workSeconds: number;
  /** For the other workers, where they must meet before it. */
  readonly waitSeconds: number;
}

export interface BenchReport {
  readonly model: string;
  readonly backend: string;
  readonly threads: number | null;
  /** What multiplied matrices; null for our own WebAssembly, and on other backends. */
  readonly blas: string | null;
  /** Of a training batch. */
  readonly train: Timing;
  /** Of all samples of `evaluate`'s batch; null for a model without a label. */
  readonly predict: Timing | null;
  readonly profile?: Readonly<Record<ProgramName, readonly KernelTime[]>>;
}

/** The time that a program is measured for if nobody says how often. */
const SECONDS = 10;
const LEAST_ROUNDS = 3;
const MOST_ROUNDS = 200;

/**
 * Times a network on random data of its shape.
 *
 * @param openSession how another backend than `cpu` is opened
 * @throws RffcError where the backend cannot be opened, or fails
 */
export async function bench(
  compiled: Graph | Plan,
  options: BenchOptions,
  openSession: OpenSession,
): Promise<BenchReport> {
  const { backend, threads, precision, device, without, profile = false } = options;
  const network = networkOf(compiled);
  const choice = {
    profile,
    ...(threads === undefined ? {} : { threads }),
    ...(precision === undefined ? {} : { precision }),
    ...(device === undefined ? {} : { device }),
  };
  const planned = () =>
    isPlan(compiled) ? compiled : buildPlan(compiled, without === undefined ? {} : { without }).plan;
  if (backend !== 'cpu' && backend !== 'auto' && backend !== 'cuda') {
    const ours = backend === 'webgpu';
    const plan = ours ? planned() : undefined;
    const session = await openSession(backend, plan ?? compiled, choice);
    try {
      const report = await measure(session, network, options, () => []);
      return profile && plan ? { ...report, profile: profileOf(session, plan, report) } : report;
    } finally {
      await session.dispose();
    }
  }
  // These play any program, so also those of the floors.
  const plan = planned();
  const session = (await openSession(backend, withFloors(plan), choice)) as CpuSession | CudaSession;
  try {
    const report = await measure(session, network, options, (program) =>
      [floorOf(program), naiveFloorOf(program)].map((name) => () => session.play(name, NOW)),
    );
    return profile ? { ...report, profile: profileOf(session, plan, report) } : report;
  } finally {
    await session.dispose();
  }
}

const NOW = { epoch: 0, batch: 0, trained: 0, rate: 1 };
type Play = () => Promise<void>;

async function measure(
  session: Session & Partial<Pick<CpuSession, 'threads' | 'blas'>>,
  network: Network,
  { batches }: BenchOptions,
  floors: (program: ProgramName) => readonly Play[],
): Promise<BenchReport> {
  const { document, batch, predictBatch } = network;
  fill(session, network);
  const time = async (program: ProgramName, scale: number): Promise<Omit<Timing, 'samples'>> => {
    const inputs = inputsOf(session, network, program);
    const result = program === 'train' ? 'loss' : 'predict/goodness';
    const play = async () => {
      for (const [name, values] of inputs) session.write(name, values);
      await session.run(program, NOW);
      await session.read(result);
    };
    const { medians, rounds } = await interleaved([play, ...floors(program)], batches);
    const [seconds, floorSeconds, naiveFloorSeconds] = medians.map((median) => scale * median);
    return {
      seconds: seconds!,
      ...(floorSeconds === undefined ? {} : { floorSeconds }),
      ...(naiveFloorSeconds === undefined ? {} : { naiveFloorSeconds }),
      rounds,
    };
  };
  const train = { samples: batch, ...(await time('train', 1)) };
  const samples = document.evaluate.batch;
  const predict =
    document.label === null
      ? null
      : { samples, ...(await time('predict', Math.ceil(samples / predictBatch))) };
  return {
    model: document.name,
    backend: session.backend,
    threads: session.threads ?? null,
    blas: session.blas ? blasText(session.blas) : null,
    train,
    predict,
  };
}

/**
 * Plays each in turn, round after round, and gives each one's median seconds. The first round warms up and is not
 * timed.
 */
async function interleaved(
  plays: readonly Play[],
  asked: number | undefined,
): Promise<{ readonly medians: number[]; readonly rounds: number }> {
  for (const play of plays) await play();
  const times: number[][] = plays.map(() => []);
  const began = performance.now();
  const spent = () => (performance.now() - began) / 1000;
  let rounds = 0;
  const enough = () =>
    asked === undefined
      ? rounds >= MOST_ROUNDS || (rounds >= LEAST_ROUNDS && spent() > SECONDS)
      : rounds >= asked;
  while (!enough()) {
    for (const [i, play] of plays.entries()) {
      const start = performance.now();
      await play();
      times[i]!.push((performance.now() - start) / 1000);
    }
    rounds++;
  }
  return { medians: times.map(median), rounds };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Parameters of an ordinary size, drawn uniformly: orthogonal ones would take longer to make than to time. */
function fill(session: Session, { document }: Network): void {
  for (const [site, tensor] of session.tensors.entries()) {
    const { name, role, shape } = tensor;
    const length = lengthOf(shape);
    if (role === 'state') session.write(name, new Float32Array(length).fill(stateAtStart(tensor)));
    if (role !== 'parameter') continue;
    const bound = 1 / Math.sqrt(shape.at(-1)!);
    const drawn = uniforms(document.train.seed, site, 0, 0, length);
    session.write(
      name,
      drawn.map((u) => bound * (2 * u - 1)),
    );
  }
}

/** Random values for all that a program reads: numbers in [0, 1), and classes. */
function inputsOf(
  session: Session,
  { document, classes }: Network,
  program: ProgramName,
): [string, Float32Array | Int32Array][] {
  return session.tensors.flatMap(
    ({ name, role, shape, type }, site): [string, Float32Array | Int32Array][] => {
      if (role !== 'input' || name.startsWith('predict/') !== (program === 'predict')) return [];
      const drawn = uniforms(document.train.seed, site, 0, 0, lengthOf(shape));
      return [[name, type === 'i32' ? Int32Array.from(drawn, (u) => Math.floor(u * classes)) : drawn]];
    },
  );
}

/** What the session's clock says, by kernel, the longest first. */
function profileOf(
  session: Session,
  plan: Plan,
  { train, predict }: BenchReport,
): Record<ProgramName, KernelTime[]> {
  const of = (program: ProgramName, rounds: number): KernelTime[] => {
    const byKernel = new Map<string, KernelTime>();
    for (const { launch, waitSeconds, workSeconds } of session.launchTimes?.(program) ?? []) {
      const kernel = nameOf(plan, plan.programs[program][launch]!);
      const sum = byKernel.get(kernel) ?? { kernel, launches: 0, workSeconds: 0, waitSeconds: 0 };
      byKernel.set(kernel, {
        kernel,
        launches: sum.launches + 1,
        workSeconds: sum.workSeconds + workSeconds / rounds,
        waitSeconds: sum.waitSeconds + waitSeconds / rounds,
      });
    }
    return [...byKernel.values()].sort((a, b) => b.workSeconds - a.workSeconds);
  };
  // The session has timed the round that warmed it up, too.
  return { train: of('train', train.rounds + 1), predict: predict ? of('predict', predict.rounds + 1) : [] };
}

/** A launch's kernel as a person would name it: what it is, and of what size or for which values. */
function nameOf(plan: Plan, launch: Launch): string {
  switch (launch.kind) {
    case 'gemm':
      return `gemm ${launch.m}×${launch.n}×${launch.k}`;
    case 'rows':
      return `rows ${plan.kernels[launch.kernel]!.name}`;
    case 'learn':
      return `learn ${launch.products.map((p) => `${p.m}×${p.n}×${p.k}`).join(' + ')}`;
    default:
      return launch.kind;
  }
}
