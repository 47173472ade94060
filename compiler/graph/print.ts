/** The dataflow graph as JSON, for people and machines. */
import { show } from '../expr/index.js';
import { fullName, type Graph, type Program, type Value } from './graph.js';

/** A short description of a value's operation. */
export function describe({ op }: Value): string {
  switch (op.kind) {
    case 'state':
    case 'input':
      return op.tensor;
    case 'fill':
      return `${op.value}`;
    case 'scalar':
      return op.scalar.name;
    case 'map':
      return show(op.expr);
    case 'mean':
    case 'part':
      return `${op.kind} ${op.of}`;
    case 'dropout':
      return `dropout keep ${op.keep} site ${op.site}`;
    case 'field product':
    case 'field outer': {
      const { grid, channels, size, stride, maps } = op.field;
      return `${op.kind} ${grid.join('×')}×${channels} size ${size} stride ${stride} maps ${maps}`;
    }
    default:
      return op.kind;
  }
}

/** The output of `--emit graph`: everything except the document, with expressions as text. */
export function toJson(graph: Graph): unknown {
  const program = ({ values, results, updates, extents }: Program) => ({
    extents,
    values: values.map((v) => ({
      id: v.id,
      name: fullName(v),
      op: v.op.kind,
      ...(v.op.kind === 'map' ? { vars: v.op.vars } : {}),
      of: describe(v),
      inputs: v.inputs,
      rows: v.rows,
      cols: v.cols,
      axes: v.axes,
    })),
    results,
    updates,
  });
  const { batch, predictBatch, frames, classes, layers, learnSteps, tensors, programs } = graph;
  return {
    model: graph.document.name,
    batch,
    predictBatch,
    frames,
    classes,
    layers,
    learnSteps,
    tensors,
    programs: { train: program(programs.train), predict: program(programs.predict) },
  };
}
