/** The hand-written kernels against their definitions, in shares, with guards around what they may write. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { drawNegative } from '../../../runtime/random/draw.js';
import { uniforms } from '../../../runtime/random/philox.js';
import { type Functions, GUARD, Heap, instantiate } from '../../../test/support/wat-kernels.js';
import { type Field, patchColumns, patchCount, patchGrid, patchSize, sourceSize } from '../../field.js';
import { printModule } from './module.js';

const heap = new Heap();
let wasm: Functions;
beforeAll(async () => {
  wasm = await instantiate(printModule([]), heap.memory);
});
beforeEach(() => heap.clear());

const guard = Math.fround(GUARD);
/** Small integers: their sums are exact in any order. */
const integer = (i: number) => ((Math.imul(i + 1, 2654435761) >>> 8) % 41) - 20;
function matrix(
  rows: number,
  cols: number,
  stride: number,
): { at: number; value: (r: number, c: number) => number } {
  const at = heap.allocate(rows * stride);
  for (let i = 0; i < rows * stride; i++) heap.f32[at + i] = i % stride < cols ? integer(i) : Number.NaN;
  return { at, value: (r, c) => integer(r * stride + c) };
}
const sum = (n: number, term: (i: number) => number): number => {
  let total = 0;
  for (let i = 0; i < n; i++) total += term(i);
  return total;
};

describe('mean', () => {
  it('scales the sum of a column', () => {
    const x = matrix(37, 1, 4);
    const out = heap.allocate(2);
    wasm.mean!(4 * x.at, 16, 37, 4 * out, 0.25);
    expect(heap.f32[out]).toBe(sum(37, (r) => x.value(r, 0)) / 4);
    expect(heap.f32[out + 1]).toBe(guard);
  });
});

describe('total', () => {
  it.each([
    [1, 1],
    [4, 8],
    [7, 13],
    [66, 50],
  ])('of %i rows of %i columns', (rows, cols) => {
    const stride = 4 * Math.ceil(cols / 4) + 4;
    const x = matrix(rows, cols, stride);
    const out = heap.allocate(stride);
    const half = 4 * Math.floor(cols / 8);
    wasm.total!(4 * x.at, 4 * stride, rows, 4 * out, 0.5, 0, half);
    wasm.total!(4 * x.at, 4 * stride, rows, 4 * out, 0.5, half, cols);
    for (let c = 0; c < cols; c++) expect(heap.f32[out + c]).toBe(sum(rows, (r) => x.value(r, c)) / 2);
    expect(heap.f32[out + stride - 4]).toBe(guard);
  });
});

describe('scatter', () => {
  it('sums rows by their class, then all of them, and clears the rest', () => {
    const [rows, cols, stride, classes, outRows] = [50, 21, 28, 6, 12];
    const x = matrix(rows, cols, stride);
    const y = Array.from({ length: rows }, (_, r) => (r * r) % 5);
    const index = heap.allocate(2 * rows);
    y.forEach((k, r) => {
      heap.i32[index + 2 * r] = k;
    });
    const out = heap.allocate(outRows * stride);
    for (const [from, to] of [
      [0, 8],
      [8, cols],
    ])
      wasm.scatter!(
        4 * x.at,
        4 * stride,
        rows,
        4 * index,
        8,
        classes,
        4 * out,
        4 * stride,
        outRows,
        -2,
        from!,
        to!,
      );
    for (let k = 0; k < outRows; k++) {
      for (let c = 0; c < cols; c++) {
        const want = sum(rows, (r) => ((k < classes ? y[r] === k : k === classes) ? x.value(r, c) : 0));
        expect(heap.f32[out + k * stride + c]! + 0).toBe(-2 * want + 0);
      }
      expect(heap.f32[out + k * stride + 24]).toBe(guard);
    }
  });

  it('makes no row for all of them where there is none', () => {
    const x = heap.floats([1, 2, 3, 4, 10, 20, 30, 40]);
    const out = heap.allocate(12);
    wasm.scatter!(4 * x, 16, 2, 4 * heap.integers([1, 0]), 4, 2, 4 * out, 16, 2, 1, 0, 4);
    expect([...heap.f32.slice(out, out + 9)]).toEqual([10, 20, 30, 40, 1, 2, 3, 4, guard]);
  });

  it('leaves out a row whose index is no class', () => {
    const x = heap.floats([1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300, 400]);
    const out = heap.allocate(12);
    wasm.scatter!(4 * x, 16, 3, 4 * heap.integers([-1, 1, 1000000]), 4, 2, 4 * out, 16, 3, 1, 0, 4);
    expect([...heap.f32.slice(out, out + 13)]).toEqual([0, 0, 0, 0, 10, 20, 30, 40, 10, 20, 30, 40, guard]);
  });
});

describe('onehot', () => {
  it('marks the class of each row and writes the tail behind', () => {
    const index = heap.integers([2, 0, 4, 1]);
    const tail = heap.floats([1, -3]);
    const out = heap.allocate(4 * 12);
    wasm.onehot!(4 * index, 4, 4 * out, 48, 5, 4 * tail, 2, 1, 4);
    expect([...heap.f32.slice(out, out + 12)]).toEqual(new Array(12).fill(guard));
    [0, 4, 1].forEach((k, i) => {
      const row = [...heap.f32.slice(out + 12 * (i + 1), out + 12 * (i + 1) + 8)];
      expect(row).toEqual([...[0, 1, 2, 3, 4].map((c) => Number(c === k)), 1, -3, guard]);
    });
  });
});

