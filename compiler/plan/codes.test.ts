import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { planCodes } from './codes.js';

const codesIn = (file: string) =>
  [...readFileSync(new URL(file, import.meta.url), 'utf8').matchAll(/RFF8[56]\d/g)].map(([code]) => code);

test('every code of plans is explained, used, and covered by a test', () => {
  const explained = Object.keys(planCodes).sort();
  const used = ['validate.ts', 'bounds.ts'].flatMap(codesIn);
  expect([...new Set(used)].sort()).toEqual(explained);
  const tried = ['validate.test.ts', 'bounds.test.ts'].flatMap(codesIn);
  expect([...new Set(tried)].sort()).toEqual(explained);
});
