/**
 * A row kernel as one WebAssembly function over a range of rows.
 *
 * Every value is a vector of four f32: four units of a row, or a row value four times. A pass runs over whole vectors,
 * unrolled, each with accumulators of its own (so the order of a sum is fixed); what the unrolling leaves over and the
 * last, partial vector follow in line. Rows are padded to whole vectors, so the last one is read and written like
 * the others; what lies in its padding is masked out of reductions and may be overwritten. `amax` passes over NaN.
 */
import type { Operator } from '../../expr/operators.js';
import { numberText, printNode, printSteps, type Value } from '../printer.js';
import { type Overlaps, operation, type Pass, type Place, type Schedule, schedule } from '../schedule.js';
import { inputWord, outputWord, SAMPLES_WORD, SCRATCH_WORD } from './arguments.js';
import { weight } from './elementary.js';
import { watLanguage } from './language.js';
import { Scope } from './scope.js';

const LANES = 4;
const VECTOR_BYTES = 16;

/** Bytes of a worker's scratch; 0 for most kernels. The same `overlaps` as for printing. */
export function scratchBytes(kernel: Schedule['kernel'], overlaps?: Overlaps): number {
  return schedule(kernel, overlaps).scratchRows * rowBytes(kernel.units);
}

const rowBytes = (units: number): number => VECTOR_BYTES * Math.ceil(units / LANES);

/** Independent vectors in a loop's body: many where little happens for each, for its overhead and its latency. */
function unrolling(pass: Pass, s: Schedule): number {
  const work = pass.steps.reduce((sum, step) => {
    if (step.kind !== 'compute') return sum + 1;
    return sum + weight(operation(s.kernel.nodes[step.node]!)!.op);
  }, pass.stores.length);
  return work <= 16 ? 4 : work <= 32 ? 2 : 1;
}

const local = (name: string): string => `(local.get $${name})`;
const i32 = (value: number): string => `(i32.const ${value})`;

