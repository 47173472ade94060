/**
 * Random numbers that depend only on their position: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel
 * random numbers: as easy as 1, 2, 3", SC 2011), a counter-based generator without state.
 *
 * The contract, which every engine must meet to the bit:
 * - key = (seed mod 2^32, floor(seed / 2^32)); counter = (index >> 2, site, batch, epoch), each mod 2^32;
 * - element `index` of a site is word `index & 3` of that block; sites are registered in `sites.ts`;
 * - a uniform number in [0, 1) is (word >>> 8) · 2^-24, exact in f32; an integer below n is floor(word · n / 2^32).
 */

export type Words4 = readonly [number, number, number, number];
export type Words2 = readonly [number, number];

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const ROUNDS = 10;
const TO_UNIT = 2 ** -24;

/** The upper 32 bits of the product of two unsigned 32-bit integers, by 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) >>> 0) + (Math.imul(aLow, bLow) >>> 16);
  const cross = (Math.imul(aLow, bHigh) >>> 0) + (middle & 0xffff);
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16)) | 0;
}

/** One block into `out[at … at + 3]`, as signed or unsigned words alike; the hot loop of every draw. */
function block(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  out: Uint32Array,
  at: number,
) {
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(M0, c0);
    const low0 = Math.imul(M0, c0);
    const high1 = multiplyHigh(M1, c2);
    const low1 = Math.imul(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}

/** The bare function: a 128-bit counter and a 64-bit key, both as unsigned words, to four unsigned words. */
export function philox(counter: Words4, key: Words2): Words4 {
  const out = new Uint32Array(4);
  block(counter[0] | 0, counter[1] | 0, counter[2] | 0, counter[3] | 0, key[0] | 0, key[1] | 0, out, 0);
  return [out[0]!, out[1]!, out[2]!, out[3]!];
}

/**
 * The first `count` unsigned 32-bit words of a site.
 * @param seed a non-negative integer below 2^53.
 * @param out filled and returned if given; its length is `count`.
 */
export function words(
  seed: number,
  site: number,
  epoch: number,
  batch: number,
  count: number,
  out: Uint32Array = new Uint32Array(count),
): Uint32Array {
  const k0 = seed | 0;
  const k1 = Math.floor(seed / 2 ** 32) | 0;
  const whole = count >>> 2;
  for (let b = 0; b < whole; b++) block(b, site | 0, batch | 0, epoch | 0, k0, k1, out, 4 * b);
  if (count & 3) {
    const rest = new Uint32Array(4);
    block(whole, site | 0, batch | 0, epoch | 0, k0, k1, rest, 0);
    out.set(rest.subarray(0, count & 3), 4 * whole);
  }
  return out;
}

/** The first `count` uniform numbers in [0, 1) of a site; f32, exact. */
export function uniforms(
  seed: number,
  site: number,
  epoch: number,
  batch: number,
  count: number,
): Float32Array {
  const drawn = words(seed, site, epoch, batch, count);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) out[i] = (drawn[i]! >>> 8) * TO_UNIT;
  return out;
}

/** Element `index` of `uniforms` alone. */
export function uniformAt(seed: number, site: number, epoch: number, batch: number, index: number): number {
  const key: Words2 = [seed | 0, Math.floor(seed / 2 ** 32) | 0];
  return (philox([index >>> 2, site, batch, epoch], key)[index & 3]! >>> 8) * TO_UNIT;
}

/** An integer in [0, n) from an unsigned word: the high half of word · n; n is at most 2^31. */
export function below(word: number, n: number): number {
  return Math.floor(word * 2 ** -32 * n);
}
