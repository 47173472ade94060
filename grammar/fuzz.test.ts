import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effort } from '../test/support/effort.js';
import { everything, example } from '../test/support/language.js';
import { syntaxCodes } from './codes.js';
import { format } from './format.js';
import { locate } from './locate.js';
import { parse } from './parser.js';
import { render } from './render.js';
import { tokenize } from './tokens.js';

/** Whatever the text: a result, with diagnostics whose spans are within the text and can be rendered. */
function survives(text: string): void {
  const { tree, diagnostics } = parse(text, 'f');
  expect(tree.span).toEqual(locate(text, 0, text.length));
  for (const { code, severity, span, message } of diagnostics) {
    expect(syntaxCodes).toHaveProperty(code);
    expect(severity).toBe('error');
    expect(message).not.toContain('\n');
    // No line of a binary file can be shown.
    if (code === 'RFF119' && span === undefined) continue;
    if (span === undefined) throw new Error(`no span: ${message}`);
    expect(span).toEqual(locate(text, span.start, span.end));
    expect(span.start).toBeGreaterThanOrEqual(0);
    expect(span.end).toBeGreaterThanOrEqual(span.start);
    expect(span.end).toBeLessThanOrEqual(text.length);
  }
  expect(render(diagnostics, new Map([['f', text]]), { colour: false }).length > 0).toBe(
    diagnostics.length > 0,
  );
  const result = format(text, 'f');
  expect('diagnostics' in result).toBe(diagnostics.length > 0);
  if ('text' in result) expect(format(result.text)).toEqual(result);
}

const words = [
  ...new Set([...tokenize(everything).tokens, ...tokenize(example).tokens].map((token) => token.image)),
  '\n',
  '\n',
  '// c\n',
  '/*',
  '*/',
  '"',
  '#',
  ';',
  '→',
  '.5',
  '3h',
  '1e999',
  '==',
  '..',
  '$',
];
const word = fc.constantFrom(...words);

/** A text with some words removed, inserted, doubled or swapped. */
const mutated = (text: string): fc.Arbitrary<string> => {
  const { tokens } = tokenize(text);
  const edit = fc.record({ at: fc.nat(tokens.length - 1), kind: fc.nat(4), word });
  return fc.array(edit, { minLength: 1, maxLength: 8 }).map((edits) => {
    let result = '';
    let end = 0;
    for (const [i, token] of tokens.entries()) {
      result += text.slice(end, token.startOffset);
      end = token.startOffset + token.image.length;
      const found = edits.find((one) => one.at === i);
      if (found === undefined) result += token.image;
      else if (found.kind === 1) result += found.word;
      else if (found.kind === 2) result += `${token.image} ${found.word}`;
      else if (found.kind === 3) result += `${token.image} ${token.image}`;
      else if (found.kind === 4) result += (tokens[i + 1]?.image ?? '') + token.image;
    }
    return result + text.slice(end);
  });
};

describe('never throws', () => {
  const runs = { numRuns: effort(80, 5000) };
  test('on any characters', () => fc.assert(fc.property(fc.string({ unit: 'binary' }), survives), runs));
  test('on any characters in a model', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => survives(`model m {\n${text}\n}\n`)),
      runs,
    ));
  test('on random sequences of words', () =>
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 80 }).map((all) => all.join(' ')),
        survives,
      ),
      runs,
    ));
  test('on mutations of a model', () => fc.assert(fc.property(mutated(example), survives), runs));
  test('on mutations of the full language', () =>
    fc.assert(fc.property(mutated(everything), survives), runs));
  test('on prefixes of a file', () => {
    for (let length = 0; length < everything.length; length += 17) survives(everything.slice(0, length));
  });
  test('on long repetitions', () => {
    for (const word of [
      '(',
      ')',
      '{',
      '}',
      '[',
      ']',
      'a ',
      'a:',
      'model ',
      '\n',
      '1 ',
      ',',
      '"',
      '@ ',
      '/*',
      'as ',
      '-',
    ]) {
      parse(word.repeat(2000));
    }
  });
});
