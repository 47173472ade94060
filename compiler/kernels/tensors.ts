/**
 * The exposed tensors inside a plan: where parameters, optimizer state, inputs and outputs are stored, packed or not.
 */
import type { Graph, TensorInfo } from '../graph/index.js';
import { biasOf, PREDICTED, stateId, weightOf } from '../graph/tensors.js';
import { isScalarRow, slotWidth } from '../passes/ir.js';
import { type Pack, storedSign } from '../passes/packs.js';
import type { PlanTensor, Region } from '../plan/plan.js';
import { pad4 } from '../vectors.js';
import type { BufferDraft, Home } from './homes.js';

export interface TensorLayout {
  /** The matrix of a parameter or state, packed or not, by the tensor's name in the program. */
  readonly matrices: ReadonlyMap<string, { readonly buffer: BufferDraft; readonly stride: number }>;
  /** A frame of an input. */
  readonly inputs: ReadonlyMap<string, Home>;
  readonly outputs: ReadonlyMap<string, { readonly buffer: BufferDraft; readonly offset: number }>;
  /** Every buffer that is neither a constant nor an activity. */
  readonly buffers: readonly BufferDraft[];
  /** Inputs that are in slots: their column of ones is written at load. */
  readonly slotted: ReadonlyMap<string, number>;
  readonly tensors: (indexOf: (b: BufferDraft) => number) => PlanTensor[];
}

export const inputKey = (tensor: string, frame: number): string => `${tensor}#${frame}`;

/** @param slots whether the data are in slots `[ x | 1 | 0 ]` that products read directly */
export function layoutTensors(graph: Graph, packs: readonly Pack[], slots: boolean): TensorLayout {
  const matrices = new Map<string, { buffer: BufferDraft; stride: number }>();
  const inputs = new Map<string, Home>();
  const outputs = new Map<string, { buffer: BufferDraft; offset: number }>();
  const buffers: BufferDraft[] = [];
  const slotted = new Map<string, number>();
  const places: ((indexOf: (b: BufferDraft) => number) => PlanTensor)[] = [];
  const draft = (name: string, arena: BufferDraft['arena'], size: number): BufferDraft => {
    const made = { name, arena, size };
    buffers.push(made);
    return made;
  };
  const matrix = (name: string, arena: 'parameters' | 'state', rows: number, stride: number) => {
    const known = matrices.get(name);
    if (known) return known;
    const made = { buffer: draft(name, arena, rows * stride), stride };
    matrices.set(name, made);
    return made;
  };
  const region =
    (buffer: BufferDraft, offset: number, rows: number, cols: number, stride: number) =>
    (indexOf: (b: BufferDraft) => number): Region => ({
      buffer: indexOf(buffer),
      offset,
      rows,
      cols,
      stride,
    });
  const place = (
    info: TensorInfo,
    regions: readonly ReturnType<typeof region>[],
    sign: 1 | -1 = 1,
    transposed = false,
  ) => {
    places.push((indexOf) => ({ ...info, regions: regions.map((r) => r(indexOf)), sign, transposed }));
  };

  const wide = new Set(
    Object.values(graph.programs).flatMap((p) =>
      p.results.filter((r) => !isScalarRow(p.values[r.value]!)).map((r) => r.tensor),
    ),
  );

  // Positive and negative labels are adjacent: 2B rows of indices.
  const labels = draft('labels', 'io', 2 * graph.batch);
  for (const info of graph.tensors) {
    const { name, shape, role } = info;
    if (role === 'parameter' || role === 'state') {
      const { parameter, state } = info;
      const bias = shape.length === 1;
      const packed = parameter === undefined ? undefined : packedIn(packs, parameter);
      if (!packed) {
        const [rows, cols] = bias ? [1, shape[0]!] : [shape[0]!, shape[1]!];
        const { buffer, stride } = matrix(name, role === 'state' ? 'state' : 'parameters', rows, pad4(cols));
        place(info, [region(buffer, 0, rows, cols, stride)]);
        continue;
      }
      const { pack, member } = packed;
      const { name: tensor } = state === undefined ? pack.tensor : stateId(pack.tensor, state);
      const [rows, stride] = pack.transposed ? [pack.cols, pad4(pack.units)] : [pack.units, pack.cols];
      const { buffer } = matrix(tensor, role === 'state' ? 'state' : 'parameters', rows, stride);
      const sign = storedSign(member.connection, state);
      const { offset, cols } = member;
      if (pack.transposed) {
        place(
          info,
          [
            bias
              ? region(buffer, cols * stride, 1, pack.units, stride)
              : region(buffer, 0, cols, pack.units, stride),
          ],
          sign,
          !bias,
        );
      } else {
        const from = bias ? offset + cols : offset;
        place(info, [region(buffer, from, pack.units, bias ? 1 : cols, stride)], sign);
      }
    } else if (role === 'input') {
      if (name === 'y' || name === 'y_negative') {
        const offset = name === 'y' ? 0 : graph.batch;
        inputs.set(inputKey(name, 0), { buffer: labels, offset, variantStride: 0, sampleStride: 1 });
        place(info, [region(labels, offset, graph.batch, 1, 1)]);
      } else if (shape.length === 3) {
        const [frames, samples, cols] = shape as [number, number, number];
        // Data that a kernel processes first is not read by products.
        const { input, negatives } = graph.document;
        const mixed = negatives.name === 'hybrid_images' && name !== PREDICTED;
        const inSlots = slots && input.normalize === null && input.embed === null && !mixed;
        const stride = inSlots ? slotWidth(cols) : pad4(cols);
        const regions = Array.from({ length: frames }, (_, frame) => {
          const buffer = draft(`${name}[${frame}]`, 'io', samples * stride);
          inputs.set(inputKey(name, frame), { buffer, offset: 0, variantStride: 0, sampleStride: stride });
          if (inSlots) slotted.set(inputKey(name, frame), cols);
          return region(buffer, 0, samples, cols, stride);
        });
        place(info, regions);
      } else {
        const buffer = draft(name, 'io', shape[0]!);
        inputs.set(inputKey(name, 0), { buffer, offset: 0, variantStride: 0, sampleStride: 1 });
        place(info, [region(buffer, 0, shape[0]!, 1, 1)]);
      }
    } else if (name === 'y_negative') {
      outputs.set(name, { buffer: labels, offset: graph.batch });
      place(info, [region(labels, graph.batch, graph.batch, 1, 1)]);
    } else {
      // Scalars are stored densely; rows of more than one are padded, as everywhere.
      const size = shape.reduce((n, d) => n * d, 1);
      const cols = shape.at(-1)!;
      const stride = wide.has(name) ? pad4(cols) : cols;
      const buffer = draft(name, 'io', (size / cols) * stride);
      outputs.set(name, { buffer, offset: 0 });
      place(info, [region(buffer, 0, size / cols, cols, stride)]);
    }
  }
  return { matrices, inputs, outputs, buffers, slotted, tensors: (indexOf) => places.map((p) => p(indexOf)) };
}

/** Where a parameter of a connection is packed. */
function packedIn(packs: readonly Pack[], parameter: string) {
  for (const pack of packs) {
    const member = pack.members.find(
      ({ connection: c }) => weightOf(c).name === parameter || biasOf(c).name === parameter,
    );
    if (member) return { pack, member };
  }
  return undefined;
}
