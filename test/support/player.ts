/**
 * Executes a plan as plainly as possible, in f64 over f32 memory: separates mistakes of the compiler from those of a
 * backend.
 */
import { isOperator, operators } from '../../compiler/expr/index.js';
import { patchColumns, patchCount } from '../../compiler/field.js';
import {
  hostScalar,
  type ProgramName,
  type RunArguments,
  type TensorInfo,
} from '../../compiler/graph/index.js';
import { eachBlock } from '../../compiler/plan/blocks.js';
import type {
  Gemm,
  Launch,
  Plan,
  PlanTensor,
  Region,
  RowsLaunch,
  RowsView,
} from '../../compiler/plan/plan.js';
import type { Session } from '../../runtime/engine.js';
import { drawNegative } from '../../runtime/random/draw.js';
import { uniforms } from '../../runtime/random/index.js';

export class PlayerSession implements Session {
  readonly backend = 'player';
  readonly tensors: readonly TensorInfo[];
  readonly written = new Set<string>();
  private readonly arenas: Map<string, Float32Array>;

  constructor(private readonly plan: Plan) {
    this.tensors = plan.tensors;
    // Makes reads of uninitialized memory visible.
    this.arenas = new Map(
      plan.arenas.map((a) => [
        a.name,
        new Float32Array(a.bytes / 4).fill(a.name === 'activities' || a.name === 'scratch' ? Number.NaN : 0),
      ]),
    );
    for (const launch of plan.programs.load) this.play(launch, { epoch: 0, batch: 0, trained: 0, rate: 1 });
  }

  private memory(buffer: number): { data: Float32Array; base: number; end: number } {
    const b = this.plan.buffers[buffer]!;
    return { data: this.arenas.get(b.arena)!, base: b.offset / 4, end: (b.offset + b.bytes) / 4 };
  }
  protected get(buffer: number, at: number): number {
    const { data, base, end } = this.memory(buffer);
    if (at < 0 || base + at >= end)
      throw new Error(`read outside ${this.plan.buffers[buffer]!.name} at ${at}`);
    return data[base + at]!;
  }
  protected set(buffer: number, at: number, value: number): void {
    const { data, base, end } = this.memory(buffer);
    if (at < 0 || base + at >= end)
      throw new Error(`write outside ${this.plan.buffers[buffer]!.name} at ${at}`);
    data[base + at] = value;
  }
  private at(r: Region, row: number, col: number): number {
    return r.offset + row * r.stride + col;
  }

  private tensor(name: string): PlanTensor {
    return this.plan.tensors.find((t) => t.name === name)!;
  }
  /** Calls back for every element of a tensor, in row-major order, with its location. */
  private each(t: PlanTensor, visit: (buffer: number, at: number, i: number) => void): void {
    let i = 0;
    for (const r of t.regions) {
      const [rows, cols] = t.transposed ? [r.cols, r.rows] : [r.rows, r.cols];
      for (let row = 0; row < rows; row++) {
        for (let col = 0; col < cols; col++)
          visit(r.buffer, t.transposed ? this.at(r, col, row) : this.at(r, row, col), i++);
      }
    }
  }
  write(name: string, values: Float32Array | Int32Array): void {
    const t = this.tensor(name);
    this.written.add(name);
    this.each(t, (buffer, at, i) => {
      this.set(buffer, at, t.sign * values[i]!);
    });
  }
  async read(name: string): Promise<Float32Array> {
    const t = this.tensor(name);
    const out: number[] = [];
    this.each(t, (buffer, at) => {
      out.push(t.sign * this.get(buffer, at));
    });
    return Float32Array.from(out);
  }
  async dispose(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}

  async run(name: ProgramName, args: RunArguments): Promise<void> {
    const { scalars, programs } = this.plan;
    scalars.values.forEach((s, i) => {
      this.set(scalars.region!.buffer, scalars.region!.offset + i, hostScalar(s, args));
    });
    for (const launch of programs[name]) this.play(launch, args);
  }

