/**
 * Estimates the time left in a stage of a run: its batches at the pace of this epoch, and each evaluation as long as
 * the last one, including the checkpoint that follows it.
 */
import { hearsLabel } from '../compiler/influence.js';
import type { RunInfo } from '../runtime/run/run.js';
import { stageOf } from '../runtime/train/progress.js';
import { type BatchReport, type EpochReport, epochsOf } from '../runtime/train/train.js';

export class Pace {
  private last: BatchReport | undefined;
  /** When the last batch ended, in ms. */
  private lastAt = 0;
  /** Duration of the last evaluation, in s. */
  private testing: number | undefined;
  /** Progress of the current evaluation, in [0, 1]. */
  private tested = 0;

  /** @param began when the run was ready, in ms on the same clock as every `now` */
  constructor(
    private readonly info: RunInfo,
    private readonly began: number,
  ) {}

  batch(report: BatchReport, now: number): void {
    this.last = report;
    this.lastAt = now;
    this.tested = 0;
  }

  /** Some samples of a split have been evaluated. */
  evaluating(split: 'test' | 'validation', done: number): void {
    const before = split === 'test' ? this.samplesOf('validation') : 0;
    this.tested = (before + done) / this.samplesTested();
  }

  /** An epoch has ended, and its checkpoint is written. */
  epoch({ test, validation }: EpochReport, now: number): void {
    if (test || validation) this.testing = (now - this.lastAt) / 1000;
  }

  /** Since the run was ready, in s. */
  elapsed(now: number): number {
    return (now - this.began) / 1000;
  }

  /** Until the end of the stage, in s; NaN before the first batch. */
  left(now: number): number {
    if (!this.last) return Number.NaN;
    const { position, batches, samplesPerSecond } = this.last;
    const { network } = this.info;
    const epochs = epochsOf(network.document, stageOf(position));
    const toTrain = (epochs - position.epoch) * batches - position.batch;
    const training = (toTrain * network.batch) / samplesPerSecond;
    // Until one is timed, evaluating a sample is assumed to cost as much as training on it.
    const test = this.testing ?? this.samplesTested() / samplesPerSecond;
    const begun = position.batch === batches ? (now - this.lastAt) / 1000 : 0;
    const inThis = this.tested === 0 ? Math.max(0, test - begun) : (begun * (1 - this.tested)) / this.tested;
    return training + inThis + (this.tests(position.epoch, epochs) - 1) * test;
  }

  /** The number of evaluations from the current epoch to the end, at least one. */
  private tests(epoch: number, epochs: number): number {
    const every = this.info.settings.evalEvery ?? 1;
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
