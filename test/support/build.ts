/**
 * Builds `dist` before the tests if a source is newer: worker threads are plain Node, which cannot run TypeScript, so
 * tests of the cpu backend run its workers from there.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const built = join(root, 'dist/runtime/cpu/worker.js');
/** Sources of what tests run as processes. */
const sources = ['grammar', 'compiler', 'runtime', 'cli', 'bench', 'docs'];
const entries = ['index.ts', 'browser.ts', 'package.json'];

function newest(folder: string): number {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.name.endsWith('.test.ts')) continue;
    latest = Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return latest;
}

export default function setup(): void {
  const age = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isOlder = (path: string) => statSync(path).mtimeMs <= age;
  if (
    sources.every((folder) => newest(join(root, folder)) <= age) &&
    entries.every((name) => isOlder(join(root, name)))
  )
    return;
  const { status, stdout, stderr, error } = spawnSync('npm run build', {
    cwd: root,
    encoding: 'utf8',
    shell: true,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`cannot build dist:\n${stdout}${stderr}`);
}
