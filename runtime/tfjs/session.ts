/**
 * The oracle: interprets the unoptimized dataflow graph, value by value, with TensorFlow.js ops.
 *
 * Every engine is tested against it, so it shares no code with the passes or the code generators: it knows the graph's
 * operations by their definition in `compiler/graph/graph.ts` and lets tfjs broadcast. It is also the way onto any
 * device that tfjs reaches. Rows are three-dimensional here: [polarity or candidate, sample, columns], 1 where a value
 * does not vary; matrices are two-dimensional, single numbers have no dimension.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Field } from '../../compiler/field.js';
import type { Axis, Graph, Program, Result, Value } from '../../compiler/graph/graph.js';
import {
  hostScalar,
  type ProgramName,
  type RunArguments,
  type TensorInfo,
} from '../../compiler/graph/tensors.js';
import { failure } from '../../grammar/diagnostic.js';
import { asyncDispose } from '../dispose.js';
import { type Session, sessionClosed } from '../engine.js';
import { drawNegative } from '../random/draw.js';
import { uniforms } from '../random/philox.js';
import { interpret } from './expression.js';

export class TfjsSession implements Session {
  readonly tensors: readonly TensorInfo[];
  readonly written = new Set<string>();
  private closed = false;
  private readonly infos: ReadonlyMap<string, TensorInfo>;
  /** Inputs and outputs, on the host. */
  private readonly host = new Map<string, Float32Array>();
  /** Parameters and optimizer state, on the device. */
  private readonly device = new Map<string, tf.Tensor>();

  /**
   * @param backend the name users know it by, `tfjs-wasm`
   * @param tfjsName tfjs's own name of it, `wasm`; already registered
   */
  constructor(
    readonly backend: string,
    private readonly tfjsName: string,
    private readonly graph: Graph,
  ) {
    this.tensors = graph.tensors;
    this.infos = new Map(graph.tensors.map((t) => [t.name, t]));
    for (const t of graph.tensors) {
      const values = new Float32Array(t.shape.reduce((n, d) => n * d, 1));
      if (t.role === 'parameter' || t.role === 'state') this.upload(t, values);
      else this.host.set(t.name, values);
    }
  }

  private check(): void {
    if (this.closed) throw sessionClosed();
  }

  private info(name: string): TensorInfo {
    this.check();
    const info = this.infos.get(name);
    if (!info) throw failure('RFF801', `unknown tensor \`${name}\``);
    return info;
  }

  private upload(info: TensorInfo, values: Float32Array): void {
    this.device.get(info.name)?.dispose();
    const [rows, cols] = info.shape.length === 1 ? [1, info.shape[0]!] : [info.shape[0]!, info.shape[1]!];
    this.device.set(info.name, tf.tensor2d(values, [rows, cols]));
  }

  write(name: string, values: Float32Array | Int32Array): void {
    const info = this.info(name);
    const size = info.shape.reduce((n, d) => n * d, 1);
    if (values.length !== size) {
      throw failure(
        'RFF802',
        `\`${name}\` is [${info.shape.join(', ')}]: expected ${size} values, found ${values.length}`,
      );
    }
    this.written.add(name);
    if (info.role === 'parameter' || info.role === 'state') this.upload(info, Float32Array.from(values));
    else this.host.get(name)!.set(values);
  }

  async read(name: string): Promise<Float32Array> {
    const info = this.info(name);
    if (info.role === 'parameter' || info.role === 'state')
      return Float32Array.from(await this.device.get(name)!.data());
    return this.host.get(name)!.slice();
  }

  async dispose(): Promise<void> {
    this.closed = true;
    for (const tensor of this.device.values()) tensor.dispose();
    this.device.clear();
    this.host.clear();
  }

  [asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async run(name: ProgramName, args: RunArguments): Promise<void> {
    this.check();
    if (tf.getBackend() !== this.tfjsName) await tf.setBackend(this.tfjsName);
    const program = this.graph.programs[name];
    const uses = new Array<number>(program.values.length).fill(0);
    for (const r of program.results) uses[r.value]!++;
    for (const u of program.updates) uses[u.value]!++;
    // Backwards, so that an unused value does not count as a use of its inputs.
    for (const v of program.values.toReversed()) if (uses[v.id]! > 0) for (const i of v.inputs) uses[i]!++;

    const live = new Map<number, tf.Tensor>();
    const release = (id: number): void => {
      uses[id]!--;
      if (uses[id] === 0) {
        live.get(id)?.dispose();
        live.delete(id);
      }
    };
    const pending = new Map<number, Result[]>();
    for (const r of program.results) pending.set(r.value, [...(pending.get(r.value) ?? []), r]);
    for (const value of program.values) {
      if (uses[value.id] === 0) continue;
      const inputs = value.inputs.map((i) => live.get(i)!);
      live.set(
        value.id,
        value.op.kind === 'draw'
          ? await draw(inputs)
          : tf.tidy(() => this.compute(program, value, inputs, args)),
      );
      for (const r of pending.get(value.id) ?? []) {
        await this.store(program, value, r, live.get(value.id)!);
        release(value.id);
      }
      for (const i of value.inputs) release(i);
    }
    for (const u of program.updates) {
      this.device.get(u.tensor)!.dispose();
      this.device.set(u.tensor, tf.clone(live.get(u.value)!));
    }
    for (const u of program.updates) release(u.value);
  }

  private compute(
    program: Program,
    value: Value,
    inputs: readonly tf.Tensor[],
    args: RunArguments,
  ): tf.Tensor {
    const { op } = value;
    const { extents } = program;
    const [a, b] = inputs as [tf.Tensor, tf.Tensor];
    switch (op.kind) {
      case 'state':
        return tf.clone(this.device.get(op.tensor)!);
      case 'input': {
        const size = extents.sample * value.cols;
        const values = this.host.get(op.tensor)!.slice(op.frame * size, (op.frame + 1) * size);
        return tf.tensor3d(values, [1, extents.sample, value.cols]);
      }
      case 'fill':
        return tf.fill([1, 1, value.cols], op.value);
      case 'scalar':
        return tf.scalar(hostScalar(op.scalar, args));
      case 'polarity':
        return tf.tensor3d([1, 0], [2, 1, 1]);
      case 'onehot': {
        const hot = (index: tf.Tensor) =>
          tf.cast(
            tf.equal(
              index,
              tf.tensor3d(
                Array.from({ length: value.cols }, (_, k) => k),
                [1, 1, value.cols],
              ),
            ),
            'float32',
          );
        return inputs.length === 1 ? hot(a) : tf.concat([hot(a), hot(b)], 0);
      }
      case 'candidates':
        return tf.reshape(identity(value.cols), [value.cols, 1, value.cols]);
      case 'product': {
        const [v, s, m] = a.shape as [number, number, number];
        // Transposed by hand: the wasm backend is ten times slower with a transposed operand.
        return tf.reshape(tf.matMul(tf.reshape(a, [v * s, m]), tf.transpose(b)), [v, s, value.cols]);
      }
      case 'outer': {
        const [x, y] = flatRows(a, b);
        return tf.mul(tf.matMul(tf.transpose(x), y), op.scale);
      }
      case 'field product': {
        const [v, s] = a.shape as [number, number, number];
        const patches = patchesOf(tf.reshape(a, [v * s, a.shape[2]!]), op.field);
        const [places, , numbers] = patches.shape as [number, number, number];
        // The weights of each position's units, [numbers, maps].
        const weights = tf.transpose(tf.reshape(b, [places, op.field.maps, numbers]), [0, 2, 1]);
        return tf.reshape(tf.transpose(tf.matMul(patches, weights), [1, 0, 2]), [v, s, value.cols]);
      }
      case 'field outer': {
        const [x, y] = flatRows(a, b);
        const patches = patchesOf(y, op.field);
        const [places, rows] = patches.shape as [number, number, number];
        const deltas = tf.transpose(tf.reshape(x, [rows, places, op.field.maps]), [1, 2, 0]);
        return tf.mul(tf.reshape(tf.matMul(deltas, patches), [a.shape[2]!, value.cols]), op.scale);
      }
      case 'total':
        return tf.mul(tf.reshape(tf.sum(a, [0, 1]), [1, value.cols]), op.scale);
      case 'mean':
        return tf.mean(op.of === 'all' ? a : half(a, op.of));
      case 'part':
        return half(a, op.of);
      case 'concat': {
        const v = Math.max(...inputs.map((x) => x.shape[0]!));
        const s = Math.max(...inputs.map((x) => x.shape[1]!));
        return tf.concat(
          inputs.map((x) => repeat(x, v / x.shape[0]!, s / x.shape[1]!)),
          2,
        );
      }
      case 'embed': {
        const v = Math.max(a.shape[0]!, b.shape[0]!);
        const s = Math.max(a.shape[1]!, b.shape[1]!);
        const all = (x: tf.Tensor) => repeat(x, v / x.shape[0]!, s / x.shape[1]!);
        const end = op.at + b.shape[2]!;
        const parts = [
          tf.slice(a, [0, 0, 0], [-1, -1, op.at]),
          b,
          tf.slice(a, [0, 0, end], [-1, -1, value.cols - end]),
        ];
        return tf.concat(parts.filter((x) => x.shape[2]! > 0).map(all), 2);
      }
      case 'map': {
        const values = new Map(op.vars.map((name, i) => [name, inputs[i]!]));
        const result = interpret(op.expr, values, op.units);
        if (value.rows !== 'batch')
          return tf.reshape(
            tf.broadcastTo(tf.reshape(result, [1, 1, ...result.shape].slice(-2)), [value.rows, value.cols]),
            [value.rows, value.cols],
          );
        // A row expression, or one without variables, in the dimensions that rows have.
        const shape = [...new Array<number>(Math.max(0, 3 - result.rank)).fill(1), ...result.shape];
        const rows = tf.reshape(result, shape);
        return rows.shape[2] === value.cols ? rows : tf.mul(rows, tf.ones([1, 1, value.cols]));
      }
      case 'dropout': {
        const [v, s] = [extents.polarity, extents.sample];
        const mask = uniforms(
          this.graph.document.train.seed,
          op.site,
          args.epoch,
          args.batch,
          v * s * value.cols,
        );
        for (let i = 0; i < mask.length; i++) mask[i] = mask[i]! < op.keep ? 1 / op.keep : 0;
        return tf.tensor3d(mask, [v, s, value.cols]);
      }
      case 'draw':
        throw new Error('drawn on the host');
      default:
        return op satisfies never;
    }
  }

  /** Copies a value into an output, with axes in the result's order. */
  private async store(program: Program, value: Value, result: Result, tensor: tf.Tensor): Promise<void> {
    const target = this.host.get(result.tensor)!;
    const values = await tensor.data();
    const [v, s] = tensor.rank === 3 ? [tensor.shape[0]!, tensor.shape[1]!] : [1, 1];
    const extent = (axis: Axis | undefined) => (axis ? program.extents[axis as keyof Program['extents']] : 1);
    const [outer, inner] = result.axes;
    let at = result.offset;
    for (let i = 0; i < extent(outer); i++) {
      for (let j = 0; j < extent(inner); j++) {
        const sample = outer === 'sample' ? i : inner === 'sample' ? j : 0;
        const variant = outer === 'sample' ? j : outer ? i : 0;
        const row = (v > 1 ? variant : 0) * s + (s > 1 ? sample : 0);
        for (let c = 0; c < value.cols; c++) target[at++] = values[row * value.cols + c]!;
      }
    }
  }
}

