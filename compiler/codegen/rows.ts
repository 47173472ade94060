/**
 * The row printer of languages whose threads share rows. It prints the whole work of one thread on one row: the sweeps
 * over its vectors, the reductions between them, and the stores. What the languages differ in is a `RowDialect`.
 *
 * A thread owns vectors of a row (groups of neighbouring units): vector t, t + T, … of a row that T threads share. What
 * a later sweep needs again a thread therefore has itself: in registers where its vectors are written out, else in
 * arrays of its own.
 */
import type { Operator } from '../expr/operators.js';
import type { RowsKernel } from '../plan/plan.js';
import { type Language, numberText, printNode, printSteps, type Value } from './printer.js';
import { operation, type RowRef, type RowSweeps, type Sweep } from './sweeps.js';
import type { StatementBuilder } from './text.js';

/** How a row is divided among threads. */
export interface Division {
  /** Vectors of a row. */
  readonly groups: number;
  /** Threads that share a row. */
  readonly threads: number;
  /** Vectors that a thread owns, at most. */
  readonly rounds: number;
  /** Whether they are looped over rather than written out. */
  readonly rolled: boolean;
}

/** The part of a row that a thread works on. */
export interface ThreadRow {
  /** A row that exists. */
  readonly row: string;
  /** This thread's first vector; the row may have fewer. */
  readonly group: string;
  /** What must hold for this thread to store anything; undefined: nothing. */
  readonly owns?: string;
}

/** One of a thread's vectors. */
export interface Vector {
  readonly group: string;
  /** What must hold for the row to have it; undefined: nothing. */
  readonly exists?: string | undefined;
  /** Its index in the thread's arrays. */
  readonly round: string;
}

/** A reduction over a row, of which each thread has a part in a variable. */
export interface Reduction {
  readonly node: number;
  /** The variable: a vector. */
  readonly part: string;
  readonly op: 'sum' | 'amax';
}

/** What a language says in its own way about the work on one row. */
export interface RowDialect {
  readonly text: StatementBuilder;
  readonly division: Division;
  readonly thread: ThreadRow;
  /** For row values, and for vectors of element values. */
  readonly rowLanguage: Language;
  readonly language: Language;
  /** Units in a vector. */
  readonly width: number;
  /** What a maximum starts from. */
  readonly lowest: number;
  /** Prints where the row's inputs and outputs start. */
  begin(): void;
  /** Called between the reading of the first row values and the first store. */
  beforeStores?(): void;
  /** A row input of this row. */
  loadRow(input: number): string;
  /** A row value as a vector. */
  widen(value: Value): Value;
  /** An array of the thread's own for what is at `ref` between sweeps; undefined: it is read again from there. */
  keep(ref: RowRef): string | undefined;
  /** Prints a loop over a thread's vectors. */
  loop(body: (vector: Vector) => void): void;
  /** Where a sweep reads and writes a vector. */
  indexOf(vector: Vector): string;
  load(from: RowRef, index: string, vector: Vector): string;
  store(output: number, index: string, value: string): void;
  /** Stores one number of a row: at 0 the row value, behind a row value or the units the output's tail. */
  storeNumber(output: number, at: number, value: string): void;
  /** Which units of a vector exist, as a condition; undefined: all. `partial`: the row may end within the vector. */
  inside(vector: Vector, partial: boolean): string | undefined;
  combine(op: Reduction['op'], a: string, b: string): string;
  /** The reductions over all threads of the row, as numbers, in the same order. */
  reduce(reductions: readonly Reduction[]): string[];
}

/** Prints the whole work of one thread on one row. */
export function printRow(sweeps: RowSweeps, dialect: RowDialect): void {
  new RowPrinter(sweeps, dialect).print();
}

const keyOf = (ref: RowRef): string => `${ref.kind}${ref.index}`;

