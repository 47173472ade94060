/**
 * Elementary functions in WGSL, for one number and for four. The language's own are good to 2⁻¹¹ (sin), to 2⁻²¹ near 1
 * (log) or not at all beyond their range; training compounds that, so these are written out and the same everywhere.
 *
 * Polynomials and their coefficients are those of Cephes' single precision functions (Moshier,
 * netlib.org/cephes/single: expf, logf, tanhf, sinf, erff); the tail of erf is Abramowitz and Stegun 7.1.26, good to
 * 5e-7. Infinities and NaN may be assumed away by a WGSL compiler: where they matter the argument is clamped or the
 * result chosen.
 */

/** Numbers computed at once: f32, or vec4<f32>. */
export type Width = 1 | 4;

/** The largest number that is finite. */
export const LARGEST = 3.4028234663852886e38;

/**
 * A number as a WGSL expression, exact: the shortest decimal of an f32 as a double gives that f32 again. Literals of
 * what is not finite are errors in WGSL, even as the result of constant expressions.
 */
export function f32Literal(value: number): string {
  const rounded = Math.fround(value);
  if (Number.isNaN(rounded)) return 'bitcast<f32>(NAN_BITS)';
  if (!Number.isFinite(rounded)) return `${rounded < 0 ? '(-' : '('}bitcast<f32>(INFINITY_BITS))`;
  const text = Object.is(rounded, -0) ? '-0' : `${rounded}`;
  return text.startsWith('-') ? `(${text}f)` : `${text}f`;
}

/** Variables, so that no constant expression is made of them. */
export const NOT_FINITE = [
  'var<private> INFINITY_BITS: u32 = 0x7f800000u;',
  'var<private> NAN_BITS: u32 = 0x7fc00000u;',
];

export const numberLiteral = (value: number, width: Width): string =>
  width === 1 ? f32Literal(value) : `vec4<f32>(${f32Literal(value)})`;

type FunctionName = 'exp' | 'log' | 'tanh' | 'sigmoid' | 'softplus' | 'erf' | 'sin' | 'cos' | 'pow';
type Internal = 'scaled' | 'near1' | 'fraction' | 'sine';

