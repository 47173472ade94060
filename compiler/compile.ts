/**
 * The compiler, top to bottom: a model's text → syntax tree → checked document → dataflow graph → plan.
 *
 * The text is .rff or a model document in JSON, told apart by the first character. Whatever depends on the outside
 * world (files, data sets) is passed in, so all of this also runs in a browser.
 */
import {
  anObject,
  anything,
  callback,
  checkOptions,
  isObject,
  type OptionKind,
  wholeNumber,
  wrongArgument,
} from '../grammar/arguments.js';
import { type Diagnostic, RffcError } from '../grammar/diagnostic.js';
import { parse } from '../grammar/parser.js';
import { buildPlan, type PlanOptions } from './build.js';
import { check } from './check/check.js';
import type { Graph } from './graph/graph.js';
import { lower } from './graph/lower.js';
import type { DataSpec, ModelDocument } from './model.js';
import type { Plan } from './plan/plan.js';

/** A model's text; `file` is its name in messages. */
export interface SourceText {
  readonly text: string;
  readonly file: string;
}

export interface ModelChoice {
  /** Values for `param`s. */
  readonly set?: Readonly<Record<string, number>> | undefined;
  /** Which model of a file with several. */
  readonly model?: string | undefined;
}

export interface CompileOptions extends ModelChoice, PlanOptions {
  /** Samples per training batch (default: the model's). */
  readonly batch?: number | undefined;
  /** Frames per sample of the model's data (default: 1). The caller knows the data. */
  readonly frames?: ((data: DataSpec) => Promise<number>) | undefined;
}

/** A compiled model, with every intermediate form worth looking at. */
export interface Compilation {
  readonly document: ModelDocument;
  readonly graph: Graph;
  readonly plan: Plan;
  readonly warnings: readonly Diagnostic[];
  /** Notes by passes on where they do not apply. */
  readonly notes: readonly string[];
}

/**
 * Compiles a model's text to its plan.
 *
 * @throws RffcError with every diagnostic if there is an error, or a construct that this version cannot run; RFF770 to
 * RFF772 for wrong arguments
 */
export async function compile(source: SourceText, options: CompileOptions = {}): Promise<Compilation> {
  checkCompileArguments(source, options);
  const { document, warnings } = await loadModel(source, options);
  const frames = await (options.frames ?? stills)(document.train.data);
  const graph = lower(document, { frames, ...(options.batch === undefined ? {} : { batch: options.batch }) });
  const { plan, notes } = buildPlan(graph, options);
  return { document, graph, plan, warnings, notes };
}

const stills = async () => 1;

const compileOptions: Readonly<Record<keyof CompileOptions, OptionKind>> = {
  set: anObject,
  model: { expected: "a model's name", accepts: (value) => typeof value === 'string' },
  batch: wholeNumber,
  frames: callback,
  without: { expected: 'a list of passes', accepts: Array.isArray },
  source: anything,
};

function checkCompileArguments(source: unknown, options: unknown): void {
  if (!isObject(source) || typeof source.text !== 'string' || typeof source.file !== 'string') {
    const text = typeof source === 'string' ? 'text' : '"model …"';
    const hint = `\`compile({ text: ${text}, file: 'model.rff' })\`: messages show the file's name`;
    throw wrongArgument('compile', 'a text and its file', source, hint);
  }
  checkOptions('compile', options, compileOptions, (name) =>
    name === 'epochs' || name === 'lr' ? `\`${name}\` is an option of \`train\`` : undefined,
  );
}

/**
 * A model that can be trained, and the warnings about it.
 *
 * @throws RffcError with every diagnostic if there is an error
 */
export async function loadModel(
  source: SourceText,
  choice: ModelChoice = {},
): Promise<{ readonly document: ModelDocument; readonly warnings: readonly Diagnostic[] }> {
  const { document, diagnostics } = await diagnose(source, choice);
  if (!document) throw new RffcError(diagnostics);
  return { document, warnings: diagnostics };
}

export interface Diagnosis {
  /** Present if there are no errors. */
  readonly document?: ModelDocument | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** All diagnostics about a model. Never throws. */
export async function diagnose(source: SourceText, choice: ModelChoice = {}): Promise<Diagnosis> {
  return isJson(source.text) ? diagnoseDocument(source, choice) : diagnoseText(source, choice);
}

/** Whether a text is JSON, a model document or a plan: no .rff file begins with a brace. */
export function isJson(text: string): boolean {
  return /^\s*\{/.test(text);
}

function diagnoseText({ text, file }: SourceText, { set, model }: ModelChoice): Diagnosis {
  const { tree, diagnostics: syntax } = parse(text, file);
  const checked = check(tree, {
    file,
    syntax,
    ...(set ? { set } : {}),
    ...(model === undefined ? {} : { model }),
  });
  // An unknown property that also lacks its colon is one mistake: the suggested line has the colon.
  const unknown = checked.diagnostics.flatMap(({ code, span }) => (code === 'RFF501' && span ? [span] : []));
  const told = (d: Diagnostic) =>
    d.code === 'RFF115' && unknown.some((span) => span.start < d.span!.start && d.span!.start <= span.end);
  const diagnostics = [...syntax.filter((d) => !told(d)), ...checked.diagnostics];
  const sound = checked.document && !diagnostics.some(({ severity }) => severity === 'error');
  return { diagnostics, ...(sound ? { document: checked.document } : {}) };
}

async function diagnoseDocument({ text, file }: SourceText, { set }: ModelChoice): Promise<Diagnosis> {
  const wrong = (code: string, message: string, hint?: string): Diagnosis => ({
    diagnostics: [{ code, severity: 'error', message, file, ...(hint === undefined ? {} : { hint }) }],
  });
  if (set && Object.keys(set).length > 0)
    return wrong(
      'RFF728',
      '`--set` does not apply to a model document, whose params are fixed',
      'use `--set` with the .rff file',
    );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return wrong(
      'RFF715',
      `the file begins with a brace, but is not JSON: ${(error as SyntaxError).message}`,
      'a .rff file begins with a declaration: `model NAME { … }`',
    );
  }
  if (isPlanJson(json))
    return wrong('RFF715', 'this is a plan, not a model', 'run it with `rffc run`, or pass its .rff file');
  // Loading Ajv takes longer than compiling a small model, and .rff text never needs it.
  const { validateDocument } = await import('./check/document.js');
  return validateDocument(json, file);
}

/** Whether JSON claims to be a plan; `validatePlan` decides whether it is valid. */
export function isPlanJson(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'rffc' in json && json.rffc === 'plan';
}
