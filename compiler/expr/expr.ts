/**
 * Expressions: what an activation, a normalization, a goodness, a loss or an optimizer computes, as a shared graph.
 *
 * Nodes are interned: building the same expression twice gives the same object, so equality is `===` and a common
 * subexpression is one node wherever it comes from. The constructor `apply` simplifies as it builds. A node is of one
 * of two kinds: `element` (a value for every unit of a row) or `row` (one value for the whole row, including
 * constants).
 */
import { isOperator, type Operator, operators } from './operators.js';

export type Kind = 'row' | 'element';

interface Common {
  /** Unique among all expressions, and larger than the ids of its arguments. */
  readonly id: number;
  readonly kind: Kind;
}
export interface Constant extends Common {
  readonly op: 'const';
  readonly value: number;
}
export interface Variable extends Common {
  readonly op: 'var';
  readonly name: string;
}
export interface Application extends Common {
  readonly op: Operator;
  readonly args: readonly Expr[];
}
export type Expr = Constant | Variable | Application;

/** Interned for the lifetime of the process: models are small, and equality across compilations costs nothing. */
const interned = new Map<string, Expr>();
let nextId = 0;

function intern<T extends Expr>(key: string, make: (id: number) => T): T {
  const found = interned.get(key);
  if (found) return found as T;
  const made = make(nextId++);
  interned.set(key, made);
  return made;
}

export function constant(value: number): Constant {
  return intern(`#${Object.is(value, -0) ? 0 : value}`, (id) => ({
    id,
    kind: 'row',
    op: 'const',
    value: value === 0 ? 0 : value,
  }));
}

/** A name whose value is supplied where the expression is used: `z`, `h`, `goodness`, a gradient, a learning rate. */
export function variable(name: string, kind: Kind): Variable {
  return intern(`$${kind}:${name}`, (id) => ({ id, kind, op: 'var', name }));
}

/** The number of units in a row. */
export const width = variable('n', 'row');

export const zero = constant(0);
export const one = constant(1);
const two = constant(2);

/** `op(args)`, simplified by the rules of real arithmetic (so `0 · x` is 0, even if x could be infinite). */
export function apply(op: Operator, ...args: Expr[]): Expr {
  return simplify(op, args) ?? raw(op, args);
}

function raw(op: Operator, args: readonly Expr[]): Expr {
  const kind: Kind =
    operators[op].kind === 'element' && args.some((a) => a.kind === 'element') ? 'element' : 'row';
  return intern(`${op}(${args.map((a) => a.id).join()})`, (id) => ({ id, kind, op, args }));
}

/** A constant's value. */
const numberOf = (e: Expr | undefined): number | undefined => (e?.op === 'const' ? e.value : undefined);
const isConstant = (e: Expr | undefined, value?: number): boolean =>
  e?.op === 'const' && (value === undefined || e.value === value);

const commutative: ReadonlySet<Operator> = new Set(['add', 'mul', 'max', 'min', 'eq', 'ne']);

