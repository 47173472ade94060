/**
 * For tests of printed CUDA C where there is no GPU: a plan's module compiled for the host by g++ against
 * `host-shim.hpp`, and a session that plays the plan on it, its products plainly.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { type Arg, cudaModule, type KernelLaunch, launchOf } from '../../compiler/codegen/cuda/index.js';
import {
  hostScalar,
  type ProgramName,
  type RunArguments,
  type TensorInfo,
} from '../../compiler/graph/index.js';
import { eachBlock } from '../../compiler/plan/blocks.js';
import type { Buffer, Gemm, Launch, Plan, PlanTensor, Region, RowsKernel } from '../../compiler/plan/plan.js';

/** Whether a compiler is there, under its usual name or as `variable` names it. */
export function compilerFor(variable: 'NVCC' | 'CXX', usual: string): string | undefined {
  const command = process.env[variable] ?? usual;
  return spawnSync(command, ['--version']).status === 0 ? command : undefined;
}

type Launcher = (
  name: string,
  grid: Uint32Array,
  block: Uint32Array,
  kinds: string,
  values: Uint8Array,
) => string | null;

const kindOf = (arg: Arg): string => ({ u64: 'p', i32: 'i', u32: 'u', f32: 'f' })[arg.type];

/** Compiles a module with g++. @throws Error with what the compiler says */
function compileForHost(gpp: string, plan: Plan): Launcher {
  const { code, functions } = cudaModule(plan);
  const folder = mkdtempSync(join(tmpdir(), 'rffc-cuda-'));
  try {
    const table = `HOST_TABLE(${functions.map((f) => `HOST_KERNEL(${f})`).join(', ')})\n`;
    writeFileSync(join(folder, 'module.cpp'), `${code}${table}`);
    const options = ['-std=c++17', '-O1', '-fPIC', '-shared', '-Wl,-Bsymbolic', '-fno-strict-aliasing', '-w'];
    const shim = ['-include', join(import.meta.dirname, 'host-shim.hpp')];
    const { status, stderr } = spawnSync(gpp, [...options, ...shim, '-o', 'module.so', 'module.cpp'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`the host's compiler refuses a module:\n${stderr}`);
    const library = koffi.load(join(folder, 'module.so'));
    return library.func(
      'const char* launch(const char* name, const void* grid, const void* block, const char* kinds, void* values)',
    ) as Launcher;
  } finally {
    // What is loaded stays mapped.
    rmSync(folder, { recursive: true });
  }
}

const ROOM = 1024;

/**
 * A plan played on the host by the text of its CUDA kernels. What was never written is NaN in activities and scratch.
 */
export class HostSession {
  readonly tensors: readonly TensorInfo[];
  private readonly arenas: ReadonlyMap<string, ArrayBuffer>;
  /** A longer array than its four words: short ones may move. */
  private readonly runWords = new Uint32Array(ROOM);
  private readonly call: Launcher;

  constructor(
    gpp: string,
    private readonly plan: Plan,
  ) {
    this.tensors = plan.tensors;
    this.arenas = new Map(
      plan.arenas.map(({ name, bytes }) => {
        const memory = new ArrayBuffer(bytes + ROOM);
        new Float32Array(memory).fill(name === 'activities' || name === 'scratch' ? Number.NaN : 0);
        return [name, memory];
      }),
    );
    this.call = compileForHost(gpp, plan);
    this.play('load', { epoch: 0, batch: 0, trained: 0, rate: 1 });
  }

  private arena(buffer: number): ArrayBuffer {
    return this.arenas.get(this.plan.buffers[buffer]!.arena)!;
  }
  private numbers(buffer: number): Float32Array {
    return new Float32Array(this.arena(buffer), this.plan.buffers[buffer]!.offset);
  }
  private tensor(name: string): PlanTensor {
    return this.plan.tensors.find((t) => t.name === name)!;
  }
  /** Calls back with the place of every element, in the order of the tensor's own rows. */
  private each(
    t: PlanTensor,
    visit: (memory: Float32Array | Int32Array, at: number, i: number) => void,
  ): void {
    let i = 0;
    for (const r of t.regions) {
      const memory = this.numbers(r.buffer);
      const words = t.type === 'i32' ? new Int32Array(memory.buffer, memory.byteOffset) : memory;
      const [rows, cols] = t.transposed ? [r.cols, r.rows] : [r.rows, r.cols];
      for (let row = 0; row < rows; row++)
        for (let col = 0; col < cols; col++)
          visit(words, r.offset + (t.transposed ? col * r.stride + row : row * r.stride + col), i++);
    }
  }
  write(name: string, values: Float32Array | Int32Array): void {
    const t = this.tensor(name);
    this.each(t, (memory, at, i) => {
      memory[at] = t.sign * values[i]!;
    });
  }
  async read(name: string): Promise<Float32Array> {
    const t = this.tensor(name);
    const out: number[] = [];
    this.each(t, (memory, at) => {
      out.push(t.sign * memory[at]!);
    });
    return Float32Array.from(out);
  }

  async run(program: ProgramName, args: RunArguments): Promise<void> {
    const { values, region } = this.plan.scalars;
    values.forEach((s, i) => {
      this.numbers(region!.buffer)[region!.offset + i] = hostScalar(s, args);
    });
    this.play(program, args);
  }

  private play(program: ProgramName | 'load', { epoch, batch }: RunArguments): void {
    const { seed } = this.plan.model.train;
    this.runWords.set([epoch, batch, seed % 2 ** 32, Math.floor(seed / 2 ** 32)]);
    for (const launch of this.plan.programs[program]) {
      if (launch.kind === 'gemm') {
        for (const product of eachBlock(launch)) this.gemm(product);
      } else if (launch.kind === 'learn') {
        for (const product of launch.products.flatMap(eachBlock)) this.gemm(product);
        this.launch(launchOf(launch.update, this.plan, (b) => this.address(b)));
      } else this.launch(launchOf(launch, this.plan, (b) => this.address(b)));
    }
  }

  private address(buffer: number): bigint {
    return koffi.address(this.arena(buffer)) + BigInt(this.plan.buffers[buffer]!.offset);
  }

  private launch({ function: name, grid, block, args }: KernelLaunch): void {
    const values = new DataView(new ArrayBuffer(8 * args.length + ROOM));
    args.forEach(({ type, value }, i) => {
      if (type === 'u64')
        values.setBigUint64(8 * i, value === 'run' ? koffi.address(this.runWords) : value, true);
      else if (type === 'f32') values.setFloat32(8 * i, value, true);
      else if (type === 'i32') values.setInt32(8 * i, value, true);
      else values.setUint32(8 * i, value, true);
    });
    const kinds = args.map(kindOf).join('');
    const wrong = this.call(
      name,
      Uint32Array.from(grid),
      Uint32Array.from(block),
      kinds,
      new Uint8Array(values.buffer),
    );
    if (wrong !== null) throw new Error(`kernel ${name} (${kinds}): ${wrong}`);
  }

  private gemm({ m, n, k, a, b, c, transposeA, transposeB, alpha, beta }: Gemm): void {
    const at = (r: Region) => {
      const memory = this.numbers(r.buffer);
      return (row: number, col: number) => memory[r.offset + row * r.stride + col]!;
    };
    const [left, right, before, out] = [at(a), at(b), at(c), this.numbers(c.buffer)];
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++)
          sum += (transposeA ? left(l, i) : left(i, l)) * (transposeB ? right(j, l) : right(l, j));
        out[c.offset + i * c.stride + j] = alpha * sum + (beta ? before(i, j) : 0);
      }
  }
}

