/** The curves of a report, from the lines of a run's metrics. */

import type { ModelDocument } from '../../compiler/model.js';
import {
  type BatchLine,
  type ByName,
  type BySteps,
  chosenAccuracy,
  type EpochLine,
  type MetricsLine,
} from '../run/metrics.js';
import type { StageName } from '../train/train.js';
import { COLOURS } from './diagram.js';
import type { Chart, Curve } from './page.js';

/** A chart with its place in the page: charts of one section stand together, side by side where they are `small`. */
export interface PlacedChart extends Chart {
  readonly title: string;
}
export interface ChartSection {
  readonly title: string;
  readonly text: string;
  readonly width: 'half' | 'full';
  readonly charts: readonly PlacedChart[];
}

const LARGE = 250;
const SMALL = 190;

/** Every section of charts that there are lines for. */
export function chartSections(
  document: ModelDocument,
  batches: readonly BatchLine[],
  epochs: readonly EpochLine[],
): ChartSection[] {
  const [network, readout] = (['network', 'readout'] as const).map((stage) => {
    const of = <L extends MetricsLine>(lines: readonly L[]) =>
      lines.filter((line) => (line.stage ?? 'network') === stage);
    return { batches: of(batches), epochs: of(epochs) };
  });
  return [...networkSections(document, network!), ...readoutSections(readout!)];
}

interface Lines {
  readonly batches: readonly BatchLine[];
  readonly epochs: readonly EpochLine[];
}

function networkSections(document: ModelDocument, { batches, epochs }: Lines): ChartSection[] {
  const lines = batches.length > 1 ? batches : epochs;
  return [
    ...accuracySection(epochs),
    ...lossSection(document, lines),
    ...timestepsSection(document, epochs),
    ...goodnessSection(document, lines),
    ...epochNorms(epochs),
    ...batchNorms(document, batches),
  ];
}

/** What a readout comes to, with the network as it is. */
function readoutSections({ batches, epochs }: Lines): ChartSection[] {
  const lines = batches.length > 1 ? batches : epochs;
  if (lines.length === 0) return [];
  const loss: PlacedChart = {
    id: 'loss-readout',
    title: '',
    x: lines.map(epochsDone),
    xLabel: 'epochs of the readout',
    curves: [
      { label: 'cross-entropy', colour: '--accent', values: lines.map((l) => l.classifier_loss ?? null) },
    ],
    height: LARGE,
  };
  const text = 'The softmax on the activities, trained after the network.';
  return [
    ...accuracySection(epochs, 'readout'),
    { title: 'Loss of the readout', text, width: 'half', charts: [loss] },
  ];
}

function accuracySection(epochs: readonly EpochLine[], of: StageName = 'network'): ChartSection[] {
  const judged = epochs.filter((line) => chosenAccuracy(line) !== null);
  if (judged.length === 0) return [];
  const accuracy = (label: string, colour: string, value: (line: EpochLine) => number | null): Curve[] => {
    const values = judged.map(value);
    return values.every((value) => value === null) ? [] : [{ label, colour, values }];
  };
  const curves = [
    ...accuracy('test accuracy', '--accent', (line) => line.test_accuracy),
    ...accuracy('validation accuracy', '--positive', (line) => line.validation_accuracy ?? null),
    ...accuracy('by softmax', '--quiet', (line) => line.test_accuracy_softmax ?? null),
  ];
  const chart: PlacedChart = {
    id: of === 'network' ? 'accuracy' : 'accuracy-readout',
    title: '',
    x: judged.map(({ epoch }) => epoch),
    xLabel: 'epoch',
    curves,
    percent: true,
    height: LARGE,
  };
  const splits = judged.some((line) => line.validation_accuracy !== undefined)
    ? 'the test split and what was kept aside'
    : 'the test split';
  return [
    {
      title: of === 'network' ? 'Accuracy' : 'Accuracy of the readout',
      text: `On ${splits}, after each epoch.`,
      width: 'half',
      charts: [chart],
    },
  ];
}

