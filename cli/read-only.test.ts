/** Commands in a read-only folder: rejected before data is read, with a suggestion. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rffc-read-only-'));
const readOnly = join(folder, 'kept');
const own = join(folder, 'own');
const small = readFileSync(join(root, 'models/smoke3x4.rff'), 'utf8');

/** Permissions do not apply to root: the commands run as another user. */
const nobody = process.getuid?.() === 0 ? { uid: 54_321, gid: 54_321 } : {};

beforeAll(() => {
  mkdirSync(readOnly);
  mkdirSync(own, { mode: 0o777 });
  for (const path of [folder, own]) chmodSync(path, 0o777);
  writeFileSync(join(readOnly, 'small.rff'), small);
  // Its data does not exist: an error about it would mean that it was read.
  writeFileSync(join(readOnly, 'absent.rff'), small.replace(/digits\(.*?\)/, 'idx("absent")'));
  chmodSync(readOnly, 0o555);
});
afterAll(() => {
  chmodSync(readOnly, 0o755);
  rmSync(folder, { recursive: true });
});

function rffc(...argv: string[]) {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), ...argv], {
    cwd: readOnly,
    encoding: 'utf8',
    env: { ...process.env, HOME: own },
    ...nobody,
  });
  return { status, err: stderr };
}

const canTry =
  process.platform !== 'win32' &&
  spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), '--version'], nobody).status === 0;

test.runIf(canTry).each([
  [['run', 'absent.rff'], 'choose a writable folder: `--out DIR`'],
  [['run', 'absent.rff', '--out', 'here/deep'], 'choose a writable folder: `--out DIR`'],
  [['sweep', 'absent.rff', '--set', 'lr=1e-3,1e-4'], 'choose a writable folder: `--out DIR`'],
  [['compile', 'absent.rff'], 'choose a writable path: `-o PATH`'],
  [['compile', 'absent.rff', '-o', 'here.json'], 'choose a writable path: `-o PATH`'],
  [['init', 'fresh'], 'init DIR/NAME`'],
])('%j is refused', (argv, hint) => {
  const { status, err } = rffc(...argv);
  expect(status).toBe(1);
  expect(err).toMatch(/^error\[RFF703\]: permission denied for `.*` \(EACCES\)$/m);
  expect(err).toContain(hint);
  expect(err).not.toContain('RFF6');
});

test.runIf(canTry)('the hints work', () => {
  const run = ['run', 'small.rff', '--backend', 'tfjs-cpu', '--limit', '20', '--epochs', '1', '--quiet'];
  expect(rffc(...run, '--out', join(own, 'run'))).toEqual({ status: 0, err: '' });
  expect(existsSync(join(own, 'run/checkpoint.safetensors'))).toBe(true);
  const compiled = rffc('compile', 'small.rff', '-o', join(own, 'small.plan.json'));
  expect(compiled.status).toBe(0);
  expect(compiled.err).toContain('note: this folder is read-only, so `run` needs the plan’s path: ');
  expect(compiled.err).toContain('run ../own/small.plan.json');
});

test.runIf(canTry)('refuses to resume a read-only run', () => {
  const run = join(own, 'run');
  chmodSync(run, 0o555);
  const { status, err } = rffc('run', '--resume', run, '--epochs', '2');
  chmodSync(run, 0o755);
  expect(status).toBe(1);
  expect(err).toContain('error[RFF703]');
  expect(err).toContain('copy the run to a writable folder, and resume the copy');
});
