/** Where the values of a program lie, as launches say it. */

import type { Program } from '../graph/graph.js';
import type { Ir, IrValue } from '../passes/ir.js';
import type { Region, RowsView } from '../plan/plan.js';
import { type Home, type IndexOf, ownStride, type PendingLaunch, rowsOf } from './homes.js';
import type { Places } from './places.js';

/** A launch, and the homes that it touches. */
export interface Step {
  readonly homes: readonly Home[];
  readonly launch: PendingLaunch;
}

/** A subset of the rows of a value. */
export interface RowRange {
  readonly rows: number;
  readonly from: number;
}

export class Addresses {
  readonly extents: Program['extents'];

  constructor(
    private readonly program: Ir,
    readonly places: Places,
  ) {
    this.extents = program.extents;
  }

  inputsOf(v: IrValue): IrValue[] {
    return v.inputs.map((i) => this.program.values[i]!);
  }

  of(v: IrValue): Home {
    return this.places.of(v.id);
  }

  /** A value as a matrix: all of its rows, or some. */
  region(v: IrValue, { home = this.of(v), range }: { home?: Home; range?: RowRange } = {}) {
    const { rows, from } = range ?? { rows: rowsOf(v, this.extents), from: 0 };
    const stride = home.sampleStride || home.variantStride || ownStride(v);
    return (indexOf: IndexOf): Region => ({
      buffer: indexOf(home.buffer),
      offset: home.offset + from * stride,
      rows,
      cols: v.cols,
      stride,
    });
  }

  /**
   * The view through which a row kernel reads or writes a value: strides of 0 over the axes that the value does not
   * vary over.
   */
  view(home: Home): (indexOf: IndexOf) => RowsView {
    return (indexOf) => ({
      buffer: indexOf(home.buffer),
      offset: home.offset,
      variantStride: home.variantStride,
      sampleStride: home.sampleStride,
      ...(home.lookup
        ? { lookup: { stride: home.lookup.stride, index: this.view(home.lookup.index)(indexOf) } }
        : {}),
    });
  }
}
