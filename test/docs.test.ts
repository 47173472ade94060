/**
 * The documentation says what is so: the language reference is what its generator prints, and every example in
 * the pages is a model that checks and compiles.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { unsupported } from '../compiler/check/index.js';
import { compile, diagnose } from '../compiler/compile.js';
import { languageReference } from '../docs/reference.js';
import { examplesOf } from './support/examples.js';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

test('docs/LANGUAGE.md is what `npm run docs` writes', () => {
  const written = languageReference(read('docs/LANGUAGE.template.md'));
  expect(read('docs/LANGUAGE.md') === written, 'run `npm run docs` and commit docs/LANGUAGE.md').toBe(true);
});

test('a template that forgets a part, or names one that is none, is refused', () => {
  const template = read('docs/LANGUAGE.template.md');
  expect(() => languageReference(template.replace('<!-- calls -->', ''))).toThrow('<!-- calls -->');
  expect(() => languageReference(`${template}\n<!-- cals -->\n`)).toThrow('`cals`');
});

describe.each(['README.md', 'docs/LANGUAGE.md'])('%s', (page) => {
  const examples = examplesOf(join(root, page), page);

  test('has examples', () => expect(examples.length).toBeGreaterThan(0));

  test.each(examples.map((example) => [example.where, example] as const))('%s', async (where, example) => {
    const { text, fragment } = example;
    const { document, diagnostics } = await diagnose({ text, file: where });
    // A fragment may leave a part of its frame unused.
    const complaints = diagnostics.filter(({ code }) => !(fragment && code === 'RFF210'));
    expect(complaints.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
    // What this version refuses to run is listed on the page, by the table that refuses it.
    if (unsupported(document!).length > 0) return;
    const { plan } = await compile({ text, file: where });
    expect(plan.programs.train).toBeDefined();
  });
});
