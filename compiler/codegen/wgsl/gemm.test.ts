/** Matrix products in WGSL: every tile, every transpose, odd sizes and places, and updates in the place of c. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeUnless } from '../../../test/support/needs.js';
import { GUARD, Heap } from '../../../test/support/wat-kernels.js';
import { heapAddress, least, Machine, noDevice, planOf } from '../../../test/support/wgsl-kernels.js';
import { eachBlock } from '../../plan/blocks.js';
import type { Gemm, Launch, Region, RowsKernel } from '../../plan/plan.js';
import { type GemmTile, gemmShader, gemmTiles, shaderFor, type WgslOptions } from './index.js';
import { tileStorage } from './tiles.js';

type Shape = Pick<Gemm, 'm' | 'n' | 'k' | 'transposeA' | 'transposeB' | 'alpha' | 'beta'>;
const common = { transposeA: false, transposeB: true, alpha: 1, beta: 0 } as const;
const wide: WgslOptions = { ...least, workgroupMemory: true, maxWorkgroupStorage: 32768 };

/** Small integers, which f32 (and f16) holds exactly, products and sums of them too. */
const a = (i: number, p: number) => ((i * 7 + p * 3) % 11) - 5;
const b = (p: number, j: number) => ((p * 5 + j * 2) % 13) - 6;
const c = (i: number, j: number) => ((i + j) % 3) - 1;

/** Operands in a heap, in windows of wider matrices whose other columns are NaN; `odd` of them start anywhere. */
function lay(heap: Heap, shape: Shape, odd: boolean): Gemm {
  const { m, n, k, transposeA, transposeB, beta } = shape;
  const region = (rows: number, cols: number, value: (r: number, c: number) => number): Region => {
    const stride = odd ? cols + 3 : 4 * Math.ceil(cols / 4) + 8;
    const buffer = heap.allocate(rows * stride + 8);
    heap.f32.fill(Number.NaN, buffer, buffer + rows * stride + 8);
    const offset = buffer + (odd ? 1 : 4);
    for (let r = 0; r < rows; r++)
      for (let col = 0; col < cols; col++) heap.f32[offset + r * stride + col] = value(r, col);
    return { buffer: 0, offset, rows, cols, stride };
  };
  return {
    ...shape,
    a: transposeA ? region(k, m, (p, i) => a(i, p)) : region(m, k, a),
    b: transposeB ? region(n, k, (j, p) => b(p, j)) : region(k, n, b),
    c: region(m, n, beta === 0 ? () => Number.NaN : c),
  };
}

/** Every number of c, and that nothing around it has changed. */
function compare(before: Float32Array, after: Float32Array, { m, n, k, alpha, beta, c: to }: Gemm): void {
  const expected = before.slice();
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a(i, p) * b(p, j);
      expected[to.offset + i * to.stride + j] = alpha * sum + beta * (beta === 0 ? 0 : c(i, j));
    }
  }
  const wrong = expected.findIndex((x, i) => !Object.is(x + 0, after[i]! + 0));
  if (wrong >= 0) throw new Error(`at ${wrong - to.offset}: ${after[wrong]} for ${expected[wrong]}`);
}

describe('tiles', () => {
  it('fit the device that they are for', () => {
    const names = (options: Partial<WgslOptions>, shape?: Pick<Gemm, 'm' | 'n' | 'k'>) =>
      gemmTiles({ ...wide, ...options }, shape).map(({ name }) => name);
    expect(names({}).length).toBeGreaterThan(10);
    expect(names({ maxWorkgroupStorage: 16384 }).length).toBeLessThan(names({}).length);
    expect(
      names({ maxInvocations: 64, maxWorkgroupStorage: 4096 }).every((name) => !name.startsWith('128')),
    ).toBe(true);
    // f16 takes half the room.
    const tight = { maxWorkgroupStorage: 10000 };
    expect(names({ ...tight, f16: true }).length).toBeGreaterThan(names(tight).length);
    expect(names({ maxInvocations: 1 })).toHaveLength(1);
    expect(names({ workgroupMemory: false }).every((name) => name.endsWith('direct'))).toBe(true);
  });

  it('suit the shape that they are for', () => {
    for (const tile of gemmTiles(wide, { m: 1, n: 500, k: 500 })) expect(tile.thread[0]).toBe(1);
    for (const tile of gemmTiles(wide, { m: 1000, n: 2000, k: 2000 })) expect(tile.lanes).toBe(1);
    for (const tile of gemmTiles(wide, { m: 10, n: 10, k: 500 }))
      expect(tile.thread[0] * tile.group[0]).toBeLessThanOrEqual(16);
  });

  it('are refused where they are none', () => {
    const tile: GemmTile = { name: 'odd', thread: [3, 4], group: [1, 1], depth: 0, lanes: 1 };
    const product = lay(new Heap(), { m: 4, n: 4, k: 4, ...common }, false);
    for (const change of [{}, { thread: [1, 4], depth: 8 }, { thread: [4, 4], depth: 8, lanes: 2 }] as const)
      expect(() => gemmShader(product, { ...tile, ...change }, heapAddress, least)).toThrow(
        '`odd` is no tile',
      );
    const large = { ...product, m: 4_000_000 };
    expect(() => gemmShader(large, { ...tile, thread: [4, 4] }, heapAddress, least)).toThrow(
      'more than a dispatch',
    );
  });

  it('share the code of products that differ in sizes and places', () => {
    const [tile] = gemmTiles(wide, { m: 64, n: 64, k: 64 });
    const code = (m: number, n: number, k: number) =>
      gemmShader(lay(new Heap(), { m, n, k, ...common }, false), tile!, heapAddress, wide).key;
    expect(code(64, 64, 64)).toBe(code(128, 200, 400 + 48));
  });
});

