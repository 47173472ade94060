/**
 * rffc in a browser: a page built by Vite compiles a .rff text, makes its data and trains it on the browser's WebGPU, in
 * headless Chromium. Its losses are the cpu engine's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, describe, expect, test } from 'vitest';
import { openCpu } from '../runtime/cpu/session.js';
import { compileText, type Losses, trial } from './page/trial.js';
import { chromiumPath as executablePath, quietArgs } from './support/chromium.js';

/** WebGPU without a display or a graphics card. */
const args = [
  ...quietArgs,
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
];

const outDir = mkdtempSync(join(tmpdir(), 'rffc-page-'));
const root = join(import.meta.dirname, 'page');
let server: PreviewServer | undefined;
let browser: Browser | undefined;
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(outDir, { recursive: true });
});

const runs = executablePath !== undefined || process.env.RFFC_TEST_ALL !== undefined;
describe.skipIf(!runs)(runs ? 'the page' : 'the page is skipped: there is no Chromium', () => {
  test('trains in the browser as the cpu engine does', async () => {
    const configFile = false;
    const logLevel = 'warn';
    await build({ root, configFile, logLevel, build: { outDir, target: 'esnext', emptyOutDir: true } });
    server = await preview({
      root,
      configFile,
      logLevel,
      build: { outDir },
      preview: { port: 0, host: '127.0.0.1' },
    });
    browser = await chromium.launch({ executablePath: executablePath!, args });
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(server.resolvedUrls!.local[0]!);
    const text = await page.locator('textarea').inputValue();

    const told = page.evaluate(
      () =>
        new Promise<{ adapter: string; losses: Losses }>((resolve, reject) => {
          window.addEventListener('trained', (event) => resolve((event as CustomEvent).detail));
          window.addEventListener('failed', (event) => reject(new Error((event as CustomEvent).detail)));
        }),
    );
    await page.getByRole('button', { name: 'Train' }).click();
    const { adapter, losses } = await told;
    expect(complaints).toEqual([]);
    expect(adapter).not.toBe('');
    expect(await page.locator('output').textContent()).toMatch(/^batch 20: loss \d/);

    const compiled = await compileText(text);
    const session = await openCpu(compiled.plan, { threads: 2 });
    const expected = await trial(compiled, session);
    await session.dispose();
    expect(losses.length).toBe(expected.length);
    losses.forEach((loss, batch) => {
      loss.forEach((value, layer) => {
        const exact = expected[batch]![layer]!;
        expect(Math.abs(value - exact) / exact, `batch ${batch}, layer ${layer}`).toBeLessThan(1e-3);
      });
    });
    // It learns: what it ends with is less than what it began with.
    const mean = (loss: readonly number[]) => loss.reduce((sum, l) => sum + l, 0) / loss.length;
    expect(mean(losses.at(-1)!)).toBeLessThan(mean(losses[0]!));
  });

  test('says what is wrong with a text', async () => {
    const page = await browser!.newPage();
    await page.goto(server!.resolvedUrls!.local[0]!);
    await page.locator('textarea').fill('model broken { layer h1[3] { activation: bend(z) } }');
    await page.getByRole('button', { name: 'Train' }).click();
    await page.waitForFunction(() => document.querySelector('output')?.value.includes('RFF'));
    expect(await page.locator('output').textContent()).toContain('bend');
  });
});
