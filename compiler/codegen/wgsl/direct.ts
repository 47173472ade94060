/** Products without workgroup memory: each thread reads its own blocks of four k straight from storage. */
import {
  COMPONENTS,
  type Operand,
  type ProductBuilder,
  type Terms,
  type ThreadTile,
  turned,
} from './product.js';

/** Reads `count` k of the block `at`. */
type Reader = (at: string, count: number) => Terms;

export function multiplyFromStorage(builder: ProductBuilder, tile: ThreadTile): void {
  const { a, b } = builder;
  const { k } = builder.product;
  const { lanes } = builder.tile;
  const readA =
    tile.rowGroups.length === 0
      ? readLine(builder, a, tile.rows[0]!)
      : readBlocks(builder, a, tile.rowGroups);
  const readB = readBlocks(builder, b, tile.colGroups);
  const step = (at: string, count: number): void => {
    const left = readA(at, count);
    const right = readB(at, count);
    for (let j = 0; j < count; j++) builder.multiply(left[j]!, right[j]!);
  };
  const blocks = Math.floor(k / 4);
  builder.block(`for (var block = ${tile.lane}; block < ${builder.word(blocks)}; block += ${lanes}u)`, () => {
    step('block', 4);
  });
  if (k % 4 === 0) return;
  const rest = () => step(builder.bind(builder.word(blocks)), k % 4);
  if (lanes === 1) rest();
  else builder.block(`if (${tile.lane} == ${builder.word(blocks % lanes)})`, rest);
}

/** For each k the vectors of all groups. */
function readBlocks(builder: ProductBuilder, o: Operand, groups: readonly string[]): Reader {
  const [start, stride] = [builder.startOf(o.name), builder.strideOf(o.region)];
  const read = (index: string, count?: number) =>
    builder.bind(builder.rounded(builder.load(o, index, count)));
  if (o.alongK) {
    const limit = builder.bind(`${o.lines} - 1u`);
    const starts = groups.map((g) =>
      [0, 1, 2, 3].map((r) => builder.bind(`${start} + min(4u * ${g} + ${r}u, ${limit}) * ${stride}`)),
    );
    return (at, count) => {
      const lines = starts.map((four) => four.map((s) => read(`${s} + ${builder.fours(at)}`, count)));
      const blocks = lines.map(turned);
      return Array.from({ length: count }, (_, j) => blocks.map((block) => builder.bind(block[j]!)));
    };
  }
  const last = builder.bind(`(${o.lines} - 1u) / 4u`);
  const starts = groups.map((g) => builder.bind(`${start} + ${builder.fours(`min(${g}, ${last})`)}`));
  return (at, count) =>
    Array.from({ length: count }, (_, j) => {
      const down = builder.bind(`(4u * ${at} + ${j}u) * ${stride}`);
      return starts.map((s) => read(`${s} + ${down}`));
    });
}

/** A single line of an operand: for each k a number. */
function readLine(builder: ProductBuilder, o: Operand, line: string): Reader {
  const index = builder.bind(`min(${line}, ${o.lines} - 1u)`);
  if (o.alongK) {
    const start = builder.bind(`${builder.startOf(o.name)} + ${index} * ${builder.strideOf(o.region)}`);
    return (at, count) => {
      const four = builder.bind(builder.rounded(builder.load(o, `${start} + ${builder.fours(at)}`, count)));
      return COMPONENTS.slice(0, count).map((c) => [`${four}.${c}`]);
    };
  }
  const { binding } = builder.addressOf(o.region.buffer);
  const start = builder.bind(`${builder.startOf(o.name, 1)} + ${index}`);
  const stride = builder.word(o.region.stride);
  return (at, count) =>
    Array.from({ length: count }, (_, j) => {
      const number = builder.number(binding, `${start} + (4u * ${at} + ${j}u) * ${stride}`);
      return [builder.bind(builder.f16 ? `${builder.rounded(`vec4<f32>(${number})`)}.x` : number)];
    });
}
