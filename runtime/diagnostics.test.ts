import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagnosticCodes } from './diagnostics.js';

const root = join(import.meta.dirname, '..');
const sources = ['grammar', 'compiler', 'runtime', 'cli'].flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(\.test|codes|-examples)\.ts$/.test(name))
    .map((name) => readFileSync(join(root, room, name), 'utf8')),
);
const used = new Set(
  sources.flatMap((text) => [...text.matchAll(/['`"](RFF\d{3})\b/g)].map((found) => found[1]!)),
);

test('every code in the sources has an entry with a title and an explanation', () => {
  expect([...used].filter((code) => !diagnosticCodes.has(code))).toEqual([]);
  expect(used.size).toBeGreaterThan(100);
  for (const [code, { title, explanation }] of diagnosticCodes) {
    expect(code).toMatch(/^RFF\d{3}$/);
    expect(title).toMatch(/^[^\n]{5,80}[^.\n]$/);
    expect(explanation.length, code).toBeGreaterThan(20);
  }
});

test('every entry is a code in the sources', () => {
  expect([...diagnosticCodes.keys()].filter((code) => !used.has(code))).toEqual([]);
});
