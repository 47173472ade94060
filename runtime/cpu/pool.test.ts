import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { RffcError } from '../../grammar/diagnostic.js';
import { assemble } from './assemble.js';
import { gemmModule, gemmScratchBytes } from './gemm-wat.js';
import { Pool } from './pool.js';
import type { Setup, Step } from './steps.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-pool-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Kernels over words of the shared memory: word 0 a counter, words 64… and 128… ten rows each. */
const kernels = assemble(
  'test.wat',
  `(module (import "env" "memory" (memory 1 65536 shared))
  ;; rows_0: out[row] ← row + 1 + the sum over all ten rows of in, which only meeting makes right
  (func (export "rows_0") (param $args i32) (param $from i32) (param $to i32)
    (local $sum i32) (local $i i32) (local $in i32) (local $out i32)
    (local.set $in (i32.load (local.get $args)))
    (local.set $out (i32.load offset=4 (local.get $args)))
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.add (local.get $in) (i32.shl (local.get $i)
        (i32.const 2))))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 10))))
    (loop $row
      (i32.store (i32.add (local.get $out) (i32.shl (local.get $from) (i32.const 2))) (i32.add (local.get $sum)
        (i32.add (local.get $from) (i32.const 1))))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $row (i32.lt_u (local.get $from) (local.get $to)))))
  ;; rows_1: a trap in the worker that has row 9
  (func (export "rows_1") (param $args i32) (param $from i32) (param $to i32)
    (if (i32.eq (local.get $to) (i32.const 10)) (then (unreachable))))
  (func (export "add") (param $by i32) (drop (i32.atomic.rmw.add (i32.const 0) (local.get $by)))))`,
);

const PRIVATE = 1024 + gemmScratchBytes();
let pool: Pool | undefined;
afterEach(async () => {
  await pool?.dispose();
  pool = undefined;
});

async function load(
  threads: number,
  programs: Record<string, readonly Step[]>,
  file?: URL,
  blas?: string,
): Promise<{ pool: Pool; words: Int32Array }> {
  pool = new Pool(threads, file);
  const pages = Math.ceil((2048 + threads * PRIVATE) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const words = new Int32Array(memory.buffer);
  for (let w = 0; w < threads; w++) {
    words.set([256, 512], (2048 + w * PRIVATE) / 4);
    words.set([512, 256], (2048 + 8 + w * PRIVATE) / 4);
  }
  const setup: Setup = {
    memory,
    privateBytes: PRIVATE,
    kernels: await kernels,
    products: blas ? { blas } : { module: await assemble('gemm', gemmModule(false)), scratch: 2048 + 1024 },
    programs,
    profile: false,
  };
  await pool.load(setup);
  return { pool, words };
}

const rows = (kernel: number, args = 0): Step => ({
  kind: 'rows',
  kernel,
  rows: 10,
  args: 2048 + args,
  sync: true,
});
const ping: Step[] = Array.from({ length: 200 }, (_, i) => rows(0, (i % 2) * 8));
const run = { epoch: 0, batch: 0 };

/** The real worker, preceded by some other code. */
function preceded(name: string, text: string): URL {
  const file = join(folder, `${name}.mjs`);
  const real = new URL('../../dist/runtime/cpu/worker.js', import.meta.url);
  writeFileSync(
    file,
    `import { workerData } from 'node:worker_threads';\n${text}\nawait import(${JSON.stringify(real.href)});`,
  );
  return pathToFileURL(file);
}

/** A worker that does something in the midst of its meetings with the others. */
const wrapped = (name: string, body: string): URL =>
  preceded(
    name,
    `const { add } = Atomics; let count = 0;
Atomics.add = (...args) => { if (workerData.index === 1 && ++count === 50) { ${body} } return add(...args); };`,
  );

describe('pool', () => {
  it.each([1, 2, 3, 7])('keeps %i workers in step', async (threads) => {
    const { pool, words } = await load(threads, { ping });
    await pool.run('ping', run);
    const expected = [new Int32Array(10), new Int32Array(10)];
    for (let i = 0; i < ping.length; i++) {
      const sum = expected[i % 2]!.reduce((a, b) => (a + b) | 0, 0);
      expected[(i + 1) % 2] = Int32Array.from({ length: 10 }, (_, r) => (sum + r + 1) | 0);
    }
    expect([...words.subarray(64, 74)]).toEqual([...expected[0]!]);
    expect([...words.subarray(128, 138)]).toEqual([...expected[1]!]);
  });

  it('stays in step when workers are held up before they wake the others', async () => {
    const late = preceded(
      'late',
      `const { notify } = Atomics;
Atomics.notify = (...args) => {
  for (const end = performance.now() + 0.5; performance.now() < end; );
  return notify(...args);
};`,
    );
    const { pool, words } = await load(3, { ping }, late);
    await pool.run('ping', run);
    const punctual = await load(3, { ping });
    await punctual.pool.run('ping', run);
    expect([...words.subarray(64, 138)]).toEqual([...punctual.words.subarray(64, 138)]);
    await pool.dispose();
  });

  it('runs a call once, with the numbers of the run', async () => {
    const add: Step = { kind: 'call', name: 'add', args: ['batch'], share: null, sync: false };
    const { pool, words } = await load(3, { add: [add, add] });
    await pool.run('add', { epoch: 1, batch: 7 });
    expect(words[0]).toBe(14);
  });

  it('ends a run when a worker traps, and releases the others', async () => {
    const { pool } = await load(3, { trap: [...ping, rows(1), ...ping] });
    await expect(pool.run('trap', run)).rejects.toThrow(/RFF823: worker 2 failed: unreachable/);
    await expect(pool.run('trap', run)).rejects.toThrow(/RFF823/);
  });

  it('ends a run when a worker throws', async () => {
    const file = wrapped('throws', "throw new Error('lost its way')");
    const { pool } = await load(2, { ping }, file);
    await expect(pool.run('ping', run)).rejects.toThrow('RFF823: worker 1 failed: lost its way');
  });

  it('ends a run when a worker exits', async () => {
    const { pool } = await load(3, { ping }, wrapped('exits', 'process.exit(3);'));
    await expect(pool.run('ping', run)).rejects.toThrow('RFF823: worker 1 ended unexpectedly, with code 3');
  });

  it('rejects the current run when it is disposed of', async () => {
    const { pool } = await load(2, { long: Array.from({ length: 200 }, () => ping).flat() });
    const running = pool.run('long', run);
    const outcome = expect(running).rejects.toThrow(/RFF823: the session was closed/);
    await pool.dispose();
    await outcome;
  });

  it('ends when the worker cannot start', async () => {
    await expect(load(2, { ping }, new URL('file:///nowhere/worker.js'))).rejects.toThrow(/RFF823/);
  });

  it('says when a BLAS cannot be opened in a worker', async () => {
    const error: unknown = await load(2, { ping }, undefined, '/nowhere/libblas.so').catch((e) => e);
    expect(error).toBeInstanceOf(RffcError);
    expect((error as RffcError).diagnostics[0]).toMatchObject({
      code: 'RFF820',
      message: expect.stringContaining('/nowhere/libblas.so cannot be loaded'),
      hint: expect.stringContaining('RFFC_BLAS'),
    });
  });
});
