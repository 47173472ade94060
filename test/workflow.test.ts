/** What is said to machines about the repository: the workflow runs the steps of .ci/run, the citation is complete. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  version: string;
  license: string;
  engines: { node: string };
  scripts: Record<string, string>;
};

interface Job {
  readonly 'runs-on': string;
  readonly container?: string;
  readonly strategy: {
    readonly matrix: { readonly os?: readonly string[]; readonly node: readonly number[] };
  };
  readonly env?: Readonly<Record<string, unknown>>;
  readonly steps: readonly { readonly run?: string }[];
}
const { jobs } = parse(read('.github/workflows/ci.yml')) as { jobs: Readonly<Record<string, Job>> };
const commands = ({ steps }: Job) => steps.flatMap(({ run }) => run?.trim().split('\n') ?? []);
const script = read('.ci/run');

test('npm ci and npm test run on three systems and three versions of Node', () => {
  const job = jobs.test!;
  expect(commands(job)).toEqual(['npm ci', 'npm test']);
  expect(read('.ci/bare')).toContain(commands(job).join(' && '));
  expect(job.strategy.matrix).toEqual({
    os: ['ubuntu-latest', 'macos-latest', 'windows-latest'],
    node: [20, 22, 24],
  });
  const least = Number(/\d+/.exec(manifest.engines.node)![0]);
  expect(job.strategy.matrix.node[0]).toBe(least);
});

test('everything runs on Linux with the packages of .ci/run', () => {
  const job = jobs.long!;
  const [update, install, ...steps] = commands(job);
  const lines = script.split('\n');
  expect(lines).toContain(update);
  expect(lines.find((line) => line.startsWith('apt-get install'))!.replace(' >/dev/null', '')).toBe(install);
  expect(lines).toContain(steps.join(' && '));
  expect(script).toContain('export RFFC_TEST_ALL=1');
  expect(job.env).toEqual({ RFFC_TEST_ALL: 1 });
});

test('every npm script that the workflow runs exists', () => {
  const names = Object.values(jobs)
    .flatMap(commands)
    .flatMap((line) => /^npm run (\S+)/.exec(line)?.[1] ?? []);
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
});

test('the citation has what version 1.2.0 of the format requires, and agrees with package.json', () => {
  const citation = parse(read('CITATION.cff')) as Readonly<Record<string, unknown>>;
  expect(citation).toMatchObject({
    'cff-version': '1.2.0',
    message: expect.any(String),
    title: 'rffc',
    type: 'software',
    version: manifest.version,
    license: manifest.license,
    authors: [{ name: expect.any(String) }],
  });
});

test('the changelog has the version of package.json on top', () => {
  const [, top] = /^## (.+)$/m.exec(read('CHANGELOG.md'))!;
  expect(top).toContain(manifest.version);
});
