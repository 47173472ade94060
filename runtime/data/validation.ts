/**
 * `validation:` in `train { }`: a held-out share of the training split, so that what is chosen by it
 * (the best epoch, a sweep's best trial) is independent of the test split. Nothing is read or copied: both parts are
 * views, so data sets that stream from disk still do.
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
        if (place === undefined)
          throw new RangeError(`sample ${i} out of range: there are ${indices.length}`);
        return place;
      });
      split.gather(places, out);
    },
  };
}

/**
 * Holds out ⌊share · N⌋ of a data set's N training samples as `validation`, drawn once from the seed; both parts keep
 * the data's order. A share of 0 returns the data set unchanged.
 * @throws RffcError RFF734 if the share amounts to no sample.
 */
export function keepAside(
  dataset: Dataset,
  { validation: share, seed }: { readonly validation: number; readonly seed: number },
): Dataset {
  if (share === 0) return dataset;
  const { name, train } = dataset;
  // 0.29 · 100 is slightly less than 29 in binary.
  const kept = Math.floor(share * train.count * (1 + Number.EPSILON));
  if (kept === 0) {
    const message = `\`validation: ${share}\` holds out none of the ${train.count} training samples of \`${name}\``;
    const enough = Math.ceil(1 / share);
    const hint =
      `write \`validation: ${Math.ceil(100 / train.count) / 100}\` or more, or use at least ${enough} ` +
      'samples';
    throw failure('RFF734', message, { hint });
  }
  const order = permutation(train.count, seed, 0, SITE.split);
  return {
    ...dataset,
    validation: subset(train, order.slice(0, kept).sort()),
    train: subset(train, order.slice(kept).sort()),
  };
}
