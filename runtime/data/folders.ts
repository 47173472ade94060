/** Where data sets are kept on this machine, and which of a folder's files plays which role. */

import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { ROLES, type Role } from './known.js';

/** The folder data sets are kept in: the option, else RFFC_DATA, else the user's cache folder for this platform. */
export function dataFolder(option?: string): string {
  if (option) return resolve(option);
  if (process.env.RFFC_DATA) return resolve(process.env.RFFC_DATA);
  return cacheFolder();
}

/** The user's home folder; undefined where the system knows of none, as in a container run under a bare number. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The user's cache folder for this platform, where what can be had again is kept. Without a home folder it is one of
 * this user's among the temporary files.
 */
export function cacheFolder(): string {
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, 'rffc');
  const home = homeFolder();
  if (home === undefined) return join(tmpdir(), `rffc-${process.getuid?.() ?? 'cache'}`);
  switch (process.platform) {
    case 'darwin':
      return join(home, 'Library', 'Caches', 'rffc');
    case 'win32':
      return join(process.env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'rffc');
    default:
      return join(home, '.cache', 'rffc');
  }
}

export type RoleFiles = Readonly<Record<Role, string>>;

export interface FoundFiles {
  readonly files: Readonly<Partial<RoleFiles>>;
  readonly missing: readonly Role[];
}

/**
 * A role's file under any of its names: MNIST's own with a dash or a dot, EMNIST's, whose test files are called so and
 * which say first which set they are of.
 */
const IDX_NAME = /^(.*?)(train|t10k|test)[-_](images|labels)[-._]idx[13][-._]ubyte(\.gz)?$/;

interface Candidate {
  readonly prefix: string;
  readonly role: Role;
  readonly path: string;
  /** The lowest is preferred: what `rffc data fetch` replaces first. */
  readonly rank: number;
}

/** The regular files and the folders in a folder, links followed; none where there is no such folder. */
async function listFolder(folder: string): Promise<{ files: string[]; folders: string[] }> {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    const target = entry.isSymbolicLink() ? await stat(join(folder, entry.name)).catch(() => null) : entry;
    if (target?.isFile()) files.push(entry.name);
    if (target?.isDirectory()) folders.push(entry.name);
  }
  return { files, folders };
}

function candidate(name: string, path: string, penalty: number): Candidate | undefined {
  const [, prefix, split, content, gz] = IDX_NAME.exec(name) ?? [];
  if (prefix === undefined) return undefined;
  const role = `${split === 'train' ? 'train' : 't10k'}-${content as 'images' | 'labels'}` as const;
  const dotted = name.includes(`${content}.`) ? 2 : 0;
  return { prefix, role, path, rank: penalty + dotted + (gz ? 0 : 1) };
}

/**
 * The IDX files in a folder by what their names begin with before `train`: '' for MNIST's own. Some archives put each
 * file into a folder of its name, which is looked into.
 */
export async function findIdxFiles(folder: string): Promise<ReadonlyMap<string, FoundFiles>> {
  const { files, folders } = await listFolder(folder);
  const candidates = files.map((name) => candidate(name, join(folder, name), 0));
  for (const name of folders) {
    if (!IDX_NAME.test(name)) continue;
    const inside = (await listFolder(join(folder, name))).files;
    for (const file of inside) candidates.push(candidate(file, join(folder, name, file), 4));
  }
  const groups = new Map<string, Map<Role, Candidate>>();
  for (const found of candidates) {
    if (!found) continue;
    const group = groups.get(found.prefix) ?? new Map<Role, Candidate>();
    groups.set(found.prefix, group);
    const before = group.get(found.role);
    if (!before || found.rank < before.rank) group.set(found.role, found);
  }
  return new Map(
    [...groups].map(([prefix, group]) => [
      prefix,
      {
        files: Object.fromEntries([...group].map(([role, { path }]) => [role, path])),
        missing: ROLES.filter((role) => !group.has(role)),
      },
    ]),
  );
}

/** Folders that an image data set may be in, given the one that was named: itself, and torchvision's `raw`. */
export function withRaw(folder: string): string[] {
  return [folder, join(folder, 'raw')];
}

/** A folder and what names in it begin with, for a path that is no folder: `emnist/emnist-letters`. */
export function asPrefix(path: string): { folder: string; prefix: string } {
  return { folder: dirname(path), prefix: basename(path) };
}
