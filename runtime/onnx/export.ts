/**
 * A trained network's prediction as an ONNX model: samples in, the goodness of every label and the best label out.
 *
 * It is written from the dataflow graph's prediction program, value by value. Rows are [label tried, sample, columns]
 * there as on tfjs, 1 where a value does not vary, and ONNX broadcasts; the number of samples is left to the caller.
 */
import { type Field, patchColumns, patchCount, patchSize } from '../../compiler/field.js';
import type { Graph, Program, Value } from '../../compiler/graph/graph.js';
import { isObject, wrongArgument } from '../../grammar/arguments.js';
import { failure } from '../../grammar/diagnostic.js';
import { nothingToPredict, predictDirection, predictsBy } from '../train/evaluate.js';
import { type Name, OnnxBuilder } from './builder.js';
import { writeExpression } from './expression.js';
import { encode } from './model.js';

/** Protobuf parsers accept at most 2 GiB; the rest is room for graph and names. */
const MOST_BYTES = 2 ** 31 - 2 ** 24;

/** The dimension that counts samples. */
const SAMPLES = 'N';

export interface OnnxExport {
  /** The .onnx file. */
  readonly bytes: Uint8Array;
  /** Nodes of its graph. */
  readonly nodes: number;
}

/**
 * The prediction as an ONNX model: labels by goodness, or by the softmax of a readout if no layer receives the
 * label.
 *
 * @param graph of a model with a label
 * @param weights each parameter's values by name, row-major
 * @param about metadata of the file: keys and values, for people
 * @throws RffcError RFF716 for a model that cannot predict, RFF911 for what ONNX does not support
 */
export function exportOnnx(
  graph: Graph,
  weights: ReadonlyMap<string, Float32Array>,
  about: { readonly version: string; readonly metadata?: Readonly<Record<string, string>> },
): OnnxExport {
  checkArguments(graph, weights);
  const { document, frames, classes } = graph;
  const { input, name } = document;
  // What labels are told apart by is an output too, under its name.
  const port = predictsBy(document);
  if (!port) throw nothingToPredict(document);
  const size = [...weights.values()].reduce((sum, values) => sum + values.byteLength, 0);
  if (size > MOST_BYTES)
    throw failure('RFF911', `weights of \`${name}\` exceed 2 GiB: ${(size / 2 ** 30).toFixed(1)} GiB`, {
      hint: 'an ONNX file holds at most 2 GiB; use the safetensors file instead',
    });

  const build = new OnnxBuilder();
  for (const name of ['x', port, 'label']) build.reserve(name);
  const writer = new Writer(build, graph, weights);
  const direction = port === 'softmax' ? 'max' : predictDirection(document);
  if (port === 'softmax') {
    // [1, N, classes] → [N, classes]
    build.output('Squeeze', [writer.result('predict/softmax', false), build.integers(0)], port);
  } else {
    // [classes, N, 1] → [N, classes]
    const flat = build.node(
      'Squeeze',
      [writer.result('predict/goodness', true), build.integers(2)],
      'goodness/classes',
    );
    build.output('Transpose', [flat], port, [{ name: 'perm', ints: [1, 0] }]);
  }
  build.output(direction === 'min' ? 'ArgMin' : 'ArgMax', [port], 'label', [
    { name: 'axis', int: 1 },
    { name: 'keepdims', int: 0 },
  ]);

  const samples = frames === 1 ? [SAMPLES, input.size] : [SAMPLES, frames, input.size];
  const bytes = encode({
    name,
    about:
      port === 'softmax'
        ? 'The predicted label is the most probable one of a softmax on the activities.'
        : 'Each label is tried on each sample; the predicted one has the ' +
          `${direction === 'min' ? 'least' : 'greatest'} goodness.`,
    version: about.version,
    nodes: build.nodes,
    initializers: build.initializers,
    inputs: [{ name: 'x', type: 'float', shape: samples, about: `\`${input.name}\`, normalized` }],
    outputs: [
      {
        name: 'label',
        type: 'int64',
        shape: [SAMPLES],
        about: `\`${document.label!.name}\`: the best label`,
      },
      { name: port, type: 'float', shape: [SAMPLES, classes], about: 'of each label' },
    ],
    metadata: about.metadata ?? {},
  });
  return { bytes, nodes: build.nodes.length };
}

