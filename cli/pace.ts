/**
 * How long a stage of a run still takes: its batches at the pace of this epoch, and the tests between them as long as
 * the last one took, with the checkpoint that follows it.
 */
import { hearsLabel } from '../compiler/network.js';
import type { RunInfo } from '../runtime/run/run.js';
import { type BatchReport, type EpochReport, epochsOf, stageOf } from '../runtime/train/train.js';

export class Pace {
  private last: BatchReport | undefined;
  /** When the last batch had been trained, in ms. */
  private lastAt = 0;
  /** What the last test took, in s. */
  private testing: number | undefined;
  /** Of the test under way, in [0, 1]. */
  private tested = 0;

  /** @param began when the run was ready, in ms of the clock that `now` is of everywhere here */
  constructor(
    private readonly info: RunInfo,
    private readonly began: number,
  ) {}

  batch(report: BatchReport, now: number): void {
    this.last = report;
    this.lastAt = now;
    this.tested = 0;
  }

  /** Some samples of a split have been tested. */
  judging(split: 'test' | 'validation', done: number): void {
    const before = split === 'test' ? this.samplesOf('validation') : 0;
    this.tested = (before + done) / this.samplesTested();
  }

  /** An epoch has ended, and what it left is saved. */
  epoch({ test, validation }: EpochReport, now: number): void {
    if (test || validation) this.testing = (now - this.lastAt) / 1000;
  }

  /** Since the run was ready, in s. */
  elapsed(now: number): number {
    return (now - this.began) / 1000;
  }

  /** Until the end of the stage, in s; not a number before the first batch. */
  left(now: number): number {
    if (!this.last) return Number.NaN;
    const { position, batches, samplesPerSecond } = this.last;
    const { network } = this.info;
    const epochs = epochsOf(network.document, stageOf(position));
    const toTrain = (epochs - position.epoch) * batches - position.batch;
    const training = (toTrain * network.batch) / samplesPerSecond;
    // Until one was timed, testing a sample is taken to cost what training one does.
    const test = this.testing ?? this.samplesTested() / samplesPerSecond;
    const begun = position.batch === batches ? (now - this.lastAt) / 1000 : 0;
    const inThis = this.tested === 0 ? Math.max(0, test - begun) : (begun * (1 - this.tested)) / this.tested;
    return training + inThis + (this.tests(position.epoch, epochs) - 1) * test;
  }

  /** How many tests there are from the epoch under way to the end: one at least, after the last. */
  private tests(epoch: number, epochs: number): number {
    const every = this.info.settings.judgeEvery ?? 1;
    const regular = Math.floor(epochs / every) - Math.floor(epoch / every);
    return regular + (epochs % every === 0 ? 0 : 1);
  }

  private samplesTested(): number {
    return this.samplesOf('test') + this.samplesOf('validation');
  }

  private samplesOf(split: 'test' | 'validation'): number {
    const { network, dataset, settings } = this.info;
    const byGoodness = !this.last || stageOf(this.last.position) === 'network';
    if (byGoodness && !hearsLabel(network.document)) return 0;
    return Math.min(dataset[split]?.count ?? 0, settings.limit ?? Number.POSITIVE_INFINITY);
  }
}