/** What a plan is played on: this or the plain player. */
type Player = Pick<HostSession, 'tensors' | 'write' | 'read'>;

const GUARD = Math.fround(-12345.678);
const ALIGN = 64;

/** A plan made by hand: launches on buffers of one arena, every buffer and the parts of it that matter tensors. */
export class PlanDraft {
  readonly classes = 5;
  readonly kernels: RowsKernel[] = [];
  readonly launches: Launch[] = [];
  private readonly buffers: Buffer[] = [];
  private readonly tensors: PlanTensor[] = [];
  private readonly constants = new Map<string, number>();
  private end = 0;

  /** @returns the index of a buffer of so many numbers, filled with NaN where nothing else is */
  buffer(name: string, count: number): number {
    const numbers = ALIGN * Math.ceil(count / ALIGN);
    const place = { arena: 'state', offset: 4 * this.end, bytes: 4 * numbers, name } as const;
    this.end += numbers;
    const buffer = this.buffers.push(place) - 1;
    this.put({ buffer, offset: 0, rows: 1, cols: count, stride: count }, Number.NaN);
    return buffer;
  }

  /** A buffer of class indices; as an output they are what a kernel writes. */
  indices(name: string, count: number, role: 'input' | 'output' = 'input'): number {
    const buffer = this.buffer(name, count);
    this.constants.delete(this.tensors.pop()!.name);
    this.add(name, { buffer, offset: 0, rows: 1, cols: count, stride: count }, 'i32', role);
    return buffer;
  }