describeUnless(noDevice, 'products on a device', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await Machine.open();
  });
  afterAll(() => machine.close());

  async function check(shape: Shape, tile: GemmTile, odd: boolean): Promise<void> {
    const options = machine.able({ workgroupMemory: true });
    // A device with less memory is never given such a tile.
    if (tileStorage(tile, false) > options.maxWorkgroupStorage) return;
    const heap = new Heap();
    const product = lay(heap, shape, odd);
    const before = heap.f32.slice();
    await machine.run(heap, [gemmShader(product, tile, heapAddress, options)]);
    compare(before, heap.f32, product);
  }

  /** Blocks of a, b and c in one matrix each, side by side or one below the other, against each block alone. */
  async function checkBlocks(shape: Shape, tile: GemmTile, count: number, odd: boolean): Promise<void> {
    const heap = new Heap();
    const { transposeA, transposeB } = shape;
    // As of patches: what has its rows in common lies side by side.
    const step = (r: Region, beside: boolean): [Region, number] => {
      const width = odd ? r.cols : 4 * Math.ceil(r.cols / 4);
      const stride = beside ? count * width : width;
      const rows = beside ? r.rows : count * r.rows;
      return [{ ...r, offset: heap.allocate(rows * stride), stride }, beside ? width : r.rows * stride];
    };
    const alone = lay(new Heap(), shape, false);
    const [[a, byA], [b, byB], [c, byC]] = [
      step(alone.a, true),
      step(alone.b, !transposeB),
      step(alone.c, !transposeA),
    ];
    const product: Gemm = { ...shape, a, b, c, blocks: { count, a: byA, b: byB, c: byC } };
    const spans = ([r, by]: [Region, number]) => by * (count - 1) + (r.rows - 1) * r.stride + r.cols;
    for (const [r, by] of [[a, byA] as const, [b, byB] as const])
      for (let i = 0; i < spans([r, by]); i++) heap.f32[r.offset + i] = ((i * 7) % 11) - 5;
    const before = heap.f32.slice();
    await machine.run(heap, [
      gemmShader(product, tile, heapAddress, machine.able({ workgroupMemory: tile.depth > 0 })),
    ]);
    const expected = before.slice();
    for (const g of eachBlock(product))
      for (let i = 0; i < g.m; i++)
        for (let j = 0; j < g.n; j++) {
          let sum = 0;
          for (let p = 0; p < g.k; p++) {
            const left = transposeA ? p * g.a.stride + i : i * g.a.stride + p;
            const right = transposeB ? j * g.b.stride + p : p * g.b.stride + j;
            sum += before[g.a.offset + left]! * before[g.b.offset + right]!;
          }
          expected[g.c.offset + i * g.c.stride + j] = g.alpha * sum;
        }
    const wrong = expected.findIndex((x, i) => !Object.is(x + 0, heap.f32[i]! + 0));
    expect(wrong).toBe(-1);
  }

  const some: readonly GemmTile[] = [gemmTiles(least)[0]!, gemmTiles(wide, { m: 64, n: 64, k: 64 })[0]!];
  it.each(some.map((tile) => [tile.name, tile] as const))('in blocks: %s', async (_, tile) => {
    for (const odd of [false, true]) {
      await checkBlocks({ m: 21, n: 8, k: 9, ...common }, tile, 5, odd);
      await checkBlocks({ m: 3, n: 9, k: 20, ...common, transposeA: true, transposeB: false }, tile, 4, odd);
    }
  });

  const transposes = [
    { transposeA: false, transposeB: true },
    { transposeA: true, transposeB: false },
    { transposeA: false, transposeB: false },
    { transposeA: true, transposeB: true },
  ];

  // Each in one transpose: what is long to compile is the tile.
  it.each(
    gemmTiles(least)
      .concat(gemmTiles(wide))
      .map((tile, i) => [tile.name, tile, i] as const),
  )('%s', async (_, tile, i) => {
    const [rows, cols] = [tile.thread[0] * tile.group[0], tile.thread[1] * tile.group[1]];
    const shape = { m: rows + 3, n: cols + 5, k: 39, alpha: 0.5, beta: 1, ...transposes[i % 4]! } as const;
    await check(shape, tile, i % 8 > 3);
  });

  const size = fc.integer({ min: 1, max: 40 });
  const shape = fc.record({
    ...{ m: size, n: size, k: size, transposeA: fc.boolean(), transposeB: fc.boolean() },
    ...{ alpha: fc.constantFrom(1, -1, 0.5, 2), beta: fc.constantFrom(0 as const, 1 as const) },
  });
  const count = fc.integer({ min: 1, max: 3 });
  const small = fc
    .record({
      thread: fc.tuple(fc.constantFrom(1, 4, 8), fc.constantFrom(4, 8)),
      group: fc.tuple(count, count),
      depth: fc.constantFrom(0, 0, 4, 12),
      lanes: fc.constantFrom(1, 1, 3),
    })
    .map(({ thread, group, depth, lanes }): GemmTile => {
      const shared = thread[0] > 1 ? depth : 0;
      return { name: 'small', thread, group, depth: shared, lanes: shared > 0 ? 1 : lanes };
    });

  it('are right for any size, in any small tile', async () => {
    await fc.assert(fc.asyncProperty(shape, small, fc.boolean(), check), { numRuns: 40 });
  });

  describe('with an update', () => {
    /** w ← w − 0.25 · gradient + r, with the row's own r. */
    const kernel = (units: number): RowsKernel => ({
      kind: 'rows',
      name: 'descend',
      units,
      inputs: [
        { name: 'w', kind: 'element' },
        { name: 'g', kind: 'element' },
        { name: 'r', kind: 'row' },
      ],
      nodes: ['w', 'g', 'r', 0.25, ['mul', 1, 3], ['sub', 0, 4], ['add', 5, 2]],
      outputs: [{ node: 6, kind: 'element', tail: [] }],
    });

    function learning(heap: Heap, shapes: readonly Shape[], odd = false): Extract<Launch, { kind: 'learn' }> {
      const [first] = shapes as readonly [Shape];
      const products = shapes.map((s) => lay(heap, s, odd));
      const gradient = products[0]!.c;
      const { m, n } = first;
      const stride = 4 * Math.ceil(n / 4) + 4;
      const weights = heap.allocate(m * stride);
      for (let i = 0; i < m * stride; i++) heap.f32[weights + i] = i % 17;
      const rows = heap.floats(Float32Array.from({ length: m }, (_, i) => i));
      const view = (offset: number, sampleStride: number) => ({
        buffer: 0,
        offset,
        variantStride: 0,
        sampleStride,
      });
      const w = view(weights, stride);
      return {
        kind: 'learn',
        products: products.map((p) => ({ ...p, c: gradient })),
        gradient,
        update: {
          ...{ kind: 'rows', kernel: 0, variants: 1, samples: m, outputs: [w] },
          inputs: [w, view(gradient.offset, gradient.stride), view(rows, 1)],
        },
      };
    }

    /** Every weight against its definition; `terms` is how often the product is summed. */
    async function updates(shapes: readonly Shape[], dispatches: number, odd = false): Promise<void> {
      const heap = new Heap();
      const { m, n, k } = shapes[0]!;
      const launch = learning(heap, shapes, odd);
      // In buffers of their own, as a plan's are: an operand that lies where the update writes keeps both apart.
      const apart = (buffer: number, view: { offset: number }) => ({ ...view, buffer });
      const update = {
        ...launch.update,
        inputs: launch.update.inputs.map((v, i) => ({ ...v, ...apart(i === 1 ? 1 : 2, v) })),
        outputs: launch.update.outputs.map((v) => ({ ...v, ...apart(2, v) })),
      };
      const whole = {
        ...launch,
        products: launch.products.map((p) => ({ ...p, c: { ...p.c, buffer: 1 } })),
        gradient: { ...launch.gradient, buffer: 1 },
        update,
      };
      const plan = planOf([kernel(n)], [whole]);
      const buffers = [0, 1, 2].map(() => plan.buffers[0]!);
      const before = heap.f32.slice();
      const shaders = shaderFor(whole, { ...plan, buffers }, heapAddress, wide);
      expect(shaders).toHaveLength(dispatches);
      await machine.run(heap, shaders);
      const { offset, sampleStride } = launch.update.outputs[0]!;
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let gradient = 0;
          for (const { alpha } of shapes) for (let p = 0; p < k; p++) gradient += alpha * a(i, p) * b(p, j);
          const at = offset + i * sampleStride + j;
          expect(heap.f32[at], `row ${i}, column ${j}`).toBe(before[at]! - 0.25 * gradient + i);
        }
      }
      expect(heap.f32[heap.end - 1]).toBe(Math.fround(GUARD));
    }

    const gradientShape: Shape = {
      m: 13,
      n: 22,
      k: 9,
      transposeA: true,
      transposeB: false,
      alpha: 2,
      beta: 0,
    };

    it('is one dispatch where one product makes the gradient', () => updates([gradientShape], 1));

    it('is a dispatch of its own behind several products', () =>
      updates([gradientShape, { ...gradientShape, alpha: -1, beta: 1 }], 3));

    it('is a dispatch of its own where operands are not aligned', () => updates([gradientShape], 2, true));
  });
});
