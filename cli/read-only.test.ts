/** Commands in a folder that may not be written to: refused before data are read, with what to do. */
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

/** Permissions do not bind root: its commands run as somebody else. */
const nobody = process.getuid?.() === 0 ? { uid: 54_321, gid: 54_321 } : {};

beforeAll(() => {
  mkdirSync(readOnly);
  mkdirSync(own, { mode: 0o777 });
  for (const path of [folder, own]) chmodSync(path, 0o777);
  writeFileSync(join(readOnly, 'small.rff'), small);
  // Its data are nowhere: an error about them would say that they were looked for.
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
  [['run', 'absent.rff'], 'choose a folder you can write to: `--out DIR`'],
  [['run', 'absent.rff', '--out', 'here/deep'], 'choose a folder you can write to: `--out DIR`'],
  [['sweep', 'absent.rff', '--set', 'lr=1e-3,1e-4'], 'choose a folder you can write to: `--out DIR`'],
  [['compile', 'absent.rff'], 'choose a path you can write to: `-o PATH`'],
  [['compile', 'absent.rff', '-o', 'here.json'], 'choose a path you can write to: `-o PATH`'],
  [['init', 'fresh'], 'init DIR/NAME`'],
])('%j is refused', (argv, hint) => {
  const { status, err } = rffc(...argv);
  expect(status).toBe(1);
  expect(err).toMatch(/^error\[RFF703\]: `.*` may not be read or written \(EACCES\)$/m);
  expect(err).toContain(hint);
  expect(err).not.toContain('RFF6');
});

test.runIf(canTry)('what the hints say works', () => {
  const run = ['run', 'small.rff', '--backend', 'tfjs-cpu', '--limit', '20', '--epochs', '1', '--quiet'];
  expect(rffc(...run, '--out', join(own, 'run'))).toEqual({ status: 0, err: '' });
  expect(existsSync(join(own, 'run/checkpoint.safetensors'))).toBe(true);
  const compiled = rffc('compile', 'small.rff', '-o', join(own, 'small.plan.json'));
  expect(compiled.status).toBe(0);
  expect(compiled.err).toContain('note: this folder is read-only, so that `run` has to be given the plan: ');
  expect(compiled.err).toContain('run ../own/small.plan.json');
});

test.runIf(canTry)('a run that may not be written to is not resumed', () => {
  const run = join(own, 'run');
  chmodSync(run, 0o555);
  const { status, err } = rffc('run', '--resume', run, '--epochs', '2');
  chmodSync(run, 0o755);
  expect(status).toBe(1);
  expect(err).toContain('error[RFF703]');
  expect(err).toContain('copy the run to where you can write, and resume the copy');
});
