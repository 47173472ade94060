/** The pages for contributors say what is so: what they quote is printed, what they name exists. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const page = read('docs/ARCHITECTURE.md');
const dense = (text: string) => text.replace(/\s/g, '');

/**
 * The lines of a block, or pieces of one where something is left out, that do not occur in a text one after the other.
 */
function misquoted(block: string, text: string): string[] {
  const whole = dense(text);
  let at = 0;
  return block.split(/[\n…]/).filter((piece) => {
    const found = whole.indexOf(dense(piece), at);
    if (found >= 0) at = found + dense(piece).length;
    return found < 0;
  });
}

test('quotes the model as it is', () => {
  const [, block] = /^```text\n([\s\S]*?)^```$/m.exec(page)!;
  expect(misquoted(block!, read('models/quickstart.rff'))).toEqual([]);
});

const quotes = [
  ...page.matchAll(/^```sh\nnpx rffc (compile .*)\n```\n\n```(?:json|wat|wgsl|cuda)\n([\s\S]*?)^```$/gm),
].map(([, command, block]) => [command!, block!] as const);

test('every form of a model is quoted', () => {
  const forms = quotes.map(([command]) => command.split(' ').at(-1));
  expect(forms).toEqual(['model', 'graph', 'plan', 'wat', 'wgsl', 'cuda']);
});

test.each(quotes)('quotes what `rffc %s` prints', (command, block) => {
  const program = join(root, 'dist/cli/main.js');
  const { status, stdout } = spawnSync(process.execPath, [program, ...command.split(' ')], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  expect(status).toBe(0);
  expect(misquoted(block, stdout)).toEqual([]);
});

test.each(['docs/ARCHITECTURE.md', 'docs/STYLE.md', 'CONTRIBUTING.md'])(
  '%s names files that exist',
  (name) => {
    const quoted = [...read(name).matchAll(/`((?:[\w.-]+\/)+[\w.-]*)`/g)].map(([, path]) => path!);
    const paths = quoted.filter((path) => !path.includes('NAME'));
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  },
);

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/ARCHITECTURE.md',
  'docs/STYLE.md',
  'docs/TUTORIAL.md',
];
test.each(pages)('links of %s lead to files', (name) => {
  const links = [...read(name).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path!);
  expect(links.filter((path) => !existsSync(join(root, dirname(name), path)))).toEqual([]);
});
