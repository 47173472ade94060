/** Row kernels of every division of rows among threads, on the host, against the plan played plainly. */
import { expect, it } from 'vitest';
import { compilerFor, differences, HostSession, PlanDraft } from '../../../test/support/cuda-kernels.js';
import { testUnless } from '../../../test/support/needs.js';
import { PlayerSession } from '../../../test/support/player.js';
import { layerStep } from '../../../test/support/wat-kernels.js';
import { type Operator, operators } from '../../expr/operators.js';
import type { ExpressionNode, RowsKernel, RowsView } from '../../plan/plan.js';
import { cudaModule, launchOf } from './index.js';

const gpp = compilerFor('CXX', 'g++');
const padded = (n: number): number => 4 * Math.ceil(n / 4);

type Mode = 'plain' | 'by variant' | 'by sample' | 'one' | 'lookup';
interface Case {
  readonly kernel: RowsKernel;
  readonly variants: number;
  readonly samples: number;
  /** Of each input. */
  readonly modes: readonly Mode[];
  /** Which output runs in place of which input. */
  readonly inPlace?: Readonly<Record<number, number>>;
  /** Whether NaN may be met: where the first input has one. */
  readonly notANumber?: boolean;
}

/** Lays a case out, its launch behind those that are there, with NaN in all padding and guards behind every row. */
function lay(draft: PlanDraft, test: Case): void {
  const { kernel, variants, samples, modes, inPlace = {}, notANumber } = test;
  const rows = variants * samples;
  const index = draft.kernels.push(kernel) - 1;
  const shared = (i: number) => Object.values(inPlace).includes(i);
  const wide = Object.keys(inPlace).map((o) => kernel.outputs[Number(o)]!.tail.length);
  const room = Math.max(0, ...wide);
  const inputs = kernel.inputs.map(({ kind, name }, i): RowsView => {
    const cols = kind === 'row' ? 1 : kernel.units;
    const mode = modes[i]!;
    const counts = {
      plain: rows,
      'by variant': variants,
      'by sample': samples,
      one: 1,
      lookup: draft.classes,
    };
    const count = counts[mode];
    const stride = padded(cols + (shared(i) ? room : 0)) + 4;
    const label = `${index}: ${kernel.name}, in ${name}`;
    const buffer = draft.buffer(label, count * stride);
    draft.tensor(label, { buffer, offset: 0, rows: count, cols, stride });
    if (notANumber && i === 0) draft.put({ buffer, offset: 0, rows: count, cols: 1, stride }, Number.NaN);
    const view = (variantStride: number, sampleStride: number): RowsView => ({
      ...{ buffer, offset: 0, variantStride, sampleStride },
    });
    if (mode === 'plain') return view(samples * stride, stride);
    if (mode === 'by variant') return view(stride, 0);
    if (mode === 'by sample') return view(0, stride);
    if (mode === 'one') return view(0, 0);
    const classes = draft.indices(`${label}, classes`, rows);
    const at: RowsView = { buffer: classes, offset: 0, variantStride: samples, sampleStride: 1 };
    return { ...view(0, 0), lookup: { stride, index: at } };
  });
  const outputs = kernel.outputs.map(({ kind, tail }, o): RowsView => {
    const cols = (kind === 'row' ? 1 : kernel.units) + tail.length;
    const label = `${index}: ${kernel.name}, out ${o}`;
    const input = inPlace[o];
    const stride = input === undefined ? padded(cols) + 4 : inputs[input]!.sampleStride;
    const buffer = input === undefined ? draft.buffer(label, rows * stride) : inputs[input]!.buffer;
    draft.tensor(label, { buffer, offset: 0, rows, cols, stride });
    draft.guard(`${label}, behind`, { buffer, offset: stride - 4, rows, cols: 4, stride });
    return { buffer, offset: 0, variantStride: samples * stride, sampleStride: stride };
  });
  draft.launches.push({ kind: 'rows', kernel: index, variants, samples, inputs, outputs });
}

