/**
 * The kernels of the launches that are no expression. Sums over rows are divided among threads in a fixed way and added
 * up through workgroup memory, so that no atomics are needed and every run gives the same bits.
 */
import { patchCount, patchGrid, patchSize } from '../../field.js';
import type { Launch, Region } from '../../plan/plan.js';
import { type AddressOf, GROUP_INDEX, grid, type Shader, ShaderBuilder, type WgslOptions } from './shader.js';

type Of<K extends Launch['kind']> = Extract<Launch, { kind: K }>;
/** Threads of a workgroup, at most. */
const SIZE = 64;
/** Columns that a workgroup sums over rows, side by side. */
const COLUMNS = 16;

/** Threads that share sums over rows; `least` where they had better not meet. */
const sizeOf = (options: WgslOptions, least: number): number =>
  options.workgroupMemory
    ? Math.max(least, 2 ** Math.floor(Math.log2(Math.min(SIZE * 4, options.maxInvocations))))
    : least;

/** The index in a chunk, in numbers, of a region's (row, column). */
function at(builder: ShaderBuilder, r: Region, addressOf: AddressOf, row: string, col: string): string {
  const start = builder.word(addressOf(r.buffer).offset + r.offset);
  return `${start} + ${row} * ${builder.word(r.rows === 1 ? 0 : r.stride)} + ${col}`;
}
const read = (builder: ShaderBuilder, r: Region, addressOf: AddressOf, row: string, col = '0u'): string =>
  builder.number(addressOf(r.buffer).binding, at(builder, r, addressOf, row, col));
const target = (builder: ShaderBuilder, r: Region, addressOf: AddressOf, row: string, col = '0u'): string =>
  builder.number(addressOf(r.buffer).binding, at(builder, r, addressOf, row, col), true);

/** A thread an item; the others leave. */
function flat(
  builder: ShaderBuilder,
  label: string,
  items: number,
  options: WgslOptions,
  body: (item: string) => void,
): Shader {
  const size = Math.min(SIZE, options.maxInvocations);
  const item = builder.bind(`${GROUP_INDEX} * ${size}u + local`);
  builder.line(`if (${item} >= ${builder.word(items)}) { return; }`);
  body(item);
  return builder.shader(label, size, grid(Math.max(1, Math.ceil(items / size)), options));
}

export function meanShader(launch: Of<'mean'>, addressOf: AddressOf, options: WgslOptions): Shader {
  const builder = new ShaderBuilder(false);
  const { input, output, scale } = launch;
  const size = sizeOf(options, 1);
  builder.line('var sum = 0f;');
  builder.block(`for (var row = local; row < ${builder.word(input.rows)}; row += ${size}u)`, () => {
    builder.line(`sum += ${read(builder, input, addressOf, 'row')};`);
  });
  if (size > 1) {
    builder.globals.push(`var<workgroup> sums: array<f32, ${size}>;`);
    builder.line('sums[local] = sum;');
    for (let half = size / 2; half >= 1; half /= 2) {
      builder.line('workgroupBarrier();');
      builder.line(`if (local < ${half}u) { sums[local] += sums[local + ${half}u]; }`);
    }
    builder.line('sum = sums[0];');
  }
  const to = target(builder, output, addressOf, '0u');
  builder.line(`if (local == 0u) { ${to} = sum * ${builder.float(scale)}; }`);
  return builder.shader('mean', size, [1, 1, 1]);
}

