/** Copies of rows, for values that could not be computed in place. */
import { type IrValue, isScalarRow } from '../passes/ir.js';
import type { Addresses, Step } from './addresses.js';
import { extentsOf, type Home } from './homes.js';
import type { KernelTable } from './table.js';

/** A home, some columns further on. */
const from = (home: Home, column: number): Home => ({ ...home, offset: home.offset + column });

export class Copies {
  constructor(
    private readonly at: Addresses,
    private readonly kernels: KernelTable,
  ) {}

  /** Copies a value into a home of its own, for all rows of `domain`. */
  copy(value: IrValue, to: Home, domain: IrValue): Step[] {
    const source = this.at.of(value);
    // Whole vectors would be unaligned and spill into the next part: copy a column at a time.
    const single = isScalarRow(value) || to.offset % 4 !== 0;
    const kernel = this.kernels.copy(value.cols, single ? 'row' : 'element');
    return Array.from({ length: single ? value.cols : 1 }, (_, column) =>
      this.rows(kernel, extentsOf(domain, this.at.extents), from(source, column), from(to, column)),
    );
  }

  /** Writes a value over some columns of rows that have others after them: whole vectors, then a column at a time. */
  overwrite(value: IrValue, to: Home, domain: IrValue): Step[] {
    const { kernels } = this;
    const source = this.at.of(value);
    const extents = extentsOf(domain, this.at.extents);
    const vectors = to.offset % 4 === 0 && source.offset % 4 === 0 ? value.cols & ~3 : 0;
    const steps = vectors > 0 ? [this.rows(kernels.copy(vectors, 'element'), extents, source, to)] : [];
    for (let column = vectors; column < value.cols; column++)
      steps.push(this.rows(kernels.copy(1, 'row'), extents, from(source, column), from(to, column)));
    return steps;
  }

  rows(
    kernel: number,
    { variants, samples }: { readonly variants: number; readonly samples: number },
    source: Home,
    to: Home,
  ): Step {
    const [input, output] = [this.at.view(source), this.at.view(to)];
    return {
      homes: [source, to],
      launch: (indexOf) => ({
        kind: 'rows',
        kernel,
        variants,
        samples,
        inputs: [input(indexOf)],
        outputs: [output(indexOf)],
      }),
    };
  }
}
