import { describe, expect, test } from 'vitest';
import { everything, example } from '../test/support/language.js';
import type { Expression, ModelDeclaration, SourceFile } from './ast.js';
import { parse, validateGrammar } from './parser.js';

function tree(text: string): SourceFile {
  const { tree, diagnostics } = parse(text);
  expect(diagnostics).toEqual([]);
  return tree;
}

function model(text: string): ModelDeclaration {
  const found = tree(text).items.find((item) => item.kind === 'model');
  if (found?.kind !== 'model') throw new Error('no model');
  return found;
}

/** An expression as fully parenthesized text. */
function shape(expression: Expression | undefined): string {
  switch (expression?.kind) {
    case undefined:
      return '?';
    case 'number':
      return expression.text;
    case 'string':
      return JSON.stringify(expression.value);
    case 'name':
      return expression.name;
    case 'unary':
      return `(-${shape(expression.operand)})`;
    case 'binary':
      return `(${shape(expression.left)} ${expression.operator} ${shape(expression.right)})`;
    case 'if':
      return `(if ${shape(expression.condition)} then ${shape(expression.then)} else ${shape(expression.otherwise)})`;
    case 'list':
      return `[${expression.items.map(shape).join(', ')}]`;
    case 'call': {
      const args = expression.arguments.map(
        ({ name, value }) => (name ? `${name.text}: ` : '') + shape(value),
      );
      return `${expression.callee.text}(${args.join(', ')})`;
    }
  }
}

function value(text: string): Expression | undefined {
  const item = model(`model m { x: ${text} }`).items[0];
  return item?.kind === 'property' ? item.value : undefined;
}

describe('expressions', () => {
  test.each([
    ['a + b * c', '(a + (b * c))'],
    ['a - b - c', '((a - b) - c)'],
    ['a / b * c', '((a / b) * c)'],
    ['(a + b) * c', '((a + b) * c)'],
    ['-x^2', '(-(x ^ 2))'],
    ['2^-x', '(2 ^ (-x))'],
    ['2^-x^2', '(2 ^ (-(x ^ 2)))'],
    ['a^b^c', '(a ^ (b ^ c))'],
    ['--a * -b', '((-(-a)) * (-b))'],
    ['-a + b', '((-a) + b)'],
    ['a + b < c * d', '((a + b) < (c * d))'],
    ['a == b', '(a == b)'],
    ['(a < b) != (b < c)', '((a < b) != (b < c))'],
    [
      'if a > 0 then a else if b <= 0 then -b else c + 1',
      '(if (a > 0) then a else (if (b <= 0) then (-b) else (c + 1)))',
    ],
    ['1 + (if a then b else c)', '(1 + (if a then b else c))'],
    ['f()', 'f()'],
    ['f(a, g(b), eps: 1e-8, over: [1, [2, 3]])', 'f(a, g(b), eps: 1e-8, over: [1, [2, 3]])'],
    ['f(a, eps: 1,)', 'f(a, eps: 1)'],
    ['[28, 28]', '[28, 28]'],
    ['[]', '[]'],
    ['"a \\"b\\" \\\\c"', '"a \\"b\\" \\\\c"'],
    ['a\n  + b /* c */ * // d\n  c', '(a + (b * c))'],
    ['5e-6 + 0.5E+3 + 12', '((5e-6 + 0.5E+3) + 12)'],
    ['as + over * extends - derivative', '((as + (over * extends)) - derivative)'],
    ['layer + train', '(layer + train)'],
  ])('%s', (text, expected) => {
    expect(shape(value(text))).toBe(expected);
  });

  test('numbers keep their text and value', () => {
    expect(value('5e-6')).toMatchObject({ kind: 'number', value: 5e-6, text: '5e-6' });
  });

  test('spans cover the expression, parentheses included', () => {
    const text = 'model m { x: (a + b) * c }';
    const product = value('(a + b) * c');
    if (product?.kind !== 'binary') throw new Error('not a product');
    expect(text.slice(product.span.start, product.span.end)).toBe('(a + b) * c');
    expect(text.slice(product.left.span.start, product.left.span.end)).toBe('(a + b)');
    expect(product.right.span).toEqual({ start: 23, end: 24, line: 1, column: 24 });
  });
});

