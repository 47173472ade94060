/**
 * Images from a trained network: its generation graph played from noise or from the data's mean, for each label so
 * many. An image is a function of the seed, its label and its number alone, whichever others are made beside it.
 */
import type { Graph } from '../../compiler/graph/graph.js';
import { failure } from '../../grammar/diagnostic.js';
import type { Normalization, Split } from '../data/dataset.js';
import type { Session } from '../engine.js';
import { uniforms } from '../random/philox.js';
import { SITE } from '../random/sites.js';
import { breathe } from '../train/breathe.js';

export interface GenerateOptions {
  readonly labels: readonly number[];
  /** Images of each label. */
  readonly count: number;
  readonly seed: number;
  /** [input size], as the network sees data; null starts each image from noise of its own. */
  readonly start: Float32Array | null;
  /** What the data's pixels in 0..1 went through; noise goes through it too. */
  readonly normalization: Normalization;
}

export interface Generated {
  readonly label: number;
  /** Among the label's, from 0. */
  readonly number: number;
  /** [input size], as the network sees data. */
  readonly values: Float32Array;
}

/**
 * Images, label after label.
 *
 * @param session of `graph`, which `lowerGeneration` made
 * @throws RffcError RFF712 where an image is not finite
 */
export async function generate(
  session: Session,
  graph: Graph,
  options: GenerateOptions,
): Promise<readonly Generated[]> {
  const { predictBatch: batch, classes } = graph;
  const { size } = graph.document.input;
  const { labels, count, seed, start, normalization } = options;
  const wanted = labels.flatMap((label) => Array.from({ length: count }, (_, number) => ({ label, number })));
  const made: Generated[] = [];
  for (let first = 0; first < wanted.length; first += batch) {
    const chunk = wanted.slice(first, first + batch);
    const x = new Float32Array(batch * size);
    const onehot = new Float32Array(batch * classes);
    chunk.forEach(({ label, number }, i) => {
      onehot[i * classes + label] = 1;
      x.set(start ?? noise(seed, label, number, size, normalization), i * size);
    });
    session.write('predict/x', x);
    session.write('predict/label', onehot);
    await session.run('predict', { epoch: 0, batch: 0, trained: 0, rate: 1 });
    const images = await session.read('predict/image');
    chunk.forEach(({ label, number }, i) => {
      const values = images.slice(i * size, (i + 1) * size);
      const bad = values.find((value) => !Number.isFinite(value));
      if (bad !== undefined)
        throw failure('RFF712', `an image of label ${label} has the value ${bad}`, {
          hint: 'the network runs away from what it has seen: take fewer `--steps`',
        });
      made.push({ label, number, values });
    });
    await breathe();
  }
  return made;
}

/** Pixels in [0, 1), as the network sees them. */
function noise(
  seed: number,
  label: number,
  number: number,
  size: number,
  { mean, std }: Normalization,
): Float32Array {
  return uniforms(seed, SITE.generation, label, number, size).map((u) => (u - mean) / std);
}

/** The mean of a split's first frames [input size], as the network sees data. */
export function meanFrame({ count, gather }: Split, frames: number, inputSize: number): Float32Array {
  const sum = new Float64Array(inputSize);
  const most = 256;
  for (let first = 0; first < count; first += most) {
    const indices = Array.from({ length: Math.min(most, count - first) }, (_, i) => first + i);
    const values = new Float32Array(frames * indices.length * inputSize);
    gather(indices, values);
    for (let i = 0; i < indices.length * inputSize; i++) sum[i % inputSize]! += values[i]!;
  }
  return Float32Array.from(sum, (value) => value / count);
}
