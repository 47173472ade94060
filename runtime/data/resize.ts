/**
 * Pictures brought to another size. The aspect ratio stays; what is left over is filled with the picture's own
 * background, the median of its border. A smaller picture is the mean over areas, a larger one bilinear.
 */

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

/**
 * @param values [rows, columns], row-major.
 * @param to the size to fit the picture into, in its middle.
 */
export function resized(values: ArrayLike<number>, from: Size, to: Size): Float32Array {
  const scale = Math.min(to.rows / from.rows, to.columns / from.columns);
  const rows = Math.max(1, Math.round(from.rows * scale));
  const columns = Math.max(1, Math.round(from.columns * scale));
  const out = new Float32Array(to.rows * to.columns).fill(background(values, from));
  const top = Math.floor((to.rows - rows) / 2);
  const left = Math.floor((to.columns - columns) / 2);
  const down = weights(from.rows, rows);
  const across = weights(from.columns, columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (const [y, wy] of down[r]!) {
        for (const [x, wx] of across[c]!) sum += wy * wx * values[y * from.columns + x]!;
      }
      out[(top + r) * to.columns + left + c] = sum;
    }
  }
  return out;
}

/** The median of the outermost pixels. */
function background(values: ArrayLike<number>, { rows, columns }: Size): number {
  const border: number[] = [];
  for (let r = 0; r < rows; r++) {
    const step = r === 0 || r === rows - 1 ? 1 : Math.max(1, columns - 1);
    for (let c = 0; c < columns; c += step) border.push(values[r * columns + c]!);
  }
  border.sort((a, b) => a - b);
  return border[border.length >> 1]!;
}

type Weights = readonly (readonly [index: number, weight: number])[];

/** For each of `to` pixels in a row, which of the `from` it is made of, and by how much; the weights' sum is 1. */
function weights(from: number, to: number): Weights[] {
  return Array.from({ length: to }, (_, i) => (to < from ? area(from, to, i) : between(from, to, i)));
}

/** The pixels under this one, each with the share of this one that it covers. */
function area(from: number, to: number, i: number): Weights {
  const [begin, end] = [(i * from) / to, ((i + 1) * from) / to];
  const found: [number, number][] = [];
  for (let k = Math.floor(begin); k < Math.min(from, Math.ceil(end)); k++) {
    const overlap = Math.min(end, k + 1) - Math.max(begin, k);
    if (overlap > 1e-9) found.push([k, overlap / (end - begin)]);
  }
  return found;
}

/** The two pixels whose middles are on either side of this one's. */
function between(from: number, to: number, i: number): Weights {
  const middle = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
  const k = Math.floor(middle);
  const part = middle - k;
  return part === 0
    ? [[k, 1]]
    : [
        [k, 1 - part],
        [k + 1, part],
      ];
}
