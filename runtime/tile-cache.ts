/** The webgpu engine's tiles, remembered in the user's cache folder: measuring them costs seconds on a slow adapter. */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from './data/folders.js';
import { writeAtomically } from './run/files.js';
import type { TileCache } from './webgpu/tiles.js';

/**
 * What is remembered in a file: an object of strings. A file that is missing or damaged is as good as an empty one, and
 * one that cannot be written is done without.
 */
export function tileCache(file: string = join(cacheFolder(), 'webgpu-tiles.json')): TileCache {
  const known = read(file);
  return {
    get: (key) => known.get(key),
    set(key, tile) {
      known.set(key, tile);
      try {
        mkdirSync(dirname(file), { recursive: true });
        // Another process may have measured meanwhile.
        const all = { ...Object.fromEntries(read(file)), ...Object.fromEntries(known) };
        writeAtomically(file, `${JSON.stringify(all, null, 2)}\n`);
      } catch {
        // Measured again next time.
      }
    },
  };
}

function read(file: string): Map<string, string> {
  try {
    const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const entries = typeof json === 'object' && json !== null ? Object.entries(json) : [];
    return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch {
    return new Map();
  }
}
