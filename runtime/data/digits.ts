/**
 * `digits()`: handwritten-looking digits, 28 × 28 bytes, drawn from pen strokes with random slant, rotation, size,
 * place, stroke width, pen pressure, jitter of every point, ink, blur and noise. Nothing to download, the same bytes
 * for the same seed. Hard on purpose: a linear classifier reaches about 85 %, a small network well over 95 %.
 * Pixels in 0..1 have mean 0.101 and standard deviation 0.249: `digits(normalize: [0.101, 0.249])`.
 */

import type { DataSpec } from '../../compiler/model.js';
import { words } from '../random/philox.js';
import { SITE } from '../random/sites.js';
import { type Dataset, type DatasetDescription, imageSplit, pixelTable, type Split } from './dataset.js';
import { digitForms, type Form, type Point } from './digit-strokes.js';
import { normalization, wholeNumber } from './options.js';

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const CLASSES = 10;
/** Straight pieces a smooth span between two points is drawn as. */
const PIECES = 4;
/** Words of randomness an image may use for its shape; its noise takes a byte a pixel from those after. */
const SHAPE_WORDS = 160;
const IMAGE_WORDS = SHAPE_WORDS + PIXELS / 4;

/** Spread of each random quantity: a normal's [mean, std] or a uniform's [from, to]; lengths in pixels. */
const HAND = {
  height: [16.5, 21.5],
  width: [0.62, 1],
  slant: [0.12, 0.2],
  rotation: [0, 0.12],
  shift: [0, 1.25],
  jitter: [0, 0.035],
  radius: [0.8, 1.6],
  pressure: [0, 0.3],
  ink: [0.72, 1],
  softness: [0.9, 1.6],
  noise: [0, 0.22],
} as const satisfies Record<string, readonly [number, number]>;

type Range = readonly [number, number];

/** An image's own sequence of draws; sums and products only, so that every host draws the same. */
class Draws {
  readonly buffer = new Uint32Array(IMAGE_WORDS);
  readonly bytes = new Uint8Array(this.buffer.buffer, 4 * SHAPE_WORDS);
  private at = 0;

  begin(seed: number, split: number, image: number): void {
    words(seed, SITE.data, split, image, IMAGE_WORDS, this.buffer);
    this.at = 0;
  }
  uniform([from, to]: Range): number {
    return from + (to - from) * this.buffer[this.at++]! * 2 ** -32;
  }
  /** Nearly normal: three uniforms summed (Irwin-Hall), never beyond three standard deviations. */
  normal([mean, std]: Range): number {
    const sum = this.uniform([0, 1]) + this.uniform([0, 1]) + this.uniform([0, 1]);
    return mean + std * (2 * sum - 3);
  }
}

/** Image `index` of a split: its strokes, bent and placed, as distances to ink, then as bytes into `out[at …]`. */
class Pen {
  /** Signed distance from each pixel's centre to the nearest ink's edge, negative inside. */
  private readonly distance = new Float32Array(PIXELS);

  constructor(private readonly draws: Draws) {}

  draw(forms: readonly Form[], out: Uint8Array, at: number): void {
    const { draws, distance } = this;
    const form = forms[Math.floor(draws.uniform([0, forms.length]))]!;
    const height = draws.uniform(HAND.height);
    const width = height * draws.uniform(HAND.width);
    const slant = draws.normal(HAND.slant);
    const angle = draws.normal(HAND.rotation);
    const centreX = SIDE / 2 + draws.normal(HAND.shift);
    const centreY = SIDE / 2 + draws.normal(HAND.shift);
    const radius = draws.uniform(HAND.radius);
    const softness = draws.uniform(HAND.softness);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];

    distance.fill(SIDE);
    for (const stroke of form) {
      let previous: Point | undefined;
      let placed: Point = [0, 0];
      const points = stroke.map((point) => {
        // A corner's two points stay one point.
        if (previous && previous[0] === point[0] && previous[1] === point[1]) return placed;
        previous = point;
        const y = (point[1] - 0.5 + draws.normal(HAND.jitter)) * height;
        const x = (point[0] - 0.5 + draws.normal(HAND.jitter)) * width - slant * y;
        placed = [centreX + cos * x - sin * y, centreY + sin * x + cos * y];
        return placed;
      });
      const start = radius * (1 + draws.normal(HAND.pressure));
      const end = radius * (1 + draws.normal(HAND.pressure));
      this.stroke(points, Math.max(0.45, start), Math.max(0.45, end), softness);
    }