describe('fill', () => {
  it.each([1, 3, 4, 11, 16])('writes %i columns and no more', (cols) => {
    const out = heap.allocate(3 * 20);
    wasm.fill!(4 * out, 80, cols, 0.1, 1, 3);
    for (let r = 0; r < 3; r++)
      for (let c = 0; c < 20; c++)
        expect(heap.f32[out + 20 * r + c]).toBe(r > 0 && c < cols ? Math.fround(0.1) : guard);
  });
});

describe('patches', () => {
  it.each<[string, Field]>([
    ['one that is all of it', { grid: [3, 2], channels: 1, size: 2, stride: 5, maps: 1 }],
    ['of single places', { grid: [2, 3], channels: 1, size: 1, stride: 1, maps: 2 }],
    ['of the fives in a step of two', { grid: [9, 10], channels: 1, size: 5, stride: 2, maps: 1 }],
    ['of several channels', { grid: [4, 5], channels: 3, size: 3, stride: 1, maps: 1 }],
    ['of whole vectors', { grid: [4, 4], channels: 4, size: 2, stride: 2, maps: 1 }],
  ])('are copied and followed by zeros: %s', (_, field) => {
    const rows = 5;
    const [cols, numbers, count] = [sourceSize(field), patchSize(field), patchCount(field)];
    const width = 4 * Math.ceil(numbers / 4);
    const stride = 4 * Math.ceil(cols / 4) + 4;
    const outStride = count * width + 4;
    const x = matrix(rows, cols, stride);
    const out = heap.allocate(rows * outStride);
    const { grid, channels, size, stride: step } = field;
    for (const [from, to] of [
      [0, 2],
      [2, rows],
    ])
      wasm.patches!(
        ...[4 * x.at, 4 * stride, 4 * out, 4 * outStride, ...patchGrid(field), size, 4 * size * channels],
        ...[
          4 * grid[1] * channels,
          4 * step * channels,
          4 * step * grid[1] * channels,
          4 * width,
          from!,
          to!,
        ],
      );
    for (let r = 0; r < rows; r++) {
      const row = [...heap.f32.slice(out + r * outStride, out + (r + 1) * outStride)];
      const want = Array.from({ length: count }, (_, patch) => [
        ...patchColumns(field, patch).map((c) => x.value(r, c)),
        ...new Array<number>(width - numbers).fill(0),
      ]);
      expect(row).toEqual([...want.flat(), guard, guard, guard, guard]);
    }
  });
});

describe('dropout', () => {
  it.each([
    [1, 0.5],
    [7, 0.8],
    [16, 0.1],
    [30, 0.9999999],
    [53, 0.3],
    [200, 0.75],
  ])('is that of runtime/random, bit by bit: %i columns, keep %f', (cols, keep) => {
    const rows = 9;
    const stride = 4 * Math.ceil(cols / 4) + 4;
    const [seed, site, epoch, batch] = [5 * 2 ** 32 + 4000000123, 0x100003, 7, 11];
    const out = heap.allocate(rows * stride);
    const parameters = [
      4 * out,
      4 * stride,
      cols,
      keep,
      seed | 0,
      Math.floor(seed / 2 ** 32),
      site,
      epoch,
      batch,
    ];
    wasm.dropout!(...parameters, 0, 4);
    wasm.dropout!(...parameters, 4, rows);
    const u = uniforms(seed, site, epoch, batch, rows * cols);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < stride; c++) {
        const want = c >= cols ? guard : u[r * cols + c]! < keep ? Math.fround(1 / keep) : 0;
        expect(heap.f32[out + r * stride + c], `row ${r}, column ${c}`).toBe(want);
      }
    }
    expect(heap.f32[out - 1]).toBe(guard);
  });
});

describe('draw', () => {
  it.each([2, 10])('picks the class that runtime/random picks, of %i', (classes) => {
    const rows = 300;
    const stride = 12;
    const u = uniforms(3, 3, 0, 0, rows * classes);
    const p = heap.allocate(rows * stride);
    const pick = heap.floats(uniforms(4, 3, 0, 0, rows));
    const truth = heap.integers(Array.from({ length: rows }, (_, r) => r % classes));
    for (let r = 0; r < rows; r++) {
      for (let k = 0; k < classes; k++)
        // A few rows without any probability to share, as where the classifier is sure.
        heap.f32[p + r * stride + k] = r % 7 === 0 ? Number(k === r % classes) : u[r * classes + k]! ** 4;
    }
    const out = heap.allocate(rows);
    wasm.draw!(4 * p, 4 * stride, classes, 4 * truth, 4, 4 * pick, 4, 4 * out, 4, 0, rows);
    for (let r = 0; r < rows; r++) {
      const row = heap.f32.slice(p + r * stride, p + r * stride + classes);
      expect(heap.i32[out + r], `row ${r}`).toBe(drawNegative(row, r % classes, heap.f32[pick + r]!));
    }
  });
});
