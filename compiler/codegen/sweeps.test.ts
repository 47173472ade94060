/** Which sweeps a kernel makes, and where each value of a later sweep comes from. */
import { describe, expect, it } from 'vitest';
import { layerStep } from '../../test/support/wat-kernels.js';
import type { ExpressionNode, RowsKernel } from '../plan/plan.js';
import { type Sweep, sweepsOf } from './sweeps.js';

function kernel(
  nodes: ExpressionNode[],
  outputs: readonly (readonly [number, 'element' | 'row'])[],
): RowsKernel {
  return {
    kind: 'rows',
    name: 'test',
    units: 10,
    inputs: [
      { name: 'x', kind: 'element' },
      { name: 'r', kind: 'row' },
    ],
    nodes,
    outputs: outputs.map(([node, kind]) => ({ node, kind, tail: [] })),
  };
}
const none = () => false;
const show = (sweep: Sweep) => [
  ...sweep.steps.map((s) => (s.kind === 'load' ? `load ${s.node} ${s.from.kind}` : `${s.kind} ${s.node}`)),
  ...sweep.stores.map((s) => `store ${s.node} ${s.to.kind}`),
];

describe('sweepsOf', () => {
  it('runs a layer step in two sweeps: what normalizing needs again comes from where it was stored', () => {
    const step = layerStep(10);
    const [h, s, dz] = step.outputs.map((o) => o.node) as [number, number, number];
    const { sweeps, scratchRows } = sweepsOf(step, none);
    expect(sweeps).toHaveLength(2);
    expect(show(sweeps[0]!)).toContain(`store ${h} output`);
    expect(show(sweeps[1]!)).toEqual(
      expect.arrayContaining([`load ${h} output`, 'load 0 input', `store ${s} output`, `store ${dz} output`]),
    );
    expect(scratchRows).toBe(0);
  });

  it('keeps what is dear in scratch and computes again what is cheap', () => {
    // exp(x) / sum(exp(x)), and |x| · max |x|.
    const dear = sweepsOf(kernel(['x', ['exp', 0], ['sum', 1], ['div', 1, 2]], [[3, 'element']]), none);
    expect(dear.sweeps.map(show)).toEqual([
      ['load 0 input', 'compute 1', 'accumulate 2', 'store 1 scratch'],
      ['load 1 scratch', 'compute 3', 'store 3 output'],
    ]);
    const light = sweepsOf(kernel(['x', ['abs', 0], ['amax', 1], ['mul', 1, 2]], [[3, 'element']]), none);
    expect(light.scratchRows).toBe(0);
    expect(show(light.sweeps[1]!)).toEqual(['load 0 input', 'compute 1', 'compute 3', 'store 3 output']);
  });

  it('keeps an input that a store of an earlier sweep may change', () => {
    const twice = kernel(
      ['x', ['tanh', 0], ['mean', 1], ['mul', 0, 2]],
      [
        [1, 'element'],
        [3, 'element'],
      ],
    );
    const inPlace = sweepsOf(twice, (output) => output === 0);
    expect(inPlace.sweeps.map(show)).toEqual([
      ['load 0 input', 'compute 1', 'accumulate 2', 'store 1 output', 'store 0 scratch'],
      ['load 0 scratch', 'compute 3', 'store 3 output'],
    ]);
    // The last sweep may overwrite what it has read.
    expect(sweepsOf(twice, (output) => output === 1).scratchRows).toBe(0);
  });

  it('leaves out what no output needs, and row values wait for their sweep', () => {
    const s = sweepsOf(
      kernel(['x', 'r', ['sum', 0], ['add', 2, 1], ['exp', 0], ['sqrt', 3], ['mul', 1, 1]], [[5, 'row']]),
      none,
    );
    expect(s.sweeps.map(show)).toEqual([['load 0 input', 'accumulate 2']]);
    expect(s.sweeps[0]!.before).toEqual([1]);
    expect(s.after).toEqual([3, 5]);
  });

  it.each<[string, RowsKernel]>([
    ['reads `y`, which is no input', kernel(['y'], [[0, 'row']])],
    ['no operator `eval`', kernel(['x', ['eval', 0]], [[1, 'row']])],
    ['not before it', kernel(['x', ['exp', 1]], [[1, 'element']])],
    ['not before it', kernel(['x', ['exp', -1]], [[1, 'element']])],
    ['has 1 arguments', kernel(['x', ['add', 0]], [[1, 'element']])],
    ['of no node', kernel(['x'], [[1, 'element']])],
    ['one number a row', kernel(['x'], [[0, 'row']])],
    ['0 units', { ...kernel(['x'], [[0, 'element']]), units: 0 }],
  ])('refuses a kernel: %s', (message, bad) => {
    expect(() => sweepsOf(bad)).toThrow(message);
  });
});
