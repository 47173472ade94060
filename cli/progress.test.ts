/** Progress of a training run, on terminals of any width, with and without colour, and in a log. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadModel } from '../compiler/compile.js';
import { lower } from '../compiler/graph/lower.js';
import type { Dataset } from '../runtime/data/index.js';
import type { RunInfo } from '../runtime/run/run.js';
import type { BatchReport, EpochReport } from '../runtime/train/train.js';
import { captured } from '../test/support/calling.js';
import { choose, fitProgress } from './line.js';
import { Pace } from './pace.js';
import { clock, progress } from './progress.js';

const WIDTHS = [40, 60, 80, 120];
const BATCHES = 600;
const EPOCHS = 12;
/** Seconds per batch, and per evaluation with its checkpoint. */
const BATCH = 0.1;
const TEST = 30;

const text = readFileSync(join(import.meta.dirname, '../models/smoke3x4.rff'), 'utf8');

/** A run of three layers, as reported to the observer. */
async function runOf(settings: RunInfo['settings'] = {}): Promise<RunInfo> {
  const { document } = await loadModel({ text, file: 'small.rff' }, {});
  const longer = { ...document, train: { ...document.train, epochs: EPOCHS } };
  const split = (count: number) => ({ count }) as Dataset['test'];
  return {
    folder: '/home/me/runs/small',
    network: lower(longer, { batch: 20, frames: 1 }),
    dataset: { name: 'digits', train: split(BATCHES * 20), test: split(5000) } as Dataset,
    backend: 'cpu',
    settings,
    position: { epoch: 0, batch: 0, trained: 0 },
    warnings: [],
  };
}

function batchReport(epoch: number, batch: number): BatchReport {
  const measures = {
    loss: [0.7123, 0.4134, 0.0382],
    goodnessPositive: [1, 1, 1],
    goodnessNegative: [1.5, 2.25, 0.875],
    stepsPositive: [],
    stepsNegative: [],
    classifierLoss: null,
    decodeLoss: null,
  };
  const position = { epoch, batch, trained: epoch * BATCHES + batch };
  const seconds = epoch * (BATCHES * BATCH + TEST) + batch * BATCH;
  return {
    ...measures,
    position,
    epoch: epoch + 1,
    batch,
    lr: 1e-3,
    batches: BATCHES,
    soFar: measures,
    rate: 1,
    seconds,
    samplesPerSecond: 20 / BATCH,
  };
}

