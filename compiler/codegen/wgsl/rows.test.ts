/** Row kernels in WGSL against a plain evaluation of their nodes, in every way that threads may share rows. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apart, checkRows, inPlace, type PlayRows } from '../../../test/support/kernels.js';
import { describeUnless } from '../../../test/support/needs.js';
import { layerStep } from '../../../test/support/wat-kernels.js';
import { heapAddress, least, Machine, noDevice, planOf, ways } from '../../../test/support/wgsl-kernels.js';
import type { RowsKernel, RowsLaunch } from '../../plan/plan.js';
import { shaderFor, type WgslOptions } from './index.js';

const shaders = (kernel: RowsKernel, launch: RowsLaunch, options: Partial<WgslOptions> = {}) =>
  shaderFor(launch, planOf([kernel], [launch]), heapAddress, { ...least, ...options });

describeUnless(noDevice, 'row kernels on a device', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await Machine.open();
  });
  afterAll(() => machine.close());

  const play =
    (options: Partial<WgslOptions>): PlayRows =>
    (kernel, launch, heap) =>
      machine.run(heap, shaders(kernel, launch, machine.able(options)));

  // What meets in workgroup memory takes a software adapter long to compile.
  const runs = { 'each alone': 40, 'through workgroup memory': 12, 'in subgroups': 12 } as const;

  describe.each(Object.keys(ways) as (keyof typeof ways)[])('%s', (way) => {
    it('agree with a plain evaluation', async () => {
      await fc.assert(
        fc.asyncProperty(apart, (test) => checkRows(test, play(ways[way]))),
        { numRuns: runs[way] },
      );
    });

    it('may write any element output over an element input', async () => {
      await fc.assert(
        fc.asyncProperty(inPlace, (test) => checkRows(test, play(ways[way]))),
        { numRuns: runs[way] },
      );
    });

    // Threads with one group and with several, workgroups with a row and with several.
    it.each([60, 201, 1100])('do a layer step of %i units in place', async (units) => {
      const where = new Map([
        [0, 1],
        [2, 0],
      ]);
      const modes = ['plain', 'plain', 'by variant'] as const;
      const test = { kernel: layerStep(units), variants: 2, samples: 5, modes, inPlace: where };
      await checkRows(test, play(ways[way]));
    });
  });

  it('compute row values alone, without any sweep', async () => {
    const kernel: RowsKernel = {
      kind: 'rows',
      name: 'scalars',
      units: 1,
      inputs: [
        { name: 'x', kind: 'row' },
        { name: 'y', kind: 'row' },
      ],
      nodes: ['x', 'y', 2, ['mul', 0, 2], ['add', 3, 1], ['sum', 4], ['gt', 0, 1]],
      outputs: [
        { node: 5, kind: 'row', tail: [7] },
        { node: 6, kind: 'row', tail: [] },
      ],
    };
    const test = { kernel, variants: 2, samples: 3, modes: ['plain', 'lookup'], inPlace: new Map() } as const;
    await checkRows(test, play({}));
  });

  it('fold workgroups into several dimensions where one is too short', async () => {
    const test = {
      kernel: layerStep(24),
      variants: 1,
      samples: 30,
      modes: ['plain', 'plain', 'one'],
    } as const;
    await checkRows({ ...test, inPlace: new Map() }, play({ maxWorkgroupsPerDimension: 3 }));
  });
});

describe('the text of a row kernel', () => {
  const kernel = layerStep(8);
  /** Row matrices far apart. */
  const view = (place: number, stride = 16) => ({
    ...{ buffer: 0, offset: 2 ** 16 * place, variantStride: 0, sampleStride: stride },
  });
  const launch = (change: Partial<RowsLaunch> = {}): RowsLaunch => ({
    kind: 'rows',
    kernel: 0,
    variants: 1,
    samples: 5,
    inputs: [view(0), view(1), view(2, 1)],
    outputs: [view(3), view(4), view(5), view(6, 1), view(7, 1)],
    ...change,
  });
  const only = (l: RowsLaunch, options?: Partial<WgslOptions>) => shaders(kernel, l, options)[0]!;

  it('is the same for launches that differ in places and sizes only', () => {
    const other = launch({ samples: 900, inputs: [view(8), view(9, 32), view(10, 1)] });
    expect(only(other).key).toBe(only(launch()).key);
    expect(only(other).params).not.toEqual(only(launch()).params);
    expect(only(other).workgroups).not.toEqual(only(launch()).workgroups);
  });

  it('meets in workgroup memory only where that pays', () => {
    const wide = layerStep(400);
    const text = (options: Partial<WgslOptions>) => shaders(wide, launch(), options)[0]!.code;
    expect(text(ways['each alone'])).not.toMatch(/workgroupBarrier|subgroup/);
    expect(text(ways['through workgroup memory'])).toContain('workgroupBarrier');
    expect(text(ways['in subgroups'])).toContain('subgroupAdd');
  });

  it('refuses what no dispatch can hold', () => {
    expect(() => only(launch({ samples: 5000 }), { maxWorkgroupsPerDimension: 3 })).toThrow(
      'more than a dispatch',
    );
    const lookup = { stride: 8, index: { ...view(0), lookup: { stride: 1, index: view(0) } } };
    const inputs = [view(0), view(1), { ...view(2, 0), lookup }];
    expect(() => only(launch({ inputs }))).toThrow('itself looked up');
    const outputs = launch().outputs.map((v) => ({ ...v, lookup: { stride: 8, index: view(0) } }));
    expect(() => only(launch({ outputs }))).toThrow('an output whose place is looked up');
  });
});
