/** Threads on machines of any size: the default always works. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { defaultThreads } from './threads.js';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'rffc-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  [1, 1],
  [2, 2],
  [64, 64],
  [65, 64],
  [256, 64],
])('%i cores have %i threads', (cores, threads) => expect(defaultThreads(cores)).toBe(threads));

/** The commands on a machine of 96 cores, as far as Node tells them. */
function rffc(...argv: string[]) {
  const cores =
    "import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module'; os.availableParallelism " +
    '= () => 96; syncBuiltinESMExports();';
  const url = `data:text/javascript,${encodeURIComponent(cores)}`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', url, join(root, 'dist/cli/main.js'), ...argv],
    { cwd: folder, encoding: 'utf8' },
  );
  return { status, out: stdout, err: stderr };
}

test('uses 64 threads on 96 cores, and rejects a request for 96', () => {
  const run = ['run', join(root, 'models/smoke3x4.rff'), '--limit', '20', '--epochs', '1', '--quiet'];
  expect(rffc(...run, '--out', 'run')).toMatchObject({ status: 0, err: '' });
  const { status, err } = rffc(...run, '--out', 'more', '--threads', '96');
  expect(status).toBe(1);
  expect(err).toContain('error[RFF825]: invalid thread count 96: expected an integer between 1 and 64');
  expect(err).toContain('the default on this machine is 64');
});
