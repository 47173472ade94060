/**
 * Reads the nodes of a model: its input, its label and its layers.
 */
import type {
  InputDeclaration,
  LabelDeclaration,
  LayerDeclaration,
  Name,
  Property,
  Sized,
} from '../../grammar/ast.js';
import type { Embed, ExpressionJson, InputNode, LabelNode, Layer } from '../model.js';
import { builtins } from './builtins.js';
import { type Context, type PropertyMap, readProperties, suggestion, unknownName, whole } from './context.js';
import { numbers, readExpression } from './expressions.js';
import type { ObjectiveIndex } from './objectives.js';
import { mark } from './places.js';
import { propertyKinds } from './properties.js';
import { instantiate, literal, symbol, type Typed } from './typing.js';
import { numberProperty, readCall, readNumber } from './values.js';

/** What is known about a node, whether or not it has errors. */
export interface NodeDraft<T> {
  readonly name: string;
  readonly size: number | undefined;
  /** Complete, or undefined. */
  readonly node: T | undefined;
}

/**
 * The layers, the input and the label by name. Reports duplicate names.
 *
 * @returns the layers with a unique name, in order
 */
export function distinctNodes(
  report: Context['report'],
  nodes: readonly { readonly what: string; readonly name: Name }[],
): ReadonlySet<Name> {
  const first = new Map<string, { readonly what: string; readonly name: Name }>();
  const distinct = new Set<Name>();
  for (const node of nodes) {
    const { text, span } = node.name;
    const taken = first.get(text);
    if (text === 'all') {
      report.error('RFF209', span, '`all` already means every layer', 'choose another name');
    } else if (taken) {
      report.error(
        'RFF208',
        span,
        `\`${text}\` is declared twice`,
        `it is already the name of the ${taken.what} on line ${taken.name.span.line}`,
      );
    } else {
      first.set(text, node);
      distinct.add(node.name);
    }
  }
  return distinct;
}

function readSize(
  cx: Context,
  target: Sized,
  path: string | undefined,
  kind: 'size' | 'classes',
): number | undefined {
  if (path) cx.spans.set(path, target.name.span);
  if (!target.size) return undefined;
  if (path) cx.spans.set(`${path}/${kind}`, target.size.span);
  return readNumber(cx, target.size, propertyKinds[kind], numbers(`the size of \`${target.name.text}\``));
}

/** The input. `label` is the label's name; null without one. */
export function readInput(
  cx: Context,
  declaration: InputDeclaration,
  label: string | null,
): NodeDraft<InputNode> & { readonly embed: Embed | null | undefined } {
  const { text: name } = declaration.target.name;
  const size = readSize(cx, declaration.target, 'input', 'size');
  const properties = readProperties(cx, 'input', 'an input', declaration.properties);
  mark(cx, 'input', properties);
  const embed = readEmbed(cx, properties.get('embed'), label);
  const variables = new Map([
    ['h', symbol('h', 'element')],
    ['n', size === undefined ? symbol('n', 'constant') : literal(size)],
  ]);
  const written = properties.get('normalize');
  const normalize = written
    ? readExpression(cx, written.value, { what: '`normalize`', variables, reductions: true }, 'element', [
        'h',
      ])
    : 'h';
  const parts = normalize === undefined ? undefined : { normalize: normalize === 'h' ? null : normalize };
  return {
    name,
    size,
    embed,
    node: parts && whole<InputNode>({ name, size, embed, normalize: parts.normalize }),
  };
}

function readEmbed(
  cx: Context,
  property: Property | undefined,
  label: string | null,
): Embed | null | undefined {
  if (!property) return null;
  const e = property.value;
  if (!e) return undefined;
  if (e.kind !== 'call') {
    return cx.report.error(
      'RFF503',
      e.span,
      '`embed` takes a call of the label, such as `digit(at: 0, scale: 1)`',
      label === null ? undefined : `write \`${label}(at: 0)\``,
    );
  }
  if (label === null)
    return cx.report.error('RFF313', e.span, 'no label to embed', 'declare one: `label NAME[classes]`');
  if (e.callee.text !== label) {
    const hint = suggestion(e.callee.text, [label]) ?? `the label is \`${label}\``;
    return unknownName(cx, 'node', e.callee.text, {
      code: 'RFF203',
      span: e.callee.span,
      message: `unknown label \`${e.callee.text}\``,
      hint,
    });
  }
  const call = readCall(cx, { ...e, callee: { ...e.callee, text: 'embed' } }, 'embed', numbers('`embed`'));
  return call && { at: Number(call.at), scale: Number(call.scale) };
}

