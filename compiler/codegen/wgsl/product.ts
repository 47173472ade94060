/**
 * The shader of a matrix product under way: its operands, seen as lines by k, and the texts that read them. Indices
 * into storage count units: vectors of four numbers where every operand is aligned, else numbers.
 */
import { blockStep, type Side } from '../../plan/blocks.js';
import type { Gemm, Region } from '../../plan/plan.js';
import { type AddressOf, ShaderBuilder } from './shader.js';
import type { GemmTile } from './tiles.js';

export const COMPONENTS = ['x', 'y', 'z', 'w'] as const;
const HALF_MAX = 65504;

/** Whether an operand can be read in vectors of four, in all blocks of a product. */
export function isAligned(product: Gemm, side: Side, addressOf: AddressOf): boolean {
  const { buffer, offset, rows, stride } = product[side];
  const starts = (addressOf(buffer).offset + offset) % 4 === 0;
  return starts && (rows === 1 || stride % 4 === 0) && blockStep(product, side) % 4 === 0;
}

/** An operand seen as its rows or columns (`lines`) by k. */
export interface Operand {
  readonly name: 'a' | 'b';
  /** Whether k runs along its memory. */
  readonly alongK: boolean;
  readonly region: Region;
  /** Lines that a thread has, and threads side by side. */
  readonly thread: number;
  readonly group: number;
  /** How many lines there are, as text. */
  readonly lines: string;
}

/** Numbers for each k of a block: as vectors over a thread's groups of four lines, or of a single line. */
export type Terms = readonly (readonly string[])[];

export class ProductBuilder extends ShaderBuilder {
  /** Threads of a workgroup. */
  readonly size: number;
  readonly rows: string;
  readonly cols: string;
  readonly a: Operand;
  readonly b: Operand;
  /** The variables of a thread's results: of each row, the vectors of four columns. */
  readonly results: readonly (readonly string[])[];
  /** What indices count. */
  private readonly unit: 1 | 4;

  /**
   * @param vector whether all operands are aligned
   * @param f16 whether operands are rounded to f16
   */
  constructor(
    readonly product: Gemm,
    readonly tile: GemmTile,
    readonly addressOf: AddressOf,
    vector: boolean,
    readonly f16: boolean,
  ) {
    super(vector);
    const [tileRows, tileCols] = tile.thread;
    const [groupRows, groupCols] = tile.group;
    if (f16) this.enable('f16');
    this.unit = vector ? 4 : 1;
    this.size = groupRows * groupCols * tile.lanes;
    this.rows = this.word(product.m);
    this.cols = this.word(product.n);
    this.a = {
      ...{ name: 'a', alongK: !product.transposeA, region: product.a },
      ...{ thread: tileRows, group: groupRows, lines: this.rows },
    };
    this.b = {
      ...{ name: 'b', alongK: product.transposeB, region: product.b },
      ...{ thread: tileCols, group: groupCols, lines: this.cols },
    };
    this.results = Array.from({ length: tileRows }, (_, i) =>
      Array.from({ length: tileCols / 4 }, (_, g) => `c${i}_${g}`),
    );
  }

  /** The index of a vector of four, counted in units. */
  fours(index: string): string {
    return this.vector ? index : `4u * (${index})`;
  }

  /** Four numbers of an operand, from an index counted in units; those from `count` on are 0. */
  load({ region }: Operand, index: string, count = 4): string {
    const { binding } = this.addressOf(region.buffer);
    if (this.vector) return this.vec4(binding, index);
    const at = this.bind(index);
    const numbers = [0, 1, 2, 3].map((j) => (j < count ? this.number(binding, `${at} + ${j}u`) : '0f'));
    return `vec4<f32>(${numbers.join(', ')})`;
  }

  /** Where an operand begins, or this workgroup's block of it: the third dimension counts blocks. */
  startOf(side: Side, unit: 1 | 4 = this.unit): string {
    const { blocks } = this.product;
    const { buffer, offset } = this.product[side];
    const first = this.word((this.addressOf(buffer).offset + offset) / unit);
    return blocks ? this.bind(`${first} + group.z * ${this.word(blocks[side] / unit)}`) : first;
  }

  strideOf({ rows, stride }: Region): string {
    return this.word(rows === 1 ? 0 : stride / this.unit);
  }

  /** A vector as f16. */
  halved(text: string): string {
    return `vec4<f16>(clamp(${text}, vec4<f32>(-${HALF_MAX}f), vec4<f32>(${HALF_MAX}f)))`;
  }

  /** A vector of an operand, as precise as operands are. */
  rounded(text: string): string {
    return this.f16 ? `vec4<f32>(${this.halved(text)})` : text;
  }

  /** Adds the outer product of one k: the numbers of a in vectors (or the one number) by those of b. */
  multiply(left: readonly string[], right: readonly string[]): void {
    const [tileRows] = this.tile.thread;
    this.results.forEach((row, i) => {
      const number = tileRows === 1 ? left[0]! : `${left[i >> 2]}.${COMPONENTS[i & 3]}`;
      row.forEach((name, g) => {
        this.line(`${name} += ${number} * ${right[g]};`);
      });
    });
  }
}

/** Four vectors turned over: the first has the first numbers of all. */
export const turned = (block: readonly string[]): string[] =>
  COMPONENTS.map((c) => `vec4<f32>(${block.map((line) => `${line}.${c}`).join(', ')})`);

/** The results that a thread makes. */
export interface ThreadTile {
  /** Which of the threads that share these results it is. */
  readonly lane: string;
  /** Its column and row among the workgroup's threads. */
  readonly x: string;
  readonly y: string;
  /** Its rows and columns in groups of four, strided so that neighbours read neighbours; no groups of a single row. */
  readonly rowGroups: readonly string[];
  readonly colGroups: readonly string[];
  /** Each of its rows. */
  readonly rows: readonly string[];
}
