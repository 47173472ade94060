/**
 * Sums and maxima over the threads that share a row: in one step or two through workgroup memory, or in subgroups
 * first. Every sum has one order, whichever way it is taken.
 */
import { f32Literal, LARGEST } from './functions.js';
import type { ShaderBuilder } from './shader.js';

/** Rows a workgroup shares are reduced in two steps from so many threads on. */
const ONE_STEP = 16;

/** The lowest number that is finite. */
export const LOWEST = -LARGEST;

/** Texts of what each thread has, to texts of what all of them have together. */
export type Reduce = (values: readonly { readonly text: string; readonly op: 'sum' | 'amax' }[]) => string[];

/** Reduction over `threads` neighbouring invocations, all of which learn the result. */
export function reduction(builder: ShaderBuilder, threads: number, size: number, subgroups: boolean): Reduce {
  let count = 0;
  const start = (op: 'sum' | 'amax') => (op === 'amax' ? f32Literal(LOWEST) : '0f');
  const combine = (op: 'sum' | 'amax', a: string, b: string) =>
    op === 'amax' ? `max(${a}, ${b})` : `${a} + ${b}`;
  const array = (length: number): string => {
    const name = `sums${count++}`;
    builder.globals.push(`var<workgroup> ${name}: array<f32, ${length}>;`);
    return name;
  };
  /** Every thread reduces `terms` numbers from index `from` in steps of `step`. */
  const fold = (op: 'sum' | 'amax', name: string, from: string, terms: string, step: string): string => {
    const total = builder.variable(`${name}_total`, start(op));
    builder.line(
      `for (var j = 0u; j < ${terms}; j++) { ${total} = ${combine(op, total, `${name}[${from} + j * ${step}]`)}; }`,
    );
    return total;
  };
  return (values) => {
    if (subgroups) {
      builder.enable('subgroups');
      const names = values.map(({ text, op }) => {
        const name = array(threads);
        const all = builder.bind(`${op === 'amax' ? 'subgroupMax' : 'subgroupAdd'}(${text})`);
        builder.line(`if (subgroupLane == 0u) { ${name}[local / subgroupSize] = ${all}; }`);
        return name;
      });
      builder.line('workgroupBarrier();');
      const terms = `(${threads}u + subgroupSize - 1u) / subgroupSize`;
      return names.map((name, i) => fold(values[i]!.op, name, '0u', terms, '1u'));
    }
    const names = values.map(({ text }) => {
      const name = array(size);
      builder.line(`${name}[local] = ${text};`);
      return name;
    });
    builder.line('workgroupBarrier();');
    const from = threads === size ? '0u' : builder.bind(`local - local % ${threads}u`);
    if (threads <= ONE_STEP)
      return names.map((name, i) => fold(values[i]!.op, name, from, `${threads}u`, '1u'));
    // Two steps of about the square root of the terms; each reads an array that no later step writes.
    const parts = 2 ** Math.floor(Math.log2(threads) / 2);
    const partial = names.map((name, i) => {
      const second = array((size / threads) * parts);
      const { op } = values[i]!;
      builder.block(`if (local % ${threads}u < ${parts}u)`, () => {
        const total = fold(op, name, `${from} + local % ${threads}u`, `${threads / parts}u`, `${parts}u`);
        builder.line(`${second}[(local / ${threads}u) * ${parts}u + local % ${threads}u] = ${total};`);
      });
      return second;
    });
    builder.line('workgroupBarrier();');
    const mine = threads === size ? '0u' : `(local / ${threads}u) * ${parts}u`;
    return partial.map((name, i) => fold(values[i]!.op, name, mine, `${parts}u`, '1u'));
  };
}
