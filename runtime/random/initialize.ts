/**
 * The first values of a parameter. Formulas and the meaning of fan-in are PyTorch's (`torch.nn.init`); the numbers come
 * from Philox by the parameter's site, so they depend on the seed and the parameter alone.
 */

import type { Init } from '../../compiler/model.js';
import { orthonormalRows } from './orthogonal.js';
import { uniforms } from './philox.js';

/** Fan-in and fan-out. A bias has one row but the fans of its weight. */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/**
 * A parameter [rows, cols], row-major; a weight is [target size, source size].
 * - kaiming: std = gain / sqrt(fan_in) (He et al. 2015); xavier: std = gain · sqrt(2 / (fan_in + fan_out)) (Glorot and
 *   Bengio 2010); their uniform forms reach ± sqrt(3) · std.
 * - orthogonal: orthonormal rows, or columns where there are more rows than columns, times gain (Saxe et al. 2013).
 * - identity: gain on the diagonal, zero elsewhere.
 * @param fans of the connection; by default those of a weight of this shape.
 */
export function initialize(
  init: Init,
  rows: number,
  cols: number,
  seed: number,
  site: number,
  fans: Fans = { fanIn: cols, fanOut: rows },
): Float32Array {
  const count = rows * cols;
  const kaiming = (gain: number) => gain / Math.sqrt(fans.fanIn);
  const xavier = (gain: number) => gain * Math.sqrt(2 / (fans.fanIn + fans.fanOut));
  const between = (low: number, high: number) =>
    uniforms(seed, site, 0, 0, count).map((u) => low + (high - low) * u);
  const symmetric = (std: number) => between(-Math.sqrt(3) * std, Math.sqrt(3) * std);
  const gaussian = (mean: number, std: number) =>
    Float32Array.from(normals(seed, site, count), (x) => mean + std * x);

  switch (init.name) {
    case 'kaiming_uniform':
      return symmetric(kaiming(init.gain));
    case 'kaiming_normal':
      return gaussian(0, kaiming(init.gain));
    case 'xavier_uniform':
      return symmetric(xavier(init.gain));
    case 'xavier_normal':
      return gaussian(0, xavier(init.gain));
    case 'uniform':
      return between(init.low, init.high);
    case 'normal':
      return gaussian(init.mean, init.std);
    case 'orthogonal':
      return orthogonal(rows, cols, init.gain, seed, site);
    case 'identity': {
      const out = new Float32Array(count);
      for (let i = 0; i < Math.min(rows, cols); i++) out[i * cols + i] = init.gain;
      return out;
    }
    case 'zeros':
      return new Float32Array(count);
    case 'constant':
      return new Float32Array(count).fill(init.value);
    default:
      return init satisfies never;
  }
}

/**
 * `count` standard normal numbers in f64 by Box and Muller (1958): elements 2i and 2i + 1 are the cosine and the sine
 * of one pair of uniforms. 1 - u keeps the logarithm's argument above zero.
 */
export function normals(seed: number, site: number, count: number): Float64Array {
  const u = uniforms(seed, site, 0, 0, count + (count & 1));
  const out = new Float64Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - u[i]!));
    const angle = 2 * Math.PI * u[i + 1]!;
    out[i] = radius * Math.cos(angle);
    if (i + 1 < count) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

function orthogonal(rows: number, cols: number, gain: number, seed: number, site: number): Float32Array {
  const n = Math.min(rows, cols);
  const m = Math.max(rows, cols);
  const q = orthonormalRows(normals(seed, site, n * m), n, m);
  const out = new Float32Array(n * m);
  if (rows <= cols) {
    for (let i = 0; i < n * m; i++) out[i] = gain * q[i]!;
  } else {
    for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) out[r * cols + c] = gain * q[c * m + r]!;
  }
  return out;
}
