/**
 * Rows and elements: the kind of value that an expression has, and the rules for mixing kinds.
 *
 * A `constant` is one number, a `row` value a scalar per sample, an `element` value a value per unit. An operator on
 * elements broadcasts constants and row values over the units; a reduction turns elements into a row value. Constants
 * are computed here, so that a division by zero is reported where it is written.
 */
import { isOperator, type Operator, operators } from '../expr/operators.js';
import type { ExpressionJson } from '../model.js';

/** `unknown`: a parameter of a function before it is called. */
export type ValueKind = 'constant' | 'row' | 'element' | 'unknown';

export interface Typed {
  readonly json: ExpressionJson;
  readonly kind: ValueKind;
  /** The value of a constant; undefined if unknown here (`n`, `t`, a param with an error). */
  readonly value: number | undefined;
  /** Operators, numbers and variables, counted as in the fully expanded tree. */
  readonly size: number;
  readonly depth: number;
}

/** Reports an error in an expression, at the location its creator knows. */
export type Fault = (code: string, message: string, hint?: string) => undefined;

/** Larger expressions are rejected: they are printed, differentiated and compiled as trees. */
export const limits = { size: 10_000, depth: 400 } as const;

/** A number as an expression. */
export function literal(value: number): Typed {
  return { json: value, kind: 'constant', value, size: 1, depth: 1 };
}

/** A variable. */
export function symbol(name: string, kind: ValueKind): Typed {
  return { json: name, kind, value: undefined, size: 1, depth: 1 };
}

const order: readonly ValueKind[] = ['constant', 'row', 'unknown', 'element'];

/**
 * `op(args)` with its kind, computed if every argument is a known constant.
 *
 * @param reductions whether `mean`, `sum` and `amax` are allowed
 * @returns undefined if `fault` was called
 */
export function combine(
  op: Operator,
  args: readonly Typed[],
  reductions: boolean,
  fault: Fault,
): Typed | undefined {
  const size = args.reduce((sum, a) => sum + a.size, 1);
  const depth = args.reduce((most, a) => Math.max(most, a.depth), 0) + 1;
  if (size > limits.size || depth > limits.depth) {
    return fault(
      'RFF410',
      'expression too large once its functions are expanded',
      'split the work over several layers, or simplify it',
    );
  }
  const json = [op, ...args.map((a) => a.json)] as const;
  const info = operators[op];
  if (info.kind === 'reduce') {
    const [x] = args;
    if (!reductions) {
      return fault('RFF403', `\`${op}\` reduces over units, and there are none here`);
    }
    if (x?.kind === 'row') {
      return fault(
        'RFF409',
        `\`${op}\` expects a value per unit, found a scalar per sample`,
        `remove this \`${op}\`, or apply it before the other one`,
      );
    }
    if (x?.kind === 'constant') {
      return fault(
        'RFF409',
        `\`${op}\` expects a value per unit, found a constant`,
        'write `n` for the number of units',
      );
    }
    return { json, kind: 'row', value: undefined, size, depth };
  }
  if (op === 'div' && args[1]?.value === 0) return fault('RFF407', 'division by zero');
  const kind = args.reduce<ValueKind>(
    (k, a) => (order.indexOf(a.kind) > order.indexOf(k) ? a.kind : k),
    'constant',
  );
  const values = args.flatMap((a) => (a.value === undefined ? [] : [a.value]));
  if (!info.apply || values.length < args.length) return { json, kind, value: undefined, size, depth };
  const value = info.apply(...values);
  if (Number.isNaN(value)) return fault('RFF407', `undefined value: ${show(op, values)} is not a number`);
  if (!Number.isFinite(value)) return fault('RFF407', `overflow: ${show(op, values)} is infinite`);
  return literal(value);
}

function show(op: Operator, values: readonly number[]): string {
  return `${op}(${values.map((v) => `${Number(v.toPrecision(6))}`).join(', ')})`;
}

/**
 * An expression in JSON with its variables replaced by `variables`: expands the body of a function, and checks the
 * expressions of a model document (whose variables stand for themselves).
 *
 * @returns undefined if `fault` was called
 */
export function instantiate(
  body: ExpressionJson,
  variables: ReadonlyMap<string, Typed | undefined>,
  reductions: boolean,
  fault: Fault,
): Typed | undefined {
  // Bodies share subexpressions: each is expanded once.
  const done = new Map<object, Typed | undefined>();
  const visit = (json: ExpressionJson): Typed | undefined => {
    if (typeof json === 'number') return literal(json);
    if (typeof json === 'string') {
      if (!variables.has(json)) {
        return fault(
          'RFF201',
          `unknown name \`${json}\``,
          `available here: ${[...variables.keys()].map((v) => `\`${v}\``).join(', ') || 'numbers only'}`,
        );
      }
      return variables.get(json);
    }
    if (done.has(json)) return done.get(json);
    const [op, ...operands] = json;
    const result = visitCall(op, operands);
    done.set(json, result);
    return result;
  };
  const visitCall = (op: string, operands: readonly ExpressionJson[]): Typed | undefined => {
    if (!isOperator(op)) return fault('RFF202', `unknown operator \`${op}\``);
    if (operands.length !== operators[op].arity) {
      return fault('RFF508', `\`${op}\` takes ${operators[op].arity} operands, not ${operands.length}`);
    }
    const args: Typed[] = [];
    for (const operand of operands) {
      const arg = visit(operand);
      if (!arg) return undefined;
      args.push(arg);
    }
    return combine(op, args, reductions, fault);
  };
  return visit(body);
}

/**
 * Operators whose result does not change with small changes of an operand; `surrogate` and `select` are handled by
 * operand.
 */
const flat: ReadonlySet<string> = new Set(['lt', 'le', 'gt', 'ge', 'eq', 'ne', 'sign', 'floor']);

/** Whether the derivative of `json` with respect to `variable` can be non-zero anywhere. */
export function dependsSmoothly(json: ExpressionJson, variable: string): boolean {
  if (typeof json === 'number') return false;
  if (typeof json === 'string') return json === variable;
  const [op, ...operands] = json;
  if (flat.has(op)) return false;
  const moving = op === 'select' ? operands.slice(1) : op === 'surrogate' ? operands.slice(2) : operands;
  return moving.some((operand) => dependsSmoothly(operand, variable));
}

/** Whether `variable` occurs in `json`. */
export function mentions(json: ExpressionJson, variable: string): boolean {
  if (typeof json === 'number') return false;
  if (typeof json === 'string') return json === variable;
  return json.slice(1).some((operand) => mentions(operand, variable));
}

/** Whether the operator `op` occurs in `json`. */
export function uses(json: ExpressionJson, op: Operator): boolean {
  return typeof json === 'object' && (json[0] === op || json.slice(1).some((operand) => uses(operand, op)));
}
