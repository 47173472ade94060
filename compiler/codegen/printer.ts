/**
 * Expressions as text, in any language: walks the steps of a sweep, keeps comparisons as conditions until a number is
 * wanted, and names every value once. A language is a small table of texts. Loads and sums are not expressions: whoever
 * prints the sweep says how they read.
 */
import type { ElementOperator, Operator } from '../expr/operators.js';
import type { RowsKernel } from '../plan/plan.js';
import { isReduction, operation, type RowRef, type Step } from './sweeps.js';

export type Comparison = 'lt' | 'le' | 'gt' | 'ge' | 'eq' | 'ne';
/** Element operators with a number for each argument and for a result. */
export type Arithmetic = Exclude<ElementOperator, Comparison | 'select' | 'surrogate'>;
export type ValueType = 'number' | 'condition';

/** Names a value, so that its text can be used many times at the cost of one computation. */
export type Bind = (text: string, type?: ValueType) => string;

/** A table from operators to text. Arguments are texts that are free to repeat. */
export interface Language {
  number(value: number): string;
  apply(op: Arithmetic, args: readonly string[], bind: Bind): string;
  compare(op: Comparison, a: string, b: string): string;
  /** `then` where the condition holds, else `otherwise`. */
  choose(condition: string, then: string, otherwise: string): string;
  /** 1 where the condition holds, else 0. */
  toNumber(condition: string): string;
  /** Where a number is not 0. */
  toCondition(number: string): string;
}

export interface Value {
  readonly text: string;
  readonly type: ValueType;
}

/** What a sweep's steps say beside their expressions. */
export interface StepPrinter {
  readonly bind: Bind;
  load(from: RowRef): string;
  /** Adds to a reduction, as a statement. */
  accumulate(reduction: number, op: Operator, value: string): void;
}

const comparisons: ReadonlySet<string> = new Set<Comparison>(['lt', 'le', 'gt', 'ge', 'eq', 'ne']);
const isComparison = (op: string): op is Comparison => comparisons.has(op);

/** A value's text as a number. */
export function numberText(value: Value, language: Language): string {
  return value.type === 'number' ? value.text : language.toNumber(value.text);
}

/**
 * One operator on values at hand.
 *
 * @param values by node; constants are made on demand
 */
export function printNode(
  kernel: RowsKernel,
  n: number,
  values: ReadonlyMap<number, Value>,
  language: Language,
  bind: Bind,
): Value {
  const { nodes, units, inputs } = kernel;
  const node = nodes[n]!;
  const o = operation(node);
  if (!o) {
    const known = values.get(n);
    if (known) return known;
    // The one name that is no input: the number of units.
    if (node === 'n' && !inputs.some((i) => i.name === 'n'))
      return { text: language.number(units), type: 'number' };
    if (typeof node === 'number') return { text: language.number(node), type: 'number' };
    throw new Error(`kernel \`${kernel.name}\`: node ${n} is not at hand`);
  }
  const valueAt = (a: number): Value => values.get(a) ?? printNode(kernel, a, values, language, bind);
  const numberOf = (a: number): string => {
    const value = valueAt(a);
    return value.type === 'number' ? value.text : bind(language.toNumber(value.text));
  };
  const [a, b, c] = o.args as [number, number, number];
  const named = (text: string, type: ValueType = 'number'): Value => ({ text: bind(text, type), type });
  if (o.op === 'surrogate') return valueAt(a);
  if (o.op === 'select') {
    const test = valueAt(a);
    const condition =
      test.type === 'condition' ? test.text : bind(language.toCondition(test.text), 'condition');
    return named(language.choose(condition, numberOf(b), numberOf(c)));
  }
  if (isComparison(o.op)) return named(language.compare(o.op, numberOf(a), numberOf(b)), 'condition');
  // A reduction of what is the same for all units; the others are completed by sweeps.
  if (isReduction(o.op))
    return o.op === 'sum'
      ? named(language.apply('mul', [numberOf(a), language.number(units)], bind))
      : valueAt(a);
  return named(language.apply(o.op as Arithmetic, o.args.map(numberOf), bind));
}

/** The steps of one sweep for one unit (or one vector of units); `values` gains what they compute. */
export function printSteps(
  kernel: RowsKernel,
  steps: readonly Step[],
  values: Map<number, Value>,
  language: Language,
  printer: StepPrinter,
): void {
  for (const step of steps) {
    switch (step.kind) {
      case 'load':
        values.set(step.node, { text: printer.bind(printer.load(step.from)), type: 'number' });
        break;
      case 'compute':
        values.set(step.node, printNode(kernel, step.node, values, language, printer.bind));
        break;
      case 'accumulate': {
        const { op, args } = operation(kernel.nodes[step.node]!)!;
        printer.accumulate(step.node, op, numberText(values.get(args[0]!)!, language));
        break;
      }
      default:
        step satisfies never;
    }
  }
}