  tensor(name: string, region: Region): void {
    this.add(name, region, 'f32', 'input');
  }

  /** A part that holds one number from the beginning, over what tensors before it hold. */
  put(region: Region, value: number): void {
    const name = `put ${this.tensors.length}`;
    this.constants.set(name, value);
    this.add(name, region, 'f32', 'output');
  }

  /** A part that nothing may be written to. */
  guard(name: string, region: Region): void {
    this.constants.set(name, GUARD);
    this.add(name, region, 'f32', 'input');
  }

  private add(name: string, region: Region, type: 'f32' | 'i32', role: 'input' | 'output'): void {
    const shape = [region.rows, region.cols];
    this.tensors.push({ name, shape, type, role, regions: [region], sign: 1, transposed: false });
  }

  plan(): Plan {
    const { buffers, tensors, kernels, launches, classes } = this;
    return {
      rffc: 'plan',
      version: 2,
      model: { train: { seed: 5 * 2 ** 32 + 4000000123 } } as Plan['model'],
      source: null,
      batch: 1,
      predictBatch: 1,
      frames: 1,
      classes,
      layers: [],
      learnSteps: 1,
      passes: [],
      arenas: [{ name: 'state', bytes: 4 * this.end }],
      buffers,
      tensors,
      scalars: { values: [], region: null },
      kernels,
      programs: { train: launches, predict: [], load: [] },
      naive: { train: [], predict: [] },
    };
  }

  /**
   * Writes every tensor, those made last over those before: parts with one number that, the others multiples of a
   * quarter, so that comparisons are the same in every precision.
   *
   * @param values of tensors by name, by the index of a number
   */
  fill(player: Player, values: Readonly<Record<string, (i: number) => number>> = {}): void {
    this.tensors.forEach(({ name, shape, type }, t) => {
      const length = shape[0]! * shape[1]!;
      const usual = (i: number) => (((Math.imul(i + 31 * t + 1, 2654435761) >>> 8) % 33) - 16) / 4;
      const classOf = (i: number) => (3 * i + t) % this.classes;
      const constant = this.constants.get(name);
      const value = values[name] ?? (type === 'i32' ? classOf : usual);
      const from = { length };
      if (type === 'i32')
        player.write(
          name,
          Int32Array.from(from, (_, i) => value(i)),
        );
      else
        player.write(
          name,
          Float32Array.from(from, (_, i) => constant ?? value(i)),
        );
    });
  }
}

/** The tensors in which a session differs from the truth, with the worst number of each. */
export async function differences(mine: Player, truth: Player, tolerance: number): Promise<string[]> {
  const found: string[] = [];
  for (const { name, role } of truth.tensors) {
    if (name.startsWith('put ')) continue;
    const [ours, exact] = [await mine.read(name), await truth.read(name)];
    const off = (a: number, b: number) =>
      Object.is(a, b) || a === b ? 0 : Math.abs(a - b) / Math.max(1, Math.abs(b));
    let worst = -1;
    exact.forEach((b, i) => {
      const d = off(ours[i]!, b);
      if (!(d <= tolerance) && !(worst >= 0 && d <= off(ours[worst]!, exact[worst]!))) worst = i;
    });
    if (worst >= 0) found.push(`${role} ${name}[${worst}] is ${ours[worst]}, not ${exact[worst]}`);
  }
  return found;
}