function kernelOf(
  name: string,
  units: number,
  nodes: ExpressionNode[],
  outputs: readonly (readonly [node: number, kind: 'element' | 'row', ...tail: number[]])[],
): RowsKernel {
  const kinds = { x: 'element', y: 'element', r: 'row', q: 'row' } as const;
  const inputs = Object.entries(kinds).flatMap(([key, kind]) =>
    nodes.includes(key) ? [{ name: key, kind }] : [],
  );
  return {
    ...{ kind: 'rows', name, units, nodes, inputs },
    outputs: outputs.map(([node, kind, ...tail]) => ({ node, kind, tail })),
  };
}

/**
 * One round and more, whole and partial last vectors, a thread and a warp and a block a row, written out and looped.
 */
const sizes = [1, 4, 7, 16, 100, 129, 200, 201, 250, 300, 700, 1500, 2001, 4100, 17001];

function* cases(): Generator<Case> {
  for (const units of sizes) {
    const step = layerStep(units);
    const common = { kernel: step, variants: 2, samples: 3 } as const;
    yield { ...common, modes: ['plain', 'plain', 'by variant'], inPlace: { 0: 1, 2: 0 } };
    yield { ...common, variants: 1, modes: ['plain', 'lookup', 'by sample'] };
    // Keeps what is dear, finds a maximum, and reduces what it has reduced before.
    const softmax: ExpressionNode[] = [
      ...(['x', ['amax', 0], ['sub', 0, 1], ['exp', 2], ['sum', 3], ['div', 3, 4]] as const),
      ...([['mean', 5], ['sub', 5, 6], ['mul', 7, 7], ['mean', 8], units, ['mul', 9, 10]] as const),
    ];
    const kernel = kernelOf('softmax', units, softmax, [
      ...([
        [5, 'element', 1, 0, 0.5],
        [11, 'row', 7],
        [7, 'element'],
      ] as const),
      [1, 'element'],
    ]);
    yield { kernel, variants: 3, samples: 2, modes: ['plain'], inPlace: { 0: 0 } };
    yield { kernel, variants: 1, samples: 5, modes: ['by sample'] };
  }
  for (const units of [3, 16, 40, 90, 700]) {
    // A row's number changes beside the units that are made with it, with a reduction and without one.
    const scaled: ExpressionNode[] = ['x', 'r', ['mul', 0, 1], 3, ['mul', 1, 3]];
    const flat = kernelOf('scaled', units, scaled, [
      [2, 'element'],
      [4, 'row'],
    ]);
    yield { kernel: flat, variants: 2, samples: 4, modes: ['plain', 'plain'], inPlace: { 1: 1 } };
    const moved: ExpressionNode[] = ['x', 'r', ['mul', 0, 1], ['mean', 2], ['add', 3, 1], ['sub', 2, 3]];
    const reduced = kernelOf('moved', units, moved, [
      [5, 'element'],
      [4, 'row'],
    ]);
    yield { kernel: reduced, variants: 1, samples: 5, modes: ['plain', 'plain'], inPlace: { 1: 1 } };
  }
  const scalars: ExpressionNode[] = ['r', 'q', 2, ['mul', 0, 2], ['add', 3, 1], ['sum', 4], ['gt', 0, 1]];
  const alone = kernelOf('scalars', 5, scalars, [
    [5, 'row', 7],
    [6, 'row'],
  ]);
  yield { kernel: alone, variants: 2, samples: 3, modes: ['plain', 'lookup'] };
  for (const [op, { kind, arity }] of Object.entries(operators) as [
    Operator,
    (typeof operators)[Operator],
  ][]) {
    if (kind === 'reduce') continue;
    const nodes: ExpressionNode[] = ['x', 'y', 'r', 'q', 0.75];
    const push = (...args: number[]) => nodes.push([op, ...args.slice(0, arity)]) - 1;
    const kernel = kernelOf(op, 9, nodes, [
      ...([
        [push(0, 1, 2), 'element'],
        [push(2, 1, 3), 'element'],
      ] as const),
      ...([
        [push(0, 2, 1), 'element'],
        [push(2, 3, 4), 'row'],
        [push(4, 3, 0), 'element'],
      ] as const),
    ]);
    yield { kernel, variants: 1, samples: 7, modes: ['plain', 'plain', 'plain', 'plain'], notANumber: true };
  }
}

