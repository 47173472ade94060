/**
 * A model's parameters: their names, shapes and first values.
 *
 * The host draws them, not the engine, so that every backend starts from the same bytes.
 */
import { fansOf } from '../../compiler/field.js';
import { classifierOf } from '../../compiler/graph/classifier.js';
import { decoderParameters } from '../../compiler/graph/decoder.js';
import { stateAtStart, type TensorInfo } from '../../compiler/graph/tensors.js';
import type { Init, ModelDocument } from '../../compiler/model.js';
import type { Session } from '../engine.js';
import { type Fans, initialize } from '../random/initialize.js';
import { SITE } from '../random/sites.js';
import { lengthOf } from '../tensors.js';

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Init;
  /** Of the connection: a bias has those of its weight. */
  readonly fans: Fans;
  /** What keys its random numbers. A connection owns two sites, so that a bias switched off changes no other draw. */
  readonly site: number;
}

/** `nn.Linear`'s default, U(±1/√fan_in): what the seed's classifier starts from. */
const LINEAR: Init = { name: 'kaiming_uniform', gain: Math.sqrt(1 / 3) };

/**
 * Every parameter of a model under the language's names, in the document's order: `TARGET.SOURCE.TYPE.weight`
 * [target, fan-in] and `.bias` [target] for each connection, then the decoder's, then `classifier.weight` and
 * `readout.weight` [classes, features].
 */
export function parametersOf(document: ModelDocument): Parameter[] {
  const sizes = new Map<string, number>([
    [document.input.name, document.input.size],
    ...(document.label ? [[document.label.name, document.label.classes] as const] : []),
    ...document.layers.map((layer) => [layer.name, layer.size] as const),
  ]);
  const size = (name: string) => sizes.get(name)!;
  const parameters: Parameter[] = [];
  document.connections.forEach(({ name, target, source, init, bias, field }, index) => {
    const site = SITE.initialization + 2 * index;
    const { in: fanIn, out: fanOut } = fansOf(size(source), size(target), field);
    const fans = { fanIn, fanOut };
    parameters.push({ name: `${name}.weight`, shape: [size(target), fanIn], init, fans, site });
    if (bias)
      parameters.push({ name: `${name}.bias`, shape: [size(target)], init: bias, fans, site: site + 1 });
  });
  const after = SITE.initialization + 2 * document.connections.length;
  const { decoder, input } = document;
  const decoding = decoderParameters(document);
  if (decoder) {
    const heard = decoder.layers.reduce((sum, layer) => sum + size(layer), 0);
    const fans = { fanIn: heard, fanOut: input.size };
    decoding.forEach(({ name, reads }, i) => {
      parameters.push({
        name,
        shape: reads === null ? [input.size] : [input.size, size(reads)],
        init: reads === null ? decoder.bias! : decoder.init,
        fans,
        site: after + 1 + i,
      });
    });
  }
  if (!document.label) return parameters;
  const { classes } = document.label;
  for (const [purpose, site] of [
    ['network', after],
    ['readout', after + 1 + decoding.length],
  ] as const) {
    const classifier = classifierOf(document, purpose);
    if (!classifier) continue;
    const features = classifier.layers.reduce((sum, layer) => sum + size(layer), 0);
    const fans = { fanIn: features, fanOut: classes };
    parameters.push({ name: classifier.weight, shape: [classes, features], init: LINEAR, fans, site });
  }
  return parameters;
}

/**
 * The first values of every parameter, row-major, by name; drawn from the model's seed, the same on every backend. One
 * at a time: all of them at once would double a large network's memory.
 */
export function* initializeParameters(document: ModelDocument): Generator<readonly [string, Float32Array]> {
  for (const { name, shape, init, fans, site } of parametersOf(document)) {
    const [rows, columns] = shape.length === 2 ? [shape[0]!, shape[1]!] : [1, shape[0]!];
    yield [name, initialize(init, rows, columns, document.train.seed, site, fans)];
  }
}

/**
 * Puts the readout of a session at its own start: its first weights, and the state of its optimizer.
 * @throws RffcError if the session has none
 */
export function resetReadout(session: Session, document: ModelDocument): void {
  const weight = parametersOf(document).find(({ name }) => name === 'readout.weight');
  if (!weight) return;
  const [rows, columns] = weight.shape as [number, number];
  session.write(
    weight.name,
    initialize(weight.init, rows, columns, document.train.seed, weight.site, weight.fans),
  );
  for (const tensor of session.tensors) {
    if (tensor.role !== 'state' || tensor.parameter !== weight.name) continue;
    session.write(tensor.name, firstState(tensor));
  }
}

/** Gives every parameter and state that nobody has written its first value: all of them in a new session. */
export function initializeMissing(session: Session, document: ModelDocument): void {
  const missing = new Map(
    session.tensors
      .filter(({ name, role }) => (role === 'parameter' || role === 'state') && !session.written.has(name))
      .map((info) => [info.name, info] as const),
  );
  if (missing.size === 0) return;
  for (const [name, values] of initializeParameters(document))
    if (missing.has(name)) session.write(name, values);
  for (const info of missing.values()) if (info.role === 'state') session.write(info.name, firstState(info));
}

/** What a state tensor holds when training begins. */
function firstState(tensor: TensorInfo): Float32Array {
  return new Float32Array(lengthOf(tensor.shape)).fill(stateAtStart(tensor));
}

/**
 * Puts a session at the start of training: the given parameters, and every state as `stateAtStart` has it.
 * @throws RffcError if a name or a length is not the session's.
 */
export function resetSession(session: Session, parameters: Iterable<readonly [string, Float32Array]>): void {
  for (const [name, values] of parameters) session.write(name, values);
  for (const tensor of session.tensors)
    if (tensor.role === 'state') session.write(tensor.name, firstState(tensor));
}
