/**
 * The graph in f64, row by row, written as plainly as possible: the truth that f32 backends are measured against. Slow;
 * for networks of a few dozen units.
 */
import { evaluate, type RowValue } from '../../compiler/expr/index.js';
import { type Field, patchColumns, patchCount } from '../../compiler/field.js';
import {
  type Axis,
  type Graph,
  hostScalar,
  type Program,
  type ProgramName,
  type RunArguments,
  type TensorInfo,
  type Value,
} from '../../compiler/graph/index.js';
import type { Session } from '../../runtime/engine.js';
import { drawNegative } from '../../runtime/random/draw.js';
import { uniforms } from '../../runtime/random/index.js';

interface Rows {
  /** Variants (polarity or candidate) and samples: 1 if the value does not vary. */
  readonly v: number;
  readonly s: number;
  readonly cols: number;
  readonly data: Float64Array;
}

const size = (t: TensorInfo) => t.shape.reduce((n, d) => n * d, 1);

export class ReferenceSession implements Session {
  readonly backend = 'reference';
  readonly tensors: readonly TensorInfo[];
  readonly written = new Set<string>();
  private readonly values: Map<string, Float64Array>;

  constructor(private readonly graph: Graph) {
    this.tensors = graph.tensors;
    this.values = new Map(graph.tensors.map((t) => [t.name, new Float64Array(size(t))]));
  }
  write(name: string, values: Float32Array | Int32Array): void {
    this.written.add(name);
    this.values.get(name)!.set(values);
  }
  async read(name: string): Promise<Float32Array> {
    return Float32Array.from(this.values.get(name)!);
  }
  async dispose(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}

  async run(name: ProgramName, args: RunArguments): Promise<void> {
    const program = this.graph.programs[name];
    const done: Rows[] = [];
    for (const value of program.values)
      done.push(
        this.compute(
          program,
          value,
          value.inputs.map((i) => done[i]!),
          args,
        ),
      );
    for (const r of program.results) {
      const { v, s, cols, data } = done[r.value]!;
      const extent = (axis: Axis | undefined) =>
        axis ? program.extents[axis as keyof Program['extents']] : 1;
      const target = this.values.get(r.tensor)!;
      let at = r.offset;
      for (let i = 0; i < extent(r.axes[0]); i++) {
        for (let j = 0; j < extent(r.axes[1]); j++) {
          const [variant, sample] = r.axes[0] === 'sample' ? [j, i] : [i, j];
          for (let c = 0; c < cols; c++) target[at++] = data[((variant % v) * s + (sample % s)) * cols + c]!;
        }
      }
    }
    for (const u of program.updates) this.values.set(u.tensor, done[u.value]!.data);
  }

