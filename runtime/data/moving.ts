/**
 * `moving_mnist(frames, seed, normalize)`: one MNIST digit that moves through 64 × 64 pixels and bounces off their
 * edges. As the seed's generator has it: it starts in the middle, with a whole velocity of -5 … 5 pixels a frame each
 * way; a digit that crosses an edge stands at the edge and its velocity turns round. Frames are drawn when a batch asks
 * for them: twenty frames of all 60,000 digits would be 4.9 GB.
 */

import type { DataSpec } from '../../compiler/model.js';
import { below, words } from '../random/philox.js';
import { SITE } from '../random/sites.js';
import {
  type DataOptions,
  type Dataset,
  type DatasetDescription,
  pixelTable,
  type Split,
  sampleSplit,
} from './dataset.js';
import { readKnownSplits } from './images.js';
import { normalization, wholeNumber } from './options.js';

const SIDE = 64;
const DIGIT = 28;
/** Where the upper left corner of a digit can be, each way; it starts halfway. */
const LAST = SIDE - DIGIT;
const FASTEST = 5;

/** The upper (or left) edge of a digit in each frame, in pixels, from its velocity in pixels a frame. */
export function bounce(velocity: number, frames: number): number[] {
  let at = LAST / 2;
  let speed = velocity;
  return Array.from({ length: frames }, () => {
    const here = at;
    at += speed;
    if (at < 0 || at > LAST) {
      speed = -speed;
      at = Math.min(LAST, Math.max(0, at));
    }
    return here;
  });
}

/**
 * Digits in motion.
 * @param digits [count, 28, 28] bytes
 * @param split 0 for training, 1 for testing: they share no draw
 * @param table from `pixelTable`
 */
export function movingSplit(
  digits: Uint8Array,
  y: Int32Array,
  { frames, seed, split, table }: { frames: number; seed: number; split: 0 | 1; table: Float32Array },
): Split {
  const inputSize = SIDE * SIDE;
  const background = table[0]!;
  const drawn = new Uint32Array(2);
  const velocity = (word: number) => below(word, 2 * FASTEST + 1) - FASTEST;
  const grid = { planes: frames, rows: SIDE, columns: SIDE, background };
  return sampleSplit({ y, frames, inputSize, grid }, () => ({
    write(sample, out, at, stride) {
      words(seed, SITE.data, split, sample, 2, drawn);
      const rows = bounce(velocity(drawn[0]!), frames);
      const columns = bounce(velocity(drawn[1]!), frames);
      const digit = digits.subarray(sample * DIGIT * DIGIT, (sample + 1) * DIGIT * DIGIT);
      for (let f = 0; f < frames; f++) {
        const frame = at + f * stride;
        out.fill(background, frame, frame + inputSize);
        const corner = frame + rows[f]! * SIDE + columns[f]!;
        for (let r = 0; r < DIGIT; r++) {
          for (let c = 0; c < DIGIT; c++) out[corner + r * SIDE + c] = table[digit[r * DIGIT + c]!]!;
        }
      }
    },
  }));
}

/** Loads `moving_mnist` from MNIST's files. @throws RffcError as `mnist` does, and RFF603. */
export async function loadMoving(spec: DataSpec, options: DataOptions): Promise<Dataset> {
  const { frames, inputSize, classes } = describeMoving(spec);
  const seed = wholeNumber(spec, 'seed', 1, 0);
  const table = pixelTable(normalization(spec));
  const { train, test } = await readKnownSplits('mnist', options);
  const split = ({ pixels, labels }: typeof train, which: 0 | 1) =>
    movingSplit(pixels, labels, { frames, seed, split: which, table });
  return { name: spec.name, inputSize, classes, frames, train: split(train, 0), test: split(test, 1) };
}

export function describeMoving(spec: DataSpec): Required<DatasetDescription> {
  return { frames: wholeNumber(spec, 'frames', 20, 1), inputSize: SIDE * SIDE, classes: 10 };
}
