/**
 * From a syntax tree to a model document: names resolved, sizes and defaults filled in, everything wrong with the
 * file reported in one run.
 *
 * It goes on after every error with what it knows, and stays silent about what follows from an error.
 */
import type {
  ConnectionTypeDeclaration,
  FunctionDeclaration,
  ModelDeclaration,
  ModelItem,
  SourceFile,
} from '../../grammar/ast.js';
import type { Diagnostic, Span } from '../../grammar/diagnostic.js';
import { plain } from '../../grammar/suggest.js';
import type { Connection, Evaluate, FastConnection, Layer, ModelDocument, Train } from '../model.js';
import { readConnections, readConnectionTypes } from './connections.js';
import { all, type Context, readProperties, suggestion, whole } from './context.js';
import { damage } from './damage.js';
import { readDecoder } from './decoder.js';
import { defineFunctions, defineParams } from './definitions.js';
import { meaning, meaningless } from './learning.js';
import { distinctNodes, readInput, readLabel, readLayers } from './nodes.js';
import { readObjectives } from './objectives.js';
import { keyword } from './places.js';
import { createReport, type Report } from './report.js';
import { readSchedule } from './schedule.js';
import { type Finding, findings, placeOf } from './structure.js';
import { readEvaluate, readNegatives, readReadout, readTrain } from './training.js';

export interface CheckOptions {
  /** Named in diagnostics. */
  readonly file?: string;
  /** Values in the place of `param`s. */
  readonly set?: Readonly<Record<string, number>>;
  /** Which model of a file with several. */
  readonly model?: string;
  /** The parser's diagnostics: what is missing because of one of them is not reported again. */
  readonly syntax?: readonly Diagnostic[];
  /**
   * Whether a model that can be compiled but not learn or predict anything is only warned of: tests of the compiler are
   * made of such models.
   */
  readonly tolerant?: boolean;
}
export interface Checked {
  /** Present where there is no error. */
  readonly document: ModelDocument | undefined;
  /** In the order of the text. */
  readonly diagnostics: Diagnostic[];
}

/** Checks a file. Pure; never throws. */
export function check(tree: SourceFile, options: CheckOptions = {}): Checked {
  const report = createReport(options.file);
  const models = tree.items.filter((item) => item.kind === 'model');
  const chosen = choose(report, tree, models, options);
  const documents = chosen.map((model) => checkModel(report, tree, model, models.length > 1, options));
  const diagnostics = report.diagnostics.toSorted((a, b) => (a.span?.start ?? -1) - (b.span?.start ?? -1));
  const wrong =
    diagnostics.some((d) => d.severity === 'error') ||
    (options.syntax ?? []).some((d) => d.severity === 'error');
  return { document: wrong ? undefined : documents[0], diagnostics };
}

/** The model that is meant; where it is not clear, all of them are checked. */
function choose(
  report: Report,
  tree: SourceFile,
  models: readonly ModelDeclaration[],
  options: CheckOptions,
): readonly ModelDeclaration[] {
  const names = models.map((m) => m.name.text);
  const named = models.filter((m) => m.name.text === options.model);
  const list = names.map((n) => `\`${n}\``).join(', ');
  if (!models.length) {
    if (!damage(tree, options.syntax).whole)
      report.error('RFF301', undefined, 'the file has no model', 'write one: `model NAME { … }`');
    // Its functions are worth a look all the same.
    const span: Span = { ...tree.span, end: tree.span.start };
    checkFunctions(report, tree, { kind: 'model', name: { text: '', span }, items: [], span });
    return [];
  }
  models.forEach((m, i) => {
    if (names.indexOf(m.name.text) < i) {
      report.error(
        'RFF208',
        m.name.span,
        `model \`${m.name.text}\` is declared twice`,
        `first on line ${models[names.indexOf(m.name.text)]?.name.span.line}`,
      );
    }
  });
  if (options.model !== undefined && !named.length) {
    report.error(
      'RFF211',
      undefined,
      `the file has no model \`${options.model}\``,
      suggestion(options.model, names) ?? `it has ${list}`,
    );
  } else if (options.model === undefined && models.length > 1) {
    report.error(
      'RFF302',
      undefined,
      `the file has ${models.length} models: ${list}`,
      `say which one: \`--model ${names[0]}\``,
    );
  }
  return named.length ? named.slice(0, 1) : models;
}

