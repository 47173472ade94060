import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { describeUnless } from '../../test/support/needs.js';
import { architectureFor, compileCached, openNvcc } from './compiler.js';
import { CONVERT, convertSource } from './convert.js';
import type { CudaCompiler } from './driver.js';
import { thisHost } from './host.js';
import { findNvcc } from './libraries.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-compiler-'));
afterAll(() => rmSync(folder, { recursive: true }));

function counting(name = 'test 1', capabilities: readonly number[] | null = [80, 90]) {
  const compiled: string[] = [];
  const compiler: CudaCompiler = {
    name,
    capabilities,
    compile(source, architecture) {
      compiled.push(architecture);
      return new TextEncoder().encode(`${architecture} ${source}`);
    },
  };
  return { compiler, compiled };
}
const text = (image: Uint8Array) => new TextDecoder().decode(image);

describe('compiled kernels', () => {
  test('are kept by source, architecture and compiler', () => {
    const cache = join(folder, 'kept');
    const { compiler, compiled } = counting();
    expect(compileCached(compiler, 'a', 'sm_90', text, cache)).toBe('sm_90 a');
    expect(compileCached(compiler, 'a', 'sm_90', text, cache)).toBe('sm_90 a');
    expect(compiled).toEqual(['sm_90']);
    compileCached(compiler, 'b', 'sm_90', text, cache);
    compileCached(compiler, 'a', 'sm_80', text, cache);
    compileCached(counting('test 2').compiler, 'a', 'sm_90', text, cache);
    expect(compiled).toEqual(['sm_90', 'sm_90', 'sm_80']);
    expect(readdirSync(cache).filter((name) => name.endsWith('.cubin'))).toHaveLength(4);
    expect(readdirSync(cache)).toHaveLength(4);
  });

  test('are compiled again if damaged', () => {
    const cache = join(folder, 'damaged');
    const { compiler, compiled } = counting();
    const load = (image: Uint8Array) => {
      if (!text(image).startsWith('sm_')) throw new Error('no machine code');
      return text(image);
    };
    compileCached(compiler, 'a', 'sm_90', load, cache);
    for (const name of readdirSync(cache)) writeFileSync(join(cache, name), 'dust');
    expect(compileCached(compiler, 'a', 'sm_90', load, cache)).toBe('sm_90 a');
    expect(compiled).toHaveLength(2);
    expect(compileCached(compiler, 'a', 'sm_90', load, cache)).toBe('sm_90 a');
    expect(compiled).toHaveLength(2);
  });

  test('are not kept if the folder is not writable', () => {
    expect(compileCached(counting().compiler, 'a', 'sm_90', text, '/dev/null/x')).toBe('sm_90 a');
  });

  test('are for the device, or for the newest one that the compiler knows', () => {
    expect(architectureFor(90, counting().compiler)).toBe('sm_90');
    expect(architectureFor(120, counting().compiler)).toBe('compute_90');
    expect(architectureFor(86, counting().compiler)).toBe('compute_80');
    expect(architectureFor(120, counting('old', null).compiler)).toBe('sm_120');
    expect(() => architectureFor(70, counting().compiler)).toThrow(
      'RFF844: test 1 does not support this GPU',
    );
  });
});

const nvcc = findNvcc(thisHost);
describeUnless(nvcc ? undefined : 'it was not found', 'nvcc', () => {
  test.each(['sm_80', 'sm_90', 'compute_80'])('compiles for %s', (architecture) => {
    const compiler = openNvcc(nvcc!);
    expect(compiler.name).toMatch(/^nvcc \d+\.\d+$/);
    expect(compiler.capabilities).toContain(80);
    const image = compiler.compile(convertSource, architecture);
    if (architecture === 'compute_80') {
      expect(text(image)).toContain(`.entry ${CONVERT}(`);
      expect(image.at(-1)).toBe(0);
    } else expect(text(image.subarray(1, 4))).toBe('ELF');
  });
  test('says what is wrong', () => {
    expect(() => openNvcc(nvcc!).compile('void f( {', 'sm_80')).toThrow(/RFF844: .*\(nvcc.*\): .*error/);
  });
});
