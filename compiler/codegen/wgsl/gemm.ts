/**
 * Matrix products in WGSL. A thread makes a tile of results, in vectors of four columns, as a sum of outer products; both
 * operands come to it in blocks of four by four, turned over where they lie the other way, so one text serves all
 * transposes. With workgroup memory, threads fetch the next piece of both operands while they compute with this one;
 * without, each reads its own blocks straight from storage; with lanes, several threads share the sum over k.
 *
 * Rows and columns that are none read the last one that is, and their results are dropped: no number is read outside of an
 * operand's rows, and none of c written outside of c. Every sum has one order.
 */
import { blockCount, blockStep, type Side } from '../../plan/blocks.js';
import type { Gemm, Region } from '../../plan/plan.js';
import type { UpdatePrinter } from './rows.js';
import { type AddressOf, type Shader, ShaderBuilder, type WgslOptions } from './shader.js';
import type { GemmTile } from './tiles.js';

const COMPONENTS = ['x', 'y', 'z', 'w'] as const;
const HALF_MAX = 65504;

/** Whether a region can be read in vectors of four, in a chunk of vectors. */
function alignedRegion(r: Region, addressOf: AddressOf): boolean {
  return (addressOf(r.buffer).offset + r.offset) % 4 === 0 && (r.rows === 1 || r.stride % 4 === 0);
}

/** Whether an operand can be read in vectors of four, in all blocks of a product. */
export function isAligned(product: Gemm, side: Side, addressOf: AddressOf): boolean {
  return alignedRegion(product[side], addressOf) && blockStep(product, side) % 4 === 0;
}

/** An operand seen as its rows or columns (`lines`) by k. */
interface Operand {
  readonly name: 'a' | 'b';
  /** Whether k runs along its memory. */
  readonly alongK: boolean;
  readonly region: Region;
  /** Lines a thread has, and threads side by side. */
  readonly thread: number;
  readonly group: number;
  readonly lines: number;
}

/**
 * The dispatch of a product.
 *
 * @param update what is done with the results in place of writing them to c
 * @throws Error for a tile that is none, or a product larger than a dispatch
 */
