/**
 * Dropout masks by Philox4x32-10, as `runtime/random/philox.ts` defines it, to the bit: four blocks of four words at a
 * time, a lane a block. Row r starts at element r · cols, which may lie within a block.
 */

const M0 = '0xd2511f53';
const M1 = '0xcd9e8d57';
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const ROUNDS = 10;

const splat = (value: string) => `(v128.const i32x4 ${value} ${value} ${value} ${value})`;
const get = (name: string) => `(local.get $${name})`;
const set = (name: string, value: string) => `(local.set $${name} ${value})`;
const words = (first: number[], a: string, b: string) =>
  `(i8x16.shuffle ${first.flatMap((w) => [4 * w, 4 * w + 1, 4 * w + 2, 4 * w + 3]).join(' ')} ${a} ${b})`;
const LOW = [0, 2, 4, 6];
const HIGH = [1, 3, 5, 7];

/**
 * $c0 … $c3 to the next round's: high and low halves of 64-bit products. Keys are the call's, plus the round's
 * multiple.
 */
const round = (r: number): string =>
  [
    set('p', `(i64x2.extmul_low_i32x4_u ${get('c0')} ${splat(M0)})`),
    set('q', `(i64x2.extmul_high_i32x4_u ${get('c0')} ${splat(M0)})`),
    set('s', `(i64x2.extmul_low_i32x4_u ${get('c2')} ${splat(M1)})`),
    set('t', `(i64x2.extmul_high_i32x4_u ${get('c2')} ${splat(M1)})`),
    set('c0', `(v128.xor (v128.xor ${words(HIGH, get('s'), get('t'))} ${get('c1')}) ${key('k0', W0, r)})`),
    set('c1', words(LOW, get('s'), get('t'))),
    set('c2', `(v128.xor (v128.xor ${words(HIGH, get('p'), get('q'))} ${get('c3')}) ${key('k1', W1, r)})`),
    set('c3', words(LOW, get('p'), get('q'))),
  ].join('\n            ');
const key = (name: string, step: number, r: number): string =>
  r === 0 ? get(name) : `(i32x4.add ${get(name)} ${splat(`0x${(Math.imul(step, r) >>> 0).toString(16)}`)})`;

/** value where the uniform number of a word is below keep: word >>> 8 < ⌈keep · 2^24⌉. */
const masked = (word: string): string =>
  `(v128.and (i32x4.lt_s (i32x4.shr_u ${get(word)} (i32.const 8)) ${get('threshold')}) ${get('value')})`;

/** Stores a lane of $v, unless it is beyond the last column. */
const storeLane = (lane: number): string => {
  const inside = `(i32.lt_u (i32.add ${get('col')} (i32.const ${lane})) ${get('cols')})`;
  return `(if ${inside} (then (v128.store32_lane offset=${4 * lane} ${lane} ${get('at')} ${get('v')})))`;
};
const rowStart = `(i32.add ${get('output')} (i32.mul ${get('rowFrom')} ${get('stride')}))`;
/** Stores vector v of the four. */
const storeVector = (v: number): string => `(v128.store offset=${16 * v} ${get('at')} ${get(`c${v}`)})`;
const storePart = (v: number): string => {
  const at = `(i32.add ${get('at')} (i32.const ${16 * v}))`;
  const col = `(i32.add ${get('col')} (i32.const ${4 * v}))`;
  return `(call $storeWithin ${at} ${col} ${get('cols')} ${get(`c${v}`)})`;
};

export const PHILOX = `
  (func $storeWithin (param $at i32) (param $col i32) (param $cols i32) (param $v v128)
    ${[0, 1, 2, 3].map(storeLane).join('\n    ')}
  )
  (func (export "dropout") (param $output i32) (param $stride i32) (param $cols i32) (param $keep f64)
    (param $seedLow i32) (param $seedHigh i32) (param $site i32) (param $epoch i32) (param $batch i32)
    (param $rowFrom i32) (param $rowTo i32)
    (local $first i32) (local $col i32) (local $block i32) (local $at i32)
    (local $k0 v128) (local $k1 v128) (local $threshold v128) (local $value v128)
    (local $c0 v128) (local $c1 v128) (local $c2 v128) (local $c3 v128)
    (local $p v128) (local $q v128) (local $s v128) (local $t v128)
    ${set('k0', `(i32x4.splat ${get('seedLow')})`)}
    ${set('k1', `(i32x4.splat ${get('seedHigh')})`)}
    ${set('threshold', `(i32x4.splat (i32.trunc_sat_f64_s (f64.ceil (f64.mul ${get('keep')} (f64.const 16777216)))))`)}
    ${set('value', `(f32x4.splat (f32.demote_f64 (f64.div (f64.const 1) ${get('keep')})))`)}
    (block $done
      (loop $rows
        (br_if $done (i32.ge_u (local.get $rowFrom) (local.get $rowTo)))
        ${set('first', `(i32.mul ${get('rowFrom')} ${get('cols')})`)}
        ${set('block', `(i32.shr_u ${get('first')} (i32.const 2))`)}
        ;; Columns before 0 belong to the row before.
        ${set('col', `(i32.sub (i32.const 0) (i32.and ${get('first')} (i32.const 3)))`)}
        (block $rowDone
          (loop $blocks
            (br_if $rowDone (i32.ge_s (local.get $col) (local.get $cols)))
            ${set('c0', `(i32x4.add (i32x4.splat ${get('block')}) (v128.const i32x4 0 1 2 3))`)}
            ${set('c1', `(i32x4.splat ${get('site')})`)}
            ${set('c2', `(i32x4.splat ${get('batch')})`)}
            ${set('c3', `(i32x4.splat ${get('epoch')})`)}
            ${Array.from({ length: ROUNDS }, (_, r) => round(r)).join('\n            ')}
            ${['c0', 'c1', 'c2', 'c3'].map((c) => set(c, masked(c))).join('\n            ')}
            ;; From a lane a block to a vector a block.
            ${set('p', words([0, 4, 1, 5], get('c0'), get('c1')))}
            ${set('q', words([2, 6, 3, 7], get('c0'), get('c1')))}
            ${set('s', words([0, 4, 1, 5], get('c2'), get('c3')))}
            ${set('t', words([2, 6, 3, 7], get('c2'), get('c3')))}
            ${set('c0', words([0, 1, 4, 5], get('p'), get('s')))}
            ${set('c1', words([2, 3, 6, 7], get('p'), get('s')))}
            ${set('c2', words([0, 1, 4, 5], get('q'), get('t')))}
            ${set('c3', words([2, 3, 6, 7], get('q'), get('t')))}
            ${set('at', `(i32.add ${rowStart} (i32.shl ${get('col')} (i32.const 2)))`)}
            (if (i32.and (i32.ge_s (local.get $col) (i32.const 0))
                         (i32.le_s (i32.add (local.get $col) (i32.const 16)) (local.get $cols)))
              (then
                ${[0, 1, 2, 3].map(storeVector).join('\n                ')})
              (else
                ${[0, 1, 2, 3].map(storePart).join('\n                ')}))
            ${set('col', `(i32.add ${get('col')} (i32.const 16))`)}
            ${set('block', `(i32.add ${get('block')} (i32.const 4))`)}
            (br $blocks)))
        ${set('rowFrom', `(i32.add ${get('rowFrom')} (i32.const 1))`)}
        (br $rows)))
  )`;
