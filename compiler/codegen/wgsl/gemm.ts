/**
 * Matrix products in WGSL. A thread makes a tile of results, in vectors of four columns, as a sum of outer products;
 * both operands come to it in blocks of four by four, turned over where they lie the other way, so one text serves all
 * transposes. With workgroup memory, threads fetch the next piece of both operands while they compute with this one;
 * without, each reads its own blocks straight from storage; with lanes, several threads share the sum over k.
 *
 * Rows and columns beyond the matrix read its last one, and their results are dropped: nothing is read outside of an
 * operand's rows, nor written outside of c. Every sum has one order.
 */
import { blockCount, type Side } from '../../plan/blocks.js';
import type { Gemm } from '../../plan/plan.js';
import { multiplyFromStorage } from './direct.js';
import { multiplyThroughMemory } from './pieces.js';
import { COMPONENTS, isAligned, type Operand, ProductBuilder, type ThreadTile } from './product.js';
import type { UpdatePrinter } from './rows.js';
import type { AddressOf, Shader, WgslOptions } from './shader.js';
import type { GemmTile } from './tiles.js';

/**
 * The dispatch of a product.
 *
 * @param update what is done with the results instead of writing them to c
 * @throws Error for a malformed tile, or a product larger than a dispatch
 */
export function gemmShader(
  product: Gemm,
  tile: GemmTile,
  addressOf: AddressOf,
  options: Omit<WgslOptions, 'tile'>,
  update?: UpdatePrinter,
): Shader {
  checkTile(tile);
  const sides: readonly Side[] = update ? ['a', 'b'] : ['a', 'b', 'c'];
  const vector = sides.every((side) => isAligned(product, side, addressOf));
  if (update && !vector) throw new Error('an update in a product that is not aligned');
  const builder = new ProductBuilder(product, tile, addressOf, vector, options.f16);
  const mine = threadTile(builder);
  for (const name of builder.results.flat()) builder.variable(name, 'vec4<f32>()');
  if (tile.depth > 0) multiplyThroughMemory(builder, mine);
  else multiplyFromStorage(builder, mine);
  if (tile.lanes > 1) addLanes(builder, mine);
  const scale = builder.float(product.alpha);
  if (update) updateWith(builder, mine, scale, update);
  else writeResults(builder, mine, scale);
  const name = `${nameOf(product, tile, options)}${update ? ' and update' : ''}`;
  return builder.shader(name, builder.size, workgroupsOf(product, tile, options));
}

/** Where this thread's results are. */
function threadTile(builder: ProductBuilder): ThreadTile {
  const { a, b, results } = builder;
  const { lanes } = builder.tile;
  const lane = lanes === 1 ? '0u' : builder.bind(`local % ${lanes}u`);
  const x = builder.bind(`${lanes === 1 ? 'local' : `(local / ${lanes}u)`} % ${b.group}u`);
  const y = builder.bind(`local / ${lanes * b.group}u`);
  const groupsOf = (o: Operand, from: string, mine: string): string[] =>
    Array.from({ length: o.thread / 4 }, (_, g) =>
      builder.bind(`${from} * ${(o.thread * o.group) / 4}u + ${mine} + ${g * o.group}u`),
    );
  const single = a.thread === 1;
  const rowGroups = single ? [] : groupsOf(a, 'group.y', y);
  const colGroups = groupsOf(b, 'group.x', x);
  const rows = single
    ? [builder.bind(`group.y * ${a.group}u + ${y}`)]
    : results.map((_, i) => builder.bind(`4u * ${rowGroups[i >> 2]} + ${i & 3}u`));
  return { lane, x, y, rowGroups, colGroups, rows };
}

