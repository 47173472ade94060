/**
 * Random orthogonal matrices, uniform over the orthogonal group (Haar): what the QR decomposition of a Gaussian matrix
 * gives once R's diagonal is made positive, without ever forming R. The k-th Householder reflector of such a
 * decomposition is that of a fresh Gaussian vector, so the reflectors are drawn and multiplied (Stewart, "The efficient
 * generation of random orthogonal matrices", SIAM J. Numer. Anal. 1980), half the work of a QR. They are applied in
 * blocks, I - V T Vᵀ (Schreiber and Van Loan 1989), so that nearly all of it is register-tiled matrix products.
 */

/** Reflectors a block: its V (BLOCK × m doubles) stays in a core's second-level cache. */
const BLOCK = 32;

/**
 * A [n, m] matrix with orthonormal rows, n ≤ m, row-major, in f64.
 * @param gaussian [n, m] standard normal numbers; row k gives reflector k from its columns k …; overwritten.
 */
export function orthonormalRows(gaussian: Float64Array, n: number, m: number): Float64Array {
  const v = gaussian;
  const tau = new Float64Array(n);
  const sign = new Float64Array(n);
  for (let k = 0; k < n; k++) makeReflector(v, k, m, tau, sign);

  // Qᵀ = I[n, m] · H_n … H_1: rows from the last block to the first, each only touching rows and columns from its own
  // on.
  const q = new Float64Array(n * m);
  for (let k = 0; k < n; k++) q[k * m + k] = 1;
  const projected = new Float64Array(n * BLOCK);
  for (let k0 = Math.floor((n - 1) / BLOCK) * BLOCK; k0 >= 0; k0 -= BLOCK) {
    const width = Math.min(BLOCK, n - k0);
    const t = triangularFactor(v, tau, k0, width, m);
    project(q, v, projected, k0, width, n, m);
    multiplyByTransposed(projected, t, k0, width, n);
    subtractProduct(q, v, projected, k0, width, n, m);
  }
  // The diagonal of R was -sign(x_k)·|x_k|; making it positive flips those rows of Qᵀ.
  for (let k = 0; k < n; k++) {
    if (sign[k]! > 0) for (let j = k * m; j < (k + 1) * m; j++) q[j] = -q[j]!;
  }
  return q;
}

/** Turns row k, from column k, into a Householder vector with v_k = 1, zeros before it: H = I - tau v vᵀ. */
function makeReflector(v: Float64Array, k: number, m: number, tau: Float64Array, sign: Float64Array): void {
  const row = k * m;
  v.fill(0, row, row + k);
  let square = 0;
  for (let j = row + k; j < row + m; j++) square += v[j]! * v[j]!;
  const first = v[row + k]!;
  sign[k] = first >= 0 ? 1 : -1;
  const head = first + sign[k]! * Math.sqrt(square);
  // A zero vector has no direction: the identity stands for its reflector (never seen with real draws).
  if (head === 0) {
    v[row + k] = 1;
    tau[k] = 0;
    return;
  }
  for (let j = row + k + 1; j < row + m; j++) v[j] = v[j]! / head;
  v[row + k] = 1;
  tau[k] = Math.abs(head) / Math.sqrt(square);
}

/**
 * The upper triangular T [width, width] with H_k0 … H_(k0+width-1) = I - V T Vᵀ (LAPACK's dlarft, forward columnwise).
 */
function triangularFactor(
  v: Float64Array,
  tau: Float64Array,
  k0: number,
  width: number,
  m: number,
): Float64Array {
  const t = new Float64Array(BLOCK * BLOCK);
  const dots = new Float64Array(BLOCK);
  for (let i = 0; i < width; i++) {
    const scale = tau[k0 + i]!;
    for (let j = 0; j < i; j++) {
      let dot = 0;
      const a = (k0 + i) * m;
      const b = (k0 + j) * m;
      for (let c = k0 + i; c < m; c++) dot += v[a + c]! * v[b + c]!;
      dots[j] = dot;
    }
    for (let r = 0; r < i; r++) {
      let sum = 0;
      for (let j = r; j < i; j++) sum += t[r * BLOCK + j]! * dots[j]!;
      t[r * BLOCK + i] = -scale * sum;
    }
    t[i * BLOCK + i] = scale;
  }
  return t;
}

