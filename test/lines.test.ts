/** Biome formats code at 110 columns and leaves comments and strings as they are: no line of either is over 120. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MOST = 120;
const root = join(import.meta.dirname, '..');

/** A line with nothing but a regular expression, which cannot be broken. */
const isPattern = (line: string) => /^\s*\/.*\/[a-z]*[,;]?$/.test(line);

test(`no line of a source file is over ${MOST} columns`, () => {
  const files = execFileSync('git', ['ls-files', '--cached', '--', '*.ts'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '');
  expect(files.length).toBeGreaterThan(100);
  const long = files.flatMap((path) =>
    readFileSync(join(root, path), 'utf8')
      .split('\n')
      .flatMap((line, i) => (line.length > MOST && !isPattern(line) ? [`${path}:${i + 1}`] : [])),
  );
  expect(long).toEqual([]);
});
