/**
 * A run's report as a user sees it: a real run writes it, headless Chromium opens it, every chart is drawn, nothing is
 * loaded from elsewhere, and no text from the model becomes part of the page. Also what TensorBoard would read.
 */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { parseMetrics } from '../runtime/folder/metrics.js';
import { renderReport } from '../runtime/report/report.js';
import { readRun } from '../runtime/run/run.js';
import { sweepPage } from '../runtime/sweep/report.js';
import { callerIn } from './support/calling.js';
import { chromiumPath as executablePath, quietArgs } from './support/chromium.js';
import { decodeEvents } from './support/event-files.js';
import { describeUnless, unlessRequired } from './support/needs.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-report-'));
let browser: Browser | undefined;
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** Text that would break out of a page unless escaped. */
const NASTY = `</script><script>window.broken = true</script><img src=x onerror="window.broken = true">`;
const MODEL = 'we<b>ird & odd.rff';
writeFileSync(
  join(folder, MODEL),
  `// ${NASTY}
connection forward { }
connection backward { sign: -1 }
connection lateral { init: orthogonal() }
model small {
  param theta = 1.5
  input image[784]
  label digit[10]
  layer h1[12], h2[10], h3[8] { damping: 0.7 }
  connect image -> h1 -> h2 -> h3 as forward
  connect h3 -> h2 -> h1 as backward
  connect h1 -> h3, digit -> h3, digit -> h2 as forward
  connect h1 -> h1, h2 -> h2 as lateral
  objective {
    goodness: mean(h^2)
    positive: softplus(goodness - theta)
    negative: softplus(theta - goodness)
    predict: min
  }
  schedule { phase learn[4] { label: given }, score learn[1..2] }
  train { data: digits(train: 240, test: 60), epochs: 2, batch: 20, optimizer: rmsprop(lr: 1e-3) }
}
`,
);
const rffc = callerIn(folder);
const metrics = ['--metrics', 'norms,updates,angles', '--metrics-every', '3', '--log', 'tensorboard'];
const run = ['run', MODEL, '--backend', 'cpu', '--threads', '1', '--quiet'];
const WEIGHTS = ['h1.image.forward.weight', 'h3.h1.forward.weight', 'h2.h2.lateral.weight'];

