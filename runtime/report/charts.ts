/**
 * The curves of a report, from a run's metrics: accuracy, loss and goodness. Any may be missing; charts without
 * data are omitted, and `missing.ts` says why.
 */
import type { ModelDocument } from '../../compiler/model.js';
import {
  type BatchLine,
  type ByName,
  type BySteps,
  chosenAccuracy,
  type EpochLine,
  type MetricsLine,
} from '../folder/metrics.js';
import type { TrainedPurpose } from '../train/progress.js';
import { COLOURS } from './diagram.js';
import type { Curve } from './page.js';
import type { PlacedChart, Section } from './shell.js';

/** A section that is made of charts, by a name of its own. */
export interface ChartSection extends Section {
  readonly id: string;
  readonly charts: readonly PlacedChart[];
}

export const LARGE = 250;
export const SMALL = 200;

export interface Lines {
  readonly batches: readonly BatchLine[];
  readonly epochs: readonly EpochLine[];
}

/** The lines of one stage in the order of training. */
export function linesOf(stage: TrainedPurpose, { batches, epochs }: Lines): Lines {
  const of = <L extends MetricsLine>(lines: readonly L[]) =>
    lines
      .filter((line) => (line.stage ?? 'network') === stage && Number.isFinite(epochsDone(line)))
      .toSorted((a, b) => epochsDone(a) - epochsDone(b));
  return { batches: of(batches), epochs: of(epochs) };
}

/** The sections about training that have data. */
export function curveSections(document: ModelDocument, lines: Lines): ChartSection[] {
  const [network, readout] = [linesOf('network', lines), linesOf('readout', lines)];
  const last = [...network.epochs, ...readout.epochs];
  return drawable([
    ...accuracySection(network.epochs, 'network'),
    ...lossSection(document, longest(network)),
    ...layerAccuracySection(document, last),
    ...histogramSection(document, last),
    ...stepsSection(document, network.epochs),
    ...goodnessSection(document, longest(network)),
    ...accuracySection(readout.epochs, 'readout'),
    ...readoutLossSection(longest(readout)),
  ]);
}

/** Batches if there are several, else epochs. */
function longest({ batches, epochs }: Lines): readonly MetricsLine[] {
  return batches.length > 1 ? batches : epochs.length > 0 ? epochs : batches;
}

/** Drops empty curves, charts and sections. */
export function drawable(sections: readonly ChartSection[]): ChartSection[] {
  return sections.flatMap((section) => {
    const charts = section.charts.flatMap(({ between, ...chart }): PlacedChart[] => {
      const curves = chart.curves.filter(({ values }) => values.some((value) => value !== null));
      const whole = curves.length === chart.curves.length;
      return curves.length === 0 ? [] : [{ ...chart, curves, ...(between && whole ? { between } : {}) }];
    });
    return charts.length === 0 ? [] : [{ ...section, charts }];
  });
}

function accuracySection(epochs: readonly EpochLine[], of: TrainedPurpose): ChartSection[] {
  const evaluated = epochs.filter(
    (line) => chosenAccuracy(line) !== null || typeof line.train_accuracy === 'number',
  );
  const accuracy = (
    label: string,
    colour: string,
    value: (line: EpochLine) => number | undefined | null,
  ) => ({
    label,
    colour,
    values: evaluated.map((line) => rounded(value(line) ?? null)),
  });
  const samples = evaluated.findLast(({ train_samples }) => train_samples !== undefined)?.train_samples;
  const validates = evaluated.some(({ validation_accuracy }) => typeof validation_accuracy === 'number');
  const chart: PlacedChart = {
    id: of === 'network' ? 'accuracy' : 'accuracy-readout',
    title: '',
    x: evaluated.map(({ epoch }) => epoch),
    xLabel: 'epoch',
    yLabel: 'accuracy',
    curves: [
      accuracy('test', '--accent', (line) => line.test_accuracy),
      accuracy('validation', '--layer-2', (line) => line.validation_accuracy),
      { ...accuracy('training', '--negative', (line) => line.train_accuracy), dashed: true },
      accuracy('test, by softmax', '--quiet', (line) => line.test_accuracy_softmax),
    ],
    percent: true,
    height: LARGE,
  };
  const splits = ['the test split', ...(validates ? ['the validation split'] : [])].join(' and ');
  const sampled =
    samples === undefined ? '' : ` Training: on the same ${samples.toLocaleString('en')} samples each time.`;
  return [
    {
      id: chart.id,
      title: of === 'network' ? 'Accuracy' : 'Accuracy of the readout',
      text: `After each epoch, on ${splits}.${sampled}`,
      width: 'half',
      charts: [chart],
    },
  ];
}

