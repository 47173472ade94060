/**
 * Plans at random: each that the compiler makes is taken, whatever a plan is damaged by is told and never thrown, and
 * one that is taken touches nothing outside of its buffers. What it touches is counted here row by row, by no formula
 * of the validation's.
 */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effort } from '../../test/support/effort.js';
import { randomModel } from '../../test/support/random-model.js';
import { buildPlan } from '../build.js';
import { type PassName, passNames } from '../passes/pipeline.js';
import type { Gemm, Plan, Region, RowsLaunch, RowsView } from './plan.js';
import { graphOf, planDraft } from './testing.js';
import { validatePlan } from './validate.js';

/** Touches `width` numbers of a buffer from `from` on. */
type Touch = (buffer: number, from: number, width: number, as: 'read' | 'write' | 'index' | 'class') => void;

const vectors = (n: number): number => Math.ceil(n / 4) * 4;

/** Calls back for everything that the launches of a plan may touch, padding and every class included. */
function touches(plan: Plan, touch: Touch): void {
  const matrix = (r: Region, rows: number, cols: number, as: Parameters<Touch>[3]) => {
    for (let row = 0; row < rows; row++) touch(r.buffer, r.offset + row * r.stride, cols, as);
  };
  const view = (v: RowsView, { variants, samples }: RowsLaunch, width: number, as: 'read' | 'write') => {
    for (let i = 0; i < variants; i++) {
      for (let j = 0; j < samples; j++) {
        touch(v.buffer, v.offset + i * v.variantStride + j * v.sampleStride, width, as);
        if (!v.lookup) continue;
        const { index, stride } = v.lookup;
        touch(index.buffer, index.offset + i * index.variantStride + j * index.sampleStride, 1, 'index');
        for (let k = 0; k < plan.classes; k++) touch(v.buffer, v.offset + k * stride, width, as);
      }
    }
  };
  const product = ({ m, n, k, a, b, c, transposeA, transposeB, blocks }: Gemm) => {
    for (let i = 0; i < (blocks?.count ?? 1); i++) {
      const block = (r: Region, step = 0) => ({ ...r, offset: r.offset + i * step });
      matrix(block(a, blocks?.a), transposeA ? k : m, transposeA ? m : k, 'read');
      matrix(block(b, blocks?.b), transposeB ? n : k, transposeB ? k : n, 'read');
      matrix(block(c, blocks?.c), m, n, 'write');
    }
  };
  const rows = (l: RowsLaunch) => {
    const { units, inputs, outputs } = plan.kernels[l.kernel]!;
    const width = (kind: 'element' | 'row') => (kind === 'element' ? vectors(units) : 1);
    inputs.forEach(({ kind }, i) => {
      view(l.inputs[i]!, l, width(kind), 'read');
    });
    outputs.forEach(({ kind, tail }, i) => {
      const end = (kind === 'element' ? units : 1) + tail.length;
      view(l.outputs[i]!, l, Math.max(width(kind), end), 'write');
    });
  };
  for (const l of Object.values(plan.programs).flat()) {
    switch (l.kind) {
      case 'gemm':
        product(l);
        break;
      case 'patches': {
        const { grid, size, stride, channels } = l.field;
        let patches = 0;
        for (let top = 0; top + size <= grid[0]; top += stride)
          for (let left = 0; left + size <= grid[1]; left += stride) {
            patches++;
            for (let row = 0; row < l.output.rows; row++)
              for (let y = top; y < top + size; y++) {
                const from = l.input.offset + row * l.input.stride;
                touch(l.input.buffer, from + (y * grid[1] + left) * channels, size * channels, 'read');
              }
          }
        matrix(l.output, l.output.rows, patches * vectors(size * size * channels), 'write');
        break;
      }
      case 'rows':
        rows(l);
        break;
      case 'learn':
        for (const p of l.products) product(p);
        rows(l.update);
        break;
      case 'mean':
        matrix(l.input, l.input.rows, 1, 'read');
        matrix(l.output, 1, 1, 'write');
        break;
      case 'total':
        matrix(l.input, l.input.rows, vectors(l.output.cols), 'read');
        matrix(l.output, 1, vectors(l.output.cols), 'write');
        break;
      case 'scatter':
        matrix(l.input, l.input.rows, vectors(l.output.cols), 'read');
        matrix(l.index, l.input.rows, 1, 'index');
        matrix(l.output, Math.max(l.output.rows, l.classes), vectors(l.output.cols), 'write');
        break;
      case 'onehot':
        matrix(l.index, l.output.rows, 1, 'index');
        matrix(l.output, l.output.rows, l.output.cols + l.tail.length, 'write');
        break;
      case 'draw':
        matrix(l.probabilities, l.output.rows, plan.classes, 'read');
        matrix(l.truth, l.output.rows, 1, 'index');
        matrix(l.uniform, l.output.rows, 1, 'read');
        matrix(l.output, l.output.rows, 1, 'class');
        break;
      case 'dropout':
      case 'fill':
        matrix(l.output, l.output.rows, l.output.cols, 'write');
        break;
      default:
        l satisfies never;
    }
  }
  for (const { regions } of plan.tensors) for (const r of regions) matrix(r, r.rows, r.cols, 'read');
}

