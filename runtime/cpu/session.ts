/**
 * The cpu engine: a plan on one shared memory, played by a pool of worker threads, its products by a system BLAS or by
 * WebAssembly, everything else by kernels printed as WebAssembly text.
 */
import { overlapsOf, printModule, scratchBytes } from '../../compiler/codegen/index.js';
import { hostScalar } from '../../compiler/graph/tensors.js';
import type { Plan, PlanTensor, Region } from '../../compiler/plan/plan.js';
import { failure } from '../../grammar/diagnostic.js';
import { asyncDispose } from '../dispose.js';
import type { LaunchTime, ProgramName, RunArguments, Session, TensorInfo } from '../engine.js';
import { lengthOf, partsOf, TensorTable } from '../tensors.js';
import { assemble, hasRelaxedSimd } from './assemble.js';
import { type BlasInfo, findBlas } from './blas.js';
import { gemmModule, gemmScratchBytes } from './gemm-wat.js';
import { type Layout, layOut } from './layout.js';
import { Pool } from './pool.js';
import { makeSteps, privateLayout } from './program.js';
import type { Setup } from './steps.js';
import { defaultThreads, MOST_THREADS } from './threads.js';

export interface CpuOptions {
  /** Worker threads; `defaultThreads` by default. */
  readonly threads?: number;
  /** Time every launch. */
  readonly profile?: boolean;
}

/**
 * Opens a plan on this machine's processor and plays its `load` program.
 *
 * @throws RffcError RFF820 to RFF822 if `RFFC_BLAS` names a library that cannot be used, RFF823 if a worker fails,
 * RFF824 if the plan needs more memory than there is, RFF825 for an invalid thread count
 */
export async function openCpu(plan: Plan, options: CpuOptions = {}): Promise<CpuSession> {
  const threads = options.threads ?? defaultThreads();
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
    const message = `invalid thread count ${threads}: expected an integer between 1 and ${MOST_THREADS}`;
    throw failure('RFF825', message, {
      hint: `leave out \`--threads\`: the default on this machine is ${defaultThreads()}`,
    });
  }
  // The workers come up while this thread prepares their work.
  const pool = new Pool(threads);
  try {
    const blas = findBlas();
    const overlaps = overlapsOf(plan);
    const kernelScratch = plan.kernels.map((kernel, i) => scratchBytes(kernel, overlaps(i)));
    const own = privateLayout(plan, threads, Math.max(0, ...kernelScratch), blas ? 0 : gemmScratchBytes());
    const layout = layOut(plan, threads, own.bytes);
    const { pages } = layout;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const programs = makeSteps(plan, threads, layout.buffers, layout.privateAt, own, memory);
    const products = blas
      ? { blas: blas.path }
      : {
          module: await assemble('products.wat', gemmModule(hasRelaxedSimd())),
          scratch: layout.privateAt + own.products,
        };
    const kernels = await assemble('kernels.wat', printModule(plan.kernels, overlaps));
    const profile = options.profile ?? false;
    const setup: Setup = { memory, privateBytes: own.bytes, kernels, products, programs, profile };
    await pool.load(setup);
    const session = new CpuSession(plan, pool, layout, setup, blas);
    await session.play('load', { epoch: 0, batch: 0, trained: 0, rate: 1 });
    return session;
  } catch (error) {
    await pool.dispose();
    throw error;
  }
}

export class CpuSession implements Session {
  readonly backend = 'cpu';
  readonly tensors: readonly TensorInfo[];
  readonly written: ReadonlySet<string>;
  private readonly table: TensorTable;
  private readonly floats: Float32Array;
  private readonly ints: Int32Array;
  private readonly times = new Map<string, Float64Array>();

  /** @param blas what products go through; null: our own WebAssembly */
  constructor(
    private readonly plan: Plan,
    private readonly pool: Pool,
    private readonly layout: Layout,
    private readonly setup: Setup,
    readonly blas: BlasInfo | null,
  ) {
    this.table = new TensorTable(plan);
    this.tensors = this.table.infos;
    this.written = this.table.written;
    this.floats = new Float32Array(setup.memory.buffer);
    this.ints = new Int32Array(setup.memory.buffer);
  }

  get threads(): number {
    return this.pool.threads;
  }

  /** Where a region starts, in numbers. */
  private start(r: Region): number {
    return this.layout.buffers[r.buffer]! / 4 + r.offset;
  }

  /**
   * Calls `each` with the place in memory, in numbers, and in the row-major tensor, of every stretch of `length`
   * numbers.
   */
  private stretches(
    t: PlanTensor,
    each: (memory: number, tensor: number, length: number, gap: number) => void,
  ): void {
    for (const { region: r, at } of partsOf(t)) {
      const start = this.start(r);
      // Stored transposed, a row in memory is a column of the tensor, whose rows are as long as the region has rows.
      for (let row = 0; row < r.rows; row++)
        each(
          start + row * r.stride,
          t.transposed ? at + row : at + row * r.cols,
          r.cols,
          t.transposed ? r.rows : 1,
        );
    }
  }

  write(name: string, values: Float32Array | Int32Array): void {
    const t = this.table.fitting(name, values);
    const memory = t.type === 'i32' ? this.ints : this.floats;
    this.stretches(t, (to, from, length, gap) => {
      if (gap === 1 && t.sign === 1) memory.set(values.subarray(from, from + length), to);
      else for (let i = 0; i < length; i++) memory[to + i] = t.sign * values[from + i * gap]!;
    });
  }

  async read(name: string): Promise<Float32Array> {
    const t = this.table.find(name);
    const values = new Float32Array(lengthOf(t.shape));
    const memory = t.type === 'i32' ? this.ints : this.floats;
    this.stretches(t, (from, to, length, gap) => {
      if (gap === 1 && t.sign === 1) values.set(memory.subarray(from, from + length), to);
      else for (let i = 0; i < length; i++) values[to + i * gap] = t.sign * memory[from + i]!;
    });
    return values;
  }

  run(program: ProgramName, args: RunArguments): Promise<void> {
    return this.play(program, args);
  }

  /** Plays any of the plan's programs. @throws RffcError RFF823 if a worker fails; the session is then at its end */
  async play(program: string, args: RunArguments): Promise<void> {
    this.table.check();
    const { values, region } = this.plan.scalars;
    if (region) {
      const start = this.start(region);
      values.forEach((scalar, i) => {
        const row = Math.floor(i / region.cols);
        this.floats[start + row * region.stride + (i - row * region.cols)] = hostScalar(scalar, args);
      });
    }
    const timings = await this.pool.run(program, { epoch: args.epoch, batch: args.batch });
    if (!timings) return;
    const sum = this.times.get(program);
    this.times.set(program, sum ? sum.map((ms, i) => ms + timings[i]!) : timings);
  }

  /** What the launches of a program took on worker 0; empty unless the session was opened with `profile`. */
  launchTimes(program: string): LaunchTime[] {
    const sum = this.times.get(program);
    if (!sum) return [];
    return this.setup.programs[program]!.map(({ sync }, launch) => ({
      launch,
      sync,
      waitSeconds: sum[2 * launch]! / 1000,
      workSeconds: sum[2 * launch + 1]! / 1000,
    }));
  }

  dispose(): Promise<void> {
    this.table.close();
    return this.pool.dispose();
  }

  [asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
