/** Versions of rffc and its optional packages, from package.json. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Found by walking up, since compiled files are one folder deeper than their sources; empty if there is none. */
export function manifest(): Manifest {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) {
      const found = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
      if (found.name === 'rffc') return found;
    }
    if (folder === dirname(folder)) return {};
  }
}

export function rffcVersion(): string {
  const { version } = manifest();
  return typeof version === 'string' ? version : 'unknown';
}