function lossSection({ layers }: ModelDocument, lines: readonly (BatchLine | EpochLine)[]): ChartSection[] {
  if (lines.length === 0) return [];
  const classifier = lines.map(({ classifier_loss }) => classifier_loss ?? null);
  const curves: Curve[] = layers.map(({ name }, i) => ({
    label: name,
    colour: layerColour(i),
    values: lines.map(({ loss }) => numberOf(loss, name)),
  }));
  const decoder = lines.map(({ decode_loss }) => decode_loss ?? null);
  if (classifier.some((value) => value !== null))
    curves.push({ label: 'classifier', colour: '--quiet', values: classifier, dashed: true });
  if (decoder.some((value) => value !== null))
    curves.push({ label: 'decoder', colour: '--ink', values: decoder, dashed: true });
  const chart: PlacedChart = {
    id: 'loss',
    title: '',
    x: lines.map(epochsDone),
    xLabel: 'epochs',
    curves,
    height: LARGE,
  };
  const text = 'Of each layer while training, a mean over rows and learning steps.';
  return [{ title: 'Loss', text, width: 'half', charts: [chart] }];
}

/** The picture of this field: how the goodness of both kinds of data comes apart as the label makes itself felt. */
function timestepsSection(document: ModelDocument, epochs: readonly EpochLine[]): ChartSection[] {
  const last = epochs.at(-1);
  if (!last) return [];
  const first = epochs.length > 1 ? epochs[0]! : undefined;
  const scored = scoredSteps(document);
  const charts = document.layers.map(({ name }, i): PlacedChart => {
    const steps = (of: BySteps) => of[name] ?? [];
    const x = steps(last.goodness_steps_positive).map((_, step) => step);
    const faint = first
      ? [
          curve(`positive, epoch ${first.epoch}`, '--positive', steps(first.goodness_steps_positive), true),
          curve(`negative, epoch ${first.epoch}`, '--negative', steps(first.goodness_steps_negative), true),
        ]
      : [];
    return {
      id: `timesteps-${i}`,
      title: name,
      x,
      xLabel: 'learning step',
      curves: [
        curve('positive', '--positive', steps(last.goodness_steps_positive)),
        curve('negative', '--negative', steps(last.goodness_steps_negative)),
        ...faint,
      ],
      between: gapOf(document, i),
      ...(scored && document.score.layers.includes(name) ? { shaded: scored } : {}),
      ...thetaOf(document),
      height: 230,
    };
  });
  const text = [
    `Positive and negative data while the label is shown: means over the last batches of epoch ${last.epoch}.`,
    ...(first ? [`Dashed and faint: epoch ${first.epoch}.`] : []),
    ...(scored ? ['Prediction scores the shaded steps.'] : []),
    ...(thetaOf(document).marked === undefined ? [] : ['Dotted: theta.']),
  ].join(' ');
  return [{ title: 'Goodness over the timesteps', text, width: 'full', charts }];
}

function goodnessSection(document: ModelDocument, lines: readonly MetricsLine[]): ChartSection[] {
  if (lines.length < 2) return [];
  const x = lines.map(epochsDone);
  const charts = document.layers.map(
    ({ name }, i): PlacedChart => ({
      id: `goodness-${i}`,
      title: name,
      x,
      xLabel: 'epochs',
      curves: [
        curve(
          'positive',
          '--positive',
          lines.map(({ goodness_positive }) => numberOf(goodness_positive, name)),
        ),
        curve(
          'negative',
          '--negative',
          lines.map(({ goodness_negative }) => numberOf(goodness_negative, name)),
        ),
      ],
      between: gapOf(document, i),
      ...thetaOf(document),
      height: SMALL,
    }),
  );
  return [
    {
      title: 'Goodness while training',
      text: 'Of positive and negative data in each layer, a mean over the learning steps.',
      width: 'full',
      charts,
    },
  ];
}

