/**
 * `validation:` in `train { }`: a share of the training split that is kept aside to judge by, so that what is chosen by
 * it (the best epoch, a sweep's best trial) was never chosen by the test split. Nothing is read or copied: both parts
 * are views, so data sets that stream from disk still do.
 */
import { failure } from '../../grammar/diagnostic.js';
import { permutation } from '../random/permutation.js';
import { SITE } from '../random/sites.js';
import type { Dataset, Split } from './dataset.js';

/** The samples of `split` at `indices`, in their order, as a split of their own. */
export function subset(split: Split, indices: Int32Array): Split {
  const { yNegative, grid } = split;
  return {
    count: indices.length,
    y: Int32Array.from(indices, (i) => split.y[i]!),
    ...(yNegative ? { yNegative: Int32Array.from(indices, (i) => yNegative[i]!) } : {}),
    ...(grid ? { grid } : {}),
    gather(wanted, out) {
      const places = Int32Array.from(wanted, (i) => {
        const place = indices[i];
        if (place === undefined) throw new RangeError(`there is no sample ${i} among ${indices.length}`);
        return place;
      });
      split.gather(places, out);
    },
  };
}

/**
 * Keeps ⌊share · N⌋ of a data set's N training samples aside as `validation`, drawn once from the seed; both parts stay
 * in the data's order. With a share of 0 the data set as it is.
 * @throws RffcError RFF710 where the share is not one sample.
 */
export function keepAside(
  dataset: Dataset,
  { validation: share, seed }: { readonly validation: number; readonly seed: number },
): Dataset {
  if (share === 0) return dataset;
  const { name, train } = dataset;
  // 0.29 · 100 is a little less than 29 in binary.
  const kept = Math.floor(share * train.count * (1 + Number.EPSILON));
  if (kept === 0) {
    const few = `\`${name}\` has only ${train.count} training samples`;
    const message = `\`validation: ${share}\` keeps nothing aside: ${few}`;
    const enough = Math.ceil(1 / share);
    const hint = `keep a greater share, or have at least ${enough} samples; without \`validation\` all are trained on`;
    throw failure('RFF710', message, { hint });
  }
  const order = permutation(train.count, seed, 0, SITE.split);
  return {
    ...dataset,
    validation: subset(train, order.slice(0, kept).sort()),
    train: subset(train, order.slice(kept).sort()),
  };
}
