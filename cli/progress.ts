/**
 * What `rffc run` shows while it trains: on a terminal one line drawn over and over, elsewhere a plain line now and
 * then, and one for each epoch.
 */
import pc from 'picocolors';
import { type Accuracies, accuraciesOf } from '../runtime/run/metrics.js';
import type { RunInfo, RunObserver } from '../runtime/run/run.js';
import {
  type BatchReport,
  type EpochReport,
  epochsOf,
  type Measures,
  type Position,
  stageOf,
} from '../runtime/train/train.js';
import { type Io, percent } from './io.js';

const DRAW_EVERY_MS = 100;
const PLAIN_EVERY_MS = 30_000;
/** A quarter of the line, within these bounds: a narrower bar says nothing. */
const BAR_LEAST = 6;
const BAR_MOST = 24;

/** Something worth showing, in its long form and where room is short in a shorter one. */
type Fact = string | readonly [long: string, short: string];

export interface Progress {
  readonly observer: RunObserver;
  clear(): void;
}

/** An observer that prints to `io.err`; `clear` takes the unfinished line away, so that a message can follow. */
export function progress(io: Io): Progress {
  const colour = pc.createColors(io.colour);
  let info: RunInfo | undefined;
  let judged: Accuracies | undefined;
  let lastDrawn = 0;
  let lastReport: BatchReport | undefined;
  let drawn = false;

  const clear = () => {
    if (drawn) io.err('\r\x1b[K');
    drawn = false;
  };
  const due = (now: number) => now - lastDrawn >= (io.terminal ? DRAW_EVERY_MS : PLAIN_EVERY_MS);
  const draw = (head: string, share: number, facts: readonly Fact[]) => {
    lastDrawn = performance.now();
    if (!io.terminal) {
      io.err(`${head} ${(100 * share).toFixed(0)} % · ${facts.map(long).join(' · ')}\n`);
      return;
    }
    const line = fitLine(head, facts, (io.columns() || 80) - 1);
    const done = Math.round(share * line.bar);
    const bar = `${colour.green('━'.repeat(done))}${colour.dim('━'.repeat(line.bar - done))}`;
    io.err(
      `\r\x1b[K${line.head}${line.bar > 0 ? ` ${bar}` : ''}${line.facts === '' ? '' : ` ${line.facts}`}`,
    );
    drawn = true;
  };
  const head = (position: Position) => {
    const stage = stageOf(position);
    const epochs = epochsOf(info!.network.document, stage);
    return `${stage === 'network' ? 'epoch' : 'readout'} ${position.epoch + 1}/${epochs}`;
  };
  const known = (): Fact[] => (judged ? accuracyOf(judged) : []);

  const observer: RunObserver = {
    ready(started) {
      info = started;
      lastDrawn = performance.now() - (io.terminal ? DRAW_EVERY_MS : 0);
      const { network, dataset, backend, position, folder } = started;
      const { name, layers } = network.document;
      const sizes = layers.map(({ size }) => size).join('·');
      io.err(`${colour.bold(name)} (layers of ${sizes}) on ${dataset.name}, by ${backend}, into ${folder}\n`);
      if (position.trained > 0 || position.network) {
        const of = position.network ? ' of the readout' : '';
        io.err(`going on after epoch ${position.epoch}${of}, batch ${position.batch}\n`);
      }
    },
    lost({ diagnostics }, { epoch, batch }) {
      clear();
      const after = epoch + batch === 0 ? 'from the start' : `after epoch ${epoch}, batch ${batch}`;
      io.err(`${diagnostics[0]!.message}\ngoing on ${after} on a new one\n`);
    },
    batch(report) {
      lastReport = report;
      if (!due(performance.now())) return;
      const { position, batches, soFar } = report;
      draw(head(position), position.batch / batches, [
        `${clock(secondsLeft(info!, report))} left`,
        lossOf(soFar),
        ...gapOf(info!, soFar),
        ...decoding(soFar),
        ...known(),
        `${rounded(report.samplesPerSecond / info!.network.batch)} batches/s`,
        `${rounded(report.samplesPerSecond)} samples/s`,
      ]);
    },
    judging(split, done, total, correct) {
      if (!due(performance.now()) || !lastReport) return;
      draw(head(lastReport.position), done / total, [
        `${split === 'test' ? 'testing' : 'validating'} ${done} of ${total}`,
        `accuracy ${percent(correct / done)}`,
      ]);
    },
    epoch(report: EpochReport) {
      clear();
      lastDrawn = performance.now();
      judged = accuraciesOf(report, info!.network);
      const facts = [
        long(lossOf(report)),
        ...gapOf(info!, report).map(long),
        ...decoding(report).map(long),
        ...known().map(long),
        ...softmax(report),
        `${rounded(report.samplesPerSecond)} samples/s`,
        clock(report.seconds),
      ];
      io.err(`${head(report.position)} ${colour.dim('·')} ${facts.join(` ${colour.dim('·')} `)}\n`);
    },
  };
  return { observer, clear };
}

