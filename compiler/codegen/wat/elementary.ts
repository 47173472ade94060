/**
 * Elementary functions of four f32 lanes in WebAssembly SIMD, printed in line: no call, and constants stay in
 * registers.
 *
 * Polynomials and their coefficients are those of Cephes' single precision functions (Moshier,
 * netlib.org/cephes/single: expf, logf, tanhf, sinf, erff); the tail of erf is Abramowitz and Stegun 7.1.26. Reductions
 * of arguments that f32 cannot hold (sin, cos, pow) are done in f64, two lanes at a time. Errors stay below 4 ulp; of
 * erf below 5e-7.
 */
import type { Arithmetic } from '../printer.js';
import type { Scope } from './scope.js';

type Text = string;
const add = (a: Text, b: Text) => `(f32x4.add ${a} ${b})`;
const sub = (a: Text, b: Text) => `(f32x4.sub ${a} ${b})`;
const mul = (a: Text, b: Text) => `(f32x4.mul ${a} ${b})`;
const div = (a: Text, b: Text) => `(f32x4.div ${a} ${b})`;
const abs = (a: Text) => `(f32x4.abs ${a})`;
/** The lesser, or `a` where it is NaN: one instruction, unlike IEEE's minimum. */
const min = (a: Text, b: Text) => `(f32x4.pmin ${a} ${b})`;
const max = (a: Text, b: Text) => `(f32x4.pmax ${a} ${b})`;
const and = (a: Text, b: Text) => `(v128.and ${a} ${b})`;
const or = (a: Text, b: Text) => `(v128.or ${a} ${b})`;
const xor = (a: Text, b: Text) => `(v128.xor ${a} ${b})`;
const choose = (condition: Text, a: Text, b: Text) => `(v128.bitselect ${a} ${b} ${condition})`;
const compare = (op: string, a: Text, b: Text) => `(f32x4.${op} ${a} ${b})`;

const SIGN = 0x80000000;
/** Added to and taken from an f32 below 2^22 it rounds to an integer, which is in the low bits in between. */
const ROUNDER = 12582912; // 1.5 · 2^23
const ROUNDER_BITS = 0x4b400000;
const ROUNDER_F64 = '6755399441055744'; // 1.5 · 2^52

/**
 * A polynomial, the highest power's coefficient first: even and odd powers by Horner's rule apart, which halves the
 * chain of results that wait for each other.
 */
function polynomial(s: Scope, x: Text, coefficients: readonly number[]): Text {
  const horner = (y: Text, [first, ...rest]: readonly number[]) =>
    rest.reduce((sum, c) => add(mul(sum, y), s.number(c)), s.number(first!));
  if (coefficients.length < 5) return horner(x, coefficients);
  const square = s.bind(mul(x, x));
  const ascending = [...coefficients].reverse();
  const even = horner(square, ascending.filter((_, k) => k % 2 === 0).reverse());
  const odd = horner(square, ascending.filter((_, k) => k % 2 === 1).reverse());
  return add(mul(odd, x), even);
}

/**
 * e^r · 2^n for |r| ≤ ln 2 / 2 and n an i32 of -152 … 129: in two factors, so that denormals and infinity come out
 * right.
 */
function scaledExp(s: Scope, r: Text, n: Text): Text {
  const p = polynomial(
    s,
    r,
    [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1],
  );
  const value = add(add(mul(p, mul(r, r)), r), s.number(1));
  const half = s.bind(`(i32x4.shr_s ${n} (i32.const 1))`);
  const power = (k: Text) => `(i32x4.shl (i32x4.add ${k} ${s.bits(127)}) (i32.const 23))`;
  return mul(mul(value, power(half)), power(`(i32x4.sub ${n} ${half})`));
}

