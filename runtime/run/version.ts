/** The version of this package, read from its package.json. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Found by walking up, since the compiled files lie one folder deeper than their sources. */
export function rffcVersion(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) {
      const { name, version } = JSON.parse(readFileSync(path, 'utf8')) as {
        name?: unknown;
        version?: unknown;
      };
      if (name === 'rffc' && typeof version === 'string') return version;
    }
    if (folder === dirname(folder)) return 'unknown';
  }
}
