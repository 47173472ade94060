/** Plans from elsewhere: valid ones are accepted, and what is wrong with others is reported, with its path. */
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

test('accepts a plan that went through JSON', () => {
  const result = validatePlan(planDraft(), 'a.plan.json');
  expect(result).toEqual({ plan: planDraft(), diagnostics: [] });
});

test('returns the warnings about a model with its plan', () => {
  const blind = corrupted((p) => {
    p.model.connections = p.model.connections.filter((c) => c.source !== 'image');
    p.tensors = p.tensors.filter((t) => !t.name.includes('.image.'));
  });
  const result = validatePlan(blind, 'a.plan.json');
  expect('plan' in result).toBe(true);
  expect(result.diagnostics).toMatchObject([{ severity: 'warning', file: 'a.plan.json' }]);
});

test('the schema is strict in every keyword', () => {
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
    'a missing property',
    (p) => Reflect.deleteProperty(p, 'kernels'),
    /the plan lacks .* `kernels`/,
  ],
  ['RFF850', 'an unknown property', (p) => Object.assign(p.buffers[0]!, { more: 1 }), /buffers\/0 .* `more`/],
  ['RFF850', 'a text instead of a number', (p) => Object.assign(p, { batch: '3' }), /batch must be integer/],
  ['RFF850', 'an empty batch', (p) => (p.batch = 0), /batch must be >= 1/],
  ['RFF850', 'a fraction', (p) => (p.buffers[1]!.offset = 0.5), /buffers\/1\/offset must be integer/],
  ['RFF850', 'an offset before its buffer', (p) => (lookedUp(p).offset = -4), /offset must be >= 0/],
  [
    'RFF850',
    'an unknown arena',
    (p) => Object.assign(p.arenas[0]!, { name: 'heap' }),
    /arenas\/0\/name must be one of/,
  ],
  [
    'RFF850',
    'an unknown launch',
    (p) => Object.assign(p.programs.train[0]!, { kind: 'jump' }),
    /train\/0 .*kind "jump"/,
  ],
  [
    'RFF850',
    'a launch without a kind',
    (p) => Reflect.deleteProperty(p.programs.train[0]!, 'kind'),
    /train\/0 lacks .*`kind`/,
  ],
  [
    'RFF850',
    'a missing program',
    (p) => Reflect.deleteProperty(p.programs, 'predict'),
    /programs lacks .*`predict`/,
  ],
  [
    'RFF850',
    'scalars without a region',
    (p) => Object.assign(p.scalars, { region: {} }),
    /^scalars\/region lacks .*`buffer`$/,
  ],
  [
    'RFF850',
    'an unknown scalar',
    (p) => Object.assign(p.scalars.values[0]!, { name: 'rat' }),
    /values\/0 .*name "rat"/,
  ],
  ['RFF850', 'a sign of 2', (p) => Object.assign(p.tensors[0]!, { sign: 2 }), /sign must be one of 1, -1/],
  [
    'RFF850',
    'a part of c is kept',
    (p) => Object.assign(first(p, 'gemm'), { beta: 0.5 }),
    /beta must be one of 0, 1/,
  ],
  ['RFF850', 'nothing kept', (p) => (first(p, 'dropout').keep = 0), /keep must be > 0/],
  ['RFF850', 'an invalid site', (p) => (first(p, 'dropout').site = 2 ** 32), /site must be <= 4294967295/],
  [
    'RFF850',
    'an operator without arguments',
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
    'a looked-up output',
    (p) => Object.assign(first(p, 'rows').outputs[0]!, { lookup: lookedUp(p).lookup }),
    /outputs\/0 .*`lookup`/,
  ],
  [
    'RFF850',
    'an invalid hash',
    (p) => (p.source = { sha256: 'abc', file: 'm.rff' }),
    /sha256 must match pattern/,
  ],
  ['RFF851', 'a different version', (p) => Object.assign(p, { version: 1 }), /version 1.*expected version 2/],
  ['RFF851', 'no version', (p) => Reflect.deleteProperty(p, 'version'), /no version/],
  ['RFF330', 'a model without layers', (p) => (p.model.layers = []), /^model: layers/],
  [
    'RFF203',
    'a model without one of its layers',
    (p) => (p.model.connections[0]!.source = 'c'),
    /^model: .*`c`/,
  ],
  [
    'RFF852',
    'a duplicate arena',
    (p) => (p.arenas[5] = { ...p.arenas[0]! }),
    /arenas\/5: duplicate arena `constants`/,
  ],
  ['RFF852', 'a missing arena', (p) => p.arenas.pop(), /missing arena `scratch`/],
  [
    'RFF852',
    'an arena that is not a multiple of a block',
    (p) => (p.arenas[1]!.bytes -= 4),
    /arenas\/1: .* is not a multiple/,
  ],
  ['RFF852', 'huge arenas', (p) => (p.arenas[3]!.bytes = 2 ** 40), /maximum of 2\^40/],
  [
    'RFF852',
    'an unaligned buffer',
    (p) => (p.buffers[2]!.offset += 16),
    /buffers\/2: starts at byte \d+, which is not a multiple/,
  ],
  [
    'RFF852',
    'a fractional number of values',
    (p) => (p.buffers[2]!.bytes -= 2),
    /buffers\/2: has \d+ bytes, which is not a multiple of 4/,
  ],
  [
    'RFF852',
    'a buffer beyond its arena',
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
    'two inputs with the same name',
    (p) => (p.kernels.find((k) => k.inputs.length > 1)!.inputs[1]!.name = 'i0'),
    /kernels\/\d+: two of its inputs/,
  ],
  [
    'RFF854',
    'an unknown input',
    (p) => (p.kernels[0]!.inputs[0]!.name = 'other'),
    /kernels\/0\/nodes\/\d+: unknown input `i0`/,
  ],
  [
    'RFF854',
    'an unknown operator',
    (p) => p.kernels[0]!.nodes.push(['system', 0]),
    /unknown operator `system`/,
  ],
  [
    'RFF854',
    'an operator named after an object property',
    (p) => p.kernels[0]!.nodes.push(['constructor', 0]),
    /unknown operator `constructor`/,
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
    'a reduced scalar per row',
    (p) => p.kernels[0]!.nodes.push(0, ['sum', p.kernels[0]!.nodes.length]),
    /`sum` reduces a scalar per row/,
  ],
  [
    'RFF854',
    'an unknown node',
    (p) => (p.kernels[0]!.outputs[0]!.node = 9999),
    /outputs\/0: unknown node 9999/,
  ],
  [
    'RFF854',
    'a scalar per row from elements',
    (p) => (p.kernels[0]!.outputs[0]!.kind = 'row'),
    /outputs\/0: is a scalar per row, but/,
  ],
  [
    'RFF854',
    'a huge expression',
    (p) => {
      for (let i = 0; i < 2500; i++) p.kernels[0]!.nodes.push(['neg', p.kernels[0]!.nodes.length - 1]);
    },
    /nests more than 2048 operators/,
  ],
  [
    'RFF856',
    'a duplicate tensor',
    (p) => p.tensors.push(p.tensors[0]!),
    /`a\.image\.plain\.weight` is a duplicate/,
  ],
  [
    'RFF856',
    'fewer numbers than its shape has',
    (p) => (tensorOf(p, 'predict/x').regions.length = 1),
    /`predict\/x` has shape \[2, 2, 5\], which its regions do not match/,
  ],
  [
    'RFF856',
    'columns that do not match its shape',
    (p) => Object.assign(tensorOf(p, 'b.a.plain.weight').regions[0]!, { rows: 6, cols: 7 }),
    /`b\.a\.plain\.weight` has shape \[7, 6\]/,
  ],
  [
    'RFF856',
    'marked as transposed, but not stored so',
    (p) => (tensorOf(p, 'b.a.plain.weight').transposed = true),
    /has shape \[7, 6\], which its regions do not match/,
  ],
  [
    'RFF856',
    'a column in two parts',
    (p) => {
      const { regions } = tensorOf(p, 'b.a.plain.bias');
      const [r] = regions;
      regions.splice(0, 1, { ...r!, rows: 5 }, { ...r!, rows: 1, cols: 2 });
    },
    /`b\.a\.plain\.bias` has shape \[7\]/,
  ],
  [
    'RFF856',
    'overlapping rows',
    (p) => (tensorOf(p, 'x').regions[1]!.stride = 2),
    /regions\/1: its rows of 5 numbers are 2 apart/,
  ],
  [
    'RFF856',
    'a parameter among activities',
    (p) => (tensorOf(p, 'b.a.plain.weight').regions[0]!.buffer = bufferIn(p, 'activities')),
    /has the role parameter, but is outside the arena `parameters`/,
  ],
  [
    'RFF856',
    'an input among parameters',
    (p) => (tensorOf(p, 'negative_draw').regions[0]!.buffer = bufferIn(p, 'parameters')),
    /has the role input, but is outside the arena `io`/,
  ],
  [
    'RFF856',
    'classes with a sign',
    (p) => (tensorOf(p, 'y').sign = -1),
    /`y` has class indices, which cannot be negated/,
  ],
  [
    'RFF856',
    'parameters that are classes',
    (p) => (tensorOf(p, 'a.image.plain.weight').type = 'i32'),
    /has class indices/,
  ],
  [
    'RFF856',
    'more scalars than fit',
    (p) => p.scalars.values.push({ name: 'rate' }),
    /scalars: \d+ numbers do not fit/,
  ],
  ['RFF856', 'scalars without room', (p) => (p.scalars.region = null), /scalars: \d+ numbers do not fit/],
  [
    'RFF856',
    'scalars among activities',
    (p) => (p.scalars.region!.buffer = bufferIn(p, 'activities')),
    /scalars: is outside the arena `io`/,
  ],
  ['RFF857', 'different classes', (p) => (p.classes = 4), /classes: are 4, but the model has 3/],
  ['RFF857', 'different layers', (p) => p.layers.reverse(), /layers: are b,a, but the model has a,b/],
  [
    'RFF857',
    'different steps',
    (p) => (p.model.phases[1]!.steps = 3),
    /learnSteps: are 2, but the model has 3/,
  ],
  [
    'RFF857',
    'a missing tensor',
    (p) =>
      p.tensors.splice(
        p.tensors.findIndex((t) => t.name === 'y'),
        1,
      ),
    /missing input `y` \[3\] of i32/,
  ],
  [
    'RFF857',
    'a different batch',
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
    'a parameter that the model does not have',
    (p) => (tensorOf(p, 'b.b.noisy.bias').name = 'b.b.noisy.offset'),
    /`b\.b\.noisy\.offset` is not a parameter of the model/,
  ],
  [
    'RFF857',
    'a state with a different name',
    (p) => (tensorOf(p, 'optimizer/classifier.weight/exp_avg').name = 'optimizer/h9.weight/exp_avg'),
    /is a state without a parameter/,
  ],
  [
    'RFF857',
    'a state without a parameter',
    (p) => (tensorOf(p, 'optimizer/classifier.weight/exp_avg').parameter = 'h9.weight'),
    /is a state without a parameter/,
  ],
  [
    'RFF857',
    'a parameter with the identity of another',
    (p) => (tensorOf(p, 'classifier.weight').parameter = 'a.image.plain.weight'),
    /is not a parameter of the model/,
  ],
  [
    'RFF857',
    'a state with a different shape',
    (p) => (tensorOf(p, 'optimizer/b.a.plain.bias/exp_avg').shape = [1, 7]),
    /is a state without a parameter/,
  ],
  [
    'RFF857',
    'a state of an unknown parameter',
    (p) => (tensorOf(p, 'optimizer/classifier.weight/exp_avg').parameter = 'h9.weight'),
    /is a state without a parameter/,
  ],
  [
    'RFF857',
    'a parameter with the identity of another',
    (p) => (tensorOf(p, 'classifier.weight').parameter = 'a.image.plain.weight'),
    /is not a parameter of the model/,
  ],
  [
    'RFF857',
    'products without a layer',
    (p) => p.naive.predict.push([1, 1, 1, 1]),
    /naive\/predict: has 3 products, but the model has 2 layers/,
  ],
  [
    'RFF857',
    'huge products',
    (p) => (p.naive.train[1]![3] = 2 ** 40),
    /naive\/train\/1: 1099511627776 products/,
  ],
  [
    'RFF857',
    'products larger than the model',
    (p) => (p.naive.predict[0]![0] = 2 ** 20),
    /naive\/predict\/0: .* 1048576 × /,
  ],
];

describe('rejects a plan with', () => {
  test.each(corruptions)('%s: %s', (code, _, change, message) => {
    const result = validatePlan(corrupted(change), 'a.plan.json');
    expect('plan' in result).toBe(false);
    const said = result.diagnostics.filter((d) => d.code === code && message.test(d.message));
    expect(said, JSON.stringify(result.diagnostics)).not.toEqual([]);
    for (const d of said) expect(d).toMatchObject({ severity: 'error', file: 'a.plan.json' });
  });

  test.each([null, undefined, 3, 'plan', [[]], [[{}]], {}, { rffc: 1 }])('%j is not a plan', (other) => {
    const [said] = validatePlan(other).diagnostics;
    expect(said?.code).toBe('RFF850');
    expect(said?.hint).toMatch(/rffc compile/);
  });

  test('reports at most twenty errors', () => {
    const { diagnostics } = validatePlan(corrupted((p) => p.buffers.map((b) => (b.offset += 1))));
    expect(diagnostics).toHaveLength(20);
  });
});