/** What a plan touches that it must not; empty for a sound one. */
function trespasses(plan: Plan): string[] {
  const arenas = new Map(plan.arenas.map((a) => [a.name, a.bytes]));
  const found = plan.buffers.flatMap((b, i) =>
    b.offset + b.bytes <= (arenas.get(b.arena) ?? -1) ? [] : [`buffer ${i} leaves its arena`],
  );
  const at = (buffer: number, number: number) =>
    `${plan.buffers[buffer]?.arena} ${(plan.buffers[buffer]?.offset ?? 0) / 4 + number}`;
  const classes = new Set<string>();
  for (const { type, regions } of plan.tensors)
    for (const r of type === 'i32' ? regions : [])
      for (let row = 0; row < r.rows; row++)
        for (let col = 0; col < r.cols; col++) classes.add(at(r.buffer, r.offset + row * r.stride + col));
  touches(plan, (buffer, from, width, as) => {
    const size = (plan.buffers[buffer]?.bytes ?? -1) / 4;
    if (!(from >= 0 && from + width <= size)) found.push(`${as} ${from} + ${width} of buffer ${buffer}`);
    else if (as !== 'read')
      for (let i = 0; i < width; i++) {
        const isClass = classes.has(at(buffer, from + i));
        if (isClass !== (as !== 'write')) found.push(`${as} of a class at ${from + i} of buffer ${buffer}`);
      }
  });
  return found;
}

const throughJson = (plan: Plan): unknown => JSON.parse(JSON.stringify(plan));