function exp(s: Scope, x: Text): Text {
  const t = s.bind(min(max(x, s.number(-105)), s.number(89)));
  const shifted = s.bind(add(mul(t, s.number(Math.LOG2E)), s.number(ROUNDER)));
  const n = s.bind(sub(shifted, s.number(ROUNDER)));
  // ln 2 in two parts: the first has nine bits, so that n times it is exact.
  const r = s.bind(sub(sub(t, mul(n, s.number(0.693359375))), mul(n, s.number(-2.1219444e-4))));
  return scaledExp(s, r, s.bind(`(i32x4.sub ${shifted} ${s.bits(ROUNDER_BITS)})`));
}

/** log(1 + f) for √½ ≤ 1 + f ≤ √2, plus e · ln 2. */
function logNear1(s: Scope, f: Text, e: Text): Text {
  const z = s.bind(mul(f, f));
  const p = polynomial(
    s,
    f,
    [
      7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
      2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
  );
  const y = sub(add(mul(mul(p, z), f), mul(e, s.number(-2.1219444e-4))), mul(z, s.number(0.5)));
  return add(add(f, y), mul(e, s.number(0.693359375)));
}

/** x = m · 2^e with √½ ≤ m < √2 for positive finite x, denormals included. */
function split(s: Scope, x: Text): { m: Text; e: Text } {
  const tiny = s.bind(compare('lt', x, s.number(2 ** -126)));
  const scaled = s.bind(choose(tiny, mul(x, s.number(2 ** 23)), x));
  const e = s.bind(`(i32x4.shr_s (i32x4.sub ${scaled} ${s.bits(0x3f3504f3)}) (i32.const 23))`);
  return {
    m: s.bind(`(i32x4.sub ${scaled} (i32x4.shl ${e} (i32.const 23)))`),
    e: s.bind(sub(`(f32x4.convert_i32x4_s ${e})`, and(tiny, s.number(23)))),
  };
}

function log(s: Scope, x: Text): Text {
  const { m, e } = split(s, x);
  const finite = s.bind(logNear1(s, s.bind(sub(m, s.number(1))), e));
  // Infinity and NaN give themselves, 0 gives -infinity, what is below gives NaN.
  const upper = s.bind(choose(compare('lt', x, s.number(Infinity)), finite, x));
  const lower = choose(compare('eq', x, s.number(0)), s.number(-Infinity), s.number(Number.NaN));
  return choose(compare('le', x, s.number(0)), lower, upper);
}

/** 1 / (1 + e^-|x|), and for negative x the rest to 1 without cancelling. */
function sigmoid(s: Scope, x: Text): Text {
  const e = s.bind(exp(s, s.bind(or(x, s.bits(SIGN)))));
  const upper = s.bind(div(s.number(1), add(s.number(1), e)));
  return choose(compare('ge', x, s.number(0)), upper, mul(e, upper));
}

/** max(x, 0) + log1p(e^-|x|), stable at both ends. */
function softplus(s: Scope, x: Text): Text {
  const u = s.bind(exp(s, s.bind(or(x, s.bits(SIGN)))));
  // 1 + u above √2 is halved: (1 + u) / 2 = 1 + (u - 1) / 2.
  const large = s.bind(compare('gt', u, s.number(Math.SQRT2 - 1)));
  const f = s.bind(choose(large, mul(sub(u, s.number(1)), s.number(0.5)), u));
  return add(max(x, s.number(0)), logNear1(s, f, s.bind(and(large, s.number(1)))));
}

function tanh(s: Scope, x: Text): Text {
  const a = s.bind(abs(x));
  const z = s.bind(mul(x, x));
  const p = polynomial(
    s,
    z,
    [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
  );
  const small = s.bind(add(mul(mul(p, z), x), x));
  const e = s.bind(exp(s, s.bind(add(a, a))));
  const large = sub(s.number(1), div(s.number(2), add(e, s.number(1))));
  const signed = s.bind(or(large, and(x, s.bits(SIGN))));
  return choose(compare('lt', a, s.number(0.625)), small, signed);
}

/** Doubles from two lanes of a vector of f32, the lower and the upper two. */
const wide = (x: Text): [Text, Text] => [
  `(f64x2.promote_low_f32x4 ${x})`,
  `(f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 ${x} ${x}))`,
];
/** Floats from two vectors of doubles. */
const narrow = (a: Text, b: Text) => {
  const [low, high] = [`(f32x4.demote_f64x2_zero ${a})`, `(f32x4.demote_f64x2_zero ${b})`];
  return `(i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 ${low} ${high})`;
};
/** The low halves of two vectors of 64-bit lanes. */
const lowWords = (a: Text, b: Text) => `(i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 ${a} ${b})`;
const double = (s: Scope, text: string) => s.constant(`v128.const f64x2 ${text} ${text}`);

/** t = n · unit + r with |r| ≤ unit / 2, in f64: n as an i32 and r as an f32 in four lanes; |n| below 2^31. */
function reduce(s: Scope, halves: readonly [Text, Text], unit: number): { n: Text; r: Text } {
  const parts = halves.map((t) => {
    const quotient = `(f64x2.mul ${t} ${double(s, `${1 / unit}`)})`;
    const shifted = s.bind(`(f64x2.add ${quotient} ${double(s, ROUNDER_F64)})`);
    const n = `(f64x2.sub ${shifted} ${double(s, ROUNDER_F64)})`;
    return { shifted, r: s.bind(`(f64x2.sub ${t} (f64x2.mul ${n} ${double(s, `${unit}`)}))`) };
  }) as [{ shifted: Text; r: Text }, { shifted: Text; r: Text }];
  return {
    n: s.bind(lowWords(parts[0].shifted, parts[1].shifted)),
    r: s.bind(narrow(parts[0].r, parts[1].r)),
  };
}

/** sin(x + quarters · π/2), the argument reduced to |r| ≤ π/4; good to the last bit of x below 2^30. */
function sine(s: Scope, x: Text, quarters: 0 | 1): Text {
  const [low, high] = wide(x);
  const { n, r } = reduce(s, [s.bind(low), s.bind(high)], Math.PI / 2);
  const quadrant = quarters === 0 ? n : s.bind(`(i32x4.add ${n} ${s.bits(1)})`);
  const z = s.bind(mul(r, r));
  const sinCoefficients = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1];
  const sin = s.bind(add(mul(mul(polynomial(s, z, sinCoefficients), z), r), r));
  const cosCoefficients = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2];
  const cosTail = sub(mul(mul(polynomial(s, z, cosCoefficients), z), z), mul(z, s.number(0.5)));
  const cos = s.bind(add(cosTail, s.number(1)));
  const odd = `(i32x4.eq ${and(quadrant, s.bits(1))} ${s.bits(1)})`;
  const sign = `(i32x4.shl ${and(quadrant, s.bits(2))} (i32.const 30))`;
  return xor(choose(odd, cos, sin), sign);
}

