/**
 * A row kernel as one WebAssembly function over a range of rows.
 *
 * Every value is a vector of four f32: four units of a row, or a row value four times. A sweep runs over whole vectors,
 * unrolled, each with accumulators of its own (so the order of a sum is fixed); what the unrolling leaves over and the
 * last, partial vector follow in line. Rows are padded to whole vectors, so the last one is read and written like
 * the others; what lies in its padding is masked out of reductions and may be overwritten. `amax` passes over NaN.
 */
import type { Operator } from '../../expr/operators.js';
import type { RowsKernel } from '../../plan/plan.js';
import { numberText, printNode, printSteps, type Value } from '../printer.js';
import { type Overlaps, operation, type RowRef, type RowSweeps, type Sweep, sweepsOf } from '../sweeps.js';
import { inputWord, outputWord, SAMPLES_WORD, SCRATCH_WORD } from './arguments.js';
import { weight } from './elementary.js';
import { watLanguage } from './language.js';
import { Scope } from './scope.js';

const LANES = 4;
const VECTOR_BYTES = 16;

/** Bytes of a worker's scratch; 0 for most kernels. The same `overlaps` as for printing. */
export function scratchBytes(kernel: RowsKernel, overlaps?: Overlaps): number {
  return sweepsOf(kernel, overlaps).scratchRows * rowBytes(kernel.units);
}

const rowBytes = (units: number): number => VECTOR_BYTES * Math.ceil(units / LANES);

/** Independent vectors in a loop's body: many where little happens for each, for its overhead and its latency. */
function unrolling(sweep: Sweep, kernel: RowsKernel): number {
  const work = sweep.steps.reduce((sum, step) => {
    if (step.kind !== 'compute') return sum + 1;
    return sum + weight(operation(kernel.nodes[step.node]!)!.op);
  }, sweep.stores.length);
  return work <= 16 ? 4 : work <= 32 ? 2 : 1;
}

const local = (name: string): string => `(local.get $${name})`;
const i32 = (value: number): string => `(i32.const ${value})`;

/** `(func $name (export "name") (param $args i32) (param $from i32) (param $to i32) …)`. */
export function printRows(name: string, kernel: RowsKernel, overlaps?: Overlaps): string {
  return new RowFunction(sweepsOf(kernel, overlaps)).print(name);
}

const pointerOf = (ref: RowRef): string => `${ref.kind}${ref.index}`;

/** A word of the argument block. */
const word = (index: number): string => `(i32.load offset=${4 * index} ${local('args')})`;

/** address + variant · stride + sample · stride, from three argument words. */
function rowAddress(first: number): string {
  const byVariant = `(i32.mul ${local('variant')} ${word(first + 1)})`;
  const bySample = `(i32.mul ${local('sample')} ${word(first + 2)})`;
  return `(i32.add (i32.add ${word(first)} ${byVariant}) ${bySample})`;
}

class RowFunction {
  private readonly scope = new Scope();
  private readonly language = watLanguage(this.scope);
  private readonly kernel: RowsKernel;
  private readonly rowValues = new Map<number, Value>();

  constructor(private readonly sweeps: RowSweeps) {
    this.kernel = sweeps.kernel;
  }

  print(name: string): string {
    const { scope, kernel, sweeps } = this;
    scope.line(`(if (i32.ge_u ${local('from')} ${local('to')}) (then (return)))`);
    scope.set('samples', word(SAMPLES_WORD), 'i32');
    scope.set('variant', `(i32.div_u ${local('from')} ${local('samples')})`, 'i32');
    scope.set('sample', `(i32.rem_u ${local('from')} ${local('samples')})`, 'i32');
    for (let r = 0; r < sweeps.scratchRows; r++)
      scope.set(`scratch${r}`, `(i32.add ${word(SCRATCH_WORD)} ${i32(r * rowBytes(kernel.units))})`, 'i32');
    scope.block('loop $rows', () => {
      this.printPointers();
      sweeps.sweeps.forEach((sweep, s) => {
        this.printRowNodes(sweep.before);
        this.printSweep(sweep, s);
      });
      this.printRowNodes(sweeps.after);
      this.printRowOutputs();
      scope.set('sample', `(i32.add ${local('sample')} ${i32(1)})`, 'i32');
      scope.when(`(i32.eq ${local('sample')} ${local('samples')})`, () => {
        scope.set('sample', i32(0), 'i32');
        scope.set('variant', `(i32.add ${local('variant')} ${i32(1)})`, 'i32');
      });
      const next = `(local.tee $from (i32.add ${local('from')} ${i32(1)}))`;
      scope.line(`(br_if $rows (i32.lt_u ${next} ${local('to')}))`);
    });
    return scope.print(`$${name} (export "${name}") (param $args i32) (param $from i32) (param $to i32)`);
  }