/** @throws RffcError RFF770 */
function checkArguments(graph: unknown, weights: unknown): void {
  if (!isObject(graph) || !isObject(graph.document) || !isObject(graph.programs)) {
    const hint =
      isObject(graph) && (isObject(graph.graph) || graph.rffc === 'plan')
        ? 'what `compile` returns has it: `compiled.graph`'
        : undefined;
    throw wrongArgument('exportOnnx', 'a graph', graph, hint);
  }
  const isWeights =
    weights instanceof Map && [...weights.values()].every((one) => one instanceof Float32Array);
  if (!isWeights)
    throw wrongArgument(
      'exportOnnx',
      'a Map from names to Float32Arrays',
      weights,
      '`toFloat32(tensor)` makes one of a tensor that was read',
    );
}

/** Writes what a result needs, and nothing else. */
class Writer {
  private readonly program: Program;
  private readonly done = new Map<number, Name>();

  constructor(
    private readonly build: OnnxBuilder,
    private readonly graph: Graph,
    private readonly weights: ReadonlyMap<string, Float32Array>,
  ) {
    this.program = graph.programs.predict;
  }

  /** A result with all its rows: [candidate, sample, columns], or [1, sample, columns]. */
  result(tensor: string, candidate: boolean): Name {
    const { values, results } = this.program;
    const found = results.find((result) => result.tensor === tensor)!;
    const needed = new Set([found.value]);
    for (const value of values.toReversed())
      if (needed.has(value.id)) for (const input of value.inputs) needed.add(input);
    for (const value of values) if (needed.has(value.id)) this.done.set(value.id, this.write(value));
    return this.expanded(values[found.value]!, candidate, true);
  }

  private write(value: Value): Name {
    const { op, cols } = value;
    const { build } = this;
    const inputs = value.inputs.map((id) => this.program.values[id]!);
    const [a, b] = value.inputs.map((id) => this.done.get(id)!) as [Name, Name];
    switch (op.kind) {
      case 'state': {
        const data = this.weights.get(op.tensor);
        if (!data) throw new Error(`no weights \`${op.tensor}\` were given`);
        return build.weights(op.tensor, [value.rows as number, cols], data);
      }
      case 'input': {
        if (this.graph.frames === 1) return build.node('Unsqueeze', ['x', build.integers(0)], 'x/rows');
        const bounds = [op.frame, op.frame + 1].map((at) => build.integers(at));
        const frame = build.node('Slice', ['x', ...bounds, build.integers(1)], `x/frame${op.frame}`);
        return build.node('Transpose', [frame], `x/rows${op.frame}`, [{ name: 'perm', ints: [1, 0, 2] }]);
      }
      case 'fill':
        return build.filled(op.value, [1, 1, cols]);
      case 'candidates': {
        const identity = Float32Array.from({ length: cols * cols }, (_, i) => (i % (cols + 1) === 0 ? 1 : 0));
        return build.constant(identity, [cols, 1, cols], 'candidates');
      }
      case 'product': {
        const transposed = build.node('Transpose', [b], `${b}/transposed`, [{ name: 'perm', ints: [1, 0] }]);
        return build.node('MatMul', [a, transposed], value.name);
      }
      case 'field product':
        return this.fieldProduct(value, op.field, a, b);
      case 'concat': {
        const [candidate, sample] = [varies(value, 'candidate'), varies(value, 'sample')];
        const parts = inputs.map((part) => this.expanded(part, candidate, sample));
        return build.node('Concat', parts, value.name, [{ name: 'axis', int: 2 }]);
      }
      case 'embed': {
        const [candidate, sample] = [varies(value, 'candidate'), varies(value, 'sample')];
        const x = this.expanded(inputs[0]!, candidate, sample);
        const label = this.expanded(inputs[1]!, candidate, sample);
        const part = (from: number, to: number) =>
          build.node('Slice', [x, ...[from, to, 2].map((n) => build.integers(n))], `${value.name}/${from}`);
        const end = op.at + inputs[1]!.cols;
        const parts = [
          ...(op.at > 0 ? [part(0, op.at)] : []),
          label,
          ...(end < cols ? [part(end, cols)] : []),
        ];
        return build.node('Concat', parts, value.name, [{ name: 'axis', int: 2 }]);
      }
      case 'map': {
        const bound = new Map(op.vars.map((name, i) => [name, this.done.get(value.inputs[i]!)!]));
        const made = writeExpression(build, op.expr, bound, op.units, value.name);
        // A number per row may be needed in each column, and a value of parameters alone as a row.
        const isRow = inputs.some(({ rows }) => rows === 'batch');
        if (isRow && (op.expr.kind === 'element' || cols === 1)) return made;
        return build.node('Expand', [made, build.integers(1, 1, cols)], `${value.name}/row`);
      }
      default:
        throw failure(
          'RFF911',
          `unsupported operation \`${op.kind}\` in the prediction (\`${value.name}\`)`,
          {
            hint: 'please report it with the model',
          },
        );
    }
  }