/** Highest power first. */
const coefficients = {
  exp: [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1],
  log: [
    7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
    2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
  ],
  tanh: [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
  erf: [
    7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2,
    1.128358514861418e-1, -3.7612625824233e-1, 1.12837916709551,
  ],
  erfTail: [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592],
  sin: [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1],
  cos: [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2],
} as const;
/** ln 2 in two parts: a multiple of the first is exact. */
const LN2 = [0.693359375, -2.1219444e-4] as const;
/** π/2 in four parts of eleven bits and fewer, so that a multiple of each is exact up to 2^13 quarters. */
const HALF_PI = [1.5703125, 4.837512969970703e-4, 7.549578323960304e-8, 5.389603e-15] as const;

/** What definitions are written in, for one width. */
function vocabulary(width: Width) {
  const T = width === 1 ? 'f32' : 'vec4<f32>';
  const I = width === 1 ? 'i32' : 'vec4<i32>';
  const n = (value: number): string => numberLiteral(value, width);
  return {
    T,
    I,
    n,
    /** An integer, from its text. */
    i: (text: string): string => (width === 1 ? text : `${I}(${text})`),
    shift: (bits: number): string => (width === 1 ? `${bits}u` : `vec4<u32>(${bits}u)`),
    /** A polynomial of x. */
    poly: (x: string, [first, ...rest]: readonly number[]): string =>
      rest.reduce((sum, c) => `(${sum} * ${x} + ${n(c)})`, n(first!)),
    /** x less `count` times each of the parts, one after the other. */
    less: (x: string, count: string, parts: readonly number[]): string =>
      parts.reduce((rest, part, k) => `${k === 0 ? rest : `(${rest})`} - ${count} * ${n(part)}`, x),
    head: (name: FunctionName | Internal, parameters: string): string =>
      `fn ${name}${width}(${parameters}) -> ${T}`,
    call: (name: FunctionName | Internal, args: string): string => `${name}${width}(${args})`,
  };
}

type Vocabulary = ReturnType<typeof vocabulary>;

interface Definition {
  readonly comment?: string;
  /** The functions that it calls. */
  readonly calls: readonly (FunctionName | Internal)[];
  readonly text: (words: Vocabulary) => string;
}

const definitions: Readonly<Record<FunctionName | Internal, Definition>> = {
  scaled: {
    comment: 'e^r * 2^n for |r| <= ln 2 / 2 and whole n from -252 to 254',
    calls: [],
    // Two factors, as 2^n alone may over- or underflow where the result does not.
    text: ({ T, I, n, i, shift, poly, head }) => `${head('scaled', `r: ${T}, n: ${T}`)} {
  let p = ${poly('r', coefficients.exp)};
  let k = ${I}(n);
  let half = k >> ${shift(1)};
  let low = bitcast<${T}>((half + ${i('127')}) << ${shift(23)});
  let high = bitcast<${T}>((k - half + ${i('127')}) << ${shift(23)});
  return ((p * (r * r) + r) + ${n(1)}) * low * high;
}`,
  },
  near1: {
    comment: 'log(1 + f) + e * ln 2 for sqrt(1/2) <= 1 + f <= sqrt(2)',
    calls: [],
    text: ({ T, n, poly, head }) => `${head('near1', `f: ${T}, e: ${T}`)} {
  let z = f * f;
  let p = ${poly('f', coefficients.log)};
  let y = p * z * f + e * ${n(LN2[1])} - z * ${n(0.5)};
  return f + y + e * ${n(LN2[0])};
}`,
  },
  fraction: {
    comment: 'the exponent e of x = m * 2^e with sqrt(1/2) <= m < sqrt(2), for positive normal x',
    calls: [],
    text: ({ T, I, i, shift, head }) => `${head('fraction', `x: ${T}`)} {
  return ${T}((bitcast<${I}>(x) - ${i('0x3f3504f3')}) >> ${shift(23)});
}`,
  },
  exp: {
    calls: ['scaled'],
    text: ({ T, n, less, head, call }) => `${head('exp', `x: ${T}`)} {
  let t = clamp(x, ${n(-104)}, ${n(88.7228)});
  let n = round(t * ${n(Math.LOG2E)});
  return ${call('scaled', `${less('t', 'n', LN2)}, n`)};
}`,
  },
  log: {
    calls: ['near1', 'fraction'],
    text: ({ T, I, n, shift, head, call }) => `${head('log', `x: ${T}`)} {
  let tiny = x < ${n(2 ** -126)};
  let scaled = min(select(x, x * ${n(2 ** 23)}, tiny), ${n(LARGEST)});
  let e = ${call('fraction', 'scaled')};
  let m = bitcast<${T}>(bitcast<${I}>(scaled) - (${I}(e) << ${shift(23)}));
  let finite = ${call('near1', `m - ${n(1)}, e - select(${n(0)}, ${n(23)}, tiny)`)};
  let low = select(${n(Number.NaN)}, ${n(-Infinity)}, x == ${n(0)});
  let upper = select(finite, x, x > ${n(LARGEST)});
  return select(upper, low, x <= ${n(0)});
}`,
  },
  sigmoid: {
    calls: ['exp'],
    text: ({ T, n, head, call }) => `${head('sigmoid', `x: ${T}`)} {
  let e = ${call('exp', '-abs(x)')};
  let upper = ${n(1)} / (${n(1)} + e);
  return select(e * upper, upper, x >= ${n(0)});
}`,
  },
  softplus: {
    comment: 'max(x, 0) + log(1 + e^-|x|); 1 + u above sqrt(2) is halved',
    calls: ['exp', 'near1'],
    text: ({ T, n, head, call }) => `${head('softplus', `x: ${T}`)} {
  let u = ${call('exp', '-abs(x)')};
  let large = u > ${n(Math.SQRT2 - 1)};
  let f = select(u, (u - ${n(1)}) * ${n(0.5)}, large);
  return max(x, ${n(0)}) + ${call('near1', `f, select(${n(0)}, ${n(1)}, large)`)};
}`,
  },
  tanh: {
    calls: ['exp'],
    text: ({ T, n, poly, head, call }) => `${head('tanh', `x: ${T}`)} {
  let a = min(abs(x), ${n(15)});
  let z = a * a;
  let small = ${poly('z', coefficients.tanh)} * z * x + x;
  let large = ${n(1)} - ${n(2)} / (${call('exp', 'a + a')} + ${n(1)});
  return select(large * sign(x), small, a < ${n(0.625)});
}`,
  },
  erf: {
    calls: ['exp'],
    text: ({ T, n, poly, head, call }) => `${head('erf', `x: ${T}`)} {
  let a = min(abs(x), ${n(10)});
  let z = a * a;
  let small = x * ${poly('z', coefficients.erf)};
  let t = ${n(1)} / (${n(1)} + a * ${n(0.3275911)});
  let large = ${n(1)} - ${poly('t', coefficients.erfTail)} * t * ${call('exp', '-z')};
  return select(large * sign(x), small, a < ${n(1)});
}`,
  },
  sine: {
    comment: 'sin(x + quarters * pi / 2); |x| up to 1e4',
    calls: [],
    text: ({ T, I, n, i, poly, less, head }) => `${head('sine', `x: ${T}, quarters: i32`)} {
  let q = round(x * ${n(2 / Math.PI)});
  let r = ${less('x', 'q', HALF_PI)};
  let k = ${I}(clamp(q, ${n(-1e9)}, ${n(1e9)})) + ${i('quarters')};
  let z = r * r;
  let s = ${poly('z', coefficients.sin)} * z * r + r;
  let c = ${poly('z', coefficients.cos)} * z * z - z * ${n(0.5)} + ${n(1)};
  let value = select(s, c, (k & ${i('1')}) != ${i('0')});
  return select(value, -value, (k & ${i('2')}) != ${i('0')});
}`,
  },
  sin: {
    calls: ['sine'],
    text: ({ T, head, call }) => `${head('sin', `x: ${T}`)} { return ${call('sine', `x, 0`)}; }`,
  },
  cos: {
    calls: ['sine'],
    text: ({ T, head, call }) => `${head('cos', `x: ${T}`)} { return ${call('sine', `x, 1`)}; }`,
  },
  pow: {
    comment: '|x|^y = 2^(y e) * e^(y log m), then signs; x below 0 has powers for whole y only, and x^0 is 1',
    calls: ['near1', 'fraction', 'scaled'],
    // A whole e has eight bits: with y in two halves of twelve, both parts of y e are exact.
    text: ({ T, I, n, i, shift, head, call }) => `${head('pow', `x: ${T}, y: ${T}`)} {
  let a = abs(x);
  let safe = clamp(a, ${n(2 ** -126)}, ${n(LARGEST)});
  let e = ${call('fraction', 'safe')};
  let m = bitcast<${T}>(bitcast<${I}>(safe) - (${I}(e) << ${shift(23)}));
  let lm = y * ${call('near1', `m - ${n(1)}, ${n(0)}`)};
  let upper = bitcast<${T}>(bitcast<${I}>(y) & ${i('-4096')});
  let ye = upper * e;
  let rest = (y - upper) * e;
  let n = round(clamp(ye + rest + lm * ${n(Math.LOG2E)}, ${n(-200)}, ${n(200)}));
  let r = clamp(((ye - n) + rest) * ${n(Math.LN2)} + lm, ${n(-0.5)}, ${n(0.5)});
  let finite = ${call('scaled', 'r, n')};
  let ends = select(select(${n(Infinity)}, ${n(0)}, (a > ${n(1)}) == (y < ${n(0)})), ${n(1)}, y == ${n(0)});
  let magnitude = select(finite, ends, (a < ${n(2 ** -126)}) | (a > ${n(LARGEST)}));
  let whole = floor(y) == y;
  let odd = whole & (floor(y * ${n(0.5)}) * ${n(2)} != y);
  let signed = select(magnitude, -magnitude, (x < ${n(0)}) & odd);
  let undefinedRoot = (x < ${n(0)}) & !whole;
  return select(select(signed, ${n(Number.NaN)}, undefinedRoot), ${n(1)}, (y == ${n(0)}) | (x == ${n(1)}));
}`,
  },
};

const names: ReadonlySet<string> = new Set<FunctionName>([
  ...(['exp', 'log', 'tanh', 'sigmoid', 'softplus', 'erf', 'sin', 'cos', 'pow'] as const),
]);
export const isFunction = (op: string): op is FunctionName => names.has(op);

/** The functions a shader uses, each once, behind those they call. */
export class Functions {
  private readonly texts = new Map<string, string>();

  /** The call of a function, which is then part of the text. */
  call(name: FunctionName, width: Width, args: readonly string[]): string {
    this.add(name, width);
    return `${name}${width}(${args.join(', ')})`;
  }

  private add(name: FunctionName | Internal, width: Width): void {
    if (this.texts.has(`${name}${width}`)) return;
    const { text, calls, comment } = definitions[name];
    for (const callee of calls) this.add(callee, width);
    const above = comment === undefined ? '' : `// ${comment}\n`;
    this.texts.set(`${name}${width}`, above + text(vocabulary(width)));
  }

  print(): string[] {
    return [...this.texts.values()];
  }
}
