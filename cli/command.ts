/**
 * How the user calls this program, for the commands that messages suggest: what is printed must work as it stands,
 * typed in the same folder.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { shellWord } from '../runtime/run/shell.js';

export interface Caller {
  /** This program's `dist/cli/main.js`, no link. */
  readonly script: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * `rffc` where the user's shell finds this very program by that name; `npx rffc` where npx does: in a clone, in a
 * project that depends on rffc, out of npx's own cache; `node PATH` everywhere else.
 */
export function calledAs(caller: Caller): string {
  if (onPath(caller)) return 'rffc';
  return npxCall(caller) ?? `node ${shellWord(shortest(caller.cwd, caller.script))}`;
}

/**
 * Whether the first `rffc` on the path is this program. npm puts folders of its own there, which the user's shell
 * lacks.
 */
function onPath({ script, env }: Caller): boolean {
  const underNpm = env.npm_lifecycle_event !== undefined;
  for (const folder of (env.PATH ?? env.Path ?? '').split(delimiter)) {
    if (folder === '' || (underNpm && /[\\/]node_modules[\\/]\.bin[\\/]?$/.test(folder))) continue;
    // Windows has no links there, but a script beside the package.
    if (existsSync(join(folder, 'rffc.cmd')))
      return leadsTo(join(folder, 'node_modules/rffc'), rootOf(script));
    if (existsSync(join(folder, 'rffc'))) return leadsTo(join(folder, 'rffc'), script);
  }
  return false;
}

/** How npx calls this program; undefined where it would not find it, or another. */
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

/** The folder that npm takes for the project: the nearest one up from `cwd` with a package.json or node_modules. */
function npmProject(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (['package.json', 'node_modules'].some((name) => existsSync(join(folder, name)))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/** What npx was told to fetch, of a package in its cache: `rffc`, `github:…`, a tarball. */
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

/** A path as one would type it: relative, unless that only climbs. */
function shortest(cwd: string, path: string): string {
  const way = relative(cwd, path);
  return way.length < path.length && !isAbsolute(way) ? way : path;
}
