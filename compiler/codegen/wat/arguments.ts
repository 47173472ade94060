/**
 * The argument block of a row kernel: i32 words that say where a launch's inputs and outputs are. Strides are bytes.
 *
 * | words | hold |
 * | --- | --- |
 * | 0, 1 | variants, samples |
 * | 2 | address of this worker's scratch, `scratchBytes(kernel)` long, a multiple of 16 |
 * | 3 + 7 i … of input i | a view, lookup stride (0: none), and a view of the lookup's index |
 * | 3 + 7 inputs + 3 o … of output o | a view |
 *
 * A view is an address, a variant stride and a sample stride.
 */
import type { RowsLaunch, RowsView } from '../../plan/plan.js';

export const SAMPLES_WORD = 1;
/** Filled by the engine: each worker has a scratch, and so an argument block, of its own. */
export const SCRATCH_WORD = 2;
const FIRST_INPUT = 3;
const INPUT_WORDS = 7;
const OUTPUT_WORDS = 3;

export const inputWord = (input: number): number => FIRST_INPUT + INPUT_WORDS * input;
export const outputWord = (inputs: number, output: number): number =>
  inputWord(inputs) + OUTPUT_WORDS * output;

/**
 * A launch's argument block, with the scratch address left 0.
 *
 * @param address where a buffer (an index into `plan.buffers`) starts in the memory, in bytes
 * @throws Error for a lookup within a lookup or in an output
 */
export function argumentWords(launch: RowsLaunch, address: (buffer: number) => number): Int32Array {
  const place = (view: RowsView) => [
    address(view.buffer) + 4 * view.offset,
    4 * view.variantStride,
    4 * view.sampleStride,
  ];
  const words = [launch.variants, launch.samples, 0];
  for (const view of launch.inputs) {
    if (view.lookup?.index.lookup) throw new Error('an index that is itself looked up');
    words.push(...place(view));
    if (view.lookup) words.push(4 * view.lookup.stride, ...place(view.lookup.index));
    else words.push(0, 0, 0, 0);
  }
  for (const view of launch.outputs) {
    if (view.lookup) throw new Error('an output whose place is looked up');
    words.push(...place(view));
  }
  return Int32Array.from(words);
}
