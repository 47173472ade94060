/** How commands are called in messages, depending on how rffc is run. Folders and links are real, npm is not called. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { asCalled, render } from '../grammar/render.js';
import { shellWord } from '../runtime/shell.js';
import { calledAs } from './command.js';

const home = realpathSync(mkdtempSync(join(tmpdir(), 'rffc-command-')));
afterAll(() => rmSync(home, { recursive: true }));

/** A folder under `home`. */
function folder(...path: string[]): string {
  const made = join(home, ...path);
  mkdirSync(made, { recursive: true });
  return made;
}

/** A copy of the package at `path`, with nothing in it but its main file. */
function installed(...path: string[]): { root: string; script: string } {
  const root = folder(...path);
  folder(...path, 'dist/cli');
  const script = join(root, 'dist/cli/main.js');
  writeFileSync(script, '');
  writeFileSync(join(root, 'package.json'), '{"name": "rffc"}');
  return { root, script };
}

/** The environment of a shell, and of what npm starts: it puts every `node_modules/.bin` on the way up first. */
const shell = { PATH: folder('usr/bin') };
const underNpm = (event: string, ...folders: string[]) => ({
  npm_lifecycle_event: event,
  PATH: [...folders.map((one) => join(one, 'node_modules/.bin')), shell.PATH].join(delimiter),
});

describe('in a clone', () => {
  const { root, script } = installed('clone');
  folder('clone/node_modules');

  test.each([
    ['npm start', root, underNpm('start', root)],
    ['npx rffc', root, underNpm('npx', root)],
    ['npx rffc, in a folder of it', folder('clone/models'), underNpm('npx', root)],
    ['node dist/cli/main.js', root, shell],
  ])('by `%s`, npx finds it', (_, cwd, env) => {
    expect(calledAs({ script, cwd, env })).toBe('npx rffc');
  });

  test('only its path works from elsewhere', () => {
    const cwd = folder('elsewhere');
    expect(calledAs({ script, cwd, env: shell })).toBe('node ../clone/dist/cli/main.js');
    expect(calledAs({ script, cwd: '/', env: shell })).toBe(`node ${script.slice(1)}`);
  });

  test('a project of its own inside the clone hides it from npx', () => {
    const cwd = folder('clone/mine');
    writeFileSync(join(cwd, 'package.json'), '{}');
    expect(calledAs({ script, cwd, env: shell })).toBe('node ../dist/cli/main.js');
  });

  test('`npm link` puts it on the path', () => {
    const bin = folder('linked/bin');
    symlinkSync(script, join(bin, 'rffc'));
    expect(calledAs({ script, cwd: home, env: { PATH: bin } })).toBe('rffc');
  });

  test('another rffc on the path is not this one', () => {
    const bin = folder('older/bin');
    symlinkSync(installed('older/lib/node_modules/rffc').script, join(bin, 'rffc'));
    expect(calledAs({ script, cwd: root, env: { PATH: bin } })).toBe('npx rffc');
    // The first one on the path is the one that a shell calls.
    const second = [bin, join(home, 'linked/bin')].join(delimiter);
    expect(calledAs({ script, cwd: root, env: { PATH: second } })).toBe('npx rffc');
  });
});

test('installed globally, `rffc` works everywhere', () => {
  const { script } = installed('global/lib/node_modules/rffc');
  const bin = folder('global/bin');
  symlinkSync(script, join(bin, 'rffc'));
  for (const env of [{ PATH: bin }, { ...underNpm('npx', home), PATH: `/nowhere${delimiter}${bin}` }])
    expect(calledAs({ script, cwd: home, env })).toBe('rffc');
});

test('installed globally on Windows, where a script takes the place of the link', () => {
  const { script } = installed('windows/node_modules/rffc');
  writeFileSync(join(home, 'windows/rffc.cmd'), '');
  expect(calledAs({ script, cwd: home, env: { Path: join(home, 'windows') } })).toBe('rffc');
});

test('as a dependency, npx finds it, in folders of the project too; elsewhere its path works', () => {
  const { script } = installed('project/node_modules/rffc');
  const project = join(home, 'project');
  folder('project/node_modules/.bin');
  symlinkSync(script, join(project, 'node_modules/.bin/rffc'));
  for (const cwd of [project, folder('project/src/deep')])
    for (const env of [shell, underNpm('npx', cwd, project), underNpm('train', project)])
      expect(calledAs({ script, cwd, env })).toBe('npx rffc');
  // Who has the project's commands on the path by their own doing needs no npx.
  const own = { PATH: join(project, 'node_modules/.bin') };
  expect(calledAs({ script, cwd: project, env: own })).toBe('rffc');
  expect(calledAs({ script, cwd: home, env: shell })).toBe('node project/node_modules/rffc/dist/cli/main.js');
});

test('as a dependency that pnpm links from its store', () => {
  const { root, script } = installed('pnpm/node_modules/.pnpm/rffc@1/node_modules/rffc');
  symlinkSync(root, join(home, 'pnpm/node_modules/rffc'));
  expect(calledAs({ script, cwd: join(home, 'pnpm'), env: shell })).toBe('npx rffc');
});

test.each([
  ['rffc', 'npx rffc'],
  ['rffc@0.1.0', 'npx rffc'],
  ['github:someone/rffc', 'npx --package=github:someone/rffc rffc'],
  ['file:/my files/rffc.tgz', "npx --package='file:/my files/rffc.tgz' rffc"],
])('fetched by npx as %s', (spec, expected) => {
  const cache = folder('_npx', Buffer.from(spec).toString('hex'));
  writeFileSync(join(cache, 'package.json'), JSON.stringify({ _npx: { packages: [spec] } }));
  const { script } = installed('_npx', Buffer.from(spec).toString('hex'), 'node_modules/rffc');
  const cwd = folder('somewhere');
  expect(calledAs({ script, cwd, env: underNpm('npx', cwd, cache) })).toBe(expected);
});

test('renders commands in messages as rffc was called', () => {
  const text = 'run `rffc data fetch mnist`, or `rffc explain`; `rffc` and `--rffc run` stay';
  expect(asCalled(text, 'npx rffc')).toBe(
    'run `npx rffc data fetch mnist`, or `npx rffc explain`; `rffc` and `--rffc run` stay',
  );
  expect(asCalled('`rffc run`', 'node $&/main.js')).toBe('`node $&/main.js run`');
  const diagnostic = { code: 'RFF602', severity: 'error', message: 'it is gone', hint: text } as const;
  expect(render([diagnostic], new Map(), { colour: false, command: 'npx rffc' })).toContain(
    'hint: run `npx rffc data fetch mnist`',
  );
  expect(render([diagnostic], new Map(), { colour: false })).toContain('hint: run `rffc data fetch mnist`');
});

test.each([
  ['runs/plain-1.2', 'runs/plain-1.2'],
  ['my runs/x', "'my runs/x'"],
  ["it's", "'it'\\''s'"],
  ['$HOME', "'$HOME'"],
  ['~/x', "'~/x'"],
  ['-x', "'-x'"],
  ['a;b', "'a;b'"],
  ['', "''"],
  ['grün', "'grün'"],
])('the word %j is typed as %s', (word, typed) => {
  expect(shellWord(word, 'linux')).toBe(typed);
});

test('quotes words for cmd and PowerShell on Windows', () => {
  expect(shellWord('runs\\x', 'win32')).toBe('runs\\x');
  expect(shellWord('my runs\\x', 'win32')).toBe('"my runs\\x"');
});