/** The rows of one polarity; equal for a value that does not vary over it. */
function half(x: tf.Tensor, of: 'positive' | 'negative'): tf.Tensor {
  if (x.shape[0] === 1) return tf.clone(x);
  return tf.slice(x, [of === 'positive' ? 0 : 1, 0, 0], [1, -1, -1]);
}

/** Rows repeated over variants and samples. tfjs's own `tile` takes longer on wasm than all the rest. */
function repeat(x: tf.Tensor, variants: number, samples: number): tf.Tensor {
  const [v, s] = x.shape as [number, number, number];
  return variants === 1 && samples === 1 ? x : tf.mul(x, tf.ones([v * variants, s * samples, 1]));
}

/** Two operands as matrices with the rows that either has. */
function flatRows(a: tf.Tensor, b: tf.Tensor): [tf.Tensor2D, tf.Tensor2D] {
  const v = Math.max(a.shape[0]!, b.shape[0]!);
  const s = Math.max(a.shape[1]!, b.shape[1]!);
  const flat = (x: tf.Tensor): tf.Tensor2D =>
    tf.reshape(repeat(x, v / x.shape[0]!, s / x.shape[1]!), [v * s, x.shape[2]!]);
  return [flat(a), flat(b)];
}

/** A source's patches, cut out of its grid one by one: [patches, rows, numbers of a patch]. */
function patchesOf(source: tf.Tensor2D, { grid, channels, size, stride }: Field): tf.Tensor3D {
  const [rows] = source.shape;
  const [down, across] = grid;
  const image = tf.reshape(source, [rows, down, across, channels]);
  const patches: tf.Tensor[] = [];
  for (let top = 0; top + size <= down; top += stride)
    for (let left = 0; left + size <= across; left += stride)
      patches.push(
        tf.reshape(tf.slice(image, [0, top, left, 0], [rows, size, size, channels]), [
          1,
          rows,
          size * size * channels,
        ]),
      );
  return tf.concat(patches, 0) as tf.Tensor3D;
}

function identity(n: number): tf.Tensor {
  return tf.tensor2d(
    Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
    [n, n],
  );
}

/** Negative labels by probability, on the host: [1, samples, 1]. */
async function draw([probabilities, truth, uniform]: readonly tf.Tensor[]): Promise<tf.Tensor> {
  const [p, y, u] = await Promise.all([probabilities!.data(), truth!.data(), uniform!.data()]);
  const classes = probabilities!.shape[2]!;
  const labels = Float32Array.from(y, (_, i) => {
    // The same for all samples if the features receive no input.
    const at = p.length > classes ? i * classes : 0;
    return drawNegative(p.subarray(at, at + classes) as Float32Array, y[i]!, u[i]!);
  });
  return tf.tensor3d(labels, [1, labels.length, 1]);
}
