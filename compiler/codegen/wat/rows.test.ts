/** Random row kernels, printed and run in two shares of rows, against a plain evaluation of their nodes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apart, checkRows, inPlace, type PlayRows } from '../../../test/support/kernels.js';
import { instantiate, layerStep } from '../../../test/support/wat-kernels.js';
import type { RowsKernel } from '../../plan/plan.js';
import type { Overlaps } from '../sweeps.js';
import { argumentWords, SCRATCH_WORD } from './arguments.js';
import { printModule } from './module.js';
import { scratchBytes } from './rows.js';

const play: PlayRows = async (kernel, launch, heap, overlaps) => {
  const words = argumentWords(launch, () => 0);
  words[SCRATCH_WORD] = 4 * heap.allocate(scratchBytes(kernel, overlaps) / 4);
  const block = 4 * heap.integers(words);
  const text = printModule([kernel], overlaps && (() => overlaps));
  const { rows_0: run } = await instantiate(text, heap.memory);
  const rows = launch.variants * launch.samples;
  const middle = Math.floor(rows / 2);
  run!(block, 0, middle);
  run!(block, middle, rows);
};

describe('random row kernels', () => {
  it('agree with a plain evaluation', async () => {
    await fc.assert(
      fc.asyncProperty(apart, (test) => checkRows(test, play)),
      { numRuns: 100 },
    );
  });

  it('may write any element output over an element input', async () => {
    await fc.assert(
      fc.asyncProperty(inPlace, (test) => checkRows(test, play)),
      { numRuns: 100 },
    );
  });
});

describe('a layer step in place', () => {
  it.each([1, 7, 200, 201])('of %i units', async (units) => {
    const where = new Map([
      [0, 1],
      [2, 0],
    ]);
    const overlaps: Overlaps = (output, input) => where.get(output) === input;
    const common = { kernel: layerStep(units), variants: 2, samples: 5, inPlace: where } as const;
    const modes = ['plain', 'plain', 'by variant'] as const;
    await checkRows({ ...common, modes, overlaps }, play);
    await checkRows({ ...common, modes }, play);
  });

  it('needs no scratch where only unit by unit the same memory is shared', () => {
    expect(scratchBytes(layerStep(200), (output, input) => output === 0 && input === 1)).toBe(0);
    expect(scratchBytes(layerStep(201))).toBe(4 * 204);
  });
});

it('computes row values alone, without any sweep', async () => {
  const kernel: RowsKernel = {
    kind: 'rows',
    name: 'scalars',
    units: 1,
    inputs: [
      { name: 'x', kind: 'row' },
      { name: 'y', kind: 'row' },
    ],
    nodes: ['x', 'y', 2, ['mul', 0, 2], ['add', 3, 1], ['sum', 4], ['gt', 0, 1]],
    outputs: [
      { node: 5, kind: 'row', tail: [7] },
      { node: 6, kind: 'row', tail: [] },
    ],
  };
  const test = { kernel, variants: 2, samples: 3, modes: ['plain', 'lookup'], inPlace: new Map() } as const;
  await checkRows(test, play);
});
