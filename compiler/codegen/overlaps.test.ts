/** Shared memory between inputs and outputs, as a plan's launches place them. */
import { expect, it } from 'vitest';
import type { Plan, RowsKernel, RowsLaunch, RowsView } from '../plan/plan.js';
import { overlapsOf } from './overlaps.js';

const kernel: RowsKernel = {
  kind: 'rows',
  name: 'test',
  units: 6,
  inputs: [
    { name: 'x', kind: 'element' },
    { name: 'r', kind: 'row' },
  ],
  nodes: ['x', 'r', ['mul', 0, 1]],
  outputs: [{ node: 2, kind: 'element', tail: [] }],
};
const buffers: Plan['buffers'] = [
  { arena: 'activities', offset: 0, bytes: 1024, name: 'a' },
  { arena: 'activities', offset: 256, bytes: 1024, name: 'b' },
  { arena: 'state', offset: 0, bytes: 1024, name: 'c' },
];
const view = (buffer: number, offset = 0): RowsView => ({
  buffer,
  offset,
  variantStride: 16,
  sampleStride: 8,
});
const launch = (x: RowsView, r: RowsView, out: RowsView): RowsLaunch => ({
  kind: 'rows',
  kernel: 0,
  variants: 2,
  samples: 2,
  inputs: [x, r],
  outputs: [out],
});
function overlaps(...launches: Plan['programs']['train']) {
  const found = overlapsOf({
    buffers,
    kernels: [kernel],
    programs: { train: launches, predict: [], load: [] },
  })(0);
  return [found(0, 0), found(0, 1)];
}

it('is found by bytes of an arena, whatever the buffers are called', () => {
  expect(overlaps()).toEqual([false, false]);
  expect(overlaps(launch(view(0), view(2), view(0)))).toEqual([true, false]);
  // The rows end where the next begin: 16 + 8 + 8 numbers.
  expect(overlaps(launch(view(0), view(2), view(0, 32)))).toEqual([false, false]);
  expect(overlaps(launch(view(0), view(2), view(0, 31)))).toEqual([true, false]);
  expect(overlaps(launch(view(0, 64), view(0, 200), view(1)))).toEqual([true, false]);
  expect(overlaps(launch(view(0), view(2), view(2, 100)))).toEqual([false, false]);
});

it('gathers over launches, those within a layer’s learning too', () => {
  const gradient = { buffer: 1, offset: 0, rows: 1, cols: 1, stride: 4 };
  const update = launch(view(0), view(2), view(2));
  expect(
    overlaps({ kind: 'learn', products: [], gradient, update }, launch(view(1), view(2, 200), view(1))),
  ).toEqual([true, true]);
});

it('takes a looked-up row to lie anywhere in its buffer', () => {
  const row: RowsView = { buffer: 0, offset: 0, variantStride: 0, sampleStride: 0 };
  const looked = { ...row, lookup: { stride: 8, index: view(2) } };
  expect(overlaps(launch(looked, view(2), view(0, 200)))).toEqual([true, false]);
});
