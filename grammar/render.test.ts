import { describe, expect, test } from 'vitest';
import type { Diagnostic } from './diagnostic.js';
import { locate } from './locate.js';
import { render } from './render.js';

const text = 'model m {\n\tdamping:\t0.7 @\n\n  wide: "日本" + "😀" x\r\n}\n';
const at = (part: string, length = part.length): Pick<Diagnostic, 'span'> => ({
  span: locate(text, text.indexOf(part), text.indexOf(part) + length),
});
const show = (diagnostic: Partial<Diagnostic>, colour = false) =>
  render(
    [{ code: 'RFF101', severity: 'error', message: 'wrong', file: 'a.rff', ...diagnostic }],
    new Map([['a.rff', text]]),
    { colour },
  );

describe('render', () => {
  test('shows the line, underlined, with a hint', () => {
    expect(show({ ...at('model m'), hint: 'write `x`' })).toBe(
      [
        'error[RFF101]: wrong',
        ' --> a.rff:1:1',
        '  |',
        '1 | model m {',
        '  | ^^^^^^^',
        '  hint: write `x`',
      ].join('\n'),
    );
  });
  test('shows ten errors and ten warnings per file, then how many more', () => {
    const many = (file: string, severity: 'error' | 'warning', count: number): Diagnostic[] =>
      Array.from({ length: count }, (_, i) => ({ code: 'RFF101', severity, message: `wrong ${i}`, file }));
    const text = render(
      [...many('a.rff', 'error', 304), ...many('a.rff', 'warning', 11), ...many('b.rff', 'error', 10)],
      new Map(),
      { colour: false },
    );
    expect(text.match(/^error/gm)?.length).toBe(20);
    expect(text.match(/^warning/gm)?.length).toBe(10);
    expect(text.match(/^and .*/gm)).toEqual(['and 294 more errors in a.rff', 'and 1 more warning in a.rff']);
    expect(text.indexOf('and 1 more')).toBeLessThan(text.indexOf('b.rff'));
  });
  test('control characters do not reach the terminal', () => {
    const text = 'model \u001b[31m m';
    const span = locate(text, 0, 5);
    const wrong: Diagnostic = { code: 'RFF101', severity: 'error', message: 'wrong', file: 'a', span };
    expect(render([wrong], new Map([['a', text]]), { colour: false })).toContain('1 | model ·[31m m');
  });
  test('tabs are widened', () => {
    expect(show(at('0.7')).split('\n').slice(-2)).toEqual([
      '2 |     damping:    0.7 @',
      '  |                 ^^^',
    ]);
  });
  test('wide characters take two columns', () => {
    expect(show(at('x\r')).split('\n').slice(-2)).toEqual([
      '4 |   wide: "日本" + "😀" x',
      '  |                       ^',
    ]);
  });
  test('a span of several lines is underlined on its first', () => {
    expect(show(at('{\n', 20)).split('\n').slice(-2)).toEqual(['1 | model m {', '  |         ^']);
  });
  test('an empty span gets one caret, even at the end of the text', () => {
    expect(show(at(' m', 0)).split('\n').at(-1)).toBe('  |      ^');
    expect(show({ span: locate(text, text.length, text.length) })).toContain('a.rff:6:1\n  |\n6 |\n  | ^');
  });
  test('without a span or a source there is no snippet', () => {
    expect(show({ severity: 'warning', hint: 'try' })).toBe('warning[RFF101]: wrong\n--> a.rff\nhint: try');
    expect(show({ ...at('model'), file: 'b.rff' })).toBe('error[RFF101]: wrong\n--> b.rff:1:1');
    expect(
      render([{ code: 'RFF900', severity: 'error', message: 'no file' }], new Map(), { colour: false }),
    ).toBe('error[RFF900]: no file');
  });
  test('diagnostics are separated by a blank line; colours are optional', () => {
    const one: Diagnostic = { code: 'RFF900', severity: 'error', message: 'a' };
    expect(render([one, one], new Map(), { colour: false })).toBe('error[RFF900]: a\n\nerror[RFF900]: a');
    expect(show(at('model'), true)).toContain('\u001b[31m^^^^^\u001b[39m');
  });
});

test('locate counts lines as editors do', () => {
  const mixed = 'a\nb\r\nc\rd';
  const places = ['a', 'b', 'c', 'd'].map((letter) =>
    locate(mixed, mixed.indexOf(letter), mixed.indexOf(letter) + 1),
  );
  expect(places.map(({ line, column }) => [line, column])).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
  ]);
});
