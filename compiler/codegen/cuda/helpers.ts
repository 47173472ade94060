/**
 * The kernels of the launches that are no expression, written by hand. Sums over rows are divided among threads in a
 * fixed way and added up in a fixed order, without atomics, so that every run gives the same bits.
 *
 * Steps between rows are in numbers. No column beyond the last is read or written.
 */
import { patchCount, patchGrid } from '../../field.js';
import type { Launch } from '../../plan/plan.js';
import { literal } from './language.js';
import { type AddressOf, f32, gridStride, type KernelLaunch, MAX_ITEMS, matrix, u32 } from './launch.js';

type Of<K extends Launch['kind']> = Extract<Launch, { kind: K }>;
/** What has a kernel here. */
export type HelperLaunch = Of<
  'patches' | 'mean' | 'total' | 'scatter' | 'onehot' | 'dropout' | 'draw' | 'fill'
>;

const SIZE = 256;
/** Columns that a block sums side by side, and how many of its threads share a column. */
const COLUMNS = 32;
const SHARERS = 16;

/** The names of the kernels in `HELPERS`; `onehot` is printed by the tail it writes. */
export const helperNames = ['patches', 'mean', 'total', 'scatter', 'dropout', 'draw', 'fill'] as const;

export const HELPERS = `// Patches of each row side by side: \`size\` lines of \`line\` numbers,
// \`line_step\` apart, and zeros behind them up to \`width\` numbers; the next patch
// to the right begins \`right_step\` further, the next below \`down_step\`. One thread per number.
extern "C" __global__ void __launch_bounds__(${SIZE}) patches(
    const float* input, unsigned step, float* output, unsigned output_step, unsigned cols, unsigned count,
    unsigned across, unsigned size, unsigned line, unsigned line_step, unsigned right_step, unsigned down_step,
    unsigned width) {
  for (unsigned e = blockIdx.x * ${SIZE}u + threadIdx.x; e < count; e += gridDim.x * ${SIZE}u) {
    const unsigned r = e / cols, c = e % cols;
    const unsigned patch = c / width, i = c % width;
    const unsigned from = patch / across * down_step + patch % across * right_step + i / line * line_step + i % line;
    output[size_t(r) * output_step + c] = i < size * line ? input[size_t(r) * step + from] : 0.0f;
  }
}
// output[0] = scale * (sum of a column)
extern "C" __global__ void __launch_bounds__(${SIZE}) mean(
    const float* input, unsigned step, unsigned rows, float* output, float scale) {
  __shared__ double sums[${SIZE}];
  double sum = 0.0;
  for (unsigned r = threadIdx.x; r < rows; r += ${SIZE}u) sum += input[size_t(r) * step];
  sums[threadIdx.x] = sum;
  for (unsigned half = ${SIZE / 2}u; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  if (threadIdx.x == 0) output[0] = float(sums[0] * scale);
}

// The sum of column c over the rows of which \`counts\` holds, for the threads with threadIdx.y 0.
template <class Counts>
__device__ __forceinline__ float column_sum(
    const float* input, unsigned step, unsigned rows, unsigned c, unsigned cols, Counts counts) {
  __shared__ float sums[${SHARERS}][${COLUMNS}];
  float sum = 0.0f;
  if (c < cols)
    for (unsigned r = threadIdx.y; r < rows; r += ${SHARERS}u)
      if (counts(r)) sum += input[size_t(r) * step + c];
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y == 0)
    for (unsigned y = 1; y < ${SHARERS}u; y++) sum += sums[y][threadIdx.x];
  return sum;
}

struct EveryRow {
  __device__ __forceinline__ bool operator()(unsigned) const { return true; }
};
// output[0, c] = scale * (sum over the rows of input[., c]); a block has ${COLUMNS} columns
extern "C" __global__ void __launch_bounds__(${COLUMNS * SHARERS}) total(
    const float* input, unsigned step, unsigned rows, unsigned cols, float* output, float scale) {
  const unsigned c = blockIdx.x * ${COLUMNS}u + threadIdx.x;
  const float sum = column_sum(input, step, rows, c, cols, EveryRow());
  if (threadIdx.y == 0 && c < cols) output[c] = sum * scale;
}

struct RowsOfClass {
  const int* index;
  unsigned step, k, classes;
  // A row whose index is no class counts nowhere.
  __device__ __forceinline__ bool operator()(unsigned r) const {
    const unsigned y = unsigned(index[size_t(r) * step]);
    return y < classes && (k == y || k == classes);
  }
};
// output[k, c] = scale * (sum over the rows of class k), then of all of them, then 0; a block has one k
extern "C" __global__ void __launch_bounds__(${COLUMNS * SHARERS}) scatter(
    const float* input, unsigned step, unsigned rows, unsigned cols, const int* index, unsigned index_step,
    unsigned classes, float* output, unsigned output_step, float scale) {
  const unsigned k = blockIdx.x;
  const unsigned c = blockIdx.y * ${COLUMNS}u + threadIdx.x;
  const RowsOfClass counts = {index, index_step, k, classes};
  const float sum = column_sum(input, step, k <= classes ? rows : 0, c, cols, counts);
  if (threadIdx.y == 0 && c < cols) output[size_t(k) * output_step + c] = sum * scale;
}

// Philox4x32-10, as runtime/random/philox.ts defines it, to the bit.
struct Words {
  unsigned x, y, z, w;
};
__device__ __forceinline__ Words philox(Words c, unsigned key0, unsigned key1) {
#pragma unroll
  for (unsigned round = 0; round < 10; round++) {
    const unsigned high0 = __umulhi(0xd2511f53u, c.x), low0 = 0xd2511f53u * c.x;
    const unsigned high1 = __umulhi(0xcd9e8d57u, c.z), low1 = 0xcd9e8d57u * c.z;
    c = Words{high1 ^ c.y ^ key0, low1, high0 ^ c.w ^ key1, low0};
    key0 += 0x9e3779b9u;
    key1 += 0xbb67ae85u;
  }
  return c;
}
// What the host writes before each run.
struct Run {
  unsigned epoch, batch, seed_low, seed_high;
};
// output[e / cols, e % cols] = u < keep ? 1 / keep : 0, with u number e of the site; a thread makes four
extern "C" __global__ void __launch_bounds__(${SIZE}) dropout(
    float* output, unsigned step, unsigned cols, unsigned count, unsigned site, unsigned threshold, float value,
    const Run* run) {
  for (unsigned block = blockIdx.x * ${SIZE}u + threadIdx.x; block < (count + 3) / 4; block += gridDim.x * ${SIZE}u) {
    const Words drawn = philox(Words{block, site, run->batch, run->epoch}, run->seed_low, run->seed_high);
    const unsigned words[4] = {drawn.x, drawn.y, drawn.z, drawn.w};
#pragma unroll
    for (unsigned j = 0; j < 4; j++) {
      const unsigned e = 4 * block + j;
      if (e < count) output[size_t(e / cols) * step + e % cols] = (words[j] >> 8) < threshold ? value : 0.0f;
    }
  }
}

// As runtime/random/draw.ts: classes in order, each as wide as its probability, the true one left out; a thread a row.
extern "C" __global__ void __launch_bounds__(${SIZE}) draw(
    const float* probabilities, unsigned step, unsigned classes, const int* truth, unsigned truth_step,
    const float* uniform, unsigned uniform_step, int* output, unsigned output_step, unsigned rows) {
  for (unsigned r = blockIdx.x * ${SIZE}u + threadIdx.x; r < rows; r += gridDim.x * ${SIZE}u) {
    const float* p = probabilities + size_t(r) * step;
    const unsigned y = unsigned(truth[size_t(r) * truth_step]);
    double all = 0.0;
    for (unsigned k = 0; k < classes; k++)
      if (k != y) all += p[k];
    double left = uniform[size_t(r) * uniform_step] * all;
    // Rounding can leave a rest: it belongs to the last class.
    unsigned drawn = y == 0 ? 1 : 0;
    for (unsigned k = 0; k < classes; k++) {
      if (k == y) continue;
      drawn = k;
      left -= p[k];
      if (left < 0.0) break;
    }
    output[size_t(r) * output_step] = int(drawn);
  }
}

extern "C" __global__ void __launch_bounds__(${SIZE}) fill(
    float* output, unsigned step, unsigned cols, unsigned count, float value) {
  for (unsigned e = blockIdx.x * ${SIZE}u + threadIdx.x; e < count; e += gridDim.x * ${SIZE}u)
    output[size_t(e / cols) * step + e % cols] = value;
}
`;

