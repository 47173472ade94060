/**
 * `rffc compile`: a model's plan, written to a file, with a summary and, with `--explain`, what each pass did to it.
 * With `--emit` any of the forms it goes through instead: its syntax tree (`ast`), the checked model document (`model`)
 * and for Graphviz its architecture (`dot`), the dataflow graph (`graph`, for Graphviz `dot-graph`), the plan, and its
 * kernels for an engine (`wat`, `wgsl`, `cuda`).
 */
import { mkdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type Compilation, compile, diagnose, isJson, type ModelChoice } from '../compiler/compile.js';
import type { ModelDocument } from '../compiler/model.js';
import type { PassName } from '../compiler/passes/pipeline.js';
import { summarize } from '../compiler/plan/summary.js';
import { RffcError } from '../grammar/diagnostic.js';
import { parse } from '../grammar/parser.js';
import { fileError, writeAtomically } from '../runtime/run/files.js';
import { type ModelSource, readModelSource } from '../runtime/run/model.js';
import { checkPlanPath, defaultPlanPath, sourceOf, writePlan } from '../runtime/run/plans.js';
import { shellWord } from '../runtime/run/shell.js';
import { framesOf } from './frames.js';
import { type Io, misuse, pathOf, report } from './io.js';
import type { EmitForm } from './options.js';
import { passesOf } from './passes.js';

interface CompileOptions extends ModelChoice {
  readonly emit?: readonly EmitForm[];
  readonly output?: string;
  readonly explain?: true;
  readonly batch?: number;
  readonly dataDir?: string;
  /** The passes of `--no-pass`: commander takes its name for the negative of `--pass`. */
  readonly pass: readonly string[];
}

const SUFFIX: Readonly<Record<EmitForm, string>> = {
  ast: 'ast.json',
  model: 'model.json',
  graph: 'graph.json',
  plan: 'plan.json',
  wat: 'wat',
  wgsl: 'wgsl',
  cuda: 'cu',
  dot: 'dot',
  'dot-graph': 'graph.dot',
};

export async function compileCommand(io: Io, file: string, options: CompileOptions): Promise<number> {
  const { emit, output, explain } = options;
  const without = passesOf(options.pass);
  if (emit && emit.length > 1 && output === undefined)
    throw misuse('several forms need a folder to be written to', 'add `-o DIR`');
  if (emit && explain)
    throw misuse('`--explain` goes with the summary, not with `--emit`', 'leave out one of them');
  const source = readModelSource(io.cwd, file);
  const compiled = (path: (model: string) => string) => compileSource(io, source, options, without, path);
  if (emit) {
    const several = emit.length > 1;
    for (const form of emit) {
      const to = several ? join(output!, `${nameOf(file)}.${SUFFIX[form]}`) : output;
      // A plan on its way through a pipe names its source as seen from here.
      const path = () => pathOf(io, to ?? SUFFIX.plan);
      write(io, await formOf(form, source, options, () => compiled(path)), to);
    }
    return 0;
  }

  const path = (model: string) =>
    output === undefined ? defaultPlanPath(io.cwd, model) : pathOf(io, output);
  // Before data are read: the default's folder is the same for every model.
  checkPlanPath(path('model'));
  const compilation = await compiled(path);
  const { plan, graph, notes, warnings } = compilation;
  report(io, warnings);
  const to = path(plan.model.name);
  const remembered = writePlan(io.cwd, to, plan);
  io.out(summarize(plan));
  if (explain) {
    const { explain: explainPasses, explainText } = await import('../compiler/explain.js');
    io.out(`\n${explainText(explainPasses(graph, without))}`);
  } else {
    for (const note of notes) io.err(`note: ${note}\n`);
  }
  io.err(`wrote ${relative(io.cwd, to)}\n`);
  if (!remembered) {
    const call = `${io.command} run ${shellWord(relative(io.cwd, to))}`;
    io.err(`note: this folder is read-only, so that \`run\` has to be given the plan: ${call}\n`);
  }
  return 0;
}

/** Compiles for the frames that the model's data has; the plan remembers its source as seen from where it will lie. */
function compileSource(
  io: Io,
  source: ModelSource,
  { set, model, batch, dataDir }: CompileOptions,
  without: readonly PassName[],
  path: (model: string) => string,
): Promise<Compilation> {
  return compile(source, {
    set,
    model,
    batch,
    without,
    frames: framesOf(io, dirname(source.path), dataDir),
    // Plans of whatever name lie in the same folder.
    source: sourceOf(source, path('model')),
  });
}

async function formOf(
  form: EmitForm,
  source: ModelSource,
  choice: ModelChoice,
  compiled: () => Promise<Compilation>,
): Promise<string> {
  switch (form) {
    case 'ast':
      return astOf(source);
    case 'model':
      return `${JSON.stringify(await documentOf(source, choice), null, 2)}\n`;
    case 'graph': {
      const { toJson } = await import('../compiler/graph/print.js');
      return `${JSON.stringify(toJson((await compiled()).graph))}\n`;
    }
    case 'dot': {
      const { architectureDot } = await import('../compiler/graph/dot.js');
      return architectureDot(await documentOf(source, choice));
    }
    case 'dot-graph': {
      const { graphDot } = await import('../compiler/graph/dot.js');
      return graphDot((await compiled()).graph);
    }
    case 'plan':
      return `${JSON.stringify((await compiled()).plan)}\n`;
    case 'wat': {
      const { overlapsOf, printModule } = await import('../compiler/codegen/index.js');
      const { plan } = await compiled();
      return printModule(plan.kernels, overlapsOf(plan));
    }
    case 'wgsl': {
      const { printShaders } = await import('../compiler/codegen/wgsl/index.js');
      return printShaders((await compiled()).plan);
    }
    case 'cuda': {
      const { cudaModule } = await import('../compiler/codegen/cuda/index.js');
      return cudaModule((await compiled()).plan).code;
    }
    default:
      return form satisfies never;
  }
}

async function documentOf(source: ModelSource, choice: ModelChoice): Promise<ModelDocument> {
  const { document, diagnostics } = await diagnose(source, choice);
  if (!document) throw new RffcError(diagnostics);
  return document;
}

function astOf({ text, file }: ModelSource): string {
  if (isJson(text)) throw misuse('a model document has no syntax tree', 'use `--emit ast` with a .rff file');
  const { tree, diagnostics } = parse(text, file);
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new RffcError(diagnostics);
  return `${JSON.stringify(tree, null, 2)}\n`;
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
