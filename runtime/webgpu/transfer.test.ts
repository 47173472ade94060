/** Tensors on their way to the device and back: rows apart, transposed, with their sign turned, in several regions. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PlanTensor, Region } from '../../compiler/plan/plan.js';
import { findGpu } from '../../test/support/adapter.js';
import { describeUnless } from '../../test/support/needs.js';
import { lengthOf } from '../tensors.js';
import { Transfer } from './transfer.js';

const { gpu, missing } = await findGpu();

interface Case {
  readonly tensor: PlanTensor;
  /** In numbers. */
  readonly chunk: number;
}

/** A tensor of one or two regions, one behind the other in its chunk, with room between. */
const tensors: fc.Arbitrary<Case> = fc
  .record({
    frames: fc.integer({ min: 1, max: 2 }),
    rows: fc.integer({ min: 1, max: 150 }),
    cols: fc.integer({ min: 1, max: 150 }),
    gap: fc.constantFrom(0, 0, 1, 5),
    offset: fc.nat(9),
    sign: fc.constantFrom<1 | -1>(1, -1),
    transposed: fc.boolean(),
    ints: fc.boolean(),
  })
  .map(({ frames, rows, cols, gap, offset, sign, transposed, ints }) => {
    const stride = cols + gap;
    const regions = Array.from(
      { length: frames },
      (_, i): Region => ({
        ...{ buffer: 0, offset: offset + i * (rows * stride + 3), rows, cols, stride },
      }),
    );
    const shape = transposed ? [frames, cols, rows] : [frames, rows, cols];
    const type = ints ? 'i32' : 'f32';
    const info = { name: 't', shape, type, role: 'input' } as const;
    return {
      tensor: { ...info, regions, sign: ints ? 1 : sign, transposed },
      chunk: offset + frames * (rows * stride + 3),
    };
  });

/** Where the numbers of the tensor belong, one at a time. */
function places({ regions, transposed }: PlanTensor): number[] {
  return regions.flatMap(({ offset, rows, cols, stride }) =>
    Array.from({ length: rows * cols }, (_, i) => {
      const [row, col] = transposed ? [i % rows, Math.floor(i / rows)] : [Math.floor(i / cols), i % cols];
      return offset + row * stride + col;
    }),
  );
}

describeUnless(missing, 'a tensor on WebGPU', () => {
  test('lies where its regions say, leaves what is around it, and comes back', async () => {
    const adapter = await gpu!.requestAdapter();
    const device = await adapter!.requestDevice();
    const copy = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    await fc.assert(
      fc.asyncProperty(tensors, async ({ tensor, chunk: numbers }) => {
        const chunk = device.createBuffer({ size: 4 * numbers, usage: GPUBufferUsage.STORAGE | copy });
        const marks = Int32Array.from({ length: numbers }, (_, i) => -1_000_000 - i);
        device.queue.writeBuffer(chunk, 0, marks);
        const addresses = [{ binding: 0, offset: 0 }];
        const layout = { chunks: [{ arena: 'io', bytes: 4 * numbers } as const], addresses };
        const transfer = new Transfer(device, { tensors: [tensor] }, layout, [chunk]);
        const length = lengthOf(tensor.shape);
        const values =
          tensor.type === 'i32'
            ? Int32Array.from({ length }, (_, i) => 7 * i - 100)
            : Float32Array.from({ length }, (_, i) => i / 8 - 3);
        transfer.write(tensor, values);

        const staging = device.createBuffer({
          size: 4 * (numbers + length),
          usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
        });
        const encoder = device.createCommandEncoder();
        encoder.copyBufferToBuffer(chunk, 0, staging, 0, 4 * numbers);
        transfer.read(encoder, tensor, staging, 4 * numbers);
        device.queue.submit([encoder.finish()]);
        await staging.mapAsync(GPUMapMode.READ);
        const mapped = staging.getMappedRange();
        const expected = marks.slice();
        const stored = values.map((x) => tensor.sign * x);
        const bits = new Int32Array(stored.buffer);
        places(tensor).forEach((place, i) => {
          expected[place] = bits[i]!;
        });
        expect([...new Int32Array(mapped, 0, numbers)]).toEqual([...expected]);
        expect([...new Int32Array(mapped, 4 * numbers, length)]).toEqual([...new Int32Array(values.buffer)]);
        staging.unmap();
        for (const buffer of [staging, chunk]) buffer.destroy();
      }),
      { numRuns: 40 },
    );
    device.destroy();
  });
});