/** output[r, c] = 1 where c is row r's class, else 0, and the tail behind the last column; a thread a number. */
export function printOnehot(name: string, tail: readonly number[]): string {
  const tails = tail.map((t, j) => `\n    if (c == cols + ${j}) value = ${literal(t)};`).join('');
  return `extern "C" __global__ void __launch_bounds__(${SIZE}) ${name}(
    const int* index, unsigned index_step, float* output, unsigned step, unsigned cols, unsigned count) {
  const unsigned width = cols + ${tail.length};
  for (unsigned e = blockIdx.x * ${SIZE}u + threadIdx.x; e < count; e += gridDim.x * ${SIZE}u) {
    const unsigned r = e / width, c = e % width;
    float value = c == unsigned(index[size_t(r) * index_step]) ? 1.0f : 0.0f;${tails}
    output[size_t(r) * step + c] = value;
  }
}
`;
}

/** @param onehot the name of the kernel that writes the launch's tail, if it is a `onehot` */
export function helperLaunch(launch: HelperLaunch, addressOf: AddressOf, onehot: string): KernelLaunch {
  switch (launch.kind) {
    case 'patches': {
      const { field, input, output } = launch;
      const { grid, channels, size, stride } = field;
      const count = output.rows * output.cols;
      const lines = [channels * grid[1], channels * stride, channels * stride * grid[1]];
      return gridStride('patches', count, SIZE, [
        ...[...matrix(addressOf, input), ...matrix(addressOf, output), u32(output.cols), u32(count)],
        ...[patchGrid(field)[1], size, size * channels, ...lines, output.cols / patchCount(field)].map(u32),
      ]);
    }
    case 'mean': {
      const { input, output, scale } = launch;
      const args = [...matrix(addressOf, input), u32(input.rows), matrix(addressOf, output)[0]!, f32(scale)];
      return { function: 'mean', grid: [1, 1, 1], block: [SIZE, 1, 1], sharedBytes: 0, args };
    }
    case 'total': {
      const { input, output, scale } = launch;
      const args = [
        ...[...matrix(addressOf, input), u32(input.rows), u32(input.cols)],
        ...[matrix(addressOf, output)[0]!, f32(scale)],
      ];
      return columnSums('total', [Math.ceil(input.cols / COLUMNS), 1, 1], args);
    }
    case 'scatter': {
      const { input, index, classes, output, scale } = launch;
      const args = [
        ...[...matrix(addressOf, input), u32(input.rows), u32(input.cols)],
        ...[...matrix(addressOf, index), u32(classes)],
        ...[...matrix(addressOf, output), f32(scale)],
      ];
      return columnSums('scatter', [output.rows, Math.ceil(input.cols / COLUMNS), 1], args);
    }
    case 'onehot': {
      const { index, output, tail } = launch;
      const count = output.rows * (output.cols + tail.length);
      const args = [...matrix(addressOf, index), ...matrix(addressOf, output), u32(output.cols), u32(count)];
      return gridStride(onehot, count, SIZE, args);
    }
    case 'dropout': {
      const { output, site, keep } = launch;
      const count = output.rows * output.cols;
      if (count > MAX_ITEMS) throw new Error(`a dropout mask of ${count} numbers; ${MAX_ITEMS} are the most`);
      const args = [
        ...[...matrix(addressOf, output), u32(output.cols), u32(count), u32(site % 2 ** 32)],
        // u < keep, exactly: a uniform number is (word >> 8) · 2^-24.
        ...[u32(Math.ceil(keep * 2 ** 24)), f32(1 / keep), { type: 'u64', value: 'run' } as const],
      ];
      return gridStride('dropout', Math.ceil(count / 4), SIZE, args);
    }
    case 'draw': {
      const { probabilities, truth, uniform, output } = launch;
      const args = [
        ...[...matrix(addressOf, probabilities), u32(probabilities.cols), ...matrix(addressOf, truth)],
        ...[...matrix(addressOf, uniform), ...matrix(addressOf, output), u32(output.rows)],
      ];
      return gridStride('draw', output.rows, SIZE, args);
    }
    case 'fill': {
      const { output, value } = launch;
      const count = output.rows * output.cols;
      return gridStride('fill', count, SIZE, [
        ...matrix(addressOf, output),
        u32(output.cols),
        u32(count),
        f32(value),
      ]);
    }
    default:
      return launch satisfies never;
  }
}

function columnSums(name: string, grid: KernelLaunch['grid'], args: KernelLaunch['args']): KernelLaunch {
  return { function: name, grid, block: [COLUMNS, SHARERS, 1], sharedBytes: 0, args };
}