/** Sums of columns over rows, of `COLUMNS` columns and one of `outputs` rows a workgroup. */
function columnSums(
  label: string,
  launch: Pick<Of<'total'>, 'input' | 'output' | 'scale'>,
  outputs: number,
  addressOf: AddressOf,
  options: WgslOptions,
  counts?: (builder: ShaderBuilder, row: string, k: string) => string,
): Shader {
  const builder = new ShaderBuilder(false);
  const { input, output, scale } = launch;
  const size = sizeOf(options, COLUMNS);
  const lanes = size / COLUMNS;
  const blocks = Math.ceil(output.cols / COLUMNS);
  const block = builder.bind(`${GROUP_INDEX} % ${builder.word(blocks)}`);
  const k = builder.bind(`${GROUP_INDEX} / ${builder.word(blocks)}`);
  const cols = builder.word(output.cols);
  const col = builder.bind(`${block} * ${COLUMNS}u + local % ${COLUMNS}u`);
  // A column that is none reads the last one.
  const safe = builder.bind(`min(${col}, ${cols} - 1u)`);
  builder.line('var sum = 0f;');
  const rows = builder.word(input.rows);
  builder.block(`for (var row = local / ${COLUMNS}u; row < ${rows}; row += ${lanes}u)`, () => {
    const add = `sum += ${read(builder, input, addressOf, 'row', safe)};`;
    if (counts) builder.line(`if (${counts(builder, 'row', k)}) { ${add} }`);
    else builder.line(add);
  });
  if (lanes > 1) {
    builder.globals.push(`var<workgroup> sums: array<f32, ${size}>;`);
    builder.line('sums[local] = sum;');
    builder.line('workgroupBarrier();');
  }
  builder.block(`if (local < ${COLUMNS}u && ${col} < ${cols} && ${k} < ${builder.word(outputs)})`, () => {
    if (lanes > 1)
      builder.line(`for (var j = 1u; j < ${lanes}u; j++) { sum += sums[local + j * ${COLUMNS}u]; }`);
    builder.line(`${target(builder, output, addressOf, k, col)} = sum * ${builder.float(scale)};`);
  });
  return builder.shader(label, size, grid(blocks * outputs, options));
}

export function totalShader(launch: Of<'total'>, addressOf: AddressOf, options: WgslOptions): Shader {
  return columnSums('total', launch, 1, addressOf, options);
}

/** A row whose index is no class counts nowhere. */
export function scatterShader(launch: Of<'scatter'>, addressOf: AddressOf, options: WgslOptions): Shader {
  return columnSums('scatter', launch, launch.output.rows, addressOf, options, (builder, row, k) => {
    const classes = builder.word(launch.classes);
    const index = builder.bind(`bitcast<u32>(${read(builder, launch.index, addressOf, row)})`);
    return `${index} < ${classes} && (${k} == ${index} || ${k} == ${classes})`;
  });
}

export function onehotShader(launch: Of<'onehot'>, addressOf: AddressOf, options: WgslOptions): Shader {
  const builder = new ShaderBuilder(false);
  const { index, output, tail } = launch;
  const width = builder.word(output.cols + tail.length);
  return flat(builder, 'onehot', output.rows * (output.cols + tail.length), options, (item) => {
    const row = builder.bind(`${item} / ${width}`);
    const col = builder.bind(`${item} % ${width}`);
    const k = `bitcast<u32>(${read(builder, index, addressOf, row)})`;
    builder.line(`var value = select(0f, 1f, ${col} == ${k});`);
    tail.forEach((t, j) => {
      builder.line(`if (${col} == ${builder.word(output.cols + j)}) { value = ${builder.float(t)}; }`);
    });
    builder.line(`${target(builder, output, addressOf, row, col)} = value;`);
  });
}

export function patchesShader(launch: Of<'patches'>, addressOf: AddressOf, options: WgslOptions): Shader {
  const builder = new ShaderBuilder(false);
  const { field, input, output } = launch;
  const { grid: sides, channels, size, stride } = field;
  const [cols, across, width, line, lineStep, rightStep, downStep] = [
    ...[output.cols, patchGrid(field)[1], output.cols / patchCount(field), size * channels],
    ...[channels * sides[1], channels * stride, channels * stride * sides[1]],
  ].map((n) => builder.word(n));
  return flat(builder, 'patches', output.rows * output.cols, options, (item) => {
    const row = builder.bind(`${item} / ${cols}`);
    const col = builder.bind(`${item} % ${cols}`);
    const patch = builder.bind(`${col} / ${width}`);
    const i = builder.bind(`${col} % ${width}`);
    const corner = builder.bind(`${patch} / ${across} * ${downStep} + ${patch} % ${across} * ${rightStep}`);
    const from = builder.bind(`${corner} + ${i} / ${line} * ${lineStep} + ${i} % ${line}`);
    builder.line('var value = 0f;');
    builder.line(
      `if (${i} < ${builder.word(patchSize(field))}) { value = ${read(builder, input, addressOf, row, from)}; }`,
    );
    builder.line(`${target(builder, output, addressOf, row, col)} = value;`);
  });
}

