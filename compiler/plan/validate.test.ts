/** Plans from elsewhere: what is sound is taken, and what is wrong with the others is told, with its place. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import modelSchema from '../../grammar/schema/model.schema.json' with { type: 'json' };
import schema from '../../grammar/schema/plan.schema.json' with { type: 'json' };
import {
  bufferIn,
  type Corruption,
  corrupted,
  first,
  lookedUp,
  planDraft,
  tensorOf,
} from '../../test/support/small-plans.js';
import { validatePlan } from './validate.js';

test('a plan that went through JSON is taken as it is', () => {
  const result = validatePlan(planDraft(), 'a.plan.json');
  expect(result).toEqual({ plan: planDraft(), diagnostics: [] });
});

test('a model’s warnings come with its plan', () => {
  const blind = corrupted((p) => {
    p.model.connections = p.model.connections.filter((c) => c.source !== 'image');
    p.tensors = p.tensors.filter((t) => !t.name.includes('.image.'));
  });
  const result = validatePlan(blind, 'a.plan.json');
  expect('plan' in result).toBe(true);
  expect(result.diagnostics).toMatchObject([{ severity: 'warning', file: 'a.plan.json' }]);
});

test('the schema is one, in every word', () => {
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    discriminator: true,
    allowUnionTypes: true,
    strictTuples: false,
  });
  ajv.addSchema(modelSchema);
  const validate = ajv.compile(schema);
  expect(validate(planDraft())).toBe(true);
});

const corruptions: readonly Corruption[] = [
  [
    'RFF850',
    'a property missing',
    (p) => Reflect.deleteProperty(p, 'kernels'),
    /the plan needs .* `kernels`/,
  ],
  ['RFF850', 'a property too many', (p) => Object.assign(p.buffers[0]!, { more: 1 }), /buffers\/0 .* `more`/],
  ['RFF850', 'a text for a number', (p) => Object.assign(p, { batch: '3' }), /batch must be integer/],
  ['RFF850', 'a batch of none', (p) => (p.batch = 0), /batch must be >= 1/],
  ['RFF850', 'a fraction', (p) => (p.buffers[1]!.offset = 0.5), /buffers\/1\/offset must be integer/],
  ['RFF850', 'a place before its buffer', (p) => (lookedUp(p).offset = -4), /offset must be >= 0/],
  [
    'RFF850',
    'no such arena',
    (p) => Object.assign(p.arenas[0]!, { name: 'heap' }),
    /arenas\/0\/name must be one of/,
  ],
  [
    'RFF850',
    'no such launch',
    (p) => Object.assign(p.programs.train[0]!, { kind: 'jump' }),
    /train\/0 .*kind "jump"/,
  ],
  [
    'RFF850',
    'a launch of no kind',
    (p) => Reflect.deleteProperty(p.programs.train[0]!, 'kind'),
    /train\/0 needs .*`kind`/,
  ],
  [
    'RFF850',
    'a program missing',
    (p) => Reflect.deleteProperty(p.programs, 'predict'),
    /programs needs .*`predict`/,
  ],
  [
    'RFF850',
    'scalars nowhere',
    (p) => Object.assign(p.scalars, { region: {} }),
    /^scalars\/region needs .*`buffer`$/,
  ],
  [
    'RFF850',
    'no such scalar',
    (p) => Object.assign(p.scalars.values[0]!, { name: 'rat' }),
    /values\/0 .*name "rat"/,
  ],
  ['RFF850', 'a sign of 2', (p) => Object.assign(p.tensors[0]!, { sign: 2 }), /sign must be one of 1, -1/],
  [
    'RFF850',
    'a part of c kept',
    (p) => Object.assign(first(p, 'gemm'), { beta: 0.5 }),
    /beta must be one of 0, 1/,
  ],
  ['RFF850', 'nothing kept', (p) => (first(p, 'dropout').keep = 0), /keep must be > 0/],
  [
    'RFF850',
    'a site that is none',
    (p) => (first(p, 'dropout').site = 2 ** 32),
    /site must be <= 4294967295/,
  ],
  [
    'RFF850',
    'an operator alone',
    (p) => Object.assign(p.kernels[0]!.nodes, { 0: ['neg'] }),
    /nodes\/0 must NOT have fewer/,
  ],
  [
    'RFF850',
    'a lookup within a lookup',
    (p) => Object.assign(lookedUp(p).lookup!.index, { lookup: { stride: 0, index: {} } }),
    /index .*`lookup`/,
  ],
  [
    'RFF850',
    'an output looked up',
    (p) => Object.assign(first(p, 'rows').outputs[0]!, { lookup: lookedUp(p).lookup }),
    /outputs\/0 .*`lookup`/,
  ],
  [
    'RFF850',
    'a hash that is none',
    (p) => (p.source = { sha256: 'abc', file: 'm.rff' }),
    /sha256 must match pattern/,
  ],
  ['RFF851', 'another version', (p) => Object.assign(p, { version: 1 }), /version 1.*reads version 2/],
  ['RFF851', 'no version', (p) => Reflect.deleteProperty(p, 'version'), /no version/],
  ['RFF330', 'a model of no layers', (p) => (p.model.layers = []), /^model: layers/],
  ['RFF203', 'a model without its layer', (p) => (p.model.connections[0]!.source = 'c'), /^model: .*`c`/],
  [
    'RFF852',
    'an arena twice',
    (p) => (p.arenas[5] = { ...p.arenas[0]! }),
    /arenas\/5: there are two arenas `constants`/,
  ],
  ['RFF852', 'an arena missing', (p) => p.arenas.pop(), /there is no arena `scratch`/],
  [
    'RFF852',
    'an arena of parts of blocks',
    (p) => (p.arenas[1]!.bytes -= 4),
    /arenas\/1: \d+ bytes are no multiple/,
  ],
  ['RFF852', 'arenas without end', (p) => (p.arenas[3]!.bytes = 2 ** 40), /more than 2\^40/],
  [
    'RFF852',
    'a buffer off its block',
    (p) => (p.buffers[2]!.offset += 16),
    /buffers\/2: starts at byte \d+, which is no multiple/,
  ],
  [
    'RFF852',
    'a part of a number',
    (p) => (p.buffers[2]!.bytes -= 2),
    /buffers\/2: has \d+ bytes, which are no whole/,
  ],
  [
    'RFF852',
    'a buffer behind its arena',
    (p) => (p.buffers.at(-1)!.offset += 2 ** 20),
    /ends at byte \d+ of the arena `\w+`, which has \d+/,
  ],
  [
    'RFF852',
    'a buffer longer than its arena',
    (p) => (p.buffers[0]!.bytes = 2 ** 20),
    /buffers\/0: ends at byte 1048576/,
  ],
  [
    'RFF854',
    'two inputs of one name',
    (p) => (p.kernels.find((k) => k.inputs.length > 1)!.inputs[1]!.name = 'i0'),
    /kernels\/\d+: two of its inputs/,
  ],
  [
    'RFF854',
    'no such input',
    (p) => (p.kernels[0]!.inputs[0]!.name = 'other'),
    /kernels\/0\/nodes\/\d+: there is no input `i0`/,
  ],
  [
    'RFF854',
    'no such operator',
    (p) => p.kernels[0]!.nodes.push(['system', 0]),
    /there is no operator `system`/,
  ],
  [
    'RFF854',
    'an operator of every object',
    (p) => p.kernels[0]!.nodes.push(['constructor', 0]),
    /there is no operator `constructor`/,
  ],
  [
    'RFF854',
    'too few arguments',
    (p) => p.kernels[0]!.nodes.push(['add', 0]),
    /`add` takes 2 arguments, not 1/,
  ],
  [
    'RFF854',
    'too many arguments',
    (p) => p.kernels[0]!.nodes.push(['exp', 0, 0]),
    /`exp` takes 1 arguments, not 2/,
  ],
  [
    'RFF854',
    'an argument that is itself',
    (p) => p.kernels[0]!.nodes.push(['exp', p.kernels[0]!.nodes.length]),
    /not a node before it/,
  ],
  [
    'RFF854',
    'an argument that comes later',
    (p) => p.kernels[0]!.nodes.unshift(['exp', 1]),
    /nodes\/0: an argument is not a node before it/,
  ],
  [
    'RFF854',
    'a number a row reduced',
    (p) => p.kernels[0]!.nodes.push(0, ['sum', p.kernels[0]!.nodes.length]),
    /`sum` reduces what is one number a row/,
  ],
  [
    'RFF854',
    'no such node',
    (p) => (p.kernels[0]!.outputs[0]!.node = 9999),
    /outputs\/0: there is no node 9999/,
  ],
  [
    'RFF854',
    'one number a row of many',
    (p) => (p.kernels[0]!.outputs[0]!.kind = 'row'),
    /outputs\/0: is one number a row, but/,
  ],
  [
    'RFF854',
    'an expression without end',
    (p) => {
      for (let i = 0; i < 2500; i++) p.kernels[0]!.nodes.push(['neg', p.kernels[0]!.nodes.length - 1]);
    },
    /nests more than 2048 operators/,
  ],
  [
    'RFF856',
    'a tensor twice',
    (p) => p.tensors.push(p.tensors[0]!),
    /`a\.image\.plain\.weight` is there twice/,
  ],
  [
    'RFF856',
    'fewer numbers than its shape has',
    (p) => (tensorOf(p, 'predict/x').regions.length = 1),
    /`predict\/x` is \[2, 2, 5\], and its regions are not/,
  ],
  [
    'RFF856',
    'other columns than its shape has',
    (p) => Object.assign(tensorOf(p, 'b.a.plain.weight').regions[0]!, { rows: 6, cols: 7 }),
    /`b\.a\.plain\.weight` is \[7, 6\]/,
  ],
  [
    'RFF856',
    'turned over, and stored as it is',
    (p) => (tensorOf(p, 'b.a.plain.weight').transposed = true),
    /is \[7, 6\], and its regions are not/,
  ],
  [
    'RFF856',
    'a column in two parts',
    (p) => {
      const { regions } = tensorOf(p, 'b.a.plain.bias');
      const [r] = regions;
      regions.splice(0, 1, { ...r!, rows: 5 }, { ...r!, rows: 1, cols: 2 });
    },
    /`b\.a\.plain\.bias` is \[7\]/,
  ],
  [
    'RFF856',
    'rows over one another',
    (p) => (tensorOf(p, 'x').regions[1]!.stride = 2),
    /regions\/1: its rows of 5 numbers are 2 apart/,
  ],
  [
    'RFF856',
    'a parameter among activities',
    (p) => (tensorOf(p, 'b.a.plain.weight').regions[0]!.buffer = bufferIn(p, 'activities')),
    /is parameter, and lies outside of the arena `parameters`/,
  ],
  [
    'RFF856',
    'an input among parameters',
    (p) => (tensorOf(p, 'negative_draw').regions[0]!.buffer = bufferIn(p, 'parameters')),
    /is input, and lies outside of the arena `io`/,
  ],
  [
    'RFF856',
    'classes with a sign',
    (p) => (tensorOf(p, 'y').sign = -1),
    /`y` has class indices, which are not stored with a sign/,
  ],
  [
    'RFF856',
    'parameters that are classes',
    (p) => (tensorOf(p, 'a.image.plain.weight').type = 'i32'),
    /has class indices/,
  ],
  [
    'RFF856',
    'more scalars than room',
    (p) => p.scalars.values.push({ name: 'rate' }),
    /scalars: \d+ numbers do not fit/,
  ],
  ['RFF856', 'scalars and no room', (p) => (p.scalars.region = null), /scalars: \d+ numbers do not fit/],
  [
    'RFF856',
    'scalars among activities',
    (p) => (p.scalars.region!.buffer = bufferIn(p, 'activities')),
    /scalars: lies outside of the arena `io`/,
  ],
  ['RFF857', 'other classes', (p) => (p.classes = 4), /classes: are 4, and the model's 3/],
  ['RFF857', 'other layers', (p) => p.layers.reverse(), /layers: are b,a, and the model's a,b/],
  ['RFF857', 'other steps', (p) => (p.model.phases[1]!.steps = 3), /learnSteps: are 2, and the model's 3/],
  [
    'RFF857',
    'a tensor missing',
    (p) =>
      p.tensors.splice(
        p.tensors.findIndex((t) => t.name === 'y'),
        1,
      ),
    /there is no input `y` \[3\] of i32/,
  ],
  [
    'RFF857',
    'another batch',
    (p) => (p.batch = 2),
    /`x` is input \[2, 3, 5\] of f32, not input `x` \[2, 2, 5\]/,
  ],
  [
    'RFF857',
    'labels that are numbers',
    (p) => (tensorOf(p, 'y').type = 'f32'),
    /`y` is input \[3\] of f32, not/,
  ],
  [
    'RFF857',
    'an output that is an input',
    (p) => (tensorOf(p, 'loss').role = 'input'),
    /`loss` is input \[2, 2\]/,
  ],
  [
    'RFF857',
    'a parameter of nobody',
    (p) => (tensorOf(p, 'b.b.noisy.bias').name = 'b.b.noisy.offset'),
    /`b\.b\.noisy\.offset` is a parameter, and none of the model's/,
  ],
  [
    'RFF857',
    'a state by another name',
    (p) => (tensorOf(p, 'optimizer/classifier.weight/exp_avg').name = 'optimizer/h9.weight/exp_avg'),
    /is the state of no parameter/,
  ],
  [
    'RFF857',
    'a state of nobody',
    (p) => (tensorOf(p, 'optimizer/classifier.weight/exp_avg').parameter = 'h9.weight'),
    /is the state of no parameter/,
  ],
  [
    'RFF857',
    'a parameter that says it is another',
    (p) => (tensorOf(p, 'classifier.weight').parameter = 'a.image.plain.weight'),
    /is a parameter, and none of the model's/,
  ],
  [
    'RFF857',
    'a state of another shape',
    (p) => (tensorOf(p, 'optimizer/b.a.plain.bias/exp_avg').shape = [1, 7]),
    /is the state of no parameter/,
  ],
  [
    'RFF857',
    'a state of nobody',
    (p) => (tensorOf(p, 'optimizer/classifier.weight/exp_avg').parameter = 'h9.weight'),
    /is the state of no parameter/,
  ],
  [
    'RFF857',
    'a parameter that says it is another',
    (p) => (tensorOf(p, 'classifier.weight').parameter = 'a.image.plain.weight'),
    /is a parameter, and none of the model's/,
  ],
  [
    'RFF857',
    'products of no layer',
    (p) => p.naive.predict.push([1, 1, 1, 1]),
    /naive\/predict: has 3 products, and the model 2 layers/,
  ],
  [
    'RFF857',
    'products without end',
    (p) => (p.naive.train[1]![3] = 2 ** 40),
    /naive\/train\/1: 1099511627776 products/,
  ],
  [
    'RFF857',
    'products beyond the model',
    (p) => (p.naive.predict[0]![0] = 2 ** 20),
    /naive\/predict\/0: .* 1048576 × /,
  ],
];

describe('every way to be wrong', () => {
  test.each(corruptions)('%s: %s', (code, _, change, message) => {
    const result = validatePlan(corrupted(change), 'a.plan.json');
    expect('plan' in result).toBe(false);
    const said = result.diagnostics.filter((d) => d.code === code && message.test(d.message));
    expect(said, JSON.stringify(result.diagnostics)).not.toEqual([]);
    for (const d of said) expect(d).toMatchObject({ severity: 'error', file: 'a.plan.json' });
  });

  test.each([null, undefined, 3, 'plan', [[]], [[{}]], {}, { rffc: 1 }])('%j is no plan', (other) => {
    const [said] = validatePlan(other).diagnostics;
    expect(said?.code).toBe('RFF850');
    expect(said?.hint).toMatch(/rffc compile/);
  });

  test('is told at most twenty times', () => {
    const { diagnostics } = validatePlan(corrupted((p) => p.buffers.map((b) => (b.offset += 1))));
    expect(diagnostics).toHaveLength(20);
  });
});