function epochReport(epoch: number, accuracy: number | null): EpochReport {
  const test = accuracy === null ? null : { accuracy, correct: 0, samples: 5000, softmax: null };
  return { ...batchReport(epoch, BATCHES), test: test as EpochReport['test'], train: null, validation: null };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

/** The lines of two epochs and a half: those drawn over each other, and those that stay. */
async function shown(columns: number, more: { colour?: boolean; terminal?: boolean } = {}) {
  const { io, text } = captured('/home/me', { terminal: true, columns: () => columns, ...more });
  const { observer } = progress(io);
  observer.ready!(await runOf());
  for (let epoch = 0; epoch < 3; epoch++) {
    for (let batch = 1; batch <= (epoch === 2 ? BATCHES / 2 : BATCHES); batch++) {
      vi.advanceTimersByTime(1000 * BATCH);
      observer.batch!(batchReport(epoch, batch));
    }
    if (epoch === 2) break;
    for (let done = 500; done <= 5000; done += 500) {
      vi.advanceTimersByTime((1000 * TEST) / 10);
      observer.evaluating!('test', done, 5000, 0.9 * done, new Int32Array(0));
    }
    observer.epoch!(epochReport(epoch, epoch === 0 ? 0.098 : 0.934));
  }
  const parts = text().err.split('\r\x1b[K');
  const drawn = parts.filter((part) => part !== '' && !part.includes('\n'));
  const kept = parts
    .filter((part) => part.includes('\n'))
    .join('')
    .trimEnd()
    .split('\n')
    .slice(1);
  return { drawn, kept };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is removed.
const plain = (line: string) => line.replace(/\x1b\[\d+m/g, '');

describe.each(WIDTHS)('on a terminal of %i columns', (columns) => {
  test.each([true, false])(
    'no line wraps, and what is done differs from what is left (colour: %s)',
    async (colour) => {
      const { drawn, kept } = await shown(columns, { colour });
      for (const line of [...drawn, ...kept]) expect(plain(line).length).toBeLessThan(columns);
      const half = plain(drawn.at(-1)!);
      const bar = half.split(' ').find((word) => word.includes('█'))!;
      expect(bar).toMatch(/^█+░+$/);
      expect(Math.abs(bar.indexOf('░') - bar.length / 2)).toBeLessThanOrEqual(0.5);
      expect(half).toContain(' 50 %  ');
      // Every tenth of a second something moves.
      const moving = drawn.slice(0, 100);
      expect(new Set(moving).size).toBeGreaterThan(columns >= 60 ? 95 : 10);
    },
  );

  test('aligns the lines of epochs', async () => {
    const { kept } = await shown(columns);
    expect(kept).toHaveLength(2);
    expect(kept[0]).toMatch(/^epoch {2}1\/12 {2}/);
    expect(
      kept[1]!
        .replace('93.40', ' 9.80')
        .replace(/ 2\/12/, ' 1/12')
        .replace(/\d:\d\d/, ''),
    ).toBe(kept[0]!.replace(/\d:\d\d/, ''));
  });
});

test('at 80 columns: batch, share, elapsed and remaining time, the loss', async () => {
  const { drawn, kept } = await shown(80);
  expect(drawn.at(-1)).toMatch(
    /^epoch {2}3\/12 █+░+ {3}50 % {2}batch 300\/600 {2}3:30 elapsed, 14:30 left {2}loss 0\.3880$/,
  );
  expect(kept[1]).toBe('epoch  2/12  loss h1 0.7123 h2 0.4134 h3 0.0382  gap  0.542  accuracy 93.40 %');
  expect(drawn.find((line) => line.includes('testing'))).toMatch(
    /^epoch {2}1\/12 █+░+ {3}\d+ % {2}testing +\d+\/5000 {2}\d:\d\d elapsed, \d\d:\d\d left/,
  );
});

test('at 120 columns, layer by layer', async () => {
  const { kept } = await shown(120);
  expect(kept[1]).toBe(
    'epoch  2/12  loss h1 0.7123 h2 0.4134 h3 0.0382  gap h1  0.500 h2  1.250 h3 -0.125  accuracy 93.40 %  2:30',
  );
});

test('writes full lines to a log, every half minute and per epoch', async () => {
  const { io, text } = captured('/home/me');
  const { observer } = progress(io);
  observer.ready!(await runOf());
  for (let batch = 1; batch <= BATCHES; batch++) {
    vi.advanceTimersByTime(1000 * BATCH);
    observer.batch!(batchReport(0, batch));
  }
  observer.epoch!(epochReport(0, 0.9));
  const lines = text().err.trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toBe('training smoke3x4 (4-4-4) on digits · backend cpu · output runs/small');
  expect(lines[1]).toMatch(
    /^epoch {2}1\/12 {3}50 % {2}batch 300\/600 {2}0:30 elapsed, \d+:\d\d left {2}loss h1 /,
  );
  expect(lines[3]).toContain('loss h1 0.7123 h2 0.4134 h3 0.0382');
  expect(lines[3]).toContain('accuracy 90.00 %');
  expect(text().err).not.toContain('\x1b');
});

test('a resumed run says where it resumes, counted from 1', async () => {
  const { io, text } = captured('/home/me');
  const info = await runOf();
  progress(io).observer.ready!({ ...info, position: { epoch: 0, batch: 10, trained: 10 } });
  expect(text().err).toContain('resuming at epoch 1/12, batch 11/600\n');
});

describe('the time that is left', () => {
  /** After an epoch and a half, on the clock of the reports. */
  async function left(settings: RunInfo['settings'], tested: (epoch: number) => boolean): Promise<number> {
    const pace = new Pace(await runOf(settings), 0);
    let now = 0;
    for (const [epoch, last] of [
      [0, BATCHES],
      [1, BATCHES / 2],
    ] as const) {
      for (let batch = 1; batch <= last; batch++) {
        now += 1000 * BATCH;
        pace.batch(batchReport(epoch, batch), now);
      }
      if (last < BATCHES) break;
      if (tested(epoch)) now += 1000 * TEST;
      pace.epoch(epochReport(epoch, tested(epoch) ? 0.5 : null), now);
    }
    return pace.left(now);
  }
  const training = 10.5 * BATCHES * BATCH;

  test('includes evaluations, assuming each takes as long as the last', async () => {
    expect(await left({}, () => true)).toBeCloseTo(training + 11 * TEST, 5);
  });

  test('counts only the evaluations to come', async () => {
    // Tests after epochs 5, 10 and 12, and none so far: 5,000 samples at the pace of training.
    expect(await left({ evalEvery: 5 }, () => false)).toBeCloseTo(training + 3 * 5000 * (BATCH / 20), 5);
  });

  test('uses the progress of the evaluation while evaluating', async () => {
    const pace = new Pace(await runOf(), 0);
    pace.batch(batchReport(EPOCHS - 1, BATCHES), 0);
    pace.evaluating('test', 2000);
    expect(pace.left(6000)).toBeCloseTo(9, 5);
  });

  test('is unknown before the first batch', async () => {
    expect(clock(new Pace(await runOf(), 0).left(0))).toBe('–:––');
  });
});

test('never wraps a line, at any width', () => {
  const offers = [
    ['share', ' 62 %'],
    ['time', '4:10 left'],
    ['batch', '372/600'],
    ['time', '0:41 elapsed, 4:10 left'],
    ['batch', 'batch 372/600'],
    ['loss', 'loss 0.3978'],
  ] as const;
  for (let columns = 0; columns < 150; columns++) {
    const { head, bar, facts } = fitProgress('epoch 12/60', offers, columns);
    expect(head.length + (bar > 0 ? 1 + bar : 0) + facts.length).toBeLessThanOrEqual(columns);
  }
  expect(choose(offers, 40)).toBe(' 62 %  372/600  0:41 elapsed, 4:10 left');
  expect(fitProgress('epoch 12/60', offers, 20)).toEqual({ head: 'epoch 12/60', bar: 0, facts: '   62 %' });
});
