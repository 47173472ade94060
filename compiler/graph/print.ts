/** The dataflow graph for people and machines: JSON, and Graphviz. */
import { show } from '../expr/index.js';
import { fullName, type Graph, type Program, type Value } from './graph.js';

/** A value's operation in a few words. */
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

/** What `--emit graph` prints: everything but the document, expressions as text. */
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

const colours: Partial<Record<Value['op']['kind'], string>> = {
  state: '#e8e0f5',
  input: '#dcefdc',
  product: '#fbe3c8',
  'field product': '#fbe3c8',
  outer: '#fbd3c8',
  'field outer': '#fbd3c8',
  map: '#e3edf7',
};

/** Both programs for Graphviz (`dot -Tsvg`): a box a value, a cluster a step. */
export function toDot(graph: Graph): string {
  const lines = [
    'digraph rffc {',
    '  rankdir=LR; node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica", fontsize=10];',
  ];
  for (const program of [graph.programs.train, graph.programs.predict]) {
    const id = (v: number) => `${program.name}_${v}`;
    const scopes = new Map<string, Value[]>();
    for (const v of program.values) {
      const scope = v.tensor === undefined ? v.step : '';
      scopes.set(scope, [...(scopes.get(scope) ?? []), v]);
    }
    lines.push(`  subgraph "cluster_${program.name}" { label="${program.name}";`);
    for (const [scope, values] of scopes) {
      if (scope) lines.push(`    subgraph "cluster_${program.name}_${scope}" { label="${scope}";`);
      for (const v of values) {
        const axes = v.axes.length ? ` {${v.axes.join(', ')}}` : '';
        const text = describe(v);
        const label = `${fullName(v)}\n${text.length > 60 ? `${text.slice(0, 57)}…` : text}\n[${v.rows === 'batch' ? 'rows' : v.rows}, ${v.cols}]${axes}`;
        lines.push(
          `      ${id(v.id)} [label=${JSON.stringify(label)}, fillcolor="${colours[v.op.kind] ?? 'white'}"];`,
        );
      }
      if (scope) lines.push('    }');
    }
    for (const v of program.values) for (const i of v.inputs) lines.push(`    ${id(i)} -> ${id(v.id)};`);
    lines.push('  }');
  }
  return `${[...lines, '}'].join('\n')}\n`;
}
