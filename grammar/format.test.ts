import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effort } from '../test/support/effort.js';
import { everything, example, gaps, modelText, withoutSpans } from '../test/support/language.js';
import { format } from './format.js';
import { parse } from './parser.js';
import { declarations } from './tokens.js';

function formatted(text: string): string {
  const result = format(text);
  if ('diagnostics' in result) throw new Error(`${text}\n${JSON.stringify(result.diagnostics, null, 1)}`);
  return result.text;
}

describe('the canonical form', () => {
  test('matches the language page, except for the position of one comment', () => {
    expect(formatted(example)).toBe(example.replace(/ +\/\/ goodness/, '  // goodness'));
  });

  test.each([
    ['nothing', '', ''],
    ['only comments', '\n\n// a\n\n\n/* b */ // c', '// a\n\n/* b */\n// c\n'],
    ['line ends', 'model m {\r\n  x: 1\r\n}\r\n', 'model m {\n  x: 1\n}\n'],
    [
      'spacing in expressions',
      'fn f(x,y=-1)=-x^ - 2*( x-y )/f ( x,g : -1 )',
      'fn f(x, y = -1) = -x^-2 * (x - y) / f(x, g: -1)\n',
    ],
    [
      'lists, sizes and ranges',
      'model m{layer h [ 2*n ],g[3]\nschedule{score a[ 1 .. 2 ]over h,g}x:[1,[2 ,3]]}',
      'model m {\n  layer h[2 * n], g[3]\n  schedule {\n    score a[1..2] over h, g\n  }\n  x: [1, [2, 3]]\n}\n',
    ],
    [
      'short blocks stay on a line, long ones do not',
      'model m {\ntrain { a: 1, b: 2 }\nevaluate {\n a: 1 }\nlayer h[3] { }\nobjective {\n}\n}',
      'model m {\n  train { a: 1, b: 2 }\n  evaluate {\n    a: 1\n  }\n  layer h[3] { }\n  objective { }\n}\n',
    ],
    [
      'commas become lines, blank lines at most one',
      'model m { param a = 1, param b = 2\n\n\n\nparam c = 3 }',
      'model m {\n  param a = 1\n  param b = 2\n\n  param c = 3\n}\n',
    ],
    [
      'neighbours are aligned, and a blank line separates groups',
      'connection a { x: 1 }\nconnection bbb { x: 1 }\n\nconnection cc { x: 1 }\nmodel m {\n' +
        'connect a -> b as t\nconnect a -> b -> c as t\n}',
      'connection a   { x: 1 }\nconnection bbb { x: 1 }\n\nconnection cc { x: 1 }\nmodel m {\n' +
        '  connect a -> b        as t\n  connect a -> b -> c   as t\n}\n',
    ],
    [
      'comments of every kind',
      'model m { // open\n// first\nparam a = 1 // one\n' +
        'param bb = /* inside */ 2 /* two */, /* before */ param c = // end\n 3\n/* last\n   of it */\n' +
        '} // closed',
      'model m { // open\n  // first\n  param a = 1                // one\n' +
        '  param bb = /* inside */ 2  /* two */\n  /* before */ param c = // end\n      3\n  /* last\n' +
        '   of it */\n}  // closed\n',
    ],
    [
      'long lines',
      `model m {\nx: f(${'a'.repeat(40)}, ${'b'.repeat(40)} + ${'c'.repeat(40)})\n}`,
      `model m {\n  x: f(${'a'.repeat(40)}, ${'b'.repeat(40)}\n      + ${'c'.repeat(40)})\n}\n`,
    ],
  ])('%s', (_, text, expected) => {
    expect(formatted(text)).toBe(expected);
    expect(formatted(expected)).toBe(expected);
  });

  test('a file with syntax errors is rejected', () => {
    expect(format('model m { x: }', 'a.rff')).toMatchObject({
      diagnostics: [{ code: 'RFF108', file: 'a.rff' }],
    });
  });
});

/** Formatting preserves the tree and the comments, and is idempotent. */
function holds(text: string): void {
  const once = formatted(text);
  expect(formatted(once)).toBe(once);
  expect(withoutSpans(parse(once).tree)).toEqual(withoutSpans(parse(text).tree));
  const comments = (from: string) =>
    [...from.matchAll(/\/\/ c\d+ \/|\/\* c\d+\s+\*\//g)].map((match) => match[0].replace(/\s+/g, ' '));
  expect(comments(once)).toEqual(comments(text));
  for (const line of once.split('\n')) expect(line).toBe(line.trimEnd());
}

/** The words with comments between them. A name that is also a keyword stays on the line of the word before it. */
function commented(words: readonly string[], stream: Iterator<(i: number) => string>): string {
  return words
    .map((word, i) => {
      const gap = stream.next().value(i);
      const keyword = Object.hasOwn(declarations, words[i + 1]?.match(/^\w+/)?.[0] ?? '');
      return word === '\n' || (keyword && gap.includes('\n')) ? word : word + gap;
    })
    .join(' ');
}

describe('formatting', () => {
  test('random models, with comments in any gap', () => {
    fc.assert(
      fc.property(modelText(), fc.infiniteStream(gaps), (words, stream) => holds(commented(words, stream))),
      { numRuns: effort(120, 3000) },
    );
  });

  test('the language, with comments in any gap', () => {
    const words = everything
      .replace(/^.*\n/, '')
      .replace('a \\"quoted\\" name', 'name')
      .split(/ +|(?=\n)/);
    fc.assert(
      fc.property(fc.infiniteStream(gaps), (stream) => holds(commented(words, stream))),
      { numRuns: effort(40, 1000) },
    );
  });
});
