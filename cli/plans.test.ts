/** Plans as a user meets them: compiled, explained, run without a name, stale, damaged, gone on with. */
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

/** A folder of its own with `small.rff` in it. */
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
  test('writes a plan that knows its source, and sums it up', async () => {
    const { rffc, planAt } = place('summary');
    const { code, out } = await rffc(['compile', 'small.rff', '--batch', '10']);
    expect(code).toBe(0);
    expect(planAt(PLAN)).toMatchObject({ rffc: 'plan', batch: 10, source: { file: '../small.rff' } });
    expect(planAt(PLAN).source!.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(out).toMatch(/^kernels +\d+\.\d a step: \d+ launches in \d+ steps$/m);
    expect(out).toMatch(/^a batch +[\d.]+ MFLOP in \d+ products and row kernels, [\d.]+ MiB moved$/m);
    expect(out).toMatch(/^memory +[\d.]+ [KM]iB: .*parameters [\d.]+ KiB, state [\d.]+ KiB/m);
  });

  test('goes where `-o` says, and names its source from there', async () => {
    const { rffc, planAt } = place('elsewhere');
    expect((await rffc(['compile', 'small.rff', '-o', 'a/b/mine.plan.json'])).code).toBe(0);
    expect(planAt('a/b/mine.plan.json').source!.file).toBe('../../small.rff');
    expect((await rffc(['run', ...quick, '--out', 'one'])).code).toBe(0);
  });

  test('leaves out passes, one by one', async () => {
    const { rffc, planAt } = place('passes');
    await rffc(['compile', 'small.rff', '--no-pass', 'slots', '--no-pass', 'memory']);
    expect(planAt(PLAN).passes).toEqual(passNames.filter((p) => p !== 'slots' && p !== 'memory'));
  });

  test('explains: a row a pass, and what it did', async () => {
    const { rffc, planAt } = place('explain');
    const { out } = await rffc(['compile', 'small.rff', '--explain', '--no-pass', 'polarity']);
    // The summary, an empty line, the table.
    const table = out.split('\n\n')[1]!.split('\n');
    const rows = passNames.map((pass) => table.find((line) => line.startsWith(pass)));
    expect(out).toMatch(/^pass +kernels a step +FLOPs a batch +moved a batch +arenas$/m);
    expect(rows[passNames.indexOf('fusion')]).toMatch(/^fusion +\d+\.\d → \d+\.\d /);
    expect(rows[passNames.indexOf('memory')]).toMatch(/ [KM]iB → [\d.]+ [KM]iB$/);
    expect(rows[passNames.indexOf('polarity')]).toBe('polarity: left out by --no-pass');
    expect(out).toMatch(/⇒ .*launches in prediction \d+ → \d+/);
    // What the last row ends with is what the summary says of the plan that was written.
    const memory = planAt(PLAN).arenas.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(rows[passNames.indexOf('memory')]).toContain(`${(memory / 2 ** 10).toPrecision(3)} KiB`);
  });

  test('a plan is no model', async () => {
    const { rffc } = place('no-model');
    await rffc(['compile', 'small.rff']);
    expect(await rffc(['compile', PLAN])).toMatchObject({
      code: 1,
      err: expect.stringContaining('this is a plan, not a model'),
    });
  });
});

describe('run', () => {
  test('without a file there must be a plan', async () => {
    const { rffc, folder } = place('none');
    const none = await rffc(['run']);
    expect(none).toMatchObject({ code: 2, out: '' });
    expect(none.err).toContain('no plan has been compiled here');
    await rffc(['compile', 'small.rff']);
    rmSync(join(folder, PLAN));
    const gone = await rffc(['run']);
    expect(gone).toMatchObject({ code: 1, out: '' });
    expect(gone.err).toContain('`.rffc/smoke3x4.plan.json`, is gone');
  });

  test('the plan compiled last, by name, and the model leave the same bytes', async () => {
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

  test('a run of a plan is gone on with and judged like any other, passes included', async () => {
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

  test('a plan whose source has changed is stale, and runs as it is', async () => {
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
    [['--set', 'theta=1'], '`--set` belongs to `rffc compile`'],
    [['--batch', '10'], '`--batch` belongs to `rffc compile`'],
    [['--model', 'x'], '`--model` belongs to `rffc compile`'],
  ])('what a plan has settled cannot be changed: %j', async (more, message) => {
    const { rffc } = place(`settled${more[0]}`);
    await rffc(['compile', 'small.rff']);
    expect(await rffc(['run', ...more])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(message),
    });
  });

  test('fewer samples than a batch, and a plan that is not one, are told', async () => {
    const { rffc, folder, planAt } = place('bad');
    await rffc(['compile', 'small.rff']);
    const few = await rffc(['run', '--limit', '7']);
    expect(few).toMatchObject({ code: 1, out: '' });
    expect(few.err).toContain('compiled for batches of 20 samples, but there are only 7');
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
