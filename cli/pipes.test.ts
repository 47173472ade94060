/** Commands whose readers go away, in processes and pipes of their own: training is never lost with them. */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { notOnWindows, testUnless } from '../test/support/needs.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const main = join(root, 'dist/cli/main.js');
const model = join(root, 'models/smoke3x4.rff');
const folder = mkdtempSync(join(tmpdir(), 'rffc-pipes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const quick = ['--backend', 'tfjs-cpu', '--limit', '40'];

function start(...argv: string[]): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [main, ...argv], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** How a process ends. */
function end(child: ReturnType<typeof start>): Promise<number | string | null> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
}

/** The epochs that a run's metrics tell of. */
function epochs(run: string): number {
  return readFileSync(join(folder, run, 'metrics.jsonl'), 'utf8').match(/"event":"epoch"/g)!.length;
}

/** Closes the reading end as soon as something was read, as `head -1` does. */
function readOnce(stream: Readable): void {
  stream.once('data', () => stream.destroy());
}

test('training goes on when nobody reads its progress any more', async () => {
  const child = start('run', model, ...quick, '--epochs', '6', '--out', 'deaf');
  readOnce(child.stderr);
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  expect(await end(child)).toBe(0);
  expect(epochs('deaf')).toBe(6);
  expect(out).toContain('deaf');
});

testUnless(
  notOnWindows,
  'Ctrl-C still saves when it took the reader of both streams away, as with `2>&1 | tee`',
  async () => {
    const child = start('run', model, ...quick, '--epochs', '100000', '--out', 'tee', '--json');
    const ended = end(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.destroy();
    child.stderr.destroy();
    child.kill('SIGINT');
    expect([130, 141]).toContain(await ended);
    expect(existsSync(join(folder, 'tee/checkpoint.safetensors'))).toBe(true);
  },
);

test('a run whose results nobody reads any more finishes its batch, saves, and ends as SIGPIPE would', async () => {
  const child = start('run', model, ...quick, '--epochs', '100000', '--out', 'unread', '--json');
  readOnce(child.stdout);
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  expect(await end(child)).toBe(141);
  expect(err).toContain('nobody reads the results any more: finishing this batch, then saving');
  expect(err).toContain('run --resume unread');
  const done = epochs('unread');
  const resumed = spawnSync(
    process.execPath,
    [main, 'run', '--resume', 'unread', '--epochs', String(done + 1), '--quiet'],
    { cwd: folder, encoding: 'utf8' },
  );
  expect({ status: resumed.status, err: resumed.stderr }).toEqual({ status: 0, err: '' });
  expect(epochs('unread')).toBe(done + 1);
});

test('a sweep whose results nobody reads any more stops its trials, and goes on when called again', async () => {
  const sweep = ['sweep', model, '--set', 'seed=1,2,3,4', '--jobs', '1', ...quick, '--epochs', '2'];
  const child = start(...sweep, '--out', 'swept', '--json');
  readOnce(child.stdout);
  expect(await end(child)).toBe(141);
  const again = spawnSync(process.execPath, [main, ...sweep, '--out', 'swept', '--json', '--quiet'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(again.status).toBe(0);
  const lines = again.stdout.trim().split('\n');
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ event: 'done', trials: 4, failed: 0 });
  // The first trial was not done again.
  expect(lines.length).toBeLessThan(5);
});

test('a command with nothing to save ends without a word', async () => {
  const child = start('explain');
  child.stdout.destroy();
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  expect(await end(child)).toBe(0);
  expect(err).toBe('');
});

test.runIf(existsSync('/dev/full'))('a full disk under the results is one clear line', () => {
  const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${main}" explain > /dev/full`], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'error[RFF703]: cannot write the results: ENOSPC: no space left on device, write\n',
  });
});