describe('every plan that the compiler makes is taken', () => {
  const folder = new URL('../../models/', import.meta.url);
  test.each(readdirSync(folder).filter((f) => f.endsWith('.rff')))('%s', (file) => {
    const { plan } = buildPlan(graphOf(readFileSync(new URL(file, folder), 'utf8')));
    expect(validatePlan(throughJson(plan)).diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  });

  test.each<[string, readonly PassName[]]>([
    ['with all passes', []],
    ...passNames.map((pass): [string, PassName[]] => [`without ${pass}`, [pass]]),
    ['without any', passNames],
  ])('of random models %s', (_, without) => {
    fc.assert(
      fc.property(randomModel, ({ text, frames, predictBatch, observe }) => {
        const { plan } = buildPlan(graphOf(text, { frames, predictBatch, observe }), { without });
        const { diagnostics } = validatePlan(throughJson(plan));
        expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
        expect(trespasses(plan)).toEqual([]);
      }),
      { numRuns: effort(6, 60), seed: 20240607 },
    );
  });

  test('however many steps are scored', () => {
    const network = 'layer a[2], b[2], c[2] { }  connect image -> a -> b -> c -> b -> a as plain';
    const { plan } = buildPlan(graphOf({ network, schedule: 'phase learn[100] { label: given }' }));
    expect(Math.max(...plan.kernels.map((k) => k.inputs.length))).toBeGreaterThan(256);
    expect('plan' in validatePlan(throughJson(plan))).toBe(true);
  });
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** One change somewhere: `way` decides at every level which item is entered, `what` what happens to it. */
function damage(root: Json, way: readonly number[], what: number, value: Json): void {
  let at = root;
  for (const [depth, turn] of way.entries()) {
    if (typeof at !== 'object' || at === null) return;
    const keys = Object.keys(at);
    const key = keys[turn % keys.length];
    if (key === undefined) return;
    const items = at as Record<string, Json>;
    const item = items[key]!;
    if (typeof item === 'object' && item !== null && depth < way.length - 1 && turn % 31 > 0) {
      at = item;
      continue;
    }
    if (Array.isArray(at) && what < 3) {
      if (what === 0) at.splice(Number(key), 1);
      else if (what === 1) at.splice(Number(key), 0, structuredClone(item));
      else at.reverse();
    } else if (typeof item === 'number' && what < 9) {
      const changes = [item + 1, item - 1, item + 4, 2 * item, 0, item + 1000, item - 4, 4 * item, 2 ** 31];
      items[key] = changes[what]!;
    } else if (typeof item === 'boolean' && what < 9) items[key] = !item;
    else if (typeof item === 'string' && what < 6) items[key] = `${item} `;
    else if (what < 10) delete items[key];
    else items[key] = value;
    return;
  }
}

const damages = fc.array(
  fc.record({
    way: fc.array(fc.nat({ max: 1e6 }), { minLength: 8, maxLength: 8 }),
    what: fc.nat({ max: 11 }),
    value: fc.oneof(
      fc.constantFrom<Json>(null, true, -1, 0, 1, 4, 2 ** 40, 0.5, '', 'i0', 'y', [], {}),
      fc.constantFrom<Json>(['add', 0, 0], { name: 'rate' }, { kind: 'fill' }),
    ),
  }),
  { minLength: 1, maxLength: 2 },
);

describe('a plan with damages', () => {
  /** Sections where there is most to break come as often as the rest. */
  const sections = [
    'programs',
    'programs',
    'programs',
    'kernels',
    'buffers',
    'tensors',
    'arenas',
    'scalars',
    '',
  ];

  test('is told of or touches nothing outside of its buffers', () => {
    let taken = 0;
    let refused = 0;
    const codes = new Set<string>();
    fc.assert(
      fc.property(fc.constantFrom(...sections), damages, (section, all) => {
        const plan = planDraft() as unknown as { [key: string]: Json };
        for (const { way, what, value } of all)
          damage(section === '' ? plan : plan[section]!, way, what, value);
        const result = validatePlan(plan);
        if ('plan' in result) {
          taken++;
          expect(trespasses(result.plan)).toEqual([]);
        } else {
          refused++;
          expect(result.diagnostics.length).toBeGreaterThan(0);
          for (const d of result.diagnostics) codes.add(d.code);
        }
      }),
      { numRuns: effort(1000, 20_000) },
    );
    // Neither is the rule, or nothing was tried.
    expect(taken).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(400);
    expect([...codes]).toEqual(
      expect.arrayContaining(['RFF850', 'RFF852', 'RFF853', 'RFF854', 'RFF855', 'RFF856']),
    );
  });

  test('that is no plan at all is told of', () => {
    fc.assert(fc.property(fc.anything(), (json) => !('plan' in validatePlan(json))));
  });

  test('is seen by the count of what it touches, too', () => {
    const plan = JSON.parse(JSON.stringify(planDraft())) as Plan;
    expect(trespasses(plan)).toEqual([]);
    expect(trespasses({ ...plan, arenas: [] })).not.toEqual([]);
    expect(trespasses({ ...plan, classes: 4 })).not.toEqual([]);
    const shorter = plan.buffers.map((b) => ({ ...b, bytes: b.bytes - 4 }));
    expect(trespasses({ ...plan, buffers: shorter })).not.toEqual([]);
    const unlabelled = plan.tensors.filter((t) => t.type === 'f32');
    expect(trespasses({ ...plan, tensors: unlabelled })).not.toEqual([]);
    const labelled = plan.tensors.map((t) => ({ ...t, type: 'i32' }) as const);
    expect(trespasses({ ...plan, tensors: labelled })).not.toEqual([]);
  });
});
