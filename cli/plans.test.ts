/** Plans as users see them: compiled, explained, run without a name, stale, damaged, resumed. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { passNames } from '../compiler/passes/pipeline.js';
import type { Plan } from '../compiler/plan/plan.js';
import { callerIn } from '../test/support/calling.js';

const models = fileURLToPath(new URL('../models/', import.meta.url));
const small = readFileSync(join(models, 'smoke3x4.rff'), 'utf8');
const base = mkdtempSync(join(tmpdir(), 'rffc-plans-'));
afterAll(() => rmSync(base, { recursive: true }));

/** A separate folder with `small.rff` in it. */
function place(name: string) {
  const folder = join(base, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'small.rff'), small);
  const bytes = (file: string) => readFileSync(join(folder, file));
  const planAt = (file: string) => JSON.parse(bytes(file).toString()) as Plan;
  return { folder, rffc: callerIn(folder), bytes, planAt };
}
const PLAN = join('.rffc', 'smoke3x4.plan.json');
const quick = ['--limit', '40', '--epochs', '1', '--quiet'];

describe('compile', () => {
  test('writes a plan with its source, and prints a summary', async () => {
    const { rffc, planAt } = place('summary');
    const { code, out } = await rffc(['compile', 'small.rff', '--batch', '10']);
    expect(code).toBe(0);
    expect(planAt(PLAN)).toMatchObject({ rffc: 'plan', batch: 10, source: { file: '../small.rff' } });
    expect(planAt(PLAN).source!.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(out).toMatch(/^kernels +\d+\.\d per step: \d+ launches in \d+ steps$/m);
    expect(out).toMatch(/^per batch +[\d.]+ MFLOP in \d+ products and row kernels, [\d.]+ MiB moved$/m);
    expect(out).toMatch(/^memory +[\d.]+ [KM]iB: .*parameters [\d.]+ KiB, state [\d.]+ KiB/m);
  });

  test('writes to `-o`, with the source relative to it', async () => {
    const { rffc, planAt } = place('elsewhere');
    expect((await rffc(['compile', 'small.rff', '-o', 'a/b/mine.plan.json'])).code).toBe(0);
    expect(planAt('a/b/mine.plan.json').source!.file).toBe('../../small.rff');
    expect((await rffc(['run', ...quick, '--out', 'one'])).code).toBe(0);
  });

  test('disables passes one by one', async () => {
    const { rffc, planAt } = place('passes');
    await rffc(['compile', 'small.rff', '--no-pass', 'slots', '--no-pass', 'memory']);
    expect(planAt(PLAN).passes).toEqual(passNames.filter((p) => p !== 'slots' && p !== 'memory'));
  });

  test('explains each pass in a row', async () => {
    const { rffc, planAt } = place('explain');
    const { out } = await rffc(['compile', 'small.rff', '--explain', '--no-pass', 'polarity']);
    // The summary, an empty line, the table.
    const table = out.split('\n\n')[1]!.split('\n');
    const rows = passNames.map((pass) => table.find((line) => line.startsWith(pass)));
    expect(out).toMatch(/^pass +kernels\/step +FLOPs\/batch +moved\/batch +arenas$/m);
    expect(rows[passNames.indexOf('fusion')]).toMatch(/^fusion +\d+\.\d → \d+\.\d /);
    expect(rows[passNames.indexOf('memory')]).toMatch(/ [KM]iB → [\d.]+ [KM]iB$/);
    expect(rows[passNames.indexOf('polarity')]).toBe('polarity: disabled by --no-pass');
    expect(out).toMatch(/⇒ .*launches in prediction \d+ → \d+/);
    // What the last row ends with is what the summary says of the plan that was written.
    const memory = planAt(PLAN).arenas.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(rows[passNames.indexOf('memory')]).toContain(`${(memory / 2 ** 10).toPrecision(3)} KiB`);
  });

  test('rejects a plan as a model', async () => {
    const { rffc } = place('no-model');
    await rffc(['compile', 'small.rff']);
    expect(await rffc(['compile', PLAN])).toMatchObject({
      code: 1,
      err: expect.stringContaining('this is a plan, not a model'),
    });
  });
});

describe('run', () => {
  test('requires a plan if no file is given', async () => {
    const { rffc, folder } = place('none');
    const none = await rffc(['run']);
    expect(none).toMatchObject({ code: 2, out: '' });
    expect(none.err).toContain('no plan compiled in this directory');
    await rffc(['compile', 'small.rff']);
    rmSync(join(folder, PLAN));
    const gone = await rffc(['run']);
    expect(gone).toMatchObject({ code: 1, out: '' });
    expect(gone.err).toContain('`.rffc/smoke3x4.plan.json`, no longer exists');
  });

  test('the last plan, the plan by name, and the model give the same bytes', async () => {
    const { rffc, bytes } = place('same');
    writeFileSync(join(base, 'same', 'other.rff'), small.replace('model smoke3x4', 'model other'));
    await rffc(['compile', 'other.rff']);
    await rffc(['compile', 'small.rff', '--batch', '20']);
    const runs: [string, string[]][] = [
      ['last', []],
      ['named', [PLAN]],
      ['model', ['small.rff', '--batch', '20']],
    ];
    for (const [out, file] of runs) {
      const { code, err } = await rffc(['run', ...file, ...quick, '--seed', '7', '--out', out]);
      expect({ code, err }).toEqual({ code: 0, err: '' });
    }
    const weights = (run: string) => bytes(`${run}/checkpoint.safetensors`);
    const tensors = (run: string) => weights(run).subarray(8 + Number(weights(run).readBigUInt64LE()));
    expect(tensors('named').equals(tensors('last'))).toBe(true);
    expect(tensors('model').equals(tensors('last'))).toBe(true);
    expect(JSON.parse(bytes('last/config.json').toString())).toMatchObject({
      backend: 'cpu',
      batch: 20,
      seed: 7,
      model: { name: 'smoke3x4', file: join(base, 'same', 'small.rff') },
    });
  });

  test('on tfjs a plan is its model', async () => {
    const { rffc, bytes } = place('tfjs');
    await rffc(['compile', 'small.rff']);
    const tfjs = [...quick, '--backend', 'tfjs-cpu'];
    expect((await rffc(['run', ...tfjs, '--out', 'plan'])).code).toBe(0);
    expect((await rffc(['run', 'small.rff', ...tfjs, '--out', 'model'])).code).toBe(0);
    const epoch = (run: string) => {
      const last = bytes(`${run}/metrics.jsonl`).toString().trimEnd().split('\n').at(-1)!;
      const { loss, test_accuracy } = JSON.parse(last) as Record<string, unknown>;
      return { loss, test_accuracy };
    };
    expect(epoch('plan')).toEqual(epoch('model'));
  });

  test('a run of a plan is resumed and evaluated like any other, including disabled passes', async () => {
    const { rffc, bytes } = place('resumed');
    await rffc(['compile', 'small.rff', '--no-pass', 'slots']);
    const run = ['run', '--limit', '40', '--quiet'];
    await rffc([...run, '--epochs', '2', '--out', 'whole']);
    await rffc([...run, '--epochs', '1', '--out', 'parts']);
    expect((await rffc(['run', '--resume', 'parts', '--epochs', '2', '--quiet'])).code).toBe(0);
    expect(bytes('parts/checkpoint.safetensors').equals(bytes('whole/checkpoint.safetensors'))).toBe(true);
    expect(JSON.parse(bytes('parts/config.json').toString())).toMatchObject({
      settings: { without: ['slots'], batch: 20 },
    });
    expect((await rffc(['eval', 'parts', '--limit', '30'])).out).toMatch(/^accuracy /);
  });

  test('warns of a stale plan, and still runs it', async () => {
    const { rffc, folder } = place('stale');
    await rffc(['compile', 'small.rff']);
    writeFileSync(join(folder, 'small.rff'), `${small}\n// changed\n`);
    const { code, err } = await rffc(['run', ...quick, '--out', 'one']);
    expect(code).toBe(0);
    expect(err).toContain('warning[RFF718]: `.rffc/smoke3x4.plan.json` is stale: `small.rff` has changed');
    await rffc(['compile', 'small.rff']);
    expect((await rffc(['run', ...quick, '--out', 'two'])).err).toBe('');
  });

  test.each([
    [['--set', 'theta=1'], '`--set` is fixed in the plan'],
    [['--batch', '10'], '`--batch` is fixed in the plan'],
    [['--model', 'x'], '`--model` is fixed in the plan'],
  ])('what a plan has settled cannot be changed: %j', async (more, message) => {
    const { rffc } = place(`settled${more[0]}`);
    await rffc(['compile', 'small.rff']);
    expect(await rffc(['run', ...more])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(message),
    });
  });

  test('rejects fewer samples than a batch, and an invalid plan', async () => {
    const { rffc, folder, planAt } = place('bad');
    await rffc(['compile', 'small.rff']);
    const few = await rffc(['run', '--limit', '7']);
    expect(few).toMatchObject({ code: 1, out: '' });
    expect(few.err).toContain('batch of 20 exceeds the 7 training samples');
    const plan = planAt(PLAN);
    writeFileSync(join(folder, 'far.json'), JSON.stringify({ ...plan, arenas: [] }));
    const far = await rffc(['run', 'far.json', ...quick, '--out', 'far']);
    expect(far).toMatchObject({ code: 1, out: '' });
    expect(far.err).toContain('far.json');
    expect(existsSync(join(folder, 'far'))).toBe(false);
    writeFileSync(join(folder, 'frames.json'), JSON.stringify({ ...plan, frames: 3 }));
    expect((await rffc(['run', 'frames.json', ...quick])).code).toBe(1);
    writeFileSync(join(folder, 'cut.json'), JSON.stringify(plan).slice(0, 500));
    expect((await rffc(['run', 'cut.json'])).err).toContain('but is not JSON');
  });
});
