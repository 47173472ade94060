/**
 * The training samples to evaluate on after each epoch, to compare their accuracy with the test split's.
 * They are drawn once from the model's seed, few enough to add little time.
 */
import { timeline } from '../../compiler/graph/timeline.js';
import { hearsLabel } from '../../compiler/influence.js';
import type { Network } from '../../compiler/network.js';
import type { Split } from '../data/dataset.js';
import { permutation } from '../random/permutation.js';
import { SITE } from '../random/sites.js';

/** The cost allowed for the sample, as a share of training and evaluating an epoch. */
const SHARE = 1 / 20;
/** An accuracy over fewer samples is too noisy to show. */
const FEWEST = 100;

/**
 * A sample of the first `count` training samples; undefined if even a hundred would cost more than a twentieth of an
 * epoch.
 *
 * @param tested how many samples each other split is evaluated on; the sample is no larger than the largest
 */
export function trainingSample(
  network: Network,
  split: Split,
  count: number,
  tested: readonly number[],
): Split | undefined {
  const { training, prediction } = rowSteps(network);
  const evaluated = tested.reduce((sum, samples) => sum + samples, 0);
  const affordable = (SHARE * (count * training + evaluated * prediction)) / prediction;
  const size = Math.min(count, Math.floor(affordable), Math.max(...tested) || count);
  if (size < Math.min(FEWEST, count)) return undefined;
  // Every nth sample would miss classes in a data set whose labels cycle.
  const chosen = permutation(count, network.document.train.seed, 0, SITE.trainingSample)
    .slice(0, size)
    .sort();
  return {
    count: size,
    y: chosen.map((sample) => split.y[sample]!),
    gather: (indices, out) =>
      split.gather(
        Int32Array.from(indices, (i) => chosen[i]!),
        out,
      ),
  };
}

/** The cost of a sample in rows times steps; a learning step counts three times, for its two gradients. */
function rowSteps({ document, purpose, classes, learnSteps }: Network) {
  const steps = timeline(document);
  const last = steps.findLastIndex(({ scored }) => scored);
  return {
    training: purpose === 'readout' ? steps.length : 2 * (steps.length + 2 * learnSteps),
    prediction: (hearsLabel(document) ? classes : 1) * (last + 1 || steps.length),
  };
}
