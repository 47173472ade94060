import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compile, diagnose, loadModel } from './compile.js';

const text = readFileSync(new URL('../models/smoke3x4.rff', import.meta.url), 'utf8');
const source = { text, file: 'smoke3x4.rff' };
const codes = async (bad: string, set?: Record<string, number>) =>
  (await diagnose({ text: bad, file: 'bad' }, { set })).diagnostics.map(({ code }) => code);

test("compiles text to a plan, given the caller's knowledge of the data", async () => {
  const asked: string[] = [];
  const { document, graph, plan, warnings, notes } = await compile(source, {
    batch: 6,
    set: { theta: 2.5 },
    without: ['fusion'],
    source: { sha256: 'ab', file: 'x.rff' },
    frames: async ({ name }) => {
      asked.push(name);
      return 3;
    },
  });
  expect(asked).toEqual(['digits']);
  expect(document.params).toEqual({ theta: 2.5 });
  expect([graph.batch, graph.frames]).toEqual([6, 3]);
  expect(plan).toMatchObject({ batch: 6, frames: 3, source: { sha256: 'ab', file: 'x.rff' } });
  expect(plan.model).toEqual(document);
  expect(plan.passes).not.toContain('fusion');
  expect([warnings, notes]).toEqual([[], []]);
});

test('a model document compiles to the plan of its text', async () => {
  const { document } = await loadModel(source);
  const again = await compile({ text: JSON.stringify(document), file: 'model.json' });
  expect(again.plan).toEqual((await compile(source)).plan);
});

test('identifies files that are neither .rff nor model documents', async () => {
  expect(await codes('{"rffc": 1,')).toEqual(['RFF715']);
  expect(await codes('{"rffc": "plan"}')).toEqual(['RFF715']);
  expect(await codes('{}', { theta: 1 })).toEqual(['RFF728']);
  expect(await codes('{"rffc": 1}')).not.toEqual([]);
  await expect(loadModel({ text: 'model m {', file: 'bad' })).rejects.toThrow('RFF');
});