  protected play(launch: Launch, args: RunArguments): void {
    switch (launch.kind) {
      case 'gemm':
        for (const product of eachBlock(launch)) this.gemm(product);
        return;
      case 'rows':
        this.rows(launch);
        return;
      case 'learn':
        for (const p of launch.products.flatMap(eachBlock)) this.gemm(p);
        this.rows(launch.update);
        return;
      case 'patches': {
        const { field, input, output } = launch;
        const columns = Array.from({ length: patchCount(field) }, (_, patch) => patchColumns(field, patch));
        const width = output.cols / columns.length;
        for (let r = 0; r < output.rows; r++)
          columns.forEach((from, patch) => {
            for (let i = 0; i < width; i++) {
              const x = i < from.length ? this.get(input.buffer, this.at(input, r, from[i]!)) : 0;
              this.set(output.buffer, this.at(output, r, patch * width + i), x);
            }
          });
        return;
      }
      case 'mean': {
        let sum = 0;
        for (let r = 0; r < launch.input.rows; r++)
          sum += this.get(launch.input.buffer, this.at(launch.input, r, 0));
        this.set(launch.output.buffer, launch.output.offset, sum * launch.scale);
        return;
      }
      case 'total':
        for (let c = 0; c < launch.output.cols; c++) {
          let sum = 0;
          for (let r = 0; r < launch.input.rows; r++)
            sum += this.get(launch.input.buffer, this.at(launch.input, r, c));
          this.set(launch.output.buffer, this.at(launch.output, 0, c), sum * launch.scale);
        }
        return;
      case 'scatter': {
        const { input, index, output, classes, scale } = launch;
        for (let k = 0; k < output.rows; k++) {
          for (let c = 0; c < output.cols; c++) {
            let sum = 0;
            for (let r = 0; r < input.rows; r++) {
              const mine =
                k === classes || (k < classes && this.get(index.buffer, this.at(index, r, 0)) === k);
              if (mine) sum += this.get(input.buffer, this.at(input, r, c));
            }
            this.set(output.buffer, this.at(output, k, c), sum * scale);
          }
        }
        return;
      }
      case 'onehot':
        for (let r = 0; r < launch.output.rows; r++) {
          const k = this.get(launch.index.buffer, this.at(launch.index, r, 0));
          for (let c = 0; c < launch.output.cols; c++)
            this.set(launch.output.buffer, this.at(launch.output, r, c), Number(c === k));
          launch.tail.forEach((v, i) => {
            this.set(launch.output.buffer, this.at(launch.output, r, launch.output.cols + i), v);
          });
        }
        return;
      case 'dropout': {
        const { output, site, keep } = launch;
        const mask = uniforms(
          this.plan.model.train.seed,
          site,
          args.epoch,
          args.batch,
          output.rows * output.cols,
        );
        for (let r = 0; r < output.rows; r++)
          for (let c = 0; c < output.cols; c++)
            this.set(output.buffer, this.at(output, r, c), mask[r * output.cols + c]! < keep ? 1 / keep : 0);
        return;
      }
      case 'draw': {
        const { probabilities: p, truth, uniform, output } = launch;
        for (let r = 0; r < p.rows; r++) {
          const row = Float32Array.from({ length: p.cols }, (_, c) => this.get(p.buffer, this.at(p, r, c)));
          const label = drawNegative(
            row,
            this.get(truth.buffer, this.at(truth, r, 0)),
            this.get(uniform.buffer, this.at(uniform, r, 0)),
          );
          this.set(output.buffer, this.at(output, r, 0), label);
        }
        return;
      }
      case 'fill':
        for (let r = 0; r < launch.output.rows; r++)
          for (let c = 0; c < launch.output.cols; c++)
            this.set(launch.output.buffer, this.at(launch.output, r, c), launch.value);
        return;
      default:
        throw new Error(`no such launch: ${JSON.stringify(launch satisfies never)}`);
    }
  }

  private gemm({ m, n, k, a, b, c, transposeA, transposeB, alpha, beta }: Gemm): void {
    const results: number[] = [];
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          sum +=
            this.get(a.buffer, transposeA ? this.at(a, l, i) : this.at(a, i, l)) *
            this.get(b.buffer, transposeB ? this.at(b, j, l) : this.at(b, l, j));
        }
        results.push(alpha * sum + (beta ? this.get(c.buffer, this.at(c, i, j)) : 0));
      }
    }
    results.forEach((v, i) => {
      this.set(c.buffer, this.at(c, Math.floor(i / n), i % n), v);
    });
  }

  private start(view: RowsView, variant: number, sample: number): number {
    if (!view.lookup) return view.offset + variant * view.variantStride + sample * view.sampleStride;
    const { index, stride } = view.lookup;
    return view.offset + stride * this.get(index.buffer, this.start(index, variant, sample));
  }

  private rows({ kernel: which, variants, samples, inputs, outputs }: RowsLaunch): void {
    const kernel = this.plan.kernels[which]!;
    const { units, nodes } = kernel;
    for (let v = 0; v < variants; v++) {
      for (let s = 0; s < samples; s++) {
        const values: (number | Float64Array)[] = [];
        const at = (x: number | Float64Array, j: number) => (typeof x === 'number' ? x : x[j]!);
        for (const node of nodes) {
          if (typeof node === 'number') values.push(node);
          else if (typeof node === 'string') {
            const i = kernel.inputs.findIndex((input) => input.name === node);
            const from = this.start(inputs[i]!, v, s);
            values.push(
              kernel.inputs[i]!.kind === 'row'
                ? this.get(inputs[i]!.buffer, from)
                : Float64Array.from({ length: units }, (_, j) => this.get(inputs[i]!.buffer, from + j)),
            );
          } else {
            const [op, ...indices] = node;
            if (!isOperator(op)) throw new Error(`no operator ${op}`);
            const args = indices.map((i) => values[i]!);
            const f = operators[op].apply;
            if (f)
              values.push(
                args.every((a) => typeof a === 'number')
                  ? f(...(args as number[]))
                  : Float64Array.from({ length: units }, (_, j) => f(...args.map((a) => at(a, j)))),
              );
            else {
              const x = Array.from({ length: units }, (_, j) => at(args[0]!, j));
              values.push(
                op === 'amax' ? Math.max(...x) : x.reduce((p, q) => p + q, 0) / (op === 'mean' ? units : 1),
              );
            }
          }
        }
        kernel.outputs.forEach(({ node, kind, tail }, i) => {
          const view = outputs[i]!;
          const to = this.start(view, v, s);
          const width = kind === 'row' ? 1 : units;
          for (let j = 0; j < width; j++) this.set(view.buffer, to + j, at(values[node]!, j));
          tail.forEach((t, j) => {
            this.set(view.buffer, to + width + j, t);
          });
        });
      }
    }
  }
}
