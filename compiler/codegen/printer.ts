/**
 * Expressions as text, in any language: walks the steps of a schedule, keeps comparisons as conditions until a number is
 * wanted, and names every value once. A language is a small table of texts; loops, loads and stores belong to the
 * language's own row printer, which is handed in as `Place` texts.
 */
import type { ElementOperator, Operator } from '../expr/operators.js';
import { isReduction, operation, type Schedule, type Step } from './schedule.js';

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

/** Texts that only the row printer of a language knows. */
export interface RowPrinter {
  readonly bind: Bind;
  load(step: Step & { readonly kind: 'load' }): string;
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
  schedule: Schedule,
  n: number,
  values: ReadonlyMap<number, Value>,
  language: Language,
  bind: Bind,
): Value {
  const { nodes, units, inputs } = schedule.kernel;
  const node = nodes[n]!;
  const o = operation(node);
  if (!o) {
    const known = values.get(n);
    if (known) return known;
    // The one name that is no input: the number of units.
    if (node === 'n' && !inputs.some((i) => i.name === 'n'))
      return { text: language.number(units), type: 'number' };
    if (typeof node === 'number') return { text: language.number(node), type: 'number' };
    throw new Error(`kernel \`${schedule.kernel.name}\`: node ${n} is not at hand`);
  }
  const valueAt = (a: number): Value => values.get(a) ?? printNode(schedule, a, values, language, bind);
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
  // A reduction of what is the same for all units; the others are completed by passes.
  if (isReduction(o.op))
    return o.op === 'sum'
      ? named(language.apply('mul', [numberOf(a), language.number(units)], bind))
      : valueAt(a);
  return named(language.apply(o.op as Arithmetic, o.args.map(numberOf), bind));
}

/** The steps of one pass for one unit (or one vector of units); `values` gains what they compute. */
export function printSteps(
  schedule: Schedule,
  steps: readonly Step[],
  values: Map<number, Value>,
  language: Language,
  printer: RowPrinter,
): void {
  for (const step of steps) {
    switch (step.kind) {
      case 'load':
        values.set(step.node, { text: printer.bind(printer.load(step)), type: 'number' });
        break;
      case 'compute':
        values.set(step.node, printNode(schedule, step.node, values, language, printer.bind));
        break;
      case 'accumulate': {
        const { op, args } = operation(schedule.kernel.nodes[step.node]!)!;
        printer.accumulate(step.node, op, numberText(values.get(args[0]!)!, language));
        break;
      }
      default:
        step satisfies never;
    }
  }
}
