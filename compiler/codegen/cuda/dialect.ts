/** How CUDA C says what a thread does on a row: pointers to the row, vectors as `Four`, reductions by shuffles. */
import type { Value } from '../printer.js';
import type { Reduction, RowDialect, ThreadRow, Vector } from '../rows.js';
import type { RowRef } from '../sweeps.js';
import { StatementBuilder } from '../text.js';
import { type BlockDivision, type RowsForm, type RowsPlan, WARP } from './division.js';
import { cudaLanguage } from './language.js';

export const statements = (): StatementBuilder =>
  new StatementBuilder(
    (name, value) => `const auto ${name} = ${value};`,
    (name, value) => `Four ${name} = ${value};`,
  );

/** The work of a thread of a kernel's form on its row. */
export class CudaRow implements RowDialect {
  readonly rowLanguage = cudaLanguage;
  readonly language = cudaLanguage;
  readonly width = 4;
  readonly division: BlockDivision;
  readonly lowest = Number.NEGATIVE_INFINITY;

  constructor(
    readonly text: StatementBuilder,
    private readonly plan: RowsPlan,
    private readonly form: RowsForm,
    readonly thread: ThreadRow,
  ) {
    this.division = plan.division;
  }

  begin(): void {
    const { text, plan, form } = this;
    const { row } = this.thread;
    if (!form.single) text.line(`const unsigned variant = ${row} / samples, sample = ${row} % samples;`);
    const sample = form.single ? row : 'sample';
    const step = (name: string) => {
      const bySample = `size_t(${sample}) * ${name}_sample`;
      return form.single ? bySample : `size_t(variant) * ${name}_variant + ${bySample}`;
    };
    for (const i of plan.inputs) {
      const at = form.lookups[i]
        ? `size_t(index${i}[${step(`index${i}`)}]) * input${i}_class`
        : step(`input${i}`);
      text.line(`const float* row_input${i} = input${i} + ${at};`);
    }
    plan.sweeps.kernel.outputs.forEach((_, o) => {
      text.line(`float* row_output${o} = output${o} + ${step(`output${o}`)};`);
    });
  }

  /** Every thread has read what a thread's first store may change. */
  beforeStores(): void {
    const { kind } = this.division;
    if (!this.plan.rowsChange || kind === 'flat') return;
    this.text.line(kind === 'wide' ? '__syncthreads();' : '__syncwarp();');
  }

  loadRow(input: number): string {
    return `*row_input${input}`;
  }

  /** Numbers and conditions are converted where four are wanted. */
  widen(value: Value): Value {
    return value;
  }

  keep(ref: RowRef): string | undefined {
    if (ref.kind !== 'scratch') return undefined;
    this.text.line(`Four scratch${ref.index}[${this.division.rounds}];`);
    return `scratch${ref.index}`;
  }

  loop(body: (vector: Vector) => void): void {
    const { groups, threads, rounds } = this.division;
    this.text.line('#pragma unroll 1');
    this.text.block(`for (unsigned round = 0; round < ${rounds}u; round++)`, () => {
      const group = this.text.bind(`${this.thread.group} + round * ${threads}u`);
      body({ group, exists: `${group} < ${groups}u`, round: 'round' });
    });
  }

  indexOf({ group }: Vector): string {
    return group;
  }

  load(from: RowRef, index: string, { exists }: Vector): string {
    const live = [this.thread.owns, exists].filter((c) => c !== undefined).join(' && ');
    const at = `row_${from.kind}${from.index}, ${index}`;
    return live ? `load(${at}, ${live})` : `load(${at})`;
  }

  store(output: number, index: string, value: string): void {
    this.text.line(`store(row_output${output}, ${index}, ${value});`);
  }

  storeNumber(output: number, at: number, value: string): void {
    const to = at === 0 ? `*row_output${output}` : `row_output${output}[${at}]`;
    this.text.line(`${to} = ${value};`);
  }

  inside({ group, exists }: Vector, partial: boolean): string | undefined {
    return partial ? `within(${group}, ${this.plan.sweeps.kernel.units}u)` : exists;
  }

  combine(op: Reduction['op'], a: string, b: string): string {
    return op === 'amax' ? `unit::largest(${a}, ${b})` : `${a} + ${b}`;
  }

  /** Over the lanes that share the row, then, where they are several warps, through shared memory. */
  reduce(reductions: readonly Reduction[]): string[] {
    const { text } = this;
    const { kind, threads } = this.division;
    const op = ({ op }: Reduction) => (op === 'amax' ? 'Largest' : 'Sum');
    const lanes = Math.min(threads, WARP);
    const warps = threads / WARP;
    const mine = reductions.map((r) => text.bind(`over_lanes<${op(r)}, ${lanes}u>(${r.part})`));
    if (kind !== 'wide') return mine;
    const shared = reductions.map(({ node }) => `partial${node}`);
    for (const name of shared) text.line(`__shared__ float ${name}[${warps}];`);
    text.block(`if (threadIdx.x % ${WARP}u == 0)`, () => {
      shared.forEach((name, k) => {
        text.line(`${name}[threadIdx.x / ${WARP}u] = ${mine[k]};`);
      });
    });
    text.line('__syncthreads();');
    return reductions.map((r, k) => `over_warps<${op(r)}, ${warps}u>(${shared[k]})`);
  }
}
