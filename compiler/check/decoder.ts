/** Reads a decoder: which layers it reads, its reconstruction loss, and how it learns. */
import type { DecodeDeclaration } from '../../grammar/ast.js';
import type { Decoder, ExpressionJson, Init, Optimizer } from '../model.js';
import { fanVariables, standardBias, standardInit } from './connections.js';
import { all, type Context, readProperties, suggestion, unknownName, whole } from './context.js';
import { numbers, readExpression } from './expressions.js';
import { keyword, mark } from './places.js';
import { propertyKinds } from './properties.js';
import { literal, symbol } from './typing.js';
import { numberProperty, readCall, resolveLayer } from './values.js';

const difference = ['sub', 'x', 'y'] as const;
const squaredError: ExpressionJson = ['mean', ['pow', difference, 2]];

/**
 * The decoder of a model; undefined if there is an error.
 *
 * @param input the input of the model, as far as it is known
 * @param sizes of every node
 */
export function readDecoder(
  cx: Context,
  declaration: DecodeDeclaration,
  input: { readonly name: string; readonly size: number | undefined } | undefined,
  sizes: ReadonlyMap<string, number | undefined>,
): Decoder | undefined {
  cx.spans.set('decoder', keyword(declaration.span, 'decode'));
  const { text, span } = declaration.input;
  const known = input?.name === text;
  if (input && !known)
    unknownName(cx, 'node', text, {
      code: 'RFF203',
      span,
      message: `unknown input \`${text}\``,
      hint: suggestion(text, [input.name]) ?? `the input is \`${input.name}\``,
    });
  const seen = new Set<string>();
  const layers = all(
    declaration.from.map((name) => {
      if (seen.has(name.text))
        return cx.report.error('RFF208', name.span, `duplicate layer \`${name.text}\``);
      seen.add(name.text);
      return resolveLayer(cx, name.text, name.span);
    }),
  );
  const properties = readProperties(cx, 'decode', 'a decoder', declaration.properties);
  mark(cx, 'decoder', properties);
  const get = (key: string) => properties.get(key);
  const heard = layers?.map((name) => sizes.get(name));
  const fanIn = heard?.every((n) => n !== undefined) ? heard.reduce((sum, n) => sum + n, 0) : undefined;
  const fans = fanVariables({ in: fanIn, out: input?.size });
  const n = ['n', input?.size === undefined ? symbol('n', 'constant') : literal(input.size)] as const;
  const elements = (...names: string[]) =>
    new Map([...names.map((v) => [v, symbol(v, 'element')] as const), n]);
  const [loss, activation, init, bias, optimizer] = [
    get('loss'),
    get('activation'),
    get('init'),
    get('bias'),
    get('optimizer'),
  ];
  const off = bias?.value?.kind === 'name' && bias.value.name === 'off';
  const read = {
    layers,
    loss: loss
      ? readExpression(
          cx,
          loss.value,
          { what: '`loss`', variables: elements('x', 'y'), reductions: true },
          'row',
          ['y'],
          true,
        )
      : squaredError,
    activation: activation
      ? readExpression(
          cx,
          activation.value,
          { what: '`activation`', variables: elements('z'), reductions: true },
          'element',
          ['z'],
          true,
        )
      : 'z',
    init: init
      ? (readCall(cx, init.value, 'init', numbers('`init`', fans)) as Init | undefined)
      : standardInit,
    bias: off
      ? null
      : bias
        ? (readCall(cx, bias.value, 'init', numbers('`bias`', fans)) as Init | undefined)
        : fanIn === undefined
          ? undefined
          : standardBias(fanIn),
    optimizer: optimizer
      ? (readCall(cx, optimizer.value, 'optimizer', numbers('`optimizer`')) as Optimizer | undefined)
      : null,
    lr_scale: numberProperty(cx, get('lr_scale'), propertyKinds.lr_scale, 1),
  };
  return known && layers?.length ? whole<Decoder>(read) : undefined;
}