  /** Where the row's inputs and outputs start. */
  private printPointers(): void {
    const { scope } = this;
    const { inputs, outputs, nodes } = this.kernel;
    inputs.forEach((input, i) => {
      if (!nodes.includes(input.name)) return;
      const first = inputWord(i);
      scope.set(`input${i}`, rowAddress(first), 'i32');
      scope.when(word(first + 3), () => {
        const row = `(i32.mul (i32.load ${rowAddress(first + 4)}) ${word(first + 3)})`;
        scope.set(`input${i}`, `(i32.add ${local(`input${i}`)} ${row})`, 'i32');
      });
    });
    outputs.forEach((_, o) => {
      scope.set(`output${o}`, rowAddress(outputWord(inputs.length, o)), 'i32');
    });
  }

  private printRowNodes(nodes: readonly number[]): void {
    const { kernel, scope, rowValues } = this;
    for (const n of nodes) {
      const input = kernel.inputs.findIndex(({ name }) => name === kernel.nodes[n]);
      if (input >= 0) {
        const text = scope.bind(`(v128.load32_splat ${local(`input${input}`)})`);
        rowValues.set(n, { text, type: 'number' });
      } else rowValues.set(n, printNode(kernel, n, rowValues, this.language, scope.bind));
    }
  }

  private printSweep(sweep: Sweep, index: number): void {
    const { scope } = this;
    const { units } = this.kernel;
    const unroll = unrolling(sweep, this.kernel);
    const wholeVectors = Math.floor(units / LANES);
    const vectors = Math.ceil(units / LANES);
    const loopVectors = unroll * Math.floor(wholeVectors / unroll);
    /** Below two rounds a loop is no gain. */
    const looped = loopVectors > unroll ? loopVectors : 0;
    const accumulators = Math.min(unroll, vectors);
    const mark = scope.mark;
    for (const n of sweep.reductions)
      for (let k = 0; k < accumulators; k++) scope.set(accumulator(n, k), this.neutral(n));
    const vector = (v: number, offset: number, at: (ref: RowRef) => string, lanes = LANES): void => {
      scope.reuseFrom(mark);
      this.printVector(sweep, v % accumulators, offset, at, lanes);
    };
    if (looped > 0) {
      scope.set('at', i32(0), 'i32');
      scope.block(`loop $sweep${index}`, () => {
        for (const p of pointersOf(sweep))
          scope.set(`${p}_at`, `(i32.add ${local(p)} ${local('at')})`, 'i32');
        for (let k = 0; k < unroll; k++) vector(k, VECTOR_BYTES * k, (ref) => local(`${pointerOf(ref)}_at`));
        const next = `(i32.add ${local('at')} ${i32(VECTOR_BYTES * unroll)})`;
        const end = i32(VECTOR_BYTES * looped);
        scope.line(`(br_if $sweep${index} (i32.lt_u (local.tee $at ${next}) ${end}))`);
      });
    }
    for (let v = looped; v < vectors; v++)
      vector(v, VECTOR_BYTES * v, (ref) => local(pointerOf(ref)), Math.min(LANES, units - LANES * v));
    scope.reuseFrom(mark);
    for (const n of sweep.reductions) this.printTotal(n, accumulators);
  }

