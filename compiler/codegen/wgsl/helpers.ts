/**
 * The kernels of the launches that are no expression. Sums over rows are divided among threads in a fixed way and added up
 * through workgroup memory, so that no atomics are needed and every run gives the same bits.
 */
import { patchCount, patchGrid, patchSize } from '../../field.js';
import type { Launch, Region } from '../../plan/plan.js';
import { Draft, GROUP_INDEX, grid, type Place, type Shader, type WgslOptions } from './shader.js';

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
function at(draft: Draft, r: Region, place: Place, row: string, col: string): string {
  const start = draft.word(place(r.buffer).offset + r.offset);
  return `${start} + ${row} * ${draft.word(r.rows === 1 ? 0 : r.stride)} + ${col}`;
}
const read = (draft: Draft, r: Region, place: Place, row: string, col = '0u'): string =>
  draft.number(place(r.buffer).binding, at(draft, r, place, row, col));
const target = (draft: Draft, r: Region, place: Place, row: string, col = '0u'): string =>
  draft.number(place(r.buffer).binding, at(draft, r, place, row, col), true);

/** A thread an item; the others leave. */
function flat(
  draft: Draft,
  label: string,
  items: number,
  options: WgslOptions,
  body: (item: string) => void,
): Shader {
  const size = Math.min(SIZE, options.maxInvocations);
  const item = draft.bind(`${GROUP_INDEX} * ${size}u + local`);
  draft.line(`if (${item} >= ${draft.word(items)}) { return; }`);
  body(item);
  return draft.shader(label, size, grid(Math.max(1, Math.ceil(items / size)), options));
}

export function meanShader(launch: Of<'mean'>, place: Place, options: WgslOptions): Shader {
  const draft = new Draft(false);
  const { input, output, scale } = launch;
  const size = sizeOf(options, 1);
  draft.line('var sum = 0f;');
  draft.block(`for (var row = local; row < ${draft.word(input.rows)}; row += ${size}u)`, () => {
    draft.line(`sum += ${read(draft, input, place, 'row')};`);
  });
  if (size > 1) {
    draft.globals.push(`var<workgroup> sums: array<f32, ${size}>;`);
    draft.line('sums[local] = sum;');
    for (let half = size / 2; half >= 1; half /= 2) {
      draft.line('workgroupBarrier();');
      draft.line(`if (local < ${half}u) { sums[local] += sums[local + ${half}u]; }`);
    }
    draft.line('sum = sums[0];');
  }
  const to = target(draft, output, place, '0u');
  draft.line(`if (local == 0u) { ${to} = sum * ${draft.float(scale)}; }`);
  return draft.shader('mean', size, [1, 1, 1]);
}

/** Sums of columns over rows, of `COLUMNS` columns and one of `outputs` rows a workgroup. */
function columnSums(
  label: string,
  launch: Pick<Of<'total'>, 'input' | 'output' | 'scale'>,
  outputs: number,
  place: Place,
  options: WgslOptions,
  counts?: (draft: Draft, row: string, k: string) => string,
): Shader {
  const draft = new Draft(false);
  const { input, output, scale } = launch;
  const size = sizeOf(options, COLUMNS);
  const lanes = size / COLUMNS;
  const blocks = Math.ceil(output.cols / COLUMNS);
  const block = draft.bind(`${GROUP_INDEX} % ${draft.word(blocks)}`);
  const k = draft.bind(`${GROUP_INDEX} / ${draft.word(blocks)}`);
  const cols = draft.word(output.cols);
  const col = draft.bind(`${block} * ${COLUMNS}u + local % ${COLUMNS}u`);
  // A column that is none reads the last one.
  const safe = draft.bind(`min(${col}, ${cols} - 1u)`);
  draft.line('var sum = 0f;');
  const rows = draft.word(input.rows);
  draft.block(`for (var row = local / ${COLUMNS}u; row < ${rows}; row += ${lanes}u)`, () => {
    const add = `sum += ${read(draft, input, place, 'row', safe)};`;
    if (counts) draft.line(`if (${counts(draft, 'row', k)}) { ${add} }`);
    else draft.line(add);
  });
  if (lanes > 1) {
    draft.globals.push(`var<workgroup> sums: array<f32, ${size}>;`);
    draft.line('sums[local] = sum;');
    draft.line('workgroupBarrier();');
  }
  draft.block(`if (local < ${COLUMNS}u && ${col} < ${cols} && ${k} < ${draft.word(outputs)})`, () => {
    if (lanes > 1)
      draft.line(`for (var j = 1u; j < ${lanes}u; j++) { sum += sums[local + j * ${COLUMNS}u]; }`);
    draft.line(`${target(draft, output, place, k, col)} = sum * ${draft.float(scale)};`);
  });
  return draft.shader(label, size, grid(blocks * outputs, options));
}

export function totalShader(launch: Of<'total'>, place: Place, options: WgslOptions): Shader {
  return columnSums('total', launch, 1, place, options);
}

/** A row whose index is no class counts nowhere. */
export function scatterShader(launch: Of<'scatter'>, place: Place, options: WgslOptions): Shader {
  return columnSums('scatter', launch, launch.output.rows, place, options, (draft, row, k) => {
    const classes = draft.word(launch.classes);
    const index = draft.bind(`bitcast<u32>(${read(draft, launch.index, place, row)})`);
    return `${index} < ${classes} && (${k} == ${index} || ${k} == ${classes})`;
  });
}

