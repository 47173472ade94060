import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { libraryCodes } from '../library-codes.js';
import { runCodes } from './codes.js';

test('every code of this part is explained, and every explained code is in use', () => {
  const used = new Set<string>();
  for (const room of ['../run/', '../train/', '../report/', '../data/', '../../cli/']) {
    const folder = fileURLToPath(new URL(room, import.meta.url));
    for (const name of readdirSync(folder)) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts') || name === 'codes.ts') continue;
      for (const [code] of readFileSync(`${folder}${name}`, 'utf8').matchAll(/RFF7\d\d/g)) used.add(code);
    }
  }
  const compiler = fileURLToPath(new URL('../../compiler/compile.ts', import.meta.url));
  for (const [code] of readFileSync(compiler, 'utf8').matchAll(/RFF7\d\d/g)) used.add(code);
  const own = [...used].filter((code) => !(code in libraryCodes));
  expect(own.sort()).toEqual(Object.keys(runCodes).sort());
});