describe('declarations', () => {
  test("the language's own example", () => {
    const file = tree(example);
    expect(file.items.map((item) => `${item.kind} ${item.name.text}`)).toEqual([
      'connection forward',
      'connection backward',
      'connection lateral',
      'connection context',
      'model mnist3x2000',
    ]);
    const { items } = model(example);
    expect(items.map((item) => item.kind)).toEqual([
      'param',
      'input',
      'label',
      'layer',
      'connect',
      'connect',
      'connect',
      'connect',
      'objective',
      'schedule',
      'property',
      'train',
      'evaluate',
    ]);
    const layer = items[3];
    if (layer?.kind !== 'layer') throw new Error('no layer');
    expect(layer.layers.map(({ name, size }) => `${name.text}[${shape(size)}]`)).toEqual([
      'h1[2000]',
      'h2[2000]',
      'h3[2000]',
    ]);
    expect(layer.properties.map(({ key, value }) => `${key.text}: ${shape(value)}`)).toEqual([
      'activation: leaky_relu(z, 0.01)',
      'normalize: (h / sqrt((mean((h ^ 2)) + 1e-8)))',
      'damping: 0.7',
    ]);
    const lateral = items[7];
    if (lateral?.kind !== 'connect') throw new Error('no connect');
    expect(lateral.type?.text).toBe('lateral');
    expect(lateral.chains.map((chain) => chain.map((name) => name.text))).toEqual([
      ['h1', 'h1'],
      ['h2', 'h2'],
      ['h3', 'h3'],
    ]);
    const schedule = items[9];
    if (schedule?.kind !== 'schedule') throw new Error('no schedule');
    expect(schedule.items).toMatchObject([
      { kind: 'phase', name: { text: 'settle' }, steps: { value: 3 } },
      { kind: 'phase', name: { text: 'learn' }, steps: { value: 10 } },
      { kind: 'score', phase: { text: 'learn' }, from: { value: 4 }, to: { value: 6 } },
    ]);
  });

  test('the rest of the language, with keywords as names', () => {
    const file = tree(everything);
    expect(file.items.slice(0, 4)).toMatchObject([
      {
        kind: 'fn',
        name: { text: 'silu2' },
        parameters: [{ name: { text: 'z' } }, { name: { text: 'b' }, default: { value: 1 } }],
      },
      {
        kind: 'fn',
        name: { text: 'spike' },
        body: { kind: 'call' },
        derivative: { kind: 'binary', operator: '/' },
      },
      { kind: 'connection', name: { text: 'forward' } },
      { kind: 'connection', name: { text: 'local' }, base: { text: 'forward' } },
    ]);
    const { items } = model(everything);
    const names = items.flatMap((item) =>
      item.kind === 'layer' ? item.layers.map(({ name }) => name.text) : [],
    );
    expect(names).toEqual(['train', 'as', 'label']);
    expect(items.find((item) => item.kind === 'connect')).toMatchObject({
      chains: [
        [{ text: 'image' }, { text: 'train' }],
        [{ text: 'train' }, { text: 'as' }],
        [{ text: 'as' }, { text: 'label' }],
      ],
      type: { text: 'local' },
      properties: [{ key: { text: 'delay' } }],
    });
    expect(items.find((item) => item.kind === 'schedule')).toMatchObject({
      items: [
        { kind: 'phase', name: { text: 'phase' } },
        { kind: 'score', phase: { text: 'phase' }, over: [{ text: 'train' }, { text: 'as' }] },
      ],
    });
  });

  test.each([
    'model m { phase: 1, score: 2, layer: 3, if: 4, as: 5 }',
    'model m { connect a -> train\n as over { }\n layer schedule[3], objective[4]\n objective objective { } }',
    'model m { connect a\n -> train -> layer\n -> b as as }',
    'model m { layer\n train\n [\n 3\n ] , evaluate [ 4 ] { } }',
    'model m { schedule { phase learn[1] {} score learn[0..0] over layer, train\n phase train[2] { learn: on } } }',
    'model m { param a = 1, layer h[a], connect h -> h as t, negatives: given(), evaluate { } }',
    'model m { } model n { }',
    'model m { layer a[1], layer b[2], connect a -> b as t, connect b -> a as t, }',
    'model m { schedule { score a[0..1] over b, phase a[2] { }, } }',
    'model m { connect a -> b as c { }, negatives: given(), }',
    'model m { decode over\n from\n from\n train { } }',
    'model m { schedule { score a[0..1] over b, label\n score\n from[0..1] } }',
  ])('accepts %s', (text) => {
    tree(text);
  });

  test('an empty file is valid', () => {
    expect(tree('').items).toEqual([]);
    expect(tree('// only a comment\r\n').items).toEqual([]);
  });
});

test('no rule is ambiguous', () => expect(validateGrammar).not.toThrow());