function lossSection({ layers }: ModelDocument, lines: readonly MetricsLine[]): ChartSection[] {
  const extra = (label: string, colour: string, value: (line: MetricsLine) => number | undefined): Curve => ({
    label,
    colour,
    values: lines.map((line) => rounded(value(line) ?? null)),
    dashed: true,
  });
  const chart: PlacedChart = {
    id: 'loss',
    title: '',
    x: lines.map(epochsDone),
    xLabel: 'epochs',
    yLabel: 'loss',
    curves: [
      ...layers.map(
        ({ name }, i): Curve => ({
          label: name,
          ...look(i),
          values: lines.map(({ loss }) => numberOf(loss, name)),
        }),
      ),
      extra('classifier', '--quiet', (line) => line.classifier_loss),
      extra('decoder', '--ink', (line) => line.decode_loss),
    ],
    height: LARGE,
  };
  const text = 'Training loss per layer: the mean over rows and learning steps.';
  return [{ id: 'loss', title: 'Loss', text, width: 'half', charts: [chart] }];
}

/** The readout's loss. */
function readoutLossSection(lines: readonly MetricsLine[]): ChartSection[] {
  const values = lines.map((line) => rounded(line.classifier_loss ?? null));
  const chart: PlacedChart = {
    id: 'loss-readout',
    title: '',
    x: lines.map(epochsDone),
    xLabel: 'epochs of the readout',
    yLabel: 'cross-entropy, nats',
    curves: [{ label: 'cross-entropy', colour: '--accent', values }],
    height: LARGE,
  };
  const text = 'The softmax on the activities, trained after the network.';
  return [{ id: 'loss-readout', title: 'Loss of the readout', text, width: 'half', charts: [chart] }];
}

function layerAccuracySection(document: ModelDocument, epochs: readonly EpochLine[]): ChartSection[] {
  const lines = epochs.filter(
    ({ layer_accuracy, stage }) => layer_accuracy !== undefined && stage !== 'readout',
  );
  const curves = document.layers.map(
    ({ name }, i): Curve => ({
      label: name,
      ...look(i),
      values: lines.map(({ layer_accuracy }) => numberOf(layer_accuracy, name)),
    }),
  );
  const all = lines.map(({ test_accuracy }) => rounded(test_accuracy));
  const chart: PlacedChart = {
    id: 'layer-accuracy',
    title: '',
    x: lines.map(({ epoch }) => epoch),
    xLabel: 'epoch',
    yLabel: 'test accuracy',
    curves: [...curves, { label: 'all together', colour: '--ink', values: all, dashed: true }],
    percent: true,
    height: LARGE,
  };
  const text = 'On the test split, when only this layer’s goodness decides.';
  return lines.length === 0
    ? []
    : [{ id: chart.id, title: 'Accuracy of each layer alone', text, width: 'half', charts: [chart] }];
}

/** Goodness of true labels compared with that of the others. */
function histogramSection(document: ModelDocument, epochs: readonly EpochLine[]): ChartSection[] {
  const line = epochs.findLast(
    ({ goodness_histogram: found }) =>
      found !== undefined && found.positive.length > 0 && found.to > found.from,
  );
  if (!line) return [];
  const { from, to, positive, negative } = line.goodness_histogram!;
  const x = Array.from({ length: positive.length + 1 }, (_, i) =>
    Number((from + ((to - from) * i) / positive.length).toPrecision(6)),
  );
  const shares = (counts: readonly number[]) => {
    const total = counts.reduce((sum, n) => sum + n, 0);
    // The last bin ends at the last x.
    return [...counts, counts.at(-1)!].map((n) => (total === 0 ? null : rounded(n / total)));
  };
  const { marked } = thetaOf(document);
  const chart: PlacedChart = {
    id: 'histogram',
    title: '',
    x,
    xLabel: 'goodness',
    yLabel: 'share of rows',
    curves: [
      { label: 'positive (true label)', colour: '--positive', values: shares(positive) },
      { label: 'negative (other labels)', colour: '--negative', values: shares(negative) },
    ],
    percent: true,
    bars: true,
    ...(marked === undefined ? {} : { markedX: marked }),
    height: LARGE,
  };
  const text = [
    `Each test sample with every label, epoch ${line.epoch}: the mean over the scored layers and steps.`,
    'The outermost bars include everything beyond.',
    ...(marked === undefined ? [] : ['Dotted: theta.']),
  ].join(' ');
  return [{ id: chart.id, title: 'Goodness of true and other labels', text, width: 'half', charts: [chart] }];
}

/**
 * The characteristic chart of this field: how the goodness of both kinds of data separates as the label takes effect.
 */
