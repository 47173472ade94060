/**
 * The progress of `rffc run`: on a terminal one line that is redrawn, elsewhere a plain line now and
 * then, and one for each epoch.
 */
import { relative } from 'node:path';
import pc from 'picocolors';
import { type Accuracies, accuraciesOf } from '../runtime/folder/metrics.js';
import type { RunInfo, RunObserver } from '../runtime/run/run.js';
import { type Measures, type Position, stageOf } from '../runtime/train/progress.js';
import { type BatchReport, type EpochReport, epochsOf } from '../runtime/train/train.js';
import { type Io, percent } from './io.js';
import { fitLine, fitProgress, type Offer } from './line.js';
import { Pace } from './pace.js';

const DRAW_EVERY_MS = 100;
const PLAIN_EVERY_MS = 30_000;
/** The width of a line without a terminal, as in a log. */
const PLAIN_COLUMNS = 160;

export interface Progress {
  readonly observer: RunObserver;
  clear(): void;
}

/** An observer that prints to `io.err`; `clear` erases the unfinished line, so that a message can follow. */
export function progress(io: Io): Progress {
  const colour = pc.createColors(io.colour);
  let info: RunInfo;
  let pace: Pace;
  let evaluated: Accuracies | undefined;
  let lastDrawn = 0;
  let lastReport: BatchReport | undefined;
  let drawn = false;

  // A line as wide as the terminal would wrap in some terminals.
  const columns = () => (io.terminal ? (io.columns() || 80) - 1 : PLAIN_COLUMNS);
  const clear = () => {
    if (drawn) io.err('\r\x1b[K');
    drawn = false;
  };
  const due = (now: number) => now - lastDrawn >= (io.terminal ? DRAW_EVERY_MS : PLAIN_EVERY_MS);
  const draw = (head: string, share: number, facts: readonly Offer[]) => {
    lastDrawn = performance.now();
    const offers: Offer[] = [['share', `${(100 * share).toFixed(0).padStart(3)} %`], ...facts];
    if (!io.terminal) {
      io.err(`${fitLine(head, offers, columns())}\n`);
      return;
    }
    const line = fitProgress(head, offers, columns());
    const done = Math.round(share * line.bar);
    const bar = `${colour.green('█'.repeat(done))}${colour.dim('░'.repeat(line.bar - done))}`;
    io.err(`\r\x1b[K${line.head}${line.bar > 0 ? ` ${bar}` : ''}${line.facts}`);
    drawn = true;
  };
  const head = (position: Position) => {
    const stage = stageOf(position);
    return (
      `${stage === 'network' ? 'epoch' : 'readout'} ` +
      `${count(position.epoch + 1, epochsOf(info.network.document, stage))}`
    );
  };
  const left = () => {
    const now = performance.now();
    const seconds = clock(pace.left(now));
    return [`${seconds} left`, `${clock(pace.elapsed(now))} elapsed, ${seconds} left`] as const;
  };

  const observer: RunObserver = {
    ready(started) {
      info = started;
      lastDrawn = performance.now() - (io.terminal ? DRAW_EVERY_MS : 0);
      pace = new Pace(info, performance.now());
      const { network, dataset, backend, position } = started;
      const { name, layers } = network.document;
      const sizes = layers.map(({ size }) => size).join('-');
      const folder = relative(io.cwd, started.folder) || '.';
      io.err(
        `training ${colour.bold(name)} (${sizes}) on ${dataset.name} · backend ${backend} · output ${folder}\n`,
      );
      if (position.trained > 0 || position.network) io.err(`resuming at ${whereOf(info, position)}\n`);
    },
    lost({ diagnostics }, position) {
      clear();
      io.err(`${diagnostics[0]!.message}\nresuming at ${whereOf(info, position)} on a new one\n`);
    },
    batch(report) {
      lastReport = report;
      const now = performance.now();
      pace.batch(report, now);
      if (!due(now)) return;
      const { position, batches, soFar, samplesPerSecond } = report;
      const batch = count(position.batch, batches);
      const [short, long] = left();
      const [loss, losses] = lossOf(info, soFar);
      const [gap, gaps] = gapOf(info, soFar);
      draw(head(position), position.batch / batches, [
        ['time', short],
        ['batch', batch],
        ['time', long],
        ['batch', `batch ${batch}`],
        ['loss', loss],
        ...accuracyOf(evaluated),
        ...offer('gap', gap),
        ...offer('loss', losses),
        ...decoding(soFar),
        ...offer('gap', gaps),
        ['speed', `${rounded(samplesPerSecond)} samples/s`],
      ]);
    },
    evaluating(split, done, total, correct) {
      pace.evaluating(split, done);
      if (!due(performance.now()) || !lastReport) return;
      const what = split === 'test' ? 'testing' : 'validating';
      const [short, long] = left();
      draw(head(lastReport.position), done / total, [
        ['batch', what],
        ['time', short],
        ['batch', `${what} ${count(done, total)}`],
        ['time', long],
        ['accuracy', `accuracy ${percent(correct / done)}`],
      ]);
    },
    epoch(report: EpochReport) {
      clear();
      lastDrawn = performance.now();
      pace.epoch(report, lastDrawn);
      evaluated = accuraciesOf(report, info.network);
      const [loss, losses] = lossOf(info, report);
      const [gap, gaps] = gapOf(info, report);
      const offers: Offer[] = [
        ...accuracyOf(evaluated),
        ['loss', loss],
        ...offer('gap', gap),
        ...offer('loss', losses),
        ...decoding(report),
        ...softmax(report),
        ['seconds', clock(report.seconds)],
        ...offer('gap', gaps),
        ['speed', `${rounded(report.samplesPerSecond)} samples/s`],
      ];
      io.err(`${fitLine(head(report.position), offers, columns())}\n`);
    },
  };
  return { observer, clear };
}

