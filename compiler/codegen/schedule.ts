/**
 * Which pass over a row computes what: the language-neutral half of code generation.
 *
 * A reduction is known only when a whole row has been read, so a kernel with reductions runs over its units several
 * times. Everything is computed in the first pass that wants it. What a later pass wants again is, whichever is cheaper,
 * computed again, read again from an input or from the output it was stored in, or kept in a scratch row.
 */
import { isOperator, type Operator, operators } from '../expr/operators.js';
import type { ExpressionNode, RowsKernel } from '../plan/plan.js';

/** Where an element value lies between passes: an input, an output, or a row of the worker's scratch. */
export type Place =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'output'; readonly index: number }
  | { readonly kind: 'scratch'; readonly index: number };

/** What happens for every unit of a pass; `node` is an index into the kernel's nodes. */
export type Step =
  | { readonly kind: 'load'; readonly node: number; readonly from: Place }
  | { readonly kind: 'compute'; readonly node: number }
  /** Adds one unit's argument to the reduction `node`. */
  | { readonly kind: 'accumulate'; readonly node: number };

export interface Pass {
  /** Row values known before this pass and not before the one before, in order: row inputs and what is computed of them. */
  readonly before: readonly number[];
  readonly steps: readonly Step[];
  /** After all steps of a unit, so that an output may lie where an input lies. */
  readonly stores: readonly { readonly node: number; readonly to: Place }[];
  /** The reductions that this pass completes. */
  readonly reductions: readonly number[];
}

export interface Schedule {
  readonly kernel: RowsKernel;
  /** Of every node. */
  readonly kinds: readonly ('row' | 'element')[];
  readonly passes: readonly Pass[];
  /** Row values known only after the last pass. */
  readonly after: readonly number[];
  /** Scratch rows of `units` numbers that a worker needs. */
  readonly scratchRows: number;
}

/**
 * Whether storing output `output` may change what input `input` reads. They may only ever share memory unit by unit:
 * the same row and column, so that a pass which reads before it stores is safe.
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
 * @param overlaps what of the kernel may run in place; without it, anything
 * @throws Error for a kernel that is not well formed: an unknown operator or name, an argument that is not before its
 * user, an element value given to a row output
 */
export function schedule(kernel: RowsKernel, overlaps: Overlaps = anyOverlap): Schedule {
  const { nodes, inputs, outputs } = kernel;
  checkKernel(kernel);
  const operationOf = nodes.map(operation);
  const inputOf = nodes.map((n) => (typeof n === 'string' ? inputs.findIndex((i) => i.name === n) : -1));
  const kinds: ('row' | 'element')[] = [];
  /** Of a row node, the passes that must be over before it is known; of an element node, its earliest pass. */
  const ready: number[] = [];
  nodes.forEach((_, n) => {
    const o = operationOf[n];
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
    for (const a of operationOf[n]?.args ?? []) use(a);
  };
  for (const o of outputs) use(o.node);
  const rows = [...used].filter((n) => kinds[n] === 'row').sort((a, b) => a - b);
  const reductions = rows.filter((n) => {
    const o = operationOf[n];
    return o && isReduction(o.op) && kinds[o.args[0]!] === 'element';
  });
  /** An output is stored in the first pass that can; the pass in which that is. */
  const storedIn = outputs.map((o) => (o.kind === 'element' ? ready[o.node]! : Number.POSITIVE_INFINITY));
  const count = Math.max(
    0,
    ...reductions.map((n) => ready[n]!),
    ...storedIn.filter(Number.isFinite).map((p) => p + 1),
  );
  const isReduced = new Set(reductions);
  const rowsAt = (p: number) => rows.filter((n) => ready[n] === p && !isReduced.has(n));
  /** The pass after whose stores an input can no longer be read from where it lay. */
  const changedIn = inputs.map((_, i) =>
    Math.min(Number.POSITIVE_INFINITY, ...storedIn.filter((_, o) => overlaps(o, i))),
  );

  interface Draft {
    steps: Step[];
    stores: { node: number; to: Place }[];
    present: Set<number>;
  }
  const drafts: Draft[] = Array.from({ length: count }, () => ({
    steps: [],
    stores: [],
    present: new Set<number>(),
  }));
  const firstIn = new Map<number, number>();
  const scratch = new Map<number, number>();
  const outputBefore = (n: number, p: number) =>
    kinds[n] === 'element' ? outputs.findIndex((o, k) => o.node === n && storedIn[k]! < p) : -1;
  const changed = (n: number, p: number) => changedIn[inputOf[n]!]! < p;

  /** What having node n in pass p costs, in loads. */
  function cost(n: number, p: number): number {
    if (kinds[n] === 'row' || drafts[p]!.present.has(n)) return 0;
    if (scratch.has(n) || outputBefore(n, p) >= 0) return 1;
    if (inputOf[n]! >= 0) return changed(n, p) ? 2 : 1;
    const { op, args } = operationOf[n]!;
    if (!cheap.has(op)) return Number.POSITIVE_INFINITY;
    return args.reduce((sum, a) => sum + cost(a, p), 1);
  }

  /** A place in scratch for node n, which pass p reads; it is written when n is first at hand. */
  function keep(n: number): Place {
    let row = scratch.get(n);
    if (row === undefined) {
      row = scratch.size;
      scratch.set(n, row);
      const pass = firstIn.get(n) ?? changedIn[inputOf[n]!]!;
      const draft = drafts[pass]!;
      if (!draft.present.has(n)) {
        draft.present.add(n);
        draft.steps.push({ kind: 'load', node: n, from: { kind: 'input', index: inputOf[n]! } });
      }
      draft.stores.push({ node: n, to: { kind: 'scratch', index: row } });
    }
    return { kind: 'scratch', index: row };
  }

  function want(n: number, p: number): void {
    const draft = drafts[p]!;
    if (kinds[n] === 'row' || draft.present.has(n)) return;
    draft.present.add(n);
    const load = (from: Place) => draft.steps.push({ kind: 'load', node: n, from });
    const compute = () => {
      for (const a of operationOf[n]!.args) want(a, p);
      draft.steps.push({ kind: 'compute', node: n });
    };
    const output = outputBefore(n, p);
    if (inputOf[n]! >= 0) load(changed(n, p) ? keep(n) : { kind: 'input', index: inputOf[n]! });
    else if (!firstIn.has(n)) compute();
    else if (output >= 0) load({ kind: 'output', index: output });
    else {
      draft.present.delete(n);
      const again = cost(n, p) <= RECOMPUTE_LIMIT;
      draft.present.add(n);
      if (again) compute();
      else load(keep(n));
    }
    if (!firstIn.has(n)) firstIn.set(n, p);
  }

  const passes = drafts.map((draft, p): Pass => {
    const completed = reductions.filter((n) => ready[n] === p + 1);
    for (const n of completed) {
      want(operationOf[n]!.args[0]!, p);
      draft.steps.push({ kind: 'accumulate', node: n });
    }
    outputs.forEach((o, k) => {
      if (storedIn[k] !== p) return;
      want(o.node, p);
      draft.stores.push({ node: o.node, to: { kind: 'output', index: k } });
    });
    return { before: rowsAt(p), steps: draft.steps, stores: draft.stores, reductions: completed };
  });
  return { kernel, kinds, passes, after: rowsAt(count), scratchRows: scratch.size };
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
