/** The WGSL that people read: every launch of every program, each text once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compile } from '../../compile.js';
import { printShaders } from './emit.js';

it('shows each text once, and who uses it', async () => {
  const path = join(import.meta.dirname, '../../../models/smoke3x4.rff');
  const { plan } = await compile({ text: readFileSync(path, 'utf8'), file: 'smoke3x4.rff' });
  const text = printShaders(plan);
  const uses = [...text.matchAll(/^\/\/ launches: (.+)$/gm)].flatMap(([, list]) => list!.split(', '));
  const launches = Object.entries(plan.programs).flatMap(([program, list]) =>
    list.map((_, i) => `${program} ${i}`),
  );
  expect(new Set(uses)).toEqual(new Set(launches));
  const codes = text.split(/^\/\/ launches: .+$/m).slice(1);
  expect(new Set(codes.map((code) => code.replace(/\n\/\/ .*\n*$/, '').trim())).size).toBe(codes.length);
  for (const code of codes) expect(code).toContain('@compute @workgroup_size');
  plan.arenas.forEach(({ name }, i) => {
    expect(text).toContain(`// chunk${i}: ${name}\n`);
  });
});