/** `(func $name (export "name") (param $args i32) (param $from i32) (param $to i32) …)`. */
export function printRows(name: string, kernel: Schedule['kernel'], overlaps?: Overlaps): string {
  const plan = schedule(kernel, overlaps);
  const scope = new Scope();
  const language = watLanguage(scope);
  const { units, inputs, outputs } = kernel;
  const wholeBytes = VECTOR_BYTES * Math.floor(units / LANES);
  const pointer = (place: Place): string => `${place.kind}${place.index}`;
  const word = (index: number): string => `(i32.load offset=${4 * index} ${local('args')})`;

  /** address + variant · stride + sample · stride, from three argument words. */
  const rowAddress = (first: number): string =>
    `(i32.add (i32.add ${word(first)} (i32.mul ${local('variant')} ${word(first + 1)})) (i32.mul ${local('sample')} ${word(first + 2)}))`;

  const used = placesOf(plan);

  function printPointers(): void {
    inputs.forEach((input, i) => {
      const nodes = kernel.nodes.flatMap((node, n) => (node === input.name ? [n] : []));
      if (nodes.length === 0) return;
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

  const rowValues = new Map<number, Value>();
  function printRowNodes(nodes: readonly number[]): void {
    for (const n of nodes) {
      const node = kernel.nodes[n]!;
      const input = typeof node === 'string' ? inputs.findIndex((i) => i.name === node) : -1;
      if (input >= 0) {
        const text = scope.bind(`(v128.load32_splat ${local(`input${input}`)})`);
        rowValues.set(n, { text, type: 'number' });
      } else rowValues.set(n, printNode(plan, n, rowValues, language, scope.bind));
    }
  }

  function printPass(pass: Pass, index: number): void {
    const places = used[index]!;
    const unroll = unrolling(pass, plan);
    const loopVectors = unroll * Math.floor(wholeBytes / VECTOR_BYTES / unroll);
    const vectors = Math.ceil(units / LANES);
    /** Below two rounds a loop is no gain. */
    const looped = loopVectors > unroll ? loopVectors : 0;
    const accumulators = Math.min(unroll, vectors);
    const mark = scope.mark;

    const accumulator = (n: number, k: number): string => `sum${n}_${k}`;
    const opOf = (n: number): Operator => operation(kernel.nodes[n]!)!.op;
    const neutral = (n: number): string => scope.number(opOf(n) === 'amax' ? Number.NEGATIVE_INFINITY : 0);
    const combine = (n: number, a: string, b: string): string =>
      opOf(n) === 'amax' ? `(f32x4.pmax ${a} ${b})` : `(f32x4.add ${a} ${b})`;

    /** One vector: `at` gives the address of a place, `offset` bytes are added to it. */
    function printVector(k: number, offset: number, at: (place: Place) => string): void {
      scope.reuseFrom(mark);
      const values = new Map(rowValues);
      const lanes = units - offset / LANES;
      const partial = at === direct && lanes < LANES;
      printSteps(plan, pass.steps, values, language, {
        bind: scope.bind,
        load: (step) => `(v128.load offset=${offset} ${at(step.from)})`,
        accumulate: (n, _, value) => {
          const masked = partial ? maskTo(scope, lanes, value, neutral(n)) : value;
          const sum = accumulator(n, k % accumulators);
          scope.set(sum, combine(n, local(sum), masked));
        },
      });
      for (const store of pass.stores) {
        const value = values.get(store.node) ?? printNode(plan, store.node, values, language, scope.bind);
        scope.line(`(v128.store offset=${offset} ${at(store.to)} ${numberText(value, language)})`);
      }
    }
    const direct = (place: Place): string => local(pointer(place));

    for (const n of pass.reductions)
      for (let k = 0; k < accumulators; k++) scope.set(accumulator(n, k), neutral(n));
    if (looped > 0) {
      scope.set('at', i32(0), 'i32');
      scope.block(`loop $pass${index}`, () => {
        for (const p of places)
          scope.set(`${pointer(p)}_at`, `(i32.add ${local(pointer(p))} ${local('at')})`, 'i32');
        for (let k = 0; k < unroll; k++) printVector(k, VECTOR_BYTES * k, (p) => local(`${pointer(p)}_at`));
        const next = `(i32.add ${local('at')} ${i32(VECTOR_BYTES * unroll)})`;
        const end = i32(VECTOR_BYTES * looped);
        scope.line(`(br_if $pass${index} (i32.lt_u (local.tee $at ${next}) ${end}))`);
      });
    }
    for (let v = looped; v < vectors; v++) printVector(v, VECTOR_BYTES * v, direct);
    scope.reuseFrom(mark);

    for (const n of pass.reductions) {
      let sums = Array.from({ length: accumulators }, (_, k) => local(accumulator(n, k)));
      while (sums.length > 1)
        sums = sums.flatMap((a, k) => (k % 2 ? [] : [sums[k + 1] ? combine(n, a, sums[k + 1]!) : a]));
      const halves = scope.bind(sums[0]!);
      const pairs = scope.bind(combine(n, halves, shuffle(halves, [2, 3, 0, 1])));
      const all = scope.bind(combine(n, pairs, shuffle(pairs, [1, 0, 3, 2])));
      const text = opOf(n) === 'mean' ? scope.bind(`(f32x4.mul ${all} ${scope.number(1 / units)})`) : all;
      rowValues.set(n, { text, type: 'number' });
    }
  }

  function printRowOutputs(): void {
    outputs.forEach((output, o) => {
      const at = local(`output${o}`);
      if (output.kind === 'row') {
        const value =
          rowValues.get(output.node) ?? printNode(plan, output.node, rowValues, language, scope.bind);
        scope.line(`(v128.store32_lane 0 ${at} ${numberText(value, language)})`);
      }
      const end = output.kind === 'row' ? 1 : units;
      output.tail.forEach((value, k) => {
        scope.line(`(v128.store32_lane offset=${4 * (end + k)} 0 ${at} ${scope.number(value)})`);
      });
    });
  }

  scope.line(`(if (i32.ge_u ${local('from')} ${local('to')}) (then (return)))`);
  scope.set('samples', word(SAMPLES_WORD), 'i32');
  scope.set('variant', `(i32.div_u ${local('from')} ${local('samples')})`, 'i32');
  scope.set('sample', `(i32.rem_u ${local('from')} ${local('samples')})`, 'i32');
  for (let r = 0; r < plan.scratchRows; r++)
    scope.set(`scratch${r}`, `(i32.add ${word(SCRATCH_WORD)} ${i32(r * rowBytes(units))})`, 'i32');
  scope.block('loop $rows', () => {
    printPointers();
    plan.passes.forEach((pass, p) => {
      printRowNodes(pass.before);
      printPass(pass, p);
    });
    printRowNodes(plan.after);
    printRowOutputs();
    scope.set('sample', `(i32.add ${local('sample')} ${i32(1)})`, 'i32');
    scope.when(`(i32.eq ${local('sample')} ${local('samples')})`, () => {
      scope.set('sample', i32(0), 'i32');
      scope.set('variant', `(i32.add ${local('variant')} ${i32(1)})`, 'i32');
    });
    scope.line(
      `(br_if $rows (i32.lt_u (local.tee $from (i32.add ${local('from')} ${i32(1)})) ${local('to')}))`,
    );
  });
  return scope.print(`$${name} (export "${name}") (param $args i32) (param $from i32) (param $to i32)`);
}

/** The places that each pass reads or writes, once each. */
function placesOf(plan: Schedule): Place[][] {
  return plan.passes.map((pass) => {
    const places = [
      ...pass.steps.flatMap((step) => (step.kind === 'load' ? [step.from] : [])),
      ...pass.stores.map((store) => store.to),
    ];
    return [...new Map(places.map((p) => [`${p.kind}${p.index}`, p])).values()];
  });
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
