/**
 * `rffc/browser`, bundled for a page: it contains nothing from Node, and what a page does with it works without Node.
 */
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { describe, expect, test } from 'vitest';
import * as browser from '../browser.js';
import { PlayerSession } from './support/player.js';

const root = join(import.meta.dirname, '..');
const model = `
connection plain { }
model page {
  input image[784]
  label digit[10]
  layer h1[6]
  connect image -> h1, digit -> h1 as plain
  objective { goodness: mean(h^2), positive: softplus(1 - goodness), negative: softplus(goodness - 1), predict: max }
  schedule { phase learn[2] { label: given } }
  train { data: mnist(), epochs: 2, batch: 5, optimizer: sgd(lr: 0.1) }
}`;
const builtin = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));

/** Bundles an entry completely, and returns what it uses that only Node has: imported modules, and global names. */
async function bundle(code: string) {
  const imported: string[] = [];
  const named: string[] = [];
  const entry = '\0entry';
  const { output } = (await build({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'entry',
        enforce: 'pre',
        resolveId(id, importer) {
          if (id === 'entry') return entry;
          if (builtin.has(id) || id.startsWith('node:')) imported.push(`${id} in ${importer}`);
          return undefined;
        },
        load: (id) => (id === entry ? code : undefined),
      },
    ],
    build: {
      write: false,
      target: 'esnext',
      rolldownOptions: { input: 'entry', preserveEntrySignatures: 'strict' },
    },
  })) as Rolldown.RolldownOutput;
  const chunks = output.filter((one) => one.type === 'chunk');
  for (const { modules } of chunks)
    for (const [id, { code: kept }] of Object.entries(modules))
      for (const [name] of (kept ?? '').matchAll(
        /(?<![.\w'"`-])(Buffer|process|require|__dirname)\b(?=[.([])/g,
      ))
        named.push(`${name} in ${id}`);
  const bytes = chunks.map((chunk) => Buffer.from(chunk.code));
  const size = bytes.reduce((sum, { length }) => sum + length, 0);
  const gzipped = bytes.reduce((sum, one) => sum + gzipSync(one).length, 0);
  return { imported, named, size, gzipped };
}

const everything = `export * from ${JSON.stringify(join(root, 'dist/browser.js'))};`;

describe('rffc/browser', () => {
  test('bundles without anything from Node', async () => {
    const { imported, named, size, gzipped } = await bundle(everything);
    expect(imported).toEqual([]);
    expect(named).toEqual([]);
    // The size stated in the README, in kB.
    expect([size, gzipped].map((bytes) => bytes / 1000)).toEqual([
      expect.closeTo(635, -2),
      expect.closeTo(204, -2),
    ]);
  });

  test('a page with a compiled plan needs no compiler', async () => {
    const { size } = await bundle(everything.replace('*', '{ openWebgpu, train, predict, samples }'));
    expect(size / 1000).toBeCloseTo(111, -1);
  });

  test('the check detects uses of Node', async () => {
    const { imported, named } = await bundle(
      "import { join } from 'node:path'; console.log(join, Buffer.from('a'), process.cwd());",
    );
    expect(imported).toEqual([expect.stringMatching(/^node:path/)]);
    expect(named.map((one) => one.split(' ')[0])).toEqual(['Buffer', 'process']);
  });

  test('exports what a page needs', () => {
    const needed = ['compile', 'initialize', 'train', 'evaluate', 'predict', 'samples', 'openWebgpu'];
    expect(Object.keys(browser)).toEqual(expect.arrayContaining(needed));
  });

  test('reports what a page does not support', async () => {
    const { document, plan } = await browser.compile({ text: model, file: 'page.rff' });
    await expect(browser.loadDataset(document.train.data)).rejects.toThrow(/RFF776.*mnist/);
    // As in a browser without WebGPU, or on a page served over http://.
    await expect(browser.openWebgpu(plan)).rejects.toThrow(/RFF812.*WebGPU is not available/);
    await expect(browser.openWebgpu(undefined as never)).rejects.toThrow(/RFF770.*expected a plan/);
  });
});

test('saves and loads weights as bytes', async () => {
  const { plan } = await browser.compile({ text: model, file: 'page.rff' });
  const other = await browser.compile({ text: model.replace('h1[6]', 'h1[7]'), file: 'page.rff' });
  const values = Float32Array.from({ length: 784 * 10 }, (_, i) => Math.sin(i));
  const images = browser.samples(values, { inputSize: 784 });
  await using trained = new PlayerSession(plan);
  await expect(browser.exportWeights(trained)).rejects.toThrow('RFF773');
  browser.initialize(trained, plan);
  const bytes = await browser.exportWeights(trained);
  await using fresh = new PlayerSession(plan);
  browser.importWeights(fresh, bytes);
  expect(await browser.predict(fresh, plan, images)).toEqual(await browser.predict(trained, plan, images));
  await using wrong = new PlayerSession(other.plan);
  expect(() => browser.importWeights(wrong, bytes)).toThrow(
    /RFF706: `h1\.image\.plain\.weight` is \[6, 784\]/,
  );
  expect(() => browser.importWeights(wrong, bytes.subarray(9))).toThrow('RFF640');
});
