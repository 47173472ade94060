/**
 * Gives every value of a program its place in memory, before any launch is made.
 *
 * Containers come first, so that what lies in them is written straight to its place; then results, which go to the
 * output tensors' own memory where they can; whatever is left gets a buffer of its own.
 */
import { fullName, type Program } from '../graph/graph.js';
import type { HostScalar } from '../graph/tensors.js';
import { type Ir, type IrValue, isOuter, isRowAxis, isScalarRow, pad4, type Slot } from '../passes/ir.js';
import type { PendingLaunch } from './addresses.js';
import {
  type BufferDraft,
  canBePlaced,
  type Home,
  isConstant,
  layoutOf,
  ownStride,
  rowsOf,
  strides,
} from './homes.js';
import type { KernelTable } from './table.js';
import { inputKey, type TensorLayout } from './tensors.js';

/** What the programs of a plan share. */
export interface SharedTables {
  readonly layout: TensorLayout;
  readonly kernels: KernelTable;
  readonly scalars: { readonly values: HostScalar[]; readonly buffer: BufferDraft };
}

export class Places {
  readonly constants: BufferDraft[] = [];
  /** Writes the constants, once. */
  readonly load: PendingLaunch[] = [];
  /** Numbers that a value's kernel writes behind each row's last column, where the value lies in a slot. */
  readonly tails = new Map<number, readonly number[]>();
  private readonly homes = new Map<number, Home>();
  private readonly extents: Program['extents'];

  constructor(
    private readonly program: Ir,
    private readonly shared: SharedTables,
    private readonly users: readonly (readonly IrValue[])[],
  ) {
    this.extents = program.extents;
    for (const v of program.values) if (layoutOf(v, program)) this.settleContainer(v);
    for (const r of program.results) this.settleResult(r);
    for (const v of program.values) this.of(v.id);
  }

  private value(id: number): IrValue {
    return this.program.values[id]!;
  }
  private inputsOf(v: IrValue): IrValue[] {
    return v.inputs.map((i) => this.value(i));
  }

  /** Gives a container its buffer and its inputs their places in it. */
  private settleContainer(v: IrValue): void {
    const { offsets, width } = layoutOf(v, this.program)!;
    const inputs = this.inputsOf(v);
    const [only] = inputs;
    if (v.op.kind === 'slots' && only?.op.kind === 'input') {
      const key = inputKey(only.op.tensor, only.op.frame);
      if (this.shared.layout.slotted.has(key)) {
        this.homes.set(v.id, this.shared.layout.inputs.get(key)!);
        return;
      }
    }
    const constant = inputs.every(isConstant);
    const buffer = this.draft(
      fullName(v),
      constant ? 'constants' : v.op.kind === 'columns' ? 'scratch' : 'activities',
      rowsOf(v, this.extents) * width,
    );
    const home = { buffer, offset: 0, ...strides(v, width, this.extents) };
    this.homes.set(v.id, home);
    inputs.forEach((input, i) => {
      // Kernels write whole vectors.
      if (offsets[i]! % 4 !== 0 && !isOuter(input.op)) return;
      if (constant || this.homes.has(input.id) || !canBePlaced(input, v)) return;
      this.homes.set(input.id, { ...home, offset: offsets[i]! });
      if (v.op.kind === 'slots') this.tails.set(input.id, tailOf(v.op.slots[i]!));
    });
  }

  /** A new buffer of this program. */
  draft(name: string, arena: BufferDraft['arena'], size: number): BufferDraft {
    const buffer = { name, arena, size };
    if (arena === 'constants') this.constants.push(buffer);
    return buffer;
  }

  /** Where a value lies. */
  of(id: number): Home {
    const known = this.homes.get(id);
    if (known) return known;
    const made = this.settle(this.value(id));
    this.homes.set(id, made);
    return made;
  }

