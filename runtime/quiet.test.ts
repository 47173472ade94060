/** Native messages stay off the terminal, and only they. In a process of its own: it takes stderr itself away. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const dist = join(import.meta.dirname, '../dist');

/** What a program writes to stderr, and its exit code. */
function stderrOf(program: string): [number | null, string] {
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  return [status, stderr];
}

test.runIf(process.platform !== 'win32')(
  'what is written meanwhile is gone, before and after it is not',
  () => {
    const program = (work: string) => `
    import { writeSync } from 'node:fs';
    import { quietly } from ${JSON.stringify(pathToFileURL(join(dist, 'runtime/quiet.js')).href)};
    writeSync(2, 'before ');
    await quietly(async () => { writeSync(2, 'hidden '); ${work} }).catch(() => writeSync(2, 'failed '));
    writeSync(2, 'after');`;
    expect(stderrOf(program(''))).toEqual([0, 'before after']);
    expect(stderrOf(program("throw new Error('x');"))).toEqual([0, 'before failed after']);
  },
);

test('`rffc backends` prints only its answer, whatever drivers print', () => {
  for (const more of [[], ['--json']]) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(dist, 'cli/main.js'), 'backends', ...more],
      { encoding: 'utf8', env: { ...process.env, VK_ICD_FILENAMES: '/nowhere.json' } },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    if (more.length > 0)
      expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ name: 'webgpu' }));
  }
});