  /**
   * The patches gathered, [rows, patches, samples, numbers], times each patch's own weights, [patches, numbers,
   * maps].
   */
  private fieldProduct(value: Value, field: Field, source: Name, weights: Name): Name {
    const { build } = this;
    const { name } = value;
    const [patches, numbers] = [patchCount(field), patchSize(field)];
    const columns = Array.from({ length: patches }, (_, patch) => patchColumns(field, patch)).flat();
    const index = build.constant(
      BigInt64Array.from(columns.map(BigInt)),
      [patches, numbers],
      `${name}/columns`,
    );
    const swap = [{ name: 'perm', ints: [0, 2, 1, 3] }];
    const gathered = build.node('Gather', [source, index], `${source}/patches`, [{ name: 'axis', int: 2 }]);
    const byPatch = build.node('Transpose', [gathered], `${source}/byPatch`, swap);
    const shape = build.integers(patches, field.maps, numbers);
    const units = build.node('Reshape', [weights, shape], `${weights}/units`);
    const turned = build.node('Transpose', [units], `${weights}/transposed`, [
      { name: 'perm', ints: [0, 2, 1] },
    ]);
    const products = build.node('MatMul', [byPatch, turned], `${name}/products`);
    const byRow = build.node('Transpose', [products], `${name}/byRow`, swap);
    // 0 is a dimension as it was.
    return build.node('Reshape', [byRow, build.integers(0, 0, value.cols)], name);
  }

  /** A value's tensor, repeated over the row axes asked for. */
  private expanded(value: Value, candidate: boolean, sample: boolean): Name {
    const { build } = this;
    const name = this.done.get(value.id)!;
    const overLabels = candidate && !varies(value, 'candidate');
    const overSamples = sample && !varies(value, 'sample');
    if (!overLabels && !overSamples) return name;
    const labels = overLabels ? this.graph.classes : 1;
    if (!overSamples) return build.node('Expand', [name, build.integers(labels, 1, 1)], `${name}/labels`);
    const count = build.node('Shape', ['x'], 'samples', [
      { name: 'start', int: 0 },
      { name: 'end', int: 1 },
    ]);
    const shape = build.node('Concat', [build.integers(labels), count, build.integers(1)], 'rows', [
      { name: 'axis', int: 0 },
    ]);
    return build.node('Expand', [name, shape], `${name}/rows`);
  }
}

function varies({ axes }: Value, axis: 'candidate' | 'sample'): boolean {
  return axes.includes(axis);
}
