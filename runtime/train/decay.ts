/**
 * Learning rate decay: one factor per epoch, the same for every optimizer of a model.
 */
import type { Decay } from '../../compiler/model.js';

/**
 * The factor on every learning rate in `epoch` (from 0).
 *
 * - `step`: gamma^⌊epoch / every⌋, as PyTorch's StepLR.
 * - `linear`: 1 before `start`, 0 from `end` on, a straight line between.
 * - `cosine`: half a cosine from 1 to 0 over `epochs` (Loshchilov and Hutter 2017, without restarts), then 0.
 */
export function decayFactor(decay: Decay, epoch: number): number {
  switch (decay.name) {
    case 'constant':
      return 1;
    case 'step':
      return decay.gamma ** Math.floor(epoch / decay.every);
    case 'linear':
      if (epoch < decay.start) return 1;
      return epoch >= decay.end ? 0 : (decay.end - epoch) / (decay.end - decay.start);
    case 'cosine':
      return epoch >= decay.epochs ? 0 : (1 + Math.cos((Math.PI * epoch) / decay.epochs)) / 2;
    default:
      return decay satisfies never;
  }
}