function stepsSection(document: ModelDocument, epochs: readonly EpochLine[]): ChartSection[] {
  const last = epochs.at(-1);
  // A single step is what "Goodness over training" shows.
  if (!last || learningSteps(document) < 2) return [];
  const first = epochs.length > 1 ? epochs[0]! : undefined;
  const scored = scoredSteps(document);
  const charts = document.layers.map(({ name }, i): PlacedChart => {
    const of = (steps: BySteps) => steps[name] ?? [];
    const [positive, negative] = [of(last.goodness_steps_positive), of(last.goodness_steps_negative)];
    const x = Array.from({ length: Math.max(positive.length, negative.length) }, (_, step) => step);
    const over = (label: string, colour: string, steps: readonly (number | null)[], faint?: true): Curve => ({
      label,
      colour,
      values: x.map((step) => rounded(steps[step] ?? null)),
      ...(faint ? { faint, dashed: true } : {}),
    });
    const before = first
      ? [
          over(`positive, epoch ${first.epoch}`, '--positive', of(first.goodness_steps_positive), true),
          over(`negative, epoch ${first.epoch}`, '--negative', of(first.goodness_steps_negative), true),
        ]
      : [];
    return {
      id: `timesteps-${i}`,
      title: name,
      x,
      xLabel: 'learning step',
      yLabel: 'goodness',
      curves: [over('positive', '--positive', positive), over('negative', '--negative', negative), ...before],
      between: gapOf(document, i),
      ...(scored && document.score.layers.includes(name) ? { shaded: scored } : {}),
      ...thetaOf(document),
      height: 230,
    };
  });
  const text = [
    `How positive and negative data separate within a batch: means over the last batches of epoch ${last.epoch}.`,
    ...(first ? [`Dashed and faint: epoch ${first.epoch}.`] : []),
    ...(scored ? ['Prediction scores the shaded steps.'] : []),
    ...(thetaOf(document).marked === undefined ? [] : ['Dotted: theta.']),
  ].join(' ');
  return [{ id: 'timesteps', title: 'Goodness by learning step', text, width: 'full', charts }];
}

function goodnessSection(document: ModelDocument, lines: readonly MetricsLine[]): ChartSection[] {
  const charts = document.layers.map(
    ({ name }, i): PlacedChart => ({
      id: `goodness-${i}`,
      title: name,
      x: lines.map(epochsDone),
      xLabel: 'epochs',
      yLabel: 'goodness',
      curves: [
        {
          label: 'positive',
          colour: '--positive',
          values: lines.map(({ goodness_positive }) => numberOf(goodness_positive, name)),
        },
        {
          label: 'negative',
          colour: '--negative',
          values: lines.map(({ goodness_negative }) => numberOf(goodness_negative, name)),
        },
      ],
      between: gapOf(document, i),
      ...thetaOf(document),
      height: SMALL,
    }),
  );
  const over = learningSteps(document) > 1 ? 'the mean over rows and learning steps' : 'the mean over rows';
  const theta = thetaOf(document).marked === undefined ? '' : ' Dotted: theta.';
  const text = `Of positive and negative data in each layer, ${over}.${theta}`;
  return [{ id: 'goodness', title: 'Goodness over training', text, width: 'full', charts }];
}

function learningSteps({ phases }: ModelDocument): number {
  return phases.reduce((sum, { learn, steps }) => sum + (learn ? steps : 0), 0);
}

/** The learning steps that prediction scores, counted over all phases that learn; undefined where it scores others. */
function scoredSteps({ phases, score }: ModelDocument): readonly [number, number] | undefined {
  let before = 0;
  for (const { name, steps, learn } of phases) {
    if (name === score.phase) return learn ? [before + score.from - 0.5, before + score.to + 0.5] : undefined;
    if (learn) before += steps;
  }
  return undefined;
}

/** Of a layer's first two curves, positive and negative, the one that the objective wants above the other. */
function gapOf({ layers, objectives }: ModelDocument, layer: number): readonly [number, number] {
  return objectives[layers[layer]!.objective]!.predict === 'max' ? [0, 1] : [1, 0];
}

/** The y to mark: a threshold named theta. */
function thetaOf({ params }: ModelDocument): { readonly marked?: number } {
  return params.theta === undefined ? {} : { marked: params.theta };
}

/** The colour of a curve among many, dashed where colours come again. */
export function look(index: number): Pick<Curve, 'colour' | 'dashed'> {
  const again = Math.floor(index / COLOURS) % 2 === 1;
  return { colour: `--layer-${index % COLOURS}`, ...(again ? { dashed: true } : {}) };
}

/** A line's position in training, in epochs. */
export function epochsDone({ epoch, batch, batches }: MetricsLine): number {
  return Math.round(1e4 * (epoch - 1 + batch / batches)) / 1e4;
}

export function numberOf(line: ByName | undefined, name: string): number | null {
  return rounded(line?.[name] ?? null);
}

/** Rounded to five digits, more than a chart can show. */
export function rounded(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : Number(value.toPrecision(5));
}
