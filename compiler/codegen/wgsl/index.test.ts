/**
 * All kernels of the models that come with rffc as WGSL: in no more dispatches than there are kernels, and as Dawn
 * accepts it, on its null backend, which has every feature.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layOutChunks } from '../../../runtime/webgpu/chunks.js';
import { describeUnless } from '../../../test/support/needs.js';
import { featured, least, noDevice, ways } from '../../../test/support/wgsl-kernels.js';
import { compile } from '../../compile.js';
import type { Launch } from '../../plan/plan.js';
import { gemmTiles, type Shader, shaderFor, type WgslOptions } from './index.js';

const folder = join(import.meta.dirname, '../../../models');
const models = readdirSync(folder).filter((file) => file.endsWith('.rff'));
const full = { ...least, maxWorkgroupStorage: 32768 };

/** Kernels that the cpu engine runs for a launch. */
const kernels = (launch: Launch): number => (launch.kind === 'learn' ? launch.products.length + 1 : 1);

async function printed(file: string, options: Omit<WgslOptions, 'tile'>) {
  const { plan } = await compile({ text: readFileSync(join(folder, file), 'utf8'), file });
  const { addresses } = layOutChunks(plan, 2 ** 30);
  const tile: WgslOptions['tile'] = (product) => gemmTiles(options, product)[0]!;
  const all = { ...options, tile };
  return Object.values(plan.programs)
    .flat()
    .map((launch) => ({ launch, shaders: shaderFor(launch, plan, (buffer) => addresses[buffer]!, all) }));
}
const shadersOf = async (file: string, options: Omit<WgslOptions, 'tile'>): Promise<Shader[]> =>
  (await printed(file, options)).flatMap(({ shaders }) => shaders);

describe.each(Object.keys(ways) as (keyof typeof ways)[])('kernels, %s', (way) => {
  it.each(models)('%s', async (file) => {
    const launches = await printed(file, { ...full, ...ways[way] });
    // No launch takes more dispatches than it has kernels.
    const spared = launches.map(({ launch, shaders }) => kernels(launch) - shaders.length);
    expect(Math.min(...spared)).toBe(0);
    const shaders = launches.flatMap((l) => l.shaders);
    const byKey = new Map(shaders.map((shader) => [shader.key, shader]));
    // Launches of one kind share their code.
    expect(byKey.size).toBeLessThan(shaders.length / 2);
    for (const { code, params, workgroups, bindings } of byKey.values()) {
      expect(code).not.toMatch(/undefined|NaN|Infinity/);
      expect(params.length % 4).toBe(0);
      expect(bindings.length).toBeLessThanOrEqual(8);
      expect(Math.min(...workgroups)).toBeGreaterThan(0);
    }
  });
});

const device = await featured();
describeUnless(device ? undefined : noDevice, 'Dawn', () => {
  async function accepts(shaders: readonly Shader[]): Promise<void> {
    for (const { code, label, bindings } of new Map(shaders.map((shader) => [shader.key, shader])).values()) {
      const module = device!.createShaderModule({ label, code });
      const { messages } = await module.getCompilationInfo();
      const errors = messages.filter(({ type }) => type === 'error');
      expect(errors.map(({ message, lineNum }) => `${label}, line ${lineNum}: ${message}`)).toEqual([]);
      expect(bindings.every(({ binding }) => code.includes(`@binding(${binding})`))).toBe(true);
    }
  }

  it.each([
    ['f32', 'each alone'],
    ['f32', 'through workgroup memory'],
    ['f32', 'in subgroups'],
    ['f16', 'each alone'],
    ['f16', 'in subgroups'],
  ] as const)('accepts all of mnist3x200, %s, %s', async (precision, way) => {
    const f16 = precision === 'f16';
    const shaders = await shadersOf('mnist3x200.rff', { ...full, ...ways[way], f16 });
    expect(shaders.some(({ code }) => code.startsWith('enable f16;'))).toBe(f16);
    await accepts(shaders);
  });

  it.each(models)('accepts all of %s', async (file) => {
    await accepts(await shadersOf(file, { ...full, ...ways['in subgroups'] }));
  });
});
