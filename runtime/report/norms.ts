/**
 * How large a network's parameters are and how they move: what `--metrics` adds to a run's lines. Everything is read
 * from the session between two batches, so the programs that train know nothing of it and a run that does not ask pays
 * nothing.
 */
import { decoderParameters } from '../../compiler/graph/decoder.js';
import type { ModelDocument, Optimizer } from '../../compiler/model.js';
import type { Network } from '../../compiler/network.js';
import type { Session } from '../engine.js';
import type { BatchNorms, ByName, MetricKind } from '../run/metrics.js';
import type { BatchReport, Measures } from '../train/train.js';

/** Parameters by name. */
export type Parameters = ReadonlyMap<string, Float32Array>;

/** Every parameter's values, copied out of a session. */
export async function readParameters(session: Session): Promise<Parameters> {
  const parameters = new Map<string, Float32Array>();
  for (const { name, role } of session.tensors)
    if (role === 'parameter') parameters.set(name, await session.read(name));
  return parameters;
}

/** The Euclidean norm of each parameter. */
export function normsOf(parameters: Parameters): ByName {
  return byName(parameters, (values) => Math.sqrt(dot(values, values)));
}

/** The Euclidean norm of what each parameter has moved by. */
export function updateNorms(before: Parameters, after: Parameters): ByName {
  return byName(after, (values, name) => distance(before.get(name)!, values));
}

/**
 * The cosine of the angle at `b` between the ways a → b and b → c: 1 where two successive updates agree, 0 where they
 * have nothing to do with each other, -1 where the second takes the first back. Parameters that did not move have none.
 */
export function updateCosines(a: Parameters, b: Parameters, c: Parameters): ByName {
  const cosines: Record<string, number> = {};
  for (const [name, after] of c) {
    const [first, middle] = [a.get(name)!, b.get(name)!];
    let [inner, before2, after2] = [0, 0, 0];
    for (let i = 0; i < after.length; i++) {
      const [u, v] = [middle[i]! - first[i]!, after[i]! - middle[i]!];
      inner += u * v;
      before2 += u * u;
      after2 += v * v;
    }
    if (before2 > 0 && after2 > 0) cosines[name] = inner / Math.sqrt(before2 * after2);
  }
  return cosines;
}

export interface NormsMeter {
  /**
   * After every batch: what is due of it. A batch is due where its number in the epoch (from 1) is a multiple of
   * `every`; the parameters are read then, and after the one or two batches before that.
   */
  batch(report: BatchReport): Promise<BatchNorms>;
}

/** A meter of the kinds asked for; it may read the parameters as they are now. */
export async function openNorms(
  session: Session,
  network: Network,
  kinds: readonly MetricKind[],
  every: number,
  start: { readonly batch: number; readonly trained: number },
): Promise<NormsMeter> {
  const moves = kinds.includes('updates') || kinds.includes('angles');
  const plain = plainSgd(network.document);
  const needsBefore = moves || (kinds.includes('norms') && plain.size > 0);
  const reach = kinds.includes('angles') ? 2 : needsBefore ? 1 : 0;
  // The parameters after each of the latest batches, the last one first; what is not needed is not read.
  let seen: { readonly trained: number; readonly parameters: Parameters }[] = [];
  const look = async (trained: number) => {
    seen = [{ trained, parameters: await readParameters(session) }, ...seen].slice(0, reach + 1);
  };
  const ahead = (batch: number) => {
    for (let n = 1; n <= reach; n++) if ((batch + n) % every === 0) return true;
    return false;
  };
  if (kinds.length > 0 && ahead(start.batch)) await look(start.trained);
  return {
    async batch(report) {
      const { batch, trained } = report.position;
      const due = kinds.length > 0 && batch % every === 0;
      if (due || ahead(batch)) await look(trained);
      if (!due) return {};
      const [now, before, beforeThat] = seen.filter((one, i) => one.trained === trained - i);
      const { parameters } = now!;
      const updates = before && updateNorms(before.parameters, parameters);
      return {
        ...(kinds.includes('norms')
          ? {
              weight_norm: normsOf(parameters),
              gradient_norm: await gradientNorms(session, network, report, plain, updates),
              ...activityNorms(network.document, report),
            }
          : {}),
        ...(kinds.includes('updates') && updates ? { update_norm: updates } : {}),
        ...(kinds.includes('angles') && before && beforeThat
          ? { update_angle: updateCosines(beforeThat.parameters, before.parameters, parameters) }
          : {}),
      };
    },
  };
}