class RowPrinter {
  private readonly kernel: RowsKernel;
  private readonly division: Division;
  private readonly thread: ThreadRow;
  private readonly text: StatementBuilder;
  private readonly rowValues = new Map<number, Value>();
  /** The same as vectors. */
  private readonly wideValues = new Map<number, Value>();
  /** The vectors of a thread, where they are written out, and what is known of each. */
  private readonly vectors: { readonly vector: Vector; readonly known: Map<number, Value> }[] = [];
  /** The thread's arrays, by what they hold. */
  private readonly kept = new Map<string, string>();

  constructor(
    private readonly sweeps: RowSweeps,
    private readonly dialect: RowDialect,
  ) {
    this.kernel = sweeps.kernel;
    this.division = dialect.division;
    this.thread = dialect.thread;
    this.text = dialect.text;
  }

  print(): void {
    this.dialect.begin();
    if (this.division.rolled) this.declareArrays();
    else this.nameVectors();
    this.sweeps.sweeps.forEach((sweep, s) => {
      this.printRowNodes(sweep.before);
      if (s === 0) this.dialect.beforeStores?.();
      this.printSweep(sweep);
    });
    this.printRowNodes(this.sweeps.after);
    this.printRowOutputs();
    this.printTails();
  }

  private nameVectors(): void {
    const { groups, threads, rounds } = this.division;
    const { group: first } = this.thread;
    for (let round = 0; round < rounds; round++) {
      const group = round === 0 ? first : this.text.bind(`${first} + ${round * threads}u`);
      const exists = (round + 1) * threads <= groups ? undefined : `${group} < ${groups}u`;
      this.vectors.push({ vector: { group, exists, round: `${round}u` }, known: new Map() });
    }
  }

  private declareArrays(): void {
    for (const { steps } of this.sweeps.sweeps) {
      for (const step of steps) {
        if (step.kind !== 'load' || this.kept.has(keyOf(step.from))) continue;
        const array = this.dialect.keep(step.from);
        if (array !== undefined) this.kept.set(keyOf(step.from), array);
      }
    }
  }

  private setRow(n: number, value: Value): void {
    this.rowValues.set(n, value);
    this.wideValues.set(n, this.dialect.widen(value));
  }

  private printRowNodes(nodes: readonly number[]): void {
    const { kernel, dialect, text } = this;
    for (const n of nodes) {
      const input = kernel.inputs.findIndex(({ name }) => name === kernel.nodes[n]);
      if (input >= 0) this.setRow(n, { text: text.bind(dialect.loadRow(input)), type: 'number' });
      else this.setRow(n, printNode(kernel, n, this.rowValues, dialect.rowLanguage, text.bind));
    }
  }

  private printSweep(sweep: Sweep): void {
    const { dialect, text } = this;
    const reductions = sweep.reductions.map((n): Reduction => {
      return { node: n, part: text.variable(`sum${n}`, this.neutral(n)), op: this.opOf(n) };
    });
    if (this.division.rolled) {
      dialect.loop((vector) => {
        const known = new Map(this.wideValues);
        const index = dialect.indexOf(vector);
        this.printSteps(sweep, vector, index, known);
        this.printStores(sweep, vector, index, known);
      });
    } else {
      const indices = this.vectors.map(({ vector, known }) => {
        for (const [n, value] of this.wideValues) known.set(n, value);
        const index = dialect.indexOf(vector);
        this.printSteps(sweep, vector, index, known);
        return index;
      });
      // After all loads: an output may share an input's memory.
      this.vectors.forEach(({ vector, known }, v) => {
        this.printStores(sweep, vector, indices[v]!, known);
      });
    }
    if (reductions.length === 0) return;
    const totals = dialect.reduce(reductions);
    sweep.reductions.forEach((n, i) => {
      const total = text.bind(totals[i]!);
      const isMean = operation(this.kernel.nodes[n]!)!.op === 'mean';
      const scale = dialect.rowLanguage.number(1 / this.kernel.units);
      this.setRow(n, { text: isMean ? text.bind(`${total} * ${scale}`) : total, type: 'number' });
    });
  }

