/**
 * Which sweep over a row computes what: the language-neutral half of code generation.
 *
 * A reduction is known only when a whole row has been read, so a kernel with reductions sweeps over its units several
 * times. Everything is computed in the first sweep that wants it. What a later sweep wants again is, whichever is
 * cheaper, computed again, read again from an input or from the output it was stored in, or kept in a scratch row.
 */
import { isOperator, type Operator, operators } from '../expr/operators.js';
import type { ExpressionNode, RowsKernel } from '../plan/plan.js';

/** Where an element value is between sweeps: in an input, in an output, or in a row of the worker's scratch. */
export type RowRef =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'output'; readonly index: number }
  | { readonly kind: 'scratch'; readonly index: number };

/** What happens for every unit of a sweep; `node` is an index into the kernel's nodes. */
export type Step =
  | { readonly kind: 'load'; readonly node: number; readonly from: RowRef }
  | { readonly kind: 'compute'; readonly node: number }
  /** Adds one unit's argument to the reduction `node`. */
  | { readonly kind: 'accumulate'; readonly node: number };

/** One loop over a row's units. */
export interface Sweep {
  /** Row values known before this sweep and not before the one before it, in order: row inputs, and what follows. */
  readonly before: readonly number[];
  readonly steps: readonly Step[];
  /** After all steps of a unit, so that an output may share an input's memory. */
  readonly stores: readonly { readonly node: number; readonly to: RowRef }[];
  /** The reductions that this sweep completes. */
  readonly reductions: readonly number[];
}

/** A row kernel as the sweeps it makes over each row. */
export interface RowSweeps {
  readonly kernel: RowsKernel;
  /** By node. */
  readonly kinds: readonly ('row' | 'element')[];
  readonly sweeps: readonly Sweep[];
  /** Row values known only after the last sweep. */
  readonly after: readonly number[];
  /** Scratch rows of `units` numbers that a worker needs. */
  readonly scratchRows: number;
}

/**
 * Whether storing output `output` may change what input `input` reads. They may only ever share memory unit by unit:
 * the same row and column, so that a sweep which reads before it stores is safe.
 */
export type Overlaps = (output: number, input: number) => boolean;

const anyOverlap: Overlaps = () => true;

/** A node that is an operator, with the arguments that matter for its value. */
export function operation(node: ExpressionNode): { op: Operator; args: readonly number[] } | undefined {
  if (typeof node === 'number' || typeof node === 'string') return undefined;
  const [op, ...args] = node;
  // A surrogate's slope matters for derivatives only.
  return { op: op as Operator, args: op === 'surrogate' ? args.slice(0, 1) : args };
}

export const isReduction = (op: Operator): boolean => operators[op].kind === 'reduce';

/** What is computed again rather than kept: each costs about what a load does. */
const cheap: ReadonlySet<Operator> = new Set<Operator>([
  ...(['neg', 'abs', 'add', 'sub', 'mul', 'max', 'min', 'select'] as const),
  ...(['lt', 'le', 'gt', 'ge', 'eq', 'ne', 'surrogate'] as const),
]);
/** A scratch row costs a store and a load; a bit more is worth not touching more memory. */
const RECOMPUTE_LIMIT = 3;

/**
 * The sweeps of a kernel.
 *
 * @param overlaps what of the kernel may run in place; by default anything
 * @throws Error for a malformed kernel: an unknown operator or name, an argument that does not precede its user, an
 * element value given to a row output
 */
export function sweepsOf(kernel: RowsKernel, overlaps: Overlaps = anyOverlap): RowSweeps {
  checkKernel(kernel);
  return new SweepBuilder(kernel, overlaps).build();
}

/** What is known of a kernel's nodes before any sweep, each list by node. */
interface NodeFacts {
  readonly operations: readonly (ReturnType<typeof operation> | undefined)[];
  /** The input that a node names; -1: none. */
  readonly inputOf: readonly number[];
  readonly kinds: readonly ('row' | 'element')[];
  /** Of a row node, how many sweeps must be over before it is known; of an element node, its earliest sweep. */
  readonly ready: readonly number[];
  /** The row nodes that some output needs, in order. */
  readonly rows: readonly number[];
}

