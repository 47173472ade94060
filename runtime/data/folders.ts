/** Where data sets lie on this machine, and which of a folder's files plays which role. */

import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ROLES, type Role } from './known.js';

/** The folder data sets are kept in: the option, else RFFC_DATA, else the user's cache folder for this platform. */
export function dataFolder(option?: string): string {
  if (option) return resolve(option);
  if (process.env.RFFC_DATA) return resolve(process.env.RFFC_DATA);
  return cacheFolder();
}

/** The user's cache folder for this platform, where what can be had again is kept. */
export function cacheFolder(): string {
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, 'rffc');
  switch (process.platform) {
    case 'darwin':
      return join(homedir(), 'Library', 'Caches', 'rffc');
    case 'win32':
      return join(process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'rffc');
    default:
      return join(homedir(), '.cache', 'rffc');
  }
}

export type RoleFiles = Readonly<Record<Role, string>>;

/** The names a role's file goes by, in the order they are preferred: first the one that `rffc data fetch` mends. */
function namesOf(role: Role): string[] {
  const type = role.endsWith('images') ? 'idx3-ubyte' : 'idx1-ubyte';
  return [`${role}-${type}.gz`, `${role}-${type}`, `${role}.${type}.gz`, `${role}.${type}`];
}

/** Paths of a folder's four IDX files, and the roles that no file in it plays. A folder that is not there is empty. */
export async function findIdxFiles(folder: string): Promise<{ files: Partial<RoleFiles>; missing: Role[] }> {
  const present = new Set(await readdir(folder).catch(() => []));
  const files: Partial<Record<Role, string>> = {};
  const missing: Role[] = [];
  for (const role of ROLES) {
    const name = namesOf(role).find((candidate) => present.has(candidate));
    if (name === undefined) missing.push(role);
    else files[role] = join(folder, name);
  }
  return { files, missing };
}
