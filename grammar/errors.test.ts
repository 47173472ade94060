import { describe, expect, test } from 'vitest';
import { example } from '../test/support/language.js';
import type { SourceFile } from './ast.js';
import { syntaxCodes } from './codes.js';
import { parse } from './parser.js';
import { tokenize } from './tokens.js';

/** A mistake, what is reported (`code line:column`), and part of the message or hint. */
const mistakes: readonly (readonly [string, readonly string[], string])[] = [
  ['model m { param a = 1 @ 2 }', ['RFF101 1:23'], 'unexpected character `@`'],
  ['model m { param a = 1; param b = 2 × 3 }', ['RFF101 1:22', 'RFF101 1:36'], 'new line or a comma'],
  ["model m { train { data: idx('x') } }", ['RFF101 1:29'], 'write `"x"`'],
  ['# note\nmodel m { }', ['RFF101 1:1'], '//'],
  ['model m { param a = b && c }', ['RFF120 1:21'], 'write `b * c`'],
  ['model m { train { data: idx("x) } }', ['RFF102 1:29'], 'unterminated string'],
  ['model m { }\n/* a', ['RFF103 2:1'], '`*/`'],
  ['model m {\n layer h[3 {\n damping: 1 }\n}', ['RFF104 2:11'], 'expected `]` to close `h[`'],
  ['model m {\n train {\n  seed: f(1, 2\n  batch: 3 }\n}', ['RFF104 3:15'], 'expected `)` to close `f(`'],
  [
    'model m {\n layer h[3] {\n  damping: 1\n connect h -> h as t\n}',
    ['RFF104 2:13'],
    '`layer h` is never closed',
  ],
  [
    'model m {\n layer h[3] {\n  damping: 1\n negatives: given()\n}',
    ['RFF104 2:13'],
    '`layer h` is never closed',
  ],
  ['model m {', ['RFF104 1:9'], '`model m`'],
  ['model m {\n layer h[3] { }\n }\n param b = 2\n}', ['RFF105 3:2'], 'unmatched `}`'],
  ['model m { x: f(1] }', ['RFF105 1:17'], 'expected `)`, found `]`'],
  ['model m { x: f 1, 2) }', ['RFF105 1:20'], 'unmatched `)`'],
  [
    'model m { param a = .5, param b = 5., param c = 1_000 }',
    ['RFF106 1:21', 'RFF106 1:35', 'RFF106 1:49'],
    'write `0.5`',
  ],
  ['model m { layer 3h[20] }', ['RFF106 1:17'], 'starts with a letter'],
  ['model m { param a = 1e999 }', ['RFF106 1:21'], 'too large'],
  ['model m { x: idx("C:\\new") }', ['RFF107 1:21'], 'paths may use `/`'],
  ['model m { param a = 1 +\nparam b = }', ['RFF108 1:24', 'RFF108 2:10'], 'expected a value after `+`'],
  ['model m { x: f(1,,2) }', ['RFF108 1:18'], 'one of the commas'],
  ['model m { param a = * 2 }', ['RFF109 1:21'], 'unexpected `*`'],
  ['model m { param a = 1 2 }', ['RFF109 1:23'], 'unexpected `2`'],
  ['model m { param a = 1 + if b then c else d }', ['RFF109 1:25'], 'unexpected `if`'],
  ['model m { param a = h[3] }', ['RFF109 1:22'], 'a size follows the name'],
  ['model m { x: f(eps = 3) }', ['RFF120 1:14'], 'write `f(eps: 3)`'],
  ['model m { x: 1,, y: 2 }', ['RFF109 1:16'], 'unexpected `,`'],
  ['model m {\nlable digit[10]\n}', ['RFF110 2:1'], 'did you mean `label`?'],
  ['model m {\nnetwork h { }\n}', ['RFF110 2:1'], '`network` is not a declaration'],
  ['model m { train { a: 1 b: 2 } }', ['RFF111 1:23'], 'before `b:`'],
  ['model m { param a = 1 param b = 2 }', ['RFF111 1:22'], 'before `param`'],
  ['model m { layer a[1] b[2] }', ['RFF111 1:21'], '`,` before `b`'],
  ['model m { param a = b < c < d }', ['RFF112 1:27'], 'chained comparison'],
  ['model m { layer [3] }', ['RFF113 1:16'], 'expected a name after `layer`'],
  ['model m { connect a -> as t }', ['RFF113 1:23'], 'expected a name after `->`'],
  ['model m { param if = 3 }', ['RFF113 1:16'], 'reserved word `if`'],
  ['model m { layer h { } }', ['RFF114 1:18'], 'expected the size of `h`'],
  ['model m { connect a -> b t }', ['RFF114 1:25'], 'expected `as` before `t`'],
  ['model m { decode a }', ['RFF114 1:19'], 'as in `decode a from h1`'],
  ['model m { decode a from }', ['RFF113 1:24'], 'expected a name after `from`'],
  ['model m { connect a -> b }', ['RFF114 1:25'], 'expected `as` and the type'],
  ['model m { connect a b -> c as t }', ['RFF114 1:20'], 'expected `->` or `,` before `b`'],
  ['model m { connect a as t }', ['RFF114 1:20'], 'expected `->` and a layer'],
  ['model m { param a: 3 }', ['RFF114 1:18'], 'expected `=` after `a`'],
  ['model m { param a = if b then c }', ['RFF114 1:32'], 'expected `else`'],
  [
    'model m {\n schedule {\n  score a\n  score b[1] } }',
    ['RFF114 3:10', 'RFF121 4:9'],
    'the steps to score',
  ],
  ['model m {\n train\n  seed: 3\n }\n param a = 1\n}', ['RFF114 2:7'], 'expected `{` before `seed`'],
  ['fn f = 3\nfn (x) = 3', ['RFF114 1:5', 'RFF113 2:3'], 'the parameters'],
  [
    'model m {\n train {\n  seed 3\n  batch = 4\n }\n}',
    ['RFF115 3:7', 'RFF115 4:8'],
    'expected `:` after `seed`',
  ],
  [
    'model m {\n schedule {\n  phase p[1] { label uniform, input frame(0) }\n }\n}',
    ['RFF115 3:21', 'RFF115 3:36'],
    '`label: value`',
  ],
  ['model m { phase p[3] { } }', ['RFF116 1:11'], 'into `schedule'],
  [
    'model m { layer h[3] { objective { goodness: h } } }',
    ['RFF116 1:24'],
    'does not belong inside `layer { … }`',
  ],
  ['layer h[3]\nparam a = 1', ['RFF116 1:1'], 'missing model'],
  ['model m { fn f(x) = x }', ['RFF116 1:11'], 'top of the file'],
  ['model m { x: f(a: 1, 2) }', ['RFF117 1:22'], 'put it before `a:`'],
  ['import torch\nx = 3', ['RFF119 1:1'], 'this is Python'],
  ['model m { x: h.pow(2).mean(1) }', ['RFF120 1:14'], 'write `mean(h^2)`'],
  ['model m { layer h(3) }', ['RFF121 1:17'], 'write `h[3]`'],
  ['import torch\nmodel m { }', ['RFF122 1:1'], 'remove the line'],
  ['model m { train: { } }', ['RFF123 1:16'], 'remove it'],
  ['model m { connect a > b as t }', ['RFF124 1:19'], 'write `a -> b as t`'],
];

