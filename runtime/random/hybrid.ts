/**
 * `negatives: hybrid_images(grid, blur)`: negative data without labels, as Hinton 2022 (arXiv 2212.13345, section 3.2)
 * makes it: two images of a batch mixed by a mask of large regions, so that what is near looks right and what is far
 * does not.
 */
import { below, words } from './philox.js';
import { SITE } from './sites.js';

/** What a mask lies over, and how often it is blurred. */
export interface HybridMask {
  /** [rows, columns] */
  readonly grid: readonly [number, number];
  readonly blur: number;
}

/**
 * Which sample of the batch each of `count` samples is mixed with: another one, each as likely. `count` is at least 2.
 */
export function hybridPartners(seed: number, epoch: number, batch: number, count: number): Int32Array {
  const drawn = words(seed, SITE.hybridPartner, epoch, batch, count);
  return Int32Array.from(drawn, (word, i) => (i + 1 + below(word, count - 1)) % count);
}

/**
 * The masks of a batch [count, rows · columns], 1 where a hybrid shows the sample itself and 0 where it shows the
 * other: a random bit image, blurred by [1/4, 1/2, 1/4] along both directions so many times (a border cell has itself
 * for the neighbour it lacks) and thresholded at 0.5.
 */
export function hybridMasks(
  { grid: [rows, columns], blur }: HybridMask,
  seed: number,
  epoch: number,
  batch: number,
  count: number,
): Uint8Array {
  const cells = rows * columns;
  const wordsEach = Math.ceil(cells / 32);
  const bits = words(seed, SITE.hybridMask, epoch, batch, count * wordsEach);
  const masks = new Uint8Array(count * cells);
  const image = new Float64Array(cells);
  const line = new Float64Array(Math.max(rows, columns));
  for (let sample = 0; sample < count; sample++) {
    for (let cell = 0; cell < cells; cell++)
      image[cell] = (bits[sample * wordsEach + (cell >>> 5)]! >>> (cell & 31)) & 1;
    for (let pass = 0; pass < blur; pass++) {
      for (let r = 0; r < rows; r++) blurLine(image, line, r * columns, 1, columns);
      for (let c = 0; c < columns; c++) blurLine(image, line, c, columns, rows);
    }
    for (let cell = 0; cell < cells; cell++) masks[sample * cells + cell] = image[cell]! > 0.5 ? 1 : 0;
  }
  return masks;
}

/** Blurs `length` cells of an image from `start` on, `stride` apart. */
function blurLine(
  image: Float64Array,
  line: Float64Array,
  start: number,
  stride: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) line[i] = image[start + i * stride]!;
  for (let i = 0; i < length; i++) {
    const before = line[i > 0 ? i - 1 : i]!;
    const after = line[i + 1 < length ? i + 1 : i]!;
    image[start + i * stride] = 0.25 * before + 0.5 * line[i]! + 0.25 * after;
  }
}

/**
 * The negative rows of a batch: x_negative = mask · x_i + (1 - mask) · x_j, in every frame by the same mask and
 * partner.
 *
 * @param x [frames, count, rows · columns], `count` at least 2
 * @param out as long as `x`
 */
export function hybridImages(
  mask: HybridMask,
  seed: number,
  epoch: number,
  batch: number,
  x: Float32Array,
  count: number,
  out: Float32Array,
): void {
  const cells = mask.grid[0] * mask.grid[1];
  const partners = hybridPartners(seed, epoch, batch, count);
  const masks = hybridMasks(mask, seed, epoch, batch, count);
  for (let start = 0; start < x.length; start += count * cells) {
    for (let sample = 0; sample < count; sample++) {
      const own = start + sample * cells;
      const other = start + partners[sample]! * cells;
      for (let cell = 0; cell < cells; cell++)
        out[own + cell] = x[(masks[sample * cells + cell] === 1 ? own : other) + cell]!;
    }
  }
}