testUnless(gpp ? undefined : 'g++ was not found', 'agree with a plain evaluation on the host', async () => {
  const draft = new PlanDraft();
  for (const test of cases()) lay(draft, test);
  const plan = draft.plan();
  const host = new HostSession(gpp!, plan);
  const player = new PlayerSession(plan);
  for (const session of [host, player]) {
    draft.fill(session);
    await session.run('train', { epoch: 0, batch: 0, trained: 0, rate: 1 });
  }
  expect(await differences(host, player, 1e-5)).toEqual([]);
});

/** A plan of one launch of `x * r`. */
function scaledPlan(change: Partial<RowsView> = {}) {
  const draft = new PlanDraft();
  const kernel = kernelOf('scaled', 6, ['x', 'r', ['mul', 0, 1]], [[2, 'element']]);
  lay(draft, { kernel, variants: 2, samples: 3, modes: ['plain', 'by sample'] });
  const [launch] = draft.launches;
  if (launch?.kind !== 'rows') throw new Error('not a rows launch');
  const changed = { ...launch, inputs: [{ ...launch.inputs[0]!, ...change }, launch.inputs[1]!] };
  draft.launches[0] = changed;
  return { plan: draft.plan(), launch: changed };
}

it('launches with addresses and steps in the order of the parameters', () => {
  const { plan, launch } = scaledPlan();
  expect(launchOf(launch, plan, (buffer) => 4096n * BigInt(buffer + 1))).toEqual({
    ...{ function: 'rows_0', grid: [1, 1, 1], block: [256, 1, 1], sharedBytes: 0 },
    args: [
      ...[
        { type: 'u32', value: 6 },
        { type: 'u32', value: 3 },
      ],
      ...[
        { type: 'u64', value: 4096n },
        { type: 'u32', value: 36 },
        { type: 'u32', value: 12 },
      ],
      ...[
        { type: 'u64', value: 8192n },
        { type: 'u32', value: 0 },
        { type: 'u32', value: 8 },
      ],
      ...[
        { type: 'u64', value: 12288n },
        { type: 'u32', value: 36 },
        { type: 'u32', value: 12 },
      ],
    ],
  });
});

it('refuses what no valid plan has', () => {
  const odd = scaledPlan({ offset: 2 });
  expect(() => launchOf(odd.launch, odd.plan, () => 0n)).toThrow('multiples of 16 bytes');
  const { plan, launch } = scaledPlan();
  expect(() => launchOf(launch, plan, () => 8n)).toThrow('multiples of 16 bytes');
  expect(() => launchOf({ ...launch, variants: 1 }, plan, () => 0n)).toThrow('no program of the plan');
  expect(() => launchOf({ ...launch, samples: 2 ** 30 }, plan, () => 0n)).toThrow('are the most');
  const looked = {
    stride: 4,
    index: { ...launch.inputs[1]!, lookup: { stride: 1, index: launch.inputs[1]! } },
  };
  const nested = scaledPlan({ lookup: looked });
  expect(() => launchOf(nested.launch, nested.plan, () => 0n)).toThrow('itself looked up');
});

it('writes a form of a kernel for one variant, another for more', () => {
  const { plan, launch } = scaledPlan();
  const both = { ...plan, programs: { ...plan.programs, predict: [{ ...launch, variants: 1 }] } };
  expect(cudaModule(both).functions.slice(0, 2)).toEqual(['rows_0', 'rows_0_1']);
  expect(launchOf({ ...launch, variants: 1 }, both, () => 0n).function).toBe('rows_0_1');
});