/** |x|^y as e^(y log|x|) with the logarithm and the product in f64, then signs and the cases that have no logarithm. */
function pow(s: Scope, x: Text, y: Text): Text {
  const a = s.bind(abs(x));
  const { m, e } = split(s, a);
  // Far enough to under- and overflow whatever y is, and finite, so that y = 0 gives 1.
  const atZero = s.bind(choose(compare('eq', a, s.number(0)), s.number(-1e30), e));
  const exponent = s.bind(choose(compare('eq', a, s.number(Infinity)), s.number(1e30), atZero));
  const halves = [wide(m), wide(exponent), wide(y)] as const;
  const logarithms = ([0, 1] as const).map((h) => {
    // log m = 2 artanh(q), q = (m - 1) / (m + 1), |q| < 0.172: an odd series.
    const w = s.bind(halves[0][h]);
    const one = double(s, '1');
    const q = s.bind(`(f64x2.div (f64x2.sub ${w} ${one}) (f64x2.add ${w} ${one}))`);
    const z = s.bind(`(f64x2.mul ${q} ${q})`);
    const series = [11, 9, 7, 5, 3, 1].reduce(
      (sum, k) => `(f64x2.add (f64x2.mul ${sum} ${z}) ${double(s, `${2 / k}`)})`,
      double(s, `${2 / 13}`),
    );
    const full = `(f64x2.add (f64x2.mul ${series} ${q}) (f64x2.mul ${halves[1][h]} ${double(s, `${Math.LN2}`)}))`;
    const t = `(f64x2.mul ${halves[2][h]} ${full})`;
    return s.bind(`(f64x2.pmax (f64x2.pmin ${t} ${double(s, '89')}) ${double(s, '-105')})`);
  }) as [Text, Text];
  const { n, r } = reduce(s, logarithms, Math.LN2);
  const magnitude = s.bind(scaledExp(s, r, n));

  const whole = s.bind(compare('eq', `(f32x4.floor ${y})`, y));
  const half = s.bind(mul(y, s.number(0.5)));
  const odd = s.bind(and(whole, compare('ne', `(f32x4.floor ${half})`, half)));
  const signed = s.bind(xor(magnitude, and(and(x, s.bits(SIGN)), odd)));
  const undefinedRoot = `(v128.andnot ${compare('lt', x, s.number(0))} ${whole})`;
  const none = s.bind(or(undefinedRoot, compare('ne', x, x)));
  const result = s.bind(choose(none, s.number(Number.NaN), signed));
  return choose(compare('eq', y, s.number(0)), s.number(1), result);
}