function factsOf({ nodes, inputs, outputs }: RowsKernel): NodeFacts {
  const operations = nodes.map(operation);
  const inputOf = nodes.map((n) => (typeof n === 'string' ? inputs.findIndex((i) => i.name === n) : -1));
  const kinds: ('row' | 'element')[] = [];
  const ready: number[] = [];
  nodes.forEach((_, n) => {
    const o = operations[n];
    if (!o) {
      kinds[n] = inputs[inputOf[n]!]?.kind ?? 'row';
      ready[n] = 0;
      return;
    }
    const wide = o.args.some((a) => kinds[a] === 'element');
    kinds[n] = wide && !isReduction(o.op) ? 'element' : 'row';
    ready[n] = Math.max(0, ...o.args.map((a) => ready[a]!)) + (wide && isReduction(o.op) ? 1 : 0);
  });
  const used = new Set<number>();
  const use = (n: number): void => {
    if (used.has(n)) return;
    used.add(n);
    for (const a of operations[n]?.args ?? []) use(a);
  };
  for (const o of outputs) use(o.node);
  const rows = [...used].filter((n) => kinds[n] === 'row').sort((a, b) => a - b);
  return { operations, inputOf, kinds, ready, rows };
}

/** A sweep that is still being filled. */
interface OpenSweep {
  readonly steps: Step[];
  readonly stores: { readonly node: number; readonly to: RowRef }[];
  /** The element nodes that it has at hand. */
  readonly present: Set<number>;
}

/** Fills the sweeps in order, each with what its reductions and outputs want. */
class SweepBuilder {
  private readonly facts: NodeFacts;
  /** Reductions over a row's units, in order. */
  private readonly reductions: readonly number[];
  /** By output, the sweep that stores it: the first one that can. */
  private readonly storedIn: readonly number[];
  /** By input, the sweep after whose stores it can no longer be read from its own memory. */
  private readonly changedIn: readonly number[];
  private readonly open: readonly OpenSweep[];
  /** By node, the first sweep that has it. */
  private readonly firstIn = new Map<number, number>();
  /** By node, its scratch row. */
  private readonly scratch = new Map<number, number>();

  constructor(
    private readonly kernel: RowsKernel,
    overlaps: Overlaps,
  ) {
    const { inputs, outputs } = kernel;
    this.facts = factsOf(kernel);
    const { operations, kinds, ready, rows } = this.facts;
    this.reductions = rows.filter((n) => {
      const o = operations[n];
      return o && isReduction(o.op) && kinds[o.args[0]!] === 'element';
    });
    const storedIn = outputs.map((o) => (o.kind === 'element' ? ready[o.node]! : Number.POSITIVE_INFINITY));
    this.storedIn = storedIn;
    this.changedIn = inputs.map((_, i) =>
      Math.min(Number.POSITIVE_INFINITY, ...storedIn.filter((_, o) => overlaps(o, i))),
    );
    const count = Math.max(
      0,
      ...this.reductions.map((n) => ready[n]!),
      ...storedIn.filter(Number.isFinite).map((sweep) => sweep + 1),
    );
    this.open = Array.from({ length: count }, () => ({ steps: [], stores: [], present: new Set<number>() }));
  }

  build(): RowSweeps {
    const { kernel, scratch } = this;
    // Filling a later sweep may add to those before it.
    const reductions = this.open.map((_, s) => this.fill(s));
    const sweeps = this.open.map(({ steps, stores }, s): Sweep => {
      return { before: this.rowsKnown(s), steps, stores, reductions: reductions[s]! };
    });
    const after = this.rowsKnown(this.open.length);
    return { kernel, kinds: this.facts.kinds, sweeps, after, scratchRows: scratch.size };
  }

  /** The row values that are known once `count` sweeps are over, and not before; without the reductions. */
  private rowsKnown(count: number): number[] {
    const { rows, ready } = this.facts;
    return rows.filter((n) => ready[n] === count && !this.reductions.includes(n));
  }

  /** Fills a sweep; returns the reductions that it completes. */
  private fill(s: number): number[] {
    const { operations, ready } = this.facts;
    const { steps, stores } = this.open[s]!;
    const completed = this.reductions.filter((n) => ready[n] === s + 1);
    for (const n of completed) {
      this.want(operations[n]!.args[0]!, s);
      steps.push({ kind: 'accumulate', node: n });
    }
    this.kernel.outputs.forEach((o, k) => {
      if (this.storedIn[k] !== s) return;
      this.want(o.node, s);
      stores.push({ node: o.node, to: { kind: 'output', index: k } });
    });
    return completed;
  }

