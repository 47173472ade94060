/**
 * `augment:` in `train { }`: changes each training sample a little, anew in each epoch: `shift(2)`, `rotate(10)`,
 * `noise(0.1)`, in the order they are listed. Keyed by (seed, epoch, sample), so that a resumed run sees what the
 * uninterrupted one saw. A sample's positive and negative row stay the same data.
 */

import type { Augmentation, Train } from '../../compiler/model.js';
import { failure } from '../../grammar/diagnostic.js';
import { below, words } from '../random/philox.js';
import { SITE } from '../random/sites.js';
import type { Grid, Split } from './dataset.js';

/**
 * Changes a batch in place: `x` [frames, indices.length, inputSize], the samples at `indices` of the training split.
 */
export type Augment = (x: Float32Array, indices: Int32Array, epoch: number) => void;

/** Changes one sample, [frames, inputSize]; `scratch` is as long. */
type Change = (sample: Float32Array, scratch: Float32Array, epoch: number, index: number) => void;

/**
 * What `train.augment` does to a split's batches; undefined where it does nothing.
 * @throws RffcError RFF660 where samples without a grid of pixels would be shifted or rotated.
 */
export function augmenter(
  train: Pick<Train, 'augment' | 'seed' | 'data'>,
  split: Split,
  frames: number,
  inputSize: number,
): Augment | undefined {
  const changes = (train.augment ?? []).map((augmentation, i) => change(augmentation, train, split.grid, i));
  if (changes.length === 0) return undefined;
  const sample = new Float32Array(frames * inputSize);
  const scratch = new Float32Array(frames * inputSize);
  return (x, indices, epoch) => {
    const batch = indices.length;
    for (let b = 0; b < batch; b++) {
      const row = (f: number) => x.subarray((f * batch + b) * inputSize, (f * batch + b + 1) * inputSize);
      for (let f = 0; f < frames; f++) sample.set(row(f), f * inputSize);
      for (const apply of changes) apply(sample, scratch, epoch, indices[b]!);
      for (let f = 0; f < frames; f++) row(f).set(sample.subarray(f * inputSize, (f + 1) * inputSize));
    }
  };
}

function change(
  augmentation: Augmentation,
  { seed, data }: Pick<Train, 'seed' | 'data'>,
  grid: Grid | undefined,
  place: number,
): Change {
  const site = SITE.augmentation + place;
  if (augmentation.name === 'noise') return noise(augmentation.std, seed, site);
  if (!grid) {
    throw failure(
      'RFF660',
      `\`augment: ${augmentation.name}\` moves pixels, and \`${data.name}\` has no pictures`,
      {
        hint: 'use `noise(…)` alone, or data in IDX files, where rows and columns are known',
      },
    );
  }
  const drawn = new Uint32Array(2);
  switch (augmentation.name) {
    case 'shift': {
      const { pixels } = augmentation;
      return (sample, scratch, epoch, index) => {
        words(seed, site, epoch, index, 2, drawn);
        const down = below(drawn[0]!, 2 * pixels + 1) - pixels;
        const right = below(drawn[1]!, 2 * pixels + 1) - pixels;
        shift(sample, scratch, grid, down, right);
      };
    }
    case 'rotate': {
      const { degrees } = augmentation;
      return (sample, scratch, epoch, index) => {
        words(seed, site, epoch, index, 2, drawn);
        const angle = (drawn[0]! * 2 ** -31 - 1) * degrees * (Math.PI / 180);
        rotate(sample, scratch, grid, angle);
      };
    }
    default:
      return augmentation satisfies never;
  }
}

/** Moves each plane by whole pixels; what leaves is lost, what comes in is background. */
export function shift(
  sample: Float32Array,
  scratch: Float32Array,
  grid: Grid,
  down: number,
  right: number,
): void {
  const { planes, rows, columns, background } = grid;
  scratch.set(sample);
  sample.fill(background);
  const from = Math.max(0, -right);
  const to = Math.min(columns, columns - right);
  if (from >= to) return;
  for (let plane = 0; plane < planes; plane++) {
    for (let r = Math.max(0, -down); r < Math.min(rows, rows - down); r++) {
      const source = (plane * rows + r) * columns;
      const target = (plane * rows + r + down) * columns + right;
      sample.set(scratch.subarray(source + from, source + to), target + from);
    }
  }
}

/** Turns each plane about its middle by `angle` (radians, counterclockwise as seen), bilinear, background around it. */
export function rotate(sample: Float32Array, scratch: Float32Array, grid: Grid, angle: number): void {
  const { planes, rows, columns, background } = grid;
  scratch.set(sample);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const middleRow = (rows - 1) / 2;
  const middleColumn = (columns - 1) / 2;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      // Where the pixel comes from: rows count downwards.
      const sourceRow = middleRow + cos * (r - middleRow) + sin * (c - middleColumn);
      const sourceColumn = middleColumn - sin * (r - middleRow) + cos * (c - middleColumn);
      const top = Math.floor(sourceRow);
      const left = Math.floor(sourceColumn);
      const low = sourceRow - top;
      const far = sourceColumn - left;
      for (let plane = 0; plane < planes; plane++) {
        const at = (row: number, column: number) =>
          row < 0 || row >= rows || column < 0 || column >= columns
            ? background
            : scratch[(plane * rows + row) * columns + column]!;
        sample[(plane * rows + r) * columns + c] =
          (1 - low) * ((1 - far) * at(top, left) + far * at(top, left + 1)) +
          low * ((1 - far) * at(top + 1, left) + far * at(top + 1, left + 1));
      }
    }
  }
}

/** Adds N(0, std²) to every value, by Box and Muller (1958). */
function noise(std: number, seed: number, site: number): Change {
  let drawn = new Uint32Array(0);
  return (sample, _, epoch, index) => {
    const pairs = Math.ceil(sample.length / 2);
    if (drawn.length !== 2 * pairs) drawn = new Uint32Array(2 * pairs);
    words(seed, site, epoch, index, 2 * pairs, drawn);
    for (let p = 0; p < pairs; p++) {
      // In (0, 1], so that the logarithm is finite.
      const radius = std * Math.sqrt(-2 * Math.log((drawn[2 * p]! + 1) * 2 ** -32));
      const angle = 2 * Math.PI * drawn[2 * p + 1]! * 2 ** -32;
      sample[2 * p] = sample[2 * p]! + radius * Math.cos(angle);
      if (2 * p + 1 < sample.length) sample[2 * p + 1] = sample[2 * p + 1]! + radius * Math.sin(angle);
    }
  };
}