  private compute(program: Program, value: Value, inputs: readonly Rows[], args: RunArguments): Rows {
    const { op, cols } = value;
    const { extents } = program;
    const [a, b] = inputs as [Rows, Rows];
    const make = (v: number, s: number, at: (v: number, s: number, c: number) => number): Rows => {
      const data = new Float64Array(v * s * cols);
      for (let i = 0; i < v; i++)
        for (let j = 0; j < s; j++) for (let c = 0; c < cols; c++) data[(i * s + j) * cols + c] = at(i, j, c);
      return { v, s, cols, data };
    };
    const at = (x: Rows, v: number, s: number, c: number) =>
      x.data[((v % x.v) * x.s + (s % x.s)) * x.cols + c]!;
    const most = (key: 'v' | 's') => Math.max(1, ...inputs.map((x) => x[key]));
    switch (op.kind) {
      case 'state':
        return { v: 1, s: value.rows as number, cols, data: this.values.get(op.tensor)! };
      case 'input': {
        const n = extents.sample * cols;
        return {
          v: 1,
          s: extents.sample,
          cols,
          data: this.values.get(op.tensor)!.slice(op.frame * n, (op.frame + 1) * n),
        };
      }
      case 'fill':
        return make(1, 1, () => op.value);
      case 'scalar':
        return make(1, 1, () => hostScalar(op.scalar, args));
      case 'polarity':
        return make(2, 1, (v) => 1 - v);
      case 'onehot':
        return make(inputs.length, extents.sample, (v, s, c) => Number(at(inputs[v]!, 0, s, 0) === c));
      case 'candidates':
        return make(cols, 1, (v, _, c) => Number(v === c));
      case 'product':
        return make(a.v, a.s, (v, s, c) => {
          let sum = 0;
          for (let k = 0; k < a.cols; k++) sum += at(a, v, s, k) * b.data[c * a.cols + k]!;
          return sum;
        });
      case 'outer': {
        const data = new Float64Array(a.cols * b.cols);
        for (let v = 0; v < most('v'); v++)
          for (let s = 0; s < most('s'); s++)
            for (let i = 0; i < a.cols; i++)
              for (let j = 0; j < b.cols; j++)
                data[i * b.cols + j]! += op.scale * at(a, v, s, i) * at(b, v, s, j);
        return { v: 1, s: a.cols, cols, data };
      }
      case 'field product': {
        const columns = receptive(op.field);
        return make(a.v, a.s, (v, s, unit) =>
          columns[unit]!.reduce((sum, c, i) => sum + at(a, v, s, c) * b.data[unit * b.cols + i]!, 0),
        );
      }
      case 'field outer': {
        const columns = receptive(op.field);
        const data = new Float64Array(a.cols * cols);
        for (let v = 0; v < most('v'); v++)
          for (let s = 0; s < most('s'); s++)
            for (let unit = 0; unit < a.cols; unit++)
              columns[unit]!.forEach((c, i) => {
                data[unit * cols + i]! += op.scale * at(a, v, s, unit) * at(b, v, s, c);
              });
        return { v: 1, s: a.cols, cols, data };
      }
      case 'total': {
        const data = new Float64Array(cols);
        for (let r = 0; r < a.v * a.s; r++)
          for (let c = 0; c < cols; c++) data[c]! += op.scale * a.data[r * cols + c]!;
        return { v: 1, s: 1, cols, data };
      }
      case 'mean': {
        const polarities = op.of === 'all' ? [0, 1] : [op.of === 'positive' ? 0 : 1];
        let sum = 0;
        for (const v of polarities) for (let s = 0; s < extents.sample; s++) sum += at(a, v, s, 0);
        return { v: 1, s: 1, cols, data: Float64Array.of(sum / (polarities.length * extents.sample)) };
      }
      case 'part':
        return make(1, a.s, (_, s, c) => at(a, op.of === 'positive' ? 0 : 1, s, c));
      case 'concat': {
        const places = inputs.flatMap((x) => Array.from({ length: x.cols }, (_, c) => [x, c] as const));
        return make(most('v'), most('s'), (v, s, c) => at(places[c]![0], v, s, places[c]![1]));
      }
      case 'embed':
        return make(most('v'), most('s'), (v, s, c) =>
          c >= op.at && c < op.at + b.cols ? at(b, v, s, c - op.at) : at(a, v, s, c),
        );
      case 'map': {
        const v = most('v');
        const s = value.rows === 'batch' ? most('s') : value.rows;
        const data = new Float64Array(v * s * cols);
        for (let i = 0; i < v; i++) {
          for (let j = 0; j < s; j++) {
            const row: Record<string, RowValue> = {};
            op.vars.forEach((name, k) => {
              const x = inputs[k]!;
              const start = ((i % x.v) * x.s + (j % x.s)) * x.cols;
              row[name] = x.cols === 1 ? x.data[start]! : x.data.slice(start, start + x.cols);
            });
            const result = evaluate(op.expr, row, op.units);
            for (let c = 0; c < cols; c++)
              data[(i * s + j) * cols + c] = typeof result === 'number' ? result : result[c]!;
          }
        }
        return { v, s, cols, data };
      }
      case 'dropout': {
        const mask = uniforms(
          this.graph.document.train.seed,
          op.site,
          args.epoch,
          args.batch,
          2 * extents.sample * cols,
        );
        return make(2, extents.sample, (v, s, c) =>
          mask[(v * extents.sample + s) * cols + c]! < op.keep ? 1 / op.keep : 0,
        );
      }
      case 'draw':
        return make(1, extents.sample, (_, s) =>
          drawNegative(
            Float32Array.from({ length: a.cols }, (_, c) => at(a, 0, s, c)),
            at(b, 0, s, 0),
            at(inputs[2]!, 0, s, 0),
          ),
        );
      default:
        return op satisfies never;
    }
  }
}

/** The columns of the source that each unit reads. */
function receptive(field: Field): number[][] {
  const patches = Array.from({ length: patchCount(field) }, (_, patch) => patchColumns(field, patch));
  return patches.flatMap((columns) => new Array<number[]>(field.maps).fill(columns));
}
