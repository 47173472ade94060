/**
 * How the user calls this program, for the commands that messages suggest: what is printed must work as is when typed
 * in the same folder.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { shellWord } from '../runtime/shell.js';

export interface Caller {
  /** This program's `dist/cli/main.js`, with links resolved. */
  readonly script: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * `rffc` if the user's shell finds this very program by that name; `npx rffc` if npx does: in a clone, in a project
 * that depends on rffc, or from npx's cache; `node PATH` otherwise.
 */
export function calledAs(caller: Caller): string {
  if (onPath(caller)) return 'rffc';
  return npxCall(caller) ?? `node ${shellWord(shortest(caller.cwd, caller.script))}`;
}

/** Whether the first `rffc` on the path is this program. npm adds folders of its own, which the user's shell lacks. */
function onPath({ script, env }: Caller): boolean {
  const underNpm = env.npm_lifecycle_event !== undefined;
  for (const folder of (env.PATH ?? env.Path ?? '').split(delimiter)) {
    if (folder === '' || (underNpm && /[\\/]node_modules[\\/]\.bin[\\/]?$/.test(folder))) continue;
    // On Windows it is not a link but a script beside the package.
    if (existsSync(join(folder, 'rffc.cmd')))
      return leadsTo(join(folder, 'node_modules/rffc'), rootOf(script));
    if (existsSync(join(folder, 'rffc'))) return leadsTo(join(folder, 'rffc'), script);
  }
  return false;
}

/** How npx calls this program; undefined if it would find none or another. */
function npxCall({ script, cwd }: Caller): string | undefined {
  const root = rootOf(script);
  const project = npmProject(cwd);
  if (
    project !== undefined &&
    [project, join(project, 'node_modules/rffc')].some((path) => leadsTo(path, root))
  )
    return 'npx rffc';
  const spec = cachedAs(root);
  if (spec === undefined) return undefined;
  return /^rffc(@|$)/.test(spec) ? 'npx rffc' : `npx --package=${shellWord(spec)} rffc`;
}

/** The package's folder. */
function rootOf(script: string): string {
  return resolve(dirname(script), '../..');
}

function leadsTo(path: string, aim: string): boolean {
  return existsSync(path) && realpathSync(path) === aim;
}

/** The project's folder as npm sees it: the nearest ancestor of `cwd` with a package.json or node_modules. */
function npmProject(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (['package.json', 'node_modules'].some((name) => existsSync(join(folder, name)))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The spec that npx fetched a cached package by: `rffc`, `github:…`, a tarball. */
function cachedAs(root: string): string | undefined {
  try {
    const { _npx } = JSON.parse(readFileSync(resolve(root, '../../package.json'), 'utf8')) as {
      _npx?: { packages?: string[] };
    };
    return _npx?.packages?.[0];
  } catch {
    return undefined;
  }
}

/** A path as one would type it: relative, unless it would only go up. */
function shortest(cwd: string, path: string): string {
  const way = relative(cwd, path);
  return way.length < path.length && !isAbsolute(way) ? way : path;
}
