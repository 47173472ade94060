import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { tileCache } from './tile-cache.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-tiles-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('what was set is there for the next process, beside what that one sets', () => {
  const file = join(folder, 'new/tiles.json');
  const [mine, other] = [tileCache(file), tileCache(file)];
  mine.set('a', '8x4');
  other.set('b', '64x64');
  const next = tileCache(file);
  expect([next.get('a'), next.get('b'), next.get('c')]).toEqual(['8x4', '64x64', undefined]);
});

test('a damaged file is an empty one, and is mended', () => {
  const file = join(folder, 'damaged.json');
  for (const text of ['{', 'null', '["a"]', '{"a": 3}']) {
    writeFileSync(file, text);
    const cache = tileCache(file);
    expect(cache.get('a')).toBeUndefined();
    cache.set('a', '8x4');
    expect(tileCache(file).get('a')).toBe('8x4');
  }
});

test('a place that cannot be written does not stand in the way', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const cache = tileCache(join(file, 'tiles.json'));
  cache.set('a', '8x4');
  expect(cache.get('a')).toBe('8x4');
});
