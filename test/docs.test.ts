/**
 * The documentation says what is so: the language reference is what its generator prints, and every example in
 * the pages is a model that checks and compiles. The tutorial's commands do what they say, on a few samples.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileOf } from '../cli/explain/example.js';
import { type PropertyInfo, type PropertyTable, properties } from '../compiler/check/properties.js';
import { compile, diagnose } from '../compiler/compile.js';
import { languageReference } from '../docs/reference.js';
import { commandsOf, examplesOf } from './support/examples.js';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

test('docs/LANGUAGE.md is what `npm run docs` writes', () => {
  const written = languageReference(read('docs/LANGUAGE.template.md'));
  expect(read('docs/LANGUAGE.md') === written, 'run `npm run docs` and commit docs/LANGUAGE.md').toBe(true);
});

test('what the reference marks as required is what the checker asks for', async () => {
  const model = (blocks: Readonly<Record<string, string>>) =>
    fileOf({ objective: `objective { ${blocks.objective} }`, train: `train { ${blocks.train} }` });
  const given: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    objective: {
      goodness: 'mean(h^2)',
      positive: 'softplus(goodness - 1)',
      negative: 'softplus(1 - goodness)',
      predict: 'min',
    },
    train: { data: 'digits()', epochs: '2', batch: '20', seed: '1' },
  };
  for (const [block, all] of Object.entries(given)) {
    for (const left of Object.keys(all)) {
      const text = model(
        Object.fromEntries(
          Object.entries(given).map(([name, entries]) => [
            name,
            Object.entries(entries)
              .filter(([key]) => name !== block || key !== left)
              .map(([key, value]) => `${key}: ${value}`)
              .join(', '),
          ]),
        ),
      );
      const { diagnostics } = await diagnose({ text, file: 'model.rff' });
      const info: PropertyInfo | undefined = (properties as Readonly<Record<string, PropertyTable>>)[block]![
        left
      ];
      expect(diagnostics.length > 0, `${block} without ${left}`).toBe(info!.required !== undefined);
    }
  }
  // Of every other block nothing is required: the small model gives none of their properties.
  const required = Object.entries(properties).filter(([, block]: [string, PropertyTable]) =>
    Object.values(block).some((info) => info.required !== undefined),
  );
  expect(required.map(([block]) => block)).toEqual(Object.keys(given));
  const bare = fileOf({ layers: 'layer h1[20], h2[20]', schedule: 'schedule { phase learn[4] }' });
  expect((await diagnose({ text: bare, file: 'model.rff' })).diagnostics).toEqual([]);
});

test('every link within docs/LANGUAGE.md leads to a heading', () => {
  const page = read('docs/LANGUAGE.md');
  const anchors = new Set(
    [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
  const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!);
  expect(links.filter((anchor) => !anchors.has(anchor))).toEqual([]);
});

test('a template that forgets a part, or names one that is none, is refused', () => {
  const template = read('docs/LANGUAGE.template.md');
  expect(() => languageReference(template.replace('<!-- calls -->', ''))).toThrow('<!-- calls -->');
  expect(() => languageReference(`${template}\n<!-- cals -->\n`)).toThrow('`cals`');
});

describe.each(['README.md', 'docs/LANGUAGE.md', 'docs/TUTORIAL.md'])('%s', (page) => {
  const examples = examplesOf(join(root, page), page);

  test('has examples', () => expect(examples.length).toBeGreaterThan(0));

  test.each(examples.map((example) => [example.where, example] as const))('%s', async (where, example) => {
    const { text, fragment } = example;
    const { diagnostics } = await diagnose({ text, file: where });
    // A fragment may leave a part of its frame unused.
    const complaints = diagnostics.filter(({ code }) => !(fragment && code === 'RFF210'));
    expect(complaints.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
    const { plan } = await compile({ text, file: where });
    expect(plan.programs.train).toBeDefined();
  });
});

describe('docs/TUTORIAL.md, command by command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rffc-tutorial-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const page = join(root, 'docs/TUTORIAL.md');

  beforeAll(() => {
    for (const { file, text } of examplesOf(page, 'TUTORIAL.md'))
      if (file !== undefined) writeFileSync(join(folder, file), text);
  });

  test.each(commandsOf(page).map((words) => [words.join(' '), words] as const))('rffc %s', (_, words) => {
    const trains = /^(run|sweep)$/.test(words[0]!) && !words.includes('--resume');
    const few = trains && !words.includes('--limit') ? ['--limit', '300'] : [];
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(root, 'dist/cli/main.js'), ...words, ...few],
      { cwd: folder, encoding: 'utf8' },
    );
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('leaves what it promises', () => {
    for (const file of ['mymodel.rff', 'runs/first/report.html', 'labels.csv', 'variant.onnx'])
      expect(readFileSync(join(folder, file)).length, file).toBeGreaterThan(100);
    const { epochs } = JSON.parse(readFileSync(join(folder, 'runs/variant/config.json'), 'utf8')) as {
      epochs: number;
    };
    expect(epochs).toBe(6);
  });
});
