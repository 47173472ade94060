/**
 * rffc as a user installs it: the files that `npm pack` packs, unpacked into a project beside the packages that it
 * depends on.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/**
 * Installs the package into `project`: its dependencies, and its optional packages listed in `also`.
 * @returns the names of the files in the package
 */
export function installPacked(project: string, also: readonly string[] = []): string[] {
  const shell = process.platform === 'win32';
  const run = (command: string, args: readonly string[], cwd: string) => {
    const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', shell });
    if (error) throw error;
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}:\n${stderr}`);
    return stdout;
  };
  // `dist` already exists (see build.ts).
  const packing = ['pack', '--json', '--ignore-scripts', '--pack-destination', project];
  const [packed] = JSON.parse(run('npm', packing, root)) as [{ filename: string; files: { path: string }[] }];
  const modules = join(project, 'node_modules');
  const own = join(modules, 'rffc');
  mkdirSync(own, { recursive: true });
  run('tar', ['-xzf', join(project, packed.filename), '-C', own, '--strip-components', '1'], project);
  const { dependencies } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of [...Object.keys(dependencies), ...also]) {
    const link = join(modules, name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link, 'junction');
  }
  return packed.files.map(({ path }) => path);
}
