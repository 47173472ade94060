/**
 * The charts of norms: how large parameters are, what an epoch or a batch moved them by, and what `--metrics` asked
 * for.
 */
import type { Classifier } from '../../compiler/graph/classifier.js';
import { decoderParameters } from '../../compiler/graph/decoder.js';
import type { ModelDocument } from '../../compiler/model.js';
import type { BatchLine, ByName, EpochLine, MetricsLine } from '../run/metrics.js';
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

/** More curves than these are told apart only where each layer has a chart of its own. */
const MOST_CURVES = 4;
const WEIGHT = '.weight';
const READOUT: Classifier['weight'] = 'readout.weight';

/** Sections of how large parameters are and how they move. */
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
      'The Euclidean norm of what a whole epoch moved each connection’s weights by.',
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
      'The Euclidean norm of each connection’s gradient, as its optimizer keeps it.',
      'gradients',
      'Euclidean norm',
      (line) => line.gradient_norm,
    ),
    section(
      'Weight change per batch',
      'The Euclidean norm of what a single batch moved each connection’s weights by.',
      'batch-updates',
      'Euclidean norm',
      (line) => line.update_norm,
    ),
    section(
      'Agreement of successive updates',
      'The cosine of the angle between the updates of two successive batches: 1 where they agree.',
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

/** A curve for each parameter that is a weight; biases would double the number of curves and say little. */
function weightSection<L extends MetricsLine>(
  document: ModelDocument,
  { title, text, id, yLabel, xLabel }: Record<'title' | 'text' | 'id' | 'yLabel' | 'xLabel', string>,
  lines: readonly L[],
  of: (line: L) => ByName | undefined,
): ChartSection {
  const known = new Set(lines.flatMap((line) => Object.keys(of(line) ?? {})));
  // A readout stays as it is while the network is trained.
  const names = [...known].filter((name) => name.endsWith(WEIGHT) && !(document.readout && name === READOUT));
  const x = xLabel === 'epoch' ? lines.map(({ epoch }) => epoch) : lines.map(epochsDone);
  const chart = (key: string, heading: string, shown: readonly string[], height: number): PlacedChart => ({
    id: key,
    title: heading,
    x,
    xLabel,
    yLabel,
    curves: shown.map((name, i) => ({
      label: name.slice(heading === '' ? 0 : prefixOf(document, name).length, -WEIGHT.length),
      ...look(i),
      values: lines.map((line) => numberOf(of(line), name)),
    })),
    height,
  });
  if (names.length <= MOST_CURVES)
    return { id, title, text, width: 'half', charts: [chart(id, '', names, LARGE)] };
  const headings = [...new Set(names.map((name) => targetOf(document, name)))];
  const charts = headings.map((heading, i) => {
    const own = names.filter((name) => targetOf(document, name) === heading);
    return chart(`${id}-${i}`, heading, own, SMALL);
  });
  return { id, title, text, width: 'full', charts };
}

/**
 * What a weight belongs to: the layer that its connection ends in, the input that a decoder makes, or the classifier.
 */
function targetOf(document: ModelDocument, weight: string): string {
  const decoded = decoderParameters(document).some(({ name }) => name === weight);
  return connectionOf(document, weight)?.target ?? (decoded ? document.input.name : 'classifier');
}

/** What a chart that is headed by its layer need not repeat in each name: `h1.` of `h1.image.forward`. */
function prefixOf(document: ModelDocument, weight: string): string {
  const prefix = `${targetOf(document, weight)}.`;
  return weight.startsWith(prefix) && weight !== `${prefix}${WEIGHT.slice(1)}` ? prefix : '';
}

function connectionOf({ connections }: ModelDocument, weight: string) {
  return connections.find(({ name }) => weight === `${name}${WEIGHT}`);
}