function simplify(op: Operator, args: readonly Expr[]): Expr | undefined {
  const info = operators[op];
  if (info.apply && op !== 'surrogate' && args.every((a) => isConstant(a))) {
    const value = info.apply(...args.map((a) => numberOf(a)!));
    // JSON has no such number, so 1 / 0 is left to be computed at run time.
    return Number.isFinite(value) ? constant(value) : undefined;
  }
  // Constants last, then older nodes before newer ones: a + b and b + a become one node.
  if (commutative.has(op)) {
    const [x, y] = args as [Expr, Expr];
    if (isConstant(x) ? !isConstant(y) : !isConstant(y) && x.id > y.id) return apply(op, y, x);
  }
  const [a, b, c] = args as [Expr, Expr, Expr];
  const right = numberOf(b);
  switch (op) {
    case 'add':
      if (isConstant(b, 0)) return a;
      if (b.op === 'neg') return apply('sub', a, b.args[0]!);
      if (a.op === 'neg') return apply('sub', b, a.args[0]!);
      if (a === b) return apply('mul', a, two);
      return together(a, b);
    case 'sub':
      if (isConstant(b, 0)) return a;
      if (isConstant(a, 0)) return apply('neg', b);
      if (a === b) return zero;
      if (b.op === 'neg') return apply('add', a, b.args[0]!);
      return undefined;
    case 'mul':
      if (isConstant(b, 0)) return zero;
      if (isConstant(b, 1)) return a;
      if (isConstant(b, -1)) return apply('neg', a);
      if (a.op === 'mul' && isConstant(a.args[1]) && right !== undefined) {
        return apply('mul', a.args[0]!, constant(numberOf(a.args[1])! * right));
      }
      // Constants are folded into a choice between constants: (x · (c ? 1 : 0)) · 3 = x · (c ? 3 : 0).
      if (right !== undefined && isChoice(a)) {
        return apply(
          'select',
          a.args[0]!,
          constant(numberOf(a.args[1])! * right),
          constant(numberOf(a.args[2])! * right),
        );
      }
      if (right !== undefined && a.op === 'mul' && isChoice(a.args[1]!)) {
        return apply('mul', a.args[0]!, apply('mul', a.args[1]!, b));
      }
      if (right !== undefined && a.op === 'mul' && isChoice(a.args[0]!)) {
        return apply('mul', a.args[1]!, apply('mul', a.args[0]!, b));
      }
      // Scalars per row are multiplied once per row: (h · r) · s = h · (r · s).
      if (b.kind === 'row' && a.op === 'mul' && a.kind === 'element') {
        const [x, y] = a.args as [Expr, Expr];
        if (y.kind === 'row') return apply('mul', x, apply('mul', y, b));
        if (x.kind === 'row') return apply('mul', y, apply('mul', x, b));
      }
      if (a.op === 'neg' && b.op === 'neg') return apply('mul', a.args[0]!, b.args[0]!);
      if (a.op === 'neg' && right !== undefined) return apply('mul', a.args[0]!, constant(-right));
      if (a.op === 'neg') return apply('neg', apply('mul', a.args[0]!, b));
      if (b.op === 'neg') return apply('neg', apply('mul', a, b.args[0]!));
      return undefined;
    case 'div':
      if (isConstant(a, 0)) return zero;
      if (right !== undefined && right !== 0 && Number.isFinite(1 / right))
        return apply('mul', a, constant(1 / right));
      if (a === b) return one;
      return undefined;
    case 'pow':
      if (right === 0) return one;
      if (right === 1) return a;
      if (right === 2) return apply('mul', a, a);
      if (right === 3) return apply('mul', apply('mul', a, a), a);
      if (right === 0.5) return apply('sqrt', a);
      if (right === -1) return apply('div', one, a);
      if (right === -2) return apply('div', one, apply('mul', a, a));
      return undefined;
    case 'neg':
      if (a.op === 'neg') return a.args[0]!;
      if (a.op === 'sub') return apply('sub', a.args[1]!, a.args[0]!);
      return undefined;
    case 'max':
    case 'min':
      return a === b ? a : undefined;
    case 'select':
      if (isConstant(a)) return numberOf(a) !== 0 ? b : c;
      if (b === c) return b;
      return undefined;
    // A row value is the same for all units.
    case 'mean':
    case 'amax':
      return a.kind === 'row' ? a : undefined;
    case 'sum':
      return a.kind === 'row' ? apply('mul', width, a) : undefined;
    default:
      return undefined;
  }
}

/** A choice between two constants, such as the slope of a piecewise function. */
function isChoice(e: Expr): e is Application {
  return e.op === 'select' && isConstant(e.args[1]) && isConstant(e.args[2]);
}

