/**
 * A model for Graphviz (`dot -Tsvg`): its architecture, with a box per input, label and layer and an arrow per
 * connection, and the whole dataflow graph, with a box per value.
 */
import type { Connection, FastConnection, ModelDocument } from '../model.js';
import { fullName, type Graph, type Program, type Value } from './graph.js';
import { describe } from './print.js';

const BOXES =
  'node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica", fontsize=11]; edge ' +
  '[fontname="Helvetica", fontsize=9];';
const OUTSIDE = '#dcefdc';
const LAYER = '#e3edf7';
/** A colour per connection type, repeating if there are more types. */
const TYPES = ['#1f4e8c', '#b0413e', '#2f7d4f', '#8a5a00', '#6b3fa0', '#00707a'];

/** The label of a connection's arrow, besides its colour (the type) and head (a bar for an inhibitory connection). */
function arrowText(connection: Connection | FastConnection): string {
  const { type, delay } = connection;
  const facts = [`${type}, delay ${delay}`];
  if ('decay' in connection) facts.push(`fast: decay ${connection.decay}, rate ${connection.rate}`);
  else {
    if (connection.dropout > 0) facts.push(`dropout ${connection.dropout}`);
    if (connection.field) facts.push(`${connection.field.size} × ${connection.field.size} patches`);
    if (!connection.learn) facts.push('fixed');
  }
  return facts.join('\n');
}

/**
 * Layers and connections with sizes, damping and delays. Feedback connections are dashed and do not affect the layout.
 */
export function architectureDot(document: ModelDocument): string {
  const { input, label, layers, connections, fast_weights: fast, decoder } = document;
  const line = [input.name, ...layers.map(({ name }) => name)];
  const types = [...new Set([...connections, ...fast].map(({ type }) => type))];
  const embedded = input.embed === null ? '' : '\nlabel embedded';
  const arrows = [...connections, ...fast].map((connection) => {
    const { source, target, type, sign } = connection;
    const isBack = line.indexOf(source) >= line.indexOf(target);
    return edge(source, target, {
      label: arrowText(connection),
      color: TYPES[types.indexOf(type) % TYPES.length]!,
      ...(sign < 0 ? { arrowhead: 'tee' } : {}),
      ...(line.includes(source) && isBack ? { style: 'dashed', constraint: 'false' } : {}),
    });
  });
  const decoded = (decoder?.layers ?? []).map((name) =>
    edge(name, input.name, { label: 'decode', style: 'dotted', constraint: 'false' }),
  );
  return lines([
    `digraph ${quoted(document.name)} {`,
    `  rankdir=LR; ${BOXES}`,
    `  ${node(input.name, `${input.name}\n${input.size} values${embedded}`, OUTSIDE)}`,
    ...(label ? [`  ${node(label.name, `${label.name}\n${label.classes} classes`, OUTSIDE)}`] : []),
    ...layers.map(
      ({ name, size, damping }) => `  ${node(name, `${name}\n${size} units\ndamping ${damping}`, LAYER)}`,
    ),
    ...[...arrows, ...decoded].map((arrow) => `  ${arrow}`),
    '}',
  ]);
}

const colours: Partial<Record<Value['op']['kind'], string>> = {
  state: '#e8e0f5',
  input: OUTSIDE,
  product: '#fbe3c8',
  'field product': '#fbe3c8',
  outer: '#fbd3c8',
  'field outer': '#fbd3c8',
  map: LAYER,
};

/** Both programs: a box per value, a cluster per step. */
export function graphDot(graph: Graph): string {
  const programs = [graph.programs.train, graph.programs.predict];
  return lines([
    `digraph ${quoted(graph.document.name)} {`,
    `  rankdir=LR; ${BOXES}`,
    ...programs.flatMap((program) => programDot(program)),
    '}',
  ]);
}

function programDot({ name, values }: Program): string[] {
  const id = (value: number) => `${name}_${value}`;
  const steps = new Map<string, Value[]>();
  for (const value of values) steps.set(stepOf(value), [...(steps.get(stepOf(value)) ?? []), value]);
  return [
    `  subgraph ${quoted(`cluster_${name}`)} {`,
    `    label=${quoted(name)};`,
    ...[...steps].flatMap(([step, inside]) => {
      const boxes = inside.map(
        (value) => `      ${node(id(value.id), valueText(value), colours[value.op.kind] ?? 'white')}`,
      );
      if (step === '') return boxes;
      const cluster = quoted(`cluster_${name}_${step}`);
      return [`    subgraph ${cluster} {`, `      label=${quoted(step)};`, ...boxes, '    }'];
    }),
    '  }',
    ...values.flatMap(({ id: to, inputs }) => inputs.map((from) => `  ${edge(id(from), id(to), {})}`)),
  ];
}

/** The step in which a value is drawn; parameters and their states are drawn once. */
const stepOf = ({ step, tensor }: Value): string => (tensor ? '' : step);

function valueText(value: Value): string {
  const { rows, cols, axes } = value;
  const text = describe(value);
  const varies = axes.length > 0 ? ` {${axes.join(', ')}}` : '';
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return `${fullName(value)}\n${short}\n[${rows === 'batch' ? 'rows' : rows}, ${cols}]${varies}`;
}

function node(id: string, label: string, fill: string): string {
  return `${quoted(id)} ${attributes({ label, fillcolor: fill })};`;
}

function edge(from: string, to: string, facts: Readonly<Record<string, string>>): string {
  return `${quoted(from)} -> ${quoted(to)}${Object.keys(facts).length > 0 ? ` ${attributes(facts)}` : ''};`;
}

function attributes(facts: Readonly<Record<string, string>>): string {
  return `[${Object.entries(facts)
    .map(([key, value]) => `${key}=${quoted(value)}`)
    .join(', ')}]`;
}

/** As Graphviz reads it: quoted, so that a layer may be called `node`; a line break is `\n`. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