export function fillShader(launch: Of<'fill'>, addressOf: AddressOf, options: WgslOptions): Shader {
  const builder = new ShaderBuilder(false);
  const { output, value } = launch;
  const cols = builder.word(output.cols);
  return flat(builder, 'fill', output.rows * output.cols, options, (item) => {
    const to = target(builder, output, addressOf, `(${item} / ${cols})`, `${item} % ${cols}`);
    builder.line(`${to} = ${builder.float(value)};`);
  });
}

/** As `runtime/random/draw.ts`, in f32: classes in order, each as wide as its probability, the true one left out. */
export function drawShader(launch: Of<'draw'>, addressOf: AddressOf, options: WgslOptions): Shader {
  const builder = new ShaderBuilder(false);
  const { probabilities, truth, uniform, output } = launch;
  return flat(builder, 'draw', output.rows, options, (row) => {
    const classes = builder.word(probabilities.cols);
    const y = builder.bind(`bitcast<u32>(${read(builder, truth, addressOf, row)})`);
    const width = (k: string) => read(builder, probabilities, addressOf, row, k);
    builder.line('var all = 0f;');
    builder.block(`for (var k = 0u; k < ${classes}; k++)`, () => {
      builder.line(`if (k != ${y}) { all += ${width('k')}; }`);
    });
    builder.line(`var left = ${read(builder, uniform, addressOf, row)} * all;`);
    builder.line(`var drawn = select(0u, 1u, ${y} == 0u);`);
    builder.block(`for (var k = 0u; k < ${classes}; k++)`, () => {
      builder.line(`if (k == ${y}) { continue; }`);
      builder.line('drawn = k;');
      builder.line(`left -= ${width('k')};`);
      builder.line('if (left < 0f) { break; }');
    });
    builder.line(`${target(builder, output, addressOf, row)} = bitcast<f32>(drawn);`);
  });
}

/** Philox4x32-10 as `runtime/random/philox.ts` defines it, to the bit. */
const PHILOX = `fn product(a: u32, b: u32) -> vec2<u32> {
  let middle = (a >> 16u) * (b & 0xffffu) + (((a & 0xffffu) * (b & 0xffffu)) >> 16u);
  let cross = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return vec2<u32>((a >> 16u) * (b >> 16u) + (middle >> 16u) + (cross >> 16u), a * b);
}
fn philox(counter: vec4<u32>, seed: vec2<u32>) -> vec4<u32> {
  var c = counter;
  var key = seed;
  for (var round = 0u; round < 10u; round++) {
    let p = product(0xd2511f53u, c.x);
    let q = product(0xcd9e8d57u, c.z);
    c = vec4<u32>(q.x ^ c.y ^ key.x, q.y, p.x ^ c.w ^ key.y, p.y);
    key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}`;

/** A thread a block of four elements, which may lie in two rows. */
export function dropoutShader(
  launch: Of<'dropout'>,
  seed: number,
  addressOf: AddressOf,
  options: WgslOptions,
): Shader {
  const builder = new ShaderBuilder(false);
  const { output, site, keep } = launch;
  const count = output.rows * output.cols;
  builder.globals.push(PHILOX);
  const run = builder.run();
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)].map((w) => builder.word(w)).join(', ');
  // u < keep, exactly: a uniform number is (word >> 8) · 2^-24.
  const threshold = builder.word(Math.ceil(keep * 2 ** 24));
  const [value, cols, all] = [builder.float(1 / keep), builder.word(output.cols), builder.word(count)];
  return flat(builder, 'dropout', Math.ceil(count / 4), options, (block) => {
    const counter = `${block}, ${builder.word(site % 2 ** 32)}, ${run.batch}, ${run.epoch}`;
    const words = builder.bind(`philox(vec4<u32>(${counter}), vec2<u32>(${key}))`);
    builder.block('for (var j = 0u; j < 4u; j++)', () => {
      const element = builder.bind(`4u * ${block} + j`);
      builder.line(`if (${element} >= ${all}) { return; }`);
      const to = target(builder, output, addressOf, `(${element} / ${cols})`, `${element} % ${cols}`);
      builder.line(`${to} = select(0f, ${value}, (${words}[j] >> 8u) < ${threshold});`);
    });
  });
}