function checkFunctions(report: Report, tree: SourceFile, model: ModelDeclaration): void {
  const { functions } = createContext(report, tree, model, {}, []);
  functions.checkAll();
}

function createContext(
  report: Report,
  tree: SourceFile,
  model: ModelDeclaration,
  options: CheckOptions,
  layers: readonly string[],
): Context {
  const context = (): Context => cx;
  const { whole: incomplete } = damage(tree, options.syntax);
  const functions = tree.items.filter((item): item is FunctionDeclaration => item.kind === 'fn');
  const params = model.items.filter((item) => item.kind === 'param');
  const cx: Context = {
    report,
    incomplete,
    broken: (options.syntax ?? []).some((d) => d.severity === 'error'),
    around: around(tree, model),
    functions: defineFunctions(functions, report, context),
    params: defineParams(params, options.set ?? {}, report, incomplete, context),
    layers,
    spans: new Map([['model', model.name.span]]),
    unknown: new Map(),
  };
  return cx;
}

/** The first `connect` as written, for suggestions. */
function around(tree: SourceFile, model: ModelDeclaration): Context['around'] {
  const first = model.items.find((item) => item.kind === 'connect');
  const train = model.items.find((item) => item.kind === 'train')?.properties ?? [];
  const type = [...tree.items, ...model.items].find((item) => item.kind === 'connection')?.name.text;
  if (first?.type === undefined || first.properties.length > 0) return { train, type };
  const chains = first.chains.map((chain) => chain.map(({ text }) => text).join(' -> ')).join(', ');
  return { train, type, connect: `connect ${chains} as ${first.type.text}` };
}

type Kind = ModelItem['kind'];