/** Adds up the results of the threads that share them; all but the first leave. */
function addLanes(builder: ProductBuilder, { lane }: ThreadTile): void {
  const { size } = builder;
  const all = builder.results.flat();
  builder.globals.push(`var<workgroup> partial: array<vec4<f32>, ${all.length * size}>;`);
  all.forEach((name, v) => {
    builder.line(`partial[${v * size}u + local] = ${name};`);
  });
  builder.line('workgroupBarrier();');
  builder.line(`if (${lane} > 0u) { return; }`);
  builder.block(`for (var j = 1u; j < ${builder.tile.lanes}u; j++)`, () => {
    all.forEach((name, v) => {
      builder.line(`${name} += partial[${v * size}u + local + j];`);
    });
  });
}

/** Prints something for each of the thread's vectors of results that is not beyond the matrix. */
function eachResult(
  builder: ProductBuilder,
  tile: ThreadTile,
  body: (name: string, row: string, group: string) => void,
): void {
  builder.results.forEach((names, i) => {
    const row = tile.rows[i]!;
    builder.block(`if (${row} < ${builder.rows})`, () => {
      names.forEach((name, g) => {
        const group = tile.colGroups[g]!;
        builder.block(`if (4u * ${group} < ${builder.cols})`, () => body(name, row, group));
      });
    });
  });
}

/** Hands the results to an update; of blocks, each has the rows behind those of the block before. */
function updateWith(builder: ProductBuilder, tile: ThreadTile, scale: string, update: UpdatePrinter): void {
  update(builder);
  const firstRow = builder.product.blocks ? `group.z * ${builder.rows} + ` : '';
  eachResult(builder, tile, (name, row, group) => {
    builder.line(`update(${firstRow}${row}, ${group}, ${scale} * ${name});`);
  });
}

/** Writes the results to c, or adds them to it. */
function writeResults(builder: ProductBuilder, tile: ThreadTile, scale: string): void {
  const { n, beta, c } = builder.product;
  const { binding } = builder.addressOf(c.buffer);
  const start = builder.startOf('c');
  const stride = builder.strideOf(c);
  const assign = (to: string, value: string): string =>
    `${to} = ${scale} * ${value}${beta === 1 ? ` + ${to}` : ''};`;
  eachResult(builder, tile, (name, row, group) => {
    const at = builder.bind(`${start} + ${row} * ${stride} + ${builder.fours(group)}`);
    const whole = () => builder.line(assign(builder.vec4(binding, at, true), name));
    /** Number by number, those that are not beyond the matrix. */
    const numbers = () => {
      COMPONENTS.forEach((component, j) => {
        const to = builder.vector
          ? `${builder.vec4(binding, at, true)}.${component}`
          : builder.number(binding, `${at} + ${j}u`, true);
        const statement = assign(to, `${name}.${component}`);
        const certain = n % 4 === 0 || j === 0;
        builder.line(certain ? statement : `if (4u * ${group} + ${j}u < ${builder.cols}) { ${statement} }`);
      });
    };
    if (!builder.vector) numbers();
    else if (n % 4 === 0) whole();
    else {
      builder.block(`if (4u * ${group} + 4u <= ${builder.cols})`, whole);
      builder.block('else', numbers);
    }
  });
}

/** For people: how a product is made. */
function nameOf(product: Gemm, tile: GemmTile, { f16 }: Pick<WgslOptions, 'f16'>): string {
  const how = `${product.transposeA ? 'T' : 'N'}${product.transposeB ? 'T' : 'N'} ${tile.name}`;
  return `product ${how}${f16 ? ' f16' : ''}${product.blocks ? ' in blocks' : ''}`;
}

function workgroupsOf(
  product: Gemm,
  { thread, group }: GemmTile,
  { maxWorkgroupsPerDimension }: Pick<WgslOptions, 'maxWorkgroupsPerDimension'>,
): readonly [number, number, number] {
  const { m, n } = product;
  const across = Math.ceil(n / (thread[1] * group[1]));
  const down = Math.ceil(m / (thread[0] * group[0]));
  const count = blockCount(product);
  if (Math.max(across, down, count) > maxWorkgroupsPerDimension)
    throw new Error(`${count} products of ${m} by ${n} are more than a dispatch can make`);
  return [across, down, count];
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
