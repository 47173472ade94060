/** The kernels in WGSL that are no expression, against their definitions, with guards around what they may write. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawNegative } from '../../../runtime/random/draw.js';
import { uniforms } from '../../../runtime/random/philox.js';
import { describeUnless } from '../../../test/support/needs.js';
import { GUARD, Heap } from '../../../test/support/wat-kernels.js';
import { heapAddress, Machine, noDevice, planOf, ways } from '../../../test/support/wgsl-kernels.js';
import { type Field, patchColumns, patchCount, patchSize, sourceSize } from '../../field.js';
import type { Launch, Region } from '../../plan/plan.js';
import { shaderFor } from './index.js';

const guard = Math.fround(GUARD);
/** Small integers: their sums are exact in any order. */
const integer = (r: number, c: number) => ((Math.imul(61 * r + c + 1, 2654435761) >>> 8) % 41) - 20;
const sum = (n: number, term: (i: number) => number): number =>
  Array.from({ length: n }, (_, i) => term(i)).reduce((a, b) => a + b, 0);

type Way = keyof typeof ways;

describeUnless(noDevice, 'helpers on a device', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await Machine.open();
  });
  afterAll(() => machine.close());

  /** Runs a launch; what its output's rows hold afterwards, a guard behind each included. */
  async function play(
    heap: Heap,
    launch: Launch & { readonly output: Region },
    { seed = 0, way = 'each alone' as Way, epoch = 0, batch = 0 } = {},
  ): Promise<Float32Array[]> {
    const shaders = shaderFor(launch, planOf([], [launch], seed), heapAddress, machine.able(ways[way]));
    expect(shaders).toHaveLength(1);
    await machine.run(heap, shaders, { epoch, batch });
    const { offset, rows, stride } = launch.output;
    expect(heap.f32[offset - 1]).toBe(guard);
    return Array.from({ length: rows }, (_, r) =>
      heap.f32.slice(offset + r * stride, offset + (r + 1) * stride),
    );
  }
  const region = (heap: Heap, rows: number, cols: number, stride = cols + 3): Region => ({
    ...{ buffer: 0, offset: heap.allocate(rows * stride), rows, cols, stride },
  });
  function matrix(heap: Heap, rows: number, cols: number, value = integer): Region {
    const r = region(heap, rows, cols);
    for (let row = 0; row < rows; row++)
      for (let col = 0; col < cols; col++) heap.f32[r.offset + row * r.stride + col] = value(row, col);
    return r;
  }
  function column(heap: Heap, values: readonly number[]): Region {
    const r = region(heap, values.length, 1);
    values.forEach((v, row) => {
      heap.i32[r.offset + row * r.stride] = v;
    });
    return r;
  }

  describe.each(['each alone', 'through workgroup memory'] as const)('%s', (way) => {
    it.each([1, 37, 700])('a mean scales the sum of a column of %i rows', async (rows) => {
      const heap = new Heap();
      const input = matrix(heap, rows, 1);
      const output = region(heap, 1, 1);
      const [row] = await play(heap, { kind: 'mean', input, output, scale: 0.25 }, { way });
      expect([...row!]).toEqual([sum(rows, (r) => integer(r, 0)) / 4, guard, guard, guard]);
    });

    it.each([
      [1, 1],
      [4, 8],
      [66, 50],
      [300, 17],
    ])('a total of %i rows of %i columns', async (rows, cols) => {
      const heap = new Heap();
      const input = matrix(heap, rows, cols);
      const output = region(heap, 1, cols);
      const [row] = await play(heap, { kind: 'total', input, output, scale: 0.5 }, { way });
      const want = Array.from({ length: cols }, (_, c) => sum(rows, (r) => integer(r, c)) / 2);
      expect([...row!]).toEqual([...want, guard, guard, guard]);
    });

    it.each<Field>([
      { grid: [3, 2], channels: 1, size: 2, stride: 5, maps: 1 },
      { grid: [9, 10], channels: 1, size: 5, stride: 2, maps: 1 },
      { grid: [4, 5], channels: 3, size: 3, stride: 1, maps: 1 },
    ])('patches are copied and followed by zeros: %o', async (field) => {
      const heap = new Heap();
      const rows = 4;
      const [numbers, count] = [patchSize(field), patchCount(field)];
      const width = 4 * Math.ceil(numbers / 4);
      const input = matrix(heap, rows, sourceSize(field));
      const output = region(heap, rows, count * width);
      const made = await play(heap, { kind: 'patches', field, input, output }, { way });
      made.forEach((row, r) => {
        const want = Array.from({ length: count }, (_, patch) => [
          ...patchColumns(field, patch).map((c) => integer(r, c)),
          ...new Array<number>(width - numbers).fill(0),
        ]);
        expect([...row]).toEqual([...want.flat(), guard, guard, guard]);
      });
    });

    it('a scatter sums rows by their class, then all of them, and clears the rest', async () => {
      const [rows, cols, classes, outRows] = [50, 21, 6, 12];
      const heap = new Heap();
      // Some rows are of no class: they count nowhere.
      const y = Array.from({ length: rows }, (_, r) => (r % 13 === 0 ? [-1, 1000000][r % 2]! : (r * r) % 5));
      const launch = {
        ...({ kind: 'scatter', classes, scale: -2 } as const),
        ...{ input: matrix(heap, rows, cols), index: column(heap, y), output: region(heap, outRows, cols) },
      };
      const known = (r: number) => y[r]! >= 0 && y[r]! < classes;
      (await play(heap, launch, { way })).forEach((row, k) => {
        const counts = (r: number) => known(r) && (k < classes ? y[r] === k : k === classes);
        const want = Array.from(
          { length: cols },
          (_, c) => -2 * sum(rows, (r) => (counts(r) ? integer(r, c) : 0)),
        );
        expect([...row].map((v) => v + 0)).toEqual([...want.map((v) => v + 0), guard, guard, guard]);
      });
    });
  });

  it('a one-hot row marks its class and has the tail behind', async () => {
    const heap = new Heap();
    const y = [2, 0, 4, 1, -1];
    const launch = {
      kind: 'onehot',
      index: column(heap, y),
      output: region(heap, 5, 5),
      tail: [1, -3],
    } as const;
    const rows = await play(heap, launch);
    rows.forEach((row, r) => {
      expect([...row]).toEqual([...[0, 1, 2, 3, 4].map((c) => Number(c === y[r])), 1, -3, guard]);
    });
  });

  it.each([1, 3, 20])('a fill leaves alone what is behind %i columns', async (cols) => {
    const heap = new Heap();
    const rows = await play(heap, { kind: 'fill', output: region(heap, 3, cols), value: 0.1 });
    for (const row of rows)
      expect([...row]).toEqual([...Array<number>(cols).fill(Math.fround(0.1)), guard, guard, guard]);
  });

  it.each([
    [1, 0.5],
    [7, 0.8],
    [16, 0.1],
    [30, 0.9999999],
    [53, 0.3],
    [200, 0.75],
  ])('dropout is that of runtime/random, bit by bit: %i columns, keep %f', async (cols, keep) => {
    const [seed, site, epoch, batch] = [5 * 2 ** 32 + 4000000123, 0x100003, 7, 11];
    const heap = new Heap();
    const launch = { kind: 'dropout', output: region(heap, 9, cols), site, keep } as const;
    const rows = await play(heap, launch, { seed, epoch, batch });
    const u = uniforms(seed, site, epoch, batch, 9 * cols);
    rows.forEach((row, r) => {
      const want = Array.from({ length: cols }, (_, c) =>
        u[r * cols + c]! < keep ? Math.fround(1 / keep) : 0,
      );
      expect([...row]).toEqual([...want, guard, guard, guard]);
    });
  });

  it.each([2, 10])('a draw picks the class that runtime/random picks, of %i', async (classes) => {
    const rows = 300;
    const heap = new Heap();
    const u = uniforms(3, 3, 0, 0, rows * classes);
    const truth = Array.from({ length: rows }, (_, r) => r % classes);
    // A few rows without any probability to share, as where the classifier is sure.
    const probabilities = matrix(heap, rows, classes, (r, k) =>
      r % 7 === 0 ? Number(k === truth[r]) : u[r * classes + k]! ** 4,
    );
    const pick = uniforms(4, 3, 0, 0, rows);
    const launch = {
      ...({ kind: 'draw', probabilities, truth: column(heap, truth) } as const),
      ...{ uniform: matrix(heap, rows, 1, (r) => pick[r]!), output: region(heap, rows, 1) },
    };
    await play(heap, launch);
    const at = (r: Region, row: number) => r.offset + row * r.stride;
    for (let r = 0; r < rows; r++) {
      const row = heap.f32.slice(at(probabilities, r), at(probabilities, r) + classes);
      const want = drawNegative(row, truth[r]!, heap.f32[at(launch.uniform, r)]!);
      expect(heap.i32[at(launch.output, r)], `row ${r}`).toBe(want);
    }
  });
});