/** ` 12/600`: padded to its final width, so that nothing moves. */
function count(done: number, total: number): string {
  return `${String(done).padStart(String(total).length)}/${total}`;
}

/** `epoch 2/10, batch 12/600`: what is trained next, from 1. */
function whereOf({ network, dataset, settings }: RunInfo, position: Position): string {
  const stage = stageOf(position);
  const samples = Math.min(dataset.train.count, settings.limit ?? dataset.train.count);
  const batches = Math.floor(samples / network.batch);
  const epochs = epochsOf(network.document, stage);
  return (
    `${stage === 'network' ? '' : 'the readout’s '}epoch ${position.epoch + 1}/${epochs}, batch ` +
    `${position.batch + 1}/${batches}`
  );
}

function offer(place: Offer[0], text: string | undefined): Offer[] {
  return text === undefined ? [] : [[place, text]];
}

const softmax = ({ test }: EpochReport): Offer[] =>
  test === null || test.softmax === null ? [] : [['softmax', `${percent(test.softmax)} by softmax`]];

/** `accuracy 93.40 %`; with a validation split `accuracy 93.40 %, validation 93.10 %`. */
function accuracyOf(evaluated: Accuracies | undefined): Offer[] {
  const { test_accuracy: test = null, validation_accuracy: validation = null } = evaluated ?? {};
  const tested = test === null ? [] : [`accuracy ${percent(test).padStart(7)}`];
  const validated = validation === null ? [] : [`validation ${percent(validation).padStart(7)}`];
  const both = [...tested, ...validated];
  return both.length === 0
    ? []
    : [
        ['accuracy', both.at(-1)!],
        ['accuracy', both.join(', ')],
      ];
}

/** `loss 0.3978`, the layers' mean, and `loss h1 0.4134 h2 0.3821`. */
function lossOf(info: RunInfo, { loss, classifierLoss }: Measures): [mean: string, layers?: string] {
  if (loss.length === 0) return [`loss ${decimal(classifierLoss ?? Number.NaN, 4)}`];
  return [`loss ${decimal(meanOf(loss), 4)}`, `loss ${layerwise(info, loss, 4)}`];
}

/**
 * The distance between the goodness of positive and of negative data, positive if it is what the objective wants:
 * negative data below positive if the greatest goodness wins, above it if the least does. The mean, and per layer.
 */
function gapOf(info: RunInfo, { goodnessPositive, goodnessNegative }: Measures): string[] {
  if (goodnessPositive.length === 0) return [];
  const { document } = info.network;
  const gaps = document.layers.map(({ objective }, i) => {
    const sign = document.objectives[objective]!.predict === 'max' ? 1 : -1;
    return sign * (goodnessPositive[i]! - goodnessNegative[i]!);
  });
  return [`gap ${decimal(meanOf(gaps), 3)}`, `gap ${layerwise(info, gaps, 3)}`];
}

/** `h1 0.4134 h2 0.3821`; a network of one layer needs no name. */
function layerwise({ network: { layers } }: RunInfo, values: readonly number[], places: number): string {
  if (layers.length === 1) return decimal(values[0]!, places);
  return layers.map((name, i) => `${name} ${decimal(values[i]!, places)}`).join(' ');
}

/** `decoding 0.0512`, of a model with a decoder. */
function decoding({ decodeLoss }: Measures): Offer[] {
  return decodeLoss === null ? [] : [['decoding', `decoding ${decimal(decodeLoss, 4)}`]];
}

/** `0.4134`, padded for a sign; huge values as `2.1e+15`. */
function decimal(value: number, places: number): string {
  const text = Math.abs(value) < 1e5 ? value.toFixed(places) : value.toExponential(1);
  return text.padStart(6);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
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
