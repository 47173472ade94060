/** Where exposed tensors are stored: packed with their neighbours, with signs, transposed, or separately. */
import { describe, expect, test } from 'vitest';
import { PlayerSession } from '../../test/support/player.js';
import { chain, everyKind, graphOf, type ModelParts } from '../../test/support/small-plans.js';
import { buildPlan } from '../build.js';
import type { Plan } from '../plan/plan.js';

const planOf = (parts: ModelParts, without: Parameters<typeof buildPlan>[1] = {}): Plan =>
  buildPlan(graphOf(parts, { frames: 2 }), without).plan;
const tensor = (plan: Plan, name: string) => plan.tensors.find((t) => t.name === name)!;
const bufferName = (plan: Plan, name: string) => plan.buffers[tensor(plan, name).regions[0]!.buffer]!.name;

const signed: ModelParts = {
  types: 'connection minus { sign: -1 }',
  network: `
    layer a[6] { }
    connect image -> a as plain
    connect a -> a as minus
    connect digit -> a as minus`,
  optimizer: 'adam(lr: 0.1)',
};
const plan = planOf(signed);

describe('parameters', () => {
  test('of a pack are side by side in one matrix, each bias after its weights', () => {
    const place = (name: string) => {
      const { buffer, ...rest } = tensor(plan, name).regions[0]!;
      return [plan.buffers[buffer]!.name, rest];
    };
    // image: 5 columns, the bias, padding; then a's.
    expect(place('a.image.plain.weight')).toEqual(['pack/a/0', { offset: 0, rows: 6, cols: 5, stride: 16 }]);
    expect(place('a.image.plain.bias')).toEqual(['pack/a/0', { offset: 5, rows: 6, cols: 1, stride: 16 }]);
    expect(place('a.a.minus.weight')).toEqual(['pack/a/0', { offset: 8, rows: 6, cols: 6, stride: 16 }]);
    expect(place('a.a.minus.bias')).toEqual(['pack/a/0', { offset: 14, rows: 6, cols: 1, stride: 16 }]);
  });

  test('of the label are stored transposed, a row per class, followed by the bias', () => {
    const weight = tensor(plan, 'a.digit.minus.weight');
    expect(weight).toMatchObject({
      shape: [6, 3],
      transposed: true,
      regions: [{ rows: 3, cols: 6, stride: 8 }],
    });
    const bias = tensor(plan, 'a.digit.minus.bias');
    expect(bias).toMatchObject({ transposed: false, regions: [{ offset: 24, rows: 1, cols: 6 }] });
  });

  test(
    'are stored with the sign of their connection, and so are averages of the gradient, but not of its ' +
      'square',
    () => {
      const sign = (name: string) => tensor(plan, name).sign;
      expect(sign('a.image.plain.weight')).toBe(1);
      expect(sign('a.a.minus.weight')).toBe(-1);
      expect(sign('optimizer/a.a.minus.bias/exp_avg')).toBe(-1);
      expect(sign('optimizer/a.a.minus.bias/exp_avg_sq')).toBe(1);
    },
  );

  test('have a matrix each if nothing is packed', () => {
    const apart = planOf(signed, { without: ['slots', 'label-gather'] });
    const owners = apart.tensors.filter((t) => t.role === 'parameter' || t.role === 'state');
    expect(new Set(owners.map((t) => t.regions[0]!.buffer)).size).toBe(owners.length);
    for (const t of owners) expect([t.sign, t.transposed, t.regions[0]!.offset]).toEqual([1, false, 0]);
    expect(tensor(apart, 'a.a.minus.bias').regions[0]).toMatchObject({ rows: 1, cols: 6, stride: 8 });
  });

  test('are read back as written, without overlaps between tensors', async () => {
    for (const parts of [signed, chain, everyKind]) {
      const session = new PlayerSession(planOf(parts));
      const written = new Map(
        session.tensors
          .filter((t) => t.role !== 'output')
          .map((t, k) => {
            const size = t.shape.reduce((n, d) => n * d, 1);
            return [t.name, Float32Array.from({ length: size }, (_, i) => 1000 * k + i + 1)] as const;
          }),
      );
      for (const [name, values] of written) session.write(name, values);
      for (const [name, values] of written) expect(await session.read(name), name).toEqual(values);
    }
  });
});

describe('a batch', () => {
  test('has its labels adjacent, positive ones first', () => {
    const [y, negative] = ['y', 'y_negative'].map((n) => tensor(plan, n).regions[0]!);
    expect(y).toMatchObject({ offset: 0, rows: 3, cols: 1, stride: 1 });
    expect(negative).toEqual({ ...y, offset: 3 });
  });

  test('has a matrix per frame, with a column of ones written at load', () => {
    const { regions } = tensor(plan, 'x');
    expect(regions).toHaveLength(2);
    for (const r of regions) expect(r).toMatchObject({ offset: 0, rows: 3, cols: 5, stride: 8 });
    const ones = plan.programs.load.filter(
      (l) => l.kind === 'fill' && l.value === 1 && l.output.offset === 5,
    );
    expect(ones.map((l) => l.kind === 'fill' && l.output.buffer)).toEqual(
      [...regions, ...tensor(plan, 'predict/x').regions].map((r) => r.buffer),
    );
  });

  test('has no ones if it is normalized first, or if there are no slots', () => {
    const ones = (p: Plan) =>
      p.programs.load.filter(
        (l) => l.kind === 'fill' && l.output.buffer === tensor(p, 'x').regions[0]!.buffer,
      );
    expect(ones(plan)).toHaveLength(1);
    expect(ones(planOf({ ...signed, input: '{ normalize: 2 * h }' }))).toEqual([]);
    expect(ones(planOf(signed, { without: ['slots'] }))).toEqual([]);
  });

  test('has its results where the host reads them, densely', () => {
    expect(tensor(plan, 'loss').regions).toEqual([expect.objectContaining({ rows: 1, cols: 1, stride: 1 })]);
    const goodness = tensor(planOf(chain), 'predict/goodness');
    expect(goodness.regions).toEqual([expect.objectContaining({ rows: 2, cols: 3, stride: 3, offset: 0 })]);
    expect(bufferName(plan, 'loss')).toBe('loss');
  });
});

describe('scalars', () => {
  test('each exist once, however many values read them', () => {
    const { values, region } = plan.scalars;
    expect(new Set(values.map((v) => JSON.stringify(v))).size).toBe(values.length);
    expect(values.map((v) => v.name).sort()).toEqual(['bias_correction', 'bias_correction', 'rate']);
    expect(region).toMatchObject({ rows: 1, cols: 3 });
    expect(plan.buffers[region!.buffer]).toMatchObject({ name: 'scalars', arena: 'io', bytes: 12 });
  });

  test('do not exist if nothing learns', () => {
    const still = { ...signed, schedule: 'phase look[1] { label: given, learn: off }' };
    expect(planOf(still).scalars).toEqual({ values: [], region: null });
  });
});