  private printSteps(sweep: Sweep, vector: Vector, index: string, known: Map<number, Value>): void {
    const { dialect, text } = this;
    const steps = sweep.steps.filter((step) => step.kind === 'accumulate' || !known.has(step.node));
    printSteps(this.kernel, steps, known, dialect.language, {
      bind: text.bind,
      load: (from) => {
        const array = this.kept.get(keyOf(from));
        return array === undefined ? dialect.load(from, index, vector) : `${array}[${vector.round}]`;
      },
      accumulate: (n, _, value) => {
        const all = dialect.combine(this.opOf(n), `sum${n}`, this.masked(n, value, vector));
        text.line(`sum${n} = ${all};`);
      },
    });
  }

  private printStores(sweep: Sweep, vector: Vector, index: string, known: Map<number, Value>): void {
    const { kernel, dialect, text } = this;
    const stores = sweep.stores.flatMap(({ node, to }) => {
      const value = known.get(node) ?? printNode(kernel, node, known, dialect.language, text.bind);
      const number = numberText(value, dialect.language);
      const array = this.kept.get(keyOf(to));
      if (array !== undefined) text.line(`${array}[${vector.round}] = ${number};`);
      return to.kind === 'output' ? [{ output: to.index, number }] : [];
    });
    if (stores.length === 0) return;
    text.when([this.thread.owns, vector.exists], () => {
      for (const { output, number } of stores) dialect.store(output, index, number);
    });
  }

  private opOf(n: number): Reduction['op'] {
    const op: Operator = operation(this.kernel.nodes[n]!)!.op;
    return op === 'amax' ? 'amax' : 'sum';
  }

  private neutral(n: number): string {
    return this.dialect.language.number(this.opOf(n) === 'amax' ? this.dialect.lowest : 0);
  }

  /** A value whose units beyond the end of the row do not count in reduction n. */
  private masked(n: number, value: string, vector: Vector): string {
    const { rolled } = this.division;
    const isLast = rolled || vector === this.vectors.at(-1)!.vector;
    const partial = isLast && this.kernel.units % this.dialect.width !== 0;
    const inside = this.dialect.inside(vector, partial);
    return inside === undefined ? value : this.dialect.language.choose(inside, value, this.neutral(n));
  }

  /** By the thread of the row's first vector. */
  private printRowOutputs(): void {
    const { kernel, dialect, text, rowValues } = this;
    const rowOutputs = this.outputsWhere((o) => o.kind === 'row');
    if (rowOutputs.length === 0) return;
    text.when([this.thread.owns, this.hasGroup(0)], () => {
      for (const k of rowOutputs) {
        const { node, tail } = kernel.outputs[k]!;
        const { rowLanguage } = dialect;
        const value = rowValues.get(node) ?? printNode(kernel, node, rowValues, rowLanguage, text.bind);
        for (const [i, number] of [numberText(value, rowLanguage), ...tail.map(rowLanguage.number)].entries())
          dialect.storeNumber(k, i, number);
      }
    });
  }

  /** By the thread of the row's last vector, after its stores: they may write into the padding. */
  private printTails(): void {
    const { kernel, dialect } = this;
    const tailed = this.outputsWhere((o) => o.kind === 'element' && o.tail.length > 0);
    if (tailed.length === 0) return;
    this.text.when([this.thread.owns, this.hasGroup(this.division.groups - 1)], () => {
      for (const k of tailed) {
        kernel.outputs[k]!.tail.forEach((number, i) => {
          dialect.storeNumber(k, kernel.units + i, dialect.rowLanguage.number(number));
        });
      }
    });
  }

  private outputsWhere(holds: (output: RowsKernel['outputs'][number]) => boolean): number[] {
    return this.kernel.outputs.flatMap((o, k) => (holds(o) ? [k] : []));
  }

  /** What holds for the thread that has this vector of the row; undefined: for all. */
  private hasGroup(group: number): string | undefined {
    const { threads } = this.division;
    return threads === 1 ? undefined : `${this.thread.group} == ${group % threads}u`;
  }
}