describe('reports each mistake once', () => {
  test.each(mistakes)('%s', (text, places, words) => {
    const { diagnostics } = parse(text, 'a.rff');
    expect(diagnostics.map((d) => `${d.code} ${d.span?.line}:${d.span?.column}`).sort()).toEqual(
      [...places].sort(),
    );
    expect(diagnostics.map((d) => `${d.message} ${d.hint}`).join('\n')).toContain(words);
    for (const d of diagnostics) expect(d).toMatchObject({ severity: 'error', file: 'a.rff' });
  });

  test.each([
    ['parentheses', `${'('.repeat(5000)}1${')'.repeat(5000)}`, 'nested more than 64'],
    ['lists', `${'['.repeat(5000)}1${']'.repeat(5000)}`, 'nested more than 64'],
    ['calls', `${'f('.repeat(5000)}1${')'.repeat(5000)}`, 'nested more than 64'],
    ['branches', 'if a then '.repeat(5000), 'nested more than 64'],
    ['terms', `${'1 + '.repeat(5000)}1`, 'more than 1000 parts'],
    ['powers', `${'x^'.repeat(5000)}x`, 'more than 1000 parts'],
    ['minuses', `${'-'.repeat(5000)}x`, 'more than 1000 parts'],
  ])('limits %s', (_, value, words) => {
    const { tree, diagnostics } = parse(`model m { x: ${value}, y: }`);
    expect(diagnostics.map((d) => d.code)).toEqual(['RFF118', 'RFF108']);
    expect(diagnostics[0]?.message).toContain(words);
    expect(tree.items[0]).toMatchObject({ items: [{ key: { text: 'x' } }, { key: { text: 'y' } }] });
  });

  test('every syntax code is covered', () => {
    const reported = new Set(mistakes.flatMap(([, places]) => places.map((place) => place.slice(0, 6))));
    expect([...reported, 'RFF118'].sort()).toEqual(Object.keys(syntaxCodes));
  });
});

const namesOf = (tree: SourceFile): string[] =>
  [...JSON.stringify(tree).matchAll(/"name":\{"text":"(\w+)"/g)].map((match) => match[1]!).sort();

describe('recovery', () => {
  test('five mistakes in a file give five errors, and the declared names survive', () => {
    const broken = example
      .replace('sqrt(2))', 'sqrt(2)')
      .replace('label digit', 'lable digit')
      .replace('damping:    0.7', 'damping     0.7')
      .replace('softplus(goodness - theta)', 'softplus(goodness - )')
      .replace('given }', 'given');
    const { tree, diagnostics } = parse(broken);
    expect(diagnostics.map((d) => `${d.code} ${d.span?.line}`)).toEqual([
      'RFF104 5',
      'RFF110 12',
      'RFF115 17',
      'RFF108 27',
      'RFF104 34',
    ]);
    expect(namesOf(tree)).toEqual(namesOf(parse(example).tree));
  });

  test('a property keeps its key when its value is broken', () => {
    const { tree } = parse('model m { train { batch: 5 +, seed: 3 } }');
    expect(tree.items[0]).toMatchObject({
      items: [{ properties: [{ key: { text: 'batch' } }, { key: { text: 'seed' }, value: { value: 3 } }] }],
    });
    const train = tree.items[0]?.kind === 'model' ? tree.items[0].items[0] : undefined;
    expect(train?.kind === 'train' && train.properties[0] && 'value' in train.properties[0]).toBe(false);
  });

  test('a misplaced declaration still declares its name', () => {
    const { tree } = parse('model m { train { layer h[3] } }\nlayer g[2]');
    expect(namesOf(tree)).toEqual(['g', 'h', 'm']);
  });

  test('removing any single token causes few errors', () => {
    const { tokens } = tokenize(example);
    const counts = tokens.map((token) => {
      const cut = `${example.slice(0, token.startOffset)} ${example.slice(token.startOffset + token.image.length)}`;
      return parse(cut).diagnostics.length;
    });
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(counts.filter((count) => count > 1).length).toBeLessThan(tokens.length * 0.04);
  });
});
