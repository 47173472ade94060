/**
 * What `rffc run` shows while it trains: on a terminal one line drawn over and over, elsewhere a plain line now and
 * then, and one for each epoch.
 */
import pc from 'picocolors';
import type { RunInfo, RunObserver } from '../runtime/run/run.js';
import type { BatchReport, EpochReport } from '../runtime/train/train.js';
import { type Io, percent } from './io.js';

const DRAW_EVERY_MS = 100;
const PLAIN_EVERY_MS = 30_000;
const BAR_WIDTH = 24;

/** An observer that prints to `io.err`; `clear` takes the unfinished line away, so that a message can follow. */
export function progress(io: Io): { readonly observer: RunObserver; clear(): void } {
  const colour = pc.createColors(io.colour);
  let info: RunInfo | undefined;
  let accuracy: number | undefined;
  let lastDrawn = 0;
  let lastReport: BatchReport | undefined;
  let drawn = false;

  const clear = () => {
    if (drawn) io.err('\r\x1b[K');
    drawn = false;
  };
  const due = (now: number) => now - lastDrawn >= (io.terminal ? DRAW_EVERY_MS : PLAIN_EVERY_MS);
  const draw = (head: string, share: number, facts: readonly string[]) => {
    lastDrawn = performance.now();
    const done = Math.round(share * BAR_WIDTH);
    const bar = `${colour.green('━'.repeat(done))}${colour.dim('━'.repeat(BAR_WIDTH - done))}`;
    // What does not fit the terminal's width would wrap, and then could not be drawn over.
    const room = io.columns() - head.length - BAR_WIDTH - 3;
    const kept = [...facts];
    while (kept.length > 0 && kept.join(' · ').length > room) kept.pop();
    if (io.terminal) {
      io.err(`\r\x1b[K${head} ${bar} ${kept.join(' · ')}`);
      drawn = true;
    } else {
      io.err(`${head} ${(100 * share).toFixed(0)} % · ${facts.join(' · ')}\n`);
    }
  };
  const head = (epoch: number) => `epoch ${epoch + 1}/${info!.network.document.train.epochs}`;
  const known = () => (accuracy === undefined ? [] : [`accuracy ${percent(accuracy)}`]);

  const observer: RunObserver = {
    ready(started) {
      info = started;
      lastDrawn = performance.now() - (io.terminal ? DRAW_EVERY_MS : 0);
      const { network, dataset, backend, position, folder } = started;
      const { name, layers } = network.document;
      const sizes = layers.map(({ size }) => size).join('·');
      io.err(`${colour.bold(name)} (layers of ${sizes}) on ${dataset.name}, by ${backend}, into ${folder}\n`);
      if (position.trained > 0) io.err(`going on after epoch ${position.epoch}, batch ${position.batch}\n`);
    },
    lost({ diagnostics }, { epoch, batch }) {
      clear();
      const after = epoch + batch === 0 ? 'from the start' : `after epoch ${epoch}, batch ${batch}`;
      io.err(`${diagnostics[0]!.message}\ngoing on ${after} on a new one\n`);
    },
    batch(report) {
      lastReport = report;
      if (!due(performance.now())) return;
      const { position, batches } = report;
      draw(head(position.epoch), position.batch / batches, [
        `loss ${meanLoss(report)}`,
        ...known(),
        `${rounded(report.samplesPerSecond)} samples/s`,
        `${clock(secondsLeft(info!, report))} left`,
      ]);
    },
    testing(done, total, correct) {
      if (!due(performance.now()) || !lastReport) return;
      draw(head(lastReport.position.epoch), done / total, [
        `testing ${done} of ${total}`,
        `accuracy ${percent(correct / done)}`,
      ]);
    },
    epoch(report: EpochReport) {
      clear();
      lastDrawn = performance.now();
      accuracy = report.test?.accuracy;
      const facts = [
        `loss ${meanLoss(report)}`,
        ...known(),
        `${rounded(report.samplesPerSecond)} samples/s`,
        clock(report.seconds),
      ];
      io.err(`${head(report.position.epoch)} ${colour.dim('·')} ${facts.join(` ${colour.dim('·')} `)}\n`);
    },
  };
  return { observer, clear };
}

function meanLoss({ loss }: { readonly loss: readonly number[] }): string {
  return (loss.reduce((sum, value) => sum + value, 0) / loss.length).toFixed(4);
}

/** Training alone: the tests in between are short beside it. */
function secondsLeft(info: RunInfo, { position, batches, samplesPerSecond }: BatchReport): number {
  const epochs = info.network.document.train.epochs - position.epoch;
  const remaining = epochs * batches - position.batch;
  return (remaining * info.network.batch) / samplesPerSecond;
}

function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1);
}

/** Seconds as `0:42`, `12:05` or `3:07:55`. */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–:––';
  const total = Math.round(seconds);
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