/**
 * What is known of each parameter's gradient without the engine's help. Plain SGD moves by lr · gradient, so the
 * batch's update over lr is the sum of its steps' gradients. Momentum keeps a running gradient, the others a running
 * mean of its square, and the norm of that (for Adam without its bias) is the gradient's over the last steps.
 */
async function gradientNorms(
  session: Session,
  network: Network,
  { rate, position }: BatchReport,
  plain: ReadonlyMap<string, number>,
  updates: ByName | undefined,
): Promise<ByName> {
  const norms: Record<string, number> = {};
  for (const { name, role } of session.tensors) {
    if (role !== 'parameter') continue;
    const lr = plain.get(name);
    if (lr !== undefined) {
      if (updates && lr * rate > 0) norms[name] = updates[name]! / (lr * rate);
      continue;
    }
    const state = (kind: string) => {
      const key = `optimizer/${name}/${kind}`;
      return session.tensors.some((tensor) => tensor.name === key) ? session.read(key) : undefined;
    };
    const optimizer = optimizerOf(network.document, name);
    const squares = await (state('square_avg') ?? state('exp_avg_sq'));
    if (squares) {
      const updated = position.trained * (name === CLASSIFIER ? 1 : network.learnSteps);
      const seen = 'beta2' in optimizer ? 1 - optimizer.beta2 ** updated : 1;
      norms[name] = Math.sqrt(squares.reduce((sum, v) => sum + v, 0) / seen);
      continue;
    }
    const buffer = await state('momentum_buffer');
    if (buffer) norms[name] = Math.sqrt(dot(buffer, buffer));
  }
  return norms;
}

/**
 * The root mean square, over a batch's rows and learning steps, of the norm of each layer's activity h [layer size]. It
 * is known where goodness is the mean or the sum of h²; a layer with another goodness is left out.
 */
export function activityNorms(
  { layers, objectives }: ModelDocument,
  { goodnessPositive, goodnessNegative }: Measures,
): Pick<BatchNorms, 'activity_norm_positive' | 'activity_norm_negative'> {
  const norms = (goodness: readonly number[]) =>
    Object.fromEntries(
      layers.flatMap(({ name, size, objective }, i) => {
        const factor = SQUARED[JSON.stringify(objectives[objective]!.goodness)];
        return factor ? [[name, Math.sqrt(goodness[i]! * (factor === 'mean' ? size : 1))]] : [];
      }),
    );
  return { activity_norm_positive: norms(goodnessPositive), activity_norm_negative: norms(goodnessNegative) };
}

/** How a goodness that is a mean or a sum of squares is written in a model document. */
const SQUARED: Readonly<Record<string, 'mean' | 'sum'>> = Object.fromEntries(
  (['mean', 'sum'] as const).flatMap((reduce) =>
    [
      ['pow', 'h', 2],
      ['mul', 'h', 'h'],
    ].map((square) => [JSON.stringify([reduce, square]), reduce]),
  ),
);

const CLASSIFIER = 'classifier.weight';

function optimizerOf(
  { connections, decoder, input, layers, negatives, train }: ModelDocument,
  parameter: string,
): Optimizer {
  if (parameter === CLASSIFIER && negatives.name === 'latent_classifier') return negatives.optimizer;
  if (decoder && parameter.startsWith(`${input.name}.`)) return decoder.optimizer ?? train.optimizer;
  const connection = connections.find(({ name }) => parameter.startsWith(`${name}.`));
  return layers.find(({ name }) => name === connection?.target)?.optimizer ?? train.optimizer;
}

/**
 * The learning rates of the parameters that plain SGD moves, by name: without momentum, and with no weight to decay.
 */
function plainSgd(document: ModelDocument): Map<string, number> {
  const rates = new Map<string, number>();
  const consider = (parameter: string, scale: number) => {
    const optimizer = optimizerOf(document, parameter);
    if (optimizer.name === 'sgd' && optimizer.momentum === 0 && optimizer.weight_decay === 0)
      rates.set(parameter, optimizer.lr * scale);
  };
  for (const { name, lr_scale } of document.connections)
    for (const part of ['weight', 'bias']) consider(`${name}.${part}`, lr_scale);
  for (const { name } of decoderParameters(document)) consider(name, document.decoder!.lr_scale);
  if (document.negatives.name === 'latent_classifier') consider(CLASSIFIER, 1);
  return rates;
}

function byName(parameters: Parameters, value: (values: Float32Array, name: string) => number): ByName {
  return Object.fromEntries([...parameters].map(([name, values]) => [name, value(values, name)]));
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (b[i]! - a[i]!) ** 2;
  return Math.sqrt(sum);
}
