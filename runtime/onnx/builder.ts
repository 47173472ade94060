/**
 * Collects the nodes and initializers of an ONNX graph. Equal operations on equal inputs are shared: the
 * dataflow graph writes every step out, and what does not change from one step to the next, or with the label that is
 * tried, is thereby computed once.
 */
import type { Attribute, Initializer, OnnxNode } from './model.js';

/** The name of a tensor in the ONNX graph. */
export type Name = string;

export class OnnxBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: Initializer[] = [];
  private readonly known = new Map<string, Name>();
  private readonly taken = new Set<string>();

  /** Keeps a name for an input. */
  reserve(name: string): Name {
    this.taken.add(name);
    return name;
  }

  /** The result of `op` on `inputs`; `hint` becomes its name if that is free. */
  node(op: string, inputs: readonly Name[], hint: string, attributes: readonly Attribute[] = []): Name {
    const key = JSON.stringify([op, inputs, attributes]);
    const made = this.known.get(key);
    if (made !== undefined) return made;
    const output = this.free(hint);
    this.nodes.push({ op, inputs, output, attributes });
    this.known.set(key, output);
    return output;
  }

  /** A node whose output is named exactly `name`. */
  output(op: string, inputs: readonly Name[], name: string, attributes: readonly Attribute[] = []): void {
    this.nodes.push({ op, inputs, output: name, attributes });
  }

  /** A tensor of weights under its own name. */
  weights(name: string, shape: readonly number[], data: Float32Array): Name {
    if (!this.taken.has(name)) {
      this.taken.add(name);
      this.initializers.push({ name, shape, data });
    }
    return name;
  }

  /** A constant of the f32 nearest to `value`, without dimensions. */
  number(value: number): Name {
    return this.filled(value, []);
  }

  /** A constant, the same number everywhere. */
  filled(value: number, shape: readonly number[]): Name {
    const length = shape.reduce((product, size) => product * size, 1);
    return this.constant(new Float32Array(length).fill(value), shape, `${value}`);
  }

  /** A list of whole numbers: axes, or a shape. */
  integers(...values: number[]): Name {
    return this.constant(BigInt64Array.from(values.map(BigInt)), [values.length], values.join('x'));
  }

  constant(data: Float32Array | BigInt64Array, shape: readonly number[], hint: string): Name {
    const key = `${data instanceof Float32Array ? 'f' : 'i'}${shape.join()}:${data.join()}`;
    const made = this.known.get(key);
    if (made !== undefined) return made;
    const name = this.free(`constant/${hint}`);
    this.initializers.push({ name, shape, data });
    this.known.set(key, name);
    return name;
  }

  private free(hint: string): Name {
    let name = hint;
    for (let n = 2; this.taken.has(name); n++) name = `${hint}.${n}`;
    this.taken.add(name);
    return name;
  }
}
