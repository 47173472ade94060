import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { tileCache } from './tile-cache.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-tiles-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('keeps entries for the next process, merged with its own', () => {
  const file = join(folder, 'new/tiles.json');
  const [mine, other] = [tileCache(file), tileCache(file)];
  mine.set('a', '8x4');
  other.set('b', '64x64');
  const next = tileCache(file);
  expect([next.get('a'), next.get('b'), next.get('c')]).toEqual(['8x4', '64x64', undefined]);
});

test('treats a damaged file as empty, and rewrites it', () => {
  const file = join(folder, 'damaged.json');
  for (const text of ['{', 'null', '["a"]', '{"a": 3}']) {
    writeFileSync(file, text);
    const cache = tileCache(file);
    expect(cache.get('a')).toBeUndefined();
    cache.set('a', '8x4');
    expect(tileCache(file).get('a')).toBe('8x4');
  }
});

test('ignores a path that cannot be written', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const cache = tileCache(join(file, 'tiles.json'));
  cache.set('a', '8x4');
  expect(cache.get('a')).toBe('8x4');
});
