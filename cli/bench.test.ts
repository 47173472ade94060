/** `rffc bench`: what it reports, on the smallest model there is. That it is fast is for docs/BENCHMARKS.md to say. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { BenchReport, Timing } from '../runtime/bench/bench.js';
import { callerIn } from '../test/support/calling.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));
const rffc = callerIn(folder);
const model = fileURLToPath(new URL('../models/smoke3x4.rff', import.meta.url));
const json = async (...argv: string[]) => {
  const { code, out, err } = await rffc(['bench', ...argv, '--json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as BenchReport;
};
const positive = (timing: Timing | null) => [
  timing!.seconds > 0,
  timing!.floorSeconds! > 0,
  timing!.naiveFloorSeconds! > 0,
];

test('reports seconds and both floors on cpu', async () => {
  const report = await json(model, '--backend', 'cpu', '--threads', '1', '--batches', '3');
  expect(report).toMatchObject({ model: 'smoke3x4', backend: 'cpu', threads: 1 });
  expect(report.train).toMatchObject({ samples: 20, rounds: 3 });
  expect(report.predict).toMatchObject({ rounds: 3 });
  expect([...positive(report.train), ...positive(report.predict)]).toEqual(Array(6).fill(true));
});

test('reports only seconds on other backends', async () => {
  const { backend, train } = await json(model, '--backend', 'tfjs-cpu', '--batches', '1');
  expect(backend).toBe('tfjs-cpu');
  expect(Object.keys(train)).toEqual(['samples', 'seconds', 'rounds']);
  expect(train.seconds).toBeGreaterThan(0);
});

test('times a plan as compiled, kernel by kernel', async () => {
  await rffc(['compile', model, '-o', 'small.plan.json']);
  const { profile } = await json('small.plan.json', '--batches', '2', '--profile');
  const launches = profile!.train.reduce((sum, kernel) => sum + kernel.launches, 0);
  const { out } = await rffc(['compile', model]);
  expect(out).toContain(`: ${launches} launches in `);
  expect(profile!.train.map(({ kernel }) => kernel)).toContainEqual(expect.stringMatching(/^learn 4×\d+×/));
  const settled = await rffc(['bench', 'small.plan.json', '--no-pass', 'slots']);
  expect(settled).toMatchObject({
    code: 2,
    err: expect.stringContaining('`--no-pass` is fixed in the plan'),
  });
});

test('prints a table', async () => {
  const { out } = await rffc(['bench', model, '--batches', '1', '--profile', '--threads', '2']);
  expect(out).toMatch(/^smoke3x4 on cpu, 2 threads, products by \S/);
  expect(out).toMatch(/^ +seconds +its products +as written +× products +× as written +rounds$/m);
  expect(out).toMatch(/^training 20( +[\d.e-]+){6}$/m);
  expect(out).toMatch(/^all +\d+ /m);
});