/** a + b if they choose by the same condition or share a factor; undefined otherwise. */
function together(a: Expr, b: Expr): Expr | undefined {
  if (isChoice(a) && isChoice(b) && a.args[0] === b.args[0]) {
    return apply(
      'select',
      a.args[0]!,
      apply('add', a.args[1]!, b.args[1]!),
      apply('add', a.args[2]!, b.args[2]!),
    );
  }
  if (a.op !== 'mul' || b.op !== 'mul') return undefined;
  for (const [i, j] of [
    [0, 1],
    [1, 0],
  ] as const) {
    for (const [k, l] of [
      [0, 1],
      [1, 0],
    ] as const) {
      if (a.args[i] !== b.args[k] || isConstant(a.args[i])) continue;
      const [x, y] = [a.args[j]!, b.args[l]!];
      // Only if the other factors merge: otherwise factoring out saves nothing and changes the rounding.
      if ((isChoice(x) && isChoice(y)) || (isConstant(x) && isConstant(y)))
        return apply('mul', a.args[i]!, apply('add', x, y));
    }
  }
  return undefined;
}

export const add = (a: Expr, b: Expr) => apply('add', a, b);
export const sub = (a: Expr, b: Expr) => apply('sub', a, b);
export const mul = (a: Expr, b: Expr) => apply('mul', a, b);
export const div = (a: Expr, b: Expr) => apply('div', a, b);
export const sqrt = (a: Expr) => apply('sqrt', a);
export const square = (a: Expr) => apply('mul', a, a);
export const select = (c: Expr, a: Expr, b: Expr) => apply('select', c, a, b);

/** The arguments of any node; empty for constants and variables. */
export function argumentsOf(e: Expr): readonly Expr[] {
  return e.op === 'const' || e.op === 'var' ? [] : e.args;
}

/** All nodes that the roots are built from, arguments first. */
export function nodesOf(...roots: Expr[]): Expr[] {
  const seen = new Set<Expr>();
  const visit = (e: Expr): void => {
    if (seen.has(e)) return;
    for (const a of argumentsOf(e)) visit(a);
    seen.add(e);
  };
  for (const r of roots) visit(r);
  return [...seen];
}

/** The names of the variables in an expression, `n` included. */
export function variablesOf(...roots: Expr[]): Set<string> {
  return new Set(nodesOf(...roots).flatMap((e) => (e.op === 'var' ? [e.name] : [])));
}

/** `e` with variables replaced by expressions, simplified. */
export function substitute(e: Expr, replacements: ReadonlyMap<Expr, Expr>): Expr {
  const done = new Map<Expr, Expr>(replacements);
  for (const node of nodesOf(e)) {
    if (done.has(node)) continue;
    const args = argumentsOf(node);
    const next = args.map((a) => done.get(a)!);
    done.set(node, next.every((a, i) => a === args[i]) ? node : apply((node as Application).op, ...next));
  }
  return done.get(e)!;
}

/** An expression of the model document. `scope` maps each allowed variable to its meaning. */
export function fromJson(json: number | string | readonly unknown[], scope: ReadonlyMap<string, Expr>): Expr {
  if (typeof json === 'number') return constant(json);
  if (typeof json === 'string') {
    const found = scope.get(json);
    if (!found) throw new Error(`no variable \`${json}\` in this expression`);
    return found;
  }
  const [op, ...args] = json as [string, ...(number | string | readonly unknown[])[]];
  if (!isOperator(op)) throw new Error(`no operator \`${op}\``);
  return apply(op, ...args.map((a) => fromJson(a, scope)));
}

const infix: Partial<Record<Operator, [string, number]>> = {
  add: ['+', 2],
  sub: ['-', 2],
  mul: ['*', 3],
  div: ['/', 3],
  lt: ['<', 1],
  le: ['<=', 1],
  gt: ['>', 1],
  ge: ['>=', 1],
  eq: ['==', 1],
  ne: ['!=', 1],
};

/** As text, for people: graphs with shared nodes are printed in full. */
export function show(e: Expr, level = 0): string {
  if (e.op === 'const') return `${Number(e.value.toPrecision(9))}`;
  if (e.op === 'var') return e.name;
  const sign = infix[e.op];
  if (sign) {
    const [text, own] = sign;
    const s = `${show(e.args[0]!, own)} ${text} ${show(e.args[1]!, own + 1)}`;
    return own < level ? `(${s})` : s;
  }
  if (e.op === 'neg') return `-${show(e.args[0]!, 4)}`;
  return `${e.op}(${e.args.map((a) => show(a)).join(', ')})`;
}