  /**
   * One vector of a sweep.
   *
   * @param k the accumulators that it adds to
   * @param at the address of a row, to which `offset` bytes are added
   * @param lanes how many of its units the row has
   */
  private printVector(
    sweep: Sweep,
    k: number,
    offset: number,
    at: (ref: RowRef) => string,
    lanes: number,
  ): void {
    const { kernel, scope, language } = this;
    const values = new Map(this.rowValues);
    printSteps(kernel, sweep.steps, values, language, {
      bind: scope.bind,
      load: (from) => `(v128.load offset=${offset} ${at(from)})`,
      accumulate: (n, _, value) => {
        const masked = lanes < LANES ? maskTo(scope, lanes, value, this.neutral(n)) : value;
        const sum = accumulator(n, k);
        scope.set(sum, this.combine(n, local(sum), masked));
      },
    });
    for (const { node, to } of sweep.stores) {
      const value = values.get(node) ?? printNode(kernel, node, values, language, scope.bind);
      scope.line(`(v128.store offset=${offset} ${at(to)} ${numberText(value, language)})`);
    }
  }

  /** A reduction over the row, of its accumulators. */
  private printTotal(n: number, accumulators: number): void {
    const { scope } = this;
    let sums = Array.from({ length: accumulators }, (_, k) => local(accumulator(n, k)));
    while (sums.length > 1)
      sums = sums.flatMap((a, k) => (k % 2 ? [] : [sums[k + 1] ? this.combine(n, a, sums[k + 1]!) : a]));
    const halves = scope.bind(sums[0]!);
    const pairs = scope.bind(this.combine(n, halves, shuffle(halves, [2, 3, 0, 1])));
    const all = scope.bind(this.combine(n, pairs, shuffle(pairs, [1, 0, 3, 2])));
    const isMean = this.opOf(n) === 'mean';
    const text = isMean ? scope.bind(`(f32x4.mul ${all} ${scope.number(1 / this.kernel.units)})`) : all;
    this.rowValues.set(n, { text, type: 'number' });
  }

  private opOf(n: number): Operator {
    return operation(this.kernel.nodes[n]!)!.op;
  }

  private neutral(n: number): string {
    return this.scope.number(this.opOf(n) === 'amax' ? Number.NEGATIVE_INFINITY : 0);
  }

  private combine(n: number, a: string, b: string): string {
    return this.opOf(n) === 'amax' ? `(f32x4.pmax ${a} ${b})` : `(f32x4.add ${a} ${b})`;
  }

  private printRowOutputs(): void {
    const { kernel, scope, rowValues, language } = this;
    kernel.outputs.forEach((output, o) => {
      const at = local(`output${o}`);
      if (output.kind === 'row') {
        const value =
          rowValues.get(output.node) ?? printNode(kernel, output.node, rowValues, language, scope.bind);
        scope.line(`(v128.store32_lane 0 ${at} ${numberText(value, language)})`);
      }
      const end = output.kind === 'row' ? 1 : kernel.units;
      output.tail.forEach((value, k) => {
        scope.line(`(v128.store32_lane offset=${4 * (end + k)} 0 ${at} ${scope.number(value)})`);
      });
    });
  }
}

/** The k-th part of reduction n. */
const accumulator = (n: number, k: number): string => `sum${n}_${k}`;

/** The pointers of the rows that a sweep reads or writes, once each. */
function pointersOf(sweep: Sweep): string[] {
  const refs = [
    ...sweep.steps.flatMap((step) => (step.kind === 'load' ? [step.from] : [])),
    ...sweep.stores.map(({ to }) => to),
  ];
  return [...new Set(refs.map(pointerOf))];
}

/** The first `lanes` lanes of a vector, the neutral element in the others. */
function maskTo(scope: Scope, lanes: number, value: string, neutral: string): string {
  const words = Array.from({ length: LANES }, (_, l) => (l < lanes ? '-1' : '0')).join(' ');
  const mask = scope.constant(`v128.const i32x4 ${words}`);
  return `(v128.bitselect ${value} ${neutral} ${mask})`;
}

function shuffle(value: string, lanes: readonly number[]): string {
  const bytes = lanes.flatMap((l) => [4 * l, 4 * l + 1, 4 * l + 2, 4 * l + 3]);
  return `(i8x16.shuffle ${bytes.join(' ')} ${value} ${value})`;
}
