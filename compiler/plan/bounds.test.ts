/** Launches of plans from elsewhere: every invalid access is reported, with its path. */
import { expect, test } from 'vitest';
import {
  bufferIn,
  bufferOf,
  type Corruption,
  corrupted,
  first,
  type LaunchDraft,
  lookedUp,
  type PlanDraft,
  tensorOf,
} from '../../test/support/small-plans.js';
import { validatePlan } from './validate.js';

/** Removes the last number of a buffer: its matrix still fits, the padding of its last row does not. */
const shorten = (plan: PlanDraft, buffer: number) => {
  plan.buffers[buffer]!.bytes -= 4;
};
const many = (l: LaunchDraft<'rows'>) => l.samples > 1;
const tall = (l: LaunchDraft<'learn'>) => l.gradient.rows > 1;

const inBlocks = (l: LaunchDraft<'gemm'>) => l.blocks !== undefined;
const blockProduct = (p: PlanDraft) => first(p, 'gemm', inBlocks);
const blockGradient = (p: PlanDraft) =>
  first(p, 'learn', (l) => l.products.some(({ blocks }) => blocks)).products[0]!;

const corruptions: readonly Corruption[] = [
  [
    'RFF853',
    'blocks beyond their operand',
    (p) => (blockProduct(p).blocks!.b *= 1000),
    /\/b: (accesses numbers|its rows)/,
  ],
  [
    'RFF855',
    'misaligned blocks',
    (p) => (blockProduct(p).blocks!.b += 1),
    /\/b: its blocks are neither side by side nor stacked/,
  ],
  ['RFF855', 'overlapping blocks', (p) => (blockProduct(p).blocks!.c -= 1), /\/c: its blocks overlap/],
  ['RFF855', 'overlapping gradients', (p) => (blockGradient(p).blocks!.c = 0), /its blocks overlap/],
  [
    'RFF855',
    'more blocks than rows of a gradient',
    (p) => (blockGradient(p).blocks!.count += 1),
    /\/c: is outside its gradient/,
  ],
  [
    'RFF855',
    'patches of another source',
    (p) => (first(p, 'patches').field.channels = 2),
    /patches of 2 × 2 do not fit 6 columns/,
  ],
  [
    'RFF855',
    'a patch larger than its grid',
    (p) => (first(p, 'patches').field.size = 3),
    /patches of 3 × 3 do not fit/,
  ],
  [
    'RFF855',
    'more patches than fit',
    (p) => (first(p, 'patches').field.size = 1),
    /\/output: is a matrix of 3 × 8, not of 3 × 24/,
  ],
  ['RFF853', 'unknown buffer', (p) => (first(p, 'gemm').a.buffer = 9999), /\/a: unknown buffer 9999/],
  [
    'RFF853',
    'a product beyond its operand',
    (p) => (first(p, 'gemm').b.offset += 4000),
    /\/b: accesses numbers \d+ to \d+ of buffer/,
  ],
  [
    'RFF853',
    'a product beyond its result',
    (p) => (first(p, 'gemm').c.offset += 4000),
    /\/c: accesses numbers/,
  ],
  [
    'RFF853',
    'rows too far apart',
    (p) => (first(p, 'gemm', (g) => g.c.rows > 1).c.stride = 1000),
    /\/c: accesses numbers/,
  ],
  [
    'RFF853',
    'rows too far from the next',
    (p) => (first(p, 'gemm', (g) => g.c.rows === 1).c.stride = 2 ** 33),
    /\/c: its rows are 8589934592 numbers apart/,
  ],
  [
    'RFF853',
    'an input beyond its buffer',
    (p) => (first(p, 'rows').inputs[0]!.offset += 4000),
    /inputs\/0: (accesses|its rows)/,
  ],
  [
    'RFF853',
    'an output beyond its buffer',
    (p) => (first(p, 'rows', many).outputs[0]!.sampleStride = 4000),
    /outputs\/0: (accesses|its rows)/,
  ],
  [
    'RFF853',
    'more samples than rows',
    (p) => (first(p, 'rows', many).samples = 1000),
    /outputs\/0: (accesses|its rows)/,
  ],
  [
    'RFF853',
    'a vector that ends beyond its buffer',
    (p) => shorten(p, bufferOf(p, 'classifier.weight')),
    /update\/(in|out)puts\/\d: accesses numbers 0 to 47/,
  ],
  [
    'RFF853',
    'a tail beyond its buffer',
    (p) => {
      for (const { outputs } of p.kernels)
        for (const o of outputs) if (o.tail.length > 0) o.tail = [1, 0, 0, 0];
    },
    /outputs\/\d: accesses numbers/,
  ],
  [
    'RFF853',
    'the last class beyond the table',
    (p) => (lookedUp(p).lookup!.stride = 16),
    /inputs\/\d: accesses numbers/,
  ],
  [
    'RFF853',
    'indices beyond their buffer',
    (p) => (lookedUp(p).lookup!.index.sampleStride = 100),
    /lookup\/index: (accesses|reads|its rows)/,
  ],
  ['RFF853', 'unaligned looked-up rows', (p) => (lookedUp(p).lookup!.stride = 1), /multiples of 16 bytes/],
  [
    'RFF853',
    'unaligned vectors',
    (p) => (first(p, 'rows').inputs[0]!.offset += 1),
    /inputs\/0: .*multiples of 16/,
  ],
  [
    'RFF853',
    'a mean beyond its buffer',
    (p) => (first(p, 'mean').input.rows += 100),
    /\/input: accesses numbers/,
  ],
  [
    'RFF853',
    'a mean written beyond its buffer',
    (p) => (first(p, 'mean').output.offset = 900),
    /\/output: accesses numbers 900/,
  ],
  [
    'RFF853',
    'a total over missing padding',
    (p) => shorten(p, first(p, 'total').input.buffer),
    /\/input: accesses numbers 0 to/,
  ],
  [
    'RFF853',
    'a total into missing padding',
    (p) => shorten(p, first(p, 'total').output.buffer),
    /\/output: accesses numbers 0 to/,
  ],
  [
    'RFF853',
    'a scatter from missing padding',
    (p) => (first(p, 'scatter').input.offset += 4),
    /\/input: accesses numbers/,
  ],
  [
    'RFF853',
    'a scatter beyond its buffer',
    (p) => (first(p, 'scatter').output.rows += 50),
    /\/output: accesses numbers/,
  ],
  [
    'RFF853',
    'one-hot rows beyond their buffer',
    (p) => (first(p, 'onehot').output.offset += 400),
    /\/output: accesses numbers/,
  ],
  [
    'RFF853',
    'tail of one-hot rows beyond their buffer',
    (p) => (first(p, 'onehot').tail = [1, 0]),
    /\/output: accesses numbers/,
  ],
  [
    'RFF853',
    'dropout beyond its buffer',
    (p) => (first(p, 'dropout').output.rows += 9),
    /\/output: accesses numbers/,
  ],
  [
    'RFF853',
    'a draw beyond its probabilities',
    (p) => (first(p, 'draw').probabilities.offset += 400),
    /\/probabilities: accesses/,
  ],
  [
    'RFF853',
    'a draw beyond its numbers',
    (p) => (first(p, 'draw').uniform.stride = 300),
    /\/uniform: accesses/,
  ],
  [
    'RFF853',
    'a fill beyond its buffer',
    (p) => (first(p, 'fill').output.cols += 5000),
    /load\/\d+\/output: accesses numbers/,
  ],
  [
    'RFF853',
    'an output tensor beyond its buffer',
    (p) => (tensorOf(p, 'predict/goodness').regions[0]!.offset += 900),
    /tensors\/\d+\/regions\/0: (accesses|its rows)/,
  ],
  [
    'RFF853',
    'scalars beyond their buffer',
    (p) => (p.scalars.region!.offset = 60),
    /scalars\/region: accesses/,
  ],
  ['RFF855', 'unknown kernel', (p) => (first(p, 'rows').kernel = 999), /unknown kernel 999: the last is \d+/],
  ['RFF855', 'a missing input', (p) => first(p, 'rows').inputs.pop(), /has \d+ inputs, its kernel `.*` \d+/],
  [
    'RFF855',
    'a superfluous input',
    (p) => {
      const l = first(p, 'rows');
      l.inputs.push(l.inputs[0]!);
    },
    /has \d+ inputs, its kernel/,
  ],
  [
    'RFF855',
    'a superfluous output',
    (p) => {
      const l = first(p, 'rows');
      l.outputs.push(l.outputs[0]!);
    },
    /has \d+ outputs, its kernel/,
  ],
  [
    'RFF855',
    'more rows than a has',
    (p) => (first(p, 'gemm').m += 1),
    /\/a: is a matrix of \d+ × \d+, not of/,
  ],
  ['RFF855', 'more columns than b has', (p) => (first(p, 'gemm').n += 1), /\/b: is a matrix of/],
  ['RFF855', 'another c', (p) => (first(p, 'gemm').c.rows += 1), /\/c: is a matrix of/],
  [
    'RFF855',
    'an unexpected transpose of a',
    (p) => (first(p, 'gemm', (g) => g.m !== g.k).transposeA = true),
    /\/a: is a matrix of/,
  ],
  [
    'RFF855',
    'a missing transpose of b',
    (p) => (first(p, 'gemm', (g) => g.n !== g.k && g.transposeB).transposeB = false),
    /\/b: is a matrix of/,
  ],
  ['RFF855', 'a mean of nothing', (p) => (first(p, 'mean').input.rows = 0), /\/input: has no rows/],
  [
    'RFF855',
    'overlapping rows',
    (p) => (first(p, 'fill', (l) => l.output.cols > 1).output.stride = 0),
    /\/output: its rows of \d+ numbers are 0 apart/,
  ],
  [
    'RFF855',
    'a total of different columns',
    (p) => (first(p, 'total').output.cols += 1),
    /\/output: is a matrix of 1 × \d+, not of 1 ×/,
  ],
  [
    'RFF855',
    'a scatter of different columns',
    (p) => (first(p, 'scatter').output.cols -= 1),
    /\/output: is a matrix of/,
  ],
  [
    'RFF855',
    'a scatter of different indices',
    (p) => (first(p, 'scatter').index.rows -= 1),
    /\/index: is a matrix of/,
  ],
  [
    'RFF855',
    'a scatter into more classes',
    (p) => (first(p, 'scatter').classes = 4),
    /scatters into 4 classes of 3/,
  ],
  [
    'RFF855',
    'a scatter into fewer rows',
    (p) => (first(p, 'scatter').output.rows = 2),
    /scatters into 3 classes of 3, 2 rows/,
  ],
  [
    'RFF855',
    'one-hot rows of different indices',
    (p) => (first(p, 'onehot').index.rows += 1),
    /\/index: is a matrix of/,
  ],
  [
    'RFF855',
    'a draw of different classes',
    (p) => (first(p, 'draw').probabilities.cols -= 1),
    /\/probabilities: is a matrix of/,
  ],
  [
    'RFF855',
    'a draw of different rows',
    (p) => (first(p, 'draw').truth.rows -= 1),
    /\/truth: is a matrix of/,
  ],
  ['RFF855', 'a draw from a single class', (p) => (p.classes = 1), /draws a wrong class from a single class/],
  [
    'RFF855',
    'overlapping output rows',
    (p) => (first(p, 'rows', many).outputs[0]!.sampleStride = 0),
    /outputs\/0: its rows, \d+ numbers wide, overlap/,
  ],
  [
    'RFF855',
    'looked-up rows with strides of their own',
    (p) => (lookedUp(p).sampleStride = 4),
    /is looked up, but has strides of its own/,
  ],
  [
    'RFF855',
    'a constant written later',
    (p) => p.programs.train.push(first(p, 'fill', (l) => p.buffers[l.output.buffer]!.arena === 'constants')),
    /train\/\d+\/output: writes a constant/,
  ],
  [
    'RFF855',
    'an unaligned gradient',
    (p) => (first(p, 'learn').gradient.stride += 1),
    /\/gradient: its rows do not start/,
  ],
  [
    'RFF855',
    'an update of different rows',
    (p) => (first(p, 'learn').gradient.rows -= 1),
    /\/update: updates 1 × \d+ rows with a gradient of/,
  ],
  [
    'RFF855',
    'an update of two variants',
    (p) => (first(p, 'learn').update.variants = 2),
    /\/update: updates 2 ×/,
  ],
  [
    'RFF855',
    'a product outside its gradient',
    (p) => (first(p, 'learn').products[0]!.c.buffer = bufferIn(p, 'activities')),
    /products\/0\/c: is outside its gradient/,
  ],
  [
    'RFF855',
    'a product before its gradient',
    (p) => (first(p, 'learn').gradient.offset += 4),
    /products\/0\/c: is outside its gradient/,
  ],
  [
    'RFF855',
    'a product below its gradient',
    (p) => {
      const l = first(p, 'learn', tall);
      l.products[0]!.c.offset += l.gradient.stride;
    },
    /products\/0\/c: is outside its gradient/,
  ],
  [
    'RFF855',
    'a product beside its gradient',
    (p) => (first(p, 'learn', tall).products[0]!.c.offset += 4),
    /products\/0\/c: is outside its gradient/,
  ],
  [
    'RFF855',
    'a product in other rows of its gradient',
    (p) => (first(p, 'learn', tall).products[0]!.c.stride += 4),
    /products\/0\/c: is outside its gradient/,
  ],
  [
    'RFF855',
    'a gradient of itself',
    (p) => {
      const l = first(p, 'learn');
      l.products[0]!.b.buffer = l.gradient.buffer;
    },
    /products\/0\/b: is inside the gradient/,
  ],
  [
    'RFF855',
    'an update by different rows',
    (p) => {
      const l = first(p, 'learn', tall);
      l.update.inputs.find((v) => v.buffer === l.gradient.buffer)!.sampleStride = 0;
    },
    /update\/inputs\/\d: reads outside its rows/,
  ],
  [
    'RFF855',
    'an update outside its rows',
    (p) => {
      const l = first(p, 'learn', tall);
      l.update.inputs.find((v) => v.buffer === l.gradient.buffer)!.offset += 4;
    },
    /update\/inputs\/\d: reads outside its rows/,
  ],
  [
    'RFF855',
    'an update of the gradient',
    (p) => {
      const l = first(p, 'learn');
      l.update.outputs[0]!.buffer = l.gradient.buffer;
    },
    /update\/outputs\/0: is inside the gradient/,
  ],
  [
    'RFF858',
    'data over classes',
    (p) => (tensorOf(p, 'negative_draw').regions[0]!.buffer = bufferOf(p, 'y')),
    /regions\/0: overlaps class indices/,
  ],
  [
    'RFF858',
    'scalars over classes',
    (p) => (tensorOf(p, 'y').regions[0]!.buffer = p.scalars.region!.buffer),
    /scalars\/region: overlaps class/,
  ],
  [
    'RFF858',
    'classes from data',
    (p) => (lookedUp(p).lookup!.index.buffer = bufferOf(p, 'x')),
    /lookup\/index: reads class indices from a location without any/,
  ],
  [
    'RFF858',
    'classes from beyond the classes',
    (p) => {
      const { index } = first(p, 'scatter');
      index.offset += 4;
      p.buffers[index.buffer]!.bytes = 256;
    },
    /\/index: (accesses|reads|its rows)/,
  ],
  [
    'RFF858',
    'classes written by a kernel',
    (p) => Object.assign(first(p, 'mean').output, { buffer: bufferOf(p, 'y'), offset: 0 }),
    /\/output: overwrites class indices/,
  ],
  [
    'RFF858',
    'a draw into a buffer without classes',
    (p) => Object.assign(first(p, 'draw').output, { buffer: bufferOf(p, 'x') }),
    /\/output: reads class indices from a location without any/,
  ],
];

test.each(corruptions)('%s: %s', (code, _, change, message) => {
  const { diagnostics } = validatePlan(corrupted(change));
  const said = diagnostics.filter((d) => d.code === code && message.test(d.message));
  expect(said, JSON.stringify(diagnostics)).not.toEqual([]);
});