const softmax = ({ test }: EpochReport) =>
  test === null || test.softmax === null ? [] : [`${percent(test.softmax)} by softmax`];

const long = (fact: Fact) => (typeof fact === 'string' ? fact : fact[0]);
const short = (fact: Fact) => (typeof fact === 'string' ? fact : fact[1]);

/**
 * What of a line has room in so many columns: what would wrap could not be drawn over. Facts stand in the order of what
 * they are worth: first all take their short forms, then the last ones go, then the bar, then the end of the head.
 */
export function fitLine(
  head: string,
  facts: readonly Fact[],
  columns: number,
): { readonly head: string; readonly bar: number; readonly facts: string } {
  const bar = Math.min(Math.max(Math.floor(columns / 4), BAR_LEAST), BAR_MOST);
  const room = columns - head.length - bar - 2;
  const forms = [
    facts.map(long),
    ...facts.map((_, dropped) => facts.map(short).slice(0, facts.length - dropped)),
  ];
  const text = forms.map((form) => form.join(' · ')).find((form) => form.length <= room) ?? '';
  return {
    head: head.slice(0, Math.max(columns, 0)),
    bar: head.length + 1 + bar <= columns ? bar : 0,
    facts: text,
  };
}

/** `accuracy 93.40 %`; with samples kept aside `accuracy 93.40 %, validation 93.10 %`. */
function accuracyOf({ test_accuracy: test, validation_accuracy: validation = null }: Accuracies): Fact[] {
  const tested = test === null ? [] : [`accuracy ${percent(test)}`];
  const validated = validation === null ? [] : [`validation ${percent(validation)}`];
  const both = [...tested, ...validated];
  return both.length === 0 ? [] : [[both.join(', '), both.at(-1)!]];
}

/** `loss 0.4134 0.3821`: a layer each, or their mean. */
function lossOf({ loss, classifierLoss }: Measures): Fact {
  if (loss.length === 0) return `loss ${decimal(classifierLoss ?? Number.NaN, 4)}`;
  const mean = `loss ${decimal(meanOf(loss), 4)}`;
  return [loss.length > 6 ? mean : `loss ${loss.map((value) => decimal(value, 4)).join(' ')}`, mean];
}

/**
 * How far the goodness of the layers' positive and negative data is apart, positive where the objective wants it: negative
 * data below positive where the greatest goodness wins, above it where the least does.
 */
function gapOf({ network: { document } }: RunInfo, { goodnessPositive, goodnessNegative }: Measures): Fact[] {
  if (goodnessPositive.length === 0) return [];
  const gaps = document.layers.map(({ objective }, i) => {
    const sign = document.objectives[objective]!.predict === 'max' ? 1 : -1;
    return sign * (goodnessPositive[i]! - goodnessNegative[i]!);
  });
  const mean = `gap ${decimal(meanOf(gaps), 3)}`;
  return [[gaps.length > 6 ? mean : `gap ${gaps.map((value) => decimal(value, 3)).join(' ')}`, mean]];
}

/** `decoding 0.0512`, of a model with a decoder. */
function decoding({ decodeLoss }: Measures): Fact[] {
  return decodeLoss === null ? [] : [`decoding ${decimal(decodeLoss, 4)}`];
}

/** `0.4134`; what is out of all proportion as `2.1e+15`. */
function decimal(value: number, places: number): string {
  return Math.abs(value) < 1e5 ? value.toFixed(places) : value.toExponential(1);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of the stage, training alone: the tests in between are short beside it. */
function secondsLeft(info: RunInfo, { position, batches, samplesPerSecond }: BatchReport): number {
  const epochs = epochsOf(info.network.document, stageOf(position)) - position.epoch;
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