  /** Brings node n into sweep s: loaded, computed, or computed again. */
  private want(n: number, s: number): void {
    const { operations, inputOf, kinds } = this.facts;
    const { steps, present } = this.open[s]!;
    if (kinds[n] === 'row' || present.has(n)) return;
    const again = this.firstIn.has(n);
    // Before n counts as present, which would cost nothing.
    const cheapEnough = !again || this.cost(n, s) <= RECOMPUTE_LIMIT;
    present.add(n);
    const load = (from: RowRef) => steps.push({ kind: 'load', node: n, from });
    const output = this.outputBefore(n, s);
    if (inputOf[n]! >= 0) load(this.isChanged(n, s) ? this.keep(n) : { kind: 'input', index: inputOf[n]! });
    else if (again && output >= 0) load({ kind: 'output', index: output });
    else if (cheapEnough) {
      for (const a of operations[n]!.args) this.want(a, s);
      steps.push({ kind: 'compute', node: n });
    } else load(this.keep(n));
    if (!again) this.firstIn.set(n, s);
  }

  /** What having node n in sweep s costs, in loads. */
  private cost(n: number, s: number): number {
    const { operations, inputOf, kinds } = this.facts;
    if (kinds[n] === 'row' || this.open[s]!.present.has(n)) return 0;
    if (this.scratch.has(n) || this.outputBefore(n, s) >= 0) return 1;
    if (inputOf[n]! >= 0) return this.isChanged(n, s) ? 2 : 1;
    const { op, args } = operations[n]!;
    if (!cheap.has(op)) return Number.POSITIVE_INFINITY;
    return args.reduce((sum, a) => sum + this.cost(a, s), 1);
  }

  /** A scratch row for node n, which a later sweep reads; it is written when n is first at hand. */
  private keep(n: number): RowRef {
    let row = this.scratch.get(n);
    if (row === undefined) {
      const { inputOf } = this.facts;
      row = this.scratch.size;
      this.scratch.set(n, row);
      const sweep = this.open[this.firstIn.get(n) ?? this.changedIn[inputOf[n]!]!]!;
      if (!sweep.present.has(n)) {
        sweep.present.add(n);
        sweep.steps.push({ kind: 'load', node: n, from: { kind: 'input', index: inputOf[n]! } });
      }
      sweep.stores.push({ node: n, to: { kind: 'scratch', index: row } });
    }
    return { kind: 'scratch', index: row };
  }

  /** The output that an earlier sweep stored node n in; -1: none. */
  private outputBefore(n: number, s: number): number {
    if (this.facts.kinds[n] !== 'element') return -1;
    return this.kernel.outputs.findIndex((o, k) => o.node === n && this.storedIn[k]! < s);
  }

  /** Whether the input that node n is has been overwritten before sweep s. */
  private isChanged(n: number, s: number): boolean {
    return this.changedIn[this.facts.inputOf[n]!]! < s;
  }
}

function checkKernel(kernel: RowsKernel): void {
  const wrong = (what: string): never => {
    throw new Error(`kernel \`${kernel.name}\`: ${what}`);
  };
  const wide: boolean[] = [];
  kernel.nodes.forEach((node, n) => {
    wide[n] = false;
    if (typeof node === 'string') {
      const input = kernel.inputs.find((i) => i.name === node);
      if (!input && node !== 'n') wrong(`node ${n} reads \`${node}\`, which is no input`);
      wide[n] = input?.kind === 'element';
    }
    if (typeof node === 'number' || typeof node === 'string') return;
    const [op, ...args] = node;
    if (!isOperator(op)) wrong(`node ${n} has no operator \`${op}\``);
    if (args.length !== operators[op as Operator].arity)
      wrong(`node ${n}, \`${op}\`, has ${args.length} arguments`);
    if (args.some((a) => !(Number.isInteger(a) && a >= 0 && a < n)))
      wrong(`node ${n} has an argument that is not before it`);
    wide[n] = operation(node)!.args.some((a) => wide[a]) && !isReduction(op as Operator);
  });
  kernel.outputs.forEach((o, k) => {
    if (kernel.nodes[o.node] === undefined) wrong(`output ${k} is of no node`);
    if (o.kind === 'row' && wide[o.node]) wrong(`output ${k} is one number a row, but its node is not`);
  });
  if (!(Number.isInteger(kernel.units) && kernel.units > 0)) wrong(`it has ${kernel.units} units`);
}
