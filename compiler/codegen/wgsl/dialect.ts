/** How WGSL says what a thread does on a row: indices into storage chunks, vectors where memory is aligned. */
import type { RowsKernel, RowsLaunch, RowsView } from '../../plan/plan.js';
import type { Language, Value } from '../printer.js';
import type { Division, Reduction, RowDialect, ThreadRow, Vector } from '../rows.js';
import type { RowRef } from '../sweeps.js';
import type { Functions, Width } from './functions.js';
import { wgslLanguage } from './language.js';
import { LOWEST, type Reduce } from './reduction.js';
import type { AddressOf, ShaderBuilder } from './shader.js';

/** A launch of a row kernel, and how it is printed. */
export interface PrintedRows {
  readonly kernel: RowsKernel;
  readonly launch: RowsLaunch;
  readonly addressOf: AddressOf;
  /** Units that are read and written at once. */
  readonly width: Width;
  /** The elementary functions that are called. */
  readonly functions: Functions;
}

/** How the threads of a row work together. */
export interface Sharing {
  readonly division: Division;
  /** Over all threads of the row; undefined: each row has one thread. */
  readonly reduce?: Reduce | undefined;
  /** Inputs that are at hand, as text, by index. */
  readonly given?: ReadonlyMap<number, string>;
}

/** The work of a thread on its row. */
export class WgslRow implements RowDialect {
  readonly rowLanguage: Language;
  readonly language: Language;
  readonly width: Width;
  readonly division: Division;
  // Infinities may be assumed away by a WGSL compiler.
  readonly lowest = LOWEST;
  /** Where the row of each input and output starts, in numbers for row values and in vectors for elements. */
  private inputStarts: readonly string[] = [];
  private outputStarts: readonly string[] = [];

  constructor(
    readonly text: ShaderBuilder,
    private readonly rows: PrintedRows,
    private readonly sharing: Sharing,
    readonly thread: ThreadRow,
  ) {
    this.width = rows.width;
    this.division = sharing.division;
    this.rowLanguage = wgslLanguage(1, rows.functions);
    this.language = wgslLanguage(rows.width, rows.functions);
  }

  begin(): void {
    const { text, width } = this;
    const { kernel, launch } = this.rows;
    const { given } = this.sharing;
    const { row } = this.thread;
    const single = launch.variants === 1;
    const samples = single ? '' : text.word(launch.samples);
    const variant = single ? undefined : text.bind(`${row} / ${samples}`);
    const sample = single ? row : text.bind(`${row} % ${samples}`);
    this.inputStarts = kernel.inputs.map((input, i) => {
      const used = kernel.nodes.includes(input.name) && !given?.has(i);
      return used ? this.start(launch.inputs[i]!, input.kind === 'row' ? 1 : width, sample, variant) : '';
    });
    this.outputStarts = kernel.outputs.map((output, o) => {
      const view = launch.outputs[o]!;
      if (view.lookup) throw new Error('an output whose place is looked up');
      return this.start(view, output.kind === 'row' ? 1 : width, sample, variant);
    });
  }

  /**
   * Where a view's row starts, counted in groups of `unit` numbers.
   *
   * @param variant undefined where there is one
   */
  private start(view: RowsView, unit: Width, sample: string, variant: string | undefined): string {
    const { text } = this;
    const { addressOf, launch } = this.rows;
    const address = addressOf(view.buffer);
    // A stride that is never taken need not be whole.
    const stride = (s: number, count: number) => text.word(count === 1 ? 0 : s / unit);
    const base = text.word((address.offset + view.offset) / unit);
    if (view.lookup) {
      const { index, stride: step } = view.lookup;
      if (index.lookup) throw new Error('an index that is itself looked up');
      const { binding } = addressOf(index.buffer);
      const k = text.bind(`bitcast<u32>(${text.number(binding, this.start(index, 1, sample, variant))})`);
      return text.bind(`${base} + ${k} * ${text.word(step / unit)}`);
    }
    const bySample = `${base} + ${sample} * ${stride(view.sampleStride, launch.samples)}`;
    return text.bind(
      variant === undefined
        ? bySample
        : `${bySample} + ${variant} * ${stride(view.variantStride, launch.variants)}`,
    );
  }

