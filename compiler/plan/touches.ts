/**
 * The memory that a launch reads and writes: what every schedule of launches needs to know, be it where threads must
 * meet or which launches may run side by side.
 */
import { pad4 } from '../vectors.js';
import { wholeMatrix } from './blocks.js';
import type { Gemm, Launch, Plan, Region, RowsView } from './plan.js';

/** A matrix in memory that a launch reads or writes; addresses, widths and steps in bytes. */
export interface Touch {
  readonly write: boolean;
  readonly address: number;
  readonly rows: number;
  readonly width: number;
  readonly step: number;
  /** A worker touches only its share of these `rows` rows, else any of them. */
  readonly own: boolean;
}

/** Whether two touches of the same launch order can meet in a byte that two different workers touch. */
export function conflicts(a: Touch, b: Touch): boolean {
  if (!a.write && !b.write) return false;
  const end = (t: Touch) => t.address + (t.rows - 1) * t.step + t.width;
  if (a.address >= end(b) || b.address >= end(a)) return false;
  if (a.step !== b.step || a.width > a.step || b.width > a.step) return true;
  const apart = b.address - a.address;
  // Columns side by side in rows of the same length never meet.
  const column = ((apart % a.step) + a.step) % a.step;
  if (column >= a.width && column + b.width <= a.step) return false;
  // Row r of the one can meet only row r of the other, which is the same worker's.
  const aligned = a.width <= a.step + apart && b.width <= a.step - apart;
  return !(a.own && b.own && a.rows === b.rows && aligned);
}

/**
 * What a launch touches.
 *
 * @param address where a buffer (an index into `plan.buffers`) starts
 * @param sharesRows whether those who share a product each have rows of its result; row kernels are always shared so
 */
export function touchesOf(
  launch: Launch,
  plan: Pick<Plan, 'buffers' | 'kernels'>,
  address: (buffer: number) => number,
  sharesRows: (product: Gemm) => boolean = () => false,
): Touch[] {
  const region = (r: Region, own: boolean, write = false, cols = r.cols): Touch => ({
    write,
    address: address(r.buffer) + 4 * r.offset,
    rows: r.rows,
    width: 4 * cols,
    step: 4 * r.stride,
    own: own && r.rows > 1,
  });

  const view = (v: RowsView, variants: number, samples: number, width: number, write = false): Touch[] => {
    const at = address(v.buffer) + 4 * v.offset;
    if (v.lookup) {
      const all = plan.buffers[v.buffer]!.bytes;
      const anywhere = {
        write,
        address: address(v.buffer),
        rows: 1,
        width: all,
        step: all,
        own: false,
      };
      return [anywhere, ...view(v.lookup.index, variants, samples, 4)];
    }
    const rows = (address: number, count: number, step: number, own: boolean): Touch =>
      step === 0 || count === 1
        ? { write, address, rows: 1, width, step: width, own: false }
        : { write, address, rows: count, width, step: 4 * step, own };
    if (variants === 1 || (v.sampleStride > 0 && v.variantStride === samples * v.sampleStride))
      return [rows(at, variants * samples, v.sampleStride, true)];
    if (samples === 1) return [rows(at, variants, v.variantStride, true)];
    const parts = v.variantStride === 0 ? 1 : variants;
    return Array.from({ length: parts }, (_, i) =>
      rows(at + 4 * i * v.variantStride, samples, v.sampleStride, false),
    );
  };

  const rowsTouches = (l: Extract<Launch, { kind: 'rows' }>, except?: number): Touch[] => {
    const kernel = plan.kernels[l.kernel]!;
    const numbers = (kind: 'element' | 'row') => (kind === 'element' ? kernel.units : 1);
    const inputs = l.inputs.flatMap((v, i) =>
      v.buffer === except ? [] : view(v, l.variants, l.samples, 4 * numbers(kernel.inputs[i]!.kind)),
    );
    const outputs = l.outputs.flatMap((v, i) => {
      const { kind, tail } = kernel.outputs[i]!;
      const units = numbers(kind);
      const stored = kind === 'row' ? units : Math.max(pad4(units), units + tail.length);
      return view(v, l.variants, l.samples, 4 * stored, true);
    });
    return [...inputs, ...outputs];
  };

  switch (launch.kind) {
    case 'gemm': {
      const byRows = sharesRows(launch);
      return [
        region(wholeMatrix(launch, 'a'), byRows && !launch.transposeA),
        region(wholeMatrix(launch, 'b'), false),
        region(wholeMatrix(launch, 'c'), byRows, true),
      ];
    }
    case 'patches':
      return [region(launch.input, true), region(launch.output, true, true)];
    case 'rows':
      return rowsTouches(launch);
    case 'learn':
      // The gradient lies in each worker's own memory.
      return [
        ...launch.products.flatMap((p) => [
          region(wholeMatrix(p, 'a'), false),
          region(wholeMatrix(p, 'b'), false),
        ]),
        ...rowsTouches(launch.update, launch.gradient.buffer),
      ];
    case 'mean':
      return [region(launch.input, false), region(launch.output, false, true)];
    case 'total':
      return [region(launch.input, false), region(launch.output, false, true, pad4(launch.output.cols))];
    case 'scatter':
      return [
        region(launch.input, false),
        region(launch.index, false),
        region(launch.output, false, true, pad4(launch.output.cols)),
      ];
    case 'onehot': {
      const { index, output, tail } = launch;
      return [region(index, true), region(output, true, true, output.cols + tail.length)];
    }
    case 'dropout':
    case 'fill':
      return [region(launch.output, true, true)];
    case 'draw':
      return [
        ...[launch.probabilities, launch.truth, launch.uniform].map((r) => region(r, true)),
        region(launch.output, true, true),
      ];
    default:
      return launch satisfies never;
  }
}