test('a run writes its metrics, a line every third batch and every epoch', async () => {
  const { code, err } = await rffc([...run, '--out', 'run', ...metrics]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lines = parseMetrics(readFileSync(join(folder, 'run', 'metrics.jsonl'), 'utf8'));
  expect(lines.map(({ event, epoch, batch }) => `${event} ${epoch}.${batch}`)).toEqual(
    [1, 2].flatMap((epoch) => [
      ...[3, 6, 9, 12].map((batch) => `batch ${epoch}.${batch}`),
      `epoch ${epoch}.12`,
    ]),
  );
  for (const line of lines) {
    for (const layer of ['h1', 'h2', 'h3']) expect(line.loss[layer]).toBeGreaterThan(0);
    if (line.event === 'batch') {
      for (const name of WEIGHTS) {
        expect(line.weight_norm![name]).toBeGreaterThan(0);
        expect(line.gradient_norm![name]).toBeGreaterThan(0);
        expect(line.update_norm![name]).toBeGreaterThan(0);
        expect(Math.abs(line.update_angle![name]!)).toBeLessThanOrEqual(1 + 1e-9);
      }
      expect(line.activity_norm_positive!.h3).toBeGreaterThan(0);
    } else {
      // The mean over the steps is the epoch's value of the layer; twelve batches are within the averaging window.
      const steps = line.goodness_steps_negative.h2!;
      expect(steps).toHaveLength(4);
      const mean = steps.reduce((sum, value) => sum + value, 0) / 4;
      expect(mean / line.goodness_negative.h2!).toBeCloseTo(1, 5);
      expect(line.confusion!.flat().reduce((sum, n) => sum + n, 0)).toBe(60);
      // Every label of every sample, the true one separate from the other nine; three scored layers.
      const { positive, negative } = line.goodness_histogram!;
      expect([positive, negative].map((counts) => counts.reduce((sum, n) => sum + n, 0))).toEqual([60, 540]);
      expect(Object.keys(line.layer_accuracy!)).toEqual(['h1', 'h2', 'h3']);
      for (const name of WEIGHTS) expect(line.update_norm![name]).toBeGreaterThan(0);
    }
  }
});

test('TensorBoard reads the same numbers, and the weights as images', () => {
  const place = join(folder, 'run', 'tensorboard');
  const [file, ...others] = readdirSync(place);
  expect(others).toEqual([]);
  const events = decodeEvents(readFileSync(join(place, file!)));
  const lines = parseMetrics(readFileSync(join(folder, 'run', 'metrics.jsonl'), 'utf8'));
  const told = events.filter(({ scalars }) => Object.keys(scalars).length > 0);
  expect(told.map(({ step }) => step)).toEqual(lines.map(({ trained }) => trained));
  lines.forEach((line, i) => {
    const prefix = line.event === 'epoch' ? 'epoch/' : '';
    const { scalars } = told[i]!;
    expect(scalars[`${prefix}loss/h2`]).toBe(Math.fround(line.loss.h2!));
    expect(scalars[`${prefix}goodness_positive/h3`]).toBe(Math.fround(line.goodness_positive.h3!));
    expect(scalars[`${prefix}lr`]).toBe(Math.fround(1e-3));
    if (line.event === 'epoch') expect(scalars['epoch/test_accuracy']).toBe(Math.fround(line.test_accuracy!));
  });
  const images = events.flatMap((event) => Object.entries(event.images));
  expect(images.map(([tag]) => tag)).toEqual(Array(2).fill('weights/h1.image.forward.weight'));
  // Twelve units of 28 × 28, two pixels apart.
  expect(images[0]![1]).toMatchObject({ width: 12 * 30 - 2, height: 28 });
});

test('a resumed run includes earlier epochs in its report and in TensorBoard', async () => {
  const resumed = await rffc(['run', '--resume', 'run', '--epochs', '3', '--quiet']);
  expect({ code: resumed.code, err: resumed.err }).toEqual({ code: 0, err: '' });
  const html = readFileSync(join(folder, 'run', 'report.html'), 'utf8');
  const charts = JSON.parse(/id="charts">(.*?)<\/script>/.exec(html)![1]!) as { id: string; x: number[] }[];
  expect(charts.find(({ id }) => id === 'accuracy')!.x).toEqual([1, 2, 3]);
  const place = join(folder, 'run', 'tensorboard');
  const files = readdirSync(place);
  expect(files).toHaveLength(2);
  const restarts = files
    .flatMap((file) => decodeEvents(readFileSync(join(place, file))))
    .filter(({ restart }) => restart);
  expect(restarts.map(({ step }) => step)).toEqual([24]);
});

test('a report that cannot be written gives one warning', async () => {
  const out = join(folder, 'blocked');
  const { code, err } = await rffc([...run.slice(0, -1), '--out', 'blocked'], {
    // The first message comes after the folder is created and before training.
    err: (() => {
      let said = '';
      return (text: string) => {
        said += text;
        if (existsSync(out) && !existsSync(join(out, 'report.html')))
          mkdirSync(join(out, 'report.html', 'full'), { recursive: true });
        warnings = said;
      };
    })(),
  });
  expect(code).toBe(0);
  expect(err).toBe('');
  expect(warnings.split('RFF740')).toHaveLength(2);
  expect(warnings).toContain('epoch 2/2');
  expect(existsSync(join(out, 'checkpoint.safetensors'))).toBe(true);
});
let warnings = '';

const missing = executablePath ? undefined : unlessRequired('Chromium was not found');
describeUnless(missing, 'the report', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`draws every chart, ${colorScheme}, and loads nothing`, async () => {
      browser ??= await chromium.launch({ executablePath: executablePath!, args: [...quietArgs] });
      const page = await browser.newPage({ colorScheme, viewport: { width: 1366, height: 768 } });
      const said: string[] = [];
      const asked: string[] = [];
      page.on('pageerror', (error) => said.push(String(error)));
      page.on('console', (message) => said.push(message.text()));
      page.on('request', (request) => asked.push(request.url()));
      const url = pathToFileURL(join(folder, 'run', 'report.html')).href;
      await page.goto(url);
      expect(said).toEqual([]);
      expect(asked.filter((one) => !one.startsWith('data:'))).toEqual([url]);

      const drawn = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('.chart')].map((element) => {
          const canvas = element.querySelector('canvas')!;
          const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
          // Only curves have saturated colours; axes and grids are nearly grey.
          let coloured = 0;
          for (let i = 0; i < data.length; i += 4) {
            const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
            if (data[i + 3]! > 200 && Math.max(r, g, b) - Math.min(r, g, b) > 60) coloured++;
          }
          return { id: element.id, curves: Number(element.dataset.drawn), coloured };
        }),
      );
      const layers = (name: string) => [0, 1, 2].map((i) => `${name}-${i}`);
      expect(drawn.map(({ id }) => id)).toEqual([
        ...['accuracy', 'loss', 'layer-accuracy', 'histogram'],
        ...[
          'timesteps',
          'goodness',
          'weights',
          'updates',
          'gradients',
          'batch-updates',
          'angles',
          'activity',
        ].flatMap(layers),
      ]);
      for (const { id, curves, coloured } of drawn) {
        expect(curves, id).toBeGreaterThan(0);
        expect(coloured, id).toBeGreaterThan(100);
      }
      // Ten connections, by target layer; positive and negative, now and in the first epoch.
      const weights = drawn.filter(({ id }) => id.startsWith('weights')).map(({ curves }) => curves);
      expect(weights).toEqual([3, 4, 3]);
      expect(drawn.find(({ id }) => id === 'timesteps-0')!.curves).toBe(4);

      expect(await page.locator('svg.diagram path.arrow').count()).toBe(10);
      expect(await page.locator('svg.diagram .node').count()).toBe(5);
      const cells = await page.locator('table.confusion td:not(.share)').allTextContents();
      expect(cells.reduce((sum, text) => sum + Number(text), 0)).toBe(60);
      const widths = await page
        .locator('figure img, img.sheet')
        .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth));
      expect(widths.length).toBeGreaterThan(1);
      expect(widths.every((width) => width >= 28)).toBe(true);
      // Nothing overflows a laptop's window.
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1366);
      await page.close();
    });
  }

  for (const width of [320, 390, 800]) {
    test(`${width} pixels wide: nothing overflows, and no two numbers of the confusion matrix touch`, async () => {
      browser ??= await chromium.launch({ executablePath: executablePath!, args: [...quietArgs] });
      const page = await browser.newPage({ viewport: { width, height: 800 } });
      // Counts of four digits, as real test splits have them.
      await page.goto(pathToFileURL(join(folder, 'run', 'report.html')).href);
      await page.evaluate(() => {
        const table = document.querySelector<HTMLElement>('table.confusion')!;
        table.style.setProperty('--digits', '4');
        for (const cell of table.querySelectorAll('td:not(.share)'))
          if (cell.textContent) cell.textContent = '1234';
      });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      const texts = await page.locator('table.confusion').evaluate((table) =>
        [...table.querySelectorAll('th, td')].flatMap((cell) => {
          const range = document.createRange();
          range.selectNodeContents(cell);
          const { left, right, top, bottom } = range.getBoundingClientRect();
          return right > left ? [{ left, right, top, bottom, text: cell.textContent }] : [];
        }),
      );
      expect(texts.length).toBeGreaterThan(100);
      const touching = texts.flatMap((a, i) =>
        texts
          .slice(i + 1)
          .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
          .map((b) => `${a.text} ${b.text}`),
      );
      expect(touching).toEqual([]);
      // Nor do cards or tiles clip their contents.
      const cut = await page
        .locator('.tile, section > h2, section > p, dd, .u-legend, figcaption')
        .evaluateAll((all) =>
          all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent),
        );
      expect(cut).toEqual([]);
      await page.close();
    });
  }

  test('a chart can be read and a curve hidden by keyboard', async () => {
    browser ??= await chromium.launch({ executablePath: executablePath!, args: [...quietArgs] });
    const page = await browser.newPage();
    await page.goto(pathToFileURL(join(folder, 'run', 'report.html')).href);
    const values = page.locator('#loss .u-value');
    const latest = await values.allTextContents();
    await page.locator('#loss').focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(async () => (await values.allTextContents())[0]).not.toBe(latest[0]);
    await page.locator('#loss .u-series th').nth(1).focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('#loss .u-series').nth(1).getAttribute('class')).toContain('u-off');
    await page.close();
  });

  test('metrics with gaps are drawn without errors', async () => {
    browser ??= await chromium.launch({ executablePath: executablePath!, args: [...quietArgs] });
    const { config, document } = await readRun(join(folder, 'run'));
    const text = readFileSync(join(folder, 'run', 'metrics.jsonl'), 'utf8');
    const broken = text
      .slice(0, -200)
      .replaceAll(/"h1":[-\d.e]+/g, '"h1":null')
      .replaceAll(/"test_accuracy":[\d.]+/g, '"test_accuracy":null')
      .replaceAll(
        /"goodness_histogram":\{.*?\}/g,
        '"goodness_histogram":{"from":1,"to":1,"positive":[],"negative":[]}',
      );
    const found = parseMetrics(broken);
    const batches = found.filter((line) => line.event === 'batch');
    const epochs = found.filter((line) => line.event === 'epoch');
    expect([batches.length, epochs.length]).toEqual([12, 2]);
    const nothing = { data: 'digits', tested: 60, parameters: 1, mistakes: [], sheets: [] };
    const path = join(folder, 'holes.html');
    writeFileSync(path, renderReport({ config, document, ...nothing, batches, epochs }));
    const page = await browser.newPage();
    const said: string[] = [];
    page.on('pageerror', (error) => said.push(String(error)));
    page.on('console', (message) => said.push(message.text()));
    await page.goto(pathToFileURL(path).href);
    expect(said).toEqual([]);
    expect(await page.locator('.chart[data-drawn]').count()).toBe(await page.locator('.chart').count());
    expect(await page.locator('.missing').textContent()).toContain('Loss of h1: no finite values.');
    await page.close();
  });

  test('the table of a sweep can be sorted by a column, ascending and then descending', async () => {
    browser ??= await chromium.launch({ executablePath: executablePath!, args: [...quietArgs] });
    const outcome = (accuracy: number, seconds: number) => ({
      status: 'done' as const,
      accuracy,
      loss: 1,
      seconds,
    });
    const trials = [
      { number: 1, settings: { lr: 0.001 }, outcome: outcome(0.5, 9) },
      { number: 2, settings: { lr: 0.01 }, outcome: outcome(0.75, 100) },
      { number: 3, settings: { lr: 0.1 }, outcome: { status: 'failed' as const, message: NASTY } },
      { number: 4, settings: { lr: 1 } },
    ];
    const request = {
      model: { name: NASTY, file: 'x', sha256: '' },
      space: [{ name: 'lr', choice: { values: [0.001, 0.01, 0.1, 1] } }],
      sampler: 'grid' as const,
      trials: 4,
      backend: 'cpu',
      settings: {},
    };
    const path = join(folder, 'sweep.html');
    writeFileSync(path, sweepPage({ format: 1, request, trials }));
    const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
    const said: string[] = [];
    page.on('pageerror', (error) => said.push(String(error)));
    await page.goto(pathToFileURL(path).href);
    const order = () => page.locator('tbody td:first-child').allTextContents();
    expect(await order()).toEqual(['2', '1', '3', '4']);
    const sorted = async (name: string) => {
      await page.getByRole('button', { name }).press('Enter');
      return order();
    };
    expect(await sorted('time')).toEqual(['1', '2', '3', '4']);
    expect(await sorted('time')).toEqual(['2', '1', '3', '4']);
    expect(await sorted('lr')).toEqual(['1', '2', '3', '4']);
    expect(await sorted('lr')).toEqual(['4', '3', '2', '1']);
    expect(await page.evaluate(() => [document.documentElement.scrollWidth, 'broken' in window])).toEqual([
      390,
      false,
    ]);
    expect(said).toEqual([]);
    await page.close();
  });

  test('text from files stays text, and the command can be run', async () => {
    browser ??= await chromium.launch({ executablePath: executablePath!, args: [...quietArgs] });
    const page = await browser.newPage();
    await page.goto(pathToFileURL(join(folder, 'run', 'report.html')).href);
    expect(await page.evaluate(() => 'broken' in window)).toBe(false);
    await page.locator('summary').click();
    expect(await page.locator('details pre').textContent()).toContain(NASTY);
    expect(await page.locator('#command').textContent()).toContain(`'${join(folder, MODEL)}' --backend cpu`);
    await page.close();
  });
});
