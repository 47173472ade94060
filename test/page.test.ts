/**
 * rffc in a browser, as a user has it: the packed package installed beside `docs/examples/page`, the page built by Vite
 * and trained on the browser's WebGPU in headless Chromium. Its losses are the cpu engine's.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { compile, loadDataset, openBackend, train } from 'rffc';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath as executablePath, quietArgs } from './support/chromium.js';
import { installPacked } from './support/packed.js';

/** WebGPU without a display or a graphics card. */
const args = [
  ...quietArgs,
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
];

const folder = mkdtempSync(join(tmpdir(), 'rffc-page-'));
const root = join(folder, 'page');
const source = join(import.meta.dirname, '../docs/examples/page');
const own = { root, configFile: false as const, logLevel: 'warn' as const };
afterAll(() => rmSync(folder, { recursive: true }));

/** The model in the page, on fewer samples. */
function fewer(text: string): string {
  const shorter = text
    .replace('train: 3000, test: 200', 'train: 200, test: 20')
    .replace(/epochs: {4}3/, 'epochs: 2')
    .replace(/batch: {5}100/, 'batch: 20');
  expect(shorter.length).toBeLessThan(text.length);
  return shorter;
}

test('the page is built from the packed package, without a warning', async () => {
  cpSync(source, root, { recursive: true });
  const files = installPacked(root);
  expect(files).toContain('docs/examples/page/main.ts');
  expect(files.filter((path) => /\.test\.|^test\//.test(path))).toEqual([]);
  const warnings: string[] = [];
  const rolldownOptions = { onwarn: ({ message }: { message: string }) => void warnings.push(message) };
  await build({ ...own, build: { rolldownOptions } });
  expect(warnings).toEqual([]);
  expect(readFileSync(join(root, 'dist/index.html'), 'utf8')).toContain('<textarea');
});

const runs = executablePath !== undefined || process.env.RFFC_TEST_ALL !== undefined;
describe.skipIf(!runs)(runs ? 'the page' : 'the page is skipped: there is no Chromium', () => {
  let server: PreviewServer | undefined;
  let browser: Browser | undefined;
  beforeAll(async () => {
    server = await preview({ ...own, preview: { port: 0, host: '127.0.0.1' } });
    browser = await chromium.launch({ executablePath: executablePath!, args });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Opens the page, trains `text` (or what is in the page), and gives all that its status said. */
  async function trainPage(
    change: (text: string) => string,
    until: RegExp,
  ): Promise<{ page: Page; said: string[]; text: string }> {
    const page = await browser!.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(server!.resolvedUrls!.local[0]!);
    const text = change(await page.locator('textarea').inputValue());
    await page.locator('textarea').fill(text);
    await page.evaluate(() => {
      const status = document.querySelector('output')!;
      const said: string[] = [];
      new MutationObserver(() => said.push(status.value)).observe(status, { childList: true });
      Object.assign(window, { said });
    });
    await page.getByRole('button', { name: 'Train' }).click();
    await page.getByRole('button', { name: 'Train', disabled: false }).waitFor({ timeout: 100_000 });
    const said = await page.evaluate(() => (window as unknown as { said: string[] }).said);
    expect(said.at(-1)).toMatch(until);
    expect(complaints).toEqual([]);
    return { page, said, text };
  }

  test('trains in the browser as the cpu engine does', async () => {
    const { page, said, text } = await trainPage(fewer, /^test accuracy \d/);
    const { document, plan } = await compile({ text, file: 'page.rff' });
    const data = await loadDataset(document.train.data);
    await using session = await openBackend('cpu', plan);
    const expected: { at: string; loss: number }[] = [];
    const { test } = await train(
      session,
      plan,
      data,
      {},
      {
        batch({ epoch, batch, batches, loss }) {
          const mean = loss.reduce((sum, one) => sum + one, 0) / loss.length;
          expected.push({ at: `epoch ${epoch}, batch ${batch}/${batches}`, loss: mean });
        },
      },
    );
    expect(expected.length).toBe(20);
    expected.forEach(({ at, loss }, i) => {
      const [where, found] = said[i]!.split(': loss ');
      expect(where).toBe(at);
      expect(Math.abs(Number(found) - loss) / loss, at).toBeLessThan(1e-3);
    });
    // It learns: what it ends with is less than what it began with.
    expect(expected.at(-1)!.loss).toBeLessThan(expected[0]!.loss);
    // An image whose two best labels are equal but for rounding may go either way.
    const accuracy = Number(/[\d.]+/.exec(said.at(-1)!)![0]) / 100;
    expect(Math.abs(accuracy - test!.accuracy)).toBeLessThanOrEqual(0.051);
    expect(await page.locator('figcaption').allTextContents()).toEqual(
      Array.from({ length: 10 }, () => expect.stringMatching(/^\d$/)),
    );
  });

  test('says what is wrong with a text, and what a page cannot read', async () => {
    await trainPage(() => 'model broken { layer h1[3] { activation: bend(z) } }', /RFF\d+.*bend/);
    await trainPage((text) => text.replace(/digits\(.*\)/, 'mnist()'), /RFF776.*mnist/);
  });
});
