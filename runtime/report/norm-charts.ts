/**
 * The charts of norms: how large parameters are, what an epoch or a batch moved them by, and what `--metrics` asked
 * for.
 */
import { classifierOf } from '../../compiler/graph/classifier.js';
import { decoderParameters } from '../../compiler/graph/decoder.js';
import { weightOf } from '../../compiler/graph/tensors.js';
import type { ModelDocument } from '../../compiler/model.js';
import type { BatchLine, ByName, EpochLine, MetricsLine } from '../folder/metrics.js';
import {
  type ChartSection,
  drawable,
  epochsDone,
  LARGE,
  type Lines,
  linesOf,
  look,
  numberOf,
  SMALL,
} from './charts.js';
import type { PlacedChart } from './shell.js';

/** With more curves than this, each layer gets its own chart. */
const MOST_CURVES = 4;

/** Sections of norms. */
export function normSections(document: ModelDocument, lines: Lines): ChartSection[] {
  const { epochs, batches } = linesOf('network', lines);
  return drawable([...epochNorms(document, epochs), ...batchNorms(document, batches)]);
}

/** What every run's epochs tell. */
function epochNorms(document: ModelDocument, epochs: readonly EpochLine[]): ChartSection[] {
  const section = (title: string, text: string, id: string, of: (line: EpochLine) => ByName | undefined) =>
    weightSection(document, { title, text, id, yLabel: 'Euclidean norm', xLabel: 'epoch' }, epochs, of);
  return [
    section(
      'Weight norms',
      'The Euclidean norm of each connection’s weights after each epoch.',
      'weights',
      (line) => line.weight_norm,
    ),
    section(
      'Weight change per epoch',
      'The Euclidean norm of the change of each connection’s weights in an epoch.',
      'updates',
      (line) => line.update_norm,
    ),
  ];
}

/** What `--metrics` asked for. */
function batchNorms(document: ModelDocument, batches: readonly BatchLine[]): ChartSection[] {
  const section = (
    title: string,
    text: string,
    id: string,
    yLabel: string,
    of: (line: BatchLine) => ByName | undefined,
  ) => weightSection(document, { title, text, id, yLabel, xLabel: 'epochs' }, batches, of);
  return [
    section(
      'Gradient norms',
      'The Euclidean norm of each connection’s gradient, estimated from its optimizer’s state.',
      'gradients',
      'Euclidean norm',
      (line) => line.gradient_norm,
    ),
    section(
      'Weight change per batch',
      'The Euclidean norm of the change of each connection’s weights in a batch.',
      'batch-updates',
      'Euclidean norm',
      (line) => line.update_norm,
    ),
    section(
      'Agreement of successive updates',
      'The cosine of the angle between the updates of two successive batches: 1 for the same direction.',
      'angles',
      'cosine',
      (line) => line.update_angle,
    ),
    ...activitySection(document, batches),
  ];
}

function activitySection({ layers }: ModelDocument, batches: readonly BatchLine[]): ChartSection[] {
  const values = (name: string, of: (line: BatchLine) => ByName | undefined) =>
    batches.map((line) => numberOf(of(line), name));
  const charts = layers.map(
    ({ name }, i): PlacedChart => ({
      id: `activity-${i}`,
      title: name,
      x: batches.map(epochsDone),
      xLabel: 'epochs',
      yLabel: 'Euclidean norm',
      curves: [
        {
          label: 'positive',
          colour: '--positive',
          values: values(name, (line) => line.activity_norm_positive),
        },
        {
          label: 'negative',
          colour: '--negative',
          values: values(name, (line) => line.activity_norm_negative),
        },
      ],
      height: SMALL,
    }),
  );
  const text = 'The root mean square norm of each layer’s activity, for positive and for negative data.';
  return [{ id: 'activity', title: 'Activity norms', text, width: 'full', charts }];
}

/** One curve per weight; biases would double the number of curves and say little. */
function weightSection<L extends MetricsLine>(
  document: ModelDocument,
  { title, text, id, yLabel, xLabel }: Record<'title' | 'text' | 'id' | 'yLabel' | 'xLabel', string>,
  lines: readonly L[],
  of: (line: L) => ByName | undefined,
): ChartSection {
  const known = new Set(lines.flatMap((line) => Object.keys(of(line) ?? {})));
  const weights = weightsOf(document);
  const shown = [...known].flatMap((name) => weights.filter((weight) => weight.name === name));
  const x = xLabel === 'epoch' ? lines.map(({ epoch }) => epoch) : lines.map(epochsDone);
  const chart = (key: string, heading: string, own: readonly Weight[], height: number): PlacedChart => ({
    id: key,
    title: heading,
    x,
    xLabel,
    yLabel,
    curves: own.map(({ name, label, within }, i) => ({
      label: heading === '' ? label : within,
      ...look(i),
      values: lines.map((line) => numberOf(of(line), name)),
    })),
    height,
  });
  if (shown.length <= MOST_CURVES)
    return { id, title, text, width: 'half', charts: [chart(id, '', shown, LARGE)] };
  const headings = [...new Set(shown.map(({ target }) => target))];
  const charts = headings.map((heading, i) => {
    const own = shown.filter(({ target }) => target === heading);
    return chart(`${id}-${i}`, heading, own, SMALL);
  });
  return { id, title, text, width: 'full', charts };
}

/** A parameter that is a weight, as charts show it. */
interface Weight {
  readonly name: string;
  /** What it belongs to: the layer that its connection ends in, the input that a decoder makes, or the classifier. */
  readonly target: string;
  /** On a chart of all, and on one that is headed by its target. */
  readonly label: string;
  readonly within: string;
}

/** A network's weights, those of its readout left out: they stay as they are while it is trained. */
function weightsOf(document: ModelDocument): Weight[] {
  const { connections, input } = document;
  const classifier = classifierOf(document);
  return [
    ...connections.map((connection) => ({
      name: weightOf(connection).name,
      target: connection.target,
      label: connection.name,
      within: `${connection.source}.${connection.type}`,
    })),
    ...decoderParameters(document).flatMap(({ name, reads }) => {
      const within = `${reads}.decode`;
      return reads === null ? [] : [{ name, target: input.name, label: `${input.name}.${within}`, within }];
    }),
    ...(classifier
      ? [{ name: classifier.weight, target: 'classifier', label: 'classifier', within: 'classifier' }]
      : []),
  ];
}