export function onehotShader(launch: Of<'onehot'>, place: Place, options: WgslOptions): Shader {
  const draft = new Draft(false);
  const { index, output, tail } = launch;
  const width = draft.word(output.cols + tail.length);
  return flat(draft, 'onehot', output.rows * (output.cols + tail.length), options, (item) => {
    const row = draft.bind(`${item} / ${width}`);
    const col = draft.bind(`${item} % ${width}`);
    const k = `bitcast<u32>(${read(draft, index, place, row)})`;
    draft.line(`var value = select(0f, 1f, ${col} == ${k});`);
    tail.forEach((t, j) => {
      draft.line(`if (${col} == ${draft.word(output.cols + j)}) { value = ${draft.float(t)}; }`);
    });
    draft.line(`${target(draft, output, place, row, col)} = value;`);
  });
}

export function patchesShader(launch: Of<'patches'>, place: Place, options: WgslOptions): Shader {
  const draft = new Draft(false);
  const { field, input, output } = launch;
  const { grid: sides, channels, size, stride } = field;
  const [cols, across, width, line, lineStep, rightStep, downStep] = [
    ...[output.cols, patchGrid(field)[1], output.cols / patchCount(field), size * channels],
    ...[channels * sides[1], channels * stride, channels * stride * sides[1]],
  ].map((n) => draft.word(n));
  return flat(draft, 'patches', output.rows * output.cols, options, (item) => {
    const row = draft.bind(`${item} / ${cols}`);
    const col = draft.bind(`${item} % ${cols}`);
    const patch = draft.bind(`${col} / ${width}`);
    const i = draft.bind(`${col} % ${width}`);
    const corner = draft.bind(`${patch} / ${across} * ${downStep} + ${patch} % ${across} * ${rightStep}`);
    const from = draft.bind(`${corner} + ${i} / ${line} * ${lineStep} + ${i} % ${line}`);
    draft.line('var value = 0f;');
    draft.line(
      `if (${i} < ${draft.word(patchSize(field))}) { value = ${read(draft, input, place, row, from)}; }`,
    );
    draft.line(`${target(draft, output, place, row, col)} = value;`);
  });
}

export function fillShader(launch: Of<'fill'>, place: Place, options: WgslOptions): Shader {
  const draft = new Draft(false);
  const { output, value } = launch;
  const cols = draft.word(output.cols);
  return flat(draft, 'fill', output.rows * output.cols, options, (item) => {
    const to = target(draft, output, place, `(${item} / ${cols})`, `${item} % ${cols}`);
    draft.line(`${to} = ${draft.float(value)};`);
  });
}

/** As `runtime/random/draw.ts`, in f32: classes in order, each as wide as its probability, the true one left out. */
export function drawShader(launch: Of<'draw'>, place: Place, options: WgslOptions): Shader {
  const draft = new Draft(false);
  const { probabilities, truth, uniform, output } = launch;
  return flat(draft, 'draw', output.rows, options, (row) => {
    const classes = draft.word(probabilities.cols);
    const y = draft.bind(`bitcast<u32>(${read(draft, truth, place, row)})`);
    const width = (k: string) => read(draft, probabilities, place, row, k);
    draft.line('var all = 0f;');
    draft.block(`for (var k = 0u; k < ${classes}; k++)`, () => {
      draft.line(`if (k != ${y}) { all += ${width('k')}; }`);
    });
    draft.line(`var left = ${read(draft, uniform, place, row)} * all;`);
    draft.line(`var drawn = select(0u, 1u, ${y} == 0u);`);
    draft.block(`for (var k = 0u; k < ${classes}; k++)`, () => {
      draft.line(`if (k == ${y}) { continue; }`);
      draft.line('drawn = k;');
      draft.line(`left -= ${width('k')};`);
      draft.line('if (left < 0f) { break; }');
    });
    draft.line(`${target(draft, output, place, row)} = bitcast<f32>(drawn);`);
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
  place: Place,
  options: WgslOptions,
): Shader {
  const draft = new Draft(false);
  const { output, site, keep } = launch;
  const count = output.rows * output.cols;
  draft.globals.push(PHILOX);
  const run = draft.run();
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)].map((w) => draft.word(w)).join(', ');
  // u < keep, exactly: a uniform number is (word >> 8) · 2^-24.
  const threshold = draft.word(Math.ceil(keep * 2 ** 24));
  const [value, cols, all] = [draft.float(1 / keep), draft.word(output.cols), draft.word(count)];
  return flat(draft, 'dropout', Math.ceil(count / 4), options, (block) => {
    const counter = `${block}, ${draft.word(site % 2 ** 32)}, ${run.batch}, ${run.epoch}`;
    const words = draft.bind(`philox(vec4<u32>(${counter}), vec2<u32>(${key}))`);
    draft.block('for (var j = 0u; j < 4u; j++)', () => {
      const element = draft.bind(`4u * ${block} + j`);
      draft.line(`if (${element} >= ${all}) { return; }`);
      const to = target(draft, output, place, `(${element} / ${cols})`, `${element} % ${cols}`);
      draft.line(`${to} = select(0f, ${value}, (${words}[j] >> 8u) < ${threshold});`);
    });
  });
}