export function gemmShader(
  product: Gemm,
  tile: GemmTile,
  addressOf: AddressOf,
  options: Omit<WgslOptions, 'tile'>,
  update?: UpdatePrinter,
): Shader {
  const { m, n, k, alpha, beta, blocks } = product;
  const { depth, lanes } = tile;
  const [tileRows, tileCols] = tile.thread;
  const [groupRows, groupCols] = tile.group;
  checkTile(tile);
  const { f16 } = options;
  const sides: readonly Side[] = update ? ['a', 'b'] : ['a', 'b', 'c'];
  const vector = sides.every((side) => isAligned(product, side, addressOf));
  if (update && !vector) throw new Error('an update in a product that is not aligned');
  const builder = new ShaderBuilder(vector);
  if (f16) builder.enable('f16');
  /** What indices count: vectors, or numbers. */
  const unit = vector ? 4 : 1;
  const size = groupRows * groupCols * lanes;
  const a: Operand = {
    ...{ name: 'a', alongK: !product.transposeA, region: product.a },
    ...{ thread: tileRows, group: groupRows, lines: m },
  };
  const b: Operand = {
    ...{ name: 'b', alongK: product.transposeB, region: product.b },
    ...{ thread: tileCols, group: groupCols, lines: n },
  };
  const rows = builder.word(m);
  const cols = builder.word(n);
  const results = Array.from({ length: tileRows }, (_, i) =>
    Array.from({ length: tileCols / 4 }, (_, g) => `c${i}_${g}`),
  );

  const fours = (index: string): string => (vector ? index : `4u * (${index})`);
  /** Four numbers of an operand from an index counted in units. */
  function load(o: Operand, index: string, count = 4): string {
    const { binding } = addressOf(o.region.buffer);
    if (vector) return builder.vec4(binding, index);
    const at = builder.bind(index);
    const numbers = [0, 1, 2, 3].map((j) => (j < count ? builder.number(binding, `${at} + ${j}u`) : '0f'));
    return `vec4<f32>(${numbers.join(', ')})`;
  }
  /** Where an operand begins, or this workgroup's block of it: the third dimension counts blocks. */
  const startOf = (side: Side, unit: number): string => {
    const { buffer, offset } = product[side];
    const first = builder.word((addressOf(buffer).offset + offset) / unit);
    return blocks ? builder.bind(`${first} + group.z * ${builder.word(blocks[side] / unit)}`) : first;
  };
  const offsetOf = (side: Side): string => startOf(side, unit);
  const strideOf = (r: Region): string => builder.word(r.rows === 1 ? 0 : r.stride / unit);
  const halved = (text: string): string =>
    `vec4<f16>(clamp(${text}, vec4<f32>(-${HALF_MAX}f), vec4<f32>(${HALF_MAX}f)))`;
  const rounded = (text: string): string => (f16 ? `vec4<f32>(${halved(text)})` : text);
  const turned = (block: readonly string[]): string[] =>
    COMPONENTS.map((c) => `vec4<f32>(${block.map((line) => `${line}.${c}`).join(', ')})`);

  const lane = lanes === 1 ? '0u' : builder.bind(`local % ${lanes}u`);
  const x = builder.bind(`${lanes === 1 ? 'local' : `(local / ${lanes}u)`} % ${groupCols}u`);
  const y = builder.bind(`local / ${lanes * groupCols}u`);
  /** This thread's groups of four lines, strided so that neighbours read neighbours. */
  const groupsOf = (o: Operand, from: string, mine: string): string[] =>
    Array.from({ length: o.thread / 4 }, (_, g) =>
      builder.bind(`${from} * ${(o.thread * o.group) / 4}u + ${mine} + ${g * o.group}u`),
    );
  const rowGroups = tileRows === 1 ? [] : groupsOf(a, 'group.y', y);
  const colGroups = groupsOf(b, 'group.x', x);
  const rowOf =
    tileRows === 1
      ? [builder.bind(`group.y * ${groupRows}u + ${y}`)]
      : results.map((_, i) => builder.bind(`4u * ${rowGroups[i >> 2]} + ${i & 3}u`));
  for (const name of results.flat()) builder.line(`var ${name} = vec4<f32>();`);

  /** Adds one outer product: `left` are this k's numbers of a in vectors (or the one number), `right` those of b. */
  function multiply(left: readonly string[], right: readonly string[]): void {
    results.forEach((row, i) => {
      const number = tileRows === 1 ? left[0]! : `${left[i >> 2]}.${COMPONENTS[i & 3]}`;
      row.forEach((name, g) => {
        builder.line(`${name} += ${number} * ${right[g]};`);
      });
    });
  }

  if (depth > 0) throughWorkgroupMemory();
  else straightFromStorage();

  /** Blocks of four k, each thread its own. */
  function straightFromStorage(): void {
    const readA = tileRows === 1 ? readLine(a, rowOf[0]!) : readBlocks(a, rowGroups);
    const readB = readBlocks(b, colGroups);
    const step = (at: string, count: number): void => {
      const left = readA(at, count);
      const right = readB(at, count);
      for (let j = 0; j < count; j++) multiply(left[j]!, right[j]!);
    };
    const blocks = Math.floor(k / 4);
    builder.block(`for (var block = ${lane}; block < ${builder.word(blocks)}; block += ${lanes}u)`, () => {
      step('block', 4);
    });
    if (k % 4 === 0) return;
    const rest = () => step(builder.bind(builder.word(blocks)), k % 4);
    if (lanes === 1) rest();
    else builder.block(`if (${lane} == ${builder.word(blocks % lanes)})`, rest);
  }

  /** Reads `count` k of a block, as for each k the vectors of all groups. */
  function readBlocks(o: Operand, groups: readonly string[]): (at: string, count: number) => string[][] {
    const [offset, stride] = [offsetOf(o.name), strideOf(o.region)];
    if (o.alongK) {
      const limit = builder.bind(`${o.name === 'a' ? rows : cols} - 1u`);
      const starts = groups.map((g) =>
        [0, 1, 2, 3].map((r) => builder.bind(`${offset} + min(4u * ${g} + ${r}u, ${limit}) * ${stride}`)),
      );
      return (at, count) => {
        const lines = starts.map((four) =>
          four.map((s) => builder.bind(rounded(load(o, `${s} + ${fours(at)}`, count)))),
        );
        const blocks = lines.map(turned);
        return Array.from({ length: count }, (_, j) => blocks.map((block) => builder.bind(block[j]!)));
      };
    }
    const last = builder.bind(`(${o.name === 'a' ? rows : cols} - 1u) / 4u`);
    const starts = groups.map((g) => builder.bind(`${offset} + ${fours(`min(${g}, ${last})`)}`));
    return (at, count) =>
      Array.from({ length: count }, (_, j) => {
        const down = builder.bind(`(4u * ${at} + ${j}u) * ${stride}`);
        return starts.map((s) => builder.bind(rounded(load(o, `${s} + ${down}`))));
      });
  }

  /** A single line of an operand: for each k a number. */
  function readLine(o: Operand, line: string): (at: string, count: number) => string[][] {
    const index = builder.bind(`min(${line}, ${rows} - 1u)`);
    if (o.alongK) {
      const start = builder.bind(`${offsetOf(o.name)} + ${index} * ${strideOf(o.region)}`);
      return (at, count) => {
        const four = builder.bind(rounded(load(o, `${start} + ${fours(at)}`, count)));
        return COMPONENTS.slice(0, count).map((c) => [`${four}.${c}`]);
      };
    }
    const { binding } = addressOf(o.region.buffer);
    const start = builder.bind(`${startOf(o.name, 1)} + ${index}`);
    const stride = builder.word(o.region.stride);
    return (at, count) =>
      Array.from({ length: count }, (_, j) => {
        const number = builder.number(binding, `${start} + (4u * ${at} + ${j}u) * ${stride}`);
        return [builder.bind(f16 ? `${rounded(`vec4<f32>(${number})`)}.x` : number)];
      });
  }

  /** Pieces of `depth` k, in workgroup memory as k by lines; the next is on its way while this one is used. */
  function throughWorkgroupMemory(): void {
    const type = f16 ? 'vec4<f16>' : 'vec4<f32>';
    const even = k % depth === 0;
    const terms = builder.word(k);
    const pieces = builder.word(Math.ceil(k / depth));
    const fetchA = fetcher(a, 'group.y', 'local');
    const fetchB = fetcher(b, 'group.x', `(${size - 1}u - local)`);

    /** What a thread fetches of an operand: its blocks of a piece. */
    function fetcher(o: Operand, from: string, thread: string) {
      const groups = (o.thread * o.group) / 4;
      // A vector more than needed: blocks that are turned over are then written to other banks.
      const pitch = groups + (o.alongK ? 1 : 0);
      const blocks = (groups * depth) / 4;
      const [offset, stride] = [offsetOf(o.name), strideOf(o.region)];
      const limit = o.name === 'a' ? rows : cols;
      builder.globals.push(`var<workgroup> ${o.name}Piece: array<${type}, ${depth * pitch}>;`);
      const mine = Array.from({ length: Math.ceil(blocks / size) }, (_, i) => {
        const index = builder.bind(`${thread} + ${i * size}u`);
        const down = builder.bind(o.alongK ? `${index} % ${depth / 4}u` : `${index} / ${groups}u`);
        const group = builder.bind(o.alongK ? `${index} / ${depth / 4}u` : `${index} % ${groups}u`);
        const whole = builder.bind(`${from} * ${groups}u + ${group}`);
        const starts = o.alongK
          ? [0, 1, 2, 3].map((r) =>
              builder.bind(`${offset} + min(4u * ${whole} + ${r}u, ${limit} - 1u) * ${stride}`),
            )
          : [builder.bind(`${offset} + ${fours(`min(${whole}, (${limit} - 1u) / 4u)`)}`)];
        const names = [0, 1, 2, 3].map((j) => `${o.name}${i}_${j}`);
        for (const name of names) builder.line(`var ${name} = vec4<f32>();`);
        // Threads may be more than blocks.
        const guarded = (body: () => void) =>
          (i + 1) * size > blocks ? builder.block(`if (${index} < ${blocks}u)`, body) : body();
        return { down, group, starts, names, guarded };
      });
      const read = (piece: string, edge: boolean): void => {
        for (const { down, starts, names, guarded } of mine) {
          guarded(() => {
            const at = builder.bind(`${piece} * ${depth / 4}u + ${down}`);
            if (o.alongK) {
              const safe = edge ? builder.bind(`min(${at}, (${terms} - 1u) / 4u)`) : at;
              const inside = `vec4<u32>(4u * ${at}) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(${terms})`;
              starts.forEach((s, r) => {
                const four = load(o, `${s} + ${fours(safe)}`);
                builder.line(`${names[r]} = ${edge ? `select(vec4<f32>(), ${four}, ${inside})` : four};`);
              });
              return;
            }
            names.forEach((name, j) => {
              const row = builder.bind(`4u * ${at} + ${j}u`);
              const safe = edge ? `min(${row}, ${terms} - 1u)` : row;
              const four = load(o, `${starts[0]} + ${safe} * ${stride}`);
              builder.line(`${name} = ${edge ? `select(vec4<f32>(), ${four}, ${row} < ${terms})` : four};`);
            });
          });
        }
      };
      return {
        read: (piece: string): void => {
          if (even) {
            read(piece, false);
            return;
          }
          builder.block(`if ((${piece} + 1u) * ${depth}u <= ${terms})`, () => read(piece, false));
          builder.block('else', () => read(piece, true));
        },
        write: (): void => {
          for (const { down, group, names, guarded } of mine) {
            guarded(() => {
              const vectors = o.alongK ? turned(names) : names;
              vectors.forEach((v, j) => {
                const at = `(4u * ${down} + ${j}u) * ${pitch}u + ${group}`;
                builder.line(`${o.name}Piece[${at}] = ${f16 ? halved(v) : v};`);
              });
            });
          }
        },
        use: (term: string, own: string): string[] =>
          Array.from({ length: o.thread / 4 }, (_, g) => {
            const stored = `${o.name}Piece[${term} * ${pitch}u + ${own} + ${g * o.group}u]`;
            return builder.bind(f16 ? `vec4<f32>(${stored})` : stored);
          }),
      };
    }

    fetchA.read('0u');
    fetchB.read('0u');
    builder.block(`for (var piece = 0u; piece < ${pieces}; piece++)`, () => {
      builder.line('workgroupBarrier();');
      fetchA.write();
      fetchB.write();
      builder.line('workgroupBarrier();');
      builder.block(`if (piece + 1u < ${pieces})`, () => {
        const next = builder.bind('piece + 1u');
        fetchA.read(next);
        fetchB.read(next);
      });
      builder.block(`for (var term = 0u; term < ${depth}u; term++)`, () => {
        const left = fetchA.use('term', y);
        const right = fetchB.use('term', x);
        multiply(left, right);
      });
    });
  }

  if (lanes > 1) {
    const all = results.flat();
    builder.globals.push(`var<workgroup> partial: array<vec4<f32>, ${all.length * size}>;`);
    all.forEach((name, v) => {
      builder.line(`partial[${v * size}u + local] = ${name};`);
    });
    builder.line('workgroupBarrier();');
    builder.line(`if (${lane} > 0u) { return; }`);
    builder.block(`for (var j = 1u; j < ${lanes}u; j++)`, () => {
      all.forEach((name, v) => {
        builder.line(`${name} += partial[${v * size}u + local + j];`);
      });
    });
  }

  const scale = builder.float(alpha);
  update?.(builder);
  const { binding } = addressOf(product.c.buffer);
  const start = update ? '' : offsetOf('c');
  const stride = update ? '' : strideOf(product.c);
  const firstRow = update && blocks ? `group.z * ${rows} + ` : '';
  results.forEach((row, i) => {
    builder.block(`if (${rowOf[i]} < ${rows})`, () => {
      row.forEach((name, g) => {
        const group = colGroups[g]!;
        builder.block(`if (4u * ${group} < ${cols})`, () => {
          if (update) {
            builder.line(`update(${firstRow}${rowOf[i]}, ${group}, ${scale} * ${name});`);
            return;
          }
          const at = builder.bind(`${start} + ${rowOf[i]} * ${stride} + ${fours(group)}`);
          const numbers = (from: number): void => {
            for (let j = from; j < 4; j++) {
              const to = vector
                ? `${builder.vec4(binding, at, true)}.${COMPONENTS[j]}`
                : builder.number(binding, `${at} + ${j}u`, true);
              const value = `${scale} * ${name}.${COMPONENTS[j]}${beta === 1 ? ` + ${to}` : ''}`;
              const inside = n % 4 === 0 || j === 0 ? '' : `if (4u * ${group} + ${j}u < ${cols}) `;
              builder.line(inside === '' ? `${to} = ${value};` : `${inside}{ ${to} = ${value}; }`);
            }
          };
          if (!vector) {
            numbers(0);
            return;
          }
          const whole = () => {
            const to = builder.vec4(binding, at, true);
            builder.line(`${to} = ${scale} * ${name}${beta === 1 ? ` + ${to}` : ''};`);
          };
          if (n % 4 === 0) whole();
          else {
            builder.block(`if (4u * ${group} + 4u <= ${cols})`, whole);
            builder.block('else', () => numbers(0));
          }
        });
      });
    });
  });

  const across = Math.ceil(n / (tileCols * groupCols));
  const down = Math.ceil(m / (tileRows * groupRows));
  const count = blockCount(product);
  if (Math.max(across, down, count) > options.maxWorkgroupsPerDimension)
    throw new Error(`${count} products of ${m} by ${n} are more than a dispatch can make`);
  const how = `${product.transposeA ? 'T' : 'N'}${product.transposeB ? 'T' : 'N'} ${tile.name}`;
  const label = `product ${how}${f16 ? ' f16' : ''}${blocks ? ' in blocks' : ''}${update ? ' and update' : ''}`;
  return builder.shader(label, size, [across, down, count]);
}

function checkTile({ name, thread, group, depth, lanes }: GemmTile): void {
  const [rows, cols] = thread;
  const sound =
    (rows === 1 ? depth === 0 : rows % 4 === 0) &&
    cols % 4 === 0 &&
    depth % 4 === 0 &&
    (depth === 0 || lanes === 1) &&
    [rows, cols, ...group, lanes].every((v) => Number.isInteger(v) && v > 0);
  if (!sound) throw new Error(`\`${name}\` is no tile`);
}