  loadRow(input: number): string {
    const { binding } = this.rows.addressOf(this.rows.launch.inputs[input]!.buffer);
    return this.text.number(binding, this.inputStarts[input]!);
  }

  widen(value: Value): Value {
    if (this.width === 1) return value;
    const type = value.type === 'number' ? 'vec4<f32>' : 'vec4<bool>';
    return { text: this.text.bind(`${type}(${value.text})`), type: value.type };
  }

  keep(ref: RowRef): string | undefined {
    if (ref.kind === 'input') return undefined;
    const type = this.width === 1 ? 'f32' : 'vec4<f32>';
    const name = `kept_${ref.kind}${ref.index}`;
    this.text.line(`var ${name}: array<${type}, ${this.division.rounds}>;`);
    return name;
  }

  loop(body: (vector: Vector) => void): void {
    const { groups, threads, rounds } = this.division;
    const { text } = this;
    text.block(`for (var round = 0u; round < ${rounds}u; round++)`, () => {
      const group = threads === 1 ? 'round' : text.bind(`${this.thread.group} + round * ${threads}u`);
      if (groups % threads > 0) text.line(`if (${group} >= ${groups}u) { break; }`);
      body({ group, round: 'round' });
    });
  }

  /** A vector beyond the row's end reads its last one. */
  indexOf({ group, exists }: Vector): string {
    const { groups } = this.division;
    return exists === undefined ? group : this.text.bind(`min(${group}, ${groups - 1}u)`);
  }

  load({ kind, index: i }: RowRef, index: string): string {
    const { launch } = this.rows;
    const known = kind === 'input' ? this.sharing.given?.get(i) : undefined;
    if (known !== undefined) return known;
    const [view, start] =
      kind === 'input'
        ? [launch.inputs[i]!, this.inputStarts[i]]
        : [launch.outputs[i]!, this.outputStarts[i]];
    return this.at(view, `${start} + ${index}`);
  }

  store(output: number, index: string, value: string): void {
    const to = this.at(this.rows.launch.outputs[output]!, `${this.outputStarts[output]} + ${index}`, true);
    this.text.line(`${to} = ${value};`);
  }

  storeNumber(output: number, at: number, value: string): void {
    const { kernel, launch, addressOf } = this.rows;
    const { text, width } = this;
    const start = this.outputStarts[output]!;
    const view = launch.outputs[output]!;
    if (kernel.outputs[output]!.kind === 'row') {
      const index = at === 0 ? start : `${start} + ${at}u`;
      text.line(`${text.number(addressOf(view.buffer).binding, index, true)} = ${value};`);
      return;
    }
    const component = width === 1 ? '' : `.${'xyzw'[at % 4]}`;
    text.line(`${this.at(view, `${start} + ${Math.floor(at / width)}u`, true)}${component} = ${value};`);
  }

  /** An element value at an index counted in vectors. */
  private at({ buffer }: RowsView, index: string, written = false): string {
    const { binding } = this.rows.addressOf(buffer);
    return this.width === 1
      ? this.text.number(binding, index, written)
      : this.text.vec4(binding, index, written);
  }

  inside({ group, exists }: Vector, partial: boolean): string | undefined {
    if (this.width === 1) return exists;
    if (!partial && exists === undefined) return undefined;
    const units = `vec4<u32>(4u * ${group}) + vec4<u32>(0u, 1u, 2u, 3u)`;
    return `${units} < vec4<u32>(${this.rows.kernel.units}u)`;
  }

  combine(op: Reduction['op'], a: string, b: string): string {
    return op === 'amax' ? `max(${a}, ${b})` : `(${a} + ${b})`;
  }

  reduce(reductions: readonly Reduction[]): string[] {
    const mine = reductions.map(({ part, op }) => {
      if (this.width === 1) return { text: part, op };
      const rest = ['.y', '.z', '.w'].reduce((all, c) => this.combine(op, all, part + c), `${part}.x`);
      return { text: this.text.bind(rest), op };
    });
    return this.sharing.reduce?.(mine) ?? mine.map(({ text }) => text);
  }
}