/** The label. */
export function readLabel(cx: Context, declaration: LabelDeclaration): NodeDraft<LabelNode> {
  const { text: name } = declaration.target.name;
  const size = readSize(cx, declaration.target, 'label', 'classes');
  return { name, size, node: whole<LabelNode>({ name, classes: size }) };
}

/** The defaults of a layer, as functions of the language. */
function standard(name: 'leaky_relu' | 'rms_norm', first: Typed, second: number): ExpressionJson {
  const { body, parameters } = builtins[name]!;
  const variables = new Map(parameters.map((p, i) => [p.name, i === 0 ? first : literal(second)]));
  const value = instantiate(body, variables, true, (_, message) => {
    throw new Error(message);
  });
  return value!.json;
}
const standardActivation = standard('leaky_relu', symbol('z', 'element'), 0.01);
const standardNormalize = standard('rms_norm', symbol('h', 'element'), 1e-8);

/** The layers of one block whose names are in `distinct`. */
export function readLayers(
  cx: Context,
  declaration: LayerDeclaration,
  distinct: ReadonlySet<Name>,
  objectives: ObjectiveIndex,
): readonly NodeDraft<Layer>[] {
  const properties = readProperties(
    cx,
    'layer',
    'a layer',
    declaration.properties,
    declaration.layers[0]?.name.text,
  );
  const objective = objectives.resolve(cx, properties.get('objective'));
  return declaration.layers.map((target) => {
    const { text: name } = target.name;
    const own = distinct.has(target.name);
    const size = readSize(cx, target, own ? `layers/${name}` : undefined, 'size');
    if (own) mark(cx, `layers/${name}`, properties);
    if (objective === null) {
      const hint = objectives.names.length
        ? `write \`objective: ${objectives.names[0]}\`, or remove the name of the objective for all layers`
        : undefined;
      cx.report.error('RFF320', target.name.span, `layer \`${name}\` has no objective`, hint);
    }
    return { name, size, node: readLayer(cx, name, size, properties, objective ?? undefined) };
  });
}

function readLayer(
  cx: Context,
  name: string,
  size: number | undefined,
  properties: PropertyMap,
  objective: number | undefined,
): Layer | undefined {
  const n = size === undefined ? symbol('n', 'constant') : literal(size);
  const units = new Map([['n', n]]);
  const expression = (
    key: 'activation' | 'normalize',
    variable: 'z' | 'h',
    fallback: ExpressionJson,
  ): ExpressionJson | undefined => {
    const property = properties.get(key);
    const scope = {
      what: `\`${key}\``,
      variables: new Map([
        [variable, symbol(variable, 'element')],
        ['n', n],
      ]),
      reductions: true,
    };
    return property
      ? readExpression(cx, property.value, scope, 'element', [variable], key === 'activation')
      : fallback;
  };
  const optimizer = properties.get('optimizer');
  return whole<Layer>({
    name,
    size,
    activation: expression('activation', 'z', standardActivation),
    normalize: expression('normalize', 'h', standardNormalize),
    damping: numberProperty(cx, properties.get('damping'), propertyKinds.damping, 1, units),
    objective,
    peer_norm: readPeerNorm(cx, properties.get('peer_norm'), units),
    optimizer: optimizer
      ? (readCall(cx, optimizer.value, 'optimizer', numbers('`optimizer`', units)) as
          | Layer['optimizer']
          | undefined)
      : null,
  });
}

/** A strength alone, or `peer_norm(strength, momentum)`; null if the strength is 0. */
function readPeerNorm(
  cx: Context,
  property: Property | undefined,
  units: ReadonlyMap<string, Typed>,
): Layer['peer_norm'] | undefined {
  if (!property) return null;
  const e = property.value;
  const scope = numbers('`peer_norm`', units);
  if (e?.kind === 'call' && e.callee.text === 'peer_norm') {
    const call = readCall(cx, e, 'peer_norm', scope);
    return (
      call &&
      (call.strength === 0 ? null : { strength: Number(call.strength), momentum: Number(call.momentum) })
    );
  }
  const strength = readNumber(cx, e, propertyKinds.lr_scale, scope);
  return strength === undefined ? undefined : strength === 0 ? null : { strength, momentum: 0.9 };
}
