/** Launches of plans from elsewhere: whatever one may touch that it should not is told, with its place. */
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

/** Takes a buffer's last number away: its matrix still fits, the padding of its last row does not. */
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
    'blocks behind their operand',
    (p) => (blockProduct(p).blocks!.b *= 1000),
    /\/b: (takes numbers|its rows)/,
  ],
  [
    'RFF855',
    'blocks askew',
    (p) => (blockProduct(p).blocks!.b += 1),
    /\/b: its blocks lie neither side by side nor one below the other/,
  ],
  [
    'RFF855',
    'blocks over each other',
    (p) => (blockProduct(p).blocks!.c -= 1),
    /\/c: its blocks are written over each other/,
  ],
  ['RFF855', 'gradients over each other', (p) => (blockGradient(p).blocks!.c = 0), /written over each other/],
  [
    'RFF855',
    'more blocks than a gradient has rows for',
    (p) => (blockGradient(p).blocks!.count += 1),
    /\/c: lies outside of its gradient/,
  ],
  [
    'RFF855',
    'patches of another source',
    (p) => (first(p, 'patches').field.channels = 2),
    /no patches of 2 × 2 are in 6 columns/,
  ],
  [
    'RFF855',
    'a patch larger than its grid',
    (p) => (first(p, 'patches').field.size = 3),
    /no patches of 3 × 3/,
  ],
  [
    'RFF855',
    'more patches than there is room for',
    (p) => (first(p, 'patches').field.size = 1),
    /\/output: is a matrix of 3 × 8, not of 3 × 24/,
  ],
  ['RFF853', 'no such buffer', (p) => (first(p, 'gemm').a.buffer = 9999), /\/a: there is no buffer 9999/],
  [
    'RFF853',
    'a product behind its operand',
    (p) => (first(p, 'gemm').b.offset += 4000),
    /\/b: takes numbers \d+ to \d+ of buffer/,
  ],
  ['RFF853', 'a product behind its result', (p) => (first(p, 'gemm').c.offset += 4000), /\/c: takes numbers/],
  [
    'RFF853',
    'rows too far apart',
    (p) => (first(p, 'gemm', (g) => g.c.rows > 1).c.stride = 1000),
    /\/c: takes numbers/,
  ],
  [
    'RFF853',
    'one row far from the next',
    (p) => (first(p, 'gemm', (g) => g.c.rows === 1).c.stride = 2 ** 33),
    /\/c: its rows are 8589934592 numbers apart/,
  ],
  [
    'RFF853',
    'an input behind its buffer',
    (p) => (first(p, 'rows').inputs[0]!.offset += 4000),
    /inputs\/0: takes/,
  ],
  [
    'RFF853',
    'an output behind its buffer',
    (p) => (first(p, 'rows', many).outputs[0]!.sampleStride = 4000),
    /outputs\/0: takes/,
  ],
  ['RFF853', 'more samples than rows', (p) => (first(p, 'rows', many).samples = 1000), /outputs\/0: takes/],
  [
    'RFF853',
    'a vector’s end behind its buffer',
    (p) => shorten(p, bufferOf(p, 'classifier.weight')),
    /update\/(in|out)puts\/\d: takes numbers 0 to 47/,
  ],
  [
    'RFF853',
    'a tail behind its buffer',
    (p) => {
      for (const { outputs } of p.kernels)
        for (const o of outputs) if (o.tail.length > 0) o.tail = [1, 0, 0, 0];
    },
    /outputs\/\d: takes numbers/,
  ],
  [
    'RFF853',
    'the last class behind the table',
    (p) => (lookedUp(p).lookup!.stride = 16),
    /inputs\/\d: takes numbers/,
  ],
  [
    'RFF853',
    'indices behind their buffer',
    (p) => (lookedUp(p).lookup!.index.sampleStride = 100),
    /lookup\/index: takes/,
  ],
  [
    'RFF853',
    'rows looked up between vectors',
    (p) => (lookedUp(p).lookup!.stride = 1),
    /multiples of 16 bytes/,
  ],
  [
    'RFF853',
    'vectors between vectors',
    (p) => (first(p, 'rows').inputs[0]!.offset += 1),
    /inputs\/0: .*multiples of 16/,
  ],
  [
    'RFF853',
    'a mean behind its buffer',
    (p) => (first(p, 'mean').input.rows += 100),
    /\/input: takes numbers/,
  ],
  [
    'RFF853',
    'a mean put behind its buffer',
    (p) => (first(p, 'mean').output.offset = 900),
    /\/output: takes numbers 900/,
  ],
  [
    'RFF853',
    'a total over padding that is not there',
    (p) => shorten(p, first(p, 'total').input.buffer),
    /\/input: takes numbers 0 to/,
  ],
  [
    'RFF853',
    'a total into padding that is not there',
    (p) => shorten(p, first(p, 'total').output.buffer),
    /\/output: takes numbers 0 to/,
  ],
  [
    'RFF853',
    'a scatter from padding that is not there',
    (p) => (first(p, 'scatter').input.offset += 4),
    /\/input: takes numbers/,
  ],
  [
    'RFF853',
    'a scatter behind its buffer',
    (p) => (first(p, 'scatter').output.rows += 50),
    /\/output: takes numbers/,
  ],
  [
    'RFF853',
    'one-hot rows behind their buffer',
    (p) => (first(p, 'onehot').output.offset += 400),
    /\/output: takes numbers/,
  ],
  [
    'RFF853',
    'one-hot rows’ tail behind their buffer',
    (p) => (first(p, 'onehot').tail = [1, 0]),
    /\/output: takes numbers/,
  ],
  [
    'RFF853',
    'dropout behind its buffer',
    (p) => (first(p, 'dropout').output.rows += 9),
    /\/output: takes numbers/,
  ],
  [
    'RFF853',
    'a draw behind its probabilities',
    (p) => (first(p, 'draw').probabilities.offset += 400),
    /\/probabilities: takes/,
  ],
  ['RFF853', 'a draw behind its numbers', (p) => (first(p, 'draw').uniform.stride = 300), /\/uniform: takes/],
  [
    'RFF853',
    'a fill behind its buffer',
    (p) => (first(p, 'fill').output.cols += 5000),
    /load\/\d+\/output: takes numbers/,
  ],
  [
    'RFF853',
    'an output tensor behind its buffer',
    (p) => (tensorOf(p, 'predict/goodness').regions[0]!.offset += 900),
    /tensors\/\d+\/regions\/0: takes/,
  ],
  ['RFF853', 'scalars behind their buffer', (p) => (p.scalars.region!.offset = 60), /scalars\/region: takes/],
  [
    'RFF855',
    'no such kernel',
    (p) => (first(p, 'rows').kernel = 999),
    /there is no kernel 999; the last is \d+/,
  ],
  ['RFF855', 'an input missing', (p) => first(p, 'rows').inputs.pop(), /has \d+ inputs, its kernel `.*` \d+/],
  [
    'RFF855',
    'an input too many',
    (p) => {
      const l = first(p, 'rows');
      l.inputs.push(l.inputs[0]!);
    },
    /has \d+ inputs, its kernel/,
  ],
  [
    'RFF855',
    'an output too many',
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
    'a turned over',
    (p) => (first(p, 'gemm', (g) => g.m !== g.k).transposeA = true),
    /\/a: is a matrix of/,
  ],
  [
    'RFF855',
    'b not turned over',
    (p) => (first(p, 'gemm', (g) => g.n !== g.k && g.transposeB).transposeB = false),
    /\/b: is a matrix of/,
  ],
  ['RFF855', 'a mean of nothing', (p) => (first(p, 'mean').input.rows = 0), /\/input: has no rows/],
  [
    'RFF855',
    'rows over one another',
    (p) => (first(p, 'fill', (l) => l.output.cols > 1).output.stride = 0),
    /\/output: its rows of \d+ numbers are 0 apart/,
  ],
  [
    'RFF855',
    'a total of other columns',
    (p) => (first(p, 'total').output.cols += 1),
    /\/output: is a matrix of 1 × \d+, not of 1 ×/,
  ],
  [
    'RFF855',
    'a scatter of other columns',
    (p) => (first(p, 'scatter').output.cols -= 1),
    /\/output: is a matrix of/,
  ],
  [
    'RFF855',
    'a scatter of other indices',
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
    'one-hot rows of other indices',
    (p) => (first(p, 'onehot').index.rows += 1),
    /\/index: is a matrix of/,
  ],
  [
    'RFF855',
    'a draw of other classes',
    (p) => (first(p, 'draw').probabilities.cols -= 1),
    /\/probabilities: is a matrix of/,
  ],
  ['RFF855', 'a draw of other rows', (p) => (first(p, 'draw').truth.rows -= 1), /\/truth: is a matrix of/],
  ['RFF855', 'a draw among one class', (p) => (p.classes = 1), /draws a wrong class of one/],
  [
    'RFF855',
    'rows written over one another',
    (p) => (first(p, 'rows', many).outputs[0]!.sampleStride = 0),
    /outputs\/0: its rows, \d+ numbers wide, are written over each other/,
  ],
  [
    'RFF855',
    'rows looked up and counted',
    (p) => (lookedUp(p).sampleStride = 4),
    /is looked up and has strides of its own/,
  ],
  [
    'RFF855',
    'a constant written later',
    (p) => p.programs.train.push(first(p, 'fill', (l) => p.buffers[l.output.buffer]!.arena === 'constants')),
    /train\/\d+\/output: writes a constant/,
  ],
  [
    'RFF855',
    'a gradient between vectors',
    (p) => (first(p, 'learn').gradient.stride += 1),
    /\/gradient: its rows do not start/,
  ],
  [
    'RFF855',
    'an update of other rows',
    (p) => (first(p, 'learn').gradient.rows -= 1),
    /\/update: moves 1 × \d+ rows by a gradient of/,
  ],
  [
    'RFF855',
    'an update of two variants',
    (p) => (first(p, 'learn').update.variants = 2),
    /\/update: moves 2 ×/,
  ],
  [
    'RFF855',
    'a gradient’s product elsewhere',
    (p) => (first(p, 'learn').products[0]!.c.buffer = bufferIn(p, 'activities')),
    /products\/0\/c: lies outside of its gradient/,
  ],
  [
    'RFF855',
    'a gradient’s product before it',
    (p) => (first(p, 'learn').gradient.offset += 4),
    /products\/0\/c: lies outside of its gradient/,
  ],
  [
    'RFF855',
    'a gradient’s product below it',
    (p) => {
      const l = first(p, 'learn', tall);
      l.products[0]!.c.offset += l.gradient.stride;
    },
    /products\/0\/c: lies outside of its gradient/,
  ],
  [
    'RFF855',
    'a gradient’s product beside it',
    (p) => (first(p, 'learn', tall).products[0]!.c.offset += 4),
    /products\/0\/c: lies outside of its gradient/,
  ],
  [
    'RFF855',
    'a gradient’s product in other rows',
    (p) => (first(p, 'learn', tall).products[0]!.c.stride += 4),
    /products\/0\/c: lies outside of its gradient/,
  ],
  [
    'RFF855',
    'a gradient of itself',
    (p) => {
      const l = first(p, 'learn');
      l.products[0]!.b.buffer = l.gradient.buffer;
    },
    /products\/0\/b: lies in the gradient/,
  ],
  [
    'RFF855',
    'an update by other rows',
    (p) => {
      const l = first(p, 'learn', tall);
      l.update.inputs.find((v) => v.buffer === l.gradient.buffer)!.sampleStride = 0;
    },
    /update\/inputs\/\d: reads outside of its rows/,
  ],
  [
    'RFF855',
    'an update beside its rows',
    (p) => {
      const l = first(p, 'learn', tall);
      l.update.inputs.find((v) => v.buffer === l.gradient.buffer)!.offset += 4;
    },
    /update\/inputs\/\d: reads outside of its rows/,
  ],
  [
    'RFF855',
    'an update of the gradient',
    (p) => {
      const l = first(p, 'learn');
      l.update.outputs[0]!.buffer = l.gradient.buffer;
    },
    /update\/outputs\/0: lies in the gradient/,
  ],
  [
    'RFF858',
    'data over classes',
    (p) => (tensorOf(p, 'negative_draw').regions[0]!.buffer = bufferOf(p, 'y')),
    /regions\/0: lies over class indices/,
  ],
  [
    'RFF858',
    'scalars over classes',
    (p) => (tensorOf(p, 'y').regions[0]!.buffer = p.scalars.region!.buffer),
    /scalars\/region: lies over class/,
  ],
  [
    'RFF858',
    'classes from data',
    (p) => (lookedUp(p).lookup!.index.buffer = bufferOf(p, 'x')),
    /lookup\/index: takes class indices from where none are/,
  ],
  [
    'RFF858',
    'classes from behind the classes',
    (p) => {
      const { index } = first(p, 'scatter');
      index.offset += 4;
      p.buffers[index.buffer]!.bytes = 256;
    },
    /\/index: takes/,
  ],
  [
    'RFF858',
    'classes written by a kernel',
    (p) => Object.assign(first(p, 'mean').output, { buffer: bufferOf(p, 'y'), offset: 0 }),
    /\/output: writes over class indices/,
  ],
  [
    'RFF858',
    'a draw to where no classes are',
    (p) => Object.assign(first(p, 'draw').output, { buffer: bufferOf(p, 'x') }),
    /\/output: takes class indices from where none are/,
  ],
];

test.each(corruptions)('%s: %s', (code, _, change, message) => {
  const { diagnostics } = validatePlan(corrupted(change));
  const said = diagnostics.filter((d) => d.code === code && message.test(d.message));
  expect(said, JSON.stringify(diagnostics)).not.toEqual([]);
});
