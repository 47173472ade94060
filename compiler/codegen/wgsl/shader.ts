/**
 * A shader under way: the storage chunks it touches, the words of its parameter block, and its text. What differs from
 * launch to launch (offsets, strides, sizes) goes into the words, so that launches of one shape of code share a
 * pipeline.
 *
 * | binding | holds |
 * | --- | --- |
 * | `@group(0) @binding(k)` | the k-th storage chunk, as f32 or, where all wide accesses are aligned, as vec4<f32> |
 * | `@group(1) @binding(0)` | the launch's parameter block, a uniform of `params.length` words |
 * | `@group(1) @binding(1)` | what changes from run to run, a uniform: `vec4<u32>(epoch, batch, 0, 0)` |
 */
import type { Gemm, Plan } from '../../plan/plan.js';
import { StatementBuilder } from '../text.js';
import type { GemmTile } from './tiles.js';

/** A dispatch: its code, what it binds, and its own numbers. */
export interface Shader {
  /** Equal for equal code: pipelines are cached by it. */
  readonly key: string;
  /** For people: what it computes. */
  readonly label: string;
  readonly code: string;
  readonly entry: 'main';
  readonly bindings: readonly Binding[];
  /** The launch's parameter block, whole vec4s of words. */
  readonly params: Uint32Array<ArrayBuffer>;
  readonly workgroups: readonly [number, number, number];
}

export interface Binding {
  readonly binding: number;
  readonly access: 'read' | 'read_write';
}

/** Where a plan's buffer starts. */
export interface Address {
  /** The storage chunk. */
  readonly binding: number;
  /** In numbers (four bytes each) from the chunk's start. */
  readonly offset: number;
}

export type AddressOf = (buffer: number) => Address;

/** What of a plan the code of its launches hangs on. */
export type PlanKernels = Pick<Plan, 'buffers' | 'kernels' | 'programs'> & {
  readonly model: { readonly train: Pick<Plan['model']['train'], 'seed'> };
};

/** What the device allows, and which tile products take. */
export interface WgslOptions {
  /** Whether the device has the feature `subgroups`. */
  readonly subgroups: boolean;
  /** Whether threads gain by meeting in workgroup memory; where that is emulated, each had better work alone. */
  readonly workgroupMemory: boolean;
  /** Operands of products rounded to f16, which takes the feature `shader-f16`; sums stay f32. */
  readonly f16: boolean;
  /** One tile for all products, or one for each. */
  readonly tile: GemmTile | ((product: Gemm) => GemmTile);
  readonly maxInvocations: number;
  /** In bytes. */
  readonly maxWorkgroupStorage: number;
  readonly maxWorkgroupsPerDimension: number;
}

const COMPONENTS = 'xyzw';

/** Collects statements, chunks and words, and puts them together as a shader. */
export class ShaderBuilder extends StatementBuilder {
  /** Directives, functions and workgroup variables, before `main`. */
  readonly globals: string[] = [];
  private readonly enables = new Set<string>();
  private readonly words: number[] = [];
  private readonly chunks = new Map<number, { written: boolean }>();
  private usesRun = false;

  /** @param vector whether chunks are vec4<f32>; numbers are then read as their components */
  constructor(readonly vector: boolean) {
    super(
      (name, value) => `let ${name} = ${value};`,
      (name, value) => `var ${name} = ${value};`,
    );
  }

  enable(extension: string): void {
    this.enables.add(extension);
  }

  /** A word of the parameter block, as u32. @throws Error for what is no unsigned 32-bit integer */
  word(value: number): string {
    if (!(Number.isInteger(value) && value >= 0 && value < 2 ** 32))
      throw new Error(`${value} is no unsigned word`);
    const at = this.words.push(value) - 1;
    return `params[${at >> 2}].${COMPONENTS[at & 3]}`;
  }

  /** A number of the parameter block, as f32. */
  float(value: number): string {
    return `bitcast<f32>(${this.word(new Uint32Array(Float32Array.of(value).buffer)[0]!)})`;
  }

  /** The epoch and the batch of this run, as u32. */
  run(): { readonly epoch: string; readonly batch: string } {
    this.usesRun = true;
    return { epoch: 'run.x', batch: 'run.y' };
  }

  private chunk(binding: number, written: boolean): string {
    const known = this.chunks.get(binding);
    if (known) known.written ||= written;
    else this.chunks.set(binding, { written });
    return `chunk${binding}`;
  }

  /** The number at an index counted in numbers: to read, or with `written` to assign to. */
  number(binding: number, index: string, written = false): string {
    const chunk = this.chunk(binding, written);
    if (!this.vector) return `${chunk}[${index}]`;
    // Writing a component may rewrite its whole vector, which others write too.
    if (written) throw new Error('a single number is written to a chunk of vectors');
    return `${chunk}[(${index}) >> 2u][(${index}) & 3u]`;
  }

  /** The vector at an index counted in vectors: of chunks of vectors only. */
  vec4(binding: number, index: string, written = false): string {
    if (!this.vector) throw new Error('a vector of a chunk of numbers');
    return `${this.chunk(binding, written)}[${index}]`;
  }

  /**
   * The shader.
   *
   * @param size invocations in a workgroup, in one dimension
   * @param builtins parameters of `main` beside those that every shader has: `group` (workgroup_id), `groups`
   * (num_workgroups) and `local` (local_invocation_index)
   */
  shader(
    label: string,
    size: number,
    workgroups: readonly [number, number, number],
    builtins: readonly string[] = [],
  ): Shader {
    const chunks = [...this.chunks].sort(([a], [b]) => a - b);
    const bindings = chunks.map(
      ([binding, { written }]): Binding => ({ binding, access: written ? 'read_write' : 'read' }),
    );
    const type = this.vector ? 'vec4<f32>' : 'f32';
    const params = new Uint32Array(4 * Math.max(1, Math.ceil(this.words.length / 4)));
    params.set(this.words);
    const inputs = [
      '@builtin(workgroup_id) group: vec3<u32>',
      '@builtin(num_workgroups) groups: vec3<u32>',
      '@builtin(local_invocation_index) local: u32',
      ...builtins,
    ];
    const code = [
      ...[...this.enables].map((e) => `enable ${e};`),
      ...bindings.map(
        ({ binding, access }) =>
          `@group(0) @binding(${binding}) var<storage, ${access}> chunk${binding}: array<${type}>;`,
      ),
      `@group(1) @binding(0) var<uniform> params: array<vec4<u32>, ${params.length / 4}>;`,
      ...(this.usesRun ? ['@group(1) @binding(1) var<uniform> run: vec4<u32>;'] : []),
      ...this.globals,
      `@compute @workgroup_size(${size})`,
      `fn main(${inputs.join(', ')}) {`,
      ...this.lines,
      '}',
      '',
    ].join('\n');
    return { key: code, label, code, entry: 'main', bindings, params, workgroups };
  }
}

/**
 * `count` workgroups as a grid that no dimension is too small for. Their index, `GROUP_INDEX`, may reach beyond
 * `count`.
 *
 * @throws Error for more than a dispatch can have
 */
export function grid(count: number, options: WgslOptions): readonly [number, number, number] {
  const x = Math.min(count, options.maxWorkgroupsPerDimension);
  const y = Math.ceil(count / x);
  if (y > options.maxWorkgroupsPerDimension)
    throw new Error(`${count} workgroups are more than a dispatch can have`);
  return [x, y, 1];
}

/** The index of a workgroup in a `grid`. */
export const GROUP_INDEX = '(group.y * groups.x + group.x)';
