/**
 * Products through workgroup memory: pieces of `depth` k of both operands, as k by lines, which threads fetch together.
 * The next piece is on its way while this one is used.
 */
import { type Operand, type ProductBuilder, type ThreadTile, turned } from './product.js';

export function multiplyThroughMemory(builder: ProductBuilder, tile: ThreadTile): void {
  const { k } = builder.product;
  const { depth } = builder.tile;
  const terms = builder.word(k);
  const count = builder.word(Math.ceil(k / depth));
  const a = new Piece(builder, builder.a, 'group.y', 'local', terms);
  const b = new Piece(builder, builder.b, 'group.x', `(${builder.size - 1}u - local)`, terms);
  a.fetch('0u');
  b.fetch('0u');
  builder.block(`for (var piece = 0u; piece < ${count}; piece++)`, () => {
    builder.line('workgroupBarrier();');
    a.store();
    b.store();
    builder.line('workgroupBarrier();');
    builder.block(`if (piece + 1u < ${count})`, () => {
      const next = builder.bind('piece + 1u');
      a.fetch(next);
      b.fetch(next);
    });
    builder.block(`for (var term = 0u; term < ${depth}u; term++)`, () => {
      const left = a.read('term', tile.y);
      const right = b.read('term', tile.x);
      builder.multiply(left, right);
    });
  });
}

/** A block of four by four numbers that a thread fetches of each piece. */
interface FetchedBlock {
  /** What must hold for the thread to have it; undefined: nothing. */
  readonly has: string | undefined;
  /** The block's position in the piece: in groups of four k, and of four lines. */
  readonly down: string;
  readonly group: string;
  /** Where its lines start in storage, or the one start of all where k runs across memory. */
  readonly starts: readonly string[];
  /** The variables of its four vectors. */
  readonly vectors: readonly string[];
}

/** The pieces of one operand, fetched, stored and read by a thread. */
class Piece {
  /** Groups of four lines, and the vectors from one k to the next. */
  private readonly groups: number;
  private readonly pitch: number;
  /** Blocks of a piece. */
  private readonly count: number;
  private readonly stride: string;
  private readonly mine: readonly FetchedBlock[];

  /**
   * @param from the workgroup's index along the operand's lines
   * @param thread the thread's index for fetching
   * @param terms how many k there are
   */
  constructor(
    private readonly builder: ProductBuilder,
    private readonly operand: Operand,
    from: string,
    thread: string,
    private readonly terms: string,
  ) {
    const { name, alongK, region } = operand;
    const { depth } = builder.tile;
    this.groups = (operand.thread * operand.group) / 4;
    // A vector more than needed: blocks that are turned over are then written to other banks.
    this.pitch = this.groups + (alongK ? 1 : 0);
    this.count = (this.groups * depth) / 4;
    const start = builder.startOf(name);
    this.stride = builder.strideOf(region);
    const type = builder.f16 ? 'vec4<f16>' : 'vec4<f32>';
    builder.globals.push(`var<workgroup> ${name}Piece: array<${type}, ${depth * this.pitch}>;`);
    this.mine = Array.from({ length: Math.ceil(this.count / builder.size) }, (_, i) =>
      this.block(i, start, from, thread),
    );
  }

  private block(i: number, start: string, from: string, thread: string): FetchedBlock {
    const { builder, groups, stride } = this;
    const { name, alongK, lines } = this.operand;
    const { depth } = builder.tile;
    const index = builder.bind(`${thread} + ${i * builder.size}u`);
    const down = builder.bind(alongK ? `${index} % ${depth / 4}u` : `${index} / ${groups}u`);
    const group = builder.bind(alongK ? `${index} / ${depth / 4}u` : `${index} % ${groups}u`);
    const whole = builder.bind(`${from} * ${groups}u + ${group}`);
    const starts = alongK
      ? [0, 1, 2, 3].map((r) =>
          builder.bind(`${start} + min(4u * ${whole} + ${r}u, ${lines} - 1u) * ${stride}`),
        )
      : [builder.bind(`${start} + ${builder.fours(`min(${whole}, (${lines} - 1u) / 4u)`)}`)];
    const vectors = [0, 1, 2, 3].map((j) => builder.variable(`${name}${i}_${j}`, 'vec4<f32>()'));
    // Threads may be more than blocks.
    const has = (i + 1) * builder.size <= this.count ? undefined : `${index} < ${this.count}u`;
    return { has, down, group, starts, vectors };
  }

  /** Prints something for every block that this thread has. */
  private each(body: (block: FetchedBlock) => void): void {
    for (const block of this.mine) this.builder.when([block.has], () => body(block));
  }

  /** Fetches a piece into variables. */
  fetch(piece: string): void {
    const { builder, terms } = this;
    const { depth } = builder.tile;
    if (builder.product.k % depth === 0) {
      this.fetchBlocks(piece, false);
      return;
    }
    builder.block(`if ((${piece} + 1u) * ${depth}u <= ${terms})`, () => this.fetchBlocks(piece, false));
    builder.block('else', () => this.fetchBlocks(piece, true));
  }

  /** @param edge whether some k of the piece may not exist: they are 0 */
  private fetchBlocks(piece: string, edge: boolean): void {
    const { builder, terms, operand, stride } = this;
    this.each(({ down, starts, vectors }) => {
      const at = builder.bind(`${piece} * ${builder.tile.depth / 4}u + ${down}`);
      if (operand.alongK) {
        const safe = edge ? builder.bind(`min(${at}, (${terms} - 1u) / 4u)`) : at;
        const inside = `vec4<u32>(4u * ${at}) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(${terms})`;
        starts.forEach((s, r) => {
          const four = builder.load(operand, `${s} + ${builder.fours(safe)}`);
          builder.line(`${vectors[r]} = ${edge ? `select(vec4<f32>(), ${four}, ${inside})` : four};`);
        });
        return;
      }
      vectors.forEach((name, j) => {
        const row = builder.bind(`4u * ${at} + ${j}u`);
        const safe = edge ? `min(${row}, ${terms} - 1u)` : row;
        const four = builder.load(operand, `${starts[0]} + ${safe} * ${stride}`);
        builder.line(`${name} = ${edge ? `select(vec4<f32>(), ${four}, ${row} < ${terms})` : four};`);
      });
    });
  }

  /** Stores what was fetched in workgroup memory. */
  store(): void {
    const { builder, operand, pitch } = this;
    this.each(({ down, group, vectors }) => {
      const lines = operand.alongK ? turned(vectors) : vectors;
      lines.forEach((v, j) => {
        const at = `(4u * ${down} + ${j}u) * ${pitch}u + ${group}`;
        builder.line(`${operand.name}Piece[${at}] = ${builder.f16 ? builder.halved(v) : v};`);
      });
    });
  }

  /** The vectors of one k, of the thread's own lines. */
  read(term: string, own: string): string[] {
    const { builder, operand, pitch } = this;
    return Array.from({ length: operand.thread / 4 }, (_, g) => {
      const stored = `${operand.name}Piece[${term} * ${pitch}u + ${own} + ${g * operand.group}u]`;
      return builder.bind(builder.f16 ? `vec4<f32>(${stored})` : stored);
    });
  }
}
