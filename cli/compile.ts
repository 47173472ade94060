/**
 * `rffc compile`: a model's summary, or one of the forms it goes through: its syntax tree (`ast`), the checked model
 * document (`model`), the dataflow graph (`graph`), and the graph for Graphviz (`dot`).
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Graph, lower } from '../compiler/graph/index.js';
import { toDot, toJson } from '../compiler/graph/print.js';
import type { ModelDocument } from '../compiler/model.js';
import { RffcError } from '../grammar/diagnostic.js';
import { parse } from '../grammar/index.js';
import { describeDataset } from '../runtime/data/index.js';
import { fileError, writeAtomically } from '../runtime/run/files.js';
import {
  diagnose,
  isDocumentText,
  loadModel,
  type ModelChoice,
  type ModelSource,
  readModelSource,
} from '../runtime/run/model.js';
import { type Io, misuse, pathOf, report } from './io.js';

type Form = 'ast' | 'model' | 'graph' | 'dot';
interface CompileOptions extends ModelChoice {
  readonly emit?: readonly Form[];
  readonly output?: string;
  readonly batch?: number;
  readonly dataDir?: string;
}

const SUFFIX: Readonly<Record<Form, string>> = {
  ast: 'ast.json',
  model: 'model.json',
  graph: 'graph.json',
  dot: 'dot',
};

export async function compileCommand(io: Io, file: string, options: CompileOptions): Promise<number> {
  const { emit, output } = options;
  if (emit && emit.length > 1 && output === undefined)
    throw misuse('several forms need a folder to be written to', 'add `-o DIR`');
  const source = readModelSource(io.cwd, file);
  if (!emit) {
    const { document, warnings } = loadModel(source, options);
    report(io, warnings);
    write(io, summary(await graphOf(io, source, document, options)), output);
    return 0;
  }
  for (const form of emit) {
    const text = await formOf(io, form, source, options);
    write(io, text, emit.length > 1 ? join(output!, `${nameOf(file)}.${SUFFIX[form]}`) : output);
  }
  return 0;
}

async function formOf(io: Io, form: Form, source: ModelSource, options: CompileOptions): Promise<string> {
  switch (form) {
    case 'ast':
      return astOf(source);
    case 'model': {
      const { document, diagnostics } = diagnose(source, options);
      if (!document) throw new RffcError(diagnostics);
      return `${JSON.stringify(document, null, 2)}\n`;
    }
    case 'graph':
    case 'dot': {
      const graph = await graphOf(io, source, loadModel(source, options).document, options);
      return form === 'dot' ? toDot(graph) : `${JSON.stringify(toJson(graph))}\n`;
    }
    default:
      return form satisfies never;
  }
}

function astOf({ text, file }: ModelSource): string {
  if (isDocumentText(text))
    throw misuse('a model document has no syntax tree', 'use `--emit ast` with a .rff file');
  const { tree, diagnostics } = parse(text, file);
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new RffcError(diagnostics);
  return `${JSON.stringify(tree, null, 2)}\n`;
}

/** The graph for the model's own batch and the frames its data has. */
async function graphOf(
  io: Io,
  source: ModelSource,
  document: ModelDocument,
  options: CompileOptions,
): Promise<Graph> {
  const { frames } = await describeDataset(document.train.data, {
    baseDir: dirname(source.path),
    ...(options.dataDir === undefined ? {} : { dataDir: pathOf(io, options.dataDir) }),
  });
  return lower(document, { frames, ...(options.batch === undefined ? {} : { batch: options.batch }) });
}

function summary(graph: Graph): string {
  const { document, batch, frames, predictBatch, tensors, programs } = graph;
  const { input, label, layers, connections, phases, train } = document;
  const numbers = (role: 'parameter' | 'state') =>
    tensors
      .filter((tensor) => tensor.role === role)
      .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const count = (n: number) => n.toLocaleString('en');
  const lines = [
    ['model', document.name],
    [
      'input',
      `${input.name}[${input.size}]${frames > 1 ? `, ${frames} frames` : ''}${label ? `, label ${label.name}[${label.classes}]` : ''}`,
    ],
    ['layers', layers.map(({ name, size }) => `${name}[${size}]`).join(', ')],
    ['connections', count(connections.length)],
    [
      'parameters',
      `${count(numbers('parameter'))} (and ${count(numbers('state'))} numbers of optimizer state)`,
    ],
    [
      'schedule',
      phases.map(({ name, steps, learn }) => `${name}[${steps}]${learn ? ' learning' : ''}`).join(', '),
    ],
    [
      'training',
      `${train.data.name}, ${train.epochs} epochs, batches of ${batch}, ${train.optimizer.name}(lr: ${short(train.optimizer.lr)})`,
    ],
    ['prediction', `${predictBatch} samples at once`],
    [
      'graph',
      `${count(programs.train.values.length)} values a training batch, ${count(programs.predict.values.length)} a prediction`,
    ],
  ];
  return lines.map(([key, value]) => `${key!.padEnd(12)}${value}\n`).join('');
}

/** As it would be written in a model: 5e-6, not 0.000005. */
function short(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}

function write(io: Io, text: string, output: string | undefined): void {
  if (output === undefined) {
    io.out(text);
    return;
  }
  const path = pathOf(io, output);
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw fileError(error, dirname(path));
  }
  writeAtomically(path, text);
  io.err(`wrote ${output}\n`);
}

function nameOf(file: string): string {
  return file.replace(/^.*[/\\]/, '').replace(/(\.model)?\.(rff|json)$/, '');
}
