/**
 * The training samples that the network is evaluated on after each epoch, to set their accuracy beside that of the test
 * split. They are drawn once, by the model's seed, and so few that the epoch hardly takes longer.
 */
import { timeline } from '../../compiler/graph/timeline.js';
import { hearsLabel, type Network } from '../../compiler/network.js';
import type { Split } from '../data/dataset.js';
import { permutation } from '../random/permutation.js';
import { SITE } from '../random/sites.js';

/** Of what training and evaluating an epoch cost, evaluating the sample may cost this much more. */
const SHARE = 1 / 20;
/** An accuracy over fewer samples says too little to be shown. */
const FEWEST = 100;

/**
 * A sample of the first `count` training samples; undefined where even a hundred would cost more than a twentieth of an
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
  // Every nth sample would miss classes in a data set whose labels come in turn.
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

/** What a sample costs, counted in rows times steps; a step that learns counts three times, for its two gradients. */
function rowSteps({ document, purpose, classes, learnSteps }: Network) {
  const steps = timeline(document);
  const last = steps.findLastIndex(({ scored }) => scored);
  return {
    training: purpose === 'readout' ? steps.length : 2 * (steps.length + 2 * learnSteps),
    prediction: (hearsLabel(document) ? classes : 1) * (last + 1 || steps.length),
  };
}