function epochNorms(epochs: readonly EpochLine[]): ChartSection[] {
  if (epochs.length === 0) return [];
  const x = epochs.map(({ epoch }) => epoch);
  const section = (title: string, text: string, id: string, of: (line: EpochLine) => ByName | undefined) =>
    parameterSection(title, text, id, x, 'epoch', epochs.map(of), 'half');
  return [
    ...section(
      'Weight norms',
      'The Euclidean norm of each connection’s weights.',
      'weights',
      (line) => line.weight_norm,
    ),
    ...section(
      'Update norms',
      'What each connection’s weights moved by in an epoch.',
      'updates',
      (l) => l.update_norm,
    ),
  ];
}

/** What `--metrics` asked for. */
function batchNorms({ layers }: ModelDocument, batches: readonly BatchLine[]): ChartSection[] {
  const x = batches.map(epochsDone);
  const section = (title: string, text: string, id: string, of: (line: BatchLine) => ByName | undefined) =>
    parameterSection(title, text, id, x, 'epochs', batches.map(of), 'half');
  const activity = layers.filter(({ name }) =>
    batches.some(({ activity_norm_positive }) => activity_norm_positive?.[name] !== undefined),
  );
  return [
    ...section('Gradient norms', 'As the optimizer has them.', 'gradients', (line) => line.gradient_norm),
    ...section(
      'Updates of a batch',
      'What each connection’s weights moved by in a batch.',
      'batch-updates',
      (line) => line.update_norm,
    ),
    ...section(
      'Angles of updates',
      'The cosine between successive batches’ updates: 1 where they agree.',
      'angles',
      (line) => line.update_angle,
    ),
    ...(activity.length === 0
      ? []
      : [
          {
            title: 'Activity norms',
            text: 'The root mean square norm of a layer’s activity: solid for positive data, dashed for negative.',
            width: 'half' as const,
            charts: [
              {
                id: 'activity',
                title: '',
                x,
                xLabel: 'epochs',
                curves: activity.flatMap(({ name }): Curve[] => {
                  const colour = layerColour(layers.findIndex((layer) => layer.name === name));
                  const values = (of: (line: BatchLine) => ByName | undefined) =>
                    batches.map((line) => numberOf(of(line), name));
                  return [
                    { label: name, colour, values: values((line) => line.activity_norm_positive) },
                    {
                      label: `${name}, negative`,
                      colour,
                      values: values((l) => l.activity_norm_negative),
                      dashed: true,
                    },
                  ];
                }),
                height: LARGE,
              },
            ],
          },
        ]),
  ];
}

/** A curve for each parameter that is a weight; biases would double the number of curves and say little. */
function parameterSection(
  title: string,
  text: string,
  id: string,
  x: readonly number[],
  xLabel: string,
  lines: readonly (ByName | undefined)[],
  width: ChartSection['width'],
): ChartSection[] {
  const names = [...new Set(lines.flatMap((line) => Object.keys(line ?? {})))].filter((n) =>
    n.endsWith('.weight'),
  );
  if (names.length === 0) return [];
  const curves = names.map(
    (name, i): Curve => ({
      label: name.slice(0, -'.weight'.length),
      colour: layerColour(i),
      values: lines.map((line) => numberOf(line, name)),
      ...(Math.floor(i / COLOURS) % 2 === 1 ? { dashed: true as const } : {}),
    }),
  );
  return [{ title, text, width, charts: [{ id, title: '', x, xLabel, curves, height: LARGE }] }];
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

/** The height to mark: a threshold is called theta in this field. */
function thetaOf({ params }: ModelDocument): { readonly marked?: number } {
  return params.theta === undefined ? {} : { marked: params.theta };
}

function curve(label: string, colour: string, values: Curve['values'], faint?: true): Curve {
  return { label, colour, values: values.map(rounded), ...(faint ? { faint, dashed: true } : {}) };
}

function layerColour(index: number): string {
  return `--layer-${index % COLOURS}`;
}

/** Where in training a line was written, in epochs. */
function epochsDone({ epoch, batch, batches }: MetricsLine): number {
  return Math.round(1e4 * (epoch - 1 + batch / batches)) / 1e4;
}

function numberOf(line: ByName | undefined, name: string): number | null {
  return rounded(line?.[name] ?? null);
}

/** Five digits are more than a chart shows. */
function rounded(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : Number(value.toPrecision(5));
}
