/**
 * For tests of operators in any language: numbers to try them on, and how far the results are from their definitions.
 */
import { type Operator, operators } from '../../compiler/expr/operators.js';

export const ULP = 2 ** -23;

/** Numbers of both signs from 2^low to 2^high, evenly by magnitude. */
export function magnitudes(low: number, high: number, count = 4000): Float32Array {
  return Float32Array.from({ length: 2 * count }, (_, i) => {
    const exponent = low + ((high - low) * Math.floor(i / 2)) / (count - 1);
    return (i % 2 ? -1 : 1) * 2 ** exponent;
  });
}

export const linear = (low: number, high: number, count = 8000): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));

export const join = (...parts: Float32Array[]): Float32Array =>
  Float32Array.from(parts.flatMap((p) => [...p]));

/** Of both signs, tiny and huge and all between. */
export const wide = join(magnitudes(-140, 127), linear(-20, 20), linear(-120, 120), linear(-1, 1));

/** Bases and exponents of both signs, including integers: every pair. */
export function powers(): [x: Float32Array, y: Float32Array] {
  const bases = magnitudes(-140, 127, 40);
  const exponents = join(linear(-4, 4, 33), magnitudes(-8, 7, 12), Float32Array.of(0, 0.5, -0.5, 1 / 3));
  const x = Float32Array.from(
    { length: bases.length * exponents.length },
    (_, i) => bases[i % bases.length]!,
  );
  return [x, Float32Array.from(x, (_, i) => exponents[Math.floor(i / bases.length)]!)];
}

/** The largest error: relative to the result, or absolute below `floor`. */
export function worst(
  op: Operator,
  got: Float32Array,
  args: readonly Float32Array[],
  floor: number,
): { error: number; at: number[] } {
  let error = 0;
  let at: number[] = [];
  for (let i = 0; i < got.length; i++) {
    const x = args.map((a) => a[i]!);
    const want = operators[op].apply!(...x);
    // If f32 itself overflows, infinity is the right answer.
    const rounded = Math.fround(want);
    const e =
      Object.is(got[i], rounded) || got[i] === rounded
        ? 0
        : Math.abs(got[i]! - want) / Math.max(Math.abs(want), floor);
    if (!(e <= error)) [error, at] = [e, [...x, got[i]!, want]];
  }
  return { error, at };
}
