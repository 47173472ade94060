/**
 * CUDA C as a language of the shared printer. Numbers are `float` where they are one a row, `Four` (four units of it)
 * where they are one a unit; conditions are `bool` and `Mask`. Overloads and the conversions from one to four let one
 * table serve both. CUDA's own functions are used as they are: no `-use_fast_math`.
 */
import type { Arithmetic, Language } from '../printer.js';

const infix: Readonly<Partial<Record<Arithmetic, string>>> = { add: '+', sub: '-', mul: '*', div: '/' };
const comparisons = { lt: '<', le: '<=', gt: '>', ge: '>=', eq: '==', ne: '!=' } as const;

/** A number as a literal, exact: the shortest decimal of an f32 as a double gives that f32 again. */
export function literal(value: number): string {
  const rounded = Math.fround(value);
  if (Number.isNaN(rounded)) return '__int_as_float(0x7fc00000)';
  if (!Number.isFinite(rounded)) return `__int_as_float(0x${rounded > 0 ? '7f' : 'ff'}800000)`;
  const text = Object.is(rounded, -0) ? '-0' : `${rounded}`;
  const decimal = /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
  return text.startsWith('-') ? `(${decimal})` : decimal;
}

export const cudaLanguage: Language = {
  number: literal,
  apply: (op, args) => {
    const sign = infix[op];
    if (sign) return `(${args[0]} ${sign} ${args[1]})`;
    return op === 'neg' ? `(-${args[0]})` : `unit::${op}(${args.join(', ')})`;
  },
  compare: (op, a, b) => `(${a} ${comparisons[op]} ${b})`,
  choose: (condition, then, otherwise) => `unit::select(${condition}, ${then}, ${otherwise})`,
  toNumber: (condition) => `unit::number(${condition})`,
  toCondition: (number) => `(${number} != 0.0f)`,
};

/** Of one number; `max` and `min` are NaN where an argument is, as they are everywhere else in rffc. */
const functions: Readonly<
  Record<Exclude<Arithmetic, 'neg' | 'add' | 'sub' | 'mul' | 'div'> | 'largest', string>
> = {
  exp: 'expf(a)',
  log: 'logf(a)',
  sqrt: 'sqrtf(a)',
  abs: 'fabsf(a)',
  sign: '(a > 0.0f ? 1.0f : a < 0.0f ? -1.0f : a)',
  sin: 'sinf(a)',
  cos: 'cosf(a)',
  tanh: 'tanhf(a)',
  sigmoid: '(a >= 0.0f ? 1.0f : expf(a)) / (1.0f + expf(-fabsf(a)))',
  softplus: 'fmaxf(a, 0.0f) + log1pf(expf(-fabsf(a)))',
  erf: 'erff(a)',
  floor: 'floorf(a)',
  pow: 'powf(a, b)',
  max: 'a < b || b != b ? b : a',
  min: 'b < a || b != b ? b : a',
  // For reductions, which pass over NaN.
  largest: 'fmaxf(a, b)',
};
const takesTwo = (text: string): boolean => /\bb\b/.test(text);

const inline = '__device__ __forceinline__';
const lanes = ['x', 'y', 'z', 'w'] as const;
const four = (type: string, lane: (l: string) => string): string => `${type}(${lanes.map(lane).join(', ')})`;

const overloads = Object.entries(functions).flatMap(([name, text]) => {
  const two = takesTwo(text);
  const parameters = (type: string) => (two ? `${type} a, ${type} b` : `${type} a`);
  const call = (l: string) => `${name}(a.${l}${two ? `, b.${l}` : ''})`;
  return [
    `${inline} float ${name}(${parameters('float')}) { return ${text}; }`,
    `${inline} Four ${name}(${parameters('Four')}) { return ${four('Four', call)}; }`,
  ];
});
const operatorTexts = ['+', '-', '*', '/'].map(
  (o) =>
    `${inline} Four operator${o}(Four a, Four b) { return ${four('Four', (l) => `a.${l} ${o} b.${l}`)}; }`,
);
const comparisonTexts = Object.values(comparisons).map(
  (o) =>
    `${inline} Mask operator${o}(Four a, Four b) { return ${four('Mask', (l) => `a.${l} ${o} b.${l}`)}; }`,
);

/** What printed kernels are written in terms of; needs no header, so that NVRTC compiles it without include paths. */
export const PRELUDE = `// Four units of a row, and where something holds of them.
struct alignas(16) Four {
  float x, y, z, w;
  Four() = default;
  ${inline} Four(float v) : x(v), y(v), z(v), w(v) {}
  ${inline} Four(float a, float b, float c, float d) : x(a), y(b), z(c), w(d) {}
};
struct Mask {
  bool x, y, z, w;
  ${inline} Mask(bool v) : x(v), y(v), z(v), w(v) {}
  ${inline} Mask(bool a, bool b, bool c, bool d) : x(a), y(b), z(c), w(d) {}
};
${inline} Four operator-(Four a) { return ${four('Four', (l) => `-a.${l}`)}; }
${[...operatorTexts, ...comparisonTexts].join('\n')}

namespace unit {
${overloads.join('\n')}
${inline} float number(bool c) { return c ? 1.0f : 0.0f; }
${inline} Four number(Mask c) { return ${four('Four', (l) => `number(c.${l})`)}; }
${inline} float select(bool c, float a, float b) { return c ? a : b; }
${inline} Four select(bool c, Four a, Four b) { return ${four('Four', (l) => `c ? a.${l} : b.${l}`)}; }
${inline} Four select(Mask c, Four a, Four b) { return ${four('Four', (l) => `c.${l} ? a.${l} : b.${l}`)}; }
}

// A row's vector \`group\`; nothing is read where \`live\` does not hold.
${inline} Four load(const float* row, unsigned group) { return reinterpret_cast<const Four*>(row)[group]; }
${inline} Four load(const float* row, unsigned group, bool live) { return live ? load(row, group) : Four(0.0f); }
${inline} void store(float* row, unsigned group, Four value) { reinterpret_cast<Four*>(row)[group] = value; }
// Which of a vector's units there are.
${inline} Mask within(unsigned group, unsigned units) {
  const unsigned first = 4 * group;
  return Mask(first < units, first + 1 < units, first + 2 < units, first + 3 < units);
}

// Every sum has one order: over a vector, over the lanes that share a row, over the warps of a block.
struct Sum {
  static ${inline} float of(float a, float b) { return a + b; }
};
struct Largest {
  static ${inline} float of(float a, float b) { return fmaxf(a, b); }
};
template <class Op, unsigned threads> ${inline} float over_lanes(Four v) {
  float all = Op::of(Op::of(v.x, v.y), Op::of(v.z, v.w));
#pragma unroll
  for (unsigned step = threads / 2; step > 0; step /= 2) all = Op::of(all, __shfl_xor_sync(0xffffffffu, all, step));
  return all;
}
template <class Op, unsigned warps> ${inline} float over_warps(const float* partial) {
  float all = partial[0];
#pragma unroll
  for (unsigned w = 1; w < warps; w++) all = Op::of(all, partial[w]);
  return all;
}
`;
