/**
 * Assembles a training batch: samples, labels, negative labels.
 *
 * Everything is keyed by (seed, epoch, batch), so any batch of a run can be reproduced, which lets a run
 * resume in the middle of an epoch.
 */
import type { ModelDocument } from '../../compiler/model.js';
import type { Network } from '../../compiler/network.js';
import { failure } from '../../grammar/diagnostic.js';
import { augmenter } from '../data/augment.js';
import type { Dataset, Split } from '../data/dataset.js';
import { labelRange, labelsRun } from '../data/labels.js';
import type { Session } from '../engine.js';
import { hybridImages } from '../random/hybrid.js';
import { randomNegatives } from '../random/negatives.js';
import { permutation } from '../random/permutation.js';
import { uniforms } from '../random/philox.js';
import { SITE } from '../random/sites.js';

/**
 * A batch's input tensors by name: `x` [frames, batch, d], `y` [batch], and `y_negative` or `negative_draw` [batch] or
 * `x_negative` [frames, batch, d].
 */
export type Batch = ReadonlyMap<string, Float32Array | Int32Array>;

/** The order in which `count` samples are seen in an epoch. */
export function sampleOrder({ train }: ModelDocument, count: number, epoch: number): Int32Array {
  return train.shuffle
    ? permutation(count, train.seed, epoch)
    : Int32Array.from({ length: count }, (_, i) => i);
}

/**
 * Returns a function that assembles batch `batch` of `epoch` from that epoch's `order`. Two sets of buffers
 * alternate, so a batch is valid only until the next but one.
 * @throws RffcError RFF711 where the model takes negatives from data that has none, RFF733 for hybrid images
 * with a batch of one, RFF660 for augmentations of data that are not images.
 */
export function batchMaker(
  network: Network,
  split: Split,
): (order: Int32Array, epoch: number, batch: number) => Batch {
  const { document, batch: size } = network;
  const { label } = document;
  // A readout sees no negative rows.
  const negatives = network.purpose === 'network' ? document.negatives : undefined;
  const { seed } = document.train;
  const given = split.yNegative;
  if (negatives?.name === 'given' && !given) {
    throw failure('RFF711', '`negatives: given()` requires negative labels in the data', {
      hint: 'add `y_negative` [N] to the tensors file, or write `negatives: random_label()`',
    });
  }
  if (negatives?.name === 'hybrid_images' && size < 2) {
    throw failure('RFF733', 'hybrid images require a batch of at least 2 samples', {
      hint: 'use `--batch 2`',
    });
  }
  const augment = augmenter(document.train, split, network.frames, document.input.size);
  const values = network.frames * size * document.input.size;
  const twoBuffers = () => [new Float32Array(values), new Float32Array(values)] as const;
  const buffers = twoBuffers();
  const hybrids = negatives?.name === 'hybrid_images' ? twoBuffers() : undefined;
  let turn = 0;
  return (order, epoch, batch) => {
    const indices = order.subarray(batch * size, (batch + 1) * size);
    turn = 1 - turn;
    const x = buffers[turn]!;
    split.gather(indices, x);
    augment?.(x, indices, epoch);
    const tensors = new Map<string, Float32Array | Int32Array>([['x', x]]);
    if (negatives?.name === 'hybrid_images') {
      const hybrid = hybrids![turn]!;
      hybridImages(negatives, seed, epoch, batch, x, size, hybrid);
      tensors.set('x_negative', hybrid);
    }
    if (!label) return tensors;
    const y = Int32Array.from(indices, (i) => split.y[i]!);
    tensors.set('y', y);
    switch (negatives?.name) {
      case 'random_label':
        return tensors.set('y_negative', randomNegatives(y, label.classes, seed, epoch, batch));
      case 'given':
        return tensors.set(
          'y_negative',
          Int32Array.from(indices, (i) => given![i]!),
        );
      case 'latent_classifier':
        return tensors.set('negative_draw', uniforms(seed, SITE.classifierDraw, epoch, batch, size));
      case 'hybrid_images':
      case undefined:
        return tensors;
      default:
        return negatives satisfies never;
    }
  };
}

/** Writes a batch into a session. */
export function writeBatch(session: Session, batch: Batch): void {
  for (const [name, values] of batch) session.write(name, values);
}

/**
 * Checks that a data set matches a model.
 * @throws RffcError RFF709 if the sample size differs from the input’s or there are more classes than the label has,
 * RFF710 if it has no training samples.
 */
export function checkDataset(
  document: ModelDocument,
  dataset: Pick<Dataset, 'name' | 'inputSize' | 'classes' | 'train'>,
): void {
  const { input, label } = document;
  if (dataset.inputSize !== input.size) {
    throw failure(
      'RFF709',
      `\`${dataset.name}\` has ${dataset.inputSize} values per sample, but \`input ` +
        `${input.name}[${input.size}]\` takes ${input.size}`,
      {
        hint: `write \`input ${input.name}[${dataset.inputSize}]\`, or choose other data`,
      },
    );
  }
  if (label && dataset.classes > label.classes) {
    const range = labelRange(dataset.train.y);
    if (range && range.low > 0 && dataset.classes - range.low <= label.classes) {
      throw failure('RFF709', `${labelsRun(dataset.name, range)}`, {
        hint: `write \`${dataset.name}(…, first_label: ${range.low})\` for classes 0 to ${range.high - range.low}`,
      });
    }
    throw failure(
      'RFF709',
      `\`${dataset.name}\` has ${dataset.classes} classes, but \`label ${label.name}[${label.classes}]\` ` +
        `has ${label.classes}`,
      {
        hint: `write \`label ${label.name}[${dataset.classes}]\`, or choose other data`,
      },
    );
  }
  if (dataset.train.count === 0) throw failure('RFF710', `\`${dataset.name}\` has no training samples`);
}
