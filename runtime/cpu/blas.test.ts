import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RffcError } from '../../grammar/diagnostic.js';
import { describeUnless, testUnless } from '../../test/support/needs.js';
import { baseAddress, findBlas, openBlas } from './blas.js';

const before = process.env.RFFC_BLAS;
afterEach(() => {
  if (before === undefined) delete process.env.RFFC_BLAS;
  else process.env.RFFC_BLAS = before;
});

function diagnostic(action: () => unknown) {
  try {
    action();
  } catch (error) {
    if (error instanceof RffcError) return error.diagnostics[0]!;
    throw error;
  }
  throw new Error('no error');
}

const compiler = ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);

describe('findBlas', () => {
  it('finds none when switched off', () => {
    process.env.RFFC_BLAS = 'off';
    expect(findBlas()).toBeNull();
  });

  it('says why a chosen library does not load', () => {
    process.env.RFFC_BLAS = '/nowhere/libfast.so';
    const { code, message, hint } = diagnostic(findBlas);
    expect(code).toBe('RFF820');
    expect(message).toMatch(/\/nowhere\/libfast\.so cannot be loaded: .+/);
    expect(hint).toContain('RFFC_BLAS');
  });

  it('says so for a file that is no library', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rffc-blas-'));
    const file = join(folder, 'libtext.so');
    writeFileSync(file, 'this is text');
    expect(diagnostic(() => openBlas(file)).code).toBe('RFF820');
    rmSync(folder, { recursive: true });
  });

  it.runIf(process.platform === 'linux')('says so for a library without cblas_sgemm', () => {
    const { code, message } = diagnostic(() => openBlas('libm.so.6'));
    expect(code).toBe('RFF821');
    expect(message).toContain('libm.so.6');
  });

  testUnless(
    compiler ? undefined : 'a C compiler was not found',
    'says so for a library of 64-bit integers',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'rffc-blas-'));
      const [source, library] = [join(folder, 'wide.c'), join(folder, 'libwide.so')];
      writeFileSync(
        source,
        'const char *openblas_get_config(void) { return "OpenBLAS 0.3 USE64BITINT"; }\nvoid cblas_sgemm(void) {}\n',
      );
      expect(spawnSync(compiler!, ['-shared', '-fPIC', '-o', library, source]).status).toBe(0);
      expect(diagnostic(() => openBlas(library)).code).toBe('RFF822');
      rmSync(folder, { recursive: true });
    },
  );
});

delete process.env.RFFC_BLAS;
const found = findBlas();

describeUnless(found ? undefined : 'none was found', 'the BLAS found here', () => {
  it('says what it is', () => {
    expect(found!.name).not.toBe('BLAS');
    expect(found!.path.includes('/') ? existsSync(found!.path) : true).toBe(true);
  });

  it('can be named by RFFC_BLAS', () => {
    process.env.RFFC_BLAS = found!.path;
    expect(findBlas()).toEqual(found);
  });

  it('multiplies in shared memory, in all four transposes', () => {
    const { sgemm } = openBlas(found!.path);
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
    const f = new Float32Array(memory.buffer);
    const base = baseAddress(memory);
    const at = (number: number) => base + BigInt(4 * number);
    const [m, n, k] = [3, 5, 4];
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const A = (i: number, p: number) => i * 10 + p;
        const B = (p: number, j: number) => p - 2 * j;
        const [aStep, bStep, cStep] = [9, 11, 7];
        f.fill(1);
        for (let i = 0; i < m; i++)
          for (let p = 0; p < k; p++) f[1000 + (transposeA ? p * aStep + i : i * aStep + p)] = A(i, p);
        for (let p = 0; p < k; p++)
          for (let j = 0; j < n; j++) f[2000 + (transposeB ? j * bStep + p : p * bStep + j)] = B(p, j);
        sgemm(transposeA, transposeB, m, n, k, 2, at(1000), aStep, at(2000), bStep, 1, at(3000), cStep);
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < cStep; j++) {
            let sum = 1;
            if (j < n) for (let p = 0; p < k; p++) sum += 2 * A(i, p) * B(p, j);
            expect(f[3000 + i * cStep + j]).toBe(sum);
          }
        }
      }
    }
  });
});
