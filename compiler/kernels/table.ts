/**
 * The row kernels of a plan: fused from the expressions of values, one entry for all launches that compute the same.
 */
import { constant, type Expr, nodesOf, substitute, variable, width } from '../expr/index.js';
import type { IrValue } from '../passes/ir.js';
import type { ExpressionNode, RowsKernel } from '../plan/plan.js';

export interface KernelOutput {
  readonly value: IrValue;
  readonly kind: 'element' | 'row';
  readonly tail: readonly number[];
}

export class KernelTable {
  readonly kernels: RowsKernel[] = [];
  private readonly known = new Map<string, number>();

  /**
   * One kernel for several values: each value's expression with those of the values it reads substituted.
   * @returns the index of the kernel, and the values it reads from outside, in the order of its inputs
   */
  fuse(
    values: readonly IrValue[],
    outputs: readonly KernelOutput[],
    lookUp: (id: number) => IrValue,
  ): { kernel: number; inputs: number[] } {
    const built = new Map<number, Expr>();
    const outside = new Map<string, number>();
    const kinds = new Map<string, 'element' | 'row'>();
    const units = Math.max(
      1,
      ...values.map((v) => (v.op.kind === 'map' && (v.cols > 1 || hasElements(v.op.expr)) ? v.op.units : 1)),
    );
    for (const v of values) {
      if (v.op.kind !== 'map') throw new Error('only expressions are fused');
      const { vars, expr } = v.op;
      const replacements = new Map<Expr, Expr>();
      vars.forEach((name, i) => {
        const input = v.inputs[i]!;
        let by = built.get(input);
        if (!by) {
          // A layer of one unit has a scalar per row, whatever kind its expressions are.
          const kind = lookUp(input).cols === 1 ? 'row' : 'element';
          const known = [...outside].find(([, id]) => id === input)?.[0];
          const own = known ?? `i${outside.size}`;
          outside.set(own, input);
          kinds.set(own, kind);
          by = variable(own, kind);
        }
        for (const kind of ['element', 'row'] as const) replacements.set(variable(name, kind), by);
      });
      // The width last: a sum over what became a scalar per row is that scalar times the width.
      const inUnits = new Map<Expr, Expr>([[width, constant(v.op.units)]]);
      built.set(v.id, substitute(substitute(expr, replacements), inUnits));
    }
    const roots = outputs.map((o) => built.get(o.value.id)!);
    const order = nodesOf(...roots);
    const index = new Map(order.map((e, i) => [e, i]));
    const nodes = order.map((e): ExpressionNode => {
      if (e.op === 'const') return e.value;
      if (e.op === 'var') return e.name;
      return [e.op, ...e.args.map((a) => index.get(a)!)];
    });
    const used = [...outside].filter(([name]) => order.some((e) => e.op === 'var' && e.name === name));
    // Names by position, so that equal kernels have equal texts.
    const rename = new Map(used.map(([name], i) => [name, `i${i}`]));
    const kernel: Omit<RowsKernel, 'name'> = {
      kind: 'rows',
      units,
      inputs: used.map(([name]) => ({ name: rename.get(name)!, kind: kinds.get(name)! })),
      nodes: nodes.map((n) => (typeof n === 'string' ? rename.get(n)! : n)),
      outputs: outputs.map((o, i) => ({ node: index.get(roots[i]!)!, kind: o.kind, tail: o.tail })),
    };
    return {
      kernel: this.add(kernel, outputs.map(({ value }) => value.tensor?.state ?? value.name).join(' ')),
      inputs: used.map(([, id]) => id),
    };
  }

  /** Unmodified rows. */
  copy(units: number, kind: 'element' | 'row'): number {
    const kernel: Omit<RowsKernel, 'name'> = {
      kind: 'rows',
      units: kind === 'row' ? 1 : units,
      inputs: [{ name: 'i0', kind }],
      nodes: ['i0'],
      outputs: [{ node: 0, kind, tail: [] }],
    };
    return this.add(kernel, 'copy');
  }

  private add(kernel: Omit<RowsKernel, 'name'>, name: string): number {
    const key = JSON.stringify(kernel);
    const found = this.known.get(key);
    if (found !== undefined) return found;
    const at = this.kernels.push({ ...kernel, name }) - 1;
    this.known.set(key, at);
    return at;
  }
}

const hasElements = (e: Expr): boolean => nodesOf(e).some((node) => node.kind === 'element');