/** projected[i, j] = Σ_c q[i, c] v[k0 + j, c] for rows i ≥ k0, in tiles of 4 × 4 held in registers. */
// biome-ignore format: a tile of registers reads as a table
function project(
  q: Float64Array,
  v: Float64Array,
  projected: Float64Array,
  k0: number,
  width: number,
  n: number,
  m: number,
): void {
  for (let i = k0; i < n; i += 4) {
    for (let j = 0; j < width; j += 4) {
      if (i + 4 > n || j + 4 > width) {
        for (let r = i; r < Math.min(i + 4, n); r++) {
          for (let s = j; s < Math.min(j + 4, width); s++) {
            let sum = 0;
            for (let c = k0; c < m; c++) sum += q[r * m + c]! * v[(k0 + s) * m + c]!;
            projected[r * BLOCK + s] = sum;
          }
        }
        continue;
      }
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
      let s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
      let a = i * m + k0;
      let b = (k0 + j) * m + k0;
      const end = (i + 1) * m;
      for (; a < end; a++, b++) {
        const a0 = q[a]!, a1 = q[a + m]!, a2 = q[a + 2 * m]!, a3 = q[a + 3 * m]!;
        const b0 = v[b]!, b1 = v[b + m]!, b2 = v[b + 2 * m]!, b3 = v[b + 3 * m]!;
        s00 += a0 * b0; s01 += a0 * b1; s02 += a0 * b2; s03 += a0 * b3;
        s10 += a1 * b0; s11 += a1 * b1; s12 += a1 * b2; s13 += a1 * b3;
        s20 += a2 * b0; s21 += a2 * b1; s22 += a2 * b2; s23 += a2 * b3;
        s30 += a3 * b0; s31 += a3 * b1; s32 += a3 * b2; s33 += a3 * b3;
      }
      const p = i * BLOCK + j;
      projected[p] = s00; projected[p + 1] = s01; projected[p + 2] = s02; projected[p + 3] = s03;
      projected[p + BLOCK] = s10; projected[p + BLOCK + 1] = s11; projected[p + BLOCK + 2] = s12;
      projected[p + BLOCK + 3] = s13;
      projected[p + 2 * BLOCK] = s20; projected[p + 2 * BLOCK + 1] = s21; projected[p + 2 * BLOCK + 2] = s22;
      projected[p + 2 * BLOCK + 3] = s23;
      projected[p + 3 * BLOCK] = s30; projected[p + 3 * BLOCK + 1] = s31; projected[p + 3 * BLOCK + 2] = s32;
      projected[p + 3 * BLOCK + 3] = s33;
    }
  }
}

/** projected ← projected · Tᵀ for rows i ≥ k0. */
function multiplyByTransposed(
  projected: Float64Array,
  t: Float64Array,
  k0: number,
  width: number,
  n: number,
): void {
  for (let i = k0; i < n; i++) {
    for (let r = 0; r < width; r++) {
      let sum = 0;
      for (let j = r; j < width; j++) sum += projected[i * BLOCK + j]! * t[r * BLOCK + j]!;
      projected[i * BLOCK + r] = sum;
    }
  }
}

/** q[i, c] -= Σ_j projected[i, j] v[k0 + j, c] for rows i ≥ k0 and columns c ≥ k0, in tiles of 4 × 4. */
// biome-ignore format: a tile of registers reads as a table
function subtractProduct(
  q: Float64Array,
  v: Float64Array,
  projected: Float64Array,
  k0: number,
  width: number,
  n: number,
  m: number,
): void {
  for (let i = k0; i < n; i += 4) {
    for (let c = k0; c < m; c += 4) {
      if (i + 4 > n || c + 4 > m) {
        for (let r = i; r < Math.min(i + 4, n); r++) {
          for (let s = c; s < Math.min(c + 4, m); s++) {
            let sum = q[r * m + s]!;
            for (let j = 0; j < width; j++) sum -= projected[r * BLOCK + j]! * v[(k0 + j) * m + s]!;
            q[r * m + s] = sum;
          }
        }
        continue;
      }
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
      let s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
      let b = k0 * m + c;
      const first = i * BLOCK;
      for (let p = first; p < first + width; p++, b += m) {
        const a0 = projected[p]!, a1 = projected[p + BLOCK]!;
        const a2 = projected[p + 2 * BLOCK]!, a3 = projected[p + 3 * BLOCK]!;
        const b0 = v[b]!, b1 = v[b + 1]!, b2 = v[b + 2]!, b3 = v[b + 3]!;
        s00 += a0 * b0; s01 += a0 * b1; s02 += a0 * b2; s03 += a0 * b3;
        s10 += a1 * b0; s11 += a1 * b1; s12 += a1 * b2; s13 += a1 * b3;
        s20 += a2 * b0; s21 += a2 * b1; s22 += a2 * b2; s23 += a2 * b3;
        s30 += a3 * b0; s31 += a3 * b1; s32 += a3 * b2; s33 += a3 * b3;
      }
      const d = i * m + c;
      q[d] = q[d]! - s00; q[d + 1] = q[d + 1]! - s01; q[d + 2] = q[d + 2]! - s02; q[d + 3] = q[d + 3]! - s03;
      const e = d + m;
      q[e] = q[e]! - s10; q[e + 1] = q[e + 1]! - s11; q[e + 2] = q[e + 2]! - s12; q[e + 3] = q[e + 3]! - s13;
      const f = e + m;
      q[f] = q[f]! - s20; q[f + 1] = q[f + 1]! - s21; q[f + 2] = q[f + 2]! - s22; q[f + 3] = q[f + 3]! - s23;
      const g = f + m;
      q[g] = q[g]! - s30; q[g + 1] = q[g + 1]! - s31; q[g + 2] = q[g + 2]! - s32; q[g + 3] = q[g + 3]! - s33;
    }
  }
}