function erf(s: Scope, x: Text): Text {
  const a = s.bind(abs(x));
  const z = s.bind(mul(x, x));
  const small = s.bind(
    mul(
      x,
      polynomial(
        s,
        z,
        [
          7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2,
          1.128358514861418e-1, -3.7612625824233e-1, 1.12837916709551,
        ],
      ),
    ),
  );
  const t = s.bind(div(s.number(1), add(s.number(1), mul(a, s.number(0.3275911)))));
  const p = mul(polynomial(s, t, [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592]), t);
  const tail = s.bind(mul(p, exp(s, s.bind(xor(z, s.bits(SIGN))))));
  const large = s.bind(or(sub(s.number(1), tail), and(x, s.bits(SIGN))));
  return choose(compare('lt', a, s.number(1)), small, large);
}

/** 1, 0 or -1; 0 for NaN. */
function sign(s: Scope, x: Text): Text {
  const zero = s.number(0);
  return sub(and(compare('gt', x, zero), s.number(1)), and(compare('lt', x, zero), s.number(1)));
}

/** The text of each operator; arguments are references to locals. */
export const elementary: Readonly<Record<Arithmetic, (s: Scope, a: Text, b: Text) => Text>> = {
  neg: (_, a) => `(f32x4.neg ${a})`,
  abs: (_, a) => abs(a),
  sqrt: (_, a) => `(f32x4.sqrt ${a})`,
  floor: (_, a) => `(f32x4.floor ${a})`,
  sign,
  add: (_, a, b) => add(a, b),
  sub: (_, a, b) => sub(a, b),
  mul: (_, a, b) => mul(a, b),
  div: (_, a, b) => div(a, b),
  max: (_, a, b) => max(a, b),
  min: (_, a, b) => min(a, b),
  exp,
  log,
  tanh,
  sigmoid,
  softplus,
  erf,
  pow,
  sin: (s, x) => sine(s, x, 0),
  cos: (s, x) => sine(s, x, 1),
};

/** About how many vectors' worth of work an operator is beside an addition, for choosing how far to unroll. */
export const weight = (op: string): number =>
  ['exp', 'log', 'tanh', 'sigmoid', 'softplus', 'erf', 'pow', 'sin', 'cos'].includes(op) ? 40 : 1;
