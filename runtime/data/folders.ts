/** Data set directories of this machine, and the roles of the files in one. */

import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { cacheFolder } from '../cache-folder.js';
import { ROLES, type Role } from './known.js';

/** The data set directory: the option, else $RFFC_DATA, else the user's cache for this platform. */
export function dataFolder(option?: string): string {
  if (option) return resolve(option);
  if (process.env.RFFC_DATA) return resolve(process.env.RFFC_DATA);
  return cacheFolder();
}

export type RoleFiles = Readonly<Record<Role, string>>;

export interface FoundFiles {
  readonly files: Readonly<Partial<RoleFiles>>;
  readonly missing: readonly Role[];
}

/**
 * A role's file under any of its names: MNIST's, with a dash or a dot; EMNIST's, which says `test` and
 * begins with the name of the set.
 */
const IDX_NAME = /^(.*?)(train|t10k|test)[-_](images|labels)[-._]idx[13][-._]ubyte(\.gz)?$/;

interface Candidate {
  readonly prefix: string;
  readonly role: Role;
  readonly path: string;
  /** The lowest is preferred. */
  readonly rank: number;
}

/** The regular files and folders in a folder, following links; empty if it does not exist. */
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
 * The IDX files in a folder by the prefix of their names: '' for MNIST's. Some archives put each file
 * into a folder of its name, which is searched too.
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

/** Folders to search for an image data set: the given one, and torchvision's `raw` in it. */
export function withRaw(folder: string): string[] {
  return [folder, join(folder, 'raw')];
}

/** A folder and a prefix of names in it, for a path that is not a folder: `emnist/emnist-letters`. */
export function asPrefix(path: string): { folder: string; prefix: string } {
  return { folder: dirname(path), prefix: basename(path) };
}
