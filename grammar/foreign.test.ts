import { expect, test } from 'vitest';
import { example } from '../test/support/language.js';
import { parse } from './parser.js';

const bytes = (...values: readonly (number | string)[]): string =>
  Buffer.concat(
    values.map((v) => (typeof v === 'number' ? Buffer.of(v) : Buffer.from(v, 'latin1'))),
  ).toString();
const noise = Buffer.from(Array.from({ length: 600 }, (_, i) => (i * 7919 + (i >> 3) * 31) % 256)).toString();

/** A text, what it is identified as, and the line that gives it away. */
const files: readonly (readonly [string, string, string | undefined])[] = [
  [bytes(0x89, 'PNG\r\n', 0x1a, '\n', 0, 0, 0, 13, 'IHDR', 0xff) + noise, 'a PNG image', undefined],
  [bytes(0xff, 0xd8, 0xff, 0xe0, 0, 16, 'JFIF', 0), 'a JPEG image', undefined],
  [bytes(0x1f, 0x8b, 8, 0, 0xfe, 0xff), 'a gzipped file', undefined],
  [bytes('PK', 3, 4, 20, 0), 'a ZIP archive, as .npz and .pt files are', undefined],
  [bytes(0x93, 'NUMPY', 1, 0, 'v', 0), 'a NumPy array', undefined],
  [bytes(0x89, 'HDF\r\n', 0x1a, '\n', 0), 'an HDF5 file', undefined],
  [bytes(0, 0, 8, 3, 0, 0, 0xea, 0x60), 'an IDX file, the format of MNIST', undefined],
  [bytes(88, 0, 0, 0, 0, 0, 0, 0, '{"x":{"dtype":"F32"}}'), 'a safetensors file', undefined],
  [noise, 'a binary file', undefined],
  ['import torch\nimport torch.nn as nn\n\nclass Net(nn.Module):\n  pass\n', 'Python', '1:1 import torch'],
  ['"""A docstring."""\n\nfrom torch import nn\n', 'Python', '3:1 from torch import nn'],
  ['x = 3\ndef f(x):\n    return x\n', 'Python', '2:1 def f(x):'],
  ["import { compile } from 'rffc';\nconst x = 3;\n", 'JavaScript', "1:1 import { compile } from 'rffc';"],
  ['#!/bin/sh\necho 1\n', 'a script', '1:1 #!/bin/sh'],
  ['model:\n  name: mnist\n  layers:\n    - units: 200\n', 'YAML', '1:1 model:'],
  ['# settings\nepochs: 10\nlr: 0.001\n', 'YAML', '2:1 epochs: 10'],
  ['---\nmodel: mnist\n', 'YAML', '1:1 ---'],
  ['[model]\nname = "x"\n', 'TOML or INI', '1:1 [model]'],
  ['[200, 200]\n', 'JSON', '1:1 [200, 200]'],
  ['<!DOCTYPE html>\n<html></html>\n', 'HTML or XML', '1:1 <!DOCTYPE html>'],
  ['# Title\n\nSome text.\n', 'Markdown', '1:1 # Title'],
  ['5,0,0,0.1\n3,0,0,0.2\n', 'a table of values (CSV)', '1:1 5,0,0,0.1'],
];

test.each(files)('%j is one error: it is %s', (text, what, line) => {
  const { tree, diagnostics } = parse(text, 'a.rff');
  expect(diagnostics).toMatchObject([{ code: 'RFF119', message: `this is ${what}, not a .rff file` }]);
  const span = diagnostics[0]?.span;
  const shown = span && `${span.line}:${span.column} ${text.slice(span.start, span.end)}`;
  expect(shown).toBe(line);
  expect(diagnostics[0]?.hint).toContain('rff');
  expect(tree.items).toEqual([]);
});

test.each([
  ['import torch', 1],
  ['# a note', 1],
  ['---', 1],
])('a model preceded by `%s` is a model with a mistake', (line, errors) => {
  const { tree, diagnostics } = parse(`${line}\n${example}`, 'a.rff');
  expect(diagnostics.length).toBe(errors);
  expect(diagnostics[0]).toMatchObject({ span: { line: 1 } });
  expect(diagnostics[0]?.code).not.toBe('RFF119');
  expect(tree.items.length).toBe(parse(example).tree.items.length);
});

test('long lines and many lines are handled quickly', () => {
  const start = performance.now();
  for (const piece of ['a,', ' ', '\n', '- ', '<', '#', '"', '1,2', 'x = ', '[', 'import ', 'a: b\n'])
    parse(piece.repeat(20_000 / piece.length));
  expect(performance.now() - start).toBeLessThan(20_000);
});