function checkModel(
  report: Report,
  tree: SourceFile,
  model: ModelDeclaration,
  several: boolean,
  options: CheckOptions,
): ModelDocument | undefined {
  const items = <K extends Kind>(kind: K) =>
    model.items.filter((item): item is Extract<ModelItem, { kind: K }> => item.kind === kind);
  const broken = damage(tree, options.syntax);

  /* ---- what there is ---- */
  const single = <K extends Kind>(kind: K): Extract<ModelItem, { kind: K }> | undefined => {
    const [first, ...more] = items(kind);
    for (const extra of more)
      report.error(
        'RFF304',
        keyword(extra.span, kind),
        `a model has only one \`${kind}\``,
        `the first is on line ${first?.span.line}`,
      );
    return first;
  };
  const layerBlocks = items('layer');
  const inputDeclaration = single('input');
  const labelDeclaration = single('label');
  const distinct = distinctNodes(report, [
    ...(inputDeclaration ? [{ what: 'input', name: inputDeclaration.target.name }] : []),
    ...(labelDeclaration ? [{ what: 'label', name: labelDeclaration.target.name }] : []),
    ...layerBlocks.flatMap((block) => block.layers.map(({ name }) => ({ what: 'layer', name }))),
  ]);
  const layerNames = layerBlocks.flatMap((block) =>
    block.layers.filter((l) => distinct.has(l.name)).map((l) => l.name.text),
  );
  const cx = createContext(report, tree, model, options, layerNames);
  const missing = (what: string, hint: string): void => {
    if (!cx.incomplete)
      report.error('RFF303', model.name.span, `model \`${model.name.text}\` has no ${what}`, hint);
  };
  cx.functions.checkAll();
  cx.params.checkAll();

  /* ---- its parts ---- */
  const properties = readProperties(cx, 'model', 'a model', items('property'));
  /** Written as a property: reported there. */
  const asProperty = (word: string) => items('property').some((p) => plain(p.key.text) === word);
  const objectiveDeclarations = items('objective');
  if (!objectiveDeclarations.length)
    missing('objective', 'add `objective { goodness: mean(h^2), positive: …, negative: … }`');
  const objectives = readObjectives(cx, objectiveDeclarations);
  if (!inputDeclaration && !asProperty('input')) missing('input', 'add `input NAME[values]`');
  const labelName = labelDeclaration?.target.name.text ?? null;
  const input = inputDeclaration && readInput(cx, inputDeclaration, labelName);
  const label = labelDeclaration && readLabel(cx, labelDeclaration);
  const layers = layerBlocks.flatMap((block) => readLayers(cx, block, distinct, objectives));
  if (!layers.length) missing('layer', 'add `layer NAME[units]`');

  const sizes = new Map(
    [...(input ? [input] : []), ...(label ? [label] : []), ...layers].map((node) => [node.name, node.size]),
  );
  const typeDeclarations = [...tree.items, ...model.items].filter(
    (item): item is ConnectionTypeDeclaration => item.kind === 'connection',
  );
  const types = readConnectionTypes(cx, typeDeclarations);
  const connects = items('connect');
  const connections = readConnections(cx, connects, types, sizes, input !== undefined || cx.incomplete);
  if (!connects.length && layers.length) missing('connections', 'add `connect INPUT -> LAYER as TYPE`');

  const decodeDeclaration = single('decode');
  const decoder = decodeDeclaration ? readDecoder(cx, decodeDeclaration, input, sizes) : null;

  const scheduleDeclaration = single('schedule');
  if (!scheduleDeclaration) missing('schedule', 'add `schedule { phase learn[10] { label: given } }`');
  const schedule =
    scheduleDeclaration && readSchedule(cx, scheduleDeclaration, labelDeclaration !== undefined);

  const negatives = readNegatives(cx, properties.get('negatives'), input?.size);
  const readout = readReadout(cx, properties.get('readout'));
  const trainDeclaration = single('train');
  if (!trainDeclaration) missing('`train`', 'add `train { data: digits() }`');
  const train = trainDeclaration && readTrain(cx, trainDeclaration, schedule?.drafts ?? []);
  const evaluate = readEvaluate(cx, single('evaluate'), schedule?.drafts ?? []);

  /* ---- the whole ---- */
  // A name that only gives and that nothing declares may be the label that is missing.
  const labelUnknown =
    labelDeclaration === undefined && (cx.incomplete || (cx.unknown.get('node')?.size ?? 0) > 0);
  const draft = {
    input,
    label: label ? { name: label.name, classes: label.size } : labelUnknown ? undefined : null,
    layers: layers.filter(
      (l, i) => layerNames.includes(l.name) && layers.findIndex((other) => other.name === l.name) === i,
    ),
    connections: connections.drafts,
    fast_weights: connections.fastDrafts,
    decoder: decodeDeclaration ?? null,
    phases: schedule?.drafts ?? [],
    score: schedule?.score,
    negatives,
    readout,
    train,
    evaluate,
  };
  const gaps = {
    reached: connections.reached,
    connections: connections.lost || broken.connections || cx.incomplete || !connects.length,
  };
  const say = (found: readonly Finding[]) => {
    for (const f of found) {
      const span = placeOf(cx.spans, f.at);
      // A misspelled name may well be of this one.
      if (/^RFF3(18|38)$/.test(f.code) && (cx.unknown.get('node')?.size ?? 0) > 0) continue;
      const isError = f.severity === 'error' && !(options.tolerant && meaningless.has(f.code));
      if (isError) report.error(f.code, span, f.message, f.hint);
      else report.warning(f.code, span, f.message, f.hint);
    }
  };
  say(findings(draft, gaps));
  cx.params.warnUnused(cx);
  objectives.warnUnused(cx);
  if (!several) {
    cx.functions.warnUnused(cx);
    types.warnUnused(cx);
  }
  const document = whole<ModelDocument>({
    rffc: 1,
    name: model.name.text,
    params: cx.params.values(),
    input: input?.node,
    label: label ? label.node : null,
    layers: all<Layer>(layers.map((l) => l.node)),
    connections: all<Connection>(connections.list),
    fast_weights: all<FastConnection>(connections.fast),
    decoder,
    objectives: all(objectives.list),
    phases: schedule?.phases,
    score: schedule?.score,
    negatives,
    ...(readout === null ? {} : { readout }),
    train: train && whole<Train>(train),
    evaluate: whole<Evaluate>(evaluate),
    places: Object.fromEntries(
      [...cx.spans].map(([path, { line, column }]) => [path, [line, column] as const]),
    ),
  });
  const isWrong = [...report.diagnostics, ...(options.syntax ?? [])].some((d) => d.severity === 'error');
  if (document && !isWrong) say(meaning(document));
  return document;
}