  private settle(v: IrValue): Home {
    const { layout, scalars } = this.shared;
    const { op } = v;
    const input = (i: number) => this.of(v.inputs[i]!);
    if (v.tensor !== undefined) {
      const { buffer, stride } = layout.matrices.get(v.tensor.name)!;
      return { buffer, offset: 0, variantStride: 0, sampleStride: v.rows === 1 ? 0 : stride };
    }
    switch (op.kind) {
      case 'input':
        return layout.inputs.get(inputKey(op.tensor, op.frame))!;
      case 'scalar': {
        const key = JSON.stringify(op.scalar);
        let at = scalars.values.findIndex((s) => JSON.stringify(s) === key);
        if (at < 0) at = scalars.values.push(op.scalar) - 1;
        return { buffer: scalars.buffer, offset: at, variantStride: 0, sampleStride: 0 };
      }
      case 'window':
        return { ...input(0), offset: input(0).offset + op.from };
      case 'part':
        return {
          ...input(0),
          offset: input(0).offset + (op.of === 'positive' ? 0 : input(0).variantStride),
          variantStride: 0,
        };
      case 'class rows':
        return { ...input(0), variantStride: input(0).sampleStride, sampleStride: 0 };
      case 'one row':
        return { ...input(0), offset: input(0).offset + op.row * input(0).sampleStride, sampleStride: 0 };
      case 'lookup': {
        const table = input(0);
        const index = this.indexOf(v.inputs.slice(1));
        return {
          buffer: table.buffer,
          offset: table.offset,
          variantStride: 0,
          sampleStride: 0,
          lookup: { stride: table.variantStride, index },
        };
      }
      default: {
        if (op.kind === 'outer' && 'onto' in op) return input(2);
        const stride = ownStride(v);
        const size = rowsOf(v, this.extents) * stride;
        if (isConstant(v)) {
          const buffer = this.draft(fullName(v), 'constants', Math.max(size, pad4(v.cols)));
          const home = { buffer, offset: 0, ...strides(v, stride, this.extents) };
          this.fillConstant(v, home, v.cols);
          return home;
        }
        const gradient =
          isOuter(op) || (op.kind === 'scatter' && this.users[v.id]!.every((u) => u.tensor !== undefined));
        const buffer = this.draft(fullName(v), gradient ? 'scratch' : 'activities', size);
        return { buffer, offset: 0, ...strides(v, stride, this.extents) };
      }
    }
  }

  /** The class indices of positive and negative rows, which lie together; of a single value, its own. */
  indexOf(inputs: readonly number[]): Home {
    const [positive, negative] = inputs as [number, number | undefined];
    const home = this.of(positive);
    if (negative === undefined) return home;
    const other = this.of(negative);
    if (other.buffer !== home.buffer) throw new Error('positive and negative labels lie apart');
    return { ...home, variantStride: other.offset - home.offset };
  }

  /** Writes a known value into its place at load. */
  fillConstant(v: IrValue, home: Home, cols: number): void {
    const fill = (offset: number, width: number, value: number, rows = 1) =>
      this.load.push((indexOf) => ({
        kind: 'fill',
        output: {
          buffer: indexOf(home.buffer),
          offset,
          rows,
          cols: width,
          stride: Math.max(width, home.variantStride || home.sampleStride),
        },
        value,
      }));
    if (v.op.kind === 'fill') fill(home.offset, cols, v.op.value);
    else if (v.op.kind === 'polarity') fill(home.offset, 1, 1);
    else if (v.op.kind === 'candidates')
      for (let k = 0; k < v.cols; k++) fill(home.offset + k * home.variantStride + k, 1, 1);
  }

  /** Where a result lies in its output tensor, its rows in the order that the host reads. */
  resultHome({ tensor, offset, value: id, axes }: Ir['results'][number]): Home {
    const { buffer, offset: start } = this.shared.layout.outputs.get(tensor)!;
    const v = this.value(id);
    const extent = (i: number) => (axes[i] ? this.extents[axes[i] as keyof Program['extents']] : 1);
    // As wide as the tensor's own rows lie apart (see layout.ts).
    const inner = isScalarRow(v) ? 1 : pad4(v.cols);
    const sampleFirst = axes[0] === 'sample';
    return {
      buffer,
      offset: start + offset,
      sampleStride: axes.includes('sample') ? (sampleFirst ? extent(1) * inner : inner) : 0,
      variantStride: axes.some((a) => isRowAxis(a) && a !== 'sample')
        ? sampleFirst
          ? inner
          : extent(1) * inner
        : 0,
    };
  }

  /** One number a row goes straight to its output, if it varies over all that the output does. */
  private settleResult(result: Ir['results'][number]): void {
    const v = this.value(result.value);
    const axes = v.axes.filter(isRowAxis);
    if (this.homes.has(v.id) || !isScalarRow(v) || v.op.kind === 'input' || isConstant(v)) return;
    if (axes.length === result.axes.length && axes.every((a) => result.axes.includes(a)))
      this.homes.set(v.id, this.resultHome(result));
  }
}

/** What stands behind a slot's last column: the 1 of the bias and zeros. */
export function tailOf(slot: Slot): number[] {
  return [1, ...new Array<number>(pad4(slot.cols + 1) - slot.cols - 1).fill(0)];
}