    const ink = 255 * draws.uniform(HAND.ink);
    const noise = draws.uniform(HAND.noise);
    for (let i = 0; i < PIXELS; i++) {
      const cover = Math.min(1, Math.max(0, 0.5 - distance[i]! / softness));
      // Smoothstep for the soft edge; noise is grain in the ink and, where it is strong, specks on the paper.
      const grain = noise * (draws.bytes[i]! / 255 - 0.75) * 255;
      out[at + i] = Math.min(255, Math.max(0, Math.round(ink * cover * cover * (3 - 2 * cover) + grain)));
    }
  }

  /** A smooth curve through the points (Catmull and Rom 1974), its width going evenly from start to end. */
  private stroke(points: readonly Point[], start: number, end: number, softness: number): void {
    const spans = points.length - 1;
    for (let s = 0; s < spans; s++) {
      const p1 = points[s]!;
      const p2 = points[s + 1]!;
      const p0 = points[s - 1] ?? p1;
      const p3 = points[s + 2] ?? p2;
      if (p1 === p2) continue;
      let [x, y] = p1;
      for (let k = 1; k <= PIECES; k++) {
        const t = k / PIECES;
        const nextX = catmullRom(p0[0], p1[0], p2[0], p3[0], t);
        const nextY = catmullRom(p0[1], p1[1], p2[1], p3[1], t);
        this.piece(x, y, nextX, nextY, start + ((end - start) * (s + t)) / spans, softness);
        x = nextX;
        y = nextY;
      }
    }
  }

  /** A straight piece with round ends: lowers the distances within its bounding box. */
  private piece(x0: number, y0: number, x1: number, y1: number, radius: number, softness: number): void {
    const { distance } = this;
    const reach = radius + softness / 2;
    const left = Math.max(0, Math.floor(Math.min(x0, x1) - reach));
    const right = Math.min(SIDE - 1, Math.ceil(Math.max(x0, x1) + reach));
    const top = Math.max(0, Math.floor(Math.min(y0, y1) - reach));
    const bottom = Math.min(SIDE - 1, Math.ceil(Math.max(y0, y1) + reach));
    const dx = x1 - x0;
    const dy = y1 - y0;
    const inverse = 1 / Math.max(1e-9, dx * dx + dy * dy);
    for (let row = top; row <= bottom; row++) {
      const py = row + 0.5 - y0;
      for (let column = left; column <= right; column++) {
        const px = column + 0.5 - x0;
        const along = Math.min(1, Math.max(0, (px * dx + py * dy) * inverse));
        const ex = px - along * dx;
        const ey = py - along * dy;
        const signed = Math.sqrt(ex * ex + ey * ey) - radius;
        if (signed < distance[row * SIDE + column]!) distance[row * SIDE + column] = signed;
      }
    }
  }
}

function catmullRom(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/**
 * The images of one split.
 * @param split 0 for training, 1 for testing: they share no draw.
 * @returns pixels [count, 28 · 28] and labels [count], which go round 0 … 9.
 */
export function drawDigits(
  count: number,
  seed: number,
  split: 0 | 1,
): { pixels: Uint8Array; labels: Int32Array } {
  const pixels = new Uint8Array(count * PIXELS);
  const labels = Int32Array.from({ length: count }, (_, i) => i % CLASSES);
  const draws = new Draws();
  const pen = new Pen(draws);
  for (let i = 0; i < count; i++) {
    draws.begin(seed, split, i);
    pen.draw(digitForms[labels[i]!]!, pixels, i * PIXELS);
  }
  return { pixels, labels };
}

/** `digits(train, test, seed, normalize)`. @throws RffcError RFF603 for an option out of range. */
export function loadDigits(spec: DataSpec): Dataset {
  const seed = wholeNumber(spec, 'seed', 1, 0);
  const table = pixelTable(normalization(spec));
  const split = (count: number, which: 0 | 1): Split => {
    const { pixels, labels } = drawDigits(count, seed, which);
    const grid = { planes: 1, rows: SIDE, columns: SIDE, background: table[0]! };
    return imageSplit(pixels, { y: labels, frames: 1, inputSize: PIXELS, grid }, table);
  };
  return {
    name: spec.name,
    inputSize: PIXELS,
    classes: CLASSES,
    frames: 1,
    train: split(wholeNumber(spec, 'train', 10_000, 1), 0),
    test: split(wholeNumber(spec, 'test', 2_000, 0), 1),
  };
}

export function describeDigits(): DatasetDescription {
  return { frames: 1, inputSize: PIXELS, classes: CLASSES };
}
